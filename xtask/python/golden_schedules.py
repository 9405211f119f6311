"""Golden curves of torch.optim.lr_scheduler, and of torch's operations around a step.

Records the learning rates of n units with the real PyTorch schedulers (stepped after each
unit, as in PyTorch's loop), the decays of ReduceLROnPlateau, gradients clipped by
torch.nn.utils, and smoothed cross-entropies. Nothing is random.

    python xtask/python/golden_schedules.py            # writes crates/optimizer-registry/tests/golden-schedules/*.json
    python xtask/python/golden_schedules.py --check    # exits 1 if a file would change
"""

import argparse
import itertools
import math
import platform
import sys
import warnings
from pathlib import Path

import torch
from torch.optim import lr_scheduler as s

from golden import dump, wave

OUT = Path(__file__).resolve().parents[2] / "crates/optimizer-registry/tests/golden-schedules"


def make(optimizer, spec):
    """PyTorch's scheduler for a resolved schedule of the registry."""
    p = {k: v for k, v in spec.items() if k not in ("kind", "per")}
    match spec["kind"]:
        case "constant":
            return s.ConstantLR(optimizer, factor=1.0)
        case "cosine":
            return s.CosineAnnealingLR(optimizer, T_max=p["t_max"], eta_min=p["min_lr"])
        case "cosine-restarts":
            return s.CosineAnnealingWarmRestarts(optimizer, T_0=p["t_0"], T_mult=p["t_mult"], eta_min=p["min_lr"])
        case "linear":
            return s.LinearLR(optimizer, **p)
        case "linear-decay":
            return s.LinearLR(optimizer, start_factor=1.0, **p)
        case "polynomial":
            return s.PolynomialLR(optimizer, **p)
        case "exponential":
            return s.ExponentialLR(optimizer, **p)
        case "step":
            return s.StepLR(optimizer, **p)
        case "multi-step":
            return s.MultiStepLR(optimizer, **p)
        case "one-cycle":
            max_lr = optimizer.param_groups[0]["lr"]
            p["anneal_strategy"] = p.pop("anneal")
            return s.OneCycleLR(optimizer, max_lr=max_lr, cycle_momentum=False, **p)
        case "sequential":
            parts = [make(optimizer, part) for part in p["schedules"]]
            return s.SequentialLR(optimizer, parts, milestones=p["milestones"])
    raise ValueError(spec["kind"])


def wsd_parts(optimizer, base_lr, p):
    """The stable, decay and final parts, with the number of units of all but the last."""
    low, total = p["min_factor"], p["total_iters"]
    # Python rounds halves to even; the registry rounds them up.
    decaying = min(max(math.floor(p["decay"] * total + 0.5), 1), total)
    stable = [(s.ConstantLR(optimizer, factor=1.0), total - decaying)]

    def falls(t):
        # Same as transformers' _get_wsd_scheduler_lambda with decay_type="1-sqrt".
        return (1.0 - math.sqrt(t / decaying)) * (1.0 - low) + low if t < decaying else low

    match p["shape"]:
        case "linear":
            decay = s.LinearLR(optimizer, start_factor=1.0, end_factor=low, total_iters=decaying)
        case "cosine":
            decay = s.CosineAnnealingLR(optimizer, T_max=decaying, eta_min=low * base_lr)
        case "1-sqrt":
            decay = s.LambdaLR(optimizer, falls)
    after = s.ConstantLR(optimizer, factor=low, total_iters=10**9)
    return (stable if total > decaying else []) + [(decay, decaying), (after, 0)]


def wsd_rates(base_lr, n, p, rise=None):
    """The learning rates of SequentialLR over all parts of wsd, after a warmup if there is one."""
    def build(optimizer):
        parts = ([rise(optimizer)] if rise else []) + wsd_parts(optimizer, base_lr, p)
        ends = list(itertools.accumulate(length for _, length in parts[:-1]))
        return s.SequentialLR(optimizer, [part for part, _ in parts], milestones=ends)

    return rates(base_lr, n, build)


def sgd(lr):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)


def rates(base_lr, n, build):
    """The learning rate of each of n units."""
    optimizer = sgd(base_lr)
    scheduler = build(optimizer)
    values = []
    for _ in range(n):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(values) < n:
            scheduler.step()
    return values


