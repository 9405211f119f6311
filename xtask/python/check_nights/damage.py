"""Families of nights with a baseline and no history: damage to all seeds, to most, to one; noise; two labels at once."""

import random
from typing import Iterator

from cases import COUNTS, OK, REGRESSED, Case, Truth, calm, incomplete, worse
from edits import ASKED, BY_NAME, METRICS, TEST, Metric, another, hurt, prepared
from nights import Night
from runs import Trained


def pairs(trained: Trained) -> Iterator[tuple[int, Metric, str, Night, Night]]:
    """All combinations of a number of seeds, a metric and a label, each with a baseline and an equal later night."""
    for seeds in COUNTS:
        for metric in METRICS:
            for label in metric.labels:
                before = prepared(trained, 0, seeds)
                yield seeds, metric, label, before, before.on(1)


def equal(trained: Trained) -> Iterator[Case]:
    """Equal damage to all seeds, which is never chance if it exceeds the resolution of the values."""
    for seeds, metric, label, before, after in pairs(trained):
        hurt(after, before, metric, label, metric.large)
        truth = worse(label, metric.name, metric.follow)
        if metric.name == "diverged":
            # A diverged seed never reaches the target, and has no loss.
            truth.follow = {(label, m.name) for m in METRICS}
        yield Case("equal damage", f"{metric.name} of {label}, {seeds} seeds", after, before, truth)
    for seeds in COUNTS:
        # Two samples are more than half a percentage point, and more than the resolution of one sample.
        before = prepared(trained, 0, seeds)
        after = hurt(before.on(1), before, BY_NAME["test_accuracy"], "adam", 2 / TEST)
        yield Case("equal damage", f"two samples, {seeds} seeds", after, before, worse("adam", "test_accuracy"))
        # One epoch for each of five seeds is within the resolution of epochs; six equal signs are significant.
        after = hurt(before.on(1), before, BY_NAME["target_epoch"], "adam", 1)
        truth = calm() if seeds < 6 else worse("adam", "target_epoch")
        yield Case("equal damage", f"one epoch later, {seeds} seeds", after, before, truth)


def nearly_equal(trained: Trained) -> Iterator[Case]:
    """Damage that differs by one sample for one seed."""
    for seeds in COUNTS:
        before = prepared(trained, 0, seeds)
        after = hurt(before.on(1), before, BY_NAME["test_accuracy"], "adam", 36 / TEST)
        hurt(after, before, BY_NAME["test_accuracy"], "adam", -1 / TEST, lambda seed: seed == 0)
        yield Case("nearly equal damage", f"{seeds} seeds", after, before, worse("adam", "test_accuracy"))


