"""Golden values of networks given as lists of layers, by torch.nn.

Builds small networks from lists of layers as in a sweep file: smaller versions of DeepOBS's
2c2d and 3c3d, a residual network with batch normalisation, and one with layer normalisation
and average pooling. `same` padding follows TensorFlow's rule: torch.nn.functional.pad adds it,
an odd row goes to the end, and average pooling does not count it. `golden_models.py` writes
the files; nothing is random.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from golden import wave

STEPS, LR, SAMPLES, CLASSES = 5, 0.05, 6, 3
TARGETS = [(i * i + i // 3) % CLASSES for i in range(SAMPLES)]
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm)
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}


def conv(channels, kernel, **keys):
    """A convolution of a list; keys with default values are omitted, as in a stored run."""
    return {"kind": "conv", "channels": channels, "kernel": kernel, **keys}


def dense(units):
    return {"kind": "dense", "units": units}


def plain(kind):
    return {"kind": kind}


RELU, BATCH_NORM = plain("relu"), plain("batch-norm")
POOL_2 = {"kind": "max-pool", "size": 2, "padding": "same"}
POOL_3 = {"kind": "max-pool", "size": 3, "stride": 2, "padding": "same"}

TWO_C = [conv(4, 5, padding="same"), RELU, POOL_2, conv(6, 5, padding="same"), RELU, POOL_2, dense(16), RELU]
THREE_C = [conv(5, 5), RELU, POOL_3, conv(6, 3), RELU, POOL_3, conv(6, 3, padding="same"), RELU, POOL_3]
THREE_C += [dense(10), RELU, dense(8), RELU]
SAME_SIZE = {
    "kind": "residual",
    "layers": [conv(4, 3, padding=1, bias=False), BATCH_NORM, RELU, conv(4, 3, padding=1, bias=False), BATCH_NORM],
}
HALVED = {
    "kind": "residual",
    "layers": [
        conv(6, 3, stride=2, padding="same", bias=False),
        BATCH_NORM,
        RELU,
        conv(6, 3, padding=1, bias=False),
        BATCH_NORM,
    ],
    "shortcut": [conv(6, 1, stride=2, bias=False), BATCH_NORM],
}
RESNET = [conv(4, 3, padding=1, bias=False), BATCH_NORM, RELU, SAME_SIZE, RELU, HALVED, RELU]
RESNET += [plain("global-avg-pool")]
NORMED = [
    conv(4, 3, stride=2, padding=1),
    plain("layer-norm"),
    plain("gelu"),
    {"kind": "avg-pool", "size": 3, "stride": 2, "padding": 1},
    conv(5, 2, padding="same"),
    plain("tanh"),
    {"kind": "avg-pool", "size": 2, "stride": 1, "padding": "same"},
    dense(8),
    plain("layer-norm"),
    BATCH_NORM,
    plain("sigmoid"),
    {"kind": "residual", "layers": [dense(8), plain("tanh")]},
]
# File name, layers, and shape of a sample: channels, height, width.
NETWORKS = [
    ("layers-2c2d", TWO_C, [1, 10, 9]),
    ("layers-3c3d", THREE_C, [2, 14, 13]),
    ("layers-resnet", RESNET, [2, 9, 8]),
    ("layers-norms", NORMED, [2, 9, 8]),
]


def around(x, layer, size, stride, value=0.0):
    """x with the `same` padding of a layer."""
    if layer.get("padding") != "same":
        return x
    pads = [max((math.ceil(n / stride) - 1) * stride + size - n, 0) for n in x.shape[-2:]]
    (height, width) = pads
    sides = (width // 2, width - width // 2, height // 2, height - height // 2)
    return F.pad(x, sides, value=value)


def each(layer):
    """The numeric padding of a layer; 0 for `same`."""
    padding = layer.get("padding", 0)
    return 0 if padding == "same" else padding


class Conv(nn.Conv2d):
    def __init__(self, layer, inputs):
        stride, bias = layer.get("stride", 1), layer.get("bias", True)
        super().__init__(inputs, layer["channels"], layer["kernel"], stride=stride, padding=each(layer), bias=bias)
        self.layer = layer

    def forward(self, x):
        return super().forward(around(x, self.layer, self.layer["kernel"], self.stride[0]))


class Pool(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        size = self.layer["size"]
        stride = self.layer.get("stride", size)
        if self.layer["kind"] == "max-pool":
            return F.max_pool2d(around(x, self.layer, size, stride, -math.inf), size, stride, each(self.layer))
        padded = around(x, self.layer, size, stride)
        mean = F.avg_pool2d(padded, size, stride, each(self.layer))
        if self.layer.get("padding") != "same":
            return mean
        return mean / F.avg_pool2d(around(torch.ones_like(x), self.layer, size, stride), size, stride)


class Dense(nn.Linear):
    def forward(self, x):
        return super().forward(x.flatten(1))


class Residual(nn.Module):
    def __init__(self, layer, x):
        super().__init__()
        self.layers, _ = built(layer["layers"], x)
        self.shortcut, _ = built(layer.get("shortcut", []), x)

    def forward(self, x):
        return through(self.layers, x) + through(self.shortcut, x)


def module(layer, x):
    """The module of a layer for inputs with the shape of x."""
    kind = layer["kind"]
    if kind in ACTIVATIONS:
        return ACTIVATIONS[kind]()
    if kind == "conv":
        return Conv(layer, x.shape[1])
    if kind in ("max-pool", "avg-pool"):
        return Pool(layer)
    if kind == "global-avg-pool":
        return nn.AdaptiveAvgPool2d(1)
    if kind == "batch-norm":
        return (nn.BatchNorm2d if x.dim() == 4 else nn.BatchNorm1d)(x.shape[1])
    if kind == "layer-norm":
        return nn.LayerNorm(x.shape[1:])
    if kind == "dense":
        return Dense(x[0].numel(), layer["units"])
    return Residual(layer, x)


def built(layers, x):
    """The modules of a list, and the output for x."""
    modules = []
    for layer in layers:
        modules.append(module(layer, x).eval())
        x = modules[-1](x)
    return nn.ModuleList(modules), x


def through(modules, x):
    for each_module in modules:
        x = each_module(x)
    return x


class Network(nn.Module):
    def __init__(self, layers, shape):
        super().__init__()
        self.shape = shape
        self.layers, x = built(layers, torch.zeros(1, *shape))
        self.head = Dense(x.numel(), CLASSES)
        self.train()

    def forward(self, x):
        return self.head(through(self.layers, x.reshape(-1, *self.shape)))


def begin(model):
    """Sets the initial values of every parameter, smaller for a larger fan-in."""
    norms = {name for name, part in model.named_modules() if isinstance(part, NORMS)}
    for k, (name, p) in enumerate(model.named_parameters()):
        is_norm = name.rpartition(".")[0] in norms
        fan_in = p[0].numel() if p.dim() > 1 and not is_norm else 25
        shift = 1.0 if is_norm and name.endswith("weight") else 0.0
        start = wave(p.numel(), 1.7 + 0.3 * k, 0.3 + k, 1.5 / math.sqrt(fan_in))
        p.data = torch.tensor([round(shift + v, 3) for v in start]).reshape(p.shape)


def short(model, tensors):
    """Values by path, in PyTorch's order, with enough digits for exact 32-bit floats."""
    norms = {name for name, part in model.named_modules() if isinstance(part, NORMS)}
    names = {"weight": "gamma", "bias": "beta"}
    out = {}
    for name, tensor in tensors:
        part, _, last = name.rpartition(".")
        if last == "num_batches_tracked":
            continue
        path = f"{part}.{names.get(last, last)}" if part in norms else name
        out[path] = numbers(tensor)
    return out


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]


def run(layers, shape):
    """SGD on a few samples: values at the first step, and an evaluation at the end."""
    model = Network(layers, shape)
    begin(model)
    inputs = wave(SAMPLES * math.prod(shape), 3.7, 0.2, 1.5)
    x, targets = torch.tensor(inputs).reshape(SAMPLES, -1), torch.tensor(TARGETS)
    out = {"spec": {"kind": "layers", "layers": layers}, "shape": shape, "inputs": inputs, "targets": TARGETS}
    out |= {"initial": short(model, model.state_dict().items()), "lr": LR, "steps": STEPS}
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    for step in range(STEPS):
        optimizer.zero_grad()
        logits = model(x)
        loss = F.cross_entropy(logits, targets)
        loss.backward()
        if step == 0:
            gradients = short(model, ((n, p.grad) for n, p in model.named_parameters()))
            out |= {"logits": numbers(logits), "loss": loss.item(), "gradients": gradients}
        optimizer.step()
    out["final"] = short(model, model.state_dict().items())
    model.eval()
    return out | {"evaluated": numbers(model(x))}


def files():
    """The contents of all files by name."""
    return {name: run(layers, shape) for name, layers, shape in NETWORKS}
