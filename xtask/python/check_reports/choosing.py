"""The choice of a configuration for each label, and the ranking of the chosen ones."""

import math
from dataclasses import dataclass, replace
from functools import cmp_to_key

import estimates
from facts import Run, Sweep

NEVER = math.inf


@dataclass
class Config:
    """Runs that differ only in their seed."""

    label: str
    id: str
    runs: list[Run]
    place: int

    @property
    def rate(self) -> float:
        return self.runs[0].rate

    @property
    def completed(self) -> list[Run]:
        return [run for run in self.runs if run.completed]

    @property
    def diverged(self) -> int:
        return sum(run.diverged for run in self.runs)

    @property
    def results(self) -> list[Run]:
        return [run for run in self.runs if run.has_result]


def called(metric: str) -> str:
    """A metric's name in sentences."""
    return {"f1": "F1", "top5_accuracy": "top-5 accuracy"}.get(metric, metric)


@dataclass
class Measure:
    """A metric of a split, and the value of a run that counts: `last`, `best` or `reached`."""

    split: str
    metric: str
    kind: str
    function: bool

    @property
    def higher(self) -> bool:
        return self.kind != "reached" and self.metric != "loss"

    @property
    def worst(self) -> float:
        return -math.inf if self.higher else math.inf

    @property
    def path(self) -> str:
        return f"{self.split}.{self.metric}"

    @property
    def name(self) -> str:
        """The measure's name in sentences."""
        if self.kind == "reached":
            return "steps to the target" if self.function else "training samples to the target"
        if self.function and self.split == "test":
            return "value"
        return f"{'training' if self.split == 'train' else self.split} {called(self.metric)}"

    def better(self, a: float, b: float) -> float:
        """The difference of `a` and `b`, positive if `a` is better."""
        return a - b if self.higher else b - a


@dataclass
class Choice:
    """A label's chosen configuration, and all configurations that tie with it by the goal, including itself."""

    config: Config
    tied: list[Config]
    by: str


class Chosen:
    """Configurations of a sweep with their values, the chosen ones and their ranking."""

    def __init__(self, sweep: Sweep):
        self.sweep = sweep
        self.configs = configs(sweep)
        self.goal, self.wanted_goal = goal(sweep)
        self.judge = judge(sweep, self.goal)
        self.choices: dict[str, Choice] = {}
        for label in sweep.labels:
            if own := self.of(label):
                self.choices[label] = choose(self, own)

    def of(self, label: str) -> list[Config]:
        """The configurations of a label in the order of the plan."""
        return [c for c in self.configs if c.label == label]

    def outcome(self, measure: Measure, run: Run) -> float | None:
        """A run's value; the worst value if it diverged, None without a result."""
        if run.diverged:
            return measure.worst
        if not run.completed:
            return None
        if measure.kind == "reached":
            return samples_to_target(self.sweep, run)
        if measure.kind == "best":
            epoch = best_epoch(self.sweep, run)
            value = run.at(measure.split, measure.metric, epoch) if epoch else None
        else:
            value = run.last(measure.split, measure.metric)
        return measure.worst if value is not None and not math.isfinite(value) else value

    def values(self, measure: Measure, config: Config) -> list[float]:
        """The finite values of a configuration's completed seeds."""
        found = [self.outcome(measure, run) for run in config.completed]
        return [v for v in found if v is not None and math.isfinite(v)]

    def outcomes(self, measure: Measure, config: Config) -> list[float]:
        """The values of all seeds with a result."""
        return [v for run in config.runs if (v := self.outcome(measure, run)) is not None]

    def ranked(self) -> list[Config]:
        """The chosen configurations that have a result, best first by the judge."""
        chosen = [c.config for c in self.choices.values() if c.config.results]
        return order(self, self.judge, chosen)


def configs(sweep: Sweep) -> list[Config]:
    """The configurations in the order of the plan."""
    found: dict[tuple[str, str], Config] = {}
    for run in sweep.runs:
        config = found.setdefault((run.label, run.config), Config(run.label, run.config, [], len(found)))
        config.runs.append(run)
    return list(found.values())


def reached(sweep: Sweep, run: Run) -> tuple[int, int] | None:
    """The epoch and step at which the target was first measured."""
    if sweep.value is None:
        return None
    for epoch, step, value in run.measured(sweep.split, sweep.metric):
        if value >= sweep.value if sweep.higher else value <= sweep.value:
            return epoch, step
    return None


def samples_to_target(sweep: Sweep, run: Run) -> float:
    """Training samples until the target was measured; steps for a function."""
    found = reached(sweep, run)
    if found is None:
        return NEVER
    return float(found[1] if run.function else found[0] * run.samples_an_epoch)


