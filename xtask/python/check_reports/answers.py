"""The expected answer of a report: the headline, its confidence, its cost and its qualifications."""

import math
import re
from functools import cache

import estimates
from choosing import Config, called
from pairs import Pair
from shown_tables import advice
from tables import ALL_EQUAL, bounds, shown_by
from world import World
from written import (Shown, count, exact_number, exactly, listed, metric, p_value, percent, seconds, seeds, spread, time)

Wanted = dict[str, Shown]


def means(world: World, config) -> list[float]:
    return world.values(world.judge, config)


def valued(world: World) -> bool:
    """Whether the first label has a value to report."""
    ranked = world.comparison.ranked
    return bool(ranked) and (bool(means(world, ranked[0])) or
                             world.judge.kind == "reached" and any(run.completed for run in world.sweep.runs))


def lead(world: World) -> Pair | None:
    return world.comparison.pairs[0] if world.comparison.pairs else None


def same_digits(world: World, pair: Pair) -> bool:
    """Whether the means of two labels are equal as written."""
    values = [estimates.mean(means(world, config)) for config in (pair.first, pair.second)]
    name = shown_by(world.judge)
    if name in ("accuracy", "top5_accuracy"):
        return f"{values[0] * 100:.2f}" == f"{values[1] * 100:.2f}"
    return f"{values[0]:.3e}" == f"{values[1]:.3e}"


def level_with(world: World, pair: Pair | None) -> bool:
    """Whether two labels are level: no difference is significant, and no seed differs or the means read the same."""
    if pair is None or pair.verdict in ("first is better", "second is better") or pair.diverged:
        return False
    nothing_differs = bool(pair.differences) and pair.level == len(pair.differences) and not pair.unpaired
    return nothing_differs or same_digits(world, pair)


def in_front_of_all(world: World) -> list[Config]:
    """Labels in bold: the first and those level with it; empty if no run has a value."""
    ranked = world.comparison.ranked
    if not ranked or not means(world, ranked[0]):
        return []
    first = ranked[0]
    pairs = [p for p in world.comparison.pairs if p.first is first]
    if world.judge.kind == "reached":
        def standing(config: Config):
            return estimates.median(world.chosen.outcomes(world.judge, config)), len(means(world, config))

        def level(pair: Pair) -> bool:
            shown = pair.verdict in ("first is better", "second is better")
            same = standing(pair.first) == standing(pair.second)
            return not shown and (same or pair.level == len(pair.differences))
    else:
        def level(pair: Pair) -> bool:
            return bool(means(world, pair.second)) and level_with(world, pair)
    if not pairs or not level(pairs[0]):
        return [first]
    return [first, *(p.second for p in pairs if level(p))]


def front(world: World) -> list[Config]:
    """The first label with those that are level with it."""
    first = world.comparison.ranked[0]
    return [first, *(p.second for p in world.comparison.pairs if p.first is first and level_with(world, p))]


@cache
def headline(world: World) -> str:
    """The kind of the correct headline."""
    if world.apart:
        return "functions"
    if not valued(world):
        return "all diverged"
    pair, ranked = lead(world), world.comparison.ranked
    shown = pair is not None and pair.verdict in ("first is better", "second is better")
    nothing_differs = pair is not None and bool(pair.differences) and pair.level == len(pair.differences)
    if world.judge.kind == "reached":
        if not means(world, ranked[0]):
            return "nobody reached it"
        if pair is None:
            return "reached alone"
        keys = [(estimates.median(world.chosen.outcomes(world.judge, c)), len(means(world, c))) for c in ranked[:2]]
        return "reached level" if not shown and (keys[0] == keys[1] or nothing_differs) else "reached"
    if pair is None:
        return "alone"
    if not means(world, pair.second):
        return "second diverged"
    if level_with(world, pair):
        return "level"
    if pair.lead is not None and pair.lead >= 0:
        return "lead"
    if pair.second.diverged:
        return "second diverged with some"
    return "behind" if pair.lead is not None else "other seeds"


@cache
def certainty(world: World) -> str | None:
    """The kind of the sentence on the confidence in the lead."""
    pair = lead(world)
    if world.apart or not valued(world) or pair is None:
        return None
    if pair.deciding is None:
        return "too few"
    if pair.deciding.n == 0:
        return "level"
    return {"first is better": "better", "second is better": "worse", "underpowered": "underpowered",
            "no difference shown": "not shown", "too few seeds": "too few"}[pair.verdict]


