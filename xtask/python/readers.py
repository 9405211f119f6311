"""Checks that other programs read our Parquet files correctly.

`readers.py FOLDER` reads every Parquet file below FOLDER, which `cargo xtask
readers` makes, and asks each installed reader (DuckDB, polars, pyarrow,
pandas) how many rows match `<`, `>`, `=` and BETWEEN conditions on every
column. All must agree with plain Python. pyarrow must be able to filter, sort,
group, join and write string columns.

FOLDER/earlier has files of earlier releases, with which the newest pyarrow
must fail and the newest DuckDB must miss rows; otherwise this script checks
nothing. Ends with 1 if anything differs.
"""

import math
import os
import pathlib
import sys
import tempfile

import duckdb
import pandas
import pyarrow
import pyarrow.compute as compute
import pyarrow.csv
import pyarrow.parquet as parquet

try:
    import polars
except ImportError:  # Missing in the environment of older readers.
    polars = None

MOST = 3  # Number of values per column that are used in conditions.


def said(error):
    """A reader's error in short, since some list every column of the file."""
    return f"{type(error).__name__}: {error}".split("\n")[0][:160]


def values_of(column):
    """Values of a column as Python objects, without nulls."""
    return [v for v in column.to_pylist() if v is not None]


def bounds_of(values):
    """Some values of a column, including the smallest, middle and largest."""
    distinct = sorted({v for v in values if v == v})
    if len(distinct) <= MOST:
        return distinct
    last = len(distinct) - 1
    return [distinct[round(i * last / (MOST - 1))] for i in range(MOST)]


def questions(values):
    """Each condition as its operator, its bounds and the number of matching rows."""
    for bound in bounds_of(values):
        yield "<", (bound,), sum(v < bound for v in values)
        yield ">", (bound,), sum(v > bound for v in values)
        yield "=", (bound,), sum(v == bound for v in values)
    bounds = bounds_of(values)
    if len(bounds) > 1:
        low, high = bounds[0], bounds[-2]
        yield "between", (low, high), sum(low <= v <= high for v in values)


class DuckDb:
    name = f"duckdb {duckdb.__version__}"

    def __init__(self, path):
        self.path = str(path)
        self.connection = duckdb.connect()

    def count(self, column, operator, bounds):
        name = '"' + column.replace('"', '""') + '"'
        test = f"{name} BETWEEN ? AND ?" if operator == "between" else f"{name} {operator} ?"
        query = f"SELECT count(*) FROM read_parquet(?) WHERE {test}"
        return self.connection.execute(query, [self.path, *bounds]).fetchone()[0]

    def close(self):
        self.connection.close()


class Polars:
    name = f"polars {polars.__version__}" if polars else None

    def __init__(self, path):
        self.frame = polars.scan_parquet(path)

    def count(self, column, operator, bounds):
        column = polars.col(column)
        test = {
            "<": lambda: column < bounds[0],
            ">": lambda: column > bounds[0],
            "=": lambda: column == bounds[0],
            "between": lambda: column.is_between(*map(polars.lit, bounds)),
        }[operator]()
        return self.frame.filter(test).select(polars.len()).collect().item()

    def close(self):
        pass


def filters(column, operator, bounds):
    if operator == "between":
        return [(column, ">=", bounds[0]), (column, "<=", bounds[1])]
    return [(column, {"=": "=="}.get(operator, operator), bounds[0])]


class Arrow:
    name = f"pyarrow {pyarrow.__version__}"

    def __init__(self, path):
        self.path = path

    def count(self, column, operator, bounds):
        found = filters(column, operator, bounds)
        return parquet.read_table(self.path, columns=[column], filters=found).num_rows

    def close(self):
        pass


class Pandas:
    name = f"pandas {pandas.__version__}"

    def __init__(self, path):
        self.path = path

    def count(self, column, operator, bounds):
        found = filters(column, operator, bounds)
        return len(pandas.read_parquet(self.path, columns=[column], filters=found))

    def close(self):
        pass


READERS = [reader for reader in (DuckDb, Polars, Arrow, Pandas) if reader.name]


