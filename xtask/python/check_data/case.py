"""What a case is: files as people have them, what is said of them in a sweep file, and what they hold."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np

SPLIT = "split = { test = 0.2, validation = 0.2 }"
SEED = 11


def slug(name: str) -> str:
    """A name as that of a file."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


@dataclass
class Held:
    """What files hold, in their order, as whoever made them knows it.

    `inputs` has a row for each sample, and no number where a value is missing; `answers` has a class for each of them, or
    a row of real values.
    """

    inputs: np.ndarray
    answers: np.ndarray

    @property
    def names(self) -> list[str]:
        """Classes in their order; none of real values."""
        return [str(name) for name in np.unique(self.answers)] if self.answers.ndim == 1 else []


@dataclass
class Case:
    """Files, the lines that are said of them, and what is to be understood.

    `keys` are lines of `[data.dataset]` beside the path, in which `@` is the folder of the files.
    """

    name: str
    path: str
    make: Callable[[Path], Held]
    classes: int
    features: int
    parts: tuple[int, int, int]
    keys: list[str] = field(default_factory=list)
    held_out: int = 0
    targets: int = 0

    @property
    def folder(self) -> str:
        """Where its files lie, from the root."""
        return f"data/{self.slug}"

    @property
    def slug(self) -> str:
        """Its name as that of a file."""
        return slug(self.name)

    @property
    def lines(self) -> list[str]:
        """Everything that is said of the data, a line each."""
        said = [f'path = "@/{self.path}"', *self.keys]
        return [line.replace("@", self.folder) for line in said]

    @property
    def in_order(self) -> bool:
        """Whether samples are split in file order."""
        return not any(line.startswith("split") for line in self.keys)

    @property
    def said(self) -> int:
        """How many lines are said of the data."""
        return len(self.lines) + bool(self.held_out)


def shuffled(held: Held) -> Held:
    """The samples in another order, the same at each call."""
    order = np.random.default_rng(SEED).permutation(len(held.inputs))
    return Held(held.inputs[order], held.answers[order])