def beaten(world: World) -> list[str]:
    """Labels after the second that the first significantly beats."""
    first, second = world.comparison.ranked[:2]
    return [p.second.label for p in world.comparison.pairs
            if p.first is first and p.second is not second and p.verdict == "first is better"]


@cache
def others(world: World) -> str | None:
    """The kind of the sentence on the labels after the second."""
    kind = certainty(world)
    if kind in (None, "too few", "worse") or len(world.comparison.ranked) == 2:
        return None
    rest, also = len(world.comparison.ranked) - 2, beaten(world)
    if kind == "better":
        return None if not also else "all others" if len(also) == rest else "some others"
    if not also:
        return None if kind == "underpowered" else "none of the others"
    return "some others"


def first_value(world: World) -> Wanted:
    """`mean test accuracy of 98.05% over 5 seeds (95% interval 97.95–98.15%)`."""
    config, name = world.comparison.ranked[0], shown_by(world.judge)
    values = means(world, config)
    wanted = {"first": exactly(config.label), "metric": exactly(world.judge.name),
              "mean": metric(name, estimates.mean(values)), "n": exactly(seeds(len(values)))}
    interval = bounds(name, values, world.whole)
    if isinstance(interval, tuple):
        return wanted | interval[1] | {"equal": exactly("")}
    equal = len(values) > 2 and estimates.deviation(values) == 0
    return wanted | {"low": exactly(""), "high": exactly(""), "equal": exactly(ALL_EQUAL if equal else "")}


def came(world: World) -> Shown:
    pair = lead(world)
    won = pair.verdict == "first is better" and not world.comparison.small(pair)
    return exactly("won" if won else "came first")


def target(world: World, suffix: str = "") -> Wanted:
    """The target with its value."""
    sweep = world.sweep
    split = "training" if sweep.split == "train" else sweep.split
    name = "value" if world.judge.function else f"{split} {called(sweep.metric)}"
    return {f"target_name{suffix}": exactly(name),
            f"target_side{suffix}": exactly("least" if sweep.higher else "most"),
            f"target_value{suffix}": percent(sweep.value) if sweep.metric in ("accuracy", "top5_accuracy")
            else exact_number(sweep.value)}


def when(world: World) -> Wanted:
    """The time at which the first label reached the target."""
    config = world.comparison.ranked[0]
    reached, outcomes = means(world, config), world.chosen.outcomes(world.judge, config)
    median = estimates.median(outcomes)
    if math.isfinite(median):
        return target(world) | {"median": time(median, "samples"), "reached": count(len(reached)),
                                "runs": exactly(seeds(len(outcomes)))}
    return target(world, "2") | {"few": count(len(reached)), "few_of": exactly(seeds(len(outcomes)))}


def headline_parts(world: World, match: re.Match) -> Wanted:
    """The numbers of the headline, for every kind."""
    kind, judge = headline(world), world.judge
    if kind == "all diverged":
        return {"runs": count(len(world.sweep.runs))}
    if kind == "functions":
        many = len(world.sweep.functions)
        return {"labels": count(len(world.sweep.labels))} | (
            {"functions": count(many)} if many > 1 else {"function": exactly(world.sweep.functions[0])})
    if kind == "nobody reached it":
        return target(world)
    if kind.startswith("reached"):
        wanted = {"first": exactly(world.comparison.ranked[0].label)} | when(world)
        if kind == "reached alone":
            return wanted
        second = lead(world).second
        wanted["second"] = exactly(second.label)
        if kind == "reached level":
            return wanted | {"again": wanted["first"]}
        outcomes = world.chosen.outcomes(judge, second)
        median = estimates.median(outcomes)
        ours = estimates.median(world.chosen.outcomes(judge, world.comparison.ranked[0]))
        as_many = {"as_many": count(len(means(world, second))), "as_many_of": exactly(seeds(len(outcomes)))}
        theirs = as_many if math.isfinite(median) and median == ours else {
            "theirs": time(median, "samples")} if math.isfinite(median) else {
            "their_reached": count(len(means(world, second))), "their_runs": exactly(seeds(len(outcomes)))}
        return wanted | {"came": came(world)} | theirs
    wanted = first_value(world)
    if kind == "alone":
        return wanted
    if kind == "level":
        return wanted | in_front(world)
    pair = lead(world)
    wanted["second"] = exactly(pair.second.label)
    theirs = metric(shown_by(judge), estimates.mean(means(world, pair.second)))
    gap = spread(shown_by(judge), abs(pair.lead)) if pair.lead is not None else None
    on = exactly(seeds(pair.completed))
    return wanted | {
        "second diverged": lambda: {"came": came(world), "lost": exactly(seeds(pair.second.diverged))},
        "lead": lambda: {"came": came(world), "gap": gap, "side": exactly("more" if judge.higher else "less"),
                         "on": on if not pair.unpaired and pair.completed < len(world.sweep.seeds) else exactly("")},
        "second diverged with some": lambda: {"theirs": theirs},
        "behind": lambda: {"on": on, "gap": gap},
        "other seeds": lambda: {"theirs": theirs},
    }[kind]()


