"""The expected values of each sentence of a report, and the sentences that must occur."""

import re
from functools import cache
from typing import Callable

import answers
from after_choice import RESAMPLES, choice_table
import estimates
from choosing import called, validation_loss
from captions import CAPTIONS, averaged, early
from answers import Wanted, certainty, headline, lead, others, target, valued
from significance import ALPHA
from edges import reach
from world import World
from written import count, exactly, listed, number, p_value, percent, seeds

FIXED: Wanted = {}


def nothing(world: World, match: re.Match) -> Wanted:
    """The values of a sentence without numbers."""
    return FIXED


def fallback(world: World, match: re.Match) -> Wanted:
    sweep = world.sweep
    wanted = f"{'training' if sweep.split == 'train' else sweep.split} {called(sweep.metric)}"
    return {"wanted": exactly(wanted[0].upper() + wanted[1:]), "goal": exactly(world.goal.name)}


def finished(world: World) -> list[int]:
    """Numbers of seeds behind the values of each chosen configuration, including those that never reached the target."""
    reached = world.judge.kind == "reached"
    return [len(c.results) if reached else len(world.values(world.judge, c)) for c in world.comparison.ranked]


def uneven(world: World, match: re.Match | None) -> Wanted:
    counts = finished(world)
    return {"fewest": count(min(counts)), "most": count(max(counts)),
            "average": exactly("medians" if world.judge.kind == "reached" else "means")}


@cache
def is_uneven(world: World) -> bool:
    return len(set(finished(world))) > 1 and any(not run.has_result for run in world.sweep.runs)


def unpaired(world: World, match: re.Match) -> Wanted:
    pair = next(p for p in world.comparison.pairs if p.unpaired)
    what, seed = pair.unpaired.split()
    why = {"data": "they were trained on different data", "weights": "they did not start from the same weights",
           "batches": "they did not see the same batches"}[what]
    return {"first": exactly(pair.first.label), "second": exactly(pair.second.label), "why": exactly(why),
            "seed": exactly(seed)}


def methods(counts) -> str:
    """The methods of intervals for these numbers of values."""
    return listed(sorted({how for n in counts if (how := estimates.method(n))}))


def best_counts(world: World) -> list[int]:
    return [len(world.values(world.judge, c)) for c in world.best]


def best_methods(world: World, match: re.Match) -> Wanted:
    reached, found = world.judge.kind == "reached", methods(best_counts(world))
    percentage = not reached and world.judge.metric in ("accuracy", "top5_accuracy")
    deviations = any(n > 1 for n in best_counts(world)) or any(len(c.completed) > 1 for c in world.best)
    medians = reached or any(len(c.results) > 2 for c in world.best)
    middles = any(n > 2 for n in best_counts(world))
    how = f"intervals are 95% intervals of the mean by {found}" if found else "intervals need three seeds" + (
        " that reached the target" if reached and any(len(c.completed) > 2 for c in world.best) else "")
    return {
        "deviation": exactly("±" if deviations else ""),
        "unit": exactly(", in percentage points for accuracies" if percentage and deviations else ""),
        "methods": exactly(how if deviations else how[0].upper() + how[1:]),
        "worst": exactly("" if not medians else "never reached the target" if reached else "diverged"),
        "middle": exactly("IQM" if middles else ""),
        "rest": exactly("; mean, interval and IQM of the time to the target are of those that reached it" if reached and middles else ""),
    }


def best_chosen(world: World, match: re.Match) -> Wanted:
    # The validation loss breaks no ties if it was not measured, or if it is the goal.
    loss = any(validation_loss(c) is not None for c in world.chosen.configs) and (
        world.goal.path != "validation.loss" or world.goal.kind == "reached")
    middle = "the learning rate nearest the middle of those tied"
    return {"most": exactly("highest" if world.goal.higher else "lowest"), "goal": exactly(world.goal.name),
            "judge": exactly(world.judge.name),
            "ties": exactly(f"Ties go to {'the lower validation loss, then to ' if loss else ''}{middle}")}


def pairs_level(world: World, match: re.Match) -> Wanted:
    judge = world.judge
    rounding = "the two values differ by at most a millionth of the larger, as rounding may cause"
    if judge.kind == "reached":
        when = "both needed equally many, or neither reached the target"
    elif judge.metric in ("accuracy", "top5_accuracy"):
        when = "the two differ by less than half a sample"
    elif judge.metric == "loss":
        when = f"{rounding}, or where both are below 2^-24 of the {'value' if judge.function else 'loss'} before training"
    else:
        when = rounding
    return {"when": exactly(when)}