def let_pass(trained: Trained) -> Iterator[Case]:
    """Changes up to `min_effect`, which are tolerated."""
    for seeds, metric, label, before, after in pairs(trained):
        if metric.name == "target_epoch":
            hurt(after, before, metric, label, 1, lambda seed: seed < seeds // 2)
        elif metric.small is not None:
            hurt(after, before, metric, label, metric.small)
        else:
            continue
        yield Case("up to min_effect", f"{metric.name} of {label}, {seeds} seeds", after, before, calm())


def improved(trained: Trained) -> Iterator[Case]:
    """Equal damage with baseline and tonight exchanged. A different number of steps never counts as better."""
    for seeds, metric, label, before, _ in pairs(trained):
        if metric.name == "diverged":
            continue
        damaged = hurt(before.on(0), before, metric, label, metric.large)
        follow = {(label, other) for other in metric.follow}
        truth = Truth(OK, better={(label, metric.name)}, follow=follow)
        if metric.name == "steps":
            truth = worse(label, "steps")
        yield Case("improvements", f"{metric.name} of {label}, {seeds} seeds", before.on(1), damaged, truth)


def most(trained: Trained) -> Iterator[Case]:
    """Damage to all seeds but one, which is unchanged or hardly worse.

    Five differing seeds have equal signs by chance in one of sixteen nights, six in one of 32. With five seeds
    Student's t decides: four equal differences and one of zero have t = 4, beyond 2.776.
    """
    for seeds, metric, label, before, after in pairs(trained):
        if metric.name in ("diverged", "steps"):
            continue
        hurt(after, before, metric, label, metric.large, lambda seed: seed < seeds - 1)
        # With the comparison of the best epoch beside it, t must exceed 3.495.
        truth = calm({(label, o) for o in metric.follow}) if seeds == 6 else worse(label, metric.name, metric.follow)
        if metric.name == "target_epoch" and seeds == 5:
            # The scatter is that of whole epochs: the mean is 1.6, and 2.776 / sqrt(5) is 1.24.
            truth = worse(label, metric.name)
        yield Case("most seeds", f"{metric.name} of {label}, {seeds - 1} of {seeds}", after, before, truth)
    for seeds in COUNTS:
        for label in ("adam", "sgd"):
            metric = BY_NAME["test_loss"]
            before = prepared(trained, 0, seeds)
            after = hurt(before.on(1), before, metric, label, 0.1, lambda seed: seed < seeds - 1)
            hurt(after, before, metric, label, 0.05, lambda seed: seed == seeds - 1)
            name = f"test_loss of {label}, one of {seeds} half as much"
            yield Case("most seeds", name, after, before, worse(label, "test_loss"))
    for count in (5, 6, 7, 8):
        before = prepared(trained, 0, 10)
        after = hurt(before.on(1), before, BY_NAME["test_loss"], "adam", 0.1, lambda seed: seed < count)
        truth = worse("adam", "test_loss") if count >= 6 else calm()
        yield Case("most seeds", f"test_loss of adam, {count} of 10", after, before, truth)


def one(trained: Trained) -> Iterator[Case]:
    """Damage to one seed: chance, except for divergence and steps, which no noise explains."""
    for seeds, metric, label, before, after in pairs(trained):
        hurt(after, before, metric, label, metric.large, lambda seed: seed == seeds // 2)
        truth = calm()
        if metric.name in ("diverged", "steps"):
            truth = worse(label, metric.name)
        yield Case("one seed", f"{metric.name} of {label}, {seeds} seeds", after, before, truth)


def noisy(night: Night, draw: random.Random, size: float) -> Night:
    """Changes every loss of every run by a small relative amount, as other code or another machine would."""
    for run in night.runs:
        for split in ("train", "validation", "test"):
            run.curve(split, "loss")[run.epochs] *= 1 + size * draw.gauss(0, 1)
        another(run, str(night.day))
    return night


def noise(trained: Trained) -> Iterator[Case]:
    """Every run slightly changed: far below `min_effect`, or with damage far beyond the noise."""
    for seeds in COUNTS:
        for which in range(3):
            draw = random.Random(f"noise {seeds} {which}")
            before = prepared(trained, 0, seeds)
            after = noisy(before.on(1), draw, 2e-4)
            yield Case("noise", f"none worse, {seeds} seeds, draw {which}", after, before, calm())
            for name, label, amount in (("test_loss", "adam", 0.2), ("train_loss", "sgd", 0.2),
                                        ("test_accuracy", "adam", 0.3)):
                after = hurt(noisy(before.on(1), draw, 2e-3), before, BY_NAME[name], label, amount)
                truth = worse(label, name)
                yield Case("noise", f"{name} of {label}, {seeds} seeds, draw {which}", after, before, truth)


def two_labels(trained: Trained) -> Iterator[Case]:
    """Both labels worse: the larger damage is named first, but changes that noise cannot explain come before all others."""
    for seeds in COUNTS:
        for first, second in (("adam", "sgd"), ("sgd", "adam")):
            before = prepared(trained, 0, seeds)
            after = hurt(before.on(1), before, BY_NAME["test_accuracy"], first, 0.3)
            hurt(after, before, BY_NAME["test_accuracy"], second, 0.1)
            truth = Truth(REGRESSED, first=first, worse={(first, "test_accuracy"), (second, "test_accuracy")})
            yield Case("both labels", f"{first} more, {seeds} seeds", after, before, truth)
            after = hurt(before.on(1), before, BY_NAME["test_accuracy"], second, 0.3)
            hurt(after, before, BY_NAME["diverged"], first, 1, lambda seed: seed == 1)
            truth = Truth(REGRESSED, first=first, worse={(first, "diverged"), (second, "test_accuracy")})
            yield Case("both labels", f"{first} diverged, {seeds} seeds", after, before, truth)


def two_seeds(trained: Trained) -> Iterator[Case]:
    """Two seeds that fall by unequal amounts far beyond `min_effect`: no test can show it, so the night is incomplete."""
    for label in ("adam", "sgd"):
        before = prepared(trained, 0, 2)
        after = hurt(before.on(1), before, BY_NAME["test_accuracy"], label, 0.3)
        hurt(after, before, BY_NAME["test_accuracy"], label, 0.2, lambda seed: seed == 0)
        yield Case("two seeds", f"test_accuracy of {label}", after, before, incomplete(label))


def vanished(trained: Trained) -> Iterator[Case]:
    """A training loss that consists only of rounding, nearly doubled."""
    for seeds in COUNTS:
        before = prepared(trained, 0, seeds)
        for run in before.of("adam"):
            run.curve("train", "loss")[run.epochs] = 2.4e-14
        after = before.on(1)
        for run in after.of("adam"):
            run.curve("train", "loss")[run.epochs] = 4.2e-14
            another(run)
        yield Case("rounding", f"{seeds} seeds", after, before, calm())


def seconds(trained: Trained) -> Iterator[Case]:
    """Seconds that cannot be judged: runs trained at the same time, another machine."""
    metric = BY_NAME["seconds_per_epoch"]
    for seeds in COUNTS:
        before = prepared(trained, 0, seeds)
        for run in before.runs:
            run.jobs = 2
        after = hurt(before.on(1), before, metric, "adam", 1.0)
        yield Case("seconds", f"side by side, {seeds} seeds", after, before, calm())
        before = prepared(trained, 0, seeds)
        after = hurt(before.on(1), before, metric, "adam", 1.0)
        after.machine = {"device_model": "another processor"}
        truth = calm()
        truth.says = [r"Seconds are not compared: "]
        yield Case("seconds", f"another machine, {seeds} seeds", after, before, truth)
        after = hurt(before.on(1), before, BY_NAME["test_loss"], "sgd", 0.1)
        after.machine = {"device_model": "another processor"}
        truth = worse("sgd", "test_loss")
        truth.says = [r"another processor"]
        yield Case("seconds", f"another machine, test_loss of sgd, {seeds} seeds", after, before, truth)


def asked(trained: Trained) -> Iterator[Case]:
    """Metrics on request, which are judged like all others."""
    for seeds in COUNTS:
        for metric in ASKED:
            for label in metric.labels if seeds == 10 else metric.labels[:1]:
                before = prepared(trained, 0, seeds)
                name = f"{metric.name} of {label}, {seeds} seeds"
                after = hurt(before.on(1), before, metric, label, metric.large)
                yield Case("further metrics", name, after, before, worse(label, metric.name))
                if seeds == 5:
                    # The rules leave open whether one sample per seed is chance; either way it is tolerated.
                    continue
                after = hurt(before.on(1), before, metric, label, metric.small)
                yield Case("further metrics", f"{name}, up to min_effect", after, before, calm())


ALL = (equal, nearly_equal, let_pass, improved, most, one, noise, two_labels, two_seeds, vanished, seconds)
