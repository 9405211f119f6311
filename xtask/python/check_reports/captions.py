"""The expected captions of figures."""

import json
import math
import re

import estimates
from answers import Wanted, target
from choosing import Chosen, Config, Measure, choose
from facts import FIGURES, Run
from functions import Task, detail, tasks
from race import race
from world import World
from written import Shown, count, exact_number, exactly, listed, one_of, p_value, seeds


# The caption of each function: its formula, and its minimum or saddle.
FUNCTIONS = {
    "beale": ("(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2", "minimum"),
    "rosenbrock": ("(1 - x)^2 + 100 (y - x^2)^2", "minimum"),
    "rastrigin": ("20 + x^2 - 10 cos(2 pi x) + y^2 - 10 cos(2 pi y)", "global minimum"),
    "himmelblau": ("(x^2 + y - 11)^2 + (x + y^2 - 7)^2", "nearest minimum"),
    "saddle": ("x^2 - y^2", "saddle point"),
    "monkey-saddle": ("x^3 - 3 x y^2", "saddle point"),
    "ravine": ("(x^2 + 100 y^2) / 2", "minimum"),
}


def nothing(world: World, match: re.Match) -> Wanted:
    """The values of a sentence without numbers."""
    return {}


def curve_values(chosen: Chosen, config: Config) -> list[float]:
    """One value per seed in a configuration's curves; if runs stop at a target, also for those that never reached it."""
    if chosen.goal.kind != "reached":
        return chosen.values(chosen.goal, config)
    last = [run.last("train", "loss") for run in config.completed]
    return [v for v in last if v is not None and math.isfinite(v)]


def averages(world: World, match: re.Match) -> list[list[float]]:
    """The values behind each mean or median of a figure."""
    if match.group("metric") is not None:
        if world.goal.kind == "reached":
            return [world.chosen.outcomes(world.goal, c) for c in world.chosen.configs]
        return [world.values(world.goal, c) for c in world.chosen.configs]
    if match.group("judge") is not None:
        of = world.chosen.outcomes if world.judge.kind == "reached" else world.values
        return [of(world.judge, c) for c in world.best if c.completed]
    if world.sweep.functions and "at the learning rate" in match.group("what"):
        # The same functions in each: those with a lowest value, or those without.
        left = "left the box" in match.group("what")
        best = [(task, c) for task in tasks(world) if task.saddle == left for c in task.best.values() if c is not None]
        return [curve_values(task.chosen, c) for task, c in best]
    return [curve_values(world.chosen, c) for c in world.best]


def measured(measure: Measure) -> str:
    """A measure's name with the value of a run that counts, as the beginning of a sentence."""
    when = {"last": " after the last epoch", "best": " at each run's best epoch", "reached": ""}
    return capital(measure.name) + when[measure.kind]


def averaged(measure: Measure) -> str:
    """The words for the value by which configurations are compared."""
    return f"{'median number of' if measure.kind == 'reached' else 'mean'} {measure.name}"


def spread(world: World, match: re.Match) -> Wanted:
    """`mean of 5 seeds, bands: 95% interval of the mean (Student's t)`."""
    wanted: Wanted = {name: exactly(measured(measure)) for name, measure in (("metric", world.goal), ("judge", world.judge))
                      if match.group(name) is not None}
    wanted["what"] = Shown("", lambda text: True)
    if match.group("optimum") is not None:
        wanted["optimum"] = one_of(*(FUNCTIONS[f][1] for f in world.sweep.functions))
    curves = match.group("metric") is None and match.group("judge") is None
    medians = not curves and world.goal.kind == "reached"
    values = averages(world, match)
    counts = [len(v) for v in values if v]
    bars = "bands" if curves else "bars"
    empty = exactly("")
    if not counts or max(counts) == 1:
        return wanted | {"only": exactly("one seed" if counts else "no run has finished"), "fewest": empty, "most": empty,
                         "average": empty, "spread": exactly(", so no interval" if counts and not medians else "")}
    methods = " or ".join(sorted({how for n in counts if (how := estimates.method(n))}))
    two = "from the lower to the higher"
    text = f", {bars}: 95% interval of the mean ({methods})" + (f"; of two seeds: {two}" if 2 in counts else "")
    if not methods:
        text = f", {bars} {two} of two seeds"
    return wanted | {"fewest": count(min(counts)) if min(counts) < max(counts) else empty, "most": count(max(counts)),
                     "only": empty, "average": exactly("median" if medians else "mean"),
                     # Intervals are of means.
                     "spread": empty if medians else exactly(text)}


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def left_out(world: World, match: re.Match) -> Wanted:
    """Runs of the chosen configurations that are in no mean; with crosses for diverged runs, only the others."""
    runs = [run for c in world.best for run in c.runs]
    crosses = ", the best on top: " in match.string
    lost = sum(not run.has_result for run in runs)
    diverged = 0 if crosses else sum(run.diverged for run in runs)
    verb, have = ("is" if max(diverged, lost) == 1 else "are"), ("has" if lost == 1 else "have")
    if diverged and lost:
        how = f"diverged and {lost} {have} no result: they are"
    else:
        how = f"diverged and {verb}" if diverged else f"{have} no result and {verb}"
    return {"planned": count(len(runs)), "out": count(diverged or lost), "how": exactly(how),
            "average": exactly("median" if crosses and world.judge.kind == "reached" else "mean")}


