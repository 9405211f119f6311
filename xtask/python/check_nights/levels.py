"""Changes of level over nights that are bit-identical between changes, recomputed from their values."""

from dataclasses import dataclass

from edits import value
from nights import Night, started
from recomputed import RELATIVE, RULES, SCALES
from runs import Run

# Number of nights with one value that form a level; tonight alone is one too.
PLATEAU = 3


@dataclass
class Level:
    """A change of level of one metric of one label: indices into the nights, and the levels."""

    label: str
    metric: str
    last_good: int
    first: int
    before: float
    after: float
    alarm: bool = False

    @property
    def effect(self) -> float:
        """The change in the metric's unit."""
        change = self.after - self.before
        return change / abs(self.before) if RULES[self.metric][0] == RELATIVE else change

    @property
    def weight(self) -> float:
        """Its size relative to the tolerated effect, by which steps are ordered."""
        return abs(self.effect) / (RULES[self.metric][1] or SCALES[self.metric])


def for_the_worse(metric: str, change: float) -> float:
    """A change, positive for the worse."""
    worse = RULES[metric][2]
    return abs(change) if worse == 0 else worse * change


def means(nights: list[Night], label: str, metric: str) -> list[tuple[int, float]]:
    """Nights that have the metric, each with the mean over tonight's seeds; runs are identified by their id.

    Nights with the same bits have one level, even if one of them lacks seeds.
    """
    followed = {run.run_id for run in nights[-1].of(label)}
    held = [{run.run_id: run for run in night.runs if run.run_id in followed} for night in nights]
    out = []
    for at, runs in enumerate(held):
        whole = runs
        if 0 < len(runs) < len(followed):
            whole = next((other for other in held if len(other) == len(followed)
                          and all(same(metric, other[run_id], run) for run_id, run in runs.items())), runs)
        values = [v for run in whole.values() if (v := value(metric, run)) is not None]
        if values:
            out.append((at, sum(values) / len(values)))
    return out


def same(metric: str, one: Run, other: Run) -> bool:
    """Whether two runs have the same bits and the same value; the bits do not determine seconds."""
    return one.digest == other.digest and value(metric, one) == value(metric, other)


def plateaus(values: list[tuple[int, float]]) -> list[tuple[int, int, float]]:
    """Levels in order, as first night, last night and value. A single differing night between equal ones is not a level."""
    runs: list[list] = []
    for at, mean in values:
        if runs and runs[-1][2] == mean:
            runs[-1][1] = at
            runs[-1][3] += 1
        else:
            runs.append([at, at, mean, 1])
    return [(first, last, mean) for i, (first, last, mean, count) in enumerate(runs)
            if count >= PLATEAU or i + 1 == len(runs)]


def levels(nights: list[Night], since: int | None) -> list[Level]:
    """Every change of level up to the last night, which is judged; steps after day `since` may count against it."""
    out = []
    for label in dict.fromkeys(run.label for run in nights[-1].runs):
        for metric in RULES:
            values = means(nights, label, metric)
            if not values or values[-1][0] != len(nights) - 1:
                continue
            found = plateaus(values)
            steps = [Level(label, metric, one[1], other[0], one[2], other[2])
                     for one, other in zip(found, found[1:]) if one[2] != other[2]]
            for step in steps:
                step.alarm = counts(step, steps[-1].after, nights, since)
            out += steps
    return out


def counts(step: Level, now: float, nights: list[Night], since: int | None) -> bool:
    """Whether a step counts against the night: for the worse, after the baseline, beyond the tolerance, and not reverted."""
    def size(change: float) -> float:
        return for_the_worse(step.metric, change / abs(step.before) if RULES[step.metric][0] == RELATIVE else change)

    least = RULES[step.metric][1]
    later = since is None or started(nights[step.first].day) > started(since)
    # A reverted change of the number of steps does not count either.
    gone = now == step.before
    made, left = size(step.after - step.before), size(now - step.before)
    undoes = step.metric == "steps" and nights[step.first].day > (since or 0) and now == values_at(step, nights, since)
    return later and made > least and left > max(least, made / 2) and not gone and not undoes


def values_at(step: Level, nights: list[Night], since: int | None) -> float | None:
    """The level on the baseline's night; None without one."""
    day = next((i for i, night in enumerate(nights) if night.day == since), None)
    return None if day is None else dict(means(nights, step.label, step.metric)).get(day)
