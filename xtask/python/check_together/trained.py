"""Trained sweeps, and report folders made from them with altered and resealed journal lines."""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path

from fabrication import line

EPOCHS, DIVERGED_STEP = 2, 7
# Numbers of samples of the splits of the digits, of which accuracies are multiples.
VALIDATION, TEST = 237, 360
# Values instead of a number.
DIVERGED, MISSING, NEVER = "diverged", "missing", "never"
Value = float | str

SWEEPS = {
    "small": ("digits", "batch_size = 32", "hidden = [8]", "", "validation.accuracy", 0.85, ("0.1", "0.01", "0.01")),
    "batch": ("digits", "batch_size = 48", "hidden = [8]", "", "validation.accuracy", 0.85, ("0.1", "0.01", "0.01")),
    "grid": ("digits", "batch_size = 32", "hidden = [12]", "", "validation.accuracy", 0.85,
             ("[0.05, 0.1]", "[0.01, 0.02]", "[0.01, 0.02]")),
    "stop": ("digits", "batch_size = 32", "hidden = [6]", "", "validation.accuracy", 0.99, ("0.1", "0.01", "0.01")),
    "halt": ("digits", "batch_size = 32", "hidden = [10]", "", "validation.accuracy", 0.99, ("0.1", "0.01", "0.01")),
    "sugar": ("diabetes", "batch_size = 32", "hidden = [8]", 'loss = "mse"\n', "validation.loss", 0.9,
              ("0.1", "0.01", "0.01")),
}
LABELS = ("sgd", "adam", "rmsprop")
SECONDS = {"sgd": (0.0137, 0.0041), "adam": (0.0211, 0.0043), "rmsprop": (0.0263, 0.0039)}
# Sweeps whose runs stop at their target, which none reaches without edits, and their epochs.
STOPPING, MORE_EPOCHS = ("stop", "halt"), 4


def sweep_file(name: str) -> str:
    """The sweep file that pages are made from: every optimizer with six seeds."""
    data, batch, hidden, further, metric, value, rates = SWEEPS[name]
    epochs = MORE_EPOCHS if name in STOPPING else EPOCHS
    held_out = VALIDATION if data == "digits" else 60
    stop = "stop = true" if name in STOPPING else ""
    text = (f'name = "{name}"\n[data]\ndataset = "{data}"\n{batch}\nvalidation = {held_out}\n'
            f'[model]\nkind = "mlp"\n{hidden}\n[train]\nepochs = {epochs}\n{further}[repeat]\nseeds = {{ count = 6 }}\n'
            f'[target]\nmetric = "{metric}"\nvalue = {value}\n{stop}\n')
    return text + "".join(f'[[optimizer]]\nkind = "{kind}"\nlr = {lr}\n' for kind, lr in zip(LABELS, rates))


@dataclass
class Trained:
    """A report folder: its plan, its manifest and its journal lines by run."""

    plan: dict
    manifest: dict
    records: dict[str, dict]


def read(folder: Path) -> Trained:
    """Reads a report folder."""
    lines = [line for file in sorted((folder / "journal").glob("*.jsonl")) for line in file.read_text().splitlines()]
    records = {record["run_id"]: record for record in map(json.loads, lines)}
    return Trained(json.loads((folder / "plan.json").read_text()),
                   json.loads((folder / "manifest.json").read_text()), records)


@dataclass
class Task:
    """One report of a page.

    `values` has the test value of each seed by label, at the configuration to be chosen; for runs that stop at their
    target it has the epoch in which they reach it.
    """

    of: str
    name: str
    values: dict[str, list[Value]]
    # The first seed; there is one seed per value.
    first_seed: int = 0
    # The epoch in which a seed reaches the target, by label; None if it never does.
    reach: dict[str, list[int | None]] = field(default_factory=dict)
    # Replacement of the plan's target.
    target: dict | None = None
    # Index of each label's best configuration by validation; default: the first.
    picked: dict[str, int] = field(default_factory=dict)
    jobs: int = 2
    # Labels with seeds whose initial weights differ from those of the other labels.
    other_weights: dict[str, list[int]] = field(default_factory=dict)
    # Seconds of training and of evaluation of a run, by label; measured seconds are not used.
    seconds: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(SECONDS))
    # Whether a diverged seed diverges with every configuration of the label.
    all_diverge: bool = False
    description: str = ""

    @property
    def seeds(self) -> list[int]:
        """The seeds of the plan."""
        return [self.first_seed + i for i in range(max(map(len, self.values.values())))]

    def value(self, label: str, seed: int) -> Value:
        """The test value of a seed; `missing` if none is given."""
        own, at = self.values[label], seed - self.first_seed
        return own[at] if at < len(own) else MISSING