def early(runs: list[Run]) -> tuple[int, int]:
    """The numbers of runs that ended early, by early stopping and at the target."""
    ended = [run.row["stop_reason"] for run in runs if run.has_result
             and run.row["epochs_completed"] < run.spec["train"]["epochs"]]
    return ended.count("early_stopping"), ended.count("target")


def ended_early(world: World, match: re.Match) -> Wanted:
    """Runs of the chosen configurations that ended early, by reason; a mean ends with the first, a schedule with the last."""
    which = "longest run" if "Learning rate of each" in match.string else "first seed"
    runs = [run for c in world.best for run in c.runs]
    patience, at_target = early(runs)
    ended, empty = patience + at_target, exactly("")
    why = "at the target" if at_target else "by early stopping"
    if patience and at_target:
        why = f"{at_target} at the target and {patience} by early stopping"
    some = ended < len(runs)
    return {"all": count(ended) if not some and len(runs) > 1 else empty, "why": exactly(why), "which": exactly(which),
            "strong": exactly("strong " if ": pale for the first finished seed" in match.string else ""),
            "ended": count(ended) if some else empty, "planned": count(len(runs)) if some else empty}


def dots(world: World, match: re.Match) -> Wanted:
    """The meaning of the crosses among single seeds."""
    values = [v for c in world.best for v in world.chosen.outcomes(world.judge, c)]
    what, counted = {"reached": ("never reached the target", "count as infinite")}.get(
        world.judge.kind, ("diverged", "are in no mean"))
    there = any(map(math.isinf, values))
    return {"crosses": exactly(what if there else ""), "counted": exactly(counted if there else "")}


def loose(world: World) -> list[str]:
    """Labels whose learning rates were tried with different other values."""
    out = []
    for label in world.sweep.labels:
        others: dict[float, set[str]] = {}
        for config in world.chosen.of(label):
            rest = {k: v for k, v in config.runs[0].axes.items() if k not in ("optimizer.lr", "seed")}
            others.setdefault(config.rate, set()).add(json.dumps(rest, sort_keys=True))
        if len({frozenset(found) for found in others.values()}) > 1:
            out.append(label)
    return out


def rates_drawn(world: World) -> bool:
    """Whether there is a figure of learning rates."""
    return not world.apart and any(c.results for c in world.chosen.configs) and any(
        len({c.rate for c in world.chosen.of(label)}) > 1 for label in world.sweep.labels)


def at_rates(world: World) -> list[Config]:
    """The best configuration of each learning rate of each label."""
    by_rate: dict[tuple[str, float], list[Config]] = {}
    for config in world.chosen.configs:
        by_rate.setdefault((config.label, config.rate), []).append(config)
    return [choose(world.chosen, among).config for among in by_rate.values()]


def dotted(world: World) -> bool:
    """Whether any learning rate has dots of several seeds."""
    stops = world.goal.kind == "reached"
    return any(world.values(world.goal, c) and len(c.results if stops else world.values(world.goal, c)) > 1
               for c in at_rates(world))


