"""The expected rows of each table of a report."""

import math
import re
from functools import cache

import estimates
from choosing import Config
from edges import Edge, Reach, key_value, reach, tuning
from pairs import Pair
from race import CLOCKS, seconds_compare
from tables import (ALL_EQUAL, BOLD, Cell, bounds, capital, mean_and_deviation, median_of, runs_of, shown_by, times, train_seconds, training)
from world import World, short
from written import (MINUS, NOTHING, Shown, count, digits, exactly, is_percentage, listed, metric, number, p_value,
                     percent, seconds, time)

Rows = list[tuple[str, dict[str, Cell]]]


def value_or(measure, value: float | None, never: str) -> Shown:
    """A value of a measure; the word `never` if it is infinite."""
    if value is not None and math.isinf(value):
        return exactly(never)
    return metric(shown_by(measure), value)


def note(world: World, config: Config) -> Cell:
    """Edges with values to add, and missing seeds."""
    notes, wanted = [], {}
    for i, edge in enumerate(world.edges[config.label]):
        pattern, values = advice(edge, f"e{i}", named=edge.path != "optimizer.lr")
        notes.append(pattern)
        wanted |= values
    tied = len(world.chosen.choices[config.label].tied)
    valued = key_value(world.chosen, world.goal, config) is not None or world.goal.kind == "reached" and config.completed
    if tied > 1 and world.tried[config.label] > 1 and valued:
        notes.insert(0, r"one of (?P<tied>[\d,]+) equally good")
        wanted["tied"] = count(tied)
    lost = len(config.runs) - len(config.results)
    for name, n, words in (("diverged", config.diverged, "seeds diverged"), ("lost", lost, "seeds have no result")):
        if n:
            notes.append(rf"(?P<{name}>\d+) of (?P<of_{name}>\d+) {words}")
            wanted |= {name: count(n), f"of_{name}": count(len(config.runs))}
    return "; ".join(notes), wanted


def advice(edge: Edge, group: str, named: bool) -> tuple[str, dict[str, Shown]]:
    """`lowest tried; add 0.003 and 0.001, and 0.1 in the gap beside it`, followed by the values of zipped lists."""
    wanted = {}

    def values(name: str, numbers: list[float], most: int = edge.digits) -> str:
        for i, value in enumerate(numbers):
            wanted[f"{group}{name}{i}"] = digits(value, most)
        return listed([rf"(?P<{group}{name}{i}>[\d.e-]+)" for i in range(len(numbers))])

    side = f"{edge.side} tried" if edge.side else ""
    parts = []
    if edge.beyond:
        parts.append(f"add {values('b', edge.beyond)}")
    if edge.gaps:
        parts.append(f"{'' if edge.beyond else 'add '}{values('g', edge.gaps)} in the gap beside it")
    joined = ", and ".join(parts)
    if edge.partners and parts:
        n = len(edge.beyond) + len(edge.gaps)
        lists = []
        for i, (key, numbers, most) in enumerate(edge.partners):
            needed = values(f"p{i}v", numbers, most) if numbers else "a value" if n == 1 else f"{n} values"
            lists.append(f"{needed} to {re.escape(key)}")
        joined += f", and {listed(lists)}, which {'is' if len(lists) == 1 else 'are'} zipped with it"
    first = re.escape(edge.name) if named else ""
    if side:
        first += f"{' ' if named else ''}(?P<{group}side>lowest tried|highest tried)"
        wanted[f"{group}side"] = exactly(side)
    return "; ".join(part for part in (first, joined) if part), wanted


