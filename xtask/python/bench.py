"""One epoch of the lesson's model in PyTorch for each line on standard input.

    bench.py memory|dataloader DATA     DATA: the folder with MNIST's four .gz files

`dataloader` is the lesson's own pipeline: torchvision's MNIST with ToTensor and
Normalize, a DataLoader with batch_size=64 and shuffle=True in the same process.
`memory` is the same training with the normalised images as one tensor, batches
by index_select, and the loss read once an epoch: PyTorch without its input
pipeline. Both use one thread, and answer each line with one JSON object:
seconds of training (from the first batch to the last update, setup left out) and
the mean loss of the epoch.
"""

import gzip
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

MEAN, STD = 0.1307, 0.3081
BATCH, LR = 64, 0.01


def fresh():
    """The lesson's model and optimizer, with PyTorch's initialisation."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    return model, nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=LR)


def dataset(data):
    """torchvision's MNIST over our files, unpacked to where it looks for them."""
    from torchvision import datasets, transforms

    root = Path(tempfile.mkdtemp(prefix="bench-mnist-"))
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in sorted(Path(data).glob("*.gz")):
        with gzip.open(path) as packed, open(raw / path.stem, "wb") as plain:
            shutil.copyfileobj(packed, plain)
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])
    mnist = datasets.MNIST(str(root), train=True, download=False, transform=transform)
    shutil.rmtree(root)
    return mnist


def dataloader(mnist):
    loader = torch.utils.data.DataLoader(mnist, batch_size=BATCH, shuffle=True)

    def epoch():
        model, criterion, optimizer = fresh()
        model.train()
        running = 0.0
        start = time.perf_counter()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(labels)
        return time.perf_counter() - start, running / len(mnist)

    return epoch


def memory(mnist):
    images = ((mnist.data.float() / 255 - MEAN) / STD).reshape(-1, 784).contiguous()
    labels = mnist.targets
    count = len(labels)

    def epoch():
        model, criterion, optimizer = fresh()
        model.train()
        start = time.perf_counter()
        running = torch.zeros(())
        order = torch.randperm(count)
        for at in range(0, count, BATCH):
            index = order[at : at + BATCH]
            optimizer.zero_grad()
            loss = criterion(model(images.index_select(0, index)), labels.index_select(0, index))
            loss.backward()
            optimizer.step()
            running += loss.detach() * len(index)
        mean = running.item() / count
        return time.perf_counter() - start, mean

    return epoch


def main():
    way, data = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    epoch = {"memory": memory, "dataloader": dataloader}[way](dataset(data))
    for _ in sys.stdin:
        seconds, loss = epoch()
        print(json.dumps({"seconds": seconds, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