def rates_marked(world: World) -> bool:
    """Whether the figure of learning rates has a marker, which needs a run that reached the target."""
    if world.goal.kind != "reached":
        return rates_drawn(world) and any(world.values(world.goal, c) for c in at_rates(world))
    medians = [estimates.median(world.chosen.outcomes(world.goal, c)) for c in at_rates(world) if c.completed]
    return rates_drawn(world) and (dotted(world) or any(map(math.isfinite, medians)))


def lines(world: World, match: re.Match) -> Wanted:
    stops = world.goal.kind == "reached"
    several = any(len(c.results if stops else world.values(world.goal, c)) > 1 for c in world.chosen.configs)
    average = "medians over the seeds" if stops else "means over the seeds that finished"
    average = average if several else "results of single seeds"
    average += ", a run that never reached the target counting as infinite" if stops else ""
    ring = any(c.completed and (stops or world.values(world.goal, c)) for c in world.best)
    dots = f", dots are single seeds{' that reached the target' if stops else ''}" if dotted(world) else ""
    return {"joins": exactly("Markers are" if len(loose(world)) == len(world.sweep.labels) else "Lines join"),
            "average": exactly(average), "dots": exactly(dots),
            "ring": exactly(", a ring marks each optimizer's best" if ring else "")}


def rates_shared(world: World) -> bool:
    """Whether several configurations of a label have one learning rate."""
    tried = [(c.label, c.rate) for c in world.chosen.configs]
    return len(set(tried)) < len(tried)


def without_line(world: World) -> list[str]:
    """Labels without enough results for a line."""
    return [label for label in world.sweep.labels if sum(bool(c.results) for c in world.chosen.of(label)) < 2]


def trained(world: World) -> str:
    """The quantity that training minimises."""
    return "mean value" if world.sweep.functions else "training loss"


def any_value(world: World, metrics: tuple[str, ...] | None, fits) -> bool:
    """Whether any measured value of these metrics (None: of all metrics) fits."""
    return any(fits(value) for run in world.sweep.runs for (_, metric), points in run.points.items()
               if metrics is None or metric in metrics for _, _, value in points)


def infinite(world: World) -> bool:
    """Whether a run diverged or never reached the target."""
    return any(math.isinf(v) for c in world.chosen.configs for v in world.chosen.outcomes(world.goal, c))


def lane(world: World, match: re.Match) -> Wanted:
    """The words for values that are not finite: beside runs that never reached the target, a curve may have a diverged seed."""
    if world.goal.kind != "reached":
        return {"what": exactly("diverged")}
    diverged = any(run.diverged for run in world.sweep.runs)
    return {"what": one_of("never reached the target", *(["diverged"] if diverged else []))}


def pieces(world: World, match: re.Match) -> Wanted:
    """The number of steps that each point of the training loss within an epoch averages."""
    ends = [[step for epoch, step, _ in c.completed[0].measured("train", "window_loss") if epoch == 1]
            for c in world.best if c.completed]
    widths = [steps[0] for steps in ends]
    low, high = min(widths), max(widths)
    text = f"every {high} steps" if high > 1 else "each step"
    if low < high:
        text = f"{low} to {high} steps at a time, by the size of the batches"
    if all(len(steps) == 20 for steps in ends):
        text = "each twentieth of an epoch"
    return {"pieces": exactly(text), "is": exactly("is that" if world.sweep.functions else "is the mean"),
            "of": exactly(trained(world))}


def one_epoch(world: World, match: re.Match) -> Wanted:
    """The same, and whether every line covers only one epoch."""
    lasts = [min(run.row["epochs_completed"] for run in c.completed) for c in world.best if c.completed]
    return pieces(world, match) | {"one": exactly("The lines cover one epoch, so the" if max(lasts) == 1 else "The")}


def walk(world: World, match: re.Match) -> Wanted:
    several = any(len(c.completed) > 1 for c in world.best)
    pale = ": pale for the first finished seed, strong for the mean over seeds"
    return {"pieces": pieces(world, match)["pieces"], "pale": exactly(pale if several else ""),
            "of": exactly("value" if world.sweep.functions else "training loss")}


