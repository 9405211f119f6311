"""Golden trajectories of optimizers that torch.optim lacks, and of torch.optim.LBFGS.

The reference implementations are the schedule-free authors' package `schedulefree`
and timm's ports of the authors' code of Lion, LAMB and Adan. The problems are those of
golden.py. LBFGS is here because its step needs a closure. It runs in float64, since
differences of gradients lose so many digits in float32 that after some steps two correct
implementations agree only in their losses.

    python xtask/python/golden_papers.py            # writes crates/optimizer-registry/tests/golden-papers/*.json
    python xtask/python/golden_papers.py --check    # exits 1 if a file would change
"""

import argparse
import importlib.metadata
import inspect
import platform
import sys
from pathlib import Path

import schedulefree
import timm.optim
import torch

from golden import CHANNELS, CONV, PROBLEM, SAMPLES, SIDE, dump, logits

OUT = Path(__file__).resolve().parents[2] / "crates/optimizer-registry/tests/golden-papers"
STEPS = (1, 2, 5, 10, 25, 50, 100)
# A step of LBFGS in float64 has many iterations and reaches the minimum after a few steps.
LBFGS_STEPS = (1, 2, 3, 5, 8)

# Per optimizer: package, class, hyper-parameters of the registry, arguments of every case,
# and further arguments of each case; all others are defaults.
# A small loss_scale gives small gradients, so that eps matters.
CASES = {
    "lion": (
        "timm",
        timm.optim.Lion,
        ["lr", "betas", "weight_decay"],
        dict(foreach=False),
        {
            "plain": dict(lr=0.002),
            "betas": dict(lr=0.002, betas=(0.8, 0.95)),
            "weight-decay": dict(lr=0.002, weight_decay=0.5),
            "quick": dict(lr=0.002, betas=(0.5, 0.9)),
            "conv": dict(lr=0.002, problem=CONV),
        },
    ),
    "lamb": (
        "timm",
        timm.optim.Lamb,
        ["lr", "betas", "eps", "weight_decay"],
        # As in the paper: no clipping, and every tensor is scaled. Learning rates are small, since a
        # tensor that oscillates around its minimum doubles a rounding error at every step: at 0.02
        # timm's own float32 and float64 differ by 5e-4.
        dict(foreach=False, max_grad_norm=None, always_adapt=True),
        {
            "plain": dict(lr=0.02),
            "defaults": dict(),
            "betas": dict(lr=0.01, betas=(0.8, 0.95)),
            "eps": dict(lr=0.02, eps=1e-2),
            "weight-decay": dict(lr=0.01, weight_decay=0.3),
            "no-weight-decay": dict(lr=0.02, weight_decay=0.0),
            "small-gradients": dict(lr=0.02, loss_scale=1e-3),
            "conv": dict(lr=0.01, problem=CONV),
        },
    ),
    "adan": (
        "timm",
        timm.optim.Adan,
        ["lr", "betas", "eps", "weight_decay", "no_prox"],
        dict(foreach=False),
        {
            "plain": dict(lr=0.01),
            "defaults": dict(),
            "betas": dict(lr=0.01, betas=(0.9, 0.8, 0.95)),
            "eps": dict(lr=0.01, eps=1e-2),
            "weight-decay": dict(lr=0.01, weight_decay=0.3),
            "no-prox": dict(lr=0.01, weight_decay=0.3, no_prox=True),
            "small-gradients": dict(lr=0.01, loss_scale=1e-3),
            "conv": dict(lr=0.01, problem=CONV),
        },
    ),
    "schedulefree-sgd": (
        "schedulefree",
        schedulefree.SGDScheduleFree,
        ["lr", "momentum", "weight_decay", "warmup_steps", "r", "weight_lr_power"],
        dict(foreach=False),
        {
            "plain": dict(lr=0.3),
            "defaults": dict(),
            "momentum": dict(lr=0.3, momentum=0.6),
            "weight-decay": dict(lr=0.3, weight_decay=0.05),
            "warmup": dict(lr=0.5, warmup_steps=20),
            "weights": dict(lr=0.3, warmup_steps=10, r=1.5, weight_lr_power=0.5),
            "conv": dict(lr=0.3, problem=CONV),
        },
    ),
    "schedulefree-adamw": (
        "schedulefree",
        schedulefree.AdamWScheduleFree,
        ["lr", "betas", "eps", "weight_decay", "warmup_steps", "r", "weight_lr_power"],
        dict(foreach=False),
        {
            "plain": dict(lr=0.02),
            "defaults": dict(),
            "betas": dict(lr=0.02, betas=(0.7, 0.95)),
            "eps": dict(lr=0.02, eps=1e-2),
            "weight-decay": dict(lr=0.02, weight_decay=0.3),
            "warmup": dict(lr=0.03, warmup_steps=20),
            "weights": dict(lr=0.02, warmup_steps=10, r=1.5, weight_lr_power=0.5),
            "small-gradients": dict(lr=0.02, loss_scale=1e-3),
            "conv": dict(lr=0.02, problem=CONV),
        },
    ),
    "lbfgs": (
        "torch",
        torch.optim.LBFGS,
        [
            "lr",
            "max_iter",
            "max_eval",
            "tolerance_grad",
            "tolerance_change",
            "history_size",
            "line_search_fn",
        ],
        dict(),
        {
            "plain": dict(lr=0.5, max_iter=4),
            "history": dict(lr=0.5, max_iter=5, history_size=2),
            "max-eval": dict(lr=0.5, max_iter=9, max_eval=4),
            "tolerance-grad": dict(lr=0.5, tolerance_grad=2e-2),
            "tolerance-change": dict(lr=0.1, tolerance_change=2e-2),
            "strong-wolfe": dict(lr=1.0, max_iter=4, line_search_fn="strong_wolfe"),
            "far-line-search": dict(lr=20.0, max_iter=3, line_search_fn="strong_wolfe"),
            "short-line-search": dict(lr=0.01, max_iter=3, line_search_fn="strong_wolfe"),
        },
    ),
}