def best_epoch(sweep: Sweep, run: Run) -> int | None:
    """The first epoch with the best validation value of the target's metric."""
    best = None
    for epoch, _, value in run.measured(sweep.split, sweep.metric):
        better = best is None or (value > best[1] if sweep.higher else value < best[1])
        if epoch > 0 and math.isfinite(value) and better:
            best = (epoch, value)
    return best[0] if best else None


def goal(sweep: Sweep) -> tuple[Measure, bool]:
    """The measure that configurations are chosen by, and whether the sweep file names it."""
    function = bool(sweep.functions)
    if sweep.stop:
        return Measure(sweep.split, sweep.metric, "reached", function), True
    any_completed = any(run.completed for run in sweep.runs)
    choices = [(sweep.split, sweep.metric), ("validation", "loss"), ("train", "loss")]
    for split, metric in choices:
        there = not any_completed or any(run.last(split, metric) is not None for run in sweep.runs)
        if there and (split != "validation" or sweep.held_out):
            wanted = (split, metric) == choices[0]
            return Measure(split, metric, "best" if sweep.at_best and wanted else "last", function), wanted
    return Measure(*choices[0], "last", function), True


def judge(sweep: Sweep, chosen_by: Measure) -> Measure:
    """The measure that chosen configurations are judged by: the target's metric, on the test split if measured there."""
    if chosen_by.kind == "reached":
        return chosen_by
    metric = chosen_by.metric if chosen_by.split == "test" else sweep.metric
    if chosen_by.split == "test" or any(run.last("test", metric) is not None for run in sweep.runs):
        return replace(chosen_by, split="test", metric=metric)
    return chosen_by


def equal(a: float, b: float) -> bool:
    """Whether means are equal up to the order of additions."""
    return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b))


@dataclass
class Key:
    """The sort key of a configuration: class, value (lower is better), share of runs that missed the target."""

    group: int
    value: float
    missed: float = 0.0

    def ties(self, other: "Key") -> bool:
        return (self.group, self.missed) == (other.group, other.missed) and equal(self.value, other.value)


def key(chosen: Chosen, measure: Measure, config: Config) -> Key:
    """The sort key of a configuration by a metric."""
    outcomes = chosen.outcomes(measure, config)
    if measure.kind == "reached":
        if not outcomes:
            return Key(9, 0.0)
        return Key(0, estimates.median(outcomes), sum(math.isinf(v) for v in outcomes) / len(outcomes))
    average = estimates.mean(chosen.values(measure, config))
    if average is None:
        return Key(2 if config.diverged else 3, 0.0)
    return Key(1 if config.diverged else 0, -average if measure.higher else average)


def compare(a: Key, b: Key) -> int:
    """Compares two keys; negative if `a` is better."""
    x, y = (a.group, a.value, a.missed), (b.group, b.value, b.missed)
    return (x > y) - (x < y)


def order(chosen: Chosen, measure: Measure, configs: list[Config]) -> list[Config]:
    """Configurations, best first by a metric; ties in the order of the plan."""
    rest = [(key(chosen, measure, c), c) for c in configs]
    out = []
    while rest:
        best = min((k for k, _ in rest), key=cmp_to_key(compare))
        level = [c for k, c in rest if k.ties(best)]
        out += sorted(level, key=lambda c: c.place)
        rest = [(k, c) for k, c in rest if not k.ties(best)]
    return out


def choose(chosen: Chosen, among: list[Config]) -> Choice:
    """The best by the goal; ties are broken by lower validation loss, the middle learning rate, the order of the plan."""
    keys = [(key(chosen, chosen.goal, c), c) for c in among]
    best = min((k for k, _ in keys), key=cmp_to_key(compare))
    tied = [c for k, c in keys if k.ties(best)]
    left, by = tied, "nothing"
    if len(tied) > 1:
        if chosen.goal.path != "validation.loss" or chosen.goal.kind == "reached":
            left = lowest_loss(left)
            by = "loss"
        if len(left) > 1:
            low, high = (math.log(f(c.rate for c in left)) for f in (min, max))
            middle = (low + high) / 2
            away = {c.id: round(abs(math.log(c.rate) - middle) * 1e9) for c in left}
            nearest = [c for c in left if away[c.id] == min(away.values())]
            left = [c for c in nearest if c.rate == min(n.rate for n in nearest)]
            by = "rate" if len(left) == 1 and low < high else "order"
    return Choice(min(left, key=lambda c: c.place), tied, by)


def validation_loss(config: Config) -> float | None:
    """Mean validation loss after the last epoch over completed seeds."""
    found = [run.last("validation", "loss") for run in config.completed]
    return estimates.mean([v for v in found if v is not None and math.isfinite(v)])


def lowest_loss(tied: list[Config]) -> list[Config]:
    """The configurations with the lowest mean validation loss; all if none was measured."""
    losses = [(validation_loss(c), c) for c in tied]
    known = [loss for loss, _ in losses if loss is not None]
    return [c for loss, c in losses if loss is not None and equal(loss, min(known))] if known else tied
