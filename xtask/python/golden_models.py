"""Golden values of the models and losses by torch.nn.

Runs small fixed networks, a convolutional one and a perceptron with batch
normalisation, for 20 steps of plain SGD with real PyTorch (CPU, float32, one thread)
and writes what crates/model/tests/golden.rs replays with Burn: logits and gradients at
the start, parameters, running statistics and evaluated logits at the end. Losses come
with their gradients. Each file carries its own birth certificate; nothing is random.

    python xtask/python/golden_models.py     # writes crates/model/tests/golden/*.json
"""

import platform
import sys
from pathlib import Path

import torch
from torch import nn

from golden import dump, wave

OUT = Path(__file__).resolve().parents[2] / "crates" / "model" / "tests" / "golden"
STEPS, LR = 20, 0.1
CHANNELS, HEIGHT, WIDTH, CLASSES, SAMPLES = 2, 9, 8, 3, 6
TARGETS = [(i * i + i // 3) % CLASSES for i in range(SAMPLES)]


class Cnn(nn.Module):
    """channels [3, 4], kernel 3, padding 1, hidden [5], tanh."""

    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList([nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 4, 3, padding=1)])
        self.layers = nn.ModuleList([nn.Linear(4 * 2 * 2, 5), nn.Linear(5, CLASSES)])

    def forward(self, x):
        x = x.reshape(-1, CHANNELS, HEIGHT, WIDTH)
        for layer in self.convolutions:
            x = nn.functional.max_pool2d(torch.tanh(layer(x)), 2)
        x = x.flatten(1)
        return self.layers[1](torch.tanh(self.layers[0](x)))


class NormedMlp(nn.Module):
    """hidden [5, 4], batch_norm, sigmoid, 6 inputs."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, CLASSES)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(5), nn.BatchNorm1d(4)])

    def forward(self, x):
        for layer, norm in zip(self.layers, self.norms):
            x = torch.sigmoid(norm(layer(x)))
        return self.layers[-1](x)


def burn_path(name):
    """Burn's name of a parameter or buffer of ours."""
    if name.startswith("norms."):
        return name.replace("weight", "gamma").replace("bias", "beta")
    return name


def values(tensors):
    """Path -> numbers in PyTorch's order."""
    return {burn_path(n): t.detach().flatten().tolist() for n, t in tensors if not n.endswith("num_batches_tracked")}


def run(model, features):
    for k, (name, p) in enumerate(model.named_parameters()):
        shift = 1.0 if name.startswith("norms.") and name.endswith("weight") else 0.0
        start = wave(p.numel(), 1.7 + 0.3 * k, 0.3 + k, 0.5)
        p.data = torch.tensor([shift + v for v in start]).reshape(p.shape)
    inputs = wave(SAMPLES * features, 3.7, 0.2, 1.5)
    x = torch.tensor(inputs).reshape(SAMPLES, features)
    targets = torch.tensor(TARGETS)
    initial = values(model.state_dict().items())
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    out = {"inputs": inputs, "targets": TARGETS, "initial": initial, "lr": LR, "steps": STEPS}
    for step in range(STEPS):
        optimizer.zero_grad()
        logits = model(x)
        loss = nn.functional.cross_entropy(logits, targets)
        loss.backward()
        if step == 0:
            out["logits"] = logits.detach().flatten().tolist()
            out["gradients"] = values((n, p.grad) for n, p in model.named_parameters())
        optimizer.step()
    out["final"] = values(model.state_dict().items())
    model.eval()
    out["evaluated"] = model(x).detach().flatten().tolist()
    return out


def losses():
    """Loss and gradient by torch's classes, of outputs small and large."""
    outputs = [v * s for v, s in zip(wave(4 * 3, 2.1, 0.4, 2.0), [1, 1, 1, 10, 10, 10, 60, 60, 60, 1, 1, 1])]
    classes = [2, 0, 1, 1]
    answers = wave(4 * 3, 1.1, 0.9, 1.0)
    one_hot = nn.functional.one_hot(torch.tensor(classes), 3).float()
    cases = {
        "cross-entropy of classes": (nn.CrossEntropyLoss(), torch.tensor(classes)),
        "mse of values": (nn.MSELoss(), torch.tensor(answers).reshape(4, 3)),
        "mse of classes": (nn.MSELoss(), one_hot),
        "bce of classes": (nn.BCEWithLogitsLoss(), one_hot),
    }
    results = {}
    for name, (function, target) in cases.items():
        z = torch.tensor(outputs).reshape(4, 3).requires_grad_()
        loss = function(z, target)
        loss.backward()
        results[name] = {"loss": loss.item(), "gradient": z.grad.flatten().tolist()}
    return {"outputs": outputs, "classes": classes, "values": answers, "cases": results}


def main():
    torch.set_num_threads(1)
    made_by = {
        "script": "xtask/python/golden_models.py",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": "cpu",
        "dtype": "float32",
        "threads": 1,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    files = {"cnn": run(Cnn(), CHANNELS * HEIGHT * WIDTH), "mlp": run(NormedMlp(), 6), "losses": losses()}
    for name, contents in files.items():
        (OUT / f"{name}.json").write_text(dump({"made_by": made_by, **contents}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
