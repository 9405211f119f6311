"""Trained runs as plain values: read from a report folder, altered, and written back as sealed journal lines.

A journal line ends with the BLAKE3 hash of the bytes before it, so an altered line is not a result; `line` reseals it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as parquet

# Columns of a night's Parquet file with the metric of a split after the last epoch.
LAST = {
    ("train", "loss"): "train_loss", ("validation", "loss"): "validation_loss", ("test", "loss"): "test_loss",
    ("validation", "accuracy"): "validation_accuracy", ("test", "accuracy"): "test_accuracy",
    ("validation", "f1"): "validation_f1", ("test", "f1"): "test_f1",
    ("validation", "top5_accuracy"): "validation_top5_accuracy", ("test", "top5_accuracy"): "test_top5_accuracy",
}
DIVERGED_STEP = 7


@dataclass
class Run:
    """A run with its identity and results. `curves` has the values of each epoch, including epoch 0."""

    label: str
    seed: int
    run_id: str
    epochs: int
    curves: dict[tuple[str, str], dict[int, float]]
    status: str = "completed"
    steps: int = 0
    digest: str | None = None
    jobs: int = 1
    batches: str = ""
    error: str | None = None

    def curve(self, split: str, metric: str) -> dict[int, float]:
        """A copy of a metric's values, which may be altered without affecting another run."""
        own = dict(self.curves[split, metric])
        self.curves = self.curves | {(split, metric): own}
        return own

    def last(self, split: str, metric: str) -> float:
        """The value after the last epoch."""
        return self.curves[split, metric][self.epochs]

    @property
    def completed(self) -> bool:
        """Whether it trained to its end."""
        return self.status == "completed"

    @property
    def has_result(self) -> bool:
        """Whether it completed or diverged."""
        return self.status in ("completed", "diverged")

    @property
    def seconds(self) -> float:
        """Seconds of the fastest epoch."""
        clock = [0.0, *(v for _, v in sorted(self.curves["train", "seconds"].items()))]
        return min(b - a for a, b in zip(clock, clock[1:]))

    @property
    def best(self) -> float:
        """The highest validation accuracy of any epoch."""
        return max(self.curves["validation", "accuracy"].values())

    def reached(self, target: float) -> int | None:
        """The first epoch whose validation accuracy is at least the target's."""
        return next((e for e, v in sorted(self.curves["validation", "accuracy"].items()) if v >= target), None)


@dataclass
class Trained:
    """A report folder: its plan, its manifest, its journal lines by run, and a night's rows by label and seed."""

    plan: dict
    manifest: dict
    records: dict[str, dict]
    rows: dict[tuple[str, int], dict]
    schema: object
    runs: list[Run]

    @property
    def labels(self) -> dict[str, str]:
        """The label of each run, by its id."""
        return {run.run_id: run.label for run in self.runs}


def read(report: Path, night: Path) -> Trained:
    """Reads a report folder and the Parquet file of its night."""
    lines = [line for file in sorted((report / "journal").glob("*.jsonl")) for line in file.read_text().splitlines()]
    records = {record["run_id"]: record for record in map(json.loads, lines)}
    plan = json.loads((report / "plan.json").read_text())
    table = parquet.read_table(night)
    rows = {(row["label"], row["seed"]): row for row in table.to_pylist()}
    runs = [run_of(planned, records[planned["run_id"]]) for planned in plan["runs"]]
    manifest = json.loads((report / "manifest.json").read_text())
    return Trained(plan, manifest, records, rows, table.schema, runs)


def run_of(planned: dict, record: dict) -> Run:
    """A run of a plan with the results of its journal line."""
    curves: dict[tuple[str, str], dict[int, float]] = {}
    for point in record["outcome"]["metrics"]:
        if point["metric"] not in ("window_loss", "lr"):
            curves.setdefault((point["split"], point["metric"]), {})[point["epoch"]] = point["value"]
    spec = planned["spec"]
    return Run(planned["label"], spec["seed"], planned["run_id"], spec["train"]["epochs"], curves,
               steps=record["outcome"]["steps"], digest=record["outcome"]["weights_digest"])


def row(trained: Trained, labels: dict[str, str], run: Run, target: float) -> dict:
    """The row of a run in a night's Parquet file; facts of the whole night stay unchanged."""
    out = dict(trained.rows[labels[run.run_id], run.seed])
    out |= {"label": run.label, "status": run.status, "jobs": run.jobs, "error": run.error}
    if not run.has_result:
        left = ("stop_reason", "epochs_completed", "steps", "weights_digest", "target_epoch", "target_step",
                "target_samples", "target_seconds", "epoch_seconds", "best_validation_accuracy", "best_epoch")
        return out | dict.fromkeys([*left, *LAST.values()])
    if run.batches:
        out["batch_digest"] = json.dumps([run.batches] * run.epochs, separators=(",", ":"))
    reached = run.reached(target) if run.completed else None
    out |= {"target_epoch": reached, "steps": run.steps, "weights_digest": run.digest}
    if not run.completed:
        fed = json.dumps(json.loads(out["batch_digest"])[:1], separators=(",", ":"))
        gone = ["stop_reason", "epoch_seconds", "best_validation_accuracy", "best_epoch", *LAST.values()]
        return out | dict.fromkeys(gone) | {"epochs_completed": 0, "steps": DIVERGED_STEP, "batch_digest": fed,
                                            "diverged_step": DIVERGED_STEP}
    for (split, metric), column in LAST.items():
        if (split, metric) in run.curves:
            out[column] = run.last(split, metric)
    best = next(e for e, v in sorted(run.curves["validation", "accuracy"].items()) if v == run.best)
    return out | {"epoch_seconds": run.seconds, "best_validation_accuracy": run.best, "best_epoch": best}


def record(trained: Trained, run: Run) -> dict:
    """The journal record of a run."""
    out = dict(trained.records[run.run_id])
    out.pop("checksum")
    out |= {"status": run.status, "jobs": run.jobs}
    if not run.has_result:
        error = {"kind": "error", "message": run.error or "", "log_tail": ""}
        return out | {"outcome": None, "error": error}
    outcome = dict(out["outcome"])
    if run.batches:
        outcome["batch_digest"] = [run.batches] * run.epochs
    if run.completed:
        outcome |= {"steps": run.steps, "weights_digest": run.digest, "metrics": points(run, outcome["metrics"])}
        return out | {"outcome": outcome}
    before = [point for point in outcome["metrics"] if point["epoch"] == 0]
    outcome |= {"status": "diverged", "stop_reason": None, "epochs_completed": 0, "steps": DIVERGED_STEP,
                "diverged_step": DIVERGED_STEP, "last_finite_loss": 2.0, "weights_digest": None, "metrics": before,
                "batch_digest": outcome["batch_digest"][:1]}
    return out | {"outcome": outcome}


def points(run: Run, metrics: list[dict]) -> list[dict]:
    """Measured points with the values of the run."""
    def value(point: dict) -> float:
        curve = run.curves.get((point["split"], point["metric"]))
        return point["value"] if curve is None else curve[point["epoch"]]

    return [point | {"value": value(point)} for point in metrics if point["metric"] != "window_loss"]
