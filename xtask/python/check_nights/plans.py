"""Families of nights whose plan differs from the baseline's: fewer and more seeds, other epochs, a renamed label, failures."""

from typing import Callable, Iterator

from cases import COUNTS, INCOMPLETE, REGRESSED, Case, Truth, calm, incomplete, worse
from edits import BY_NAME, hurt, prepared
from nights import Night, plain
from runs import Trained

RENAMED = "adam anew"


def damaged(night: Night, before: Night, label: str = "adam") -> Night:
    """The night with a test loss that is a fifth higher for every seed."""
    return hurt(night, before, BY_NAME["test_loss"], label, 0.2)


def both(family: str, name: str, before: Night, tonight: Callable[[], Night], clean: Truth, hurt_truth: Truth,
         label: str = "adam") -> Iterator[Case]:
    """An undamaged night and a damaged one."""
    yield Case(family, f"{name}, not damaged", tonight(), before, clean)
    yield Case(family, f"{name}, test_loss of {label}", damaged(tonight(), before, label), before, hurt_truth)


def fewer(trained: Trained) -> Iterator[Case]:
    """Seeds that are no longer planned tonight."""
    for seeds, kept in ((6, 5), (10, 5), (10, 6), (10, 9)):
        before = prepared(trained, 0, seeds)
        yield from both("fewer seeds", f"{seeds} to {kept}", before, lambda: prepared(trained, 1, kept),
                        incomplete(), worse("adam", "test_loss"))


def thin(trained: Trained) -> Iterator[Case]:
    """Tonight has only seed 0: one pair shows nothing, except for divergence and steps."""
    for seeds in COUNTS:
        before = prepared(trained, 0, seeds)
        yield from both("thin night", f"tonight, {seeds} seeds before", before, lambda: prepared(trained, 1, 1),
                        incomplete(), incomplete())
        for metric in ("diverged", "steps"):
            after = hurt(prepared(trained, 1, 1), before, BY_NAME[metric], "sgd", 1)
            yield Case("thin night", f"tonight with {metric}, {seeds} seeds before", after, before,
                       Truth(REGRESSED, first="sgd", worse={("sgd", metric)},
                             follow={("sgd", other) for other in BY_NAME} if metric == "diverged" else set()))


def more(trained: Trained) -> Iterator[Case]:
    """Seeds that the baseline lacks."""
    for seeds, now in ((5, 6), (5, 10), (6, 10)):
        before = prepared(trained, 0, seeds)
        yield from both("more seeds", f"{seeds} to {now}", before, lambda: prepared(trained, 1, now),
                        incomplete(), worse("adam", "test_loss"))


def epochs(trained: Trained, longer: Trained) -> Iterator[Case]:
    """Tonight is planned with another number of epochs, so no run has a partner."""
    for seeds in COUNTS:
        yield Case("other epochs", f"tonight, {seeds} seeds", plain(longer, 1, seeds), prepared(trained, 0, seeds),
                   incomplete())


def renamed(night: Night) -> Night:
    """The night with another label for adam, but the same runs."""
    for run in night.of("adam"):
        run.label = RENAMED
    return night


def labels(trained: Trained) -> Iterator[Case]:
    """A renamed label: the runs are the same and are compared."""
    for seeds in COUNTS:
        before = prepared(trained, 0, seeds)
        yield Case("renamed label", f"not damaged, {seeds} seeds", renamed(before.on(1)), before, calm())
        for metric, amount in (("test_loss", 0.2), ("test_accuracy", 0.5), ("diverged", 1), ("steps", 1)):
            after = renamed(hurt(before.on(1), before, BY_NAME[metric], "adam", amount))
            follow = {(RENAMED, other) for other in BY_NAME} if metric == "diverged" else set()
            truth = Truth(REGRESSED, first=RENAMED, worse={(RENAMED, metric)}, follow=follow)
            yield Case("renamed label", f"{metric}, {seeds} seeds", after, before, truth)
        after = renamed(damaged(before.on(1), before, "sgd"))
        yield Case("renamed label", f"test_loss of sgd, {seeds} seeds", after, before, worse("sgd", "test_loss"))


def failed(night: Night, label: str, seed: int) -> Night:
    """The night with one run that ended without a result."""
    for run in night.of(label):
        if run.seed == seed:
            run.status, run.error = "failed", "out of paper"
    return night


def failures(trained: Trained) -> Iterator[Case]:
    """A run that failed tonight, one that failed before, one without a record, and one with other data."""
    for seeds in COUNTS:
        before = prepared(trained, 0, seeds)
        for label in ("adam", "sgd"):
            clean = Truth(INCOMPLETE, says=["out of paper", label])
            yield from both("failed runs", f"tonight, {label}, {seeds} seeds", before,
                            lambda: failed(before.on(1), label, 2), clean, worse("adam", "test_loss"))
        missing = before.on(1)
        missing.of("sgd")[1].status = "missing"
        yield Case("failed runs", f"no record, {seeds} seeds", missing, before,
                   Truth(INCOMPLETE, says=["left no record", "sgd"]))
        lost = failed(prepared(trained, 0, seeds), "adam", 1)
        yield Case("failed runs", f"of the baseline, {seeds} seeds", prepared(trained, 1, seeds), lost,
                   Truth(INCOMPLETE, says=["without a result", "adam"]))
        fed = before.on(1)
        fed.of("adam")[0].batches = "0" * 32
        yield Case("failed runs", f"other batches, {seeds} seeds", fed, before,
                   Truth(INCOMPLETE, says=["batches", "adam"]))


ALL = (fewer, thin, more, labels, failures)
