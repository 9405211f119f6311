"""Compares one epoch of the lesson's model by sweep-worker and by torch.optim, from the
same initial weights and in the same batch order.

    python xtask/python/parity.py --worker target/release/sweep-worker --data data

`sweep-worker --export` writes the initial weights and the order of the samples; the
training here is PyTorch's own (nn.Linear, autograd, torch.optim, CPU, one thread,
float32), on MNIST as read and scaled by this script. It prints one Markdown row for
each optimizer and exits with 1 if a training loss differs by more than LIMIT. With
`--json FILE` it writes both losses to a file, for `cargo xtask external`, which judges them.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

LIMIT = 1e-3
MEAN, STD = np.float32(0.1307), np.float32(0.3081)
FEATURES, BATCH, SEED = 784, 64, 0

# Name, torch's class and its arguments; all others are PyTorch's defaults.
CASES = [
    ("SGD, lr 0.01", "sgd", torch.optim.SGD, dict(lr=0.01)),
    ("SGD, lr 0.01, momentum 0.9", "sgd", torch.optim.SGD, dict(lr=0.01, momentum=0.9)),
    ("RMSProp, lr 0.001", "rmsprop", torch.optim.RMSprop, dict(lr=0.001)),
    ("Adam, lr 0.001", "adam", torch.optim.Adam, dict(lr=0.001)),
]

# The hyper-parameters that a request must contain, by PyTorch's names.
NAMES = {
    "sgd": ["lr", "momentum", "dampening", "nesterov", "weight_decay"],
    "rmsprop": ["lr", "alpha", "eps", "momentum", "centered", "weight_decay"],
    "adam": ["lr", "betas", "eps", "weight_decay", "amsgrad"],
}


def request(kind, optimizer_class, arguments):
    """A request of the worker's protocol, with PyTorch's defaults."""
    defaults = optimizer_class([torch.zeros(1)], **arguments).defaults
    optimizer = {"kind": kind}
    for name in NAMES[kind]:
        value = defaults[name]
        if name == "betas":
            optimizer["beta1"], optimizer["beta2"] = map(float, value)
        else:
            optimizer[name] = value if isinstance(value, bool) else float(value)
    spec = {
        "data": {"dataset": "mnist", "batch_size": BATCH, "validation": 0, "drop_last": False},
        "model": {"kind": "mlp", "hidden": [128], "activation": "relu"},
        "train": {"epochs": 1, "loss": "cross-entropy"},
        "optimizer": optimizer,
        "schedule": {"kind": "constant"},
        "seed": SEED,
    }
    return json.dumps({"request": "run", "run_id": "0" * 32, "spec": spec}) + "\n"


def worker(arguments, line):
    """The worker's standard output for one request."""
    done = subprocess.run(arguments, input=line, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: exit code {done.returncode}; see its messages above")
    return done.stdout


def ours(path, device, data, line):
    """Mean training loss of the epoch and test accuracy, as measured by sweep-worker."""
    command = [path, "--device", device, "--threads", "1", "--data-dir", data]
    events = [json.loads(text) for text in worker(command, line).splitlines()]
    finished = next((e for e in events if e["event"] == "finished"), None)
    if finished is None:
        sys.exit(f"{path}: the run did not finish: {json.dumps(events[-1])}")
    points = {
        (m["split"], m["metric"]): m["value"]
        for event in events
        if event["event"] == "epoch"
        for m in event["metrics"]
        if m["epoch"] == 1
    }
    return points["train", "loss"], points["test", "accuracy"]


def mnist(data, split):
    """Images [n, 784], float32 and scaled, and labels [n] of one split."""

    def read(name, magic, header):
        with gzip.open(Path(data) / "mnist" / name) as file:
            raw = file.read()
        if int.from_bytes(raw[:4], "big") != magic:
            sys.exit(f"{name}: not a valid IDX file of MNIST; `cargo xtask fetch mnist` downloads it")
        return np.frombuffer(raw, np.uint8, offset=header)

    pixels = read(f"{split}-images-idx3-ubyte.gz", 0x803, 16).reshape(-1, FEATURES)
    labels = read(f"{split}-labels-idx1-ubyte.gz", 0x801, 8)
    scaled = (pixels.astype(np.float32) / np.float32(255) - MEAN) / STD
    return torch.from_numpy(scaled), torch.from_numpy(labels.astype(np.int64))


def exported(folder):
    """The model with the exported weights, and the sample order of the first epoch."""
    values = np.fromfile(folder / "parameters.f32", "<f4")
    linear, biases, weights = [], [], []
    for entry in json.loads((folder / "parameters.json").read_text()):
        at, shape = entry["offset"] // 4, entry["shape"]
        array = values[at : at + int(np.prod(shape))].reshape(shape)
        (weights if len(shape) == 2 else biases).append(array)
    # Weights are [inputs, outputs]; the layers are ordered by matching widths, from 784 on.
    width = FEATURES
    while weights:
        weight = weights.pop(next(i for i, w in enumerate(weights) if w.shape[0] == width))
        width = weight.shape[1]
        bias = biases.pop(next(i for i, b in enumerate(biases) if b.shape[0] == width))
        layer = nn.Linear(*weight.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))
        linear.append(layer)
    model = nn.Sequential(linear[0], *(m for layer in linear[1:] for m in (nn.ReLU(), layer)))
    return model, torch.from_numpy(np.fromfile(folder / "order-1.u32", "<u4").astype(np.int64))


