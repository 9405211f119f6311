"""Cases with text tables: scikit-learn's datasets in common CSV dialects."""

import csv
import gzip
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Callable

import numpy as np
import pandas as pd
from case import SEED, SPLIT, Case, Held, shuffled
from sklearn import datasets

FLOWERS = np.array(["setosa", "versicolor", "virginica"])


def frame(held: Held, columns: list[str], answer: str = "target") -> pd.DataFrame:
    """A table of inputs and answers, with the answers last."""
    return pd.DataFrame(held.inputs, columns=columns).assign(**{answer: held.answers})


def iris() -> tuple[Held, list[str]]:
    """Iris flowers sorted by class."""
    data = datasets.load_iris()
    return Held(data.data, data.target), list(data.feature_names)


def words(held: Held) -> Held:
    """Iris flowers with the names of their classes."""
    return Held(held.inputs, FLOWERS[held.answers])


def wine() -> tuple[Held, list[str]]:
    """Wines sorted by class."""
    data = datasets.load_wine()
    return Held(data.data, data.target), list(data.feature_names)


def cancer() -> tuple[Held, list[str]]:
    """Benign and malignant tumours."""
    data = datasets.load_breast_cancer()
    return Held(data.data, data.target), list(data.feature_names)


def digits(repository: Path) -> Held:
    """The digits dataset of the repository."""
    table = np.loadtxt(repository / "data/digits/digits.csv.gz", delimiter=",")
    return Held(table[:, :-1], table[:, -1].astype(int))


def iris_cases() -> list[Case]:
    """Iris with a header, without one, with an index, with numeric class names."""
    held, names = iris()
    named = words(held)

    def case(name: str, path: str, write: Callable[[Path], None], held: Held, *keys: str) -> Case:
        def make(folder: Path) -> Held:
            write(folder / path)
            return held

        return Case(name, path, make, 3, 4, (90, 30, 30), [*keys, SPLIT])

    def uci(path: Path) -> None:
        short = pd.DataFrame(held.inputs).assign(kind="Iris-" + pd.Series(named.answers))
        path.write_text(short.to_csv(index=False, header=False) + "\n")

    def unnamed(path: Path) -> None:
        frame(held, names).to_csv(path.with_suffix(".first"))
        pd.read_csv(path.with_suffix(".first")).to_csv(path, index=False)

    def shipped(path: Path) -> None:
        origin = Path(find_spec("sklearn").submodule_search_locations[0]) / "datasets/data/iris.csv"
        shutil.copy(origin, path)

    kinds = Held(held.inputs, np.char.add("Iris-", named.answers))
    return [
        case("iris, header", "iris.csv", lambda p: frame(held, names).to_csv(p, index=False), held),
        case("iris, words", "iris.csv", lambda p: frame(named, names, "species").to_csv(p, index=False), named),
        case("iris, index", "iris.csv", lambda p: frame(held, names).to_csv(p), held, "leave_out = [1]"),
        case("iris, Unnamed: 0", "iris.csv", unnamed, held, 'leave_out = ["Unnamed: 0"]'),
        case("iris, numbered columns", "iris.csv",
             lambda p: pd.DataFrame(held.inputs).assign(target=held.answers).to_csv(p, index=False), held),
        case("iris, UCI", "iris.data", uci, kinds),
        case("iris, as scikit-learn ships it", "iris.csv", shipped, held, "header = true"),
        case("iris, as it is", "iris.csv", lambda p: frame(held, names).to_csv(p, index=False), held, 'scaling = "none"'),
    ]


def wine_cases() -> list[Case]:
    """Wines with the class in the first column, semicolons, decimal commas."""
    held, names = wine()
    mixed = shuffled(held)
    quality = Held(mixed.inputs, mixed.answers + 4)
    real = Held(mixed.inputs, quality.answers[:, None].astype(float))

    def uci(folder: Path) -> Held:
        table = pd.DataFrame(held.inputs)
        table.insert(0, "kind", held.answers + 1)
        table.to_csv(folder / "wine.data", index=False, header=False)
        return Held(held.inputs, held.answers + 1)

    def semicolons(told: Held) -> Callable[[Path], Held]:
        def make(folder: Path) -> Held:
            table = frame(quality, names, "quality")
            table.columns = [name.replace("_", " ") for name in table.columns]
            text = table.to_csv(sep=";", index=False, quoting=csv.QUOTE_NONNUMERIC)
            (folder / "winequality.csv").write_text(text)
            return told

        return make

    def german(folder: Path) -> Held:
        frame(mixed, names, "Sorte").to_csv(folder / "Weine 2024.csv", sep=";", decimal=",", index=False)
        return mixed

    return [
        Case("wine, UCI", "wine.data", uci, 3, 13, (106, 36, 36), ["label = 1", SPLIT]),
        Case("wine quality, class", "winequality.csv", semicolons(quality), 3, 13, (113, 30, 35), held_out=30),
        Case("wine quality, value", "winequality.csv", semicolons(real), 0, 13, (113, 30, 35), held_out=30, targets=1),
        Case("wine, German", "Weine 2024.csv", german, 3, 13, (113, 30, 35), held_out=30),
    ]


