"""Pooled values, probabilities of improvement and tests over all (task, seed) pairs, recomputed from the values."""

import math
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import combinations

import numpy as np
import significance
from choosing import Measure
from facts import Run
from pairs import difference, scores, unlike
from reading import Task, Tasks
from scipy import stats
from significance import ALPHA, Test
from written import Shown, is_shown

FEWEST, RESAMPLES, REPEATS, MORE_REPEATS = 3, 10_000, 4, 30
# Reasons why two runs of a seed are not a pair, in words.
APART = {"data": "they were trained on different data", "weights": "they did not start from the same weights",
         "batches": "they did not see the same batches"}


@dataclass
class Interval:
    """A 95% interval: its ends in several repeats of the resampling, and a function for more repeats."""

    ends: np.ndarray
    more: object

    def shown(self, side: int, scale: float = 1.0, unit: str = "") -> Shown:
        """One end, within its resampling error."""
        def near(ends: np.ndarray, text: str) -> bool:
            low, high, spread = ends[:, side].min(), ends[:, side].max(), ends[:, side].std()
            return is_shown(text, (low + high) / 2, scale, (high - low) / 2 + spread)

        def fits(text: str) -> bool:
            number = text.removesuffix(unit)
            return text.endswith(unit) and (near(self.ends, number) or near(self.more(), number))

        return Shown(f"{self.ends[:, side].mean() * scale:.5g}{unit}", fits)


def quantiles(statistic, repeats: int) -> np.ndarray:
    """The ends of percentile intervals of a resampled statistic, one row per repeat."""
    return np.array([np.quantile(statistic(np.random.default_rng(seed)), [0.025, 0.975]) for seed in range(repeats)])


def drawn(values: list[float], rng: np.random.Generator) -> np.ndarray:
    """Resamples of values, one per row."""
    return np.array(values)[rng.integers(0, len(values), (RESAMPLES, len(values)))]


@lru_cache(maxsize=None)
def stratified(strata: tuple[tuple[float, ...], ...], middle: bool) -> Interval:
    """The interval of the mean, or of the interquartile mean, with values resampled within each stratum."""
    def statistic(rng: np.random.Generator) -> np.ndarray:
        values = np.concatenate([drawn(list(stratum), rng) for stratum in strata], axis=1)
        return stats.trim_mean(values, 0.25, axis=1) if middle else values.mean(axis=1)

    return Interval(quantiles(statistic, REPEATS), cache(lambda: quantiles(statistic, MORE_REPEATS)))


@lru_cache(maxsize=None)
def of_improvement(strata: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]) -> Interval:
    """The interval of the mean probability of improvement, with the runs of both sides resampled in each task."""
    def statistic(rng: np.random.Generator) -> np.ndarray:
        tasks = []
        for one, other in strata:
            places = {value: i for i, value in enumerate(sorted({*one, *other}))}
            a, b = (drawn([places[v] for v in side], rng)[:, :, None] for side in (one, other))
            b = b.transpose(0, 2, 1)
            tasks.append(((a > b) + 0.5 * (a == b)).mean(axis=(1, 2)))
        return np.mean(tasks, axis=0)

    return Interval(quantiles(statistic, REPEATS), cache(lambda: quantiles(statistic, MORE_REPEATS)))


@dataclass
class Pooled:
    """The values of a label over all tasks of one metric."""

    strata: list[list[float]]
    diverged: int
    repeated: bool

    @property
    def fewest(self) -> int:
        """The number of values of the task with the fewest."""
        return min(map(len, self.strata))

    @property
    def values(self) -> list[float]:
        """All values."""
        return [v for stratum in self.strata for v in stratum]

    @property
    def mean(self) -> float | None:
        """The mean; None if a task has no value."""
        return math.fsum(self.values) / len(self.values) if self.fewest else None

    @property
    def middle(self) -> float | None:
        """The interquartile mean; None if a task has no value."""
        return float(stats.trim_mean(self.values, 0.25)) if self.fewest else None

    def interval(self, middle: bool) -> Interval | None:
        """The interval of the mean or the interquartile mean; None if there are too few runs or repeated ones."""
        if self.repeated or self.fewest < FEWEST:
            return None
        return stratified(tuple(map(tuple, self.strata)), middle)


def pooled(tasks: Tasks, of: list[int], label: str) -> Pooled:
    """The pooled values of a label over these tasks."""
    diverged = sum(math.isinf(v) for t in of for v in tasks.all[t].outcomes(label))
    return Pooled([tasks.all[t].values(label) for t in of], diverged, tasks.repeated(of))