def curve(base_lr, n, spec, warmup=None):
    """One curve; with a warmup, LinearLR is followed by the schedule in SequentialLR."""
    spec = {"kind": spec["kind"], "per": "epoch", **spec}
    if spec["kind"] == "sequential":
        spec["schedules"] = [{"kind": p["kind"], "per": "epoch", **p} for p in spec["schedules"]]
    if spec["kind"] == "constant":
        del spec["per"]
    out = {"base_lr": base_lr, "schedule": spec}
    if warmup is None and spec["kind"] == "wsd":
        return {**out, "lr": wsd_rates(base_lr, n, spec)}
    if warmup is None:
        return {**out, "lr": rates(base_lr, n, lambda o: make(o, spec))}
    length, start = warmup
    out["warmup"] = {"per": "epoch", "length": length, "start": start}

    def rise(o):
        return s.LinearLR(o, start_factor=start, total_iters=length)

    if spec["kind"] == "wsd":
        lr = wsd_rates(base_lr, n, spec, lambda o: (rise(o), length))
    elif spec["kind"] in ("one-cycle", "sequential"):
        # In SequentialLR, LinearLR would start from the low rate that OneCycleLR has put into
        # the optimizer, and a nested SequentialLR cannot step(0), so the curves are joined here.
        lr = rates(base_lr, length, rise) + rates(base_lr, n - length, lambda o: make(o, spec))
    else:
        lr = rates(base_lr, n, lambda o: s.SequentialLR(o, [rise(o), make(o, spec)], milestones=[length]))
    return {**out, "lr": lr}


def cosine(t_max, min_lr=0.0):
    return dict(kind="cosine", min_lr=min_lr, t_max=t_max)


def restarts(t_0, t_mult=1, min_lr=0.0):
    return dict(kind="cosine-restarts", t_0=t_0, t_mult=t_mult, min_lr=min_lr)


def linear(start_factor=1.0 / 3, end_factor=1.0, total_iters=5):
    return dict(kind="linear", start_factor=start_factor, end_factor=end_factor, total_iters=total_iters)


def linear_decay(total_iters, end_factor=0.0):
    return dict(kind="linear-decay", end_factor=end_factor, total_iters=total_iters)


def wsd(total_iters, decay=0.2, shape="linear", min_factor=0.0):
    return dict(kind="wsd", decay=decay, shape=shape, min_factor=min_factor, total_iters=total_iters)


def polynomial(total_iters=5, power=1.0):
    return dict(kind="polynomial", total_iters=total_iters, power=power)


def exponential(gamma):
    return dict(kind="exponential", gamma=gamma)


def steps(step_size, gamma=0.1):
    return dict(kind="step", step_size=step_size, gamma=gamma)


def multi_step(milestones, gamma=0.1):
    return dict(kind="multi-step", milestones=milestones, gamma=gamma)


def one_cycle(total_steps, pct_start=0.3, anneal="cos", div_factor=25.0, final_div_factor=1e4, three_phase=False):
    return dict(kind="one-cycle", pct_start=pct_start, anneal=anneal, div_factor=div_factor,
                final_div_factor=final_div_factor, three_phase=three_phase, total_steps=total_steps)


def sequential(schedules, milestones):
    return dict(kind="sequential", schedules=schedules, milestones=milestones)