def cancer_cases() -> list[Case]:
    """Tumours in UCI's and Excel's formats, with tabs, gzip, quotes, NumPy comments, and separate files."""
    held, names = cancer()

    def wdbc(folder: Path) -> Held:
        letters = np.array(["M", "B"])[held.answers]
        table = pd.DataFrame(held.inputs)
        table.insert(0, "kind", letters)
        table.insert(0, "id", np.random.default_rng(SEED).permutation(900_000)[: len(table)] + 8000)
        table.to_csv(folder / "wdbc.data", index=False, header=False)
        return Held(held.inputs, letters)

    def kaggle(folder: Path) -> Held:
        letters = np.array(["M", "B"])[held.answers]
        table = pd.DataFrame(held.inputs, columns=names)
        table.insert(0, "diagnosis", letters)
        table.insert(0, "id", np.arange(len(table)) * 37 + 842302)
        head, rest = table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC).split("\n", 1)
        (folder / "data.csv").write_text(f"{head},\n{rest}")
        return Held(held.inputs, letters)

    def written(path: str, answers: np.ndarray = held.answers, **options: object) -> Callable[[Path], Held]:
        def make(folder: Path) -> Held:
            frame(Held(held.inputs, answers), names, "target").to_csv(folder / path, index=False, **options)
            return Held(held.inputs, answers.astype(str) if answers.dtype == bool else answers)

        return make

    def savetxt(folder: Path) -> Held:
        np.savetxt(folder / "cancer.txt", np.column_stack([held.inputs, held.answers]), delimiter=",",
                   header="written by numpy.savetxt\n" + ",".join([*names, "target"]))
        return held

    def three(folder: Path) -> Held:
        table, places = frame(held, names), {"train": (0, 400), "valid": (400, 480), "test": (480, 569)}
        for part, (start, end) in places.items():
            table[start:end].to_csv(folder / f"{part}.csv", index=False)
        return held

    def case(name: str, path: str, make: Callable[[Path], Held], *keys: str) -> Case:
        return Case(name, path, make, 2, 30, (376, 80, 113), list(keys), held_out=80)

    gaps = np.array([0, 99999])[held.answers]
    gaps[::7] = np.where(held.answers[::7] == 0, 0, 5)
    excel = {"encoding": "utf-8-sig", "lineterminator": "\r\n"}
    return [
        Case("breast cancer, wdbc", "wdbc.data", wdbc, 2, 30, (341, 114, 114), ["label = 2", "leave_out = [1]", SPLIT]),
        case("breast cancer, Kaggle", "data.csv", kaggle, 'label = "diagnosis"', 'leave_out = ["id"]'),
        case("breast cancer, tabs", "cancer.tsv", written("cancer.tsv", sep="\t")),
        case("breast cancer, gzip", "cancer.csv.gz", written("cancer.csv.gz")),
        case("breast cancer, Excel", "cancer.csv", written("cancer.csv", **excel)),
        case("breast cancer, quoted numbers", "cancer.csv", written("cancer.csv", quoting=csv.QUOTE_ALL)),
        case("breast cancer, savetxt", "cancer.txt", savetxt),
        case("breast cancer, -1 and 1", "cancer.csv", written("cancer.csv", 2 * held.answers - 1)),
        case("breast cancer, booleans", "cancer.csv", written("cancer.csv", held.answers == 1)),
        Case("breast cancer, 0 5 99999", "cancer.csv", written("cancer.csv", gaps), 3, 30, (376, 80, 113), held_out=80),
        Case("breast cancer, three files", "train.csv", three, 2, 30, (400, 80, 89),
             ['validation_path = "@/valid.csv"', 'test_path = "@/test.csv"']),
    ]


def real_cases() -> list[Case]:
    """One and two real values to predict."""
    held, names = cancer()

    def diabetes(folder: Path) -> Held:
        data = datasets.load_diabetes(as_frame=True, scaled=False)
        data.frame.to_csv(folder / "diabetes.csv", index=False)
        return Held(data.data.to_numpy(), data.target.to_numpy()[:, None])

    def two(folder: Path) -> Held:
        frame(held, names).to_csv(folder / "cancer.csv", index=False)
        told = [names.index("mean area"), names.index("mean smoothness")]
        rest = [i for i in range(len(names)) if i not in told]
        return Held(held.inputs[:, rest], held.inputs[:, told])

    keys = ['target = ["mean area", "mean smoothness"]', 'leave_out = ["target"]', SPLIT]
    return [
        Case("diabetes, one value", "diabetes.csv", diabetes, 0, 10, (274, 80, 88), held_out=80, targets=1),
        Case("breast cancer, two values", "cancer.csv", two, 0, 28, (341, 114, 114), keys, targets=2),
    ]


def digit_cases(repository: Path) -> list[Case]:
    """Digits from the repository's own file, and with other scalings."""
    held = digits(repository)
    lengths = np.linalg.norm(held.inputs, axis=1, keepdims=True)

    def make(folder: Path) -> Held:
        shutil.copy(repository / "data/digits/digits.csv.gz", folder)
        return held

    def plain(folder: Path) -> Held:
        (folder / "digits.csv").write_bytes(gzip.decompress((repository / "data/digits/digits.csv.gz").read_bytes()))
        return Held(held.inputs / lengths, held.answers)

    parts = (1238, 200, 359)
    return [
        Case("digits, gzip, range", "digits.csv.gz", make, 10, 64, parts, ['scaling = "range"'], held_out=200),
        Case("digits, unit", "digits.csv", plain, 10, 64, parts, ['scaling = "unit"'], held_out=200),
    ]


def every(repository: Path) -> list[Case]:
    """All cases of this module."""
    return [*iris_cases(), *wine_cases(), *cancer_cases(), *real_cases(), *digit_cases(repository)]
