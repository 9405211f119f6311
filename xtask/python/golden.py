"""Golden trajectories of torch.optim.

Trains a tiny fixed network for 100 steps with the real PyTorch optimizers (CPU,
float32, one thread, gradients by autograd). crates/optimizer-registry/tests/golden.rs
repeats the training with Burn. Each file contains its script, versions, and every input.
Nothing is random.

One thing differs from PyTorch: its Muon casts to bfloat16 before it orthogonalizes.
Only that line is changed here, to float32, and the cases mention it.

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
STEPS = (1, 2, 5, 10, 25, 50, 100)
# Largest relative difference between float32 and float64 in PyTorch itself.
ROUNDING = 7e-6


def wave(n, frequency, phase, amplitude):
    """n irregular values of few decimals, so that the file shows exact inputs."""
    return [round(amplitude * math.sin(frequency * i + phase), 3) for i in range(n)]


SAMPLES, FEATURES, HIDDEN, CLASSES = 12, 4, 5, 3
CHANNELS, SIDE, FILTERS, KERNEL = 2, 4, 3, 3
TARGETS = [(i * i + i // 3) % CLASSES for i in range(SAMPLES)]

# logits = tanh(x w1 + b1) w2 + b2, softmax cross-entropy, mean over the batch,
# times the case's loss_scale. Matrices are [inputs, outputs], row-major.
INITIAL = {
    "w1": wave(FEATURES * HIDDEN, 1.7, 0.3, 0.7),
    "b1": wave(HIDDEN, 2.3, 1.1, 0.4),
    "w2": wave(HIDDEN * CLASSES, 2.9, 0.7, 0.6),
    "b2": wave(CLASSES, 1.3, 2.0, 0.3),
}
SHAPES = {"w1": [FEATURES, HIDDEN], "b1": [HIDDEN], "w2": [HIDDEN, CLASSES], "b2": [CLASSES]}
INPUTS = wave(SAMPLES * FEATURES, 3.7, 0.2, 1.5)
PROBLEM = {"inputs": INPUTS, "targets": TARGETS, "initial": INITIAL, "shapes": SHAPES}

# The same with tanh(conv(x, k) + b1), flattened, instead of the first layer; k is
# [filters, channels, height, width], and there is no padding.
FLAT = FILTERS * (SIDE - KERNEL + 1) ** 2
CONV = {
    "inputs": wave(SAMPLES * CHANNELS * SIDE * SIDE, 3.7, 0.2, 1.5),
    "targets": TARGETS,
    "initial": {
        "k": wave(FILTERS * CHANNELS * KERNEL * KERNEL, 1.7, 0.3, 0.4),
        "b1": wave(FILTERS, 2.3, 1.1, 0.4),
        "w2": wave(FLAT * CLASSES, 2.9, 0.7, 0.4),
        "b2": wave(CLASSES, 1.3, 2.0, 0.3),
    },
    "shapes": {"k": [FILTERS, CHANNELS, KERNEL, KERNEL], "b1": [FILTERS], "w2": [FLAT, CLASSES]}
    | {"b2": [CLASSES]},
}

# Optimizers that treat a matrix as a whole get it in the layout of torch.nn.Linear,
# [outputs, inputs], so that swapped rows and columns would be noticed.
TRANSPOSED = ("muon", "adafactor")


class Muon:
    """torch.optim.Muon for the matrices and torch.optim.AdamW for the other parameters."""

    def __init__(self, params, foreach, **arguments):
        aux = {k[4:]: arguments.pop(k) for k in list(arguments) if k.startswith("aux_")}
        params = list(params)
        self.parts = [
            torch.optim.Muon([p for p in params if p.ndim == 2], **arguments),
            torch.optim.AdamW([p for p in params if p.ndim != 2], foreach=foreach, **aux),
        ]
        self.param_groups = [group for part in self.parts for group in part.param_groups]
        muon, adamw = (part.defaults for part in self.parts)
        self.defaults = {**muon, **{f"aux_{k}": v for k, v in adamw.items()}}

    @staticmethod
    def signature():
        """The defaults of both."""
        own, aux = (defaults_of(c) for c in (torch.optim.Muon, torch.optim.AdamW))
        return {**own, **{f"aux_{k}": v for k, v in aux.items()}}

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad()

    def step(self):
        for part in self.parts:
            part.step()


def without_bfloat16():
    """Removes the cast to bfloat16 from PyTorch's own Newton-Schulz iteration."""
    from torch.optim import _muon

    source = inspect.getsource(_muon._zeropower_via_newtonschulz)
    assert source.count("grad.bfloat16()") == 1 and source.count("float16") == 1
    # A copy, as the cast made one, since the following lines write in place.
    exec(source.replace("grad.bfloat16()", "grad.clone()"), _muon.__dict__)


