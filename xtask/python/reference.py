"""Reference values of the report's statistics, from rliable, arch, scipy and statsmodels.

crates/stats/tests/statistics.rs and tests/simulation.rs compare with these values. Each file
contains its script, versions, and every input. For cases that no library has (ties, zeros and
infinities in Wilcoxon's test), all sign patterns are counted here in integers. (The script is
not named statistics.py, since that would hide Python's own module.)

    python xtask/python/reference.py            # writes crates/stats/tests/reference/*.json
    python xtask/python/reference.py --check    # exits 1 if a file would change
"""

import argparse
import importlib.metadata
import itertools
import json
import math
import platform
import sys
import warnings
from pathlib import Path

import arch.bootstrap
import numpy as np
import rliable.metrics
import scipy.stats as st
import statsmodels.stats.multitest
from rliable import library as rly

OUT = Path(__file__).resolve().parents[2] / "crates" / "report" / "tests" / "reference"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
INF = math.inf

# Binary fractions: their sums are exact, so that ties do not depend on the order of addition.
SAMPLES = {
    "five": [0.75, 0.5, 0.8125, 0.25, 0.625],
    "three": [2.5, -1.25, 4.0],
    "two": [1.5, 2.25],
    "one": [3.5],
    "losses": [2.30078125, 2.1171875, 2.41015625, 2.205078125, 2.5234375, 2.17578125, 2.02734375],
    # Ten accuracies of 1,024 images.
    "accuracies": [x / 1024 for x in (978, 981, 979, 985, 970, 983, 976, 992, 974, 989)],
    # Ten with a long tail.
    "skewed": [x / 4096 for x in (212, 487, 1033, 96, 3391, 655, 1498, 311, 7807, 823)],
    "coarse": [x / 8 for x in (3, 4, 4, 5, 3, 4, 6, 4, 5, 4)],
    "twenty": [x / 4096 for x in (
        -3021, 1822, 417, -905, 2664, 3871, -122, 1290, 93, -1777,
        2218, 5120, -640, 777, 1511, -2390, 340, 3008, -58, 1129)],
}


def iqm(x, axis=-1):
    return st.trim_mean(x, 0.25, axis=axis)


STATISTICS = {"mean": np.mean, "iqm": iqm, "median": np.median}


def points():
    """Estimates that need no resampling."""
    cases = {}
    for name, values in SAMPLES.items():
        x = np.array(values)
        case = {
            "values": values,
            "mean": np.mean(x),
            "median": np.median(x),
            "iqm": iqm(x),
            "rliable_iqm": rliable.metrics.aggregate_iqm(x[:, None]),
        }
        if len(x) > 1:
            case["sd"] = np.std(x, ddof=1)
        if len(x) > 2:
            t = st.t.interval(0.95, len(x) - 1, loc=np.mean(x), scale=st.sem(x))
            case["student"] = list(t)
        cases[name] = case
    quantiles = [[df, p, st.t.ppf(p, df)] for df in (1, 2, 3, 8, 9, 30, 255) for p in (0.6, 0.9, 0.975, 0.999)]
    normal = [[p, st.norm.ppf(p)] for p in (1e-5, 0.001, 0.025, 0.3, 0.5, 0.64, 0.975, 0.99995)]
    normal_cdf = [[z, st.norm.cdf(z)] for z in (-7.5, -4.0, -1.96, -0.3, 0.0, 0.01, 1.0, 2.5, 5.0, 8.0)]
    return {"cases": cases, "t_quantiles": quantiles, "normal_quantiles": normal, "normal_cdf": normal_cdf}


class Replay(arch.bootstrap.IIDBootstrap):
    """arch's bootstrap with given indices."""

    rows = None

    def update_indices(self):
        return next(self.rows)


def by_arch(x, statistic, indices, method):
    replay = Replay(x)
    replay.rows = iter(indices)
    return replay.conf_int(statistic, reps=len(indices), method=method).ravel().tolist()


