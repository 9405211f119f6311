"""What the captions of figures must say."""

import math
import re

import estimates
from answers import Wanted, target
from functions import detail, tasks
from pairs import Pair
from race import race
from world import World
from written import Shown, count, exactly, listed, p_value, seeds


# Which value of a run counts.
WHEN = {"last": " after the last epoch", "best": " at each run's epoch of the best validation value", "reached": ""}


def nothing(world: World, match: re.Match) -> Wanted:
    """A sentence without numbers of its own."""
    return {}


def of_function(world: World, match: re.Match) -> list[list[float]]:
    """Values of each configuration that a figure of some function shows; the same functions in each."""
    best = [(task, c) for task in tasks(world) for c in task.best.values() if c is not None and c.completed]
    saddle = "left the box" in match.group("what")
    return [task.chosen.values(task.chosen.goal, c) for task, c in best if task.saddle == saddle]


def shown(world: World, match: re.Match) -> list:
    """The configurations that a figure shows: the chosen ones with a completed run, or all."""
    configs = world.chosen.configs if match.group("metric") is not None else world.best
    return [c for c in configs if c.completed]


def spread(world: World, match: re.Match) -> Wanted:
    """`mean of 5 seeds, bands: 95% interval of the mean (Student's t)`."""
    last = world.goal.kind == "last"
    metric = world.goal.name if last else capital(world.goal.name)
    wanted: Wanted = {name: exactly(text) for name, text in (
        ("metric", metric), ("judge", capital(world.judge.name))) if match.group(name) is not None}
    if match.group("metric") is not None:
        wanted["final"] = exactly("Final " if last else "")
    if match.group("judge") is not None:
        wanted["when"] = exactly(WHEN[world.goal.kind])
    values = of_function(world, match) if world.sweep.functions and "at the learning rate" in match.group("what") else [
        world.values(world.goal, c) for c in shown(world, match)]
    counts = [len(v) for v in values if v]
    bars = "bars" if not match.group("what").startswith("Each optimizer at") else "bands"
    empty = exactly("")
    if not counts or max(counts) == 1:
        return wanted | {"only": exactly("one seed" if counts else "no run has finished"), "fewest": empty, "most": empty,
                         "spread": exactly(", so no interval" if counts else "")}
    methods = " or ".join(sorted({how for n in counts if (how := estimates.method(n))}))
    two = "from the lower to the higher"
    text = f", {bars}: 95% interval of the mean ({methods})" + (f"; of two seeds: {two}" if 2 in counts else "")
    if not methods:
        text = f", {bars} {two} of two seeds"
    if "what" not in wanted:
        wanted["what"] = Shown("", lambda text: True)
    return wanted | {"fewest": count(min(counts)) if min(counts) < max(counts) else empty, "most": count(max(counts)),
                     "only": empty, "spread": exactly(text)}


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def left_out(world: World, match: re.Match) -> Wanted:
    """Runs of the chosen configurations that are in no mean."""
    runs = [run for c in world.best for run in c.runs]
    parts = [(sum(run.diverged for run in runs), "diverged"), (sum(not run.has_result for run in runs), "without a result")]
    return {"planned": count(len(runs)), "out": exactly(listed([f"{n} {what}" for n, what in parts if n]))}


def unit(world: World, match: re.Match) -> Wanted:
    name = world.judge.name
    points = world.judge.kind != "reached" and world.judge.metric in ("accuracy", "top5_accuracy")
    return {"unit": exactly(f"percentage points of {name}" if points else name)}


def decided(pair: Pair) -> str:
    """The test that decides on a pair."""
    ranks = pair.diverged > 0
    if pair.unpaired:
        return "permutation test of ranks" if ranks else "permutation test"
    return "signed-rank test" if ranks else "paired sign-flip permutation test"


def correction(world: World, match: re.Match) -> Wanted:
    """The one test that decides on all pairs."""
    tests = sorted({decided(p) for p in world.comparison.pairs})
    return {"test": exactly(" or ".join(tests)), "pairs": count(tests_made) if (tests_made := world.comparison.tests) > 1
            else exactly("")}


def power(world: World, match: re.Match) -> Wanted:
    return {"smallest": p_value(world.comparison.smallest_adjusted), "needed": exactly(seeds(world.comparison.seeds_needed))}


def raced(world: World, match: re.Match) -> Wanted:
    side = {} if match.group("target_side") else {"target_side": exactly("")}
    return target(world) | side


def described(world: World, match: re.Match) -> Wanted:
    """What is said of one function."""
    function = match.group("function")
    if function not in world.sweep.functions:
        return {"function": exactly(" or ".join(world.sweep.functions))}
    return {"function": exactly(function), "detail": detail(world, function)}


def thrown(world: World, match: re.Match) -> Wanted:
    names = [[label for label, best in task.best.items() if best is None] for task in tasks(world) if task.saddle]
    return {"thrown": exactly(", ".join(next(n for n in names if n)))}


def may_be(world: World) -> None:
    """A figure may be left out by the sweep file."""
    return None


CAPTIONS = {
    "figure, spread": (spread, may_be),
    "figure, left out": (left_out, lambda w: None if any(not r.completed for c in w.best for r in c.runs) else False),
    "figure, chosen by": (lambda w, m: {"goal": exactly(w.goal.name)},
                          lambda w: None if w.goal.split != w.judge.split else False),
    "figure, chosen by the same": (lambda w, m: {"goal": exactly(w.judge.name)},
                                   lambda w: None if w.goal.split == w.judge.split else False),
    "figure, differences": (unit, may_be),
    "figure, correction": (correction, may_be),
    "figure, power": (power, lambda w: None if w.comparison.underpowered else False),
    "figure, one seed": (nothing, lambda w: None if w.comparison.tests == 0 else False),
    "figure, significant": (nothing, lambda w: False if w.comparison.underpowered else None),
    "figure, target": (raced, lambda w: None if race(w.chosen) else False),
    "figure, lighter": (lambda w, m: {"side": exactly("higher" if w.goal.higher else "lower")}, may_be),
    "figure, every run": (lambda w, m: {"goal": exactly(capital(w.goal.name)), "when": exactly(WHEN[w.goal.kind])}, may_be),
    "figure, tuning": (lambda w, m: {"judge": exactly(capital(w.judge.name)), "goal": exactly(w.goal.name),
                                     "how": exactly("median" if w.goal.kind == "reached" else "mean")}, may_be),
    "figure, thrown": (thrown, lambda w: None if w.apart else False),
    "figure, film": (lambda w, m: {"function": exactly(w.sweep.functions[0])}, lambda w: None if w.sweep.functions else False),
    "function": (described, lambda w: None if w.apart else False),
    "functions, cells": (nothing, lambda w: any(not t.saddle for t in tasks(w)) if w.sweep.functions else False),
    "functions, saddle": (nothing, lambda w: any(t.saddle for t in tasks(w)) if w.sweep.functions else False),
    **{f"figure, {name}": (nothing, may_be) for name in (
        "lines", "crosses", "several values", "schedule", "crossed out", "medians", "noise", "epoch 0", "error rate",
        "never", "formula", "one map", "each at", "near")},
}