def ask(path, tally):
    """Differences between the readers and Python for one file; `tally` counts conditions."""
    table = parquet.read_table(path)
    found = []
    for reader in READERS:
        opened = reader(path)
        for column in table.column_names:
            values = values_of(table[column])
            if any(isinstance(v, bool) for v in values):
                continue
            for operator, bounds, expected in questions(values):
                try:
                    counted = opened.count(column, operator, bounds)
                except Exception as error:  # Any error of a reader is a finding.
                    counted = said(error)
                tally[reader.name] = tally.get(reader.name, 0) + 1
                if counted != expected:
                    found.append(f"{reader.name}: {column} {operator} {bounds}: {counted}, not {expected}")
        opened.close()
    return found


def forms(path):
    """Findings on the types and values of one file."""
    table = parquet.read_table(path)
    found = []
    for field in table.schema:
        kind = field.type
        plain = pyarrow.types.is_string(kind) or pyarrow.types.is_boolean(kind)
        if not (plain or kind in (pyarrow.int64(), pyarrow.uint64(), pyarrow.float64())):
            found.append(f"{field.name} is {kind}")
        if kind == pyarrow.float64() and any(math.isnan(v) for v in values_of(table[field.name])):
            found.append(f"{field.name} holds NaN")
    groups = parquet.ParquetFile(path).metadata
    for group in (groups.row_group(i) for i in range(groups.num_row_groups)):
        for column in (group.column(i) for i in range(group.num_columns)):
            known = column.statistics
            if known is None or not (known.has_min_max or known.null_count == group.num_rows):
                found.append(f"{column.path_in_schema} has no bounds")
    return found


def strings(path):
    """Findings on filtering, sorting, grouping, joining and writing strings with pyarrow."""
    table = parquet.read_table(path)
    names = [field.name for field in table.schema if "string" in str(field.type)]
    found = []
    for name in names:
        keys = sorted(set(values_of(table[name])))
        other = pyarrow.table({name: pyarrow.array(keys, pyarrow.string())})
        known = table.num_rows - table[name].null_count
        work = {
            "filter": lambda: sum(table.filter(compute.equal(table[name], key)).num_rows for key in keys[:3])
            == sum(values_of(table[name]).count(key) for key in keys[:3]),
            "sort": lambda: values_of(table.sort_by(name)[name]) == sorted(values_of(table[name])),
            "group": lambda: table.group_by(name).aggregate([]).num_rows == len(keys) + bool(table[name].null_count),
            "join": lambda: table.select([name]).join(other, name, join_type="inner").num_rows == known,
        }
        for what, does in work.items():
            try:
                right = does()
            except Exception as error:
                right = said(error)
            if right is not True:
                found.append(f"{Arrow.name}: {what} by {name}: {right}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            pyarrow.csv.write_csv(table, pathlib.Path(folder) / "table.csv")
        except Exception as error:
            found.append(f"{Arrow.name}: write_csv: {said(error)}")
    return found


def main():
    folder = pathlib.Path(sys.argv[1])
    earlier = sorted((folder / "earlier").glob("**/*.parquet"))
    files = [path for path in sorted(folder.glob("**/*.parquet")) if path not in earlier]
    if not files or not earlier:
        sys.exit(f"readers.py: {folder} has no files to read")
    tally, wrong = {}, 0
    for path in files:
        for finding in forms(path) + strings(path) + ask(path, tally):
            wrong += 1
            print(f"{path.relative_to(folder)}: {finding}")
    for name, count in tally.items():
        print(f"{name}: {count} conditions on {len(files)} files")
    measured = [path for path in earlier if path.name == "metrics.parquet"]
    if polars:  # The newest readers must fail on files of earlier releases.
        missed = {
            "NaN or string_view": any(forms(path) for path in earlier),
            "strings": any(strings(path) for path in earlier),
            DuckDb.name: any(DuckDb.name in line for path in measured for line in ask(path, {})),
        }
        for what in (what for what, found in missed.items() if not found):
            wrong += 1
            print(f"no error found in files of earlier releases: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    status = main()
    # DuckDB 1.4 ends its threads after the interpreter and aborts, so the process exits before
    # that with its own exit code.
    sys.stdout.flush()
    os._exit(status)
