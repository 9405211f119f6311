"""Comparison of tonight with the baseline, recomputed by numpy and SciPy: pairs, means, effects, simultaneous intervals."""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from edits import ASKED, METRICS, TEST, VALIDATION, value
from nights import Night
from runs import Run

LEVEL = 0.05
# The rules of README: the tolerated effect, and the direction for the worse; 0 is either.
RELATIVE, SHARE, EPOCHS = "relative", "share", "epochs"
RULES = {
    "train_loss": (RELATIVE, 0.01, 1), "validation_loss": (RELATIVE, 0.01, 1), "validation_accuracy": (SHARE, 0.005, -1),
    "test_loss": (RELATIVE, 0.01, 1), "test_accuracy": (SHARE, 0.005, -1),
    "best_validation_accuracy": (SHARE, 0.005, -1), "validation_top5_accuracy": (SHARE, 0.005, -1),
    "validation_f1": (SHARE, 0.005, -1), "test_top5_accuracy": (SHARE, 0.005, -1), "test_f1": (SHARE, 0.005, -1),
    "target_epoch": (EPOCHS, 0.5, 1), "diverged": (SHARE, 0.0, 1),
    "steps": (RELATIVE, 0.0, 0), "seconds_per_epoch": (RELATIVE, 0.1, 1),
}
# Scale of a metric without `min_effect`, by which changes are ordered.
SCALES = {"diverged": 0.05, "steps": 0.01}
WORDS = {metric.name: metric.words for metric in [*METRICS, *ASKED]} | {"diverged": "share of diverged seeds"}
FEWEST_FLIPPED = 6
# Share of the level that the extreme patterns of a series may take beside longer ones.
CROWDING = 0.2
# Relative differences from the mean that are only rounding.
ROUNDING = 1e-6