def unfilled(world: World) -> tuple[str, bool]:
    """The reasons for crossed-out runs in the heatmap, and whether one is hatched."""
    runs = [(run, world.chosen.outcome(world.goal, run)) for run in world.sweep.runs]
    stops = world.goal.kind == "reached"
    never = stops and any(run.completed and value is not None and math.isinf(value) for run, value in runs)
    why = (["diverged"] if any(run.diverged for run, _ in runs) else []) + (["never reached the target"] if never else [])
    hatched = any(not run.diverged and (value is None or not stops and math.isinf(value)) for run, value in runs)
    return " or ".join(why), hatched


def crossed_out(world: World, match: re.Match) -> Wanted:
    why, hatched = unfilled(world)
    return {"crossed": exactly(why), "hatched": exactly(", those without a result are hatched" if hatched else "")}


def every_run(world: World, match: re.Match) -> Wanted:
    bold = ", bold the best configuration of each optimizer" if any(c.completed for c in world.best) else ""
    return {"goal": exactly(measured(world.goal)), "bold": exactly(bold)}


def draws(world: World, match: re.Match) -> Wanted:
    """The words on lines that begin late and on clipped bands; empty if every configuration has a value."""
    stops = world.judge.kind == "reached"
    values = [world.chosen.outcomes(world.judge, c) for c in world.chosen.configs if c.results]
    lacking = any(not v or math.isinf(estimates.median(v)) for v in values)
    good = "more than half of its seeds reach the target with" if stops else "does not diverge"
    begins = f"; a line begins where the median draw has a configuration that {good}"
    cut = "a band is cut at the frame where a quartile has none"
    return {"begins": one_of("", *([begins] if lacking else [])),
            "cut": one_of("", *([f"; {cut}", f", and {cut}"] if lacking else []))}


def half_lost(world: World) -> bool:
    """Whether at least half of the seeds of a configuration diverged, but not all."""
    return world.judge.kind != "reached" and any(
        0 < len(world.values(world.judge, c)) <= c.diverged for c in world.chosen.configs)


def unit(world: World, match: re.Match) -> Wanted:
    name = world.judge.name
    points = world.judge.kind != "reached" and world.judge.metric in ("accuracy", "top5_accuracy")
    return {"unit": exactly(f"percentage points of {name}" if points else name)}


def matrix(world: World) -> bool:
    """Whether there is a figure of every optimizer against every other."""
    return not world.apart and any(p.lead is not None for p in world.comparison.pairs)


def ahead_of_all(world: World) -> bool:
    """Whether a label is significantly better than every other."""
    def beats(row: Config, column: Config) -> bool:
        found, turned = world.comparison.of(row, column)
        return found.verdict == ("second is better" if turned else "first is better")

    ranked = world.comparison.ranked
    return any(all(beats(row, column) for column in ranked if column is not row) for row in ranked)


def little(world: World) -> tuple[int, int]:
    """The number of pairs with a significant difference, and of these the number below `min_effect`."""
    shown = [p for p in world.comparison.pairs if p.verdict in ("first is better", "second is better")]
    return len(shown), sum(world.comparison.small(p) for p in shown)


def small(world: World, match: re.Match) -> Wanted:
    shown, those = little(world)
    which = f"{those} of the {shown} shown {'is' if those == 1 else 'are'}"
    if those == shown:
        which = "The one shown is" if shown == 1 else f"All {shown} shown are"
    return {"which": exactly(which), "least": exact_number(world.sweep.min_effect)}


def correction(world: World, match: re.Match) -> Wanted:
    return {"pairs": count(tests) if (tests := world.comparison.tests) > 1 else exactly("")}


def power(world: World, match: re.Match) -> Wanted:
    return {"smallest": p_value(world.comparison.smallest_adjusted), "needed": exactly(seeds(world.comparison.seeds_needed))}


def raced(world: World, match: re.Match) -> Wanted:
    side = {} if match.group("target_side") else {"target_side": exactly("")}
    mean = "mean " if world.sweep.split == "train" else ""
    name = {"target_name": exactly(f"a {mean}value"), "target_side": exactly("most")} if world.sweep.functions else side
    return target(world) | name


