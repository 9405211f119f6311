"""The interval of a choice, with numpy's resamples."""

import math
from functools import cache

import numpy as np

import estimates
from choosing import Config, order
from tables import Cell, bounds, capital, shown_by
from world import World
from written import DASH, Shown, exactly, is_percentage, is_shown, metric, number

FEWEST = 5
RESAMPLES = 10_000


def candidates(world: World, label: str) -> list[Config] | None:
    """The configurations of a label with a result of every seed, the chosen one first; None if there is no interval."""
    seeds, choice = len(world.sweep.seeds), world.chosen.choices.get(label)
    if world.goal.kind == "reached" or world.apart or seeds < FEWEST or choice is None:
        return None
    whole = [c for c in world.chosen.of(label) if len(c.results) == seeds]
    if len(whole) < 2 or choice.config not in whole or len(choice.config.completed) < seeds:
        return None
    rest = [c for c in order(world.chosen, world.goal, whole) if c is not choice.config]
    return [choice.config, *rest]


def matrix(world: World, measure, configs: list[Config]) -> np.ndarray:
    """Values by configuration and seed; NaN if a run diverged."""
    values = [[world.chosen.outcome(measure, run) for run in config.runs] for config in configs]
    return np.array([[v if v is not None and math.isfinite(v) else math.nan for v in row] for row in values])


@cache
def found(world: World, label: str) -> dict[str, tuple[float, float]] | None:
    """Both ends and the share that is chosen again, each with its resampling error; None without an interval."""
    configs = candidates(world, label)
    if configs is None:
        return None
    goal, judged = matrix(world, world.goal, configs), matrix(world, world.judge, configs)
    turned = goal if world.goal.higher else -goal
    if len(set(judged[0])) == 1:
        return None
    n, means, repeats = judged.shape[1], np.nanmean(judged, axis=1), []
    slack = 1e-9 * np.nanmax(np.abs(turned))
    for seed in range(estimates.REPEATS):
        rows = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n))
        totals = turned[:, rows].mean(axis=2)
        totals[np.isnan(totals)] = -math.inf
        best = np.argmax(totals >= totals.max(axis=0) - slack, axis=0)
        gains = judged[best[:, None], rows].mean(axis=1) - means[best]
        error = math.sqrt(gains.var() * n / (n - 1))
        centre, half = means[0] - gains.mean(), estimates.student(n - 1) * error
        repeats.append((centre - half, centre + half, (best == 0).mean()))
    repeats = np.array(repeats)
    if repeats[:, 0].max() == repeats[:, 1].min():
        return None
    spread = 3 * repeats.std(axis=0, ddof=1) * math.sqrt(1 + 1 / len(repeats))
    return dict(zip(("low", "high", "again"), zip(repeats.mean(axis=0), spread)))


def again(share: float, slack: float) -> Shown:
    """`87%`; `over 99%` for nearly all."""
    def fits(text: str) -> bool:
        nearly = text == "over 99%" and share + slack >= 0.995
        return nearly or text.endswith("%") and is_shown(text.removesuffix("%"), share, 100.0, slack)

    return Shown(f"{share * 100:.4g}% within {slack * 100:.2g}", fits)


def interval(world: World, ends: dict[str, tuple[float, float]]) -> Cell:
    """`97.31–97.81%`, clipped to the range of accuracies."""
    name = shown_by(world.judge)
    scale, unit = (100.0, "%") if is_percentage(name) else (1.0, "")
    most = 1.0 if is_percentage(name) or name == "f1" else math.inf

    def shown(side: str, unit: str) -> Shown:
        value, slack = ends[side]
        return number(min(most, max(0.0, value)), scale, unit, slack)

    return rf"(?P<low>[^{DASH}]+){DASH}(?P<high>[^{DASH}]+)", {"low": shown("low", ""), "high": shown("high", unit)}


@cache
def choice_table(world: World) -> list[tuple[str, dict[str, Cell]]]:
    """The rows of each chosen configuration on the seeds that it was chosen by."""
    rows = []
    for label in world.sweep.labels:
        if (ends := found(world, label)) is None:
            continue
        config = world.chosen.choices[label].config
        values = world.values(world.judge, config)
        rows.append((label, {
            "Optimizer": exactly(label),
            "Chosen configuration": exactly(world.scheduled(config)),
            f"{capital('mean')} {world.judge.name}": metric(shown_by(world.judge), estimates.mean(values)),
            "95% interval": bounds(shown_by(world.judge), values, world.whole),
            "95% interval with the choice": interval(world, ends),
            "Chosen again": again(*ends["again"]),
        }))
    return rows