def torchs(model, order, optimizer, train, test):
    """Mean training loss of the epoch, weighted by batch size, and test accuracy."""
    images, labels = train
    if sorted(order.tolist()) != list(range(len(labels))):
        sys.exit("order-1.u32: not a permutation of the training split")
    total = 0.0
    for at in range(0, len(order), BATCH):
        index = order[at : at + BATCH]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images[index]), labels[index])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(index)
    with torch.no_grad():
        right = (model(test[0]).argmax(1) == test[1]).sum().item()
    return total / len(order), right / len(test[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--worker", default="target/release/sweep-worker", help="path of sweep-worker")
    parser.add_argument("--data", default="data", help="folder of the datasets")
    parser.add_argument("--device", default="libtorch:cpu", help="device of sweep-worker")
    parser.add_argument("--json", type=Path, help="file for the pairs of losses, which are then not judged here")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, test = mnist(args.data, "train"), mnist(args.data, "t10k")
    print(f"sweep-worker on {args.device}, torch {torch.__version__} on the CPU, one epoch of MNIST\n")
    print("| optimizer | loss, ours | loss, torch | relative difference | test accuracy, ours | torch |")
    print("|---|---|---|---|---|---|")
    worst, pairs = 0.0, []
    for name, kind, optimizer_class, arguments in CASES:
        line = request(kind, optimizer_class, arguments)
        with tempfile.TemporaryDirectory() as folder:
            worker([args.worker, "--export", folder], line)
            model, order = exported(Path(folder))
        optimizer = optimizer_class(model.parameters(), **arguments)
        loss, accuracy = torchs(model, order, optimizer, train, test)
        our_loss, our_accuracy = ours(args.worker, args.device, args.data, line)
        pairs.append({"row": f"{name}: training loss", "ours": our_loss, "theirs": loss})
        difference = abs(our_loss - loss) / abs(loss)
        # A NaN loss must not count as a small difference.
        worst = max(worst, difference if difference == difference else float("inf"))
        print(
            f"| {name} | {our_loss:.7f} | {loss:.7f} | {difference:.1e} "
            f"| {our_accuracy:.4f} | {accuracy:.4f} |",
            flush=True,
        )
    print(f"\nlargest relative difference of the loss: {worst:.1e}; limit {LIMIT:.0e}")
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(pairs, indent=2) + "\n")
        return 0
    return 1 if worst > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