def by_scipy(x, statistic, seed, count, method, batch=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", st.DegenerateDataWarning)
        result = st.bootstrap(
            (x,), statistic, n_resamples=count, method=method, confidence_level=0.95,
            vectorized=True, axis=-1, batch=batch, rng=np.random.default_rng(seed))
    return result, [float(v) for v in result.confidence_interval]


def rows(indices):
    """Rows of indices as strings, with one base-36 digit per index."""
    return ["".join(DIGITS[i] for i in row) for row in indices]


def bootstrap():
    """Percentile and BCa intervals by scipy and by arch, with the same matrix of indices."""
    cases = {}
    for seed, (name, count) in enumerate({"accuracies": 1000, "skewed": 2000, "coarse": 1000, "twenty": 1000}.items()):
        x = np.array(SAMPLES[name])
        # scipy draws its indices with the same call, as asserted below.
        indices = np.random.default_rng(seed).integers(0, len(x), (count, len(x)))
        case = {"values": SAMPLES[name], "indices": rows(indices), "statistics": {}}
        for statistic_name, statistic in STATISTICS.items():
            replicates = statistic(x[indices], axis=-1)
            result, percentile = by_scipy(x, statistic, seed, count, "percentile")
            assert np.array_equal(result.bootstrap_distribution, replicates)
            found = {
                "first_replicates": replicates[:20].tolist(),
                "percentile": percentile,
                "arch_percentile": by_arch(x, statistic, indices, "percentile"),
            }
            # The jackknife of a median has only three values, so there is no BCa interval.
            if statistic_name != "median":
                found["bca"] = by_scipy(x, statistic, seed, count, "BCa")[1]
                ties = int(np.sum(replicates == statistic(x)))
                found["ties"] = ties
                # arch counts ties as not below, scipy as half; they agree only without ties.
                if ties == 0:
                    found["arch_bca"] = by_arch(x, statistic, indices, "bca")
            case["statistics"][statistic_name] = found
        cases[name] = case
    return {"cases": cases}


class Recorded(rly.StratifiedBootstrap):
    """rliable's stratified bootstrap that records its indices."""

    drawn = []

    def update_indices(self):
        indices = super().update_indices()
        Recorded.drawn.append(indices[0].copy())
        return indices


def stratified():
    """Aggregates over three tasks of eight runs, with each task resampled separately."""
    scores = np.array([[x / 512 for x in row] for row in (
        (100, 407, 250), (131, 377, 268), (92, 420, 201), (160, 395, 333),
        (118, 431, 290), (77, 366, 244), (143, 402, 275), (109, 389, 310))])
    aggregates = {
        "mean": lambda x: np.array([rliable.metrics.aggregate_mean(x)]),
        "median": lambda x: np.array([rliable.metrics.aggregate_median(x)]),
        "iqm": lambda x: np.array([rliable.metrics.aggregate_iqm(x)]),
    }
    count, found, indices = 1000, {}, None
    original, rly.StratifiedBootstrap = rly.StratifiedBootstrap, Recorded
    for name, aggregate in aggregates.items():
        Recorded.drawn = []
        np.random.seed(7)
        point, interval = rly.get_interval_estimates({"a": scores}, aggregate, reps=count)
        drawn = np.array(Recorded.drawn)
        assert drawn.shape == (count, 8, 3) and (indices is None or np.array_equal(indices, drawn))
        indices = drawn
        found[name] = {"point": float(point["a"][0]), "percentile": interval["a"].ravel().tolist()}
    rly.StratifiedBootstrap = original
    return {
        "strata": scores.T.tolist(),
        "indices": [rows(indices[:, :, task]) for task in range(3)],
        "aggregates": found,
    }


def wide():
    """Intervals of 2,000,000 resamples, to compare with another random generator."""
    count, cases = 2_000_000, {}
    for name in ("accuracies", "skewed", "twenty"):
        x = np.array(SAMPLES[name])
        cases[name] = {"values": SAMPLES[name], "statistics": {}}
        for statistic_name in ("mean", "iqm"):
            statistic = STATISTICS[statistic_name]
            cases[name]["statistics"][statistic_name] = {
                method.lower(): by_scipy(x, statistic, 11, count, method, batch=100_000)[1]
                for method in ("percentile", "BCa")
            }
    return {"resamples": count, "cases": cases}


DIFFERENCES = {
    "all positive": [0.5, 0.25, 1.0, 0.75, 2.0],
    "five mixed": [0.5, -0.25, 1.0, 0.75, 2.0],
    "six": [1.5, 0.25, -0.125, 2.5, 3.0, 0.625],
    "ten": [0.5, 1.25, -0.375, 2.0, 0.875, -0.0625, 1.75, 0.3125, 1.0, -0.75],
    "ten negative": [-0.5, -1.25, 0.375, -2.0, -0.875, 0.0625, -1.75, -0.3125, -1.0, -2.75],
    "fourteen": [x / 64 for x in (12, -7, 31, 5, 44, -18, 2, 27, 63, -1, 16, 39, 22, -9)],
    "ties": [0.5, 0.5, -0.5, 1.0, 1.0, 0.25, 0.25, -0.25, 1.5, 0.5],
    "zeros": [0.0, 0.5, 0.0, 1.25, -0.25, 2.0, 0.75, 0.0, 1.0, 3.0],
    "zeros and ties": [0.0, 0.5, 0.5, 1.25, -0.5, 1.25, 0.75, 0.0, 0.75, 0.5],
    "balanced": [1.0, -1.0, 2.0, -2.0, 0.5, -0.5],
    "all zero": [0.0, 0.0, 0.0],
    "one": [1.0],
    # Differences of accuracies on 10,000 images, with the rounding of the subtraction.
    "accuracies": [a - b for a, b in (
        (0.9712, 0.9710), (0.9714, 0.9712), (0.9699, 0.9703), (0.9720, 0.9714), (0.9731, 0.9729),
        (0.9708, 0.9706), (0.9715, 0.9711), (0.9690, 0.9692), (0.9733, 0.9725), (0.9718, 0.9716))],
}
# A run that never reaches its target: infinitely worse or better.
INFINITE = {
    "never once": [0.5, 0.25, 1.0, INF, 2.0, 0.75],
    "never on both sides": [0.5, 0.25, 1.0, INF, -INF, 0.75, INF],
}
LONG = [round(3.1 * math.sin(1.9 * i) + 0.6, 6) for i in range(60)]


def rank(values):
    """Doubled mean ranks of absolute values, rounded to 1e-9 to find ties despite rounding errors."""
    sizes = [abs(v) if math.isinf(v) else round(abs(v), 9) for v in values]
    return [round(2 * r) for r in st.rankdata(sizes)]


def two_sided(observed, sums):
    """The two-sided p-value: twice the smaller tail, with integer counts."""
    low = sum(s <= observed for s in sums)
    high = sum(s >= observed for s in sums)
    return min(1.0, 2 * min(low, high) / len(sums))


def flips(values):
    return [sum(x for x, keep in zip(values, signs) if keep) for signs in itertools.product((0, 1), repeat=len(values))]


def enumerated_wilcoxon(values):
    values = [v for v in values if v != 0]
    ranks = rank(values)
    return two_sided(sum(r for r, v in zip(ranks, values) if v > 0), flips(ranks))


def enumerated_sign_flip(values):
    """The p-value of the sign-flip test, in integer multiples of 1e-4 / 64, which represent every value here."""
    whole = [round(abs(v) * 640_000) for v in values]
    observed = abs(sum(w if v > 0 else -w for w, v in zip(whole, values)))
    sums = [2 * s - sum(whole) for s in flips(whole)]
    return sum(abs(s) >= observed for s in sums) / len(sums)


def mean_statistic(x, axis=-1):
    return np.mean(x, axis=axis)


def paired():
    cases = {}
    for name, values in {**DIFFERENCES, **INFINITE}.items():
        case = {"differences": values}
        distinct = [v for v in values if v != 0]
        if name in DIFFERENCES:
            case["sign_flip"] = enumerated_sign_flip(values)
            if len(values) > 1 and name != "accuracies":
                # Not for "accuracies": scipy's tolerance is too small for their rounding, and
                # it finds 0.1074 instead of 0.1113.
                scipy_p = st.permutation_test(
                    (np.array(values),), mean_statistic, permutation_type="samples",
                    n_resamples=INF, vectorized=True).pvalue
                assert abs(scipy_p - case["sign_flip"]) < 1e-12, (name, scipy_p, case)
                case["scipy_sign_flip"] = scipy_p
        case["wilcoxon"] = enumerated_wilcoxon(values) if distinct else 1.0
        tied = len(set(rank(distinct))) < len(distinct)
        if distinct and len(distinct) == len(values) and not tied and name in DIFFERENCES:
            case["scipy_wilcoxon"] = st.wilcoxon(values, method="exact").pvalue
            assert abs(case["scipy_wilcoxon"] - case["wilcoxon"]) < 1e-12, (name, case)
        case["smallest"] = min(1.0, 2 / 2 ** len(distinct))
        cases[name] = case
    # scipy's exact distribution up to n = 50, beyond that the normal approximation, with ties.
    exact = LONG[:50]
    assert len({abs(v) for v in LONG}) == len(LONG)
    coarse = [round(v) or 1 for v in LONG]
    return {
        "cases": cases,
        "wilcoxon_50": {"differences": exact, "p": st.wilcoxon(exact, method="exact").pvalue},
        "wilcoxon_60": {"differences": LONG, "p": st.wilcoxon(LONG, method="asymptotic", correction=True).pvalue},
        "wilcoxon_60_ties": {
            "differences": coarse, "p": st.wilcoxon(coarse, method="asymptotic", correction=True).pvalue},
        "sign_flip_20": {"differences": LONG[:20], "p": st.permutation_test(
            (np.array(LONG[:20]),), mean_statistic, permutation_type="samples", n_resamples=INF,
            vectorized=True, batch=100_000).pvalue},
        "sign_flip_60": {"differences": LONG, "p": st.permutation_test(
            (np.array(LONG),), mean_statistic, permutation_type="samples", n_resamples=1_000_000,
            vectorized=True, batch=100_000, rng=np.random.default_rng(3)).pvalue},
    }


SIDES = {
    "five and five": [[0.5, 0.75, 1.0, 0.625, 0.875], [0.25, 0.375, 0.5, 0.125, 0.6875]],
    "apart": [[5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0]],
    "three and six": [[2.0, 3.5, 4.25], [1.0, 2.25, 0.5, 3.0, 1.75, 2.5]],
    "six and three": [[1.0, 2.25, 0.5, 3.0, 1.75, 2.5], [2.0, 3.5, 4.25]],
    "ties": [[0.5, 0.5, 1.0, 1.0, 0.75, 0.5], [0.5, 0.25, 0.25, 0.75, 1.0, 0.5]],
    "ten and ten": [SAMPLES["accuracies"], [x / 1024 for x in (972, 980, 969, 977, 975, 982, 966, 971, 984, 968)]],
    "equal": [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]],
    "constant": [[1.0, 1.0], [1.0, 1.0, 1.0]],
    "one and four": [[9.0], [1.0, 2.0, 3.0, 4.0]],
}


