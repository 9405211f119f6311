"""Judgement of a case: its description, the fed samples, and the score compared with scikit-learn."""

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
# A split by contents must reach at least this fraction of the score of random splits.
FAIR, RANDOM_SPLITS = 0.75, 2
DIRECTIONS = 3
NEAR = 2e-3
# Scores of scikit-learn by the fed samples, since several files contain the same samples.
KNOWN: dict[tuple[bytes, int], float] = {}


@dataclass
class Judged:
    """The results of a case."""

    line: str = ""
    lints: list[str] = field(default_factory=list)
    ours: float | None = None
    theirs: float | None = None
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ratio(self) -> float | None:
        """The ratio of our score to scikit-learn's."""
        return self.ours / self.theirs if self.ours is not None and self.theirs else None


def spread(deviation: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The divisor of each column; infinite for a constant column, which becomes 0."""
    return np.where(deviation <= 1e-9 * np.maximum(1, np.abs(mean)), np.inf, deviation)


def standard(values: np.ndarray) -> np.ndarray:
    """Each column minus its mean, divided by its standard deviation."""
    mean = values.mean(axis=0)
    return (values - mean) / spread(values.std(axis=0), mean)


def compared(fed: Fed, held: Held, in_order: bool) -> str | None:
    """The difference between the fed samples and those of the files, whatever the scaling of columns; None if there is none."""
    ours = np.vstack([fed.train, fed.test]).astype(np.float64)
    answers = np.concatenate([fed.train_answers, fed.test_answers]).astype(np.float64)
    if ours.shape != held.inputs.shape:
        return f"{ours.shape} values are fed, the files hold {held.inputs.shape}"
    raw = held.inputs.astype(np.float64)
    # Missing values are filled with the mean, which standard scaling maps to 0.
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
        # Compares independently of the order: sorted projections onto a few directions.
        onto = np.random.default_rng(0).normal(size=(ours.shape[1], DIRECTIONS)) / np.sqrt(ours.shape[1])
        ours, theirs = np.sort(ours @ onto, axis=0), np.sort(theirs @ onto, axis=0)
    off = np.abs(ours - theirs).max()
    return None if off < NEAR else f"what is fed is not what the files hold: off by up to {off:.3g} deviations"


def understood(case: Case, held: Held, plan: dict) -> list[str]:
    """The differences between the plan's description and the expected one."""
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
    """R2 of a mean squared error on the test: 1 minus its ratio to the error of the test's mean."""
    return float(1 - error / np.mean((fed.test_answers - fed.test_answers.mean(axis=0)) ** 2))


def scikit_learn(fed: Fed, seeds: int) -> float:
    """The score, accuracy or R2, of scikit-learn's perceptron of the same width on the same samples."""
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
    """The mean score of scikit-learn over random splits, stratified by class."""
    inputs = standard(np.where(np.isnan(held.inputs), np.nanmean(held.inputs, axis=0), held.inputs))
    classes = np.unique(held.answers, return_inverse=True)[1] if held.names else None
    answers = standard(held.answers) if classes is None else classes
    scores = []
    for seed in range(RANDOM_SPLITS):
        parts = train_test_split(inputs, answers, test_size=case.parts[2], random_state=seed, stratify=classes)
        scores.append(fitted(Fed(*parts, held_out=case.parts[1]), 1))
    return float(np.mean(scores))


def judge(program: Program, case: Case) -> Judged:
    """Makes the files of a case, runs the program on them, and compares."""
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
            out.wrong.append("--plan does not describe the data")
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
