"""Edits of the runs of a night that make each compared metric worse or better by a known amount."""

import hashlib
from dataclasses import dataclass
from typing import Callable

from nights import TARGET, Night, plain
from runs import Run, Trained

# Seconds per epoch of the prepared baseline, plus a part of each seed; measured seconds are not used.
SECONDS = 0.1
# Numbers of samples of the splits, of which accuracies are multiples.
VALIDATION, TEST = 237, 360
# Accuracies of the prepared baseline at the target and before it.
THERE, NOT_YET = 204 / VALIDATION, 150 / VALIDATION
# Difference in accuracy between the best epoch of the prepared baseline and the last.
AHEAD = 6 / VALIDATION


def prepared(trained: Trained, day: int, seeds: int) -> Night:
    """The trained sweep as a night whose best epochs, times to the target and seconds can be changed independently."""
    night = plain(trained, day, seeds)
    for run in night.runs:
        clock = run.curve("train", "seconds")
        for epoch in clock:
            clock[epoch] = epoch * (SECONDS + 0.001 * run.seed)
        accuracy = run.curve("validation", "accuracy")
        if run.label == "adam":
            accuracy[1], accuracy[2] = THERE, THERE
        else:
            accuracy[2] = accuracy[run.epochs] + AHEAD
        assert (run.reached(TARGET) == 1) == (run.label == "adam"), (run.label, run.seed, accuracy)
    return night


def another(run: Run, what: str = "") -> None:
    """Gives the run other final weights."""
    if run.digest:
        run.digest = hashlib.blake2b(f"{run.label}/{run.seed}/{run.digest}/{what}".encode(), digest_size=16).hexdigest()


def last(split: str, metric: str, sign: float) -> Callable[[Run, float], None]:
    """An edit of the value after the last epoch; a positive amount is for the worse."""
    def edit(run: Run, amount: float) -> None:
        run.curve(split, metric)[run.epochs] += sign * amount
        another(run, f"{split} {metric} {amount}")

    return edit


def best(run: Run, amount: float) -> None:
    """Subtracts the amount from the best epoch, which is not the last."""
    run.curve("validation", "accuracy")[run.epochs - 1] -= amount
    another(run, f"best {amount}")


def later(run: Run, amount: float) -> None:
    """Reaches the target one or two epochs later."""
    accuracy = run.curve("validation", "accuracy")
    for epoch in range(1, 1 + int(amount)):
        accuracy[epoch] = NOT_YET
    another(run, f"later {amount}")


def steps(run: Run, amount: float) -> None:
    """Adds `amount` steps."""
    run.steps += int(amount)
    another(run, f"steps {amount}")


def slower(run: Run, amount: float) -> None:
    """Adds `amount` seconds to each epoch, with the same final weights."""
    clock = run.curve("train", "seconds")
    for epoch in clock:
        clock[epoch] += epoch * amount


def diverge(run: Run, amount: float = 1) -> None:
    """Diverges in the first epoch."""
    run.status, run.digest = "diverged", None


@dataclass
class Metric:
    """A metric: the labels to damage, the edit, a large amount for the worse, and a small one below `min_effect`.

    `relative` amounts are fractions of the label's earlier mean. `follow` has metrics that may change with it.
    """

    name: str
    words: str
    labels: tuple[str, ...]
    edit: Callable[[Run, float], None]
    large: float
    small: float | None
    relative: bool = False
    follow: tuple[str, ...] = ()


BOTH = ("adam", "sgd")
METRICS = [
    Metric("train_loss", "training loss", BOTH, last("train", "loss", 1), 0.1, 0.009, True),
    Metric("validation_loss", "validation loss", BOTH, last("validation", "loss", 1), 0.1, 0.009, True),
    Metric("test_loss", "test loss", BOTH, last("test", "loss", 1), 0.1, 0.009, True),
    Metric("validation_accuracy", "validation accuracy", BOTH, last("validation", "accuracy", -1), 0.5,
           1 / VALIDATION, follow=("best_validation_accuracy",)),
    Metric("test_accuracy", "test accuracy", BOTH, last("test", "accuracy", -1), 0.5, 1 / TEST),
    Metric("best_validation_accuracy", "best validation accuracy", ("sgd",), best, 5 / VALIDATION, 1 / VALIDATION),
    Metric("target_epoch", "epochs to the target", ("adam",), later, 2, None),
    Metric("diverged", "diverged seeds", BOTH, diverge, 1, None),
    Metric("steps", "optimizer steps", BOTH, steps, 1, None),
    Metric("seconds_per_epoch", "seconds per epoch", BOTH, slower, 1.0, 0.09, True),
]
# Metrics on request.
ASKED = [
    Metric(f"{split}_{name}", f"{split} {words}", BOTH, last(split, name, -1), 0.3, 0.004)
    for name, words in (("f1", "F1"), ("top5_accuracy", "top-5 accuracy")) for split in ("validation", "test")
]
BY_NAME = {metric.name: metric for metric in METRICS}


def value(metric: str, run: Run) -> float | None:
    """A run's value of a metric; None if it has none."""
    if not run.has_result:
        return None
    if metric == "diverged":
        return float(not run.completed)
    if metric == "target_epoch":
        return float((run.reached(TARGET) if run.completed else None) or run.epochs + 1)
    if not run.completed:
        return None
    if metric == "steps":
        return float(run.steps)
    if metric == "seconds_per_epoch":
        return run.seconds
    if metric == "best_validation_accuracy":
        return run.best
    split, _, name = metric.partition("_")
    return run.last(split, name) if (split, name) in run.curves else None


def mean(metric: str, night: Night, label: str) -> float:
    """The mean of a metric over a label's runs."""
    values = [v for run in night.of(label) if (v := value(metric, run)) is not None]
    return sum(values) / len(values)


def hurt(night: Night, before: Night, metric: Metric, label: str, amount: float,
         seeds: Callable[[int], bool] = lambda seed: True) -> Night:
    """Makes a metric of a label's runs with these seeds worse by the same amount."""
    size = amount * (mean(metric.name, before, label) if metric.relative else 1.0)
    for run in night.of(label):
        if seeds(run.seed):
            metric.edit(run, size)
    return night