@dataclass
class Improvement:
    """The probability that a run of the first is better than one of the second, by task."""

    first: str
    second: str
    by_task: list[float]
    interval: Interval | None

    @property
    def probability(self) -> float:
        """The mean over tasks."""
        return math.fsum(self.by_task) / len(self.by_task)


def improvement(tasks: Tasks, first: str, second: str) -> Improvement:
    """The probabilities of two labels."""
    strata = []
    for task in tasks.all:
        sides = [[(v, run) for run in task.config(label).runs if (v := task.chosen.outcome(task.judge, run)) is not None]
                 for label in (first, second)]
        strata.append(tuple(map(tuple, scores(task.judge, sides))))
    by_task = [significance.improvement(*map(list, sides)) for sides in strata]
    allowed = not tasks.repeated(list(range(len(tasks)))) and all(len(side) >= FEWEST for s in strata for side in s)
    return Improvement(first, second, by_task, of_improvement(tuple(strata)) if allowed else None)


@dataclass
class Pair:
    """Two labels in the tasks of one metric; leads are positive if the first is better."""

    group: int
    first: str
    second: str
    leads: list[float] = field(default_factory=list)
    standards: list[float] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    lead_tasks: list[int] = field(default_factory=list)
    n: int = 0
    won: int = 0
    level: int = 0
    lost: int = 0
    diverged: int = 0
    neither: int = 0
    excluded: int = 0
    unlike: list[tuple[int, int, str]] = field(default_factory=list)
    test: Test | None = None
    adjusted: float | None = None
    direction: float = 0.0
    verdict: str = "too few"

    @property
    def lead(self) -> float | None:
        """The mean over tasks of the mean lead."""
        return math.fsum(self.leads) / len(self.leads) if self.leads else None

    @property
    def standard(self) -> float | None:
        """The mean over tasks of leads divided by the root mean square of their task."""
        return math.fsum(self.standards) / len(self.standards) if self.standards else None

    @property
    def compared(self) -> int:
        """The number of compared pairs."""
        return self.won + self.level + self.lost

    @property
    def all_level(self) -> bool:
        """Whether the two are level on every pair."""
        return self.compared > 0 and self.won + self.lost == 0

    @property
    def shown(self) -> bool:
        """Whether the difference is significant."""
        return self.verdict in ("better", "worse")

    @property
    def better(self) -> str | None:
        """The significantly better label; None without one."""
        return {"better": self.first, "worse": self.second}.get(self.verdict)

    @property
    def worse(self) -> str | None:
        """The significantly worse label; None without one."""
        return {"better": self.second, "worse": self.first}.get(self.verdict)


def standardised(gains: list[float]) -> list[float]:
    """Gains divided by their root mean square."""
    size = float(np.sqrt(np.mean(np.square(gains)))) if gains else 0.0
    return [gain / size for gain in gains] if size else list(gains)


def gains(task: Task, t: int, pair: Pair) -> tuple[list[float], list[float]]:
    """Gains of the seeds that completed with both, and of those that diverged with one; records seeds that are not a pair."""
    measure: Measure = task.judge
    sides: list[dict[int, Run]] = [{run.seed: run for run in task.config(label).runs} for label in (pair.first, pair.second)]
    completed, without, apart = [], [], []
    for seed in task.sweep.seeds:
        one, other = (side.get(seed) for side in sides)
        x, y = (task.chosen.outcome(measure, run) if run else None for run in (one, other))
        if x is None or y is None:
            pair.excluded += 1
        elif why := unlike(one, other):
            apart.append(why)
        elif math.isinf(x) and math.isinf(y):
            pair.neither += 1
        else:
            gain = difference(measure, (x, one), (y, other))
            (without if math.isinf(gain) else completed).append(gain)
    if apart:
        pair.unlike.append((t, len(apart), apart[0]))
    return completed, without


def compared(tasks: Tasks, group: int, first: str, second: str) -> Pair:
    """The tested comparison of two labels in the tasks of a metric."""
    pair = Pair(group, first, second)
    of, ranked, weighed = tasks.groups[group].tasks, [], []
    for t in of:
        completed, without = gains(tasks.all[t], t, pair)
        every = completed + without
        pair.won += sum(g > 0 for g in every)
        pair.lost += sum(g < 0 for g in every)
        pair.level += sum(g == 0 for g in every)
        pair.tasks += [t] if every else []
        pair.diverged += len(without)
        scaled = standardised(completed)
        if completed:
            pair.lead_tasks.append(t)
            pair.leads.append(math.fsum(completed) / len(completed))
            pair.standards.append(math.fsum(scaled) / len(scaled))
        pair.n += len(completed)
        weighed += [gain / len(scaled) for gain in scaled]
        ranked += scaled + without
    if pair.diverged:
        signs, ranks = significance.ranks_of_sizes(ranked)
        pair.direction = float((signs * ranks).sum())
    else:
        pair.direction = pair.standard or 0.0
    if len(ranked) > 1 and not tasks.repeated(of):
        pair.test = significance.signed_ranks(ranked) if pair.diverged else significance.sign_flips(weighed)
    return pair


