"""Tests of two configurations, by SciPy if it has an exact test, otherwise by counting."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

ALPHA = 0.05


@dataclass
class Test:
    """A two-sided p-value, the smallest possible one for its number of values, and the side that is ahead."""

    p: float
    smallest: float
    n: int
    sign: float


def smallest(n: int) -> float:
    """The smallest p of n pairs: two of the 2^n patterns of signs."""
    return min(1.0, 2.0 / 2.0**n)


def signed_sums(sizes: np.ndarray) -> np.ndarray:
    """All sums of `sizes` with either sign."""
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums - size, sums + size])
    return sums


def sign_flips(differences: list[float]) -> Test:
    """The permutation test of the mean of paired differences; all patterns of signs are counted, by halves."""
    nonzero = np.array([d for d in differences if d != 0.0])
    n, total = len(nonzero), math.fsum(differences)
    if n == 0:
        return Test(1.0, 1.0, 0, 0.0)
    slack = 1e-9 * float(np.abs(nonzero).sum())
    if 2 <= n <= 12:
        # As integer multiples of the slack, so that SciPy treats equal sums as equal.
        found = stats.permutation_test((np.round(nonzero / slack),), lambda x, axis: np.sum(x, axis=axis),
                                       permutation_type="samples", n_resamples=math.inf, vectorized=True)
        counted = count_flips(nonzero, abs(total) - slack)
        assert math.isclose(found.pvalue, counted, rel_tol=1e-9) or near_tie(nonzero, total, slack), (found, counted)
        return Test(counted, smallest(n), n, total)
    return Test(count_flips(nonzero, abs(total) - slack), smallest(n), n, total)


def near_tie(nonzero: np.ndarray, total: float, slack: float) -> bool:
    """Whether a pattern's sum is so close to the observed one that rounding could separate them."""
    sums = np.abs(signed_sums(np.abs(nonzero)))
    return bool(np.any((np.abs(sums - abs(total)) < 30 * slack)))


def count_flips(nonzero: np.ndarray, bound: float) -> float:
    """The fraction of patterns of signs whose absolute sum is at least `bound`."""
    sizes = np.abs(nonzero)
    left, right = signed_sums(sizes[: len(sizes) // 2]), np.sort(signed_sums(sizes[len(sizes) // 2:]))
    above = len(right) - np.searchsorted(right, bound - left, side="left")
    below = np.searchsorted(right, -bound - left, side="right")
    both = 0 if bound > 0 else int(len(left) * len(right))
    return 1.0 if both else float(above.sum() + below.sum()) / 2.0 ** len(sizes)


def ranks_of_sizes(differences: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Signs and mean ranks of the sizes of differences other than zero; sizes within 1e-9 are equal."""
    signed = sorted((d for d in differences if d != 0.0), key=abs)
    ranks, start = [], 0
    while start < len(signed):
        size, end = abs(signed[start]), start
        while end < len(signed) and (abs(signed[end]) == size or abs(signed[end]) - size <= 1e-9 * size < math.inf):
            end += 1
        ranks += [(start + 1 + end) / 2] * (end - start)
        start = end
    return np.sign(signed), np.array(ranks)


def signed_ranks(differences: list[float]) -> Test:
    """Wilcoxon's signed-rank test, exact with ties; infinite differences share the largest ranks."""
    signs, ranks = ranks_of_sizes(differences)
    n = len(ranks)
    if n == 0:
        return Test(1.0, 1.0, 0, 0.0)
    ways = np.array([1.0])
    for double in (2 * ranks).astype(int):
        longer = np.zeros(len(ways) + double)
        longer[: len(ways)] += ways
        longer[double:] += ways
        ways = longer
    positive = int(round(2 * float(ranks[signs > 0].sum())))
    tail = min(positive, len(ways) - 1 - positive)
    p = min(1.0, 2 * float(ways[: tail + 1].sum()) / 2.0**n)
    if len(set(ranks)) == n:
        finite = max((abs(d) for d in differences if math.isfinite(d)), default=1.0) or 1.0
        known = [d if math.isfinite(d) else math.copysign(2 * finite, d) for d in differences if d != 0.0]
        by_scipy = stats.wilcoxon(known, method="exact").pvalue
        assert math.isclose(p, by_scipy, rel_tol=1e-9), (p, by_scipy)
    return Test(p, smallest(n), n, 2 * positive - (len(ways) - 1))


def divisions(a: list[float], b: list[float]) -> Test:
    """Permutation test of the difference of means of two samples, or of their mean ranks where a value is infinite."""
    if any(math.isinf(v) for v in [*a, *b]):
        ranked = stats.rankdata([*a, *b])
        a, b = list(ranked[: len(a)]), list(ranked[len(a):])
    sign = math.fsum(a) / len(a) - math.fsum(b) / len(b)
    few, many = (a, b) if len(a) <= len(b) else (b, a)
    pooled = np.array([*few, *many])
    pooled = pooled - pooled.mean()
    slack = 1e-9 * float(np.abs(pooled).sum())
    observed = float(pooled[: len(few)].sum())
    sums = sums_of_choices(pooled, len(few))
    above, below = int((sums >= observed - slack).sum()), int((sums <= observed + slack).sum())
    level = bool(np.all(np.abs(pooled) <= slack))
    return Test(min(1.0, 2 * min(above, below) / len(sums)), 1.0 if level else min(1.0, 2 / len(sums)), len(pooled), sign)


def sums_of_choices(values: np.ndarray, size: int) -> np.ndarray:
    """The sum of every choice of `size` values, by halves."""
    half = len(values) // 2
    left, right = values[:half], values[half:]
    parts = []
    for k in range(max(0, size - len(right)), min(size, half) + 1):
        lefts = np.array([sum(c) for c in combinations(left, k)])
        rights = np.array([sum(c) for c in combinations(right, size - k)])
        parts.append((lefts[:, None] + rights[None, :]).ravel())
    return np.concatenate(parts)


def holm(ps: list[float]) -> list[float]:
    """Holm's step-down correction."""
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = min(1.0, max(highest, ps[index] * (len(ps) - rank)))
        adjusted[index] = highest
    return adjusted


def improvement(a: list[float], b: list[float]) -> float:
    """The fraction of pairs of runs in which the run of `a` is better (larger); ties count half."""
    return sum((x > y) + 0.5 * (x == y) for x in a for y in b) / (len(a) * len(b))


def seeds_needed(tests: int) -> int:
    """The smallest number of seeds whose smallest p survives Holm's correction for `tests` tests."""
    return next(n for n in range(2, 65) if smallest(n) * tests <= ALPHA)
