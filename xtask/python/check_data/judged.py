"""Whether a case is understood as it is meant, fed as it is held, and told as well as scikit-learn tells it."""

import time
import warnings
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import sweeping
from case import Case, Held
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sweeping import Fed, Program, Refused

ENOUGH = 0.9
# A split by contents is as good as one at random, but for luck.
FAIR, RANDOM_SPLITS = 0.75, 2
DIRECTIONS = 3
NEAR = 2e-3
# Scores of scikit-learn by what is fed: several forms hold the same samples.
KNOWN: dict[tuple[bytes, int], float] = {}


@dataclass
class Judged:
    """What came of a case."""

    line: str = ""
    lints: list[str] = field(default_factory=list)
    ours: float | None = None
    theirs: float | None = None
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ratio(self) -> float | None:
        """Our score over theirs."""
        return self.ours / self.theirs if self.ours is not None and self.theirs else None


def spread(deviation: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """What a column is divided by: one that never varies becomes 0."""
    return np.where(deviation <= 1e-9 * np.maximum(1, np.abs(mean)), np.inf, deviation)


def standard(values: np.ndarray) -> np.ndarray:
    """Each column less its mean, over its deviation."""
    mean = values.mean(axis=0)
    return (values - mean) / spread(values.std(axis=0), mean)


def compared(fed: Fed, held: Held, in_order: bool) -> str | None:
    """In what the samples that are fed differ from those in the files, columns being scaled as they may."""
    ours = np.vstack([fed.train, fed.test]).astype(np.float64)
    answers = np.concatenate([fed.train_answers, fed.test_answers]).astype(np.float64)
    if ours.shape != held.inputs.shape:
        return f"{ours.shape} values are fed, the files hold {held.inputs.shape}"
    raw = held.inputs.astype(np.float64)
    # Gaps are filled with the mean, which standard scaling makes 0.
    known = len(raw) - np.isnan(raw).sum(axis=0)
    mean = ours.sum(axis=0) / known
    deviation = spread(np.sqrt(np.maximum(0, (ours**2).sum(axis=0) / known - mean**2)), mean)
    raw_mean = np.nanmean(raw, axis=0)
    raw_deviation = spread(np.nanstd(raw, axis=0), raw_mean)
    theirs = np.where(np.isnan(raw), -mean / deviation, (raw - raw_mean) / raw_deviation)
    if held.answers.ndim == 1:
        told = np.unique(held.answers, return_inverse=True)[1].astype(np.float64)[:, None]
        answers = answers[:, None]
    else:
        answers, told = standard(answers), standard(held.answers.astype(np.float64))
    ours, theirs = np.hstack([(ours - mean) / deviation, answers]), np.hstack([theirs, told])
    if not in_order:
        # In any order: what samples are along a few directions, sorted.
        onto = np.random.default_rng(0).normal(size=(ours.shape[1], DIRECTIONS)) / np.sqrt(ours.shape[1])
        ours, theirs = np.sort(ours @ onto, axis=0), np.sort(theirs @ onto, axis=0)
    off = np.abs(ours - theirs).max()
    return None if off < NEAR else f"what is fed is not what the files hold: off by up to {off:.3g} deviations"


def understood(case: Case, held: Held, plan: dict) -> list[str]:
    """In what the plan's description differs from what is meant."""
    data = plan.get("data") or {}
    found = {"classes": len(data.get("classes", [])), "targets": len(data.get("targets", [])),
             "features": data.get("features"), "parts": tuple(data.get("parts", []))}
    meant = {"classes": case.classes, "targets": case.targets, "features": case.features, "parts": case.parts}
    wrong = [f"{name}: {found[name]}, should be {meant[name]}" for name in meant if found[name] != meant[name]]
    names = [one["name"] for one in data.get("classes", [])]
    if names != held.names:
        return [*wrong, f"classes are {names[:8]}, should be {held.names[:8]}"]
    if names:
        counts = [sum(one["counts"]) for one in data["classes"]]
        meant_counts = np.unique(held.answers, return_counts=True)[1].tolist()
        if counts != meant_counts:
            wrong.append(f"classes have {counts[:8]} samples, should have {meant_counts[:8]}")
    return wrong


def r2(error: float, fed: Fed) -> float:
    """A mean squared error of the test as R2: 1 less its share in that of the test's own mean."""
    return float(1 - error / np.mean((fed.test_answers - fed.test_answers.mean(axis=0)) ** 2))


def scikit_learn(fed: Fed, seeds: int) -> float:
    """What scikit-learn's perceptron of the same width reaches on the same samples: accuracy, or R2."""
    key = blake2b(b"".join(part.tobytes() for part in (fed.train, fed.train_answers, fed.test, fed.test_answers))).digest()
    if (key, fed.held_out) not in KNOWN:
        KNOWN[key, fed.held_out] = fitted(fed, seeds)
    return KNOWN[key, fed.held_out]


def fitted(fed: Fed, seeds: int) -> float:
    """The mean score over seeds of scikit-learn's perceptron."""
    kept = len(fed.train) - fed.held_out
    inputs, answers = fed.train[:kept], fed.train_answers[:kept]
    real = fed.test_answers.ndim == 2
    scores = []
    for seed in range(seeds):
        model = (MLPRegressor if real else MLPClassifier)(hidden_layer_sizes=(64,), max_iter=500, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(inputs, answers.ravel() if real and answers.shape[1] == 1 else answers)
        told = model.predict(fed.test).reshape(fed.test_answers.shape)
        scores.append(r2(np.mean((told - fed.test_answers) ** 2), fed) if real else np.mean(told == fed.test_answers))
    return float(np.mean(scores))


def at_random(case: Case, held: Held) -> float:
    """What scikit-learn reaches on average where samples are split at random, each class in proportion."""
    inputs = standard(np.where(np.isnan(held.inputs), np.nanmean(held.inputs, axis=0), held.inputs))
    classes = np.unique(held.answers, return_inverse=True)[1] if held.names else None
    answers = standard(held.answers) if classes is None else classes
    scores = []
    for seed in range(RANDOM_SPLITS):
        parts = train_test_split(inputs, answers, test_size=case.parts[2], random_state=seed, stratify=classes)
        scores.append(fitted(Fed(*parts, held_out=case.parts[1]), 1))
    return float(np.mean(scores))


def judge(program: Program, case: Case) -> Judged:
    """Makes the files of a case, has the program use them, and compares."""
    out, start = Judged(), time.monotonic()
    folder = program.root / case.folder
    folder.mkdir(parents=True, exist_ok=True)
    held = case.make(folder)
    file = sweeping.write(program.root, case)
    try:
        out.line = sweeping.planned(program, file, case)
        plan, records = sweeping.trained(program, file)
        out.lints = [told["lint"] for told in plan.get("lints", [])]
        out.wrong += understood(case, held, plan)
        if not out.line:
            out.wrong.append("--plan says nothing of the data")
        fed = sweeping.exported(program, plan["runs"][0]["spec"], program.root / "fed" / case.slug)
        out.wrong += filter(None, [compared(fed, held, case.in_order)])
        out.theirs = scikit_learn(fed, sweeping.SEEDS)
        if not case.in_order and out.theirs < FAIR * (fair := at_random(case, held)):
            out.wrong.append(f"not split at random: scikit-learn reaches {out.theirs:.4f}, at random {fair:.4f}")
        score = sweeping.best(records, case)
        out.ours = r2(score, fed) if case.targets else score
        if not out.ours >= ENOUGH * out.theirs:
            out.wrong.append(f"{out.ours:.4f} is below {ENOUGH:.0%} of scikit-learn's {out.theirs:.4f}")
    except Refused as refused:
        out.wrong.append(f"refused: {refused}")
    out.seconds = time.monotonic() - start
    return out
