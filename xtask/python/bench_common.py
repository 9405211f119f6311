"""Shared parts of the PyTorch benchmarks: data, models, optimizers, and two ways to train.

`memory` keeps the normalised samples in one tensor, makes batches by index_select and
reads the loss once per epoch: PyTorch without its input pipeline.
`dataloader` is the lesson's own pipeline: torchvision's MNIST with ToTensor and
Normalize, a DataLoader with shuffle=True in the same process, and the loss read at
every batch.
"""

import gzip
import shutil
from pathlib import Path

import torch
from torch import nn

MEAN, STD = 0.1307, 0.3081
BATCH = 64
# Number of distinct characters of Moby Dick.
VOCABULARY = 83

# Class and arguments; all others are PyTorch's defaults, which equal ours.
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, dict(lr=0.01)),
    "momentum": (torch.optim.SGD, dict(lr=0.01, momentum=0.9)),
    "rmsprop": (torch.optim.RMSprop, dict(lr=0.001)),
    "adam": (torch.optim.Adam, dict(lr=0.001)),
    "adamw": (torch.optim.AdamW, dict(lr=0.001)),
}


MUON = dict(lr=0.02, momentum=0.95, weight_decay=0.1, ns_steps=5)
MUON_REST = dict(lr=0.001, weight_decay=0.01)


class Muon:
    """torch.optim.Muon for the matrices of the blocks, AdamW with PyTorch's defaults for the rest."""

    def __init__(self, parameters, variant):
        named = list(parameters)
        inner = [p for name, p in named if p.ndim == 2 and name.startswith("blocks.")]
        rest = [p for name, p in named if not (p.ndim == 2 and name.startswith("blocks."))]
        self.both = [
            torch.optim.Muon(inner, **MUON),
            torch.optim.AdamW(rest, **MUON_REST, **variant),
        ]

    def zero_grad(self):
        for optimizer in self.both:
            optimizer.zero_grad()

    def step(self):
        for optimizer in self.both:
            optimizer.step()


# Implementations of the update. PyTorch's default on the CPU is `plain`. With `compiled` the
# model also goes through torch.compile.
VARIANTS = {
    "plain": dict(foreach=False),
    "foreach": dict(foreach=True),
    "fused": dict(fused=True),
    "compiled": dict(fused=True),
}


def optimizer(name, variant, model):
    if name == "muon":
        return Muon(model.named_parameters(), VARIANTS[variant])
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
    """The model of experiments/cnn.toml."""

    def block(inputs, outputs):
        convolution = nn.Conv2d(inputs, outputs, kernel_size=5, padding=2)
        return [convolution, nn.ReLU(), nn.MaxPool2d(2)]

    head = [nn.Linear(64, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    return nn.Sequential(*block(1, 6), *block(6, 16), nn.Flatten(), *head)


class Block(nn.Module):
    """A pre-norm block of causal attention and an MLP, as in nanoGPT."""

    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, tokens, width = x.shape

        def of_heads(part):
            return part.view(batch, tokens, self.heads, width // self.heads).transpose(1, 2)

        q, k, v = map(of_heads, self.qkv(self.norm_1(x)).split(width, dim=2))
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(seen.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.down(nn.functional.gelu(self.up(self.norm_2(x))))


class Gpt(nn.Module):
    """Two blocks with four heads, width 64, 64 tokens and a tied head; logits [rows, VOCABULARY]."""

    def __init__(self, layers=2, heads=4, width=64, context=64):
        super().__init__()
        self.token, self.position = nn.Embedding(VOCABULARY, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(heads, width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                added = name.endswith(("projection.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * layers) ** 0.5 if added else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, tokens):
        x = self.token(tokens) + self.position(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return (self.norm(x) @ self.token.weight.t()).flatten(0, 1)


class Lstm(nn.Module):
    """Two layers of 128; logits [rows, VOCABULARY]."""

    def __init__(self, layers=2, width=128):
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, width)
        self.layers = nn.LSTM(width, width, num_layers=layers, batch_first=True)
        self.head = nn.Linear(width, VOCABULARY)

    def forward(self, tokens):
        return self.head(self.layers(self.token(tokens))[0]).flatten(0, 1)


class Sum(nn.Module):
    """The sum of a body and a shortcut."""

    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def residual():
    """A stem and two residual blocks with batch normalisation on the 8x8 digits."""

    def conv(inputs, outputs, kernel=3, stride=1):
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        return [convolution, nn.BatchNorm2d(outputs)]

    def block(inputs, outputs, stride):
        body = nn.Sequential(*conv(inputs, outputs, 3, stride), nn.ReLU(), *conv(outputs, outputs))
        same = inputs == outputs
        return Sum(body, nn.Identity() if same else nn.Sequential(*conv(inputs, outputs, 1, stride)))

    stem = [*conv(1, 16), nn.ReLU()]
    blocks = [block(16, 16, 1), nn.ReLU(), block(16, 32, 2), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


gpt, lstm = Gpt, Lstm
MODELS = {
    "lesson": lesson, "wide": wide, "cnn": cnn, "gpt": gpt, "lstm": lstm, "residual": residual,
}


def unpack(data, root):
    """Unpacks MNIST's four files in DATA/mnist to the folder below ROOT that torchvision reads."""
    raw = Path(root) / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for path in sorted((Path(data) / "mnist").glob("*.gz")):
        with gzip.open(path) as packed, open(raw / path.stem, "wb") as plain:
            shutil.copyfileobj(packed, plain)


def mnist(root, train=True):
    """torchvision's MNIST below ROOT, with the lesson's transforms."""
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


def text(data):
    """The training part of Moby Dick as token ids: all but the last 119,000 characters."""
    with gzip.open(Path(data) / "moby-dick" / "moby-dick.txt.gz", "rt", encoding="utf-8", newline="") as file:
        text = file.read()
    ids = {character: i for i, character in enumerate(sorted(set(text)))}
    return torch.tensor([ids[character] for character in text[:-119_000]])


def text_steps(model, criterion, step, tokens, batch, context, steps, first):
    """Trains `steps` steps on sequences with random starts; returns the mean loss of the first `first` steps."""
    model.train()
    running, told = torch.zeros(()), 0.0
    within = torch.arange(context + 1)
    begins = torch.randint(len(tokens) - context, (steps, batch))
    for at in range(steps):
        drawn = tokens[begins[at][:, None] + within]
        step.zero_grad()
        loss = criterion(model(drawn[:, :-1]), drawn[:, 1:].flatten())
        loss.backward()
        step.step()
        running += loss.detach()
        if at + 1 == first:
            told = running.item() / first
    return told


def memory_epoch(model, criterion, step, images, labels, batch=BATCH):
    """Trains one epoch; returns the mean loss."""
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
    """Trains one epoch; returns the mean loss."""
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
    """Fraction of samples in the batches (images, labels) that are classified correctly."""
    model.eval()
    right = total = 0
    for images, labels in batches:
        right += (model(images).argmax(1) == labels).sum().item()
        total += len(labels)
    return right / total