def in_front(world: World) -> Wanted:
    """The labels level in front, and whose value follows if their values do not read the same."""
    configs = front(world)
    pairs = [p for p in world.comparison.pairs if p.first is configs[0] and p.second in configs]
    alike = all(same_digits(world, p) for p in pairs)
    return {"front": exactly(listed([c.label for c in configs])), "again": exactly("" if alike else configs[0].label)}


def record(pair: Pair) -> Wanted:
    """`adam beat sgd on 4 of 6 seeds, level on 1`; empty if seeds do not pair."""
    nothing = exactly("")
    if pair.unpaired:
        return {name: nothing for name in ("record_first", "record_second", "won", "record", "level")}
    return {"record_first": exactly(pair.first.label), "record_second": exactly(pair.second.label), "won": count(pair.won),
            "record": exactly(seeds(len(pair.differences))), "level": count(pair.level) if pair.level else nothing}


def test_name(world: World, pair: Pair) -> Shown:
    """The deciding test, with the reason if it is a rank test."""
    ranks = pair.diverged > 0
    name = ("permutation test of ranks" if ranks else "permutation test") if pair.unpaired else (
        "signed-rank test" if ranks else "paired sign-flip permutation test")
    why = ""
    if ranks:
        what = "never reached the target" if world.judge.kind == "reached" else "diverged"
        why = f", in which a run that {what} is worse than any other"
    return exactly(name + why)


def tested(world: World, match: re.Match) -> Wanted:
    """The p-value of the first two labels with its test."""
    pair, comparison = lead(world), world.comparison
    return {"first": exactly(pair.first.label), "second": exactly(pair.second.label), "p": p_value(pair.adjusted),
            "tests": count(comparison.tests) if comparison.tests > 1 else exactly(""), "test": test_name(world, pair),
            "compared": exactly(seeds(len(pair.differences)) if pair.unpaired else "")} | record(pair)


def underpowered(world: World, match: re.Match) -> Wanted:
    """The numbers of the sentence on too few seeds."""
    pair, comparison = lead(world), world.comparison
    compared, differing, nothing = len(pair.differences), pair.deciding.n, exactly("")
    wanted = {"smallest": p_value(pair.deciding.smallest), "needed": exactly(seeds(comparison.needed(pair)))} | record(pair)
    if comparison.tests > 1:
        wanted |= {"corrected": p_value(min(1.0, pair.deciding.smallest * comparison.tests)), "tests": count(comparison.tests)}
    else:
        wanted |= {"corrected": nothing, "tests": nothing}
    if not pair.unpaired and differing < compared:
        again = count(differing) if differing > 1 else nothing
        return wanted | {"differing": count(differing), "compared": exactly(seeds(compared)), "again": again, "seeds": nothing}
    return wanted | {"seeds": exactly(seeds(compared)), "differing": nothing, "compared": nothing, "again": nothing}


def some_others(world: World, match: re.Match) -> Wanted:
    """The labels after the second that the first significantly beats."""
    return {"first": exactly(world.comparison.ranked[0].label), "beaten": exactly(listed(beaten(world))),
            "too": exactly(" too" if certainty(world) == "better" else "")}


def too_few(world: World, match: re.Match) -> Wanted:
    pair = lead(world)
    what = "one seed" if pair.differences else "no seed has a result with both, which"
    return {"what": exactly(what), "first": exactly(pair.first.label)}


