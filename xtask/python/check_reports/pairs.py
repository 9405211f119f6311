"""All pairs of labels: lead, interval, seeds, tests and verdict."""

import json
import math
from dataclasses import dataclass

import estimates
import significance
from choosing import Chosen, Config, Measure
from facts import FIGURES, Run
from significance import ALPHA, Test

VANISHED = 2.0**-24


@dataclass
class Pair:
    """Two labels at their chosen configurations; differences are positive if the first is better."""

    first: Config
    second: Config
    differences: list[float]
    excluded: int
    diverged: int
    unpaired: str | None
    improvement: float
    flips: Test | None
    ranks: Test | None
    divided: Test | None
    lead: float | None
    completed: int
    finite: list[float]
    interval: estimates.Interval | None
    adjusted: float | None = None
    ranks_adjusted: float | None = None
    verdict: str = "too few seeds"

    @property
    def won(self) -> int:
        return sum(d > 0 for d in self.differences)

    @property
    def lost(self) -> int:
        return sum(d < 0 for d in self.differences)

    @property
    def level(self) -> int:
        return sum(d == 0 for d in self.differences)

    @property
    def deciding(self) -> Test | None:
        """The deciding test."""
        if self.unpaired:
            return self.divided
        return self.ranks if self.diverged else self.flips


def samples_of(measure: Measure, run: Run) -> int:
    """The number of samples that a metric is measured on."""
    train, test = run.samples
    held_out = run.spec["data"]["validation"]
    return {"test": test, "validation": held_out, "train": train - held_out}[measure.split]


def whole(measure: Measure, config: Config) -> int:
    """The number of samples behind an accuracy; 0 for other metrics."""
    accuracy = measure.kind != "reached" and measure.metric in ("accuracy", "top5_accuracy")
    return samples_of(measure, config.runs[0]) if accuracy else 0


def difference(measure: Measure, a: tuple[float, Run], b: tuple[float, Run]) -> float:
    """The difference, positive if `a` is better; 0 if the two are level."""
    (x, one), (y, other) = a, b
    if x == y:
        return 0.0
    gap = measure.better(x, y)
    if math.isinf(gap) or measure.kind == "reached":
        return gap
    if measure.metric in ("accuracy", "top5_accuracy"):
        return 0.0 if abs(gap) < 0.5 / samples_of(measure, one) else gap
    if abs(gap) <= 1e-6 * max(abs(x), abs(y)):
        return 0.0
    if measure.metric == "loss":
        before = [run.at(measure.split, "loss", 0) for run in (one, other)]
        if all(b is not None and abs(v) < VANISHED * abs(b) for v, b in zip((x, y), before)):
            return 0.0
    return gap


def scores(measure: Measure, sides: list[list[tuple[float, Run]]]) -> list[list[float]]:
    """Outcomes with signs such that higher is better, and with level ones made equal."""
    turned = sorted(((v, run, side, at) for side, values in enumerate(sides) for at, (v, run) in enumerate(values)),
                    key=lambda entry: entry[0])
    out = [[0.0] * len(values) for values in sides]
    held = None
    for value, run, side, at in turned:
        if held is None or difference(measure, held, (value, run)) != 0.0:
            held = (value, run)
        out[side][at] = held[0] if measure.higher else -held[0]
    return out


def unlike(one: Run, other: Run) -> str | None:
    """The reason why two runs of a seed are not a pair; None if they are."""
    a, b = one.row, other.row
    if a["dataset_digest"] != b["dataset_digest"]:
        return "data"
    if a["init_digest"] is None or a["init_digest"] != b["init_digest"]:
        return "weights"
    fed = [json.loads(r["batch_digest"]) if r["batch_digest"] else None for r in (a, b)]
    if None in fed or any(x != y for x, y in zip(*fed)):
        return "batches"
    return None


