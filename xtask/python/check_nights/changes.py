"""Comparison of the table of regressions and improvements, cell by cell."""

import math
import re

from checks import Checks
from document import Section
from recomputed import EPOCHS, RELATIVE, RULES, SHARE, WORDS, Compared, Comparison
from told import CONFIGS
from written import MINUS, Shown, count, exactly, number, one_of, percent, seconds


def signed(metric: str, value: float) -> Shown:
    """An effect in a cell: `+12%`, `\u22120.5 pp`, `+1.5`."""
    unit = RULES[metric][0]
    bare = number(value, 1.0 if unit == EPOCHS else 100.0, {RELATIVE: "%", SHARE: " pp", EPOCHS: ""}[unit])
    sign = "" if value == 0 else MINUS if value < 0 else "+"
    return Shown(sign + bare.want, lambda text: text.startswith(sign) and bare.fits(text))


def shown_value(metric: str, value: float) -> Shown:
    """A mean in a cell; `diverged` if all seeds diverged."""
    if math.isnan(value):
        return exactly("diverged")
    if RULES[metric][0] == SHARE:
        return percent(value)
    return seconds(value) if metric == "seconds_per_epoch" else number(value)


def table(checks: Checks, compared: Compared, section: Section) -> None:
    """Compares the table of regressions and improvements."""
    of_changes = re.match(r"What (regressed|improved)", section.heading)
    due = [*compared.of("regressed"), *compared.of("improved")] if of_changes else []
    if len(section.tables) != bool(due):
        checks.differs("table", f"{len(section.tables)} below `{section.heading}`")
    for found in section.tables[:1] if due else []:
        if len(found.rows) != len(due):
            checks.differs("table", f"has {len(found.rows)} rows, should have {len(due)}")
        for cells, c in zip(found.rows, due):
            wanted_cells = row(c)
            for name, empty in (("Interval of the effect", c.interval is None), ("Diverged on one side", c.ended.all())):
                if empty and name not in found.head:
                    wanted_cells.pop(name)
            if set(found.head) != set(wanted_cells):
                checks.differs("table", f"has columns {found.head}, should have {list(wanted_cells)}")
            for name, cell in zip(found.head, cells):
                if name in wanted_cells:
                    checks.see(f"table, {name}", cell, wanted_cells[name], f"{c.metric} of {c.label}")
                    if name == "Finding" or name == "Effect" and cell.text not in ("", "\u2013"):
                        checks.bold(f"table, bold {name}", cell, True, f"{c.metric} of {c.label}")


def row(c: Comparison) -> dict[str, Shown]:
    """The cells of a comparison by column."""
    ends = [signed(c.metric, x) for x in c.interval or ()]

    def interval(text: str) -> bool:
        parts = text.split(" to ")
        return len(parts) == len(ends) == 2 and all(end.fits(part) for end, part in zip(ends, parts))

    shown = Shown(" to ".join(end.want for end in ends), interval) if ends else one_of("", "\u2013")
    return {
        "Optimizer": exactly(c.label), "Configuration": exactly(CONFIGS[c.label]), "Metric": exactly(WORDS[c.metric]),
        "Baseline": shown_value(c.metric, c.before), "Tonight": shown_value(c.metric, c.after),
        "Effect": one_of("", "\u2013") if math.isnan(c.effect) else signed(c.metric, c.effect),
        "Interval of the effect": shown, "Finding": exactly(c.finding),
        "Diverged on one side": count(apart) if (apart := int((~c.ended).sum())) else exactly(""),
    }
