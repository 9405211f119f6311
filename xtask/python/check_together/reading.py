"""Report folders, read from plan and journal, as the tasks of one page."""

import json
import math
from dataclasses import dataclass
from functools import cached_property, cmp_to_key
from pathlib import Path

import estimates
from choosing import Chosen, Config, Key, Measure, called, compare, key
from facts import Run, Sweep
from race import Racer, race
from written import listed

LOSSES = {"cross-entropy": "cross-entropy", "mse": "mean squared error", "bce": "binary cross-entropy"}
NOTHING = dict.fromkeys(("epochs_completed", "steps", "train_seconds", "eval_seconds", "init_digest", "dataset_digest",
                         "batch_digest", "exec_id", "threads", "jobs"))


@dataclass
class Task:
    """A report: its name, its plan, the measured values, and the chosen configurations."""

    name: str
    plan: dict
    sweep: Sweep
    chosen: Chosen

    @property
    def judge(self) -> Measure:
        """The measure that the task is judged by."""
        return self.chosen.judge

    @cached_property
    def race(self) -> list[Racer]:
        """The race to the target."""
        return race(self.chosen)

    @cached_property
    def functions(self) -> str:
        """The loss functions of the runs."""
        return ", ".join(sorted({LOSSES[run.spec["train"]["loss"]] for run in self.sweep.runs}))

    @cached_property
    def cells(self) -> set[str]:
        """The cell ids of the runs with a result, which identify them across sweeps."""
        with_result = {run.run_id for run in self.sweep.runs if run.has_result}
        return {r["cell_id"] for r in self.plan["runs"] if r["run_id"] in with_result}

    @cached_property
    def settings(self) -> set[str]:
        """Data, model and budget of the runs."""
        return {json.dumps([r["spec"][part] for part in ("data", "model", "train")], sort_keys=True)
                for r in self.plan["runs"]}

    def config(self, label: str) -> Config | None:
        """The chosen configuration of a label; None if the plan lacks it."""
        choice = self.chosen.choices.get(label)
        return choice.config if choice else None

    def values(self, label: str) -> list[float]:
        """Finite values of the seeds of a label."""
        config = self.config(label)
        return self.chosen.values(self.judge, config) if config else []

    def outcomes(self, label: str) -> list[float]:
        """Values of all seeds with a result, with the worst value for diverged ones."""
        config = self.config(label)
        return self.chosen.outcomes(self.judge, config) if config else []

    def of(self, label: str) -> list[Run]:
        """All runs of a label."""
        return [run for run in self.sweep.runs if run.label == label]

    def ranks(self, labels: list[str]) -> dict[str, float | None]:
        """Ranks from 1, the best first; equal ones share their mean rank. None without a result."""
        keys: dict[str, Key] = {}
        for label in labels:
            config = self.config(label)
            if config and config.results:
                keys[label] = key(self.chosen, self.judge, config)
        out, before, rest = dict.fromkeys(labels), 0, dict(keys)
        while rest:
            best = min(rest.values(), key=cmp_to_key(compare))
            level = [label for label, k in rest.items() if k.ties(best)]
            for label in level:
                out[label] = before + (len(level) + 1) / 2
                del rest[label]
            before += len(level)
        return out

    def leads(self, label: str, among: list[str]) -> bool:
        """Whether none of these labels is better, and the label has a finite value."""
        ranks = self.ranks(among)
        best = min((r for r in ranks.values() if r is not None), default=None)
        return ranks.get(label) is not None and ranks[label] == best and bool(self.values(label))


def read(folder: Path) -> Task:
    """Reads a task from its plan and its journal."""
    plan = json.loads((folder / "plan.json").read_text())
    lines = [line for file in sorted((folder / "journal").glob("*.jsonl")) for line in file.read_text().splitlines()]
    records = {record["run_id"]: record for record in map(json.loads, lines)}
    runs = [run_of(planned, records.get(planned["run_id"])) for planned in plan["runs"]]
    target = plan["target"]
    labels = [one["label"] for one in plan["optimizers"]]
    sweep = Sweep(plan["name"], plan["description"], labels, plan["seeds"], runs, target["split"], target["metric"],
                  target.get("value"), any("stop_at" in run.spec for run in runs), target.get("at") == "best",
                  plan["report"]["tolerance"], 0.0, {}, {}, {}, [], plan["text"], folder)
    return Task(plan["name"], plan, sweep, Chosen(sweep))


def run_of(planned: dict, record: dict | None) -> Run:
    """A run of a plan with the results of its journal line."""
    row, points = {"status": "missing"} | NOTHING, {}
    if record:
        outcome = record["outcome"]
        row = {name: outcome.get(name) for name in NOTHING} | {"status": record["status"]}
        row |= {"exec_id": record["exec_id"], "threads": record["exec"]["threads"], "jobs": record["jobs"],
                "batch_digest": json.dumps(outcome["batch_digest"])}
        for point in outcome["metrics"]:
            at = (point["epoch"], point["step"], math.nan if point["value"] is None else point["value"])
            points.setdefault((point["split"], point["metric"]), []).append(at)
    return Run(planned["label"], planned["config_id"], planned["run_id"], planned["spec"]["seed"], planned["axes"],
               planned["spec"], row, points)


@dataclass
class Group:
    """Tasks of one metric, at least two."""

    name: str
    tasks: list[int]
    judge: Measure


@dataclass
class Standing:
    """The standing of a label that every task has."""

    label: str
    ranks: list[float]
    led: int
    alone: int

    @property
    def mean_rank(self) -> float:
        """The mean of its ranks."""
        return estimates.mean(self.ranks)