def pair(chosen: Chosen, first: Config, second: Config) -> Pair:
    """Compares two configurations seed by seed."""
    measure, sweep = chosen.judge, chosen.sweep
    of = [{run.seed: run for run in config.runs} for config in (first, second)]
    differences, excluded, diverged, unpaired = [], 0, 0, None
    for seed in sweep.seeds:
        one, other = (runs.get(seed) for runs in of)
        x, y = (chosen.outcome(measure, run) if run else None for run in (one, other))
        if x is None or y is None:
            excluded += 1
            continue
        if unpaired is None and (why := unlike(one, other)):
            unpaired = f"{why} {seed}"
        diverged += math.isinf(x) or math.isinf(y)
        differences.append(difference(measure, (x, one), (y, other)))
    sides = [[(v, run) for run in config.runs if (v := chosen.outcome(measure, run)) is not None]
             for config in (first, second)]
    xs, ys = scores(measure, sides)
    # A seed on which both diverged is level, but not a completed difference.
    finite = [d for d, seed_ok in zip(differences, both_finite(chosen, of)) if seed_ok]
    samples = whole(measure, first)
    if samples:
        # Rounded to whole samples, so that cancelling differences sum to exactly 0.
        finite = [round(d * samples) / samples for d in finite]
    found = Pair(first, second, differences, excluded, diverged, unpaired, significance.improvement(xs, ys),
                 None, None, None, whole_mean(finite), len(finite), finite, estimates.interval(finite, samples))
    if unpaired:
        known = [[v for v in side if math.isfinite(v)] for side in (xs, ys)]
        means = [estimates.mean(side) for side in known]
        found.lead = means[0] - means[1] if None not in means else None
        found.completed, found.interval = min(map(len, known)), None
        found.diverged = sum(math.isinf(v) for v in [*xs, *ys])
        if min(len(xs), len(ys)) > 1:
            found.divided = significance.divisions(xs, ys)
    elif len(differences) > 1:
        found.ranks = significance.signed_ranks(differences)
        found.flips = None if diverged else significance.sign_flips(differences)
    return found


def whole_mean(values: list[float]) -> float | None:
    """A mean that is exactly 0 if its terms cancel up to rounding."""
    found = estimates.mean(values)
    return 0.0 if found is not None and abs(found) <= 1e-14 * max(map(abs, values)) else found


def both_finite(chosen: Chosen, of: list[dict[int, Run]]) -> list[bool]:
    """Whether both outcomes are finite, for each seed that has both."""
    out = []
    for seed in chosen.sweep.seeds:
        values = [chosen.outcome(chosen.judge, runs[seed]) if seed in runs else None for runs in of]
        if None not in values:
            out.append(all(map(math.isfinite, values)))
    return out


class Comparison:
    """All pairs, better ranked first, with corrected p-values and verdicts."""

    def __init__(self, chosen: Chosen):
        self.chosen, self.ranked = chosen, chosen.ranked()
        self.pairs = [pair(chosen, a, b) for i, a in enumerate(self.ranked) for b in self.ranked[i + 1:]]
        tested = [p for p in self.pairs if p.deciding]
        for p, adjusted in zip(tested, significance.holm([p.deciding.p for p in tested])):
            p.adjusted = adjusted
            p.verdict = self.verdict(p, len(tested))
        ranked = [p for p in self.pairs if p.ranks]
        for p, adjusted in zip(ranked, significance.holm([p.ranks.p for p in ranked])):
            p.ranks_adjusted = adjusted
        self.tests = len(tested)
        smallest = [p.deciding.smallest for p in tested]
        self.smallest = min(smallest) if smallest else None
        self.smallest_adjusted = min(1.0, self.smallest * len(tested)) if tested else None
        self.seeds_needed = min((self.needed(p) for p in self.pairs), default=self.needed(None))

    @property
    def underpowered(self) -> bool:
        return self.smallest_adjusted is None or self.smallest_adjusted > ALPHA

    def needed(self, found: Pair | None) -> int:
        """The smallest number of seeds that could show a difference of a pair, corrected for all pairs."""
        pairs = max(1, len(self.pairs))
        if found and found.unpaired:
            return next(n for n in range(2, 64) if 2 / math.comb(2 * n, n) * pairs <= ALPHA)
        return significance.seeds_needed(pairs)

    def verdict(self, found: Pair, tests: int) -> str:
        """The verdict of a pair's test."""
        test = found.deciding
        if found.adjusted <= ALPHA:
            return "first is better" if test.sign > 0 else "second is better"
        return "underpowered" if test.smallest * tests > ALPHA else "no difference shown"

    def small(self, found: Pair) -> bool:
        """Whether a significant lead is below `min_effect`."""
        least = self.chosen.sweep.min_effect
        if found.verdict not in ("first is better", "second is better") or not least or found.lead is None:
            return False
        if self.chosen.judge.kind != "reached" and self.chosen.judge.metric in FIGURES:
            return abs(found.lead) < least
        theirs = estimates.mean(self.chosen.values(self.chosen.judge, found.second))
        return theirs is not None and abs(found.lead) < least * abs(theirs)

    def of(self, a: Config, b: Config) -> tuple[Pair, bool]:
        """The pair of two configurations, and whether it is in reverse order."""
        found = next(p for p in self.pairs if {p.first.place, p.second.place} == {a.place, b.place})
        return found, found.first.place != a.place
