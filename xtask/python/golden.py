"""Golden trajectories of torch.optim.

Trains a tiny fixed network for 50 steps with the real PyTorch optimizers (CPU,
float32, one thread, gradients by autograd) and writes what
crates/optimizer-registry/tests/golden.rs replays with Burn. Each file carries its
own birth certificate: script, versions, and every input. Nothing is random.

    python xtask/python/golden.py            # writes crates/optimizer-registry/tests/golden/*.json
    python xtask/python/golden.py --check    # exits 1 if a file would change
"""

import argparse
import inspect
import json
import math
import platform
import sys
from pathlib import Path

import torch

OUT = Path(__file__).resolve().parents[2] / "crates" / "optimizer-registry" / "tests" / "golden"
STEPS = (1, 2, 5, 10, 25, 50)
SAMPLES, FEATURES, HIDDEN, CLASSES = 12, 4, 5, 3


def wave(n, frequency, phase, amplitude):
    """n short decimals without pattern, so that the file shows exact inputs."""
    return [round(amplitude * math.sin(frequency * i + phase), 3) for i in range(n)]


# logits = tanh(x w1 + b1) w2 + b2, softmax cross-entropy, mean over the batch,
# times the case's loss_scale. Weights are [inputs, outputs], row-major.
INITIAL = {
    "w1": wave(FEATURES * HIDDEN, 1.7, 0.3, 0.7),
    "b1": wave(HIDDEN, 2.3, 1.1, 0.4),
    "w2": wave(HIDDEN * CLASSES, 2.9, 0.7, 0.6),
    "b2": wave(CLASSES, 1.3, 2.0, 0.3),
}
SHAPES = {"w1": [FEATURES, HIDDEN], "b1": [HIDDEN], "w2": [HIDDEN, CLASSES], "b2": [CLASSES]}
INPUTS = wave(SAMPLES * FEATURES, 3.7, 0.2, 1.5)
TARGETS = [(i * i + i // 3) % CLASSES for i in range(SAMPLES)]

# Per optimizer: class, and per case the arguments given to it; what is not given is
# PyTorch's default. A small loss_scale gives small gradients, so that eps matters.
CASES = {
    "sgd": (
        torch.optim.SGD,
        {
            "plain": dict(lr=0.1),
            "momentum": dict(lr=0.05, momentum=0.9),
            "dampening": dict(lr=0.05, momentum=0.9, dampening=0.3),
            "nesterov": dict(lr=0.05, momentum=0.9, nesterov=True),
            "weight-decay": dict(lr=0.1, weight_decay=0.05),
            "all": dict(lr=0.03, momentum=0.8, dampening=0.2, weight_decay=0.02),
        },
    ),
    "rmsprop": (
        torch.optim.RMSprop,
        {
            "plain": dict(lr=0.01),
            "alpha": dict(lr=0.01, alpha=0.9),
            "eps": dict(lr=0.01, eps=1e-2),
            "momentum": dict(lr=0.003, momentum=0.9),
            "centered": dict(lr=0.01, centered=True),
            "weight-decay": dict(lr=0.01, weight_decay=0.05),
            "all": dict(lr=0.003, alpha=0.95, momentum=0.5, centered=True, weight_decay=0.02),
            "small-gradients": dict(lr=0.01, loss_scale=1e-3),
        },
    ),
    "adam": (
        torch.optim.Adam,
        {
            "plain": dict(lr=0.02),
            "betas": dict(lr=0.02, betas=(0.8, 0.95)),
            "eps": dict(lr=0.02, eps=1e-2),
            "weight-decay": dict(lr=0.02, weight_decay=0.05),
            "amsgrad": dict(lr=0.02, betas=(0.9, 0.9), amsgrad=True),
            "small-gradients": dict(lr=0.02, loss_scale=1e-3),
        },
    ),
    "adamw": (
        torch.optim.AdamW,
        {
            "plain": dict(lr=0.02),
            "betas": dict(lr=0.02, betas=(0.8, 0.95)),
            "weight-decay": dict(lr=0.02, weight_decay=0.3),
            "no-weight-decay": dict(lr=0.02, weight_decay=0.0),
            "amsgrad": dict(lr=0.02, betas=(0.9, 0.9), amsgrad=True),
            "small-gradients": dict(lr=0.02, loss_scale=1e-3),
        },
    ),
}

# The hyper-parameters that the registry knows, by PyTorch's name.
NAMES = {
    "sgd": ["lr", "momentum", "dampening", "nesterov", "weight_decay"],
    "rmsprop": ["lr", "alpha", "eps", "momentum", "centered", "weight_decay"],
    "adam": ["lr", "betas", "eps", "weight_decay", "amsgrad"],
    "adamw": ["lr", "betas", "eps", "weight_decay", "amsgrad"],
}


def resolved(kind, values):
    """The spec of the registry: betas split, floats as floats, with its kind."""
    spec = {"kind": kind}
    for name in NAMES[kind]:
        value = values[name]
        if name == "betas":
            spec["beta1"], spec["beta2"] = map(float, value)
        else:
            spec[name] = value if isinstance(value, bool) else float(value)
    return spec


def trajectory(kind, optimizer_class, arguments):
    """One case: the resolved spec and the parameters after each of STEPS."""
    arguments = dict(arguments)
    loss_scale = arguments.pop("loss_scale", 1.0)
    p = {k: torch.tensor(v).reshape(SHAPES[k]).requires_grad_() for k, v in INITIAL.items()}
    x = torch.tensor(INPUTS).reshape(SAMPLES, FEATURES)
    y = torch.tensor(TARGETS)
    # foreach=False: the plain single-tensor code, the reference of the other two.
    optimizer = optimizer_class(list(p.values()), foreach=False, **arguments)
    after = {}
    for step in range(1, STEPS[-1] + 1):
        optimizer.zero_grad()
        logits = torch.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]
        (torch.nn.functional.cross_entropy(logits, y) * loss_scale).backward()
        optimizer.step()
        if step in STEPS:
            # A float32 as a Python float is exact, and so are its JSON digits.
            after[str(step)] = {k: v.detach().flatten().tolist() for k, v in p.items()}
    return {
        "spec": resolved(kind, optimizer.defaults),
        "loss_scale": loss_scale,
        "after": after,
    }


def defaults(kind, optimizer_class):
    """PyTorch's own defaults, from the signature."""
    signature = inspect.signature(optimizer_class.__init__).parameters
    return resolved(kind, {name: signature[name].default for name in NAMES[kind]})


def files():
    """File name -> contents."""
    made_by = {
        "script": "xtask/python/golden.py",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": "cpu",
        "dtype": "float32",
        "threads": torch.get_num_threads(),
    }
    problem = {"inputs": INPUTS, "targets": TARGETS, "initial": INITIAL, "shapes": SHAPES}
    for kind, (optimizer_class, cases) in CASES.items():
        yield f"{kind}.json", {
            "made_by": made_by,
            "optimizer": f"torch.optim.{optimizer_class.__name__}",
            "defaults": defaults(kind, optimizer_class),
            "problem": problem,
            "cases": {name: trajectory(kind, optimizer_class, a) for name, a in cases.items()},
        }


def dump(value, indent=0):
    """JSON with one line for each innermost list, so that diffs stay readable."""
    pad = " " * indent
    if isinstance(value, dict):
        items = ",\n".join(f'{pad} {json.dumps(k)}: {dump(v, indent + 1)}' for k, v in value.items())
        return "{\n" + items + "\n" + pad + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"{pad} {dump(v, indent + 1)}" for v in value) + "\n" + pad + "]"
    return json.dumps(value)


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
    print("changed: " + ", ".join(changed) if changed else "all as they were")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