@cache
def best_table(world: World) -> Rows:
    """The rows of each optimizer at its best."""
    goal, judge, rows = world.goal, world.judge, []
    bold, spread_of = world.bold, ", mean \u00b1 sd" if len(world.sweep.seeds) > 1 else ""
    for config in world.best:
        judged, chosen_by = world.values(judge, config), world.values(goal, config)
        named = world.scheduled(config)
        reached = judge.kind == "reached"
        middle = median_of(world, config) if reached or len(config.results) > 2 else None
        cells: dict[str, Cell] = {
            "Optimizer": exactly(config.label),
            "Chosen configuration": exactly(named if chosen_by or config.completed else NOTHING),
            "Chosen from": count(world.tried[config.label]),
            "Seeds": runs_of(config),
            f"{capital(judge.name)}{spread_of}": mean_and_deviation(shown_by(judge), judged),
            "95% interval": bounds(shown_by(judge), judged, world.whole),
            "Median": value_or(judge, middle, "never" if reached else "diverged"),
            "IQM": metric(shown_by(judge), estimates.middle_mean(judged) if len(judged) > 2 else None),
            "Reached the target": (r"(?P<reached>\d+) of (?P<of>\d+)", {
                "reached": count(len(judged)), "of": count(len(config.results))}) if reached else exactly(""),
            f"Chosen by: {goal.name}": exactly("") if goal == judge else mean_and_deviation(goal.metric, chosen_by),
            "Training time a run": times(train_seconds(config)),
            "Note": note(world, config),
            BOLD: {"Optimizer": any(config is c for c in bold)},
        }
        # The test accuracy has no column if it is the judged metric.
        if judge.path != "test.accuracy" or judge.kind != "last":
            cells[test_accuracy(world)] = mean_and_deviation("accuracy", world.last(config, "test", "accuracy"))
        if goal.path != "train.loss":
            cells[training(world)] = mean_and_deviation("loss", world.last(config, "train", "loss"))
        rows.append((config.label, cells))
    return rows


def test_accuracy(world: World) -> str:
    """The header of the test accuracy, which is not the judged metric if runs stop at the target."""
    return "Test accuracy" + {"reached": " at the end", "best": " after the last epoch", "last": ""}[world.goal.kind]


def signed(name: str, value: float | None, slack: float = 0.0) -> Shown:
    """A lead with its sign."""
    if value is None:
        return exactly(NOTHING)
    scale = 100.0 if is_percentage(name) else 1.0
    plain = number(value, scale, slack=slack)
    sign = MINUS if value < 0 else "+" if value > 0 else ""
    near_zero = abs(value) <= slack

    def fits(text: str) -> bool:
        return plain.fits(text) and (text.startswith(sign) or near_zero)

    return Shown(f"{sign}{abs(value) * scale:.10g}", fits)


@cache
def comparison_table(world: World) -> Rows:
    """The rows of all pairwise comparisons."""
    name, rows = shown_by(world.judge), []
    fewer = any(pair.completed < len(pair.differences) for pair in world.comparison.pairs)
    mixed = any(decided_by(pair) != "sign flips" for pair in world.comparison.pairs)
    for pair in world.comparison.pairs:
        found, by = pair.interval, decided_by(pair)
        p, significant = pair.deciding.p if pair.deciding else None, pair.verdict in ("first is better", "second is better")
        interval: Cell = exactly(NOTHING)
        if found and estimates.deviation(pair.finite) == 0:
            interval = exactly(ALL_EQUAL)
        elif found:
            ends = []
            for side, value in enumerate((found.low, found.high)):
                near, more = signed(name, value, found.slack[side]), None
                if found.method == "BCa bootstrap":
                    again = estimates.again(found, pair.finite, world.whole)
                    more = signed(name, (again.low, again.high)[side], again.slack[side])
                ends.append(Shown(near.want, lambda text, near=near, more=more: near.fits(text) or bool(more and more.fits(text))))
            interval = r"(?P<low>\S+) to (?P<high>\S+)", {"low": ends[0], "high": ends[1]}
        won = pair.won
        rows.append((f"{pair.first.label} and {pair.second.label}", {
            "First": exactly(pair.first.label),
            "Second": exactly(pair.second.label),
            "Lead in points" if is_percentage(name) else "Lead": signed(name, pair.lead),
            "95% interval": interval,
            "Seeds in the lead": count(pair.completed) if fewer else exactly(NOTHING),
            "Seeds compared": count(len(pair.differences)),
            "Seeds won": exactly(NOTHING) if pair.unpaired else (
                r"(?P<won>\d+) of (?P<of>\d+)", {"won": count(won), "of": count(len(pair.differences))}),
            "Probability of improvement": number(pair.improvement),
            "p, sign flips": p_value(p if by == "sign flips" else None),
            "p, permutation": p_value(p if by == "permutation" else None),
            "p, ranks": p_value(p if by == "ranks" else None),
            "Decided by": exactly(by if mixed else ""),
            "p, Holm": p_value(pair.adjusted),
            "p, Wilcoxon": p_value(pair.ranks.p if pair.ranks else None),
            "p, Wilcoxon, Holm": p_value(pair.ranks_adjusted),
            "Verdict": exactly("level" if pair.deciding and pair.deciding.n == 0 and not pair.unpaired else pair.verdict + (
                ", by less than matters" if world.comparison.small(pair) else "")),
            BOLD: {"First": pair.verdict == "first is better", "Second": pair.verdict == "second is better",
                   "p, Holm": significant, "Verdict": significant},
        }))
    return rows