def described(world: World, match: re.Match) -> Wanted:
    """The values of the sentence on one function."""
    function = match.group("function")
    if function not in world.sweep.functions:
        return {"function": exactly(" or ".join(world.sweep.functions))}
    return {"function": exactly(function), "detail": detail(world, function)}


def thrown(world: World, match: re.Match) -> Wanted:
    names = [[label for label, best in task.best.items() if best is None] for task in tasks(world) if task.saddle]
    return {"thrown": exactly(", ".join(next(n for n in names if n)))}


def drawn(world: World, match: re.Match) -> list[str]:
    """The functions that a caption may be about: that of its formula, or else any of the sweep."""
    functions = world.sweep.functions
    formula = re.match(r"f\(x, y\) = (.+?): one map ", match.string)
    return [f for f in functions if FUNCTIONS[f][0] == formula[1]] if formula else functions


def common_seed(task: Task) -> int | None:
    """The first seed for which the most optimizers have a path."""
    def has_path(run: Run) -> bool:
        xs, ys = ({p[1]: p[2] for p in run.measured("train", name)} for name in ("x", "y"))
        return any(math.isfinite(xs[step]) and math.isfinite(ys[step]) for step in xs.keys() & ys.keys())

    best = [c for c in task.best.values() if c is not None]
    paths = {seed: sum(run.seed == seed and has_path(run) for c in best for run in c.runs)
             for seed in task.chosen.sweep.seeds}
    most = max(paths.values())
    return next(seed for seed, n in paths.items() if n == most) if most else None


def whose(world: World, function: str) -> Wanted:
    """The seed whose paths are shown."""
    task = next(t for t in tasks(world) if t.function == function)
    seed = common_seed(task) if len(world.sweep.seeds) > 1 else None
    return {"seed": exactly("" if seed is None else str(seed))}


def one_map(world: World, match: re.Match) -> Wanted:
    """The run whose path a map shows."""
    functions = drawn(world, match)
    return whose(world, functions[0]) if functions else {"seed": exactly("that of the formula")}


def map_marks(world: World, match: re.Match) -> Wanted:
    """The meaning of the cross on a map."""
    functions = drawn(world, match)
    if not functions:
        return {"optimum": exactly("that of the formula")}
    optimum = FUNCTIONS[functions[0]][1]
    article, what = ("a", "minimum") if optimum.startswith("nearest") else ("the", optimum)
    return {"optimum": exactly(f"{article} {what}")}


def animation(world: World, match: re.Match) -> Wanted:
    return whose(world, world.sweep.functions[0]) | {"function": exactly(world.sweep.functions[0])}


def no_test(world: World, match: re.Match) -> Wanted:
    """The reason why functions are not tested."""
    several = len(world.sweep.functions) > 1
    return {"several": exactly("values of different functions cannot be compared, and a difference may be chance."
                               if several else ""),
            "one": exactly("") if several else Shown("of one function", bool)}


def unused_target(world: World, match: re.Match) -> Wanted:
    several = len(world.sweep.functions) > 1
    return {"value": exact_number(world.sweep.value),
            "why": exactly("a value means something different on each function; sweep one function to see which optimizer reaches it "
                           "first" if several else "a saddle has no value to reach")}


def may_be(world: World) -> None:
    """Neither required nor forbidden, since the sweep file may disable a figure."""
    return None


