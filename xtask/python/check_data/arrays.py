"""Cases with arrays and Parquet: NumPy files and archives, IDX files as in MNIST, tables of pandas and polars."""

import gzip
from pathlib import Path
from typing import Callable

import numpy as np
import pandas as pd
import polars as pl
from case import SPLIT, Case, Held, shuffled
from tables import FLOWERS, cancer, digits, frame, iris, wine

LABELS = 'labels = "@/y.npy"'
IDX_CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}
SAMPLES = 2500


def idx(path: Path, array: np.ndarray) -> None:
    """Writes an array as IDX, compressed if the name ends with .gz."""
    head = bytes([0, 0, IDX_CODES[array.dtype.name], array.ndim])
    content = head + np.array(array.shape, ">u4").tobytes() + array.astype(array.dtype.newbyteorder(">")).tobytes()
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)


def mnist(repository: Path) -> tuple[np.ndarray, np.ndarray]:
    """The first images and labels of MNIST."""
    folder = repository / "data/mnist"
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + SAMPLES * 784), np.uint8, offset=16).reshape(SAMPLES, 28, 28)
    with gzip.open(folder / "train-labels-idx1-ubyte.gz") as file:
        return pixels, np.frombuffer(file.read(8 + SAMPLES), np.uint8, offset=8)


def flat(pictures: np.ndarray, answers: np.ndarray) -> Held:
    """Images flattened to rows."""
    return Held(pictures.reshape(len(pictures), -1).astype(np.float64), answers.astype(int))


