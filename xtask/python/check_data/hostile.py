"""Files that must be rejected quickly and with little memory."""

import gzip
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import bombs
import numpy as np
import pandas as pd
from case import slug
from tables import cancer, frame, iris

LABELS = 'labels = "@/y.npy"'
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n" + bytes(range(256)) * 8
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0" + zlib.compress(bytes(1000)) * 5
LONG_LINE = 200_000_000


@dataclass
class Hostile:
    """A file, the lines about it in the sweep file, and a part of the expected error."""

    name: str
    path: str
    make: Callable[[Path], object]
    says: str
    keys: list[str] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """Its name converted to a file name."""
        return slug(f"hostile {self.name}")


def text(content: str | bytes) -> Callable[[Path], object]:
    """A function that writes this content."""
    return lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


def lines(*of: str, times: int = 30) -> str:
    """These lines repeated many times, below a header."""
    return "a,b,label\n" + "".join(f"{line}\n" for line in of) * times


def pair(inputs: np.ndarray | bytes, labels: np.ndarray | bytes) -> Callable[[Path], object]:
    """A function that writes inputs and labels, given as arrays or as bytes of files."""
    def make(path: Path) -> None:
        for file, array in ((path, inputs), (path.with_name("y.npy"), labels)):
            if isinstance(array, bytes):
                file.write_bytes(array)
            else:
                np.save(file, array, allow_pickle=True)

    return make


