"""Means, medians and intervals of a few values, by numpy and SciPy."""

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

# Numbers of seeds of SciPy's resampling; their spread is its Monte-Carlo error.
REPEATS, MORE_REPEATS = 12, 60
RESAMPLES = 10_000


def mean(values: list[float]) -> float | None:
    """The arithmetic mean; None without values."""
    return math.fsum(values) / len(values) if values else None


def deviation(values: list[float]) -> float | None:
    """The sample standard deviation; None for fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def middle_mean(values: list[float]) -> float | None:
    """The mean without a quarter of the values at either end."""
    return float(stats.trim_mean(values, 0.25)) if values else None


def median(values: list[float]) -> float | None:
    """The median of values that may be infinite."""
    if not values:
        return None
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    if math.isinf(low) and math.isinf(high) and low != high:
        return None
    return low if low == high else (low + high) / 2


@dataclass
class Interval:
    """A 95% interval; `slack` is the resampling error of either end."""

    low: float
    high: float
    slack: tuple[float, float]
    method: str


@lru_cache(maxsize=None)
def student(freedom: int) -> float:
    """The 97.5% quantile of Student's t."""
    return float(stats.t.ppf(0.975, freedom))


def method(n: int) -> str | None:
    """The method of an interval of n values; None for fewer than three."""
    return None if n < 3 else "Student's t" if n < 10 else "BCa bootstrap"


def interval(values: list[float], samples: int = 0) -> Interval | None:
    """The interval: Student's t for 3 to 9 values, BCa bootstrap from 10; `samples` is the denominator of accuracies."""
    n = len(values)
    if n < 3:
        return None
    if n < 10:
        centre, half = mean(values), student(n - 1) * deviation(values) / math.sqrt(n)
        return Interval(centre - half, centre + half, (0.0, 0.0), "Student's t")
    if max(values) - min(values) <= 1e-15 * max(abs(v) for v in values):
        return Interval(values[0], values[0], (0.0, 0.0), "BCa bootstrap")
    return resampled(tuple(sorted(values)), samples, REPEATS)


@lru_cache(maxsize=None)
def resampled(values: tuple[float, ...], samples: int, repeats: int) -> Interval:
    """SciPy's BCa interval: the mean of its ends over several seeds, with three standard errors as slack."""
    # Integer counts add up without rounding, so that equal means are equal, which matters for the bias.
    sizes = np.round(np.array(values) * samples) if samples else np.array(values)
    ends = []
    for seed in range(repeats):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = stats.bootstrap((sizes,), np.mean, n_resamples=RESAMPLES, method="BCa", vectorized=True,
                                    rng=np.random.default_rng(seed))
        ends.append((found.confidence_interval.low, found.confidence_interval.high))
    ends = np.array(ends) / (samples or 1)
    centre, error = ends.mean(axis=0), ends.std(axis=0, ddof=1) * math.sqrt(1 + 1 / repeats)
    return Interval(float(centre[0]), float(centre[1]), (3 * float(error[0]), 3 * float(error[1])), "BCa bootstrap")


def again(found: Interval, values: list[float], samples: int = 0) -> Interval:
    """The interval from more repeats, for a number outside of it, since the error of few repeats is uncertain."""
    return resampled(tuple(sorted(values)), samples, MORE_REPEATS) if found.method == "BCa bootstrap" else found