def numpy_cases(repository: Path) -> list[Case]:
    """Inputs and labels in separate files."""
    def case(name: str, held: Held, inputs: np.ndarray, labels: np.ndarray, classes: int, held_out: int) -> Case:
        def make(folder: Path) -> Held:
            np.save(folder / "x.npy", inputs)
            np.save(folder / "y.npy", labels)
            return Held(inputs.reshape(len(inputs), -1).astype(np.float64), held.answers)

        n, features = inputs.shape[0], int(np.prod(inputs.shape[1:]))
        return Case(name, "x.npy", make, classes, features, (n - n // 5 - held_out, held_out, n // 5), [LABELS], held_out)

    wines, tumours, figures = shuffled(wine()[0]), cancer()[0], digits(repository)
    flowers = shuffled(iris()[0])
    named = Held(flowers.inputs, FLOWERS[flowers.answers])
    tenths = np.round(flowers.inputs * 10).astype("uint16")
    return [
        case("npy, Fortran order", tumours, np.asfortranarray(tumours.inputs), tumours.answers, 2, 80),
        case("npy, big-endian", wines, wines.inputs.astype(">f4"), wines.answers.astype(">i2"), 3, 30),
        case("npy, float16", figures, (figures.inputs.reshape(-1, 8, 8) / 16).astype("float16"), figures.answers, 10, 200),
        case("npy, uint16 and words", named, tenths, named.answers.astype("<U10"), 3, 25),
    ]


def archive_cases(repository: Path) -> list[Case]:
    """Archives with common names of arrays."""
    figures = digits(repository)

    def keras(folder: Path) -> Held:
        pixels, labels = mnist(repository)
        np.savez_compressed(folder / "mnist.npz", x_train=pixels[:2000], y_train=labels[:2000], x_test=pixels[2000:],
                            y_test=labels[2000:])
        return flat(pixels, labels)

    def medical(folder: Path) -> Held:
        pixels, labels = mnist(repository)
        places, columns = {"train": (0, 1700), "val": (1700, 2000), "test": (2000, 2500)}, labels[:, None]
        arrays = {f"{part}_images": pixels[a:b] for part, (a, b) in places.items()}
        arrays |= {f"{part}_labels": columns[a:b] for part, (a, b) in places.items()}
        np.savez_compressed(folder / "medmnist.npz", **arrays)
        return flat(pixels, labels)

    def told(folder: Path) -> Held:
        np.savez(folder / "digits.npz", pictures=figures.inputs.astype("float32"), numbers=figures.answers, rest=np.zeros(3))
        return figures

    def unnamed(folder: Path) -> Held:
        np.savez(folder / "digits.npz", figures.inputs, figures.answers)
        return figures

    names = 'arrays = { inputs = "pictures", labels = "numbers" }'
    parts = (1238, 200, 359)
    return [
        Case("npz, Keras", "mnist.npz", keras, 10, 784, (1700, 300, 500), held_out=300),
        Case("npz, MedMNIST", "medmnist.npz", medical, 10, 784, (1700, 300, 500)),
        Case("npz, other names", "digits.npz", told, 10, 64, parts, [names], held_out=200),
        Case("npz, no names", "digits.npz", unnamed, 10, 64, parts, held_out=200),
    ]


def idx_cases(repository: Path) -> list[Case]:
    """Images in the formats of MNIST, EMNIST and QMNIST, and as floats."""
    def case(name: str, labels: Callable[[np.ndarray], np.ndarray], held: Callable[[np.ndarray], np.ndarray],
             *keys: str, scale: float = 0, end: str = "-ubyte.gz") -> Case:
        path, named = f"train-images-idx3{end}", f"train-labels-idx1{end}"

        def make(folder: Path) -> Held:
            pixels, digits = mnist(repository)
            idx(folder / path, (pixels / scale).astype("float32") if scale else pixels)
            idx(folder / named, labels(digits))
            return flat(pixels, held(digits))

        return Case(name, path, make, 10, 784, (1700, 300, 500), [f'labels = "@/{named}"', *keys], held_out=300)

    def eight(digits: np.ndarray) -> np.ndarray:
        rest = np.random.default_rng(3).integers(0, 1000, (len(digits), 7))
        return np.column_stack([digits, rest]).astype("int32")

    return [
        case("IDX, MNIST", lambda y: y, lambda y: y),
        case("IDX, EMNIST letters", lambda y: y + np.uint8(1), lambda y: y + 1),
        case("IDX, QMNIST", eight, lambda y: y, "label = 1"),
        case("IDX, floats", lambda y: y, lambda y: y, scale=255, end=".idx"),
    ]


def parquet_cases() -> list[Case]:
    """Tables by pandas and polars."""
    tumours, tumour_names = cancer()
    flowers, flower_names = iris()
    mixed = shuffled(flowers)
    named = Held(mixed.inputs, FLOWERS[mixed.answers])

    def pandas(folder: Path) -> Held:
        frame(tumours, tumour_names).to_parquet(folder / "cancer.parquet")
        return tumours

    def polars(folder: Path) -> Held:
        pl.from_pandas(frame(named, flower_names, "species")).write_parquet(folder / "iris.parquet", compression="zstd")
        return named

    def categories(folder: Path) -> Held:
        table = frame(named, flower_names, "species").astype({"species": "category"})
        table.to_parquet(folder / "iris.parquet", compression="gzip", index=False)
        return named

    def index(folder: Path) -> Held:
        table = frame(Held(flowers.inputs, FLOWERS[flowers.answers]), flower_names, "species")
        table.sample(frac=1, random_state=5).to_parquet(folder / "iris.parquet")
        order = table.sample(frac=1, random_state=5).index.to_numpy()
        return Held(flowers.inputs[order], FLOWERS[flowers.answers][order])

    def gaps(folder: Path) -> Held:
        table = frame(tumours, tumour_names)
        table["years"] = pd.array(np.arange(len(table)) % 60 + 20, dtype="Int32")
        table.loc[::5, "years"] = pd.NA
        table.to_parquet(folder / "cancer.parquet", index=False)
        inputs = table.drop(columns="target").astype(float)
        return Held(inputs.to_numpy(), tumours.answers)

    flowers_parts, tumour_parts = (100, 20, 30), (376, 80, 113)
    return [
        Case("Parquet, pandas", "cancer.parquet", pandas, 2, 30, tumour_parts, held_out=80),
        Case("Parquet, polars", "iris.parquet", polars, 3, 4, flowers_parts, held_out=20),
        Case("Parquet, categories", "iris.parquet", categories, 3, 4, flowers_parts, held_out=20),
        Case("Parquet, index of pandas", "iris.parquet", index, 3, 4, flowers_parts, held_out=20),
        Case("Parquet, gaps", "cancer.parquet", gaps, 2, 31, (341, 114, 114), ['missing = "mean"', SPLIT]),
    ]


def every(repository: Path) -> list[Case]:
    """All cases of this module."""
    return [*numpy_cases(repository), *archive_cases(repository), *idx_cases(repository), *parquet_cases()]
