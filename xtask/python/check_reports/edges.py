"""Chosen values at the edge of their grid, learning rates equivalent to the best, and the benefit of tuning."""

import math
from dataclasses import dataclass, field

import estimates
from choosing import Chosen, Config, Measure, choose

DECADE = 10.0
# Up to this ratio a second step ends about a decade away.
HALF_DECADE = 3.5
WHOLE = ("data.batch_size",)


@dataclass
class Edge:
    """An axis to extend: the end at which the chosen value is, and wide gaps beside it."""

    path: str
    side: str
    beyond: list[float]
    gaps: list[float]
    digits: int
    # Lists that must grow with this one: their names, values to add, and their digits.
    partners: list[tuple[str, list[float], int]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "learning rate" if self.path == "optimizer.lr" else self.path.split(".", 1)[1]


def value_of(config: Config, path: str) -> float | None:
    """A configuration's value on an axis; None if it is not a number."""
    value = config.rate if path == "optimizer.lr" else config.runs[0].axes.get(path)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def edges(chosen: Chosen, label: str) -> list[Edge]:
    """Extensions of the grid of a label around its chosen configuration, the learning rate first."""
    choice = chosen.choices[label]
    value = key_value(chosen, chosen.goal, choice.config)
    if value is None or unsurpassed(chosen, choice.config, value):
        return []
    found = []
    gridded = set(chosen.sweep.axes[label]) - {"seed"} - set(chosen.sweep.drawn[label])
    for path in sorted(gridded, key=lambda path: path != "optimizer.lr"):
        values = [value_of(c, path) for c in chosen.of(label)]
        tried = sorted({v for v in values if v is not None})
        if len(tried) < 2 or None in values:
            continue
        at = value_of(choice.config, path)
        place = tried.index(at)
        outermost = place in (0, len(tried) - 1)
        # If another value is equally good, the best one need not be at the edge.
        if outermost and any(value_of(c, path) != at for c in choice.tied):
            continue
        side = {0: "lowest", len(tried) - 1: "highest"}.get(place, "")
        side = "" if side == "lowest" and at <= 0 else side
        most = min(3, max(significant(v) for v in tried))
        beside = [tried[i] for i in (place - 1, place + 1) if 0 <= i < len(tried)]
        past = beyond(at, beside[0], side, path in WHOLE) if side else []
        gaps = [v for other in beside if (v := gap(at, other)) is not None]
        if side or gaps:
            found.append(Edge(path, side, past, gaps, 9 if path in WHOLE else most))
    return merged(chosen, label, found)


def merged(chosen: Chosen, label: str, found: list[Edge]) -> list[Edge]:
    """Edges in which zipped lists, which can only grow together, are merged into one."""
    out, told = [], set()
    for edge in found:
        if edge.path in told:
            continue
        group = next((paths for paths in chosen.sweep.zipped[label] if edge.path in paths), [edge.path])
        own = {e.path: e for e in found if e.path in group}
        lead = next((e for e in own.values() if e.beyond), next((e for e in own.values() if e.gaps), edge))
        steps = {p: e for p, e in own.items() if e.beyond} if lead.beyond and not lead.gaps else {}
        n = min((len(e.beyond) for e in steps.values()), default=len(lead.beyond))
        lead.partners = [(path.split(".", 1)[1], steps[path].beyond[:n] if path in steps else [],
                          steps[path].digits if path in steps else 0) for path in group if path != lead.path]
        for other in chosen.sweep.labels:
            for paths in chosen.sweep.zipped[other] if other != label else []:
                if any(is_shared(path) and path in group for path in paths):
                    lead.partners += [(f"{path.split('.', 1)[1]} of {other}", [], 0) for path in paths if not is_shared(path)]
        lead.beyond = lead.beyond[:n]
        out.append(lead)
        told |= set(group)
    return out


def is_shared(path: str) -> bool:
    """Whether a list occurs once in the file for all optimizers."""
    return path.split(".")[0] in ("data", "model")


def unsurpassed(chosen: Chosen, config: Config, value: float) -> bool:
    """Whether a value is optimal: accuracy 1, loss 0, or the target reached in the first epoch."""
    if chosen.goal.function:
        return False
    if chosen.goal.kind == "reached":
        return value <= config.runs[0].samples_an_epoch
    return value >= 1 if chosen.goal.higher else value <= 0


def significant(x: float) -> int:
    """The number of significant digits of a set value."""
    return len(f"{x:.15g}".split("e")[0].replace(".", "").replace("-", "").strip("0")) or 1


def beyond(edge: float, inner: float, side: str, whole: bool) -> list[float]:
    """Values beyond an edge: by the ratio to the inner neighbour, all within a decade of the edge."""
    ratio = max(edge / inner, inner / edge) if inner > 0 else DECADE
    steps = [min(ratio, DECADE)] + ([min(ratio * ratio, DECADE)] if ratio <= HALF_DECADE else [])
    values = [edge * step if side == "highest" else edge / step for step in steps]
    if whole:
        values = [v for v in dict.fromkeys(float(math.floor(v + 0.5)) for v in values) if v >= 1 and v != edge]
    return values


def gap(at: float, other: float) -> float | None:
    """The value a decade towards a neighbour, if the neighbour is farther away; None otherwise."""
    if at <= 0 or other <= 0 or max(at / other, other / at) <= DECADE * (1 + 1e-9):
        return None
    return at * DECADE if other > at else at / DECADE


def by_rate(chosen: Chosen, label: str) -> list[tuple[float, Config]]:
    """The best configuration of a label for each learning rate, ascending."""
    own = chosen.of(label)
    return [(rate, choose(chosen, [c for c in own if c.rate == rate]).config) for rate in sorted({c.rate for c in own})]


@dataclass
class Reach:
    """The range of learning rates equivalent to the best, and whether it extends to the end of the grid."""

    low: float
    high: float
    open: bool

    @property
    def alone(self) -> bool:
        """Whether it is one learning rate to the three digits shown."""
        return f"{self.low:.2e}" == f"{self.high:.2e}"

    @property
    def decades(self) -> float:
        return math.log10(self.high / self.low)


def reach(chosen: Chosen, label: str) -> Reach | None:
    """Learning rates around the chosen one whose goal is within the tolerance; None with fewer than two rates."""
    best, goal = chosen.choices[label].config, chosen.goal
    points = by_rate(chosen, label)
    top = key_value(chosen, goal, best)
    if len(points) < 2 or top is None or best.diverged or not joined(chosen, label):
        return None
    slack = chosen.sweep.tolerance * abs(top)

    def margin(config: Config) -> float | None:
        value = key_value(chosen, goal, config)
        return None if value is None or config.diverged else slack + goal.better(value, top)

    at = next(i for i, (rate, _) in enumerate(points) if rate == best.rate)

    def walk(step: int) -> tuple[float, bool]:
        here = at
        while 0 <= here + step < len(points):
            (rate, config), (following, other) = points[here], points[here + step]
            own, theirs = (0.0 if here == at and margin(config) is None else margin(config)), margin(other)
            if theirs is not None and theirs >= 0:
                here += step
                continue
            if theirs is not None and own > 0:
                part = own / (own - theirs)
                return math.exp(math.log(rate) + part * (math.log(following) - math.log(rate))), False
            return rate, False
        return points[here][0], True

    (low, open_low), (high, open_high) = walk(-1), walk(1)
    return Reach(low, high, open_low or open_high)


def joined(chosen: Chosen, label: str) -> bool:
    """Whether every learning rate was tried with the same other values."""
    others: dict[float, set[str]] = {}
    for config in chosen.of(label):
        rest = {path: value for path, value in config.runs[0].axes.items() if path not in ("optimizer.lr", "seed")}
        others.setdefault(config.rate, set()).add(repr(sorted(rest.items())))
    return len({frozenset(found) for found in others.values()}) == 1


def key_value(chosen: Chosen, measure: Measure, config: Config) -> float | None:
    """The value that a configuration is ranked by: a mean, or a median if runs stop at the target."""
    if measure.kind == "reached":
        found = estimates.median(chosen.outcomes(measure, config))
        return found if found is not None and math.isfinite(found) else None
    return estimates.mean(chosen.values(measure, config))


def tuning(chosen: Chosen, label: str) -> tuple[float, float] | None:
    """The judged value of a random configuration (the median over all), and of the chosen one.

    A configuration counts as diverged if at least half of its seeds diverged.
    """
    tried = [c for c in chosen.of(label) if c.results]

    def value(config: Config) -> float | None:
        survived = math.isfinite(estimates.median(chosen.outcomes(chosen.judge, config)) or 0.0)
        return key_value(chosen, chosen.judge, config) if survived else None

    values = [value(c) for c in tried]
    if len(tried) < 2 or all(v is None for v in values):
        return None
    best = value(choose(chosen, tried).config)
    worst = chosen.judge.worst
    return estimates.median([worst if v is None else v for v in values]), worst if best is None else best