class Tasks:
    """The tasks of a page in the order of their names, and their labels."""

    def __init__(self, folders: list[Path]):
        self.all = sorted((read(folder) for folder in folders), key=lambda task: task.name)
        longest = sorted(self.all, key=lambda task: -len(task.sweep.labels))
        self.labels = list(dict.fromkeys(label for task in longest for label in task.sweep.labels))
        self.losses = self.behind()
        self.left_out = [(label, why) for label in self.labels if (why := self.absent(label))]
        self.shared = [label for label in self.labels if not self.absent(label)]
        self.groups = self.grouped()

    def __len__(self) -> int:
        return len(self.all)

    def names(self, of: list[int]) -> str:
        """`a, b and c`."""
        return listed([self.all[t].name for t in of])

    def behind(self) -> list[str]:
        """` (cross-entropy)` for each task, if losses of different functions are reported."""
        def tells(task: Task) -> bool:
            goals = "loss" in (task.chosen.goal.metric, task.judge.metric)
            return goals or task.sweep.value is not None and task.sweep.metric == "loss"

        told = {task.functions for task in self.all if tells(task)}
        return [f" ({task.functions})" if len(told) > 1 else "" for task in self.all]

    def named(self, t: int, measure: Measure) -> str:
        """A metric of a task, with the function if losses of different functions are reported."""
        return measure.name + (self.losses[t] if measure.metric == "loss" else "")

    def judged_by(self, t: int) -> str:
        """The name of the measure that a task is judged by."""
        return self.named(t, self.all[t].judge)

    def counted(self, t: int, measure: Measure) -> str:
        """The name of a measure, with the value of a run that counts if that is not the last."""
        if measure.kind == "reached":
            return f"median number of {measure.name}"
        return self.named(t, measure) + (" at each run's best epoch" if measure.kind == "best" else "")

    def target(self, t: int) -> str:
        """`a validation accuracy of at least `, without the value."""
        sweep = self.all[t].sweep
        name = f"{'training' if sweep.split == 'train' else sweep.split} {called(sweep.metric)}"
        name += self.losses[t] if sweep.metric == "loss" else ""
        return f"a {name} of at {'least' if sweep.higher else 'most'} "

    def absent(self, label: str) -> str:
        """The reason why a label is not compared across tasks; empty if it is."""
        missing = [task.name for task in self.all if not task.config(label)]
        empty = [task.name for task in self.all if (config := task.config(label)) and not config.results]
        why = [f"not part of {listed(missing)}"] if missing else []
        return ", ".join(why + ([f"without any result in {listed(empty)}"] if empty else []))

    def grouped(self) -> list[Group]:
        """Groups of tasks of one metric; losses only if they are the same function."""
        found: dict[tuple, list[int]] = {}
        for t, task in enumerate(self.all):
            functions = task.functions if task.judge.metric == "loss" else ""
            found.setdefault((task.judge.path, task.judge.name, functions), []).append(t)
        groups = [Group(self.judged_by(of[0]), of, self.all[of[0]].judge) for of in found.values() if len(of) > 1]
        return sorted(groups, key=lambda group: group.tasks)

    def repeated(self, of: list[int]) -> bool:
        """Whether two of these tasks contain the same run."""
        return any(self.all[a].cells & self.all[b].cells for a in of for b in of if a < b)

    @cached_property
    def standings(self) -> list[Standing]:
        """Labels that every task has, the best mean rank first, then by tasks led."""
        out = []
        for label in self.shared:
            ranks = [task.ranks(self.shared)[label] for task in self.all]
            front = [r for task, r in zip(self.all, ranks) if task.leads(label, self.shared)]
            out.append(Standing(label, ranks, len(front), front.count(1.0)))
        return sorted(out, key=lambda s: (s.mean_rank, -s.led))

    @cached_property
    def seconds_differ(self) -> str:
        """The reason why seconds are not compared; empty if they are."""
        rows = [run.row for task in self.all for run in task.sweep.runs if run.has_result]
        kinds = {"exec_id": "machines or builds", "threads": "numbers of threads", "jobs": "numbers of runs side by side"}
        what = [told for name, told in kinds.items() if len({row[name] for row in rows}) > 1]
        return f"The runs come from different {listed(what)}, so their seconds are not compared." if what else ""

    @property
    def side_by_side(self) -> bool:
        """Whether any runs were trained concurrently."""
        return any((run.row["jobs"] or 0) > 1 for task in self.all for run in task.sweep.runs)

    def device(self, t: int, label: str) -> float:
        """Seconds of training and evaluation of a label's runs in a task."""
        rows = [run.row for run in self.all[t].of(label)]
        return math.fsum((row["train_seconds"] or 0) + (row["eval_seconds"] or 0) for row in rows)

    @cached_property
    def medians(self) -> list[int]:
        """Tasks that are judged by the median time to the target."""
        return [t for t, task in enumerate(self.all) if task.judge.kind == "reached"]

    @cached_property
    def means(self) -> list[int]:
        """Tasks that are judged by means."""
        return [t for t in range(len(self)) if t not in self.medians]

    def lost(self, of: list[int], labels: list[str]) -> str:
        """`diverged`, `never reached the target`: the reasons for lost runs of chosen configurations; empty if none was lost."""
        what = ["diverged"] if self.diverged(of, labels) else []
        never = any(len(config.completed) > len(self.all[t].values(label)) for t in of if t in self.medians
                    for label in labels if (config := self.all[t].config(label)))
        return " or ".join(what + (["never reached the target"] if never else []))

    def diverged(self, of: list[int], labels: list[str]) -> bool:
        """Whether a run of the chosen configurations of these labels diverged in these tasks."""
        configs = [self.all[t].config(label) for t in of for label in labels]
        return any(config.diverged for config in configs if config)