def decided_by(pair: Pair) -> str:
    """The short name of the deciding test."""
    if pair.unpaired:
        return "ranks" if pair.diverged else "permutation"
    return "signed ranks" if pair.diverged else "sign flips"


@cache
def race_table(world: World) -> Rows:
    """The rows of the time to target."""
    compare, rows = seconds_compare(world.chosen), []
    for racer in world.race:
        cells: dict[str, Cell] = {
            "Optimizer": exactly(racer.config.label),
            "Configuration": exactly(world.describe(racer.config)),
            "Runs that reached it": (r"(?P<reached>\d+) of (?P<of>\d+)",
                                     {"reached": count(racer.reached), "of": count(racer.runs)}),
        }
        for clock in CLOCKS[:3]:
            samples = clock == "samples" and world.judge.function
            cells[f"Median {clock}"] = exactly(NOTHING) if samples else time(racer.medians[clock], clock)
        cells["Median training time"] = time(racer.medians["seconds"] if compare else None, "seconds")
        unit = "steps" if world.judge.function else "samples"
        cells[f"Fastest of its configurations, median {unit}"] = time(racer.fastest[1] if racer.fastest else None, "samples")
        cells["Which"] = exactly(world.describe(racer.fastest[0]) if racer.fastest else NOTHING)
        rows.append((racer.config.label, cells))
    return rows


@cache
def config_table(world: World) -> Rows:
    """The rows of all configurations."""
    goal, judge, rows = world.goal, world.judge, []
    spread_of = ", mean \u00b1 sd" if len(world.sweep.seeds) > 1 else ""
    for config in world.chosen.configs:
        choice = world.chosen.choices[config.label]
        best = not world.apart and choice.config is config and bool(config.completed)
        lost = len(config.runs) - len(config.results)
        judged = world.values(judge, config)
        cells: dict[str, Cell] = {
            "Optimizer": exactly(config.label),
            "Configuration": exactly(world.describe(config)),
            "Learning rate": exactly(short(config.rate)),
            "Schedule": exactly(world.schedule(config)),
            "Completed": runs_of(config),
            "Diverged": count(config.diverged) if config.diverged else exactly(NOTHING),
            "Divergence rate": percent(config.diverged / max(1, len(config.results))) if config.diverged else exactly(NOTHING),
            "No result": count(lost) if lost else exactly(NOTHING),
            f"{capital(goal.name)}{spread_of}": mean_and_deviation(shown_by(goal), world.values(goal, config)),
            "Median": value_or(judge, median_of(world, config), "never" if judge.kind == "reached" else "diverged"),
            training(world): exactly("") if goal.path == "train.loss"
            else mean_and_deviation("loss", world.last(config, "train", "loss")),
            "Training time a run": times(train_seconds(config)),
            "Note": exactly("chosen" if best else ""),
            BOLD: {"Optimizer": best},
        }
        if judge != goal:
            cells[f"{capital(judge.name)}{spread_of}"] = mean_and_deviation(judge.metric, judged)
        rows.append((f"{config.label} {world.describe(config)}", cells))
    if not any("," in world.describe(config) for config in world.chosen.configs):
        for _, cells in rows:
            cells["Configuration"] = exactly(NOTHING)
    return rows


@cache
def diverged_table(world: World) -> Rows:
    """The rows of diverged runs."""
    rows = []
    for config in world.chosen.configs:
        for run in config.runs:
            if run.diverged:
                step, spec = run.row["diverged_step"], run.spec["data"]
                batches = run.samples[0] if run.function else math.ceil(run.samples_an_epoch / spec["batch_size"])
                rows.append((f"{config.label} {run.seed}", {
                    "Optimizer": exactly(config.label),
                    "Configuration": exactly(world.describe(config)),
                    "Seed": exactly(str(run.seed)),
                    "Diverged at step": count(step),
                    "In epoch": count(math.ceil(step / batches)),
                    "Run": exactly(run.run_id[:8]),
                }))
    return rows