def resolved(kind, names, values):
    """The spec of the registry with its kind and names; betas are split."""
    spec = {"kind": kind}
    for name in names:
        value = values[name]
        if name == "betas":
            spec.update({f"beta{i}": float(beta) for i, beta in enumerate(value, 1)})
        elif name == "line_search_fn":
            spec["line_search"] = value or "none"
        elif name == "max_eval":
            # torch's None is the registry's 0.
            spec["max_eval"] = 0 if value is None else value
        elif name in ("warmup_steps", "max_iter", "history_size"):
            spec[name] = int(value)
        else:
            spec[name] = value if isinstance(value, bool) else float(value)
    return spec


def tensors(p):
    """Values by name; a float32 as a Python float is exact, and so is its JSON text."""
    return {k: v.detach().flatten().tolist() for k, v in p.items()}


def trajectory(kind, entry, arguments):
    """One case: the resolved spec and the parameters after each of STEPS."""
    _, optimizer_class, names, fixed, _ = entry
    arguments = dict(arguments)
    loss_scale = arguments.pop("loss_scale", 1.0)
    problem = arguments.pop("problem", PROBLEM)
    dtype = torch.float64 if kind == "lbfgs" else torch.float32
    steps = LBFGS_STEPS if kind == "lbfgs" else STEPS
    p = {
        k: torch.tensor(v, dtype=dtype).reshape(problem["shapes"][k]).requires_grad_()
        for k, v in problem["initial"].items()
    }
    x = torch.tensor(problem["inputs"], dtype=dtype)
    x = x.reshape(SAMPLES, CHANNELS, SIDE, SIDE) if problem is CONV else x.reshape(SAMPLES, -1)
    y = torch.tensor(problem["targets"])
    optimizer = optimizer_class(list(p.values()), **fixed, **arguments)
    averages = hasattr(optimizer, "eval")
    if averages:
        optimizer.train()

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits(problem, x, p, torch.matmul), y) * loss_scale
        loss.backward()
        return loss

    after, evaluated = {}, {}
    for step in range(1, steps[-1] + 1):
        if kind == "lbfgs":
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        if step not in steps:
            continue
        after[str(step)] = tensors(p)
        if averages:
            # Restored from a copy, since the package's own switch back rounds.
            trained = {k: v.detach().clone() for k, v in p.items()}
            optimizer.eval()
            evaluated[str(step)] = tensors(p)
            optimizer.train()
            with torch.no_grad():
                for k, v in p.items():
                    v.copy_(trained[k])
    given = dict(optimizer.defaults)
    if "max_eval" in given and "max_eval" not in arguments:
        given["max_eval"] = None
    case = {
        "spec": resolved(kind, names, given),
        "loss_scale": loss_scale,
        "problem": "conv" if problem is CONV else "problem",
        "after": after,
    }
    return {**case, "evaluated": evaluated} if averages else case


def defaults(kind, optimizer_class, names):
    """The reference's own defaults, from the signature."""
    signature = inspect.signature(optimizer_class.__init__).parameters
    return resolved(kind, names, {name: signature[name].default for name in names})


def files():
    """The contents of all files by name."""
    for kind, entry in CASES.items():
        package, optimizer_class, names, fixed, cases = entry
        yield f"{kind}.json", {
            "made_by": {
                "script": "xtask/python/golden_papers.py",
                "torch": torch.__version__,
                "package": package,
                "version": importlib.metadata.version(package),
                "python": platform.python_version(),
                "device": "cpu",
                "dtype": "float64" if kind == "lbfgs" else "float32",
                "threads": torch.get_num_threads(),
            },
            "optimizer": f"{optimizer_class.__module__}.{optimizer_class.__name__}",
            "always": fixed,
            "defaults": defaults(kind, optimizer_class, names),
            "problem": PROBLEM,
            "conv": CONV,
            "cases": {name: trajectory(kind, entry, a) for name, a in cases.items()},
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    check = parser.parse_args().check
    torch.set_num_threads(1)
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