# Base learning rate, units (beyond the end, if there is one), schedule, warmup.
CURVES = [
    (0.1, 5, cosine(5)),
    (0.1, 23, cosine(5)),
    (0.05, 20, cosine(7, 0.001)),
    (10.0, 938, cosine(938)),
    (1e-3, 700, cosine(300, 1e-5)),
    (0.2, 6, cosine(1)),
    (0.1, 25, restarts(7)),
    (3.0, 40, restarts(3, 2, 1e-3)),
    (1e-3, 60, restarts(1, 3)),
    (0.1, 12, restarts(1)),
    (0.1, 9, linear()),
    (5.0, 30, linear(0.01, 0.5, 20)),
    (0.1, 12, linear(1.0, 0.0, 10)),
    (0.1, 10, linear_decay(10)),
    (3.0, 940, linear_decay(938)),
    (1e-3, 30, linear_decay(20, 0.1)),
    (0.1, 4, linear_decay(1)),
    (0.1, 12, wsd(10)),
    (3.0, 1000, wsd(938, 0.1)),
    (0.1, 60, wsd(50, 0.25, min_factor=0.1)),
    (0.1, 12, wsd(10, 0.25)),
    (0.1, 12, wsd(10, 1.0)),
    (0.1, 6, wsd(3, 0.01)),
    (0.1, 60, wsd(50, 0.3, "1-sqrt")),
    (2.0, 400, wsd(300, 0.2, "1-sqrt", 0.05)),
    (0.1, 12, wsd(10, 1.0, "1-sqrt")),
    (0.1, 60, wsd(50, 0.3, "cosine")),
    (2.0, 400, wsd(300, 0.2, "cosine", 0.05)),
    (0.1, 12, wsd(10, 1.0, "cosine", 0.5)),
    (0.1, 9, polynomial()),
    (2.0, 30, polynomial(20, 2.0)),
    (0.01, 120, polynomial(100, 0.9)),
    (0.1, 40, exponential(0.9)),
    (1e-3, 200, exponential(0.999)),
    (0.1, 10, exponential(1.3)),
    (0.1, 25, steps(8)),
    (7.0, 30, steps(1, 0.8)),
    (0.1, 25, multi_step([2, 3, 20])),
    (0.1, 12, multi_step([1], 0.5)),
    (0.1, 20, one_cycle(20)),
    (2.0, 100, one_cycle(100, 0.1, "linear", 10.0, 100.0)),
    (0.1, 50, one_cycle(50, 0.4, "cos", three_phase=True)),
    (0.1, 47, one_cycle(47, 0.45, "linear", 5.0, 10.0, True)),
    (0.1, 10, one_cycle(10, 0.0)),
    (0.1, 10, one_cycle(10, 1.0)),
    (0.1, 5, one_cycle(5)),
    (0.1, 30, sequential([linear(0.1, 1.0, 4), cosine(20)], [5])),
    (0.5, 40, sequential([exponential(0.9), restarts(3, 2), polynomial(6, 2.0), multi_step([2, 5])], [4, 16, 28])),
    (0.5, 12, sequential([steps(2), dict(kind="constant")], [6])),
    (0.1, 9, dict(kind="constant"), (5, 1 / 3)),
    (0.1, 30, cosine(20, 1e-3), (5, 0.1)),
    (4.0, 30, restarts(4, 2), (3, 0.5)),
    (0.1, 20, linear(1.0, 0.1, 10), (4, 0.01)),
    (0.1, 30, linear_decay(20), (5, 0.01)),
    (0.1, 30, linear_decay(20, 0.1), (5, 0.1)),
    (0.1, 70, wsd(50), (10, 1e-3)),
    (0.1, 70, wsd(50, 0.5, "1-sqrt", 0.1), (10, 0.1)),
    (4.0, 70, wsd(50, 0.2, "cosine", 0.01), (10, 0.1)),
    (0.1, 20, wsd(10, 1.0), (5, 0.5)),
    (0.1, 20, polynomial(12, 3.0), (6, 0.25)),
    (0.1, 20, exponential(0.8), (1, 0.25)),
    (0.1, 20, steps(3, 0.5), (4, 1.0)),
    (0.1, 20, multi_step([3, 9]), (4, 1 / 3)),
    (0.1, 30, one_cycle(25), (5, 0.1)),
    (0.1, 30, sequential([linear(0.1, 1.0, 4), cosine(20)], [5]), (7, 0.1)),
]


def plateau(base_lr, metric, values, **changed):
    """The learning rate after the value of each epoch."""
    p = dict(factor=0.1, patience=10, threshold=1e-4, threshold_mode="rel", cooldown=0, min_lr=0.0, eps=1e-8)
    p.update(changed)
    optimizer = sgd(base_lr)
    mode = "max" if metric == "validation.accuracy" else "min"
    scheduler = s.ReduceLROnPlateau(optimizer, mode=mode, **p)
    lr = []
    for value in values:
        scheduler.step(value)
        lr.append(optimizer.param_groups[0]["lr"])
    return {"base_lr": base_lr, "schedule": {"kind": "plateau", "metric": metric, **p}, "values": values, "lr": lr}


