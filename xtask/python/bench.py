"""Trains in PyTorch for each line on standard input and prints the seconds.

    bench.py memory mnist|digits|moby-dick THREADS DATA
    bench.py dataloader mnist THREADS DATA

DATA is the repository's data/. A line is a JSON object such as

    {"model": "lesson", "optimizer": "adam", "variant": "fused", "batch": 64, "epochs": 1,
     "context": 0, "steps": 0, "first": 0}

and so is the answer: seconds of training (from the first batch to the last update,
without setup) and the mean loss of the first epoch. On a text it trains `steps` steps on
sequences of `context` characters, and the loss is the mean over the first `first` steps.
Every line starts from new weights. bench_common.py explains the names.
"""

import json
import sys
import tempfile
import time

import torch
from torch import nn

import bench_common as common


def prepare(way, dataset, data):
    """Returns a function of (model, loss, optimizer, batch) that trains and returns the mean loss."""
    if dataset == "moby-dick":
        tokens = common.text(data)
        return lambda *training, **steps: common.text_steps(*training, tokens, **steps)
    if dataset == "digits":
        samples = common.digits(data)
    else:
        # torchvision reads MNIST into memory at once.
        with tempfile.TemporaryDirectory(prefix="bench-mnist-") as root:
            common.unpack(data, root)
            mnist = common.mnist(root)
        samples = common.tensors(mnist)
    if way == "memory":
        return lambda *training, batch: common.memory_epoch(*training, *samples, batch)
    return lambda *training, batch: common.dataloader_epoch(
        *training, common.loader(mnist, shuffle=True, batch=batch)
    )


def main():
    way, dataset, threads, data = sys.argv[1:]
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    epoch = prepare(way, dataset, data)
    for line in sys.stdin:
        asked = json.loads(line)
        model = common.MODELS[asked["model"]]()
        variant = asked["variant"]
        optimizer = common.optimizer(asked["optimizer"], variant, model)
        if variant == "compiled":
            # Compiled code is reused for the next model of the same kind.
            model = torch.compile(model)
        criterion = nn.CrossEntropyLoss()
        start = time.perf_counter()
        steps = dict(context=asked["context"], steps=asked["steps"], first=asked["first"])
        steps = steps if dataset == "moby-dick" else {}
        losses = [
            epoch(model, criterion, optimizer, batch=asked["batch"], **steps)
            for _ in range(asked["epochs"])
        ]
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "loss": losses[0]}), flush=True)


if __name__ == "__main__":
    main()