class Comparison:
    """All pairs of the labels that every task has, corrected for their number."""

    def __init__(self, tasks: Tasks):
        order = [s.label for s in tasks.standings]
        self.pairs = [compared(tasks, g, a, b) for g in range(len(tasks.groups)) for a, b in combinations(order, 2)]
        tested = [p for p in self.pairs if p.test]
        self.tests = len(tested)
        for pair, adjusted in zip(tested, significance.holm([p.test.p for p in tested])):
            pair.adjusted, pair.verdict = adjusted, self.verdict(pair, adjusted)
        reach = min((p.test for p in tested), key=lambda test: test.smallest, default=None)
        self.differing = reach.n if reach else 0
        self.smallest = reach.smallest if reach else None
        self.corrected = min(1.0, reach.smallest * self.tests) if reach else None
        self.needed = significance.seeds_needed(max(1, self.tests))
        self.dependent = any(dependent(tasks, group.tasks, order) for group in tasks.groups)

    def verdict(self, pair: Pair, adjusted: float) -> str:
        """The verdict of a test."""
        if adjusted <= ALPHA:
            return "better" if pair.direction > 0 else "worse"
        return "underpowered" if pair.test.smallest * self.tests > ALPHA else "not shown"

    def of(self, first: str, second: str) -> list[Pair]:
        """The pairs of two labels, one per metric."""
        return [p for p in self.pairs if (p.first, p.second) == (first, second)]


def dependent(tasks: Tasks, of: list[int], labels: list[str]) -> bool:
    """Whether runs of two tasks share initial weights, data and batches."""
    starts: dict[tuple, int] = {}
    for t in of:
        for label in labels:
            for run in tasks.all[t].config(label).results:
                fed = json_list(run.row["batch_digest"])
                start = (run.row["init_digest"], run.row["dataset_digest"], fed[0] if fed else "")
                if starts.setdefault(start, t) != t:
                    return True
    return False


def json_list(text: str | None) -> list[str]:
    """The digests of each epoch."""
    return text.strip("[]").replace('"', "").replace(" ", "").split(",") if text else []


@dataclass
class Profile:
    """The time to target by task: for each common label the median, and the number of runs that reached it."""

    tasks: list[int]
    times: list[dict[str, float]]
    reached: list[dict[str, tuple[int, int]]]

    def first(self, at: int, label: str) -> bool:
        """Whether no label is ahead of this one, by the median, then by the share of runs that reached the target."""
        times, reached = self.times[at], self.reached[at]
        got, of = reached[label]
        before = [times[o] < times[label] or times[o] == times[label] and reached[o][0] * of > got * reached[o][1]
                  for o in times]
        return got > 0 and not any(before)


def ratio(own: float, best: float) -> float:
    """A time relative to the fastest; if the fastest is 0, only 0 has a finite ratio."""
    if math.isinf(own):
        return math.inf
    return 1.0 if own == best else own / best if best else math.inf


def score(found: Profile, label: str, most: float = 4.0) -> tuple[float, float]:
    """AlgoPerf's score of a label: the exact integral of its profile, and the sum over 100 points."""
    ratios = [ratio(times[label], min(times.values())) for times in found.times]
    exact = math.fsum(max(0.0, most - ratio) for ratio in ratios) / (most - 1.0) / len(ratios)
    # Rounded as by numpy.linspace, since a ratio of 2 may or may not be one of the points.
    points = [1.0 + i * ((most - 1.0) / 99.0) for i in range(99)] + [most]
    heights = [sum(ratio <= point for ratio in ratios) / len(ratios) for point in points]
    trapezoid = math.fsum((a + b) / 2.0 for a, b in zip(heights, heights[1:])) / 99.0
    return exact, trapezoid


def profile(tasks: Tasks) -> Profile | None:
    """The profile; None if no label reaches any target."""
    found = Profile([], [], [])
    for t, task in enumerate(tasks.all):
        if task.race:
            racers = {racer.config.label: racer for racer in task.race}
            labels = [s.label for s in tasks.standings]
            found.tasks.append(t)
            found.times.append({label: racers[label].medians["samples"] for label in labels})
            found.reached.append({label: (racers[label].reached, racers[label].runs) for label in labels})
    known = any(math.isfinite(time) for times in found.times for time in times.values())
    return found if known else None