# Falls, rests, falls by less than the threshold, rises, falls again.
LOSSES = [1.0 / (1 + i) for i in range(6)] + [0.17] * 14 + [0.16999, 0.16998] + wave(20, 0.9, 0.0, 0.2) + [0.5] * 18
SCORES = [1 - math.exp(-0.4 * i) for i in range(12)] + [0.98] * 12 + wave(20, 1.3, 0.5, 0.5) + [0.99] * 12
PLATEAUS = [
    (0.1, "validation.loss", LOSSES, {}),
    (2.0, "validation.loss", LOSSES, dict(factor=0.5, patience=2, cooldown=3, min_lr=0.1)),
    (1e-3, "train.loss", LOSSES, dict(patience=0, threshold=0.05, threshold_mode="abs", eps=1e-6)),
    (0.1, "validation.accuracy", SCORES, dict(factor=0.3, patience=3)),
    (0.1, "validation.accuracy", SCORES, dict(factor=0.9, patience=1, threshold=0.01, threshold_mode="abs", cooldown=1)),
    (1e-7, "validation.loss", [1.0] * 9, dict(factor=0.5, patience=0, eps=2e-8)),
]

SHAPES = [[2, 3], [4], [2, 1, 2, 2]]


def clipped(scale, clip_value, clip_norm):
    """Gradients of several ranks, clipped by value and then together by norm."""
    flat = [wave(math.prod(shape), 1.7 + i, 0.3 * i, scale) for i, shape in enumerate(SHAPES)]
    parameters = [torch.zeros(shape, requires_grad=True) for shape in SHAPES]
    for p, values in zip(parameters, flat):
        p.grad = torch.tensor(values).reshape(p.shape)
    if clip_value:
        torch.nn.utils.clip_grad_value_(parameters, clip_value)
    if clip_norm:
        torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
    return {"clip_value": clip_value, "clip_norm": clip_norm, "gradients": flat,
            "clipped": [p.grad.flatten().tolist() for p in parameters]}


CLIPS = [
    (3.0, 0.0, 1.0), (3.0, 0.0, 1e3), (3.0, 0.5, 0.0), (3.0, 0.5, 1.0), (1e-6, 0.0, 1e-6), (0.0, 0.1, 1.0),
    (1e4, 1e5, 1e-3),
]


def smoothed(smoothing):
    """The loss and its gradient with respect to the logits."""
    logits = torch.tensor(wave(20, 2.1, 0.4, 3.0)).reshape(5, 4).requires_grad_()
    targets = [0, 3, 1, 1, 2]
    loss = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, torch.tensor(targets))
    loss.backward()
    return {"label_smoothing": smoothing, "logits": logits.flatten().tolist(), "targets": targets,
            "loss": loss.item(), "gradient": logits.grad.flatten().tolist()}


def files():
    """The contents of all files by name."""
    made_by = {
        "script": "xtask/python/golden_schedules.py",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": "cpu",
    }
    yield "curves.json", {"made_by": made_by, "curves": [curve(*c) for c in CURVES]}
    yield "plateau.json", {"made_by": made_by, "runs": [plateau(*a, **changed) for *a, changed in PLATEAUS]}
    yield "clip.json", {"made_by": made_by, "shapes": SHAPES, "cases": [clipped(*c) for c in CLIPS]}
    yield "smoothing.json", {"made_by": made_by, "cases": [smoothed(x) for x in (0.0, 0.1, 0.5, 1.0)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    check = parser.parse_args().check
    torch.set_num_threads(1)
    # SequentialLR itself passes the deprecated argument `epoch`.
    warnings.filterwarnings("ignore", message="The epoch parameter")
    changed = []
    for name, contents in files():
        path, text = OUT / name, dump(contents) + "\n"
        if not path.exists() or path.read_text() != text:
            changed.append(name)
            if not check:
                OUT.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    print("changed: " + ", ".join(changed) if changed else "no changes")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