# Per optimizer: its class, and the arguments of each case; all others are PyTorch's
# defaults. A small loss_scale gives small gradients, so that eps matters; problem=CONV
# trains the convolution, lr_factor multiplies the learning rate after each step.
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
            "conv": dict(lr=0.05, momentum=0.9, problem=CONV),
        },
    ),
    "rmsprop": (
        torch.optim.RMSprop,
        {
            "plain": dict(lr=0.01),
            "alpha": dict(lr=0.002, alpha=0.9),
            "eps": dict(lr=0.01, eps=1e-2),
            "momentum": dict(lr=0.003, momentum=0.9),
            "centered": dict(lr=0.01, centered=True),
            "weight-decay": dict(lr=0.005, weight_decay=0.05),
            "all": dict(lr=0.003, alpha=0.95, momentum=0.5, centered=True, weight_decay=0.02),
            "small-gradients": dict(lr=0.01, loss_scale=1e-3),
            "conv": dict(lr=0.01, problem=CONV),
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
            "conv": dict(lr=0.02, problem=CONV),
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
            "eps": dict(lr=0.02, eps=1e-2),
            "conv": dict(lr=0.02, problem=CONV),
        },
    ),
    "adagrad": (
        torch.optim.Adagrad,
        {
            "plain": dict(lr=0.1),
            "lr-decay": dict(lr=0.2, lr_decay=0.05),
            "weight-decay": dict(lr=0.1, weight_decay=0.05),
            "accumulator": dict(lr=0.1, initial_accumulator_value=0.1),
            "eps": dict(lr=0.1, eps=1e-2),
            "small-gradients": dict(lr=0.1, loss_scale=1e-7),
            "conv": dict(lr=0.05, lr_decay=0.01, lr_factor=0.98, problem=CONV),
        },
    ),
    "adadelta": (
        torch.optim.Adadelta,
        {
            "plain": dict(lr=5.0),
            "rho": dict(lr=2.0, rho=0.7),
            "eps": dict(lr=1.0, eps=1e-3),
            "weight-decay": dict(lr=2.0, weight_decay=0.05),
            "small-gradients": dict(lr=5.0, loss_scale=1e-3),
            "conv": dict(lr=1.0, eps=1e-4, lr_factor=0.98, problem=CONV),
        },
    ),
    "adamax": (
        torch.optim.Adamax,
        {
            "plain": dict(lr=0.02),
            "betas": dict(lr=0.007, betas=(0.8, 0.95)),
            "eps": dict(lr=0.02, eps=1e-2),
            "weight-decay": dict(lr=0.02, weight_decay=0.05),
            "small-gradients": dict(lr=0.02, loss_scale=1e-6),
            "conv": dict(lr=0.01, betas=(0.9, 0.9), lr_factor=0.98, problem=CONV),
        },
    ),
    "nadam": (
        torch.optim.NAdam,
        {
            "plain": dict(lr=0.02),
            "betas": dict(lr=0.01, betas=(0.8, 0.95)),
            "eps": dict(lr=0.02, eps=1e-2),
            "momentum-decay": dict(lr=0.02, momentum_decay=0.1),
            "weight-decay": dict(lr=0.02, weight_decay=0.05),
            "decoupled": dict(lr=0.02, weight_decay=0.3, decoupled_weight_decay=True),
            "small-gradients": dict(lr=0.02, loss_scale=1e-3),
            "conv": dict(lr=0.02, lr_factor=0.98, problem=CONV),
        },
    ),
    "radam": (
        torch.optim.RAdam,
        {
            "plain": dict(lr=0.02),
            "betas": dict(lr=0.02, betas=(0.8, 0.95)),
            "never-adapts": dict(lr=0.1, betas=(0.9, 0.6)),
            "eps": dict(lr=0.02, eps=1e-2),
            "weight-decay": dict(lr=0.02, weight_decay=0.05),
            "decoupled": dict(lr=0.02, weight_decay=0.3, decoupled_weight_decay=True),
            "small-gradients": dict(lr=0.02, loss_scale=1e-3),
            "conv": dict(lr=0.02, lr_factor=0.98, problem=CONV),
        },
    ),
    "rprop": (
        torch.optim.Rprop,
        {
            "plain": dict(),
            "etas": dict(lr=0.01, etas=(0.3, 1.1)),
            "bounds": dict(lr=0.01, step_sizes=(2e-3, 0.02)),
            "small-gradients": dict(lr=0.01, loss_scale=1e-6),
            "conv": dict(lr=0.001, etas=(0.5, 1.02), lr_factor=0.98, problem=CONV),
        },
    ),
    "asgd": (
        torch.optim.ASGD,
        {
            "plain": dict(lr=0.1),
            "lambd": dict(lr=0.2, lambd=0.05),
            "alpha": dict(lr=0.2, lambd=0.05, alpha=0.3),
            "t0": dict(lr=0.1, t0=20),
            "weight-decay": dict(lr=0.1, weight_decay=0.05),
            "conv": dict(lr=0.1, t0=0, lr_factor=0.98, problem=CONV),
        },
    ),
    "muon": (
        Muon,
        {
            "plain": dict(lr=0.005, aux_lr=0.02),
            "momentum": dict(lr=0.005, momentum=0.8, aux_lr=0.02),
            "no-nesterov": dict(lr=0.005, nesterov=False, aux_lr=0.02),
            "weight-decay": dict(lr=0.005, weight_decay=1.0, aux_lr=0.02),
            "coefficients": dict(lr=0.005, ns_coefficients=(1.875, -1.25, 0.375), aux_lr=0.02),
            "few-steps": dict(lr=0.005, ns_steps=2, aux_lr=0.02),
            "eps": dict(lr=0.005, eps=0.5, aux_lr=0.02),
            "as-adamw": dict(lr=0.01, adjust_lr_fn="match_rms_adamw", aux_lr=0.02),
            "aux": dict(lr=0.003, aux_lr=0.03, aux_betas=(0.8, 0.95), aux_weight_decay=0.3)
            | dict(aux_eps=1e-2),
            "conv": dict(lr=0.003, aux_lr=0.02, lr_factor=0.98, problem=CONV),
        },
    ),
    "adafactor": (
        torch.optim.Adafactor,
        {
            "plain": dict(lr=0.01),
            "long-steps": dict(lr=0.105),
            "beta2-decay": dict(lr=0.01, beta2_decay=-0.5),
            "eps1": dict(lr=0.01, eps=(0.05, 1e-3)),
            "eps2": dict(lr=0.01, eps=(None, 0.5)),
            "d": dict(lr=0.01, d=1.3),
            "weight-decay": dict(lr=0.01, weight_decay=0.3),
            "small-gradients": dict(lr=0.01, loss_scale=1e-6),
            "conv": dict(lr=0.01, lr_factor=0.98, problem=CONV),
        },
    ),
}

