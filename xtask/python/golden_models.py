"""Golden values of the models and losses by torch.nn.

Trains small fixed networks, a convolutional one and a perceptron with batch normalisation,
for 20 steps of plain SGD with real PyTorch (CPU, float32, one thread).
crates/model/tests/golden.rs repeats the training with Burn and compares logits and gradients
at the start, and parameters, running statistics and evaluated logits at the end. Losses are
written with their gradients. Several variants of a small GPT have logits, loss and gradients
of one batch, and one is trained by AdamW in two parameter groups, as in nanoGPT. A small
torch.nn.LSTM with one layer and with two is treated likewise. Networks given as lists of
layers come from `golden_layers.py`. Each file contains its script and versions; nothing is
random.

    python xtask/python/golden_models.py     # writes crates/model/tests/golden/*.json
"""

import platform
import sys
from pathlib import Path

import torch
from torch import nn

import golden_layers
from golden import dump, wave

OUT = Path(__file__).resolve().parents[2] / "crates" / "model" / "tests" / "golden"
STEPS, LR = 20, 0.1
CHANNELS, HEIGHT, WIDTH, CLASSES, SAMPLES = 2, 9, 8, 3, 6
TARGETS = [(i * i + i // 3) % CLASSES for i in range(SAMPLES)]
VOCABULARY, CONTEXT, GPT_WIDTH, GPT_HEADS, GPT_LAYERS = 11, 6, 8, 2, 2
# A text of tokens, in rows of one context each; the targets are the next tokens.
TEXT = [(i * i * i + 3 * i + i // 4) % VOCABULARY for i in range(3 * CONTEXT + 1)]
# Norm, biases, tied: every pair of values of two settings occurs.
GPTS = [("layer", True, True), ("layer", False, False), ("rms", True, False), ("rms", False, True)]
LSTM_WIDTH = 5
ADAMW_STEPS = 50
ADAMW = {"lr": 3e-3, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1}


class Cnn(nn.Module):
    """A network with channels [3, 4], kernel 3, padding 1, hidden [5], tanh."""

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
    """A perceptron with 6 inputs, hidden [5, 4], batch normalisation, sigmoid."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(4, CLASSES)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(5), nn.BatchNorm1d(4)])

    def forward(self, x):
        for layer, norm in zip(self.layers, self.norms):
            x = torch.sigmoid(norm(layer(x)))
        return self.layers[-1](x)


class Block(nn.Module):
    """A block of nanoGPT: attention and MLP, each after its normalisation."""

    def __init__(self, norm, linear):
        super().__init__()
        self.norm_1, self.norm_2 = norm(), norm()
        self.attention = nn.ModuleDict({"qkv": linear(GPT_WIDTH, 3 * GPT_WIDTH), "projection": linear(GPT_WIDTH, GPT_WIDTH)})
        self.mlp = nn.ModuleDict({"up": linear(GPT_WIDTH, 4 * GPT_WIDTH), "down": linear(4 * GPT_WIDTH, GPT_WIDTH)})

    def forward(self, x):
        n, tokens, width = x.shape
        parts = self.attention["qkv"](self.norm_1(x)).split(width, dim=2)
        q, k, v = (part.view(n, tokens, GPT_HEADS, width // GPT_HEADS).transpose(1, 2) for part in parts)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attention["projection"](seen.transpose(1, 2).reshape(n, tokens, width))
        return x + self.mlp["down"](nn.functional.gelu(self.mlp["up"](self.norm_2(x))))


class Gpt(nn.Module):
    """A GPT with 2 layers, 2 heads, width 8, 11 tokens and a context of 6."""

    def __init__(self, norm, bias, tied):
        super().__init__()

        def normed():
            if norm == "rms":
                return nn.RMSNorm(GPT_WIDTH, eps=1e-5)
            return nn.LayerNorm(GPT_WIDTH, bias=bias)

        def linear(inputs, outputs):
            return nn.Linear(inputs, outputs, bias=bias)

        self.token_embedding = nn.Embedding(VOCABULARY, GPT_WIDTH)
        self.position_embedding = nn.Embedding(CONTEXT, GPT_WIDTH)
        self.blocks = nn.ModuleList([Block(normed, linear) for _ in range(GPT_LAYERS)])
        self.norm = normed()
        self.head = nn.Linear(GPT_WIDTH, VOCABULARY, bias=False)
        if tied:
            self.head.weight = self.token_embedding.weight

    def forward(self, tokens):
        x = self.token_embedding(tokens) + self.position_embedding(torch.arange(CONTEXT))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)).reshape(-1, VOCABULARY)


class Lstm(nn.Module):
    """An LSTM of width 5 over the tokens of the text."""

    def __init__(self, layers):
        super().__init__()
        self.token_embedding = nn.Embedding(VOCABULARY, LSTM_WIDTH)
        self.lstm = nn.LSTM(LSTM_WIDTH, LSTM_WIDTH, layers, batch_first=True)
        self.head = nn.Linear(LSTM_WIDTH, VOCABULARY)

    def forward(self, tokens):
        return self.head(self.lstm(self.token_embedding(tokens))[0]).reshape(-1, VOCABULARY)


def is_norm(name):
    """Whether a parameter of these models belongs to a normalisation."""
    return any(part.startswith("norm") for part in name.split("."))


def burn_path(name):
    """Burn's name of a parameter or buffer of these models."""
    if is_norm(name):
        return name.replace("weight", "gamma").replace("bias", "beta")
    if name.startswith("lstm."):
        kind, of, layer = name.removeprefix("lstm.").split("_")
        return f"layers.{layer.removeprefix('l')}.{'input' if of == 'ih' else 'recurrent'}.{kind}"
    return name.replace("_embedding.weight", "_embedding")


def values(tensors):
    """Values by path, in PyTorch's order."""
    return {burn_path(n): t.detach().flatten().tolist() for n, t in tensors if not n.endswith("num_batches_tracked")}


def begin(model):
    """Sets the initial values of every parameter."""
    for k, (name, p) in enumerate(model.named_parameters()):
        shift = 1.0 if is_norm(name) and name.endswith("weight") else 0.0
        start = wave(p.numel(), 1.7 + 0.3 * k, 0.3 + k, 0.5)
        p.data = torch.tensor([round(shift + v, 3) for v in start]).reshape(p.shape)


def run(model, spec, shape):
    """SGD on a few samples. `spec` is the model as stored in a run; `shape` is [channels, height, width] of a sample."""
    features = shape[0] * shape[1] * shape[2]
    begin(model)
    inputs = wave(SAMPLES * features, 3.7, 0.2, 1.5)
    x = torch.tensor(inputs).reshape(SAMPLES, features)
    targets = torch.tensor(TARGETS)
    initial = values(model.state_dict().items())
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    out = {"spec": spec, "shape": shape, "inputs": inputs, "targets": TARGETS, "initial": initial, "lr": LR, "steps": STEPS}
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
    """Loss and gradient by torch's classes, for small and large outputs."""
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


def short(tensors, digits=9):
    """Values as `values` returns them, with enough digits for exact 32-bit floats."""
    return {path: [float(f"{v:.{digits}g}") for v in of] for path, of in values(tensors).items()}


def gpt_of(norm, bias, tied):
    """A GPT, its spec as stored in a run, and its initial values."""
    model = Gpt(norm, bias, tied)
    begin(model)
    spec = {"kind": "gpt", "layers": GPT_LAYERS, "heads": GPT_HEADS, "width": GPT_WIDTH, "mlp": 4}
    spec |= {"norm": norm, "bias": bias, "tied": tied, "dropout": 0.0}
    return model, spec, short(model.named_parameters(), 6)


def lstm_of(layers):
    """An LSTM, its spec as stored in a run, and its initial values."""
    model = Lstm(layers)
    begin(model)
    spec = {"kind": "lstm", "layers": layers, "width": LSTM_WIDTH}
    spec |= {"dropout": 0.0, "input_dropout": 0.0, "output_dropout": 0.0}
    return model, spec, short(model.named_parameters(), 6)


def on_text(forms):
    """Logits, loss and gradients of each model on the text."""
    tokens, targets = torch.tensor(TEXT[:-1]).reshape(-1, CONTEXT), torch.tensor(TEXT[1:])
    cases = []
    for model, spec, initial in forms:
        logits = model(tokens)
        loss = nn.functional.cross_entropy(logits, targets)
        loss.backward()
        gradients = short((n, p.grad) for n, p in model.named_parameters())
        out = {**short([("logits", logits)]), "loss": loss.item(), "gradients": gradients}
        cases.append({"spec": spec, "initial": initial, **out})
    return {"context": CONTEXT, "vocabulary": VOCABULARY, "text": TEXT, "cases": cases}


def gpt_adamw():
    """Training as in nanoGPT, without biases; only parameters of two or more dimensions decay."""
    tokens, targets = torch.tensor(TEXT[:-1]).reshape(-1, CONTEXT), torch.tensor(TEXT[1:])
    model, spec, initial = gpt_of("layer", False, True)
    many = [p for p in model.parameters() if p.dim() >= 2]
    few = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": many, "weight_decay": ADAMW["weight_decay"]}, {"params": few, "weight_decay": 0.0}]
    betas = (ADAMW["beta1"], ADAMW["beta2"])
    optimizer = torch.optim.AdamW(groups, lr=ADAMW["lr"], betas=betas, eps=ADAMW["eps"], foreach=False)
    losses = []
    for _ in range(ADAMW_STEPS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(tokens), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    out = {"context": CONTEXT, "vocabulary": VOCABULARY, "text": TEXT, "spec": spec, "initial": initial}
    return out | {"adamw": ADAMW, "losses": losses, "final": short(model.named_parameters())}


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
    cnn = {"kind": "cnn", "channels": [3, 4], "kernel": 3, "padding": 1, "hidden": [5], "activation": "tanh"}
    mlp = {"kind": "mlp", "hidden": [5, 4], "activation": "sigmoid", "batch_norm": True}
    files = {"cnn": run(Cnn(), cnn, [CHANNELS, HEIGHT, WIDTH]), "mlp": run(NormedMlp(), mlp, [1, 1, 6])}
    files |= {"losses": losses()}
    files |= {"gpt": on_text(gpt_of(*form) for form in GPTS), "gpt-adamw": gpt_adamw()}
    files |= {"lstm": on_text(lstm_of(layers) for layers in (1, 2))}
    files |= golden_layers.files()
    for name, contents in files.items():
        (OUT / f"{name}.json").write_text(dump({"made_by": made_by, **contents}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