def write(task: Task, trained: Trained, root: Path) -> Path:
    """Writes a task as the report folder of a finished sweep."""
    plan = copy.deepcopy(trained.plan)
    plan |= {"name": task.name, "file": f"{task.name}.toml", "seeds": task.seeds, "description": task.description}
    plan["runs"] = [r for r in plan["runs"] if r["label"] in task.values and r["spec"]["seed"] in task.seeds]
    plan["optimizers"] = [o for o in plan["optimizers"] if o["label"] in task.values]
    plan["target"] = task.target or plan["target"]
    folder = root / "reports" / task.name
    (folder / "journal").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "manifest.json").write_text(json.dumps(trained.manifest | {"experiment": task.name}))
    lines = []
    for planned in plan["runs"]:
        made = record(task, plan, planned, trained.records[planned["run_id"]])
        lines += [line(made)] if made else []
    (folder / "journal" / "made.jsonl").write_bytes(b"".join(lines))
    return folder


def record(task: Task, plan: dict, planned: dict, was: dict) -> dict | None:
    """The journal record of a run with its new values; None if it is missing."""
    label, seed = planned["label"], planned["spec"]["seed"]
    ids = list(dict.fromkeys(r["config_id"] for r in plan["runs"] if r["label"] == label))
    apart = abs(ids.index(planned["config_id"]) - task.picked.get(label, 0))
    value = task.value(label, seed)
    if value == MISSING:
        return None
    out = copy.deepcopy(was)
    out.pop("checksum")
    out["jobs"] = task.jobs
    outcome = out["outcome"]
    outcome["train_seconds"], outcome["eval_seconds"] = task.seconds[label]
    if seed in task.other_weights.get(label, []):
        outcome["init_digest"] = "5" * 32
    metrics = [point for point in outcome["metrics"] if point["metric"] != "window_loss"]
    # By default, configurations that are not to be chosen complete with all seeds.
    if value == DIVERGED and (task.all_diverge or not apart):
        out["status"] = "diverged"
        outcome |= {"status": "diverged", "stop_reason": None, "epochs_completed": 0, "steps": DIVERGED_STEP,
                    "diverged_step": DIVERGED_STEP, "last_finite_loss": 2.0, "weights_digest": None,
                    "metrics": [p for p in metrics if p["epoch"] == 0], "batch_digest": outcome["batch_digest"][:1]}
        return out
    if task.of in STOPPING:
        return out | {"outcome": stopped(outcome, metrics, value)}
    outcome["metrics"] = [p | {"value": point_value(task, plan, label, seed, apart, p)} for p in metrics]
    return out


def stopped(outcome: dict, metrics: list[dict], value: Value) -> dict:
    """The outcome of a run that stopped at its target in an epoch, or never reached it."""
    last = MORE_EPOCHS if value == NEVER else int(value)

    def accuracy(epoch: int) -> float:
        return (236 if epoch == value else 150 + epoch) / VALIDATION

    points = [p | ({"value": accuracy(p["epoch"])} if (p["split"], p["metric"]) == ("validation", "accuracy") else {})
              for p in metrics if p["epoch"] <= last]
    return outcome | {"epochs_completed": last, "steps": outcome["steps"] // MORE_EPOCHS * last, "metrics": points,
                      "stop_reason": "epochs" if value == NEVER else "target",
                      "batch_digest": outcome["batch_digest"][:last]}


def point_value(task: Task, plan: dict, label: str, seed: int, apart: int, point: dict) -> float:
    """The value of a measured point: the given test value, or a validation value that depends on the epoch of the target."""
    split, metric, epoch = point["split"], point["metric"], point["epoch"]
    losses = plan["target"]["metric"] == "loss"
    if metric != plan["target"]["metric"] or split == "train" or epoch == 0:
        return point["value"]
    if split == "test":
        value = task.value(label, seed)
        value = 0.5 if isinstance(value, str) else value
        # The best epoch and the last differ.
        worse = 0.0 if epoch == EPOCHS else (0.125 if losses else 36 / TEST)
        return value + worse + apart / 8 if losses else max(0.0, value - worse - apart / 8)
    # Relative to the first seed, so that any number of seeds differ.
    at = seed - task.first_seed
    due = task.reach.get(label, [None] * (at + 1))[at]
    there = due is not None and epoch >= due
    if losses:
        return (0.5 if there else 1.5) + at / 64 + apart / 4 + (EPOCHS - epoch) / 16
    return ((220 if there else 150) - at - 40 * apart - 3 * (EPOCHS - epoch)) / VALIDATION