# The hyper-parameters of the registry, by PyTorch's names.
NAMES = {
    "sgd": ["lr", "momentum", "dampening", "nesterov", "weight_decay"],
    "rmsprop": ["lr", "alpha", "eps", "momentum", "centered", "weight_decay"],
    "adam": ["lr", "betas", "eps", "weight_decay", "amsgrad"],
    "adamw": ["lr", "betas", "eps", "weight_decay", "amsgrad"],
    "adagrad": ["lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"],
    "adadelta": ["lr", "rho", "eps", "weight_decay"],
    "adamax": ["lr", "betas", "eps", "weight_decay"],
    "nadam": ["lr", "betas", "eps", "weight_decay", "momentum_decay", "decoupled_weight_decay"],
    "radam": ["lr", "betas", "eps", "weight_decay", "decoupled_weight_decay"],
    "rprop": ["lr", "etas", "step_sizes"],
    "asgd": ["lr", "lambd", "alpha", "t0", "weight_decay"],
    "muon": ["lr", "weight_decay", "momentum", "nesterov", "ns_coefficients", "eps", "ns_steps"]
    + ["adjust_lr_fn", "aux_lr", "aux_betas", "aux_eps", "aux_weight_decay"],
    "adafactor": ["lr", "beta2_decay", "eps", "d", "weight_decay"],
}

