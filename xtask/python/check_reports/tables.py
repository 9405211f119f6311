"""Comparison of a table cell by cell, and cells that several tables share."""

import math

import estimates
from checks import Checks
from choosing import Config, Measure
from document import Table, Text
from world import World
from written import DASH, NOTHING, Shown, count, exactly, is_percentage, metric, number, seconds, spread

MOST = 60
PLUS_MINUS = "\u00b1"

# A cell is one `Shown`, or a pattern with a `Shown` for each of its groups. `BOLD` of a row has the columns in
# which bold is meaningful, and whether they must be bold.
Cell = Shown | tuple[str, dict[str, Shown]]
BOLD = "in bold"
ALL_EQUAL = "all seeds equal"


def fits_nothing(cell: Cell) -> bool:
    """Whether a cell is empty."""
    if isinstance(cell, Shown):
        return cell.fits("") or cell.fits(NOTHING)
    return cell[0] == ""


def compare(checks: Checks, name: str, table: Table | None, rows: list[tuple[str, dict[str, Cell]]]) -> None:
    """Compares a table with rows of cells by column; columns in which every cell is empty are not shown."""
    if table is None:
        if rows:
            checks.differs(f"table {name}", f"is not there, should have {len(rows)} rows")
        return
    shown = rows[:MOST]
    if len(table.rows) != len(shown) or table.more != max(0, len(rows) - MOST):
        checks.differs(f"table {name}", f"has {len(table.rows)} rows and {table.more} more, should have {len(rows)}")
    for column in table.head:
        if rows and (column not in rows[0][1] or column == BOLD):
            checks.differs(f"table {name}", f"column `{column}` is not known")
    for column in rows[0][1] if rows else []:
        if column not in table.head and column != BOLD and not all(fits_nothing(cells[column]) for _, cells in rows):
            checks.differs(f"table {name}", f"column `{column}` is missing")
    for found, (of, wanted) in zip(table.rows, shown):
        for column, cell in zip(table.head, found):
            if column in wanted:
                one(checks, f"{name}, {column}", cell, wanted[column], of)
            if (bold := wanted.get(BOLD, {}).get(column)) is not None and cell.text:
                checks.bold(f"{name}, bold {column}", cell, bold, of)


def one(checks: Checks, kind: str, found: Text, wanted: Cell, of: str) -> None:
    """Compares one cell."""
    if isinstance(wanted, Shown):
        checks.see(kind, found, wanted, of)
    else:
        checks.parts(kind, found, wanted[0], wanted[1], of)


def shown_by(measure: Measure) -> str:
    """The metric that decides how a measure's values are written."""
    return "samples" if measure.kind == "reached" else measure.metric


def mean_and_deviation(name: str, values: list[float]) -> Cell:
    """`97.91% ± 0.05`."""
    if not values:
        return exactly(NOTHING)
    mean, sd = estimates.mean(values), estimates.deviation(values)
    if sd is None:
        return metric(name, mean)
    return rf"(?P<mean>\S+) {PLUS_MINUS} (?P<deviation>\S+)", {"mean": metric(name, mean), "deviation": spread(name, sd)}


def bounds(name: str, values: list[float], samples: int) -> Cell:
    """`97.85–97.97%`: the interval of a mean, clipped to the range of accuracies."""
    found = estimates.interval(values, samples)
    if found is None:
        return exactly(NOTHING)
    if estimates.deviation(values) == 0:
        return exactly(ALL_EQUAL)
    return rf"(?P<low>[^{DASH}]+){DASH}(?P<high>[^{DASH}]+)", {
        "low": end(name, found, (values, samples), 0, unit=""),
        "high": end(name, found, (values, samples), 1, unit="%" if is_percentage(name) else ""),
    }


def end(name: str, found: estimates.Interval, of: tuple[list[float], int], side: int, unit: str) -> Shown:
    """One end of an interval, within its resampling error."""
    scale = 100.0 if is_percentage(name) else 1.0
    # Judged metrics are not negative.
    low, high = 0.0, 1.0 if is_percentage(name) or name == "f1" else math.inf

    def shown(interval: estimates.Interval) -> Shown:
        value = min(high, max(low, (interval.low, interval.high)[side]))
        return number(value, scale, unit, interval.slack[side])

    first = shown(found)

    def fits(text: str) -> bool:
        return first.fits(text) or shown(estimates.again(found, *of)).fits(text)

    return Shown(f"{first.want} within {found.slack[side] * scale:.2g}", fits)


def runs_of(config: Config) -> Cell:
    """`5/5`: completed and planned."""
    return r"(?P<completed>\d+)/(?P<planned>\d+)", {"completed": count(len(config.completed)),
                                                    "planned": count(len(config.runs))}


def median_of(world: World, config: Config) -> float | None:
    """The median of the judged metric, with diverged runs as the worst."""
    return estimates.median(world.chosen.outcomes(world.judge, config))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def times(values: list[float]) -> Shown:
    return seconds(estimates.mean(values))


def train_seconds(config: Config) -> list[float]:
    return [run.row["train_seconds"] for run in config.completed]


def training(world: World) -> str:
    if world.goal.function:
        return "Mean value in the last epoch"
    return "Training loss" + {"reached": " at the end", "best": " of the last epoch", "last": ""}[world.goal.kind]