def difference_of_means(a, b, axis=-1):
    return np.mean(a, axis=axis) - np.mean(b, axis=axis)


def unpaired():
    cases = {}
    for name, (a, b) in SIDES.items():
        case = {
            "a": a, "b": b,
            "improvement": float(rliable.metrics.probability_of_improvement(np.array(a)[:, None], np.array(b)[:, None])),
        }
        if min(len(a), len(b)) > 1:
            case["permutation"] = st.permutation_test(
                (a, b), difference_of_means, permutation_type="independent", n_resamples=INF,
                vectorized=True, batch=50_000).pvalue
        cases[name] = case
    longer = [SAMPLES["twenty"], [v / 5 - 0.3 for v in LONG[:20]]]
    return {
        "cases": cases,
        "sampled": {"a": longer[0], "b": longer[1], "p": st.permutation_test(
            tuple(longer), difference_of_means, permutation_type="independent", n_resamples=1_000_000,
            vectorized=True, batch=50_000, rng=np.random.default_rng(5)).pvalue},
    }


def holm():
    cases = [
        [0.01, 0.04, 0.03, 0.005],
        [0.5],
        [],
        [0.04, 0.04, 0.04],
        [0.9, 0.001, 0.8, 0.2, 0.0125, 0.0125, 0.06, 1.0, 0.3, 0.0005],
        [0.0625] * 10,
        [1.0, 0.5, 0.0],
    ]
    return {"cases": [
        {"p": p, "adjusted": statsmodels.stats.multitest.multipletests(p, method="holm")[1].tolist() if p else []}
        for p in cases]}