# PyTorch's tuples, and the registry's names of their parts.
SPLIT = {
    "betas": ("beta1", "beta2"),
    "aux_betas": ("aux_beta1", "aux_beta2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("step_min", "step_max"),
    "ns_coefficients": ("ns_a", "ns_b", "ns_c"),
    "eps": ("eps1", "eps2"),
}

# Meaning of `None`: eps1 is the eps of the number type, adjust_lr_fn is `original`.
NONE = {"eps1": 0.0, "adjust_lr_fn": "original"}

def resolved(kind, values):
    """The spec of the registry with its kind; tuples are split, floats stay floats."""
    spec = {"kind": kind}
    for name in NAMES[kind]:
        value = values[name]
        parts = zip(SPLIT[name], value) if isinstance(value, tuple) else [(name, value)]
        for part, x in parts:
            x = NONE[part] if x is None else x
            spec[part] = x if isinstance(x, (bool, str)) or part == "ns_steps" else float(x)
    return spec


def logits(problem, x, p, linear):
    """Logits of the network that `problem` describes."""
    if problem is CONV:
        hidden = torch.tanh(torch.nn.functional.conv2d(x, p["k"], p["b1"])).flatten(1)
    else:
        hidden = torch.tanh(linear(x, p["w1"]) + p["b1"])
    return linear(hidden, p["w2"]) + p["b2"]


def trajectory(kind, optimizer_class, arguments):
    """One case: the resolved spec and the parameters after each of STEPS."""
    arguments = dict(arguments)
    loss_scale = arguments.pop("loss_scale", 1.0)
    lr_factor = arguments.pop("lr_factor", 1.0)
    problem = arguments.pop("problem", PROBLEM)
    shapes = problem["shapes"]
    transposed = [k for k in shapes if kind in TRANSPOSED and len(shapes[k]) == 2]
    turn = lambda k, v: v.T.contiguous() if k in transposed else v
    linear = torch.nn.functional.linear if kind in TRANSPOSED else torch.matmul
    initial = {k: torch.tensor(v).reshape(shapes[k]) for k, v in problem["initial"].items()}
    p = {k: turn(k, v).requires_grad_() for k, v in initial.items()}
    x = torch.tensor(problem["inputs"])
    x = x.reshape(SAMPLES, CHANNELS, SIDE, SIDE) if problem is CONV else x.reshape(SAMPLES, -1)
    y = torch.tensor(problem["targets"])
    # foreach=False: the single-tensor code, which the other two implementations must match.
    optimizer = optimizer_class(list(p.values()), foreach=False, **arguments)
    after = {}
    for step in range(1, STEPS[-1] + 1):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits(problem, x, p, linear), y)
        (loss * loss_scale).backward()
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= lr_factor
        if step in STEPS:
            # A float32 as a Python float is exact, and so is its JSON text.
            after[str(step)] = {k: turn(k, v.detach()).flatten().tolist() for k, v in p.items()}
    case = {
        "spec": resolved(kind, optimizer.defaults),
        "loss_scale": loss_scale,
        "lr_factor": lr_factor,
        "problem": "conv" if problem is CONV else "problem",
        "after": after,
    }
    if kind == "asgd":
        # Exists only in the optimizer's state and would not be checked otherwise.
        state = optimizer.state
        case["averages"] = {k: state[v]["ax"].flatten().tolist() for k, v in p.items()}
    return case


def rounding(kind, optimizer_class, arguments, case):
    """Difference between the same steps in float64 and `case`: the largest ||p - r|| / ||r||."""
    if kind == "adafactor" and arguments.get("eps", (None,))[0] is None:
        eps2 = arguments.get("eps", (None, 1e-3))[1]
        arguments = {**arguments, "eps": (torch.finfo(torch.float32).eps, eps2)}
    torch.set_default_dtype(torch.float64)
    exact = trajectory(kind, optimizer_class, arguments)["after"]
    torch.set_default_dtype(torch.float32)
    norm = lambda values: math.sqrt(sum(v * v for v in values))
    return max(
        norm(a - b for a, b in zip(case["after"][step][name], theirs)) / norm(theirs)
        for step, tensors in exact.items()
        for name, theirs in tensors.items()
    )


def checked(kind, optimizer_class, cases):
    """Makes the cases by name, and checks that none depends on PyTorch's rounding.

    Near a minimum, steps that use only signs oscillate around it forever: one bit decides the
    direction, and no other program could reproduce it. Such settings cannot be golden cases.
    """
    made = {}
    for name, arguments in cases.items():
        made[name] = trajectory(kind, optimizer_class, arguments)
        error = rounding(kind, optimizer_class, arguments, made[name])
        assert error <= ROUNDING, f"{kind} {name}: float32 ends {error:.1e} from float64"
    return made


def defaults_of(optimizer_class):
    """The defaults in the signature of an optimizer."""
    if optimizer_class is Muon:
        return Muon.signature()
    parameters = inspect.signature(optimizer_class.__init__).parameters
    return {name: parameter.default for name, parameter in parameters.items()}


def files():
    """The contents of all files by name."""
    made_by = {
        "script": "xtask/python/golden.py",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": "cpu",
        "dtype": "float32",
        "threads": torch.get_num_threads(),
    }
    for kind, (optimizer_class, cases) in CASES.items():
        muon = {"newton_schulz": "float32 in place of PyTorch's bfloat16"} if kind == "muon" else {}
        yield f"{kind}.json", {
            "made_by": {**made_by, **muon},
            "optimizer": f"torch.optim.{optimizer_class.__name__}",
            "defaults": resolved(kind, defaults_of(optimizer_class)),
            "problem": PROBLEM,
            "conv": CONV,
            "cases": checked(kind, optimizer_class, cases),
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
    without_bfloat16()
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
