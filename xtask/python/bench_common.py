"""What the benchmarks in PyTorch share: data, models, optimizers, and two ways of an epoch.

`memory` is training with the normalised samples as one tensor, batches by
index_select, and the loss read once an epoch: PyTorch without its input pipeline.
`dataloader` is the lesson's own pipeline: torchvision's MNIST with ToTensor and
Normalize, a DataLoader with shuffle=True in the same process, the loss read at
every batch.
"""

import gzip
import shutil
from pathlib import Path

import torch
from torch import nn

MEAN, STD = 0.1307, 0.3081
BATCH = 64

# Class and arguments; the rest is PyTorch's default, which is ours too.
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, dict(lr=0.01)),
    "momentum": (torch.optim.SGD, dict(lr=0.01, momentum=0.9)),
    "rmsprop": (torch.optim.RMSprop, dict(lr=0.001)),
    "adam": (torch.optim.Adam, dict(lr=0.001)),
    "adamw": (torch.optim.AdamW, dict(lr=0.001)),
}

# How the update is computed. On the CPU PyTorch's own choice is `plain`.
VARIANTS = {"plain": dict(foreach=False), "foreach": dict(foreach=True), "fused": dict(fused=True)}


def optimizer(name, variant, model):
    kind, arguments = OPTIMIZERS[name]
    return kind(model.parameters(), **arguments, **VARIANTS[variant])


def lesson():
    """784-128-10 with ReLU, with PyTorch's initialisation."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def wide():
    """Three hidden layers of 1,024 on the 8x8 digits."""
    layers, width = [nn.Flatten()], 64
    for _ in range(3):
        layers += [nn.Linear(width, 1024), nn.ReLU()]
        width = 1024
    return nn.Sequential(*layers, nn.Linear(width, 10))


def cnn():
    """That of experiments/cnn.toml."""

    def block(inputs, outputs):
        convolution = nn.Conv2d(inputs, outputs, kernel_size=5, padding=2)
        return [convolution, nn.ReLU(), nn.MaxPool2d(2)]

    head = [nn.Linear(64, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    return nn.Sequential(*block(1, 6), *block(6, 16), nn.Flatten(), *head)


MODELS = {"lesson": lesson, "wide": wide, "cnn": cnn}


def unpack(data, root):
    """MNIST's four files of DATA/mnist, unpacked to where torchvision looks below ROOT."""
    raw = Path(root) / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for path in sorted((Path(data) / "mnist").glob("*.gz")):
        with gzip.open(path) as packed, open(raw / path.stem, "wb") as plain:
            shutil.copyfileobj(packed, plain)


def mnist(root, train=True):
    """torchvision's MNIST below ROOT, as the lesson has it."""
    from torchvision import datasets, transforms

    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])
    return datasets.MNIST(str(root), train=train, download=False, transform=transform)


def tensors(dataset):
    """All of torchvision's MNIST as one tensor of images [n, 784] and one of labels [n]."""
    images = ((dataset.data.float() / 255 - MEAN) / STD).reshape(-1, 784).contiguous()
    return images, dataset.targets


def digits(data):
    """The training split of the 8x8 digits: images [1437, 1, 8, 8] and labels [1437]."""
    with gzip.open(Path(data) / "digits" / "digits.csv.gz", "rt") as file:
        rows = [[float(field) for field in line.split(",")] for line in file]
    rows = torch.tensor(rows[:-360])
    return (rows[:, :64] / 16).reshape(-1, 1, 8, 8).contiguous(), rows[:, 64].long()


def memory_epoch(model, criterion, step, images, labels, batch=BATCH):
    """Trains one epoch; the mean loss."""
    model.train()
    running = torch.zeros(())
    order = torch.randperm(len(labels))
    for at in range(0, len(labels), batch):
        index = order[at : at + batch]
        step.zero_grad()
        loss = criterion(model(images.index_select(0, index)), labels.index_select(0, index))
        loss.backward()
        step.step()
        running += loss.detach() * len(index)
    return running.item() / len(labels)


def dataloader_epoch(model, criterion, step, loader):
    """Trains one epoch; the mean loss."""
    model.train()
    running = 0.0
    for images, labels in loader:
        step.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        step.step()
        running += loss.item() * len(labels)
    return running / len(loader.dataset)


def loader(dataset, shuffle, batch=BATCH):
    return torch.utils.data.DataLoader(dataset, batch_size=batch, shuffle=shuffle)


@torch.no_grad()
def accuracy(model, batches):
    """Share of the samples of all (images, labels) whose class is found."""
    model.eval()
    right = total = 0
    for images, labels in batches:
        right += (model(images).argmax(1) == labels).sum().item()
        total += len(labels)
    return right / total
