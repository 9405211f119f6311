"""A sweep's files: runs, measured values and the settings of the sweep file."""

import json
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as parquet

SIZES = {"digits": (1437, 360), "diabetes": (354, 88)}
FIGURES = ["accuracy", "top5_accuracy", "f1"]


@dataclass
class Run:
    """One planned run. `points` has (epoch, step, value) by split and metric, in order of measurement."""

    label: str
    config: str
    run_id: str
    seed: int
    axes: dict
    spec: dict
    row: dict
    points: dict = field(default_factory=dict)

    @property
    def completed(self) -> bool:
        return self.row["status"] == "completed"

    @property
    def diverged(self) -> bool:
        return self.row["status"] == "diverged"

    @property
    def has_result(self) -> bool:
        return self.completed or self.diverged

    @property
    def rate(self) -> float:
        return self.spec["optimizer"]["lr"]

    def measured(self, split: str, metric: str) -> list[tuple[int, int, float]]:
        """The measured values of a metric."""
        return self.points.get((split, metric), [])

    def at(self, split: str, metric: str, epoch: int) -> float | None:
        """A metric after an epoch; None if it was not measured."""
        return next((v for e, _, v in reversed(self.measured(split, metric)) if e == epoch), None)

    def last(self, split: str, metric: str) -> float | None:
        """A metric after the last epoch of a completed run."""
        return self.at(split, metric, self.row["epochs_completed"]) if self.completed else None

    @property
    def samples(self) -> tuple[int, int]:
        """The numbers of samples of the training split, including validation, and of the test split."""
        data = self.spec["data"]["dataset"]
        if isinstance(data, str):
            return SIZES[data]
        return (data["steps"], 0) if "steps" in data else (data["train_len"], data["test_len"])

    @property
    def function(self) -> str | None:
        """The function that it minimises; None for a network."""
        return self.spec["model"].get("function")

    @property
    def samples_an_epoch(self) -> int:
        """Training samples per epoch; steps for a function."""
        data = self.spec["data"]
        fed = self.samples[0] - data["validation"]
        return fed - fed % data["batch_size"] if data["drop_last"] else fed


@dataclass
class Sweep:
    """A finished sweep with the settings of its file."""

    name: str
    description: str
    labels: list[str]
    seeds: list[int]
    runs: list[Run]
    split: str
    metric: str
    value: float | None
    stop: bool
    at_best: bool
    tolerance: float
    min_effect: float
    axes: dict
    drawn: dict
    zipped: dict
    lints: list[dict]
    text: str
    folder: Path

    @property
    def held_out(self) -> bool:
        return any(run.spec["data"]["validation"] > 0 for run in self.runs)

    @property
    def higher(self) -> bool:
        return self.metric != "loss"

    @property
    def functions(self) -> list[str]:
        return list(dict.fromkeys(run.function for run in self.runs if run.function))


def read(folder: Path, sweep_file: Path) -> Sweep:
    """Reads a report folder: `runs.parquet`, `metrics.parquet`, the sweep file and the plan."""
    plan = json.loads((folder / "plan.json").read_text())
    rows = {row["run_id"]: row for row in parquet.read_table(folder / "runs.parquet").to_pylist()}
    runs = []
    for planned in plan["runs"]:
        run = Run(planned["label"], planned["config_id"], planned["run_id"], planned["spec"]["seed"],
                  planned["axes"], planned["spec"], rows[planned["run_id"]])
        assert (run.row["label"], run.row["config_id"], run.row["seed"]) == (run.label, run.config, run.seed)
        runs.append(run)
    by_id = {run.run_id: run for run in runs}
    for point in parquet.read_table(folder / "metrics.parquet").to_pylist():
        value = math.nan if point["value"] is None else point["value"]
        points = by_id[point["run_id"]].points.setdefault((point["split"], point["metric"]), [])
        points.append((point["epoch"], point["step"], value))
    text = sweep_file.read_text()
    asked = tomllib.loads(text)
    target, report = asked.get("target", {}), asked.get("report", {})
    split, metric = target.get("metric", default_target(asked, runs)).split(".")
    labels = [entry.get("label", entry["kind"]) for entry in asked["optimizer"]]
    assert labels == [o["label"] for o in plan["optimizers"]], labels
    axes = {o["label"]: o["axes"] for o in plan["optimizers"]}
    drawn = {o.get("label", o["kind"]): drawn_at_random(o, "optimizer.") for o in asked["optimizer"]}
    zipped = {o.get("label", o["kind"]): zipped_lists(asked, o) for o in asked["optimizer"]}
    return Sweep(asked["name"], asked.get("description", ""), labels, plan["seeds"], runs, split, metric,
                 target.get("value"), target.get("stop", False), target.get("at") == "best",
                 report.get("tolerance", 0.01), report.get("min_effect", 0.0), axes, drawn, zipped, plan.get("lints", []), text, folder)


def drawn_at_random(table: dict, prefix: str) -> list[str]:
    """Paths of the values that an optimizer's table draws at random."""
    found = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += [prefix + key] if "random" in value else drawn_at_random(value, f"{key}.")
    return found


def zipped_lists(asked: dict, entry: dict) -> list[list[str]]:
    """Paths whose lists advance together in an optimizer's runs, by groups of at least two."""
    schedules = entry.get("schedule", [])
    schedules = schedules if isinstance(schedules, list) else [schedules]
    tables = [("data", asked.get("data", {})), ("model", asked["model"]), ("optimizer", entry)]
    tables += [("schedule", schedule) for schedule in schedules if isinstance(schedule, dict)]
    groups: dict[str, list[str]] = {}
    for table, keys in tables:
        for key, value in keys.items():
            if isinstance(value, dict) and "zip" in value:
                paths = groups.setdefault(value["zip"], [])
                paths += [path for path in [f"{table}.{key}"] if path not in paths]
    return [paths for paths in groups.values() if len(paths) > 1]


def default_target(asked: dict, runs: list[Run]) -> str:
    """The default target."""
    if asked.get("model", {}).get("kind") == "function":
        return "test.loss"
    if not any(run.spec["data"]["validation"] for run in runs):
        return "train.loss"
    return "validation.loss" if asked["data"]["dataset"] == "diabetes" else "validation.accuracy"