def pairs_methods(world: World, match: re.Match) -> Wanted:
    return {"methods": exactly(methods(len(p.finite) for p in world.comparison.pairs if not p.unpaired))}


def pairs_tests(world: World, match: re.Match) -> Wanted:
    pairs, tests = world.comparison.pairs, world.comparison.tests
    made = []
    if any(p.deciding and not p.unpaired and not p.diverged for p in pairs):
        made.append("of the permutation test that flips the signs of the paired differences")
    if any(p.ranks for p in pairs):
        made.append("of Wilcoxon's signed-rank test")
    if any(p.unpaired and p.divided for p in pairs):
        made.append("of the permutation test of two samples")
    return {"tests": exactly(listed(made)), "corrected": count(tests) if tests > 1 else exactly("")}


def pairs_ranks(world: World, match: re.Match) -> Wanted:
    return {"what": exactly("never reached the target or diverged" if world.judge.kind == "reached" else "diverged")}


def of_kind(world: World, samples: bool) -> list:
    """Tested pairs of two independent samples, or pairs compared by seed."""
    return [p for p in world.comparison.pairs if p.deciding and bool(p.unpaired) == samples]


@cache
def power(world: World, samples: bool) -> tuple[str, int] | None:
    """The seeds that reach the smallest p of a kind of test: all, or the number that differ; None without such a test."""
    pairs = of_kind(world, samples)
    if not pairs:
        return None
    best = min(pairs, key=lambda p: p.deciding.smallest)
    if samples:
        return "all", len(best.differences)
    most = max(len(p.differences) for p in pairs)
    return ("all", most) if best.deciding.n == most else ("differing", best.deciding.n)


def pairs_power(world: World, match: re.Match, samples: bool = False) -> Wanted:
    comparison, empty = world.comparison, exactly("")
    who, n = power(world, samples)
    best = min(of_kind(world, samples), key=lambda p: p.deciding.smallest)
    adjusted = min(1.0, best.deciding.smallest * comparison.tests)
    return {
        "seeds": exactly(seeds(n)) if who == "all" else empty,
        "differing": count(n) if who == "differing" and n > 1 else empty,
        "smallest": p_value(best.deciding.smallest),
        "corrected": p_value(adjusted) if comparison.tests > 1 else empty,
        "needed": exactly(seeds(comparison.needed(best))) if adjusted > ALPHA else empty,
    }


def otherwise(world: World) -> int:
    """The number of pairs whose interval disagrees with their test."""
    found = 0
    for p in world.comparison.pairs:
        if p.interval and p.deciding:
            apart = p.interval.low > 0 or p.interval.high < 0
            found += apart != (p.verdict in ("first is better", "second is better"))
    return found


def contradicted(world: World, match: re.Match) -> Wanted:
    return {"otherwise": count(otherwise(world)) if otherwise(world) > 1 else exactly("")}


def pairs_lead(world: World, match: re.Match) -> Wanted:
    unlike = any(p.unpaired for p in world.comparison.pairs)
    return {"judge": exactly(world.judge.name), "unlike": exactly("whether " if unlike else ""),
            "start": exactly("start from the same point" if world.sweep.functions else "")}


def paired(world: World, match: re.Match) -> Wanted:
    """The settings that runs must share for equal weights and batches, if they differ."""
    runs = world.sweep.runs
    functions = bool(world.sweep.functions)
    differ = [name for name, key in (("data settings", "data"), ("function" if functions else "model", "model"))
              if len({repr(run.spec[key]) for run in runs}) > 1]
    return {"same": exactly(listed(differ)), "point": exactly("the same point" if functions else ""), "what": exactly("optimizer" if len(world.sweep.labels) > 1 else "configuration")}


def compared_digests(world: World) -> bool:
    """Whether two runs of a seed have the same data settings."""
    keys = [(run.seed, repr(run.spec["data"])) for run in world.sweep.runs if run.row["batch_digest"]]
    return len(keys) > len(set(keys))


def excluded(world: World, match: re.Match) -> Wanted:
    return {"excluded": exactly(seeds(max(p.excluded for p in world.comparison.pairs)))}


