"""Small files that claim or contain far too much data: compressed streams of a repeated block, and false headers."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TEN_GB = 10 * 10**9
BLOCK = 1 << 24
BILLION = 1_000_000_000


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    """The header of an NPY file."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": dtype, "fortran_order": False, "shape": shape})
    return out.getvalue()


def deflated(start: bytes, block: bytes, size: int) -> tuple[bytes, int]:
    """A raw deflate stream of `start` and of whole blocks up to `size` bytes, and its uncompressed length."""
    first, each = (zlib.compressobj(9, zlib.DEFLATED, -15) for _ in range(2))
    head = first.compress(start) + first.flush(zlib.Z_FULL_FLUSH)
    body = each.compress(block) + each.flush(zlib.Z_FULL_FLUSH)
    times = size // len(block)
    # Each block ends at a byte boundary and has no back-references; the last one is empty.
    return head + body * times + b"\x03\x00", len(start) + times * len(block)


def gzipped(path: Path, start: bytes, block: bytes, size: int) -> None:
    """A gzip file of one long stream. Its checksum is wrong, but no reader should get that far."""
    raw, length = deflated(start, block, size)
    path.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + raw + struct.pack("<II", 0, length % 2**32))


def zipped(path: Path, name: str, raw: bytes, length: int) -> None:
    """A zip archive of one compressed member of any length."""
    known = name.encode()
    sizes = struct.pack("<HHQQ", 1, 16, length, len(raw))
    common = struct.pack("<HHHHIIIHH", 0, 8, 0, 0x21, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(known), len(sizes))
    local = struct.pack("<IH", 0x04034B50, 45) + common + known + sizes
    central = struct.pack("<IHH", 0x02014B50, 45, 45) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + known + sizes
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local) + len(raw), 0)
    path.write_bytes(local + raw + central + end)


def numbers(path: Path) -> None:
    """A valid table of 10 GB."""
    line = b"0,1,0,1,0\n1,0,1,0,1\n"
    gzipped(path, b"a,b,c,d,class\n", line * (BLOCK // len(line)), TEN_GB)


def zeros(path: Path) -> None:
    """10 GB of zeros."""
    gzipped(path, b"", bytes(BLOCK), TEN_GB)


def rows(path: Path) -> None:
    """6 GB of zeros as an NPY file."""
    size = BLOCK * (6 * TEN_GB // 10 // BLOCK)
    gzipped(path, header((size // 32, 4)), bytes(BLOCK), size)


def pictures(path: Path) -> None:
    """10 GB of black images as an IDX file."""
    samples = TEN_GB // 784
    gzipped(path, bytes([0, 0, 8, 3]) + struct.pack(">III", samples, 28, 28), bytes(BLOCK), TEN_GB)


def archive(path: Path, size: int = TEN_GB) -> None:
    """An archive whose inputs are `size` bytes of zeros."""
    size -= size % BLOCK
    raw, length = deflated(header((size // 32, 4)), bytes(BLOCK), size)
    zipped(path, "x.npy", raw, length)


def smaller(path: Path) -> None:
    """An archive whose inputs are 6 GB of zeros, a size that would be allowed if the file were not a bomb."""
    archive(path, 6 * TEN_GB // 10)


def claiming(path: Path) -> None:
    """An archive with a small array whose header claims 10 GB."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", header((TEN_GB // 32, 4)) + bytes(64))
        file.writestr("y.npy", header((4,), "<i8") + bytes(32))


def lengths(path: Path) -> None:
    """An archive whose directory claims 10 GB for a small member."""
    raw, _ = deflated(header((TEN_GB // 32, 4)), bytes(1 << 10), 1 << 10)
    zipped(path, "x.npy", raw, TEN_GB)


def twice(path: Path) -> None:
    """An archive with two members of the same name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, shape in (("x.npy", (4, 1)), ("z.npy", (4, 1)), ("y.npy", (4,))):
            file.writestr(name, header(shape) + np.arange(4, dtype="<f8").tobytes())
    path.write_bytes(out.getvalue().replace(b"z.npy", b"x.npy"))


def table(n: int) -> pa.Table:
    """A table of constant columns."""
    return pa.table({"a": pa.array(np.zeros(n, "int8")), "label": pa.array(np.ones(n, "int8"))})


def footed(n: int) -> tuple[bytes, bytes]:
    """The bytes before the footer of a Parquet file of `n` rows, and the footer."""
    out = io.BytesIO()
    pq.write_table(table(n), out, compression="zstd", store_schema=False)
    content = out.getvalue()
    size = struct.unpack("<I", content[-8:-4])[0]
    return content[: -8 - size], content[-8 - size : -8]


def written(path: Path, body: bytes, footer: bytes) -> None:
    """Writes a Parquet file of a body and a footer."""
    path.write_bytes(body + footer + struct.pack("<I", len(footer)) + b"PAR1")


def lying(path: Path) -> None:
    """A Parquet file of 300 rows whose footer claims a billion."""
    body, footer = footed(300)
    # Thrift's compact protocol: a 64-bit field, then the zigzag number with seven bits per byte.
    written(path, body, footer.replace(b"\x16" + varint(2 * 300), b"\x16" + varint(2 * BILLION)))


def varint(n: int) -> bytes:
    """A number as groups of seven bits, the lowest first."""
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def billion(path: Path) -> None:
    """A Parquet file with a billion rows: its footer lists the same row group a thousand times."""
    body, footer = footed(BILLION // 1000)
    rows, one = b"\x16" + varint(2 * BILLION // 1000), b"\x19\x1c"
    start = footer.index(rows + one)
    # After the groups comes the name of the program that wrote the file.
    end = footer.rindex(b"parquet-cpp") - 2
    group = footer[start + len(rows + one) : end]
    many = b"\x16" + varint(2 * BILLION) + b"\x19\xfc" + varint(1000)
    written(path, body, footer[:start] + many + group * 1000 + footer[end:])
