"""Families of nights in which seeds diverge: 0, 1, half or all of them before and after."""

from typing import Iterator

from cases import COUNTS, INCOMPLETE, OK, REGRESSED, Case, Truth, calm
from edits import BOTH, METRICS, BY_NAME, diverge, hurt, prepared
from nights import Night
from runs import Trained

LEVEL = 0.05


def shares(seeds: int) -> dict[str, int]:
    """0, 1, half and all of the seeds."""
    return {"none": 0, "one": 1, "half": seeds // 2, "all": seeds}


def shown(count: int) -> bool:
    """Whether `count` seeds that diverge only on one side are significant by the exact sign test."""
    return count > 0 and 0.5 ** count <= LEVEL


def with_diverged(night: Night, label: str, seeds: set[int]) -> Night:
    """The night with these seeds of a label diverged."""
    for run in night.of(label):
        if run.seed in seeds:
            diverge(run)
    return night


def truth_of(label: str, seeds: int, before: set[int], after: set[int]) -> Truth:
    """The truth if these seeds diverged before and after, and all others are bit-identical.

    A diverged seed is always a regression if none diverged before. Otherwise the sign test decides; if it cannot, the
    night is incomplete if fewer than two seeds have a loss at both times, since no other test is possible.
    """
    more, fewer = after - before, before - after
    follow = {(label, metric.name) for metric in METRICS}
    if before == after:
        return calm()
    if more and (not before or not fewer and shown(len(more))):
        return Truth(REGRESSED, first=label, worse={(label, "diverged")}, follow=follow, says=["diverged"])
    if fewer and not more and shown(len(fewer)):
        return Truth(OK, better={(label, "diverged")}, follow=follow, says=["diverged"])
    if seeds - len(before | after) < 2:
        truth = Truth(INCOMPLETE, first=label, follow=follow)
        if label == "adam" and seeds == 5 and len(more ^ fewer) == 4 and not (more and fewer):
            # Four of five seeds that no longer reach the target have t = 4; whether that is significant depends on
            # the number of comparisons.
            truth.other, truth.first = (REGRESSED if more else OK), None
        return truth
    return calm()


def counts(trained: Trained) -> Iterator[Case]:
    """Every share before with every share after, with overlapping seeds."""
    for seeds in COUNTS:
        for label in BOTH:
            for before_name, before in shares(seeds).items():
                for after_name, after in shares(seeds).items():
                    one = with_diverged(prepared(trained, 0, seeds), label, set(range(before)))
                    other = with_diverged(prepared(trained, 1, seeds), label, set(range(after)))
                    truth = truth_of(label, seeds, set(range(before)), set(range(after)))
                    name = f"{before_name} to {after_name} of {seeds}, {label}"
                    yield Case("divergence", name, other, one, truth)


def named(trained: Trained) -> Iterator[Case]:
    """Numbers of diverged seeds that were missed in the past, and pairs of numbers at the limit of the test."""
    for seeds, before, after in ((6, 1, 6), (10, 1, 6), (10, 2, 7), (10, 5, 10), (10, 2, 6), (10, 6, 1), (10, 6, 2),
                                 (10, 3, 10), (10, 4, 9)):
        one = with_diverged(prepared(trained, 0, seeds), "sgd", set(range(before)))
        other = with_diverged(prepared(trained, 1, seeds), "sgd", set(range(after)))
        truth = truth_of("sgd", seeds, set(range(before)), set(range(after)))
        yield Case("divergence", f"{before} to {after} of {seeds}, sgd", other, one, truth)


def others(trained: Trained) -> Iterator[Case]:
    """The same number of diverged seeds as before, but other seeds: chance."""
    for seeds in COUNTS:
        for label in BOTH:
            for before, after in (({0}, {1}), (set(range(seeds // 2)), set(range(seeds // 2, 2 * (seeds // 2))))):
                one = with_diverged(prepared(trained, 0, seeds), label, before)
                other = with_diverged(prepared(trained, 1, seeds), label, after)
                truth = truth_of(label, seeds, before, after)
                yield Case("divergence of other seeds", f"{len(before)} of {seeds}, {label}", other, one, truth)


def beside(trained: Trained) -> Iterator[Case]:
    """Damage to the other seeds if one diverged before and after."""
    for seeds in COUNTS:
        for label in BOTH:
            one = with_diverged(prepared(trained, 0, seeds), label, {0})
            after = hurt(one.on(1), one, BY_NAME["test_loss"], label, 0.2, lambda seed: seed > 0)
            truth = Truth(REGRESSED, first=label, worse={(label, "test_loss")})
            yield Case("damage beside divergence", f"test_loss of {label}, {seeds - 1} seeds", after, one, truth)


ALL = (counts, named, others, beside)