CAPTIONS = {
    "figure, spread": (spread, may_be),
    "figure, left out": (left_out, lambda w: None if any(not r.completed for c in w.best for r in c.runs) else False),
    "figure, ended early": (ended_early, lambda w: not w.apart and sum(early([r for c in w.best for r in c.runs])) > 0),
    "figure, dots": (dots, may_be),
    "figure, chosen by": (lambda w, m: {"goal": exactly(w.goal.name)},
                          lambda w: None if w.goal.split != w.judge.split else False),
    "figure, chosen by the same": (lambda w, m: {"what": exactly("number" if w.judge.kind == "reached" else "metric")},
                                   lambda w: None if w.goal.split == w.judge.split else False),
    "figure, small": (small, lambda w: matrix(w) and little(w)[1] > 0),
    "figure, no lead": (lambda w, m: {"did": exactly("reached the target" if w.judge.kind == "reached" else "completed")},
                        lambda w: matrix(w) and any(p.lead is None for p in w.comparison.pairs)),
    "figure, differences": (unit, matrix),
    "figure, correction": (correction, lambda w: matrix(w) and w.comparison.tests > 0),
    "figure, power": (power, lambda w: matrix(w) and w.comparison.underpowered and w.comparison.tests > 0),
    "figure, nothing tested": (nothing, lambda w: matrix(w) and w.comparison.tests == 0),
    "figure, significant": (lambda w, m: {"bold": exactly("; bold rows are better than every other" if ahead_of_all(w) else "")},
                            lambda w: matrix(w) and not w.comparison.underpowered),
    "figure, target": (raced, lambda w: None if race(w.chosen) else False),
    "figure, lines": (lines, rates_marked),
    "figure, loose": (lambda w, m: {"loose": exactly(listed(loose(w)))}, lambda w: rates_drawn(w) and bool(loose(w))),
    "figure, crosses": (lambda w, m: {"are": exactly("count as infinite" if w.goal.kind == "reached" else "are in no mean")},
                        lambda w: rates_drawn(w) and any(c.diverged for c in at_rates(w))),
    "figure, several values": (nothing, lambda w: rates_drawn(w) and rates_shared(w)),
    "figure, lighter": (lambda w, m: {"side": exactly("higher" if w.goal.higher else "lower")}, may_be),
    "figure, every run": (every_run, may_be),
    "figure, crossed out": (crossed_out, lambda w: None if unfilled(w)[0] else False),
    "figure, hatched": (nothing, lambda w: None if not unfilled(w)[0] and unfilled(w)[1] else False),
    "figure, tuning": (lambda w, m: {"judge": exactly(capital(w.judge.name)), "goal": exactly(averaged(w.goal))}, may_be),
    "figure, no line": (lambda w, m: {"labels": exactly(listed(without_line(w)))}, lambda w: None if without_line(w) else False),
    "figure, lane of zeros": (nothing, lambda w: None if any_value(w, None, lambda v: v == 0.0) else False),
    "figure, lane of all": (nothing, lambda w: None if any_value(w, FIGURES, lambda v: v > 1 - 1e-9) else False),
    "figure, lane of the infinite": (lane, lambda w: None if infinite(w) else False),
    "figure, cut": (nothing, lambda w: None if any(len(c.completed) > 1 for c in w.chosen.configs) else False),
    "figure, medians": (draws, may_be),
    "figure, half lost": (nothing, lambda w: None if half_lost(w) else False),
    "figure, noise": (walk, may_be),
    "figure, pieces": (one_epoch, lambda w: not w.apart and any(c.completed for c in w.best)),
    "figure, epoch mean": (nothing, lambda w: False if w.sweep.functions else None),
    "figure, epoch 0": (nothing, lambda w: False if w.sweep.functions else None),
    "figure, value of an epoch": (nothing, lambda w: None if w.sweep.functions else False),
    "figure, value at epoch 0": (nothing, lambda w: None if w.sweep.functions else False),
    "figure, never": (nothing, lambda w: None if any(r.reached < r.runs for r in race(w.chosen)) else False),
    "figure, thrown": (thrown, lambda w: None if w.apart else False),
    "figure, animation": (animation, lambda w: None if w.sweep.functions else False),
    "figure, one map": (one_map, lambda w: None if w.sweep.functions else False),
    "figure, marks": (map_marks, lambda w: None if w.sweep.functions else False),
    "figure, schedule": (nothing, lambda w: None if all(r.spec["schedule"]["kind"] != "plateau" for r in w.sweep.runs) else
                         False),
    "function": (described, lambda w: None if w.apart else False),
    "functions, cells": (nothing, lambda w: any(not t.saddle for t in tasks(w)) if w.sweep.functions else False),
    "functions, saddle": (nothing, lambda w: any(t.saddle for t in tasks(w)) if w.sweep.functions else False),
    "functions, no test": (no_test, lambda w: w.apart),
    "functions, target": (unused_target, lambda w: w.apart and w.sweep.value is not None),
    **{f"figure, {name}": (nothing, may_be) for name in (
        "error rate", "sign", "each at", "short steps", "near", "lane beyond")},
}
