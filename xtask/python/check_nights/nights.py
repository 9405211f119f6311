"""Nights: runs with the facts of a sweep, written as a report folder, as a baseline or into a history."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow
import pyarrow.parquet as parquet

import runs
from fabrication import line
from runs import Run, Trained

NAME = "d"
FIRST = datetime(2026, 3, 1, 2, 0)
# Validation accuracy of the sweep file's target.
TARGET = 0.85
# Facts that each row of a night's Parquet file repeats, and that a sweep's manifest contains.
OF_MACHINE = ("backend", "device_kind", "device_model", "cpu_features", "driver", "libtorch")


def started(day: int) -> str:
    """The start time of a night, by days after the first."""
    return (FIRST + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def commit_of(day: int) -> str:
    """The commit of a night, which differs each day."""
    return f"{day + 0xABCDE0:08x}" + "5" * 32


@dataclass
class Night:
    """A night: the day, the facts of all its runs, and the runs in plan order."""

    trained: Trained
    day: int
    runs: list[Run]
    commit: str | None = None
    dirty: bool | None = False
    machine: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commit = self.commit or commit_of(self.day)

    def on(self, day: int) -> "Night":
        """The same runs on another day."""
        return replace(self, day=day, commit=commit_of(day), runs=[replace(run) for run in self.runs])

    def again(self, day: int) -> "Night":
        """The same night on another day, with shared runs, which must not be altered."""
        return replace(self, day=day, commit=commit_of(day))

    def only(self, keep) -> "Night":
        """The same night with only some of its runs."""
        return replace(self, runs=[replace(run) for run in self.runs if keep(run)])

    def of(self, label: str) -> list[Run]:
        """The runs of a label."""
        return [run for run in self.runs if run.label == label]

    def facts(self) -> dict:
        """The facts of the night that each of its rows repeats."""
        return {"experiment": NAME, "started": started(self.day), "commit": self.commit, "dirty": self.dirty,
                "target": f"validation.accuracy {TARGET}"} | self.machine


def plain(trained: Trained, day: int, seeds: int) -> Night:
    """The trained sweep as a night with the first `seeds` seeds."""
    return Night(trained, day, [replace(run) for run in trained.runs if run.seed < seeds])


def table(night: Night) -> pyarrow.Table:
    """The rows of a night, without the facts of its day."""
    labels = night.trained.labels
    rows = [runs.row(night.trained, labels, run, TARGET) for run in night.runs]
    return pyarrow.Table.from_pylist(rows, schema=night.trained.schema)


def write_parquet(night: Night, path: Path, rows: pyarrow.Table | None = None) -> None:
    """Writes a night in the format of the history and of baselines."""
    rows = table(night) if rows is None else rows
    for name, value in night.facts().items():
        at = rows.schema.get_field_index(name)
        kind = rows.schema.field(at).type
        rows = rows.set_column(at, rows.schema.field(at), pyarrow.array([value] * rows.num_rows, kind))
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(rows, path, compression="none")


def write_baseline(night: Night, folder: Path) -> None:
    """Writes a night as an accepted baseline."""
    write_parquet(night, folder / "night.parquet")
    accepted = {"v": 1, "accepted": started(night.day).replace("T02", "T09"), "reason": "as it should be",
                "commit": night.commit, "dirty": night.dirty, "night": started(night.day),
                "runs": sum(run.has_result for run in night.runs)}
    (folder / "baseline.json").write_text(json.dumps(accepted, indent=2) + "\n")


def write_history(nights: list[Night], folder: Path) -> None:
    """Writes nights into a folder, one file each."""
    known: dict[int, pyarrow.Table] = {}
    for night in nights:
        if id(night.runs) not in known:
            known[id(night.runs)] = table(night)
        name = started(night.day).translate(str.maketrans("", "", "-:."))
        write_parquet(night, folder / f"{name}-{night.commit[:8]}.parquet", known[id(night.runs)])


def write_report(night: Night, folder: Path) -> None:
    """Writes a night as the report folder of a finished sweep."""
    trained, labels = night.trained, {run.run_id: run.label for run in night.runs}
    plan = dict(trained.plan)
    planned = [run for run in plan["runs"] if run["run_id"] in labels]
    plan |= {
        "name": NAME, "file": f"{NAME}.toml", "seeds": sorted({run.seed for run in night.runs}),
        "runs": [run | {"label": labels[run["run_id"]]} for run in planned],
    }
    renamed = {trained.labels[run_id]: label for run_id, label in labels.items()}
    plan["optimizers"] = [one | {"label": renamed.get(one["label"], one["label"])} for one in plan["optimizers"]]
    manifest = trained.manifest | {"experiment": NAME, "started": started(night.day), "git_commit": night.commit,
                                   "git_dirty": night.dirty}
    manifest["environment"] = manifest["environment"] | night.machine
    (folder / "journal").mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lines = [line(runs.record(trained, run)) for run in night.runs if run.status != "missing"]
    (folder / "journal" / "night.jsonl").write_bytes(b"".join(lines))
