"""Sweeps with random sizes, learning rates and noise, each for a special case of reports.

The same seed gives the same files. `write` puts sweep files and their data into a folder.
"""

import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

SEED = 17


@dataclass
class Sweep:
    """A sweep file, the table that it is trained on, and the arguments of each part of its training."""

    text: str
    data: str = ""
    parts: list[list[str]] = field(default_factory=lambda: [[]])


def table(draw: random.Random, samples: int, features: int, classes: int, spread: float) -> str:
    """A CSV table of normally distributed classes around random centres, in random order."""
    centres = [[draw.gauss(0, 1) for _ in range(features)] for _ in range(classes)]
    lines = []
    for _ in range(samples):
        label = draw.randrange(classes)
        values = [f"{draw.gauss(c, spread):.4f}" for c in centres[label]]
        lines.append(",".join([*values, str(label)]))
    return "\n".join(lines) + "\n"


def rate(draw: random.Random, low: float, high: float) -> float:
    """A log-uniform learning rate between two bounds, with two digits."""
    return float(f"{math.exp(draw.uniform(math.log(low), math.log(high))):.1e}")


def file(name: str, rest: str, *, data: str | None = None, batch: str = "32", held_out: int = 0,
         seeds: str, epochs: int, further: str = "", hidden: str = "[16]") -> str:
    """A sweep file on its own table or on a dataset of the repository."""
    source = f'"{data}"' if data else f'{{ kind = "csv", path = "data/own/{name}.csv" }}'
    return (
        f'name = "{name}"\n[data]\ndataset = {source}\nbatch_size = {batch}\nvalidation = {held_out}\n'
        f'[model]\nkind = "mlp"\nhidden = {hidden}\n[train]\nepochs = {epochs}\n{further}'
        f"[repeat]\nseeds = {seeds}\n{rest}"
    )


def descent(name: str, function: str, rest: str, *, seeds: int, epochs: int, jitter: float) -> str:
    """A sweep file on functions of two variables."""
    return (
        f'name = "{name}"\n[model]\nkind = "function"\nfunction = {function}\nstart_jitter = {jitter}\nnoise = 0\n'
        f'[train]\nepochs = {epochs}\nloss = "value"\n[repeat]\nseeds = {{ count = {seeds} }}\n{rest}'
    )


def optimizer(kind: str, rest: str, label: str = "") -> str:
    """An entry `[[optimizer]]`."""
    named = f'label = "{label}"\n' if label else ""
    return f'[[optimizer]]\nkind = "{kind}"\n{named}{rest}\n'


