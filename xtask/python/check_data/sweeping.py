"""Runs of the program on a case: sweep file, plan, fed samples, and score."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from case import Case

EPOCH_SAMPLES, FEWEST_EPOCHS, MOST_EPOCHS, SEEDS = 40_000, 12, 150, 3


@dataclass
class Program:
    """The built programs, and the folder they work in."""

    sweep: Path
    worker: Path
    root: Path

    def called(self, *words: str | Path) -> subprocess.CompletedProcess:
        """`sweep` with these words."""
        environment = os.environ | {"SWEEP_WORKER": str(self.worker), "RAYON_NUM_THREADS": "1"}
        command = [self.sweep, *words, "--root", self.root, "--device", "flex"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")


@dataclass
class Fed:
    """The samples that the program feeds: training, with those held out at the end, and test."""

    train: np.ndarray
    test: np.ndarray
    train_answers: np.ndarray
    test_answers: np.ndarray
    held_out: int


class Refused(Exception):
    """The program ended with an error."""


def write(root: Path, case: Case) -> Path:
    """Writes the sweep file of a case."""
    samples = sum(case.parts)
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, EPOCH_SAMPLES // samples))
    loss = 'loss = "mse"\n' if case.targets else ""
    held_out = f"validation = {case.held_out}\n" if case.held_out else ""
    path = root / "experiments" / f"{case.slug}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'name = "{case.slug}"\n[data]\nbatch_size = 32\n{held_out}[data.dataset]\n' + "\n".join(case.lines)
        + f'\n[model]\nkind = "mlp"\nhidden = [64]\n[train]\nepochs = {epochs}\n{loss}'
        f'[repeat]\nseeds = {{ count = {SEEDS} }}\n[[optimizer]]\nkind = "adam"\nlr = [1e-3, 1e-2]\n'
    )
    return path


def planned(program: Program, file: Path, case: Case) -> str:
    """The plan's description of the data, and the text after it."""
    ended = program.called("run", file, "--plan")
    if ended.returncode:
        raise Refused(told(ended.stderr))
    text = " ".join(ended.stdout.split())
    start = text.find(f"{Path(case.path).name}: ")
    return text[start:] if start >= 0 else ""


def told(stderr: str) -> str:
    """An error message in one line."""
    return " ".join(stderr.split())


def exported(program: Program, spec: dict, folder: Path) -> Fed:
    """The samples of a run, as exported by the worker."""
    folder.mkdir(parents=True, exist_ok=True)
    request = {"request": "run", "run_id": "0" * 32, "spec": spec, "options": {"root": str(program.root)}}
    command = [program.worker, "--data-dir", program.root / "data", "--export", folder]
    ended = subprocess.run(command, input=json.dumps(request) + "\n", capture_output=True, text=True)
    if ended.returncode:
        raise Refused("export: " + told(ended.stderr))
    facts = json.loads((folder / "data.json").read_text())

    def part(name: str, samples: int) -> tuple[np.ndarray, np.ndarray]:
        inputs = np.fromfile(folder / f"{name}_inputs.f32", "<f4").reshape(samples, facts["features"])
        if facts["classes"]:
            return inputs, np.fromfile(folder / f"{name}_labels.i64", "<i8")
        return inputs, np.fromfile(folder / f"{name}_values.f32", "<f4").reshape(samples, facts["targets"])

    (train, train_answers), (test, test_answers) = part("train", facts["train"]), part("test", facts["test"])
    return Fed(train, test, train_answers, test_answers, facts["validation"])


def trained(program: Program, file: Path) -> tuple[dict, list[dict]]:
    """The stored plan, and the journal's records of all runs."""
    ended = program.called("run", file, "--quiet", "--no-report", "--jobs", "1")
    if ended.returncode:
        raise Refused(told(ended.stderr) or f"sweep ended with {ended.returncode}")
    report = program.root / "reports" / file.stem
    lines = [line for path in sorted(report.glob("journal/*.jsonl")) for line in path.read_text().splitlines()]
    return json.loads((report / "plan.json").read_text()), [json.loads(line) for line in lines]


def last(record: dict, split: str, metric: str) -> float | None:
    """A metric after the last epoch of a run."""
    points = [p for p in record["outcome"]["metrics"] if (p["split"], p["metric"]) == (split, metric)]
    return max(points, key=lambda p: (p["epoch"], p["step"]))["value"] if points else None


def best(records: list[dict], case: Case) -> float:
    """The mean over seeds of the test accuracy, or loss, of the configuration that is selected without the test."""
    metric = "loss" if case.targets else "accuracy"
    split, judged = ("validation", metric) if case.parts[1] else ("train", "loss")
    configs: dict[str, list[dict]] = {}
    for record in records:
        if "outcome" in record:
            configs.setdefault(record["config_id"], []).append(record)
    if not configs or any(len(runs) != SEEDS for runs in configs.values()):
        raise Refused(f"{[len(runs) for runs in configs.values()]} runs of {SEEDS} seeds in the journal")

    def mean(runs: list[dict], split: str, metric: str) -> float:
        return float(np.mean([last(run, split, metric) for run in runs]))

    order = max if judged == "accuracy" else min
    return mean(order(configs.values(), key=lambda runs: mean(runs, split, judged)), "test", metric)