def endless(unit: bytes) -> Callable[[Path], object]:
    """A function that writes a line of 200 MB without an end."""
    def make(path: Path) -> None:
        with open(path, "wb") as file:
            for _ in range(LONG_LINE // 1_000_000):
                file.write(unit * (1_000_000 // len(unit)))

    return make


def cut(path: Path) -> None:
    """The first half of a Parquet file."""
    held, names = cancer()
    frame(held, names).to_parquet(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damaged(path: Path) -> None:
    """A Parquet file with noise in its middle."""
    held, names = cancer()
    frame(held, names).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[2000:60_000] = np.random.default_rng(1).integers(0, 256, 58_000).astype("uint8").tobytes()
    path.write_bytes(content)


def objects(path: Path) -> None:
    """An archive with an array of Python objects."""
    np.savez(path, x=np.array([[1, "a"], [2.5, None]] * 20, dtype=object), y=np.arange(40) % 2)


def shipped_wine(path: Path) -> None:
    """The wine table as in scikit-learn, whose first line has another number of fields."""
    from sklearn import datasets

    path.write_bytes((Path(datasets.__file__).parent / "data/wine_data.csv").read_bytes())


def sorted_iris(path: Path) -> None:
    """Iris flowers sorted by class."""
    held, names = iris()
    frame(held, names).to_csv(path, index=False)


def tables() -> list[Hostile]:
    """Hostile text files."""
    wide = ",".join(["1"] * 1_000_000) + "\n"
    sound = lines("1,2,0", "2,1,1", "3,5,0", "0,7,1")
    return [
        Hostile("a million columns", "wide.csv", text(wide * 3), "1000000 columns"),
        Hostile("NUL bytes", "x.csv", text(sound.replace("3,5", "3\0,5")), "line 4"),
        Hostile("line without end, digits", "x.csv", endless(b"7"), "longer than"),
        Hostile("line without end, fields", "x.csv", endless(b"7,"), "longer than"),
        Hostile("quote without end", "x.csv", text('a,b,label\n1,2,0\n"3,4,1\n' + "5,6,0\n" * 3_000_000), "x.csv"),
        Hostile("UTF-16", "x.csv", text(sound.encode("utf-16")), "UTF-16"),
        Hostile("Latin-1", "x.csv", text(lines("1,2,Käse", "2,1,Wurst").encode("latin-1")), "UTF-8"),
        Hostile("PDF", "x.csv", text(PDF), "UTF-8"),
        Hostile("PNG", "x.csv", text(PNG), "PNG"),
        Hostile("Excel's workbook", "x.csv", bombs.claiming, "zip"),
        Hostile("web page", "x.csv", text("<!DOCTYPE html>\n<html>\n<p>Not found, sorry</p>\n</html>\n"), "x.csv"),
        Hostile("JSON", "x.csv", text('[{"a": 1, "b": 2, "label": 0},\n {"a": 3, "b": 5, "label": 1}]\n'), "x.csv"),
        Hostile("empty file", "x.csv", text(""), "empty"),
        Hostile("header alone", "x.csv", text("a,b,label\n"), "no samples"),
        Hostile("one class", "x.csv", text(lines("1,2,0", "2,3,0")), "only class 0"),
        Hostile("class per sample", "x.csv", text("a,b,label\n" + "".join(f"{i},{-i},{i * 7}\n" for i in range(500))),
                "500 different targets"),
        Hostile("ragged lines", "x.csv", text(sound + "1,2\n"), "line 122"),
        Hostile("ragged, as scikit-learn ships wines", "wine_data.csv", shipped_wine, "line 2"),
        Hostile("sorted by class", "iris.csv", sorted_iris, "sorted"),
        Hostile("a word, Excel's lines", "x.csv", text(sound.replace("3,5", "three,5").replace("\n", "\r\n")), "line 4"),
        Hostile("not finite", "x.csv", text(lines("1,2,0", "inf,1,1")), "finite"),
        Hostile("gaps", "x.csv", text(lines("1,2,0", ",1,1")), "missing"),
        Hostile("control characters", "x.csv", text(lines("1,\x1b[2J\x1b]0;x\x07,0", "2,1,1")), "not a number"),
        Hostile("no such file", "x.csv", lambda p: None, "no such file"),
        Hostile("a folder", "x.csv", lambda p: p.mkdir(), "a folder"),
        Hostile("a pipe", "x.csv", os.mkfifo, "a pipe"),
        Hostile("gzip bomb, table", "x.csv.gz", bombs.numbers, "bomb"),
        Hostile("gzip bomb, zeros", "x.csv.gz", bombs.zeros, "x.csv.gz"),
        Hostile("gzip bomb, npy", "x.npy.gz", bombs.rows, "x.npy.gz", [LABELS]),
        Hostile("gzip cut", "x.csv.gz", text(gzip.compress(sound.encode())[:-20]), "gzip"),
    ]


def arrays() -> list[Hostile]:
    """Hostile NumPy files, archives, IDX and Parquet files."""
    x, y = np.arange(80, dtype="<f8").reshape(40, 2), np.arange(40) % 2
    big = bombs.header((bombs.TEN_GB // 32, 4)) + bytes(64)
    big_labels = bombs.header((bombs.TEN_GB,), "|u1") + b"\0\1"
    pictures = bytes([0, 0, 8, 4]) + b"\xff" * 16 + bytes(64)
    many = pd.DataFrame({"a": [1, 2], "label": [0, 1]})
    return [
        Hostile("npy claims 10 GB", "x.npy", pair(big, y), "x.npy", [LABELS]),
        Hostile("npy claims more than 64 bits", "x.npy", pair(bombs.header((2**40, 2**40)), y), "x.npy", [LABELS]),
        Hostile("npy labels claim 10 GB", "x.npy", pair(x, big_labels), "y.npy", [LABELS]),
        Hostile("npy labels too short", "x.npy", pair(x, y[:-3]), "37 labels", [LABELS]),
        Hostile("npy of objects", "x.npy", pair(np.array([[1, None]] * 40, dtype=object), y), "x.npy", [LABELS]),
        Hostile("npy labels of objects", "x.npy", pair(x, np.array(["a", None] * 20, dtype=object)), "y.npy", [LABELS]),
        Hostile("npy of records", "x.npy", pair(np.zeros(40, dtype=[("a", "<f4"), ("b", "<i4")]), y), "records", [LABELS]),
        Hostile("npz member claims 10 GB", "x.npz", bombs.claiming, "x.npz"),
        Hostile("npz directory claims 10 GB", "x.npz", bombs.lengths, "x.npz",
                ['arrays = { inputs = "x", labels = "x" }']),
        Hostile("npz bomb", "x.npz", bombs.archive, "x.npz", ['arrays = { inputs = "x", labels = "x" }']),
        Hostile("npz bomb of 6 GB", "x.npz", bombs.smaller, "x.npz", ['arrays = { inputs = "x", labels = "x" }']),
        Hostile("npz with a name twice", "x.npz", bombs.twice, "one name"),
        Hostile("npz of objects", "x.npz", objects, "x.npz"),
        Hostile("npz that is none", "x.npz", text(lines("1,2,0", "2,1,1")), "x.npz"),
        Hostile("IDX bomb", "x-idx3-ubyte.gz", bombs.pictures, "claims", [LABELS]),
        Hostile("IDX claims everything", "x.idx", text(pictures), "x.idx", [LABELS]),
        Hostile("Parquet cut", "x.parquet", cut, "x.parquet"),
        Hostile("Parquet damaged", "x.parquet", damaged, "x.parquet"),
        Hostile("Parquet claims a billion rows", "x.parquet", bombs.lying, "x.parquet"),
        Hostile("Parquet of a billion rows", "x.parquet", bombs.billion, "x.parquet"),
        Hostile("Parquet that is a table as text", "x.parquet", text(many.to_csv(index=False)), "x.parquet"),
    ]


def every() -> list[Hostile]:
    """All hostile files."""
    return [*tables(), *arrays()]