@dataclass
class Comparison:
    """A metric of a label: values by seed, NaN for a run that diverged if its partner did not."""

    label: str
    metric: str
    seeds: list[int]
    old: np.ndarray
    new: np.ndarray
    # The rounding error of the loss before training; smaller differences are rounding.
    floor: float = 0.0
    half: float | None = None
    method: str = "flips"
    finding: str = "identical"

    @property
    def ended(self) -> np.ndarray:
        """Mask of the seeds that ended at both times."""
        return np.isfinite(self.old) & np.isfinite(self.new)

    @property
    def difference(self) -> np.ndarray:
        """Differences of the seeds that ended at both times."""
        return (self.new - self.old)[self.ended]

    @property
    def change(self) -> float:
        """The mean difference; NaN if no seed ended at both times."""
        return float(self.difference.mean()) if self.ended.any() else math.nan

    def mean(self, side: np.ndarray) -> float:
        """The mean of a side over the seeds that ended at both times, or else over those that ended on that side."""
        kept = side[self.ended if self.ended.any() else np.isfinite(side)]
        return float(kept.mean()) if len(kept) else math.nan

    @property
    def before(self) -> float:
        """The mean of the baseline."""
        return self.mean(self.old)

    @property
    def after(self) -> float:
        """The mean of tonight."""
        return self.mean(self.new)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return bool(self.ended.all() and (self.difference == 0).all())

    def in_unit(self, difference: float) -> float:
        """A difference in the metric's unit."""
        return difference / abs(self.before) if RULES[self.metric][0] == RELATIVE and difference else difference

    @property
    def effect(self) -> float:
        """The mean difference in the metric's unit."""
        return self.in_unit(self.change)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends of the effect's interval, clipped to the metric's range."""
        if self.half is None or self.method == "exact" or math.isinf(self.half):
            return None
        low, high, before = self.change - self.half, self.change + self.half, self.before
        if RULES[self.metric][0] == SHARE:
            low, high = max(low, -before), min(high, 1 - before)
        elif RULES[self.metric][0] == RELATIVE:
            low = max(low, -before)
        return self.in_unit(low), self.in_unit(high)

    @property
    def weight(self) -> float:
        """The effect relative to the tolerated effect."""
        weight = abs(self.effect) / (RULES[self.metric][1] or SCALES[self.metric])
        return 0.0 if math.isnan(weight) else weight

    def moved(self) -> np.ndarray:
        """Differences by seed; infinitely worse if a seed diverged only tonight, infinitely better if only before."""
        worst = math.inf * (RULES[self.metric][2] or 1)
        with np.errstate(invalid="ignore"):
            return np.where(self.ended, self.new - self.old, np.where(np.isfinite(self.old), worst, -worst))

    def ranks(self) -> np.ndarray:
        """Signed ranks; seeds that diverged on one side only share the largest rank."""
        moved = self.moved()
        ranks = np.zeros(len(moved))
        ranks[moved != 0] = stats.rankdata(abs(moved[moved != 0]))
        return np.sign(moved) * ranks


@dataclass
class Compared:
    """The results of a comparison of two nights."""

    pairs: list[tuple[Run, Run]] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    # Runs by reason: no longer planned, not in the baseline, failed, without a record.
    gone: list[Run] = field(default_factory=list)
    new: list[Run] = field(default_factory=list)
    failed: list[Run] = field(default_factory=list)
    missing: list[Run] = field(default_factory=list)
    lost: list[Run] = field(default_factory=list)
    unlike: list[Run] = field(default_factory=list)
    no_seconds: str | None = None

    @property
    def identical(self) -> int:
        """The number of pairs with the same bits."""
        return sum(a.digest == b.digest and a.status == b.status for a, b in self.pairs)

    def of(self, finding: str) -> list[Comparison]:
        """Comparisons with a finding, those that no noise explains first, then by size."""
        found = [c for c in self.comparisons if c.finding == finding]
        return sorted(found, key=lambda c: (c.method != "exact", -c.weight))


def compare(before: Night, after: Night) -> Compared:
    """Compares two nights run by run."""
    out, held = Compared(), {run.run_id: run for run in before.runs}
    for run in after.runs:
        earlier = held.get(run.run_id)
        if earlier is None:
            out.new.append(run)
        elif run.status == "missing":
            out.missing.append(run)
        elif not run.has_result:
            out.failed.append(run)
        elif not earlier.has_result:
            out.lost.append(run)
        else:
            out.pairs.append((earlier, run))
            if run.batches != earlier.batches:
                out.unlike.append(run)
    planned = {run.run_id for run in after.runs}
    out.gone = [run for run in before.runs if run.run_id not in planned]
    if before.machine.get("device_model") != after.machine.get("device_model"):
        out.no_seconds = "the device changed"
    labels = list(dict.fromkeys(run.label for run in after.runs))
    for label in labels:
        couples = [(a, b) for a, b in out.pairs if b.label == label]
        for metric in RULES:
            if metric == "seconds_per_epoch" and out.no_seconds:
                continue
            values = [(b.seed, *beside(metric, a, b)) for a, b in couples]
            values = [v for v in values if v[1] is not None and v[2] is not None]
            if values:
                seeds, old, new = zip(*values)
                old, new = np.array(old), np.array(new)
                out.comparisons.append(Comparison(label, metric, list(seeds), old, new, rounding(metric, couples)))
    ranks = bound(out.comparisons)
    divergent = sum(c.metric == "diverged" and not c.same for c in out.comparisons)
    alone = all(run.jobs == 1 for pair in out.pairs for run in pair)
    for i, comparison in enumerate(out.comparisons):
        judge(comparison, LEVEL / max(divergent, 1), alone)
        if not comparison.ended.all():
            among_diverged(comparison, ranks.get(i, 0))
    for label in labels:
        as_diverged([c for c in out.comparisons if c.label == label])
    return out


def beside(metric: str, a: Run, b: Run) -> tuple[float | None, float | None]:
    """The values of a metric of two runs; NaN for a run that diverged without a last value if the other has one."""
    old, new = value(metric, a), value(metric, b)
    if metric not in ("steps", "seconds_per_epoch"):
        old = math.nan if old is None and new is not None and a.status == "diverged" else old
        new = math.nan if new is None and old is not None and not math.isnan(old) and b.status == "diverged" else new
    return old, new


def rounding(metric: str, couples: list[tuple[Run, Run]]) -> float:
    """2^-24 of the largest loss before training, the float32 rounding of such terms; 0 for metrics other than losses."""
    split, _, name = metric.partition("_")
    if name != "loss":
        return 0.0
    curve = ("validation" if split == "train" else split, "loss")
    return 2.0 ** -24 * max(run.curves[curve][0] for pair in couples for run in pair)


@dataclass
class Series:
    """Differences or signed ranks of one comparison by seed, and their smallest possible scatter."""

    seeds: list[int]
    values: np.ndarray
    least: float

    @property
    def tested(self) -> bool:
        """Whether there are at least two values and any is not zero."""
        return len(self.values) > 1 and bool(self.values.any())


def bound(comparisons: list[Comparison]) -> dict[int, int]:
    """Sets simultaneous half widths of all comparisons; returns the direction of ranks with a significant one."""
    means = [Series([s for s, e in zip(c.seeds, c.ended) if e], c.difference, coarseness(c)) for c in comparisons]
    ranked = {i: Series(c.seeds, c.ranks(), 0.0) for i, c in enumerate(comparisons) if not c.ended.all()}
    found = half_widths([*means, *ranked.values()])
    for c, (half, method) in zip(comparisons, found):
        c.half, c.method = half, method
    shown = zip(ranked, ranked.values(), found[len(means):])
    return {i: int(np.sign(r.values.mean())) for i, r, (half, _) in shown
            if half is not None and abs(r.values.mean()) > half}


def half_widths(series: list[Series]) -> list[tuple[float | None, str]]:
    """Half widths of simultaneous intervals, by joint sign flips or by Student's t with Bonferroni's correction."""
    tested = [s for s in series if s.tested]
    longest = max((len(s.values) for s in tested), default=0)

    def many(s: Series) -> bool:
        n = len(s.values)
        return n >= FEWEST_FLIPPED and (n == longest or 2 * 0.5 ** n <= CROWDING * LEVEL)

    flipped = [s for s in tested if many(s)]
    factors = flip_factors(flipped, LEVEL * len(flipped) / max(len(tested), 1))
    out: list[tuple[float | None, str]] = []
    for s in series:
        n = len(s.values)
        if n < 2:
            out.append((None, "student"))
        elif not s.tested:
            out.append((0.0, "flips"))
        elif many(s) and factors:
            out.append((factors[n] * deviation(s) / math.sqrt(n), "flips"))
        else:
            t = float(stats.t.ppf(1 - LEVEL / (2 * len(tested)), n - 1))
            known = s.least or deviation(s)
            out.append((t * max(deviation(s), s.least) / math.sqrt(n) if known else math.inf, "student"))
    return out


def deviation(s: Series) -> float:
    """The standard deviation; 0 if values differ only by rounding."""
    found = float(s.values.std(ddof=1))
    return 0.0 if found <= ROUNDING * abs(s.values.mean()) else found


def coarseness(c: Comparison) -> float:
    """The resolution of the values: one sample of an accuracy, one epoch, the rounding of a loss."""
    if c.metric == "target_epoch":
        return 1.0
    if c.metric in ("diverged", "steps"):
        return 0.0
    if RULES[c.metric][0] == RELATIVE:
        return ROUNDING * float(abs(c.old[c.ended]).mean()) if c.ended.any() else 0.0
    if c.metric.endswith("f1"):
        # The resolution of F1 is only known from its smallest difference.
        values = np.concatenate([c.old, c.new])
        apart = np.diff(np.unique(values[np.isfinite(values)]))
        return float(apart.min()) if len(apart) else 0.0
    return 1 / TEST if c.metric.startswith("test") else 1 / VALIDATION


def flip_factors(flipped: list[Series], level: float) -> dict[int, float]:
    """By number of seeds, the value below which |t| stays in all but `level` of the sign patterns; empty if there is none."""
    if not flipped:
        return {}
    seeds = sorted({seed for s in flipped for seed in s.seeds})
    # The last sign is fixed, since a pattern and its mirror image have the same |t|.
    signs = 1 - 2 * (np.arange(2 ** (len(seeds) - 1))[:, None] >> np.arange(len(seeds)) & 1)
    allowed = math.floor(level * len(signs) + 1e-9)
    if not allowed:
        return {}
    sizes = sorted({len(s.seeds) for s in flipped})
    largest = {n: np.zeros(len(signs)) for n in sizes}
    for s in flipped:
        n = len(s.seeds)
        sums = signs[:, [seeds.index(seed) for seed in s.seeds]] @ s.values
        share = np.minimum(sums ** 2 / (n * (s.values ** 2).sum()), 1.0)
        share[share > 1 - 1e-12] = 1.0
        with np.errstate(divide="ignore"):
            largest[n] = np.maximum(largest[n], np.sqrt((n - 1) * share / (1 - share)))
    if len(sizes) == 1:
        found = {sizes[0]: float(np.sort(largest[sizes[0]])[::-1][allowed])}
    else:
        tails = np.min([2 * stats.t.sf(largest[n], n - 1) for n in sizes], axis=0)
        tail = float(np.sort(tails)[allowed])
        found = {n: float(stats.t.isf(tail / 2, n - 1)) if tail > 1e-10 else math.inf for n in sizes}
    # Equally extreme patterns may differ by rounding.
    return {} if any(math.isinf(c) for c in found.values()) else {n: c * (1 + 1e-9) for n, c in found.items()}


def judge(c: Comparison, level: float, alone: bool) -> None:
    """Sets the finding of a comparison."""
    _, least, worse = RULES[c.metric]
    for_the_worse = worse * c.effect > 0 or worse == 0
    if c.same:
        c.finding = "identical"
    elif c.metric == "steps":
        c.finding, c.method = "regressed", "exact"
    elif c.metric == "diverged":
        diverged(c, level)
    elif c.ended.sum() < 2:
        c.finding = "unknown"
    elif c.metric == "seconds_per_epoch" and not alone:
        c.finding = "unjudged"
    elif (ends := c.interval) is None or ends[0] <= 0 <= ends[1]:
        sizes = effects(c)
        far = (sizes > 10 * least).all() or (sizes < -10 * least).all()
        told = far and c.metric != "seconds_per_epoch"
        c.finding = "unknown" if told else "not_shown"
    else:
        size = min(abs(ends[0]), abs(ends[1])) if c.metric == "seconds_per_epoch" else abs(c.effect)
        small = size <= least or abs(c.after - c.before) <= c.floor
        c.finding = "small" if small else "regressed" if for_the_worse else "improved"


def effects(c: Comparison) -> np.ndarray:
    """Effects by seed; infinite if a seed diverged on one side only."""
    return c.moved() / abs(c.old) if RULES[c.metric][0] == RELATIVE and c.ended.all() else np.where(
        c.ended, c.moved() / (abs(c.old) if RULES[c.metric][0] == RELATIVE else 1.0), c.moved())


def among_diverged(c: Comparison, ranks: int) -> None:
    """Judges seeds that diverged on one side only, which is worse than any value, by the direction of all ranks."""
    worse = RULES[c.metric][2]
    found = "regressed" if ranks * worse > 0 else "improved"
    if ranks and c.finding == "improved" == found or c.finding == "regressed":
        return
    if ranks:
        more, fewer = np.isnan(c.new).sum(), np.isnan(c.old).sum()
        large = more > fewer if found == "regressed" else fewer > more
        c.finding = found if large or abs(float(np.median(effects(c)))) > RULES[c.metric][1] else "small"
    elif c.finding != "unknown":
        c.finding = "not_shown"


def as_diverged(comparisons: list[Comparison]) -> None:
    """Gives metrics with fewer than two remaining seeds the finding of the diverged seeds."""
    found = next((c.finding for c in comparisons if c.metric == "diverged"), "")
    for c in comparisons:
        if found in ("regressed", "improved") and c.finding == "unknown" and not c.ended.all():
            c.finding, c.method = found, "exact"


def diverged(c: Comparison, level: float) -> None:
    """Judges the number of diverged seeds: directly if none diverged before, otherwise by the exact sign test."""
    c.method = "exact"
    more, fewer = int((c.new > c.old).sum()), int((c.new < c.old).sum())

    def shown(k: int) -> bool:
        return float(stats.binom.sf(k - 1, more + fewer, 0.5)) <= level

    if not c.old.any():
        c.finding = "regressed"
    elif more > fewer and shown(more):
        c.finding = "regressed"
    elif fewer > more and shown(fewer):
        c.finding = "improved"
    else:
        c.finding = "unknown" if c.new.all() and more else "not_shown"