def plain_grid(draw: random.Random) -> Sweep:
    """The ordinary case: three optimizers, grids of learning rates, a target."""
    low = rate(draw, 0.005, 0.02)
    rest = '[target]\nmetric = "validation.accuracy"\nvalue = 0.8\n'
    rest += optimizer("sgd", f"lr = [{low}, {10 * low:.3g}, {40 * low:.3g}]")
    rest += optimizer("sgd", f"momentum = 0.9\nlr = {{ log = [{low}, 0.3], points = 3 }}", "momentum 0.9")
    rest += optimizer("adam", "lr = [0.003, 0.01, 0.03, 0.1]")
    samples = draw.randrange(240, 360)
    data = table(draw, samples, draw.randrange(4, 9), 3, 0.9)
    return Sweep(file("plain-grid", rest, held_out=samples // 5, seeds="{ count = 5 }", epochs=6), data)


def tied_validation(draw: random.Random) -> Sweep:
    """Ties between configurations over three axes, from few validation samples."""
    rest = '[target]\nmetric = "validation.accuracy"\nvalue = 0.95\n'
    rest += optimizer("sgd", "momentum = 0.9\nlr = { log = [1e-3, 1e0], points = 4 }\n"
                             "weight_decay = [0.0, 1e-4, 1e-2]", "momentum")
    rest += optimizer("adamw", "lr = { log = [1e-3, 1e-1], points = 3 }\nweight_decay = [0.0, 1e-2, 1e-1]")
    samples = draw.randrange(110, 150)
    data = table(draw, samples, 4, 3, 0.35)
    text = file("tied-validation", rest, batch="[8, 32]", held_out=draw.randrange(8, 13),
                seeds="{ count = 6 }", epochs=8)
    return Sweep(text, data)


def some_diverge(draw: random.Random) -> Sweep:
    """Absurd learning rates with which some seeds diverge, the same or different ones."""
    rest = '[target]\nmetric = "validation.loss"\n'
    rest += optimizer("sgd", "lr = 1e10")
    rest += optimizer("sgd", "lr = 0.97e10", "b")
    rest += optimizer("sgd", f"lr = [{rate(draw, 0.05, 0.2)}, 1e2, 2e9]", "steady")
    return Sweep(file("some-diverge", rest, data="digits", batch="64", held_out=237, hidden="[32]",
                      seeds="{ count = 12 }", epochs=3))


def one_label_diverges(draw: random.Random) -> Sweep:
    """A label in the comparison whose seeds all diverged."""
    rest = optimizer("adam", "lr = [0.01, 0.03]") + optimizer("sgd", "lr = [1e20, 1e25]", "absurd")
    rest += optimizer("rmsprop", f"lr = {rate(draw, 0.005, 0.02)}") + optimizer("rmsprop", "lr = 2e17", "half")
    data = table(draw, draw.randrange(150, 220), 5, 2, 1.1)
    return Sweep(file("one-label-diverges", rest, held_out=40, seeds="{ count = 7 }", epochs=4), data)


def all_diverge(draw: random.Random) -> Sweep:
    """A sweep in which every run diverges."""
    rest = optimizer("sgd", "lr = [1e22, 1e25]") + optimizer("adam", "lr = 1e30")
    data = table(draw, draw.randrange(80, 120), 4, 2, 1.0)
    return Sweep(file("all-diverge", rest, held_out=20, seeds="{ count = 3 }", epochs=3), data)


def stop_soon(draw: random.Random) -> Sweep:
    """Runs that stop at the target after few epochs, so that ties are common."""
    rest = '[target]\nmetric = "validation.accuracy"\nvalue = 0.8\nstop = true\n'
    rest += optimizer("sgd", "lr = [0.3, 1.0]") + optimizer("adam", "lr = [0.01]")
    rest += optimizer("rmsprop", f"lr = [{rate(draw, 0.003, 0.01)}, 0.02]")
    return Sweep(file("stop-soon", rest, data="digits", batch="64", held_out=237, seeds="{ count = 8 }", epochs=5))


def stop_some_never(draw: random.Random) -> Sweep:
    """Runs that stop at the target, some of which never reach it, and a label that diverges on some seeds."""
    rest = '[target]\nmetric = "validation.loss"\nvalue = 0.55\nstop = true\n'
    rest += optimizer("sgd", "lr = [0.02, 0.1, 0.5]") + optimizer("adam", f"lr = [0.003, {rate(draw, 0.01, 0.05)}]")
    rest += optimizer("sgd", "lr = 1.0\nmomentum = 0.95", "heavy") + optimizer("sgd", "lr = [20.0, 60.0]", "wild")
    rest += optimizer("sgd", "lr = 0.11", "slow")
    samples = draw.randrange(200, 280)
    data = table(draw, samples, 5, 3, 0.8)
    return Sweep(file("stop-some-never", rest, held_out=samples // 4, seeds="{ count = 10 }", epochs=7), data)


def early_stopping(draw: random.Random) -> Sweep:
    """Runs that end when the validation loss no longer falls, judged by their last epoch."""
    rest = '[target]\nmetric = "validation.accuracy"\n'
    rest += optimizer("sgd", "lr = [0.3, 1.0, 3.0]") + optimizer("adam", f"lr = [{rate(draw, 0.02, 0.06)}, 0.1]")
    samples = draw.randrange(160, 220)
    data = table(draw, samples, 6, 4, 0.9)
    further = 'early_stopping = { metric = "validation.loss", patience = 2 }\n'
    return Sweep(file("early-stopping", rest, held_out=samples // 4, seeds="{ count = 8 }", epochs=15,
                      further=further), data)


def best_epoch(draw: random.Random) -> Sweep:
    """Judging by the epoch with the best validation accuracy."""
    rest = '[target]\nmetric = "validation.accuracy"\nat = "best"\n'
    rest += optimizer("sgd", f"lr = [{rate(draw, 0.2, 0.5)}, 1.0]") + optimizer("adam", "lr = [0.01, 0.1]")
    rest += optimizer("rmsprop", "lr = [1e17, 2e17, 4e17]", "wild")
    samples = draw.randrange(150, 200)
    data = table(draw, samples, 6, 3, 1.1)
    return Sweep(file("best-epoch", rest, held_out=samples // 4, seeds="{ count = 10 }", epochs=8), data)


def best_loss_early(draw: random.Random) -> Sweep:
    """The best epoch by validation loss, with early stopping."""
    rest = '[target]\nmetric = "validation.loss"\nvalue = 0.6\nat = "best"\n'
    rest += optimizer("adam", f"lr = [0.01, {rate(draw, 0.05, 0.2)}]") + optimizer("rmsprop", "lr = [0.01, 0.1]")
    samples = draw.randrange(140, 190)
    data = table(draw, samples, 5, 3, 1.0)
    further = 'early_stopping = { metric = "validation.loss", patience = 3 }\n'
    return Sweep(file("best-loss-early", rest, held_out=samples // 4, seeds="{ count = 5 }", epochs=20,
                      further=further), data)


def rosenbrock(draw: random.Random) -> Sweep:
    """One function with starts that differ by seed, and a target."""
    rest = '[target]\nmetric = "test.loss"\nvalue = 1.0\n'
    rest += optimizer("sgd", f"lr = [{rate(draw, 1e-4, 5e-4)}, 1e-3]") + optimizer("adam", "lr = [0.01, 0.1, 1.0]")
    rest += optimizer("rmsprop", "lr = [0.01, 0.03]")
    return Sweep(descent("rosenbrock", '"rosenbrock"', rest, seeds=12, epochs=4, jitter=0.3))


def exact_zeros(draw: random.Random) -> Sweep:
    """Values at or near zero, whose differences are rounding."""
    rest = optimizer("lbfgs", "") + optimizer("sgd", f"lr = [{rate(draw, 0.005, 0.01)}, 0.5]")
    rest += optimizer("adam", "lr = [0.1, 0.3]") + optimizer("rprop", "")
    return Sweep(descent("exact-zeros", '"himmelblau"', rest, seeds=10, epochs=1, jitter=0.5))


def three_functions(draw: random.Random) -> Sweep:
    """Several functions, including a saddle."""
    rest = optimizer("sgd", f"lr = [1e-3, {rate(draw, 3e-3, 2e-2)}, 0.1]") + optimizer("adam", "lr = [0.01, 0.1]")
    rest += optimizer("rmsprop", "lr = [0.01, 0.05]") + optimizer("sgd", "lr = 1e12", "wild")
    functions = '["ravine", "saddle", "beale"]'
    return Sweep(descent("three-functions", functions, rest, seeds=3, epochs=2, jitter=0.2))


def validation_loss(draw: random.Random) -> Sweep:
    """A loss as target, and weight decay at the edges of its grid."""
    rest = '[target]\nmetric = "validation.loss"\nvalue = 0.7\n'
    rest += optimizer("adamw", f"lr = [0.003, {rate(draw, 0.01, 0.03)}, 0.1]\nweight_decay = [1e-3, 1e-2, 1.0]")
    rest += optimizer("sgd", "lr = [0.01, 0.1]\nweight_decay = [1e-5, 0.5]")
    samples = draw.randrange(180, 260)
    data = table(draw, samples, 6, 3, 1.0)
    return Sweep(file("validation-loss", rest, held_out=samples // 5, seeds="{ count = 7 }", epochs=6), data)


def training_loss(draw: random.Random) -> Sweep:
    """No validation split, and batches of different sizes, which do not pair."""
    rest = optimizer("sgd", f"lr = [0.03, {rate(draw, 0.1, 0.9)}]") + optimizer("adam", "lr = [0.001, 0.01]")
    for label, size in (("sgd", 64), ("adam", 8)):
        rest += f'[[exclude]]\nlabel = "{label}"\ndata.batch_size = {size}\n'
    data = table(draw, draw.randrange(100, 160), 4, 2, 0.9)
    return Sweep(file("training-loss", rest, batch="[8, 64]", seeds="{ count = 3, base = 3 }", epochs=5), data)


def real_values(draw: random.Random) -> Sweep:
    """Real values instead of classes, and two seeds, with one label of which some may diverge."""
    rest = '[target]\nmetric = "validation.loss"\nvalue = 0.6\n'
    rest += optimizer("sgd", f"lr = [{rate(draw, 0.005, 0.02)}, 0.1]") + optimizer("adam", "lr = [1e-3, 1e-2]")
    rest += optimizer("adagrad", "lr = 0.03") + optimizer("rmsprop", "lr = 1.5e17", "wild")
    return Sweep(file("real-values", rest, data="diabetes", held_out=draw.randrange(50, 80),
                      seeds="{ count = 2 }", epochs=8, further='loss = "mse"\n'))


def one_seed(draw: random.Random) -> Sweep:
    """A single seed, which shows nothing."""
    rest = '[target]\nmetric = "validation.accuracy"\nvalue = 0.99\n'
    rest += optimizer("sgd", f"lr = [{rate(draw, 0.05, 0.1)}, 0.4]") + optimizer("adam", "lr = 0.01")
    data = table(draw, draw.randrange(100, 140), 4, 2, 1.2)
    return Sweep(file("one-seed", rest, held_out=25, seeds="[4]", epochs=4), data)


def batch_sizes(draw: random.Random) -> Sweep:
    """Batch sizes as an axis, so that chosen configurations may not pair."""
    rest = '[target]\nmetric = "validation.accuracy"\nvalue = 0.75\n'
    rest += optimizer("sgd", f"lr = [0.01, {rate(draw, 0.04, 0.09)}]") + optimizer("adam", "lr = [0.003, 0.01]")
    rest += optimizer("rmsprop", "lr = 2e17", "wild") + optimizer("adagrad", "lr = [0.01, 0.1]")
    samples = draw.randrange(260, 340)
    data = table(draw, samples, 6, 3, 1.0)
    return Sweep(file("batch-sizes", rest, batch="[4, 16, 64]", held_out=samples // 5,
                      seeds="{ count = 8 }", epochs=4), data)


def partly_trained(draw: random.Random) -> Sweep:
    """A metric on request as target, and seeds that one label was not trained with yet."""
    rest = '[target]\nmetric = "validation.f1"\nvalue = 0.6\n'
    rest += optimizer("sgd", f"lr = [{rate(draw, 0.1, 0.3)}, 0.9]") + optimizer("adam", "lr = [0.01, 0.03]")
    samples = draw.randrange(140, 200)
    data = table(draw, samples, 5, 3, 0.9)
    text = file("partly-trained", rest, held_out=samples // 4, seeds="{ count = 9 }", epochs=5,
                further='metrics = ["f1"]\n')
    some = ",".join(f"seed={seed}" for seed in range(6))
    return Sweep(text, data, [["--only", "optimizer=sgd"], ["--only", f"optimizer=adam,{some}"]])


def thirty_seeds(draw: random.Random) -> Sweep:
    """The largest number of seeds of an exact permutation test, and a `min_effect`."""
    rest = '[target]\nmetric = "validation.accuracy"\n[report]\nmin_effect = 0.15\n'
    rest += optimizer("sgd", f"lr = {rate(draw, 0.02, 0.05)}") + optimizer("adam", "lr = 0.02")
    rest += optimizer("sgd", "lr = 0.02\nmomentum = 0.9", "momentum")
    samples = draw.randrange(260, 320)
    data = table(draw, samples, 5, 3, 1.0)
    return Sweep(file("thirty-seeds", rest, held_out=samples // 4, seeds="{ count = 30 }", epochs=4), data)


def random_search(draw: random.Random) -> Sweep:
    """Random values, which have no grid and no edge, and learning rates that cannot be compared since other values differ."""
    drawn = "{ random = { log = [1e-3, 1e0] }, samples = 5, seed = %d }" % draw.randrange(100)
    rest = optimizer("sgd", f"lr = {drawn}\nmomentum = {{ random = {{ linear = [0.0, 0.95] }}, samples = 5 }}")
    rest += optimizer("adam", f'lr = {drawn}\nschedule = [{{ kind = "cosine" }}, {{ kind = "constant" }}]')
    rest += optimizer("adam", f'lr = {drawn}\nschedule = {{ kind = "cosine", warmup = 1 }}', "adam warm")
    samples = draw.randrange(150, 200)
    data = table(draw, samples, 5, 3, 0.9)
    return Sweep(file("random-search", rest, held_out=samples // 4, seeds="{ count = 4 }", epochs=4), data)


def zipped_lists(draw: random.Random) -> Sweep:
    """Learning rates of two optimizers that are zipped with the batch size, and a zipped momentum."""
    low = rate(draw, 0.003, 0.006)
    rest = optimizer("sgd", f'lr = {{ values = [{low}, {2 * low:.1e}, {4 * low:.1e}], zip = "size" }}')
    rest += optimizer("adam", 'lr = { values = [1e-4, 2e-4, 4e-4], zip = "size" }')
    rest += optimizer("sgd", f'lr = {{ values = [{low}, {10 * low:.1e}], zip = "pace" }}\n'
                             'momentum = { values = [0.9, 0.5], zip = "pace" }', "momentum")
    samples = draw.randrange(180, 240)
    data = table(draw, samples, 5, 3, 0.8)
    return Sweep(file("zipped-lists", rest, batch='{ values = [32, 16, 8], zip = "size" }', held_out=samples // 4,
                      seeds="{ count = 3 }", epochs=3), data)


ALL: list[Callable[[random.Random], Sweep]] = [
    plain_grid, tied_validation, some_diverge, one_label_diverges, all_diverge, stop_soon, stop_some_never,
    early_stopping, best_epoch, best_loss_early, rosenbrock, exact_zeros, three_functions, validation_loss,
    training_loss, real_values, one_seed, batch_sizes, partly_trained, thirty_seeds,
    random_search, zipped_lists,
]


def write(folder: Path, seed: int = SEED) -> list[tuple[Path, Sweep]]:
    """Writes every sweep file and its table below `folder`; returns the files with their sweeps."""
    own = folder / "data" / "own"
    own.mkdir(parents=True, exist_ok=True)
    written = []
    for make in ALL:
        name = make.__name__.replace("_", "-")
        sweep = make(random.Random(f"{seed}/{name}"))
        if sweep.data:
            (own / f"{name}.csv").write_text(sweep.data)
        path = folder / f"{name}.toml"
        path.write_text(sweep.text)
        written.append((path, sweep))
    return written
