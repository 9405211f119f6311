"""A case: user data files, their description in a sweep file, and their true contents."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np

SPLIT = "split = { test = 0.2, validation = 0.2 }"
SEED = 11


def slug(name: str) -> str:
    """A name converted to a file name."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


@dataclass
class Held:
    """The true contents of files, in their order.

    `inputs` has a row for each sample, with NaN for a missing value; `answers` has a class or a row of real values for
    each sample.
    """

    inputs: np.ndarray
    answers: np.ndarray

    @property
    def names(self) -> list[str]:
        """The classes in order; empty for real values."""
        return [str(name) for name in np.unique(self.answers)] if self.answers.ndim == 1 else []


@dataclass
class Case:
    """Files, the lines about them in the sweep file, and the expected description.

    `keys` are further lines of `[data.dataset]`, in which `@` stands for the folder of the files.
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
        """The folder of its files, relative to the root."""
        return f"data/{self.slug}"

    @property
    def slug(self) -> str:
        """Its name converted to a file name."""
        return slug(self.name)

    @property
    def lines(self) -> list[str]:
        """The lines about the data in the sweep file."""
        said = [f'path = "@/{self.path}"', *self.keys]
        return [line.replace("@", self.folder) for line in said]

    @property
    def in_order(self) -> bool:
        """Whether samples are split in file order."""
        return not any(line.startswith("split") for line in self.keys)

    @property
    def said(self) -> int:
        """The number of lines about the data in the sweep file."""
        return len(self.lines) + bool(self.held_out)


def shuffled(held: Held) -> Held:
    """The samples in a fixed random order."""
    order = np.random.default_rng(SEED).permutation(len(held.inputs))
    return Held(held.inputs[order], held.answers[order])