@cache
def ledger_table(world: World) -> Rows:
    """The rows of each label's budget and cost."""
    def device(runs):
        return math.fsum((run.row["train_seconds"] or 0) + (run.row["eval_seconds"] or 0) for run in runs)

    everything, rows = device(world.sweep.runs), []
    for label in world.sweep.labels:
        runs = [run for run in world.sweep.runs if run.label == label]
        train = math.fsum(run.row["train_seconds"] or 0 for run in runs)
        epochs = sum(run.row["epochs_completed"] or 0 for run in runs)
        rows.append((label, {
            "Optimizer": exactly(label),
            "Configurations": count(len(world.chosen.of(label))),
            "Runs": count(len(runs)),
            "Completed": count(sum(run.completed for run in runs)),
            "Diverged": count(sum(run.diverged for run in runs)),
            "No result": count(sum(not run.has_result for run in runs)),
            "Epochs trained": count(epochs),
            "Optimizer steps": count(sum(run.row["steps"] or 0 for run in runs)),
            "Training time": seconds(train),
            "Device time": seconds(device(runs)),
            "Share of device time": percent(device(runs) / everything) if everything else exactly(NOTHING),
            "Training time an epoch": seconds(train / epochs if epochs else None),
        }))
    return rows


@cache
def grid_table(world: World) -> Rows:
    """The rows of each label's learning rates."""
    rows = []
    tolerance = f"{world.sweep.tolerance * 100:g}%"
    for config in world.best:
        label = config.label
        grid = sorted({c.rate for c in world.chosen.of(label)})
        found, curve = reach(world.chosen, label), tuning(world.chosen, label)
        if curve is None and world.tried[label] > 1:
            curve = world.judge.worst, world.judge.worst
        near: Cell = exactly(NOTHING)
        if found and found.alone:
            near = r"(?P<low>\S+) alone", {"low": digits(config.rate, 3)}
        elif found:
            near = r"(?P<low>\S+) to (?P<high>\S+)", {"low": digits(found.low, 3), "high": digits(found.high, 3)}
        never = "never" if world.judge.kind == "reached" else "diverged"
        rows.append((label, {
            "Optimizer": exactly(label),
            "Tried": count(len(grid)),
            "Learning rates tried": digits(grid[0], 3) if len(grid) == 1 else (
                r"(?P<low>\S+) to (?P<high>\S+)", {"low": digits(grid[0], 3), "high": digits(grid[-1], 3)}),
            "Best": digits(config.rate, 3) if config.completed else exactly(NOTHING),
            f"Learning rates within {tolerance} of the best": near,
            "Decades": ((r"at least " if found.open else "") + r"(?P<decades>\S+)", {"decades": decades(found)})
            if found and not found.alone else exactly(NOTHING),
            "One at random, median": value_or(world.judge, curve[0] if curve else None, never),
            "Chosen from all": value_or(world.judge, curve[1] if curve else None, never),
            "To add": to_add(world, label),
        }))
    return rows


def decades(found: Reach) -> Shown:
    """Two significant digits, rounded down if the range extends beyond the grid."""
    wide = found.decades
    unit = 10.0 ** (math.floor(math.log10(wide)) - 1)
    return digits(math.floor(wide / unit + 1e-9) * unit if found.open else wide, 2)


def to_add(world: World, label: str) -> Cell:
    """Values to add to the grid of a label."""
    patterns, wanted = [], {}
    for i, edge in enumerate(world.edges[label]):
        pattern, values = advice(edge, f"e{i}", named=edge.path != "optimizer.lr")
        patterns.append(pattern)
        wanted |= values
    return "; ".join(patterns), wanted


@cache
def failure_table(world: World) -> Rows:
    """The rows of runs without a result."""
    rows = []
    for config in world.chosen.configs:
        for run in config.runs:
            if not run.has_result and run.row["status"] != "missing":
                rows.append((f"{config.label} {run.seed}", {
                    "Optimizer": exactly(config.label),
                    "Configuration": exactly(world.describe(config)),
                    "Seed": exactly(str(run.seed)),
                    "Status": exactly(run.row["status"].replace("_", " ")),
                    "Message": exactly(run.row["error"] or ""),
                    "Run": exactly(run.run_id[:8]),
                }))
    return rows
