"""Writes small files with other programs, for the tests of `crates/data`.

    python xtask/python/own_fixtures.py crates/data/tests/fixtures

The programs are NumPy, pyarrow and polars, with the versions of requirements-readers.txt.
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


def column(value, missing=lambda i: False, rows=100):
    return [None if missing(i) else value(i) for i in range(rows)]


def tables():
    """One table, written by several programs and with several options; `parquet/tests.rs` has its formulas."""
    columns = {
        "whole": (pa.int64(), column(lambda i: i * i * 1000 - 5000, lambda i: i % 7 == 3)),
        "small": (pa.uint8(), column(lambda i: i % 5 + 200)),
        "float": (pa.float32(), column(lambda i: float("nan") if i == 9 else i / 8)),
        "double": (pa.float64(), column(lambda i: -i / 4, lambda i: i % 11 == 5)),
        "truth": (pa.bool_(), column(lambda i: i % 3 == 0, lambda i: i % 13 == 6)),
        "word": (
            pa.string(),
            column(lambda i: ["red", "green", "bl\u00fc", ""][i % 4], lambda i: i % 10 == 9),
        ),
        "price": (pa.decimal128(9, 2), column(lambda i: Decimal(i * 25 - 100).scaleb(-2))),
        "half": (pa.float16(), column(lambda i: np.float16(i / 2))),
    }
    required = {"small", "float", "half"}
    schema = pa.schema(
        [pa.field(name, kind, name not in required) for name, (kind, _) in columns.items()]
    )
    table = pa.table([pa.array(v, kind) for kind, v in columns.values()], schema=schema)
    small = {"store_schema": False, "write_statistics": False}
    # As pandas writes it, in three row groups.
    pq.write_table(table, OUT / "snappy.parquet", row_group_size=40, **small)
    encodings = {
        "whole": "DELTA_BINARY_PACKED",
        "small": "DELTA_BINARY_PACKED",
        "float": "BYTE_STREAM_SPLIT",
        "double": "BYTE_STREAM_SPLIT",
        "truth": "RLE",
        "word": "DELTA_BYTE_ARRAY",
        "price": "PLAIN",
        "half": "BYTE_STREAM_SPLIT",
    }
    pq.write_table(
        table,
        OUT / "gzip.parquet",
        compression="gzip",
        use_dictionary=False,
        column_encoding=encodings,
        data_page_version="2.0",
        data_page_size=100,
        write_batch_size=30,
        **small,
    )
    pq.write_table(
        table.select(["whole", "word"]),
        OUT / "lz4.parquet",
        compression="lz4",
        use_dictionary=False,
        column_encoding={"whole": "PLAIN", "word": "DELTA_LENGTH_BYTE_ARRAY"},
        data_page_size=100,
        write_batch_size=30,
        **small,
    )
    pq.write_table(table.select(["whole"]), OUT / "brotli.parquet", compression="brotli", **small)
    frame = pl.from_arrow(table.drop(["price", "half"]))
    frame = frame.with_columns(kind=pl.col("word").cast(pl.Categorical))
    frame.write_parquet(OUT / "polars.parquet", statistics=False)


def refused():
    """Columns of unsupported types, named by type, and one that is read."""
    day = date(2024, 2, 29)
    table = pa.table(
        {
            "plain": pa.array([1, 2], pa.int32()),
            "day": pa.array([day, day]),
            "moment": pa.array([datetime(2024, 2, 29, 12)] * 2, pa.timestamp("us")),
            "list": pa.array([[1], [2, 3]], pa.list_(pa.int32())),
            "record": pa.array([{"a": 1, "b": 2}] * 2),
            "raw": pa.array([b"\x00", b"\xff"], pa.binary()),
            "last": pa.array([3.5, None], pa.float64()),
        }
    )
    pq.write_table(table, OUT / "refused.parquet", store_schema=False, write_statistics=False)


archives()
tables()
refused()
