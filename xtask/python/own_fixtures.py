"""Writes the small files of other programs that the tests of `crates/data` read.

    python xtask/python/own_fixtures.py crates/data/tests/fixtures

NumPy, pyarrow and polars; the versions are those in requirements-readers.txt.
"""

import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(sys.argv[1])


def archives():
    x = np.arange(12, dtype="float32").reshape(3, 2, 2) / 4
    y = np.array([2, 0, 1], dtype="int64")
    np.savez(OUT / "stored.npz", x_train=x, y_train=y)
    np.savez_compressed(
        OUT / "deflated.npz", X=np.asfortranarray(x.reshape(3, 4)), y=np.array(["b", "", "a"])
    )


archives()