def level(world: World, match: re.Match) -> Wanted:
    pair = lead(world)
    n = len(pair.differences)
    return {"first": exactly(pair.first.label), "second": exactly(pair.second.label),
            "both": exactly("both seeds" if n == 2 else ""), "seeds": exactly("" if n == 2 else seeds(n))}


def cost(world: World, match: re.Match) -> Wanted:
    """Configurations, runs and time of the first label, and its way to the target."""
    config = world.comparison.ranked[0]

    def device(runs):
        return math.fsum((run.row["train_seconds"] or 0) + (run.row["eval_seconds"] or 0) for run in runs)

    own = [run for run in world.sweep.runs if run.label == config.label]
    configs, one = len(world.chosen.of(config.label)), estimates.mean([r.row["train_seconds"] for r in config.completed])
    nothing = exactly("")
    wanted = {"configs": count(configs) if configs > 1 else nothing, "runs": count(sum(run.has_result for run in own)),
              "first": exactly(config.label), "own": seconds(device(own)),
              "all": seconds(device(world.sweep.runs)) if len(world.sweep.labels) > 1 else nothing,
              "one": seconds(one) if one is not None else nothing}
    racer = next((r for r in world.race if r.config is config), None)
    groups = ["epochs", "reached", "of", "few", "few_of", "none_of"]
    told: Wanted = {}
    if racer is not None:
        if math.isfinite(racer.medians["epochs"]):
            told = target(world) | {"epochs": time(racer.medians["epochs"], "epochs"), "reached": count(racer.reached),
                                    "of": count(racer.runs)}
        elif racer.reached:
            told = target(world, "2") | {"few": count(racer.reached), "few_of": count(racer.runs)}
        elif racer.runs == 1:
            told = target(world, "3")
        else:
            told = target(world, "4") | {"none_of": count(racer.runs)}
    return wanted | {group: nothing for group in groups} | told


def choice(world: World, match: re.Match) -> Wanted:
    """The first label's configuration and its selection metric."""
    config, goal = world.comparison.ranked[0], world.goal
    tried = world.tried[config.label]
    by = {"reached": f"the median number of {goal.name}, then by how many seeds reached it",
          "last": f"mean {goal.name}" if len(world.sweep.seeds) > 1 else goal.name,
          "best": f"mean {goal.name} at each run's best epoch"}[goal.kind]
    return {"first": exactly(config.label), "config": exactly(world.scheduled(config)),
            "tried": count(tried) if tried > 1 else exactly(""), "by": exactly(by if tried > 1 else "")}


def ties(world: World, match: re.Match) -> Wanted:
    """The number of tied configurations, and the rule that decided."""
    chosen = world.chosen.choices[world.comparison.ranked[0].label]
    why = {"loss": "has the lowest mean validation loss", "order": "comes first in the sweep file",
           "rate": "has the learning rate nearest the middle of those left, on a log scale"}[chosen.by]
    return {"tied": count(len(chosen.tied)), "why": exactly(why)}


def advised(world: World, at_edge: bool) -> tuple[list, tuple]:
    """Axes to extend, and the pattern of the sentence about them, by label."""
    found, labels, wanted = [], [], {}
    for label, own in world.edges.items():
        parts = []
        for edge in own:
            if bool(edge.side) == at_edge:
                pattern, values = advice(edge, f"e{len(found)}", named=False)
                found.append((label, edge))
                parts.append(rf"{re.escape(edge.name)} \({pattern}\)")
                wanted |= values
        if parts:
            labels.append(f"{re.escape(label)}\u2019s {listed(parts)}")
    return found, ("; ".join(labels), wanted)


def edges(world: World, match: re.Match) -> Wanted:
    """The values at the edge of their grid."""
    found, parts = advised(world, True)
    rates = all(edge.path == "optimizer.lr" for _, edge in found)
    what = {(True, True): "learning rate lies", (True, False): "learning rates lie", (False, True): "value lies",
            (False, False): "values lie"}[rates, len(found) == 1]
    return {"what": exactly(what), "edges": parts}


def gaps(world: World, match: re.Match) -> Wanted:
    return {"gaps": advised(world, False)[1]}


def diverged(world: World, match: re.Match) -> Wanted:
    """Labels that diverged at their chosen configuration."""
    some = [f"{c.label} ({c.diverged} of {seeds(len(c.runs))})" for c in world.best if c.diverged]
    return {"diverged": exactly(listed(some))}