TIMES = [
    [120.0, 60.0, 240.0, INF],
    [30.0, 45.0, 30.0, 300.0],
    [INF, 10.0, 15.0, 20.0],
    [INF, INF, INF, INF],
    [8.0, 8.0, 64.0, 8.0],
]


def survival():
    reached = [[5.0, 3.0, INF, 5.0, 9.0], [INF, INF], [4.0], [0.0, 2.0]]
    runs = []
    for times in reached:
        at = sorted({0.0, *(t for t in times if t < INF)})
        # rliable's distribution is the fraction above.
        runs.append({"times": times, "at": at, "fraction": [
            float(1 - rly.run_score_deviation(np.array(times), t)) for t in at]})
    best = [min(row) for row in TIMES]
    ratios = np.array([[t / b if t < INF else INF for t in row] for row, b in zip(TIMES, best)])
    profiles = []
    for solver in ratios.T:
        at = sorted({1.0, *(float(r) for r in solver if r < INF)})
        profiles.append([[t, float(1 - rly.run_score_deviation(solver, t))] for t in at])
    return {"reached": runs, "times": TIMES, "profiles": profiles}


def power():
    """Rate at which an effect is found at p <= 0.05, by scipy's tests on numpy's draws."""
    rng, n, effect, draws = np.random.default_rng(17), 10, 1.2, 4000
    d = rng.normal(effect, 1.0, (draws, n))
    signs = np.array(list(itertools.product((-1, 1), repeat=n)))
    observed = np.abs(d.sum(axis=1, keepdims=True))
    flip = np.mean(np.abs(d @ signs.T) >= observed * (1 - 1e-12), axis=1)
    for row in range(25):
        p = st.permutation_test((d[row],), mean_statistic, permutation_type="samples", n_resamples=INF, vectorized=True)
        assert abs(p.pvalue - flip[row]) < 1e-12
    signed_rank = st.wilcoxon(d, axis=1, method="exact").pvalue
    a, b = rng.normal(effect, 1.0, (draws, n)), rng.normal(0.0, 1.0, (draws, n))
    pooled = np.hstack([a, b])
    masks = np.zeros((math.comb(2 * n, n), 2 * n))
    for row, chosen in enumerate(itertools.combinations(range(2 * n), n)):
        masks[row, list(chosen)] = 1.0
    found = 0
    for row in range(0, draws, 100):
        sums = np.abs(2 * pooled[row:row + 100] @ masks.T - pooled[row:row + 100].sum(axis=1, keepdims=True))
        observed = np.abs(a[row:row + 100].sum(axis=1) - b[row:row + 100].sum(axis=1))[:, None]
        found += int(np.sum(np.mean(sums >= observed * (1 - 1e-12), axis=1) <= 0.05))

    def noncentral(df, shift):
        limit = st.t.ppf(0.975, df)
        return st.nct.sf(limit, df, shift) + st.nct.cdf(-limit, df, shift)

    return {
        "n": n, "effect_in_sd": effect, "draws": draws,
        "paired_t": noncentral(n - 1, effect * math.sqrt(n)),
        "sign_flip": float(np.mean(flip <= 0.05)),
        "wilcoxon": float(np.mean(signed_rank <= 0.05)),
        "unpaired_t": noncentral(2 * n - 2, effect * math.sqrt(n / 2)),
        "permutation": found / draws,
    }


FILES = {
    "points": points, "bootstrap": bootstrap, "stratified": stratified, "wide": wide,
    "paired": paired, "unpaired": unpaired, "holm": holm, "survival": survival, "power": power,
}


def plain(value):
    """Values as plain Python numbers, with infinities as strings, which JSON lacks."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def document(name):
    made_by = {"script": "xtask/python/reference.py", "python": platform.python_version()}
    for library in ("numpy", "scipy", "arch", "rliable", "statsmodels"):
        made_by[library] = importlib.metadata.version(library)
    body = {"made_by": made_by, **plain(FILES[name]())}
    # One line per row would make thousands of lines of indices.
    return json.dumps(body, indent=None, separators=(", ", ": "), allow_nan=False).replace(
        '}, "', '},\n"').replace('], "', '],\n"') + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    changed = []
    for name in FILES:
        text, path = document(name), OUT / f"{name}.json"
        if check:
            if not path.exists() or path.read_text() != text:
                changed.append(path.name)
        else:
            OUT.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for name in changed:
        print(f"{name} would change")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