def race_value(world: World, match: re.Match) -> Wanted:
    most = max(r.runs for r in world.race)
    many = most > 1
    samples = "" if world.judge.function else ". Where batches differ in size, samples can be compared, steps cannot"
    return target(world) | {"samples": exactly(samples), "runs": exactly(seeds(most) if many else ""),
                            "needed": count(most // 2 + 1) if many else exactly("")}


def ended_early(world: World, match: re.Match) -> Wanted:
    patience, at_target = early(world.sweep.runs)
    empty = exactly("")
    return {"early": count(patience + at_target), "of": count(len(world.sweep.runs)),
            "patience": count(patience) if patience and at_target else empty,
            "target": count(at_target) if patience and at_target else empty,
            "whole": empty if patience and at_target else exactly("all " + ("by early stopping" if patience else "at the target"))}


@cache
def tried_counts(world: World) -> set[int]:
    return {len(world.chosen.of(label)) for label in world.sweep.labels}


def unequal(world: World, match: re.Match) -> Wanted:
    return {"fewest": count(min(tried_counts(world))), "most": count(max(tried_counts(world)))}


def tolerance(world: World, match: re.Match) -> Wanted:
    return {"goal": exactly(averaged(world.goal)), "within": percent(world.sweep.tolerance)}


def missing(world: World) -> int:
    return sum(run.row["status"] == "missing" for run in world.sweep.runs)


def warned(world: World, match: re.Match) -> Wanted:
    """The warnings of a sweep; that about a missing validation split is recomputed, all others are those of the plan."""
    if match.group("lint") == "no-validation":
        without = sum(c.runs[0].spec["data"]["validation"] == 0 for c in world.chosen.configs)
        return {"configurations": count(without),
                "says": exactly("configurations are chosen by the training loss: no sample is held out (no validation split)")}
    told = next((t for t in world.sweep.lints if t["lint"] == match.group("lint")), {"says": "nothing", "configurations": 0})
    return {"configurations": count(told["configurations"]) if told["configurations"] else exactly(""),
            "says": exactly(told["says"])}


def is_warned(world: World) -> bool:
    chosen_blindly = not world.sweep.functions and not world.sweep.held_out and not world.sweep.stop
    return chosen_blindly or bool(world.sweep.lints)


def pairs_there(world: World) -> bool:
    return not world.apart and bool(world.comparison.pairs)


def told(world: World) -> bool:
    """Whether the answer is about a first label."""
    return not world.apart and valued(world)


def first_tied(world: World) -> bool:
    return told(world) and len(world.chosen.choices[world.comparison.ranked[0].label].tied) > 1 \
        and world.tried[world.comparison.ranked[0].label] > 1


Due = Callable[[World], bool | None]
RULES: dict[str, tuple[Callable[[World, re.Match], Wanted], Due]] = {
    **{f"headline, {kind}": (answers.headline_parts, lambda w, kind=kind: headline(w) == kind) for kind in (
        "alone", "second diverged", "level", "lead", "second diverged with some", "behind", "other seeds",
        "nobody reached it", "reached alone", "reached level", "reached", "all diverged", "functions")},
    "certainty, too few": (answers.too_few, lambda w: certainty(w) == "too few"),
    "certainty, level": (answers.level, lambda w: certainty(w) == "level"),
    "certainty, underpowered": (answers.underpowered, lambda w: certainty(w) == "underpowered"),
    "certainty, better": (answers.tested, lambda w: certainty(w) == "better"),
    "certainty, worse": (answers.tested, lambda w: certainty(w) == "worse"),
    "certainty, not shown": (answers.tested, lambda w: certainty(w) == "not shown"),
    "certainty, small": (lambda w, m: {"least": number(w.sweep.min_effect)},
                         lambda w: certainty(w) == "better" and w.comparison.small(lead(w))),
    "certainty, none of the others": (lambda w, m: {"first": exactly(w.comparison.ranked[0].label)},
                                      lambda w: others(w) == "none of the others"),
    "certainty, all others": (nothing, lambda w: others(w) == "all others"),
    "certainty, some others": (answers.some_others, lambda w: others(w) == "some others"),
    "cost": (answers.cost, told),
    "choice": (answers.choice, told),
    "choice, ties": (answers.ties, first_tied),
    "edges": (answers.edges, lambda w: told(w) and any(e.side for es in w.edges.values() for e in es)),
    "gaps": (answers.gaps, lambda w: told(w) and any(not e.side for es in w.edges.values() for e in es)),
    "diverged": (answers.diverged, lambda w: told(w) and any(c.diverged for c in w.best)),
    "uneven": (uneven, lambda w: told(w) and is_uneven(w)),
    "unpaired": (unpaired, lambda w: told(w) and any(p.unpaired for p in w.comparison.pairs)),
    "stops": (nothing, lambda w: told(w) and w.judge.kind == "reached"),
    "stops, same numbers": (nothing, lambda w: told(w) and w.judge.kind == "reached" and
                            len(w.chosen.configs) > len(w.sweep.labels)),
    "fallback": (fallback, lambda w: None if not told(w) else not w.chosen.wanted_goal),
    "best, chosen": (best_chosen, lambda w: not w.apart and w.goal.kind == "last"),
    "best, each run": (best_chosen, lambda w: not w.apart and w.goal.kind == "best"),
    "best, fewest": (best_chosen, lambda w: not w.apart and w.goal.kind == "reached"),
    "headline, smaller": (nothing, lambda w: headline(w) == "all diverged"),
    "best, methods": (best_methods, lambda w: not w.apart),
    "best, coverage": (nothing, lambda w: not w.apart and
                       max(best_counts(w), default=0) >= 10),
    "pairs, lead": (pairs_lead, pairs_there),
    "pairs, contradicted": (contradicted, lambda w: pairs_there(w) and otherwise(w) > 0),
    "pairs, level": (pairs_level, pairs_there),
    "pairs, improvement": (nothing, pairs_there),
    "pairs, methods": (pairs_methods, lambda w: pairs_there(w) and any(p.interval for p in w.comparison.pairs)),
    "pairs, tests": (pairs_tests, lambda w: pairs_there(w) and w.comparison.tests > 0),
    "pairs, ranks": (pairs_ranks, lambda w: pairs_there(w) and any(p.diverged for p in w.comparison.pairs)),
    "pairs, no seed differs": (lambda w, m: {"seedwise": exactly(" that is compared seed by seed" if of_kind(w, True) else "")},
                               lambda w: pairs_there(w) and power(w, False) == ("differing", 0)),
    "pairs, power": (pairs_power, lambda w: pairs_there(w) and power(w, False) not in (None, ("differing", 0))),
    "pairs, power of samples": (lambda w, m: {k: v for k, v in pairs_power(w, m, True).items() if k != "differing"},
                                lambda w: pairs_there(w) and power(w, True) is not None),
    "pairs, excluded": (excluded, lambda w: pairs_there(w) and any(p.excluded for p in w.comparison.pairs)),
    "pairs, samples": (nothing, lambda w: pairs_there(w) and any(p.unpaired for p in w.comparison.pairs)),
    "race, value": (race_value, lambda w: not w.apart and bool(w.race)),
    "race, flattered": (nothing, lambda w: not w.apart and any(
        r.fastest and len(w.chosen.of(r.config.label)) > 1 for r in w.race)),
    "race, no value": (lambda w, m: {"path": exactly(f"{w.sweep.split}.{w.sweep.metric}")},
                       lambda w: not w.apart and w.sweep.value is None),
    "after choice, what": (lambda w, m: {"resamples": count(RESAMPLES)}, lambda w: bool(choice_table(w))),
    "after choice, centre": (nothing, lambda w: bool(choice_table(w))),
    "after choice, none": (nothing, lambda w: 0 < len(choice_table(w)) < len(w.sweep.labels)),
    "after choice, simulated": (nothing, lambda w: bool(choice_table(w))),
    "ledger, paired": (paired, compared_digests),
    "ledger, ended early": (ended_early, lambda w: sum(early(w.sweep.runs)) > 0),
    "ledger, unequal": (unequal, lambda w: not w.apart and len(tried_counts(w)) > 1),
    "ledger, equal": (lambda w, m: {"each": count(max(tried_counts(w)))},
                      lambda w: not w.apart and len(tried_counts(w)) == 1 and len(w.sweep.labels) > 1),
    "ledger, tolerance": (tolerance, lambda w: not w.apart and any(reach(w.chosen, label) for label in w.chosen.choices)),
    "ledger, cost": (nothing, lambda w: None),
    **CAPTIONS,
    "warned": (warned, is_warned),
    "missing": (lambda w, m: {"missing": count(missing(w))}, lambda w: missing(w) > 0),
}
