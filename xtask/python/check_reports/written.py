"""Numbers in a report: whether a text shows a value to the digits that it has."""

import math
from dataclasses import dataclass
from typing import Callable

UNITS = {"s": 1.0, "ms": 1e-3, "\u00b5s": 1e-6}
MINUS, DASH, NOTHING = "\u2212", "\u2013", "\u2013"


@dataclass
class Shown:
    """An expected text: `want` for messages, and a function that tells whether a text fits."""

    want: str
    fits: Callable[[str], bool]


def exactly(text: str) -> Shown:
    """Exactly this text."""
    return Shown(text, lambda shown: shown == text)


def one_of(*texts: str) -> Shown:
    """One of these texts."""
    return Shown(" or ".join(texts), lambda shown: shown in texts)


def split_number(text: str) -> tuple[float, float]:
    """A number and the unit of its last digit."""
    text = text.replace(MINUS, "-").replace(",", "").replace("+", "").strip()
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(text), 10.0 ** (int(exponent or 0) - decimals)


def is_shown(text: str, value: float, scale: float = 1.0, slack: float = 0.0) -> bool:
    """Whether `text` is `value` times `scale`, rounded to the digits of `text`; with `slack` in units of `value`."""
    try:
        shown, unit = split_number(text)
    except ValueError:
        return False
    expected = value * scale
    # Half a unit of the last digit, plus the rounding of the binary number.
    return abs(shown - expected) <= 0.5 * unit + 1e-9 * unit + 1e-12 * abs(expected) + slack * scale


def number(value: float | None, scale: float = 1.0, unit: str = "", slack: float = 0.0) -> Shown:
    """A number with a unit after it; a dash for None."""
    if value is None:
        return exactly(NOTHING)
    if math.isinf(value):
        return exactly(("" if value > 0 else MINUS) + "infinite")

    def fits(text: str) -> bool:
        return text.endswith(unit) and is_shown(text.removesuffix(unit), value, scale, slack)

    return Shown(f"{value * scale:.10g}{unit}", fits)


def percent(value: float | None, slack: float = 0.0) -> Shown:
    """A fraction in percent."""
    return number(value, 100.0, "%", slack)


def is_percentage(metric: str) -> bool:
    """Whether a metric is written in percent and its differences in percentage points."""
    return metric in ("accuracy", "top5_accuracy")


def metric(name: str, value: float | None, slack: float = 0.0) -> Shown:
    """A value of a metric."""
    return percent(value, slack) if is_percentage(name) else number(value, slack=slack)


def spread(name: str, value: float | None) -> Shown:
    """A difference or a deviation: points for accuracies, without a unit."""
    return number(value, 100.0 if is_percentage(name) else 1.0)


def count(value: int) -> Shown:
    """A whole number with thousands separators."""
    return exactly(f"{value:,}")


def digits(value: float, most: int) -> Shown:
    """A number with at most `most` significant digits, without trailing zeros."""
    def fits(text: str) -> bool:
        try:
            shown = float(text.replace(",", ""))
        except ValueError:
            return False
        unit = 10.0 ** (math.floor(math.log10(abs(value))) - most + 1) if value else 0.0
        return abs(shown - value) <= 0.5 * unit * (1 + 1e-9) + 1e-12 * abs(value)

    return Shown(f"{value:.{most}g}", fits)


def exact_number(value: float) -> Shown:
    """A number from the sweep file, with all of its digits."""
    def fits(text: str) -> bool:
        try:
            return float(text) == value
        except ValueError:
            return False

    return Shown(f"{value!r}", fits)


def p_value(p: float | None) -> Shown:
    """A p-value with three digits; very small ones as a bound."""
    if p is None:
        return exactly(NOTHING)
    if p < 1e-4:
        return exactly("below 0.0001")
    if p >= 0.9995:
        return exactly("1")
    return digits(p, 3)


def seconds(value: float | None) -> Shown:
    """A time in the unit that the text uses: seconds, minutes or hours."""
    if value is None:
        return exactly(NOTHING)
    if math.isinf(value):
        return exactly("never")

    def fits(text: str) -> bool:
        words = text.split()
        try:
            if text == "under 0.1 \u00b5s":
                return 0 < value < 1e-7
            if len(words) == 2 and words[1] in UNITS:
                shown, unit = split_number(words[0])
                scale = UNITS[words[1]]
                return abs(shown * scale - value) <= 0.5 * unit * scale * (1 + 1e-9) and (shown > 0 or value == 0)
            if words[1::2] == ["min", "s"]:
                return abs(60 * int(words[0]) + int(words[2]) - value) <= 0.5 + 1e-9
            if words[1::2] == ["h", "min"]:
                return abs(3600 * int(words[0]) + 60 * int(words[2]) + 30 - value) <= 30 + 1e-9
        except (ValueError, IndexError):
            return False
        return False

    return Shown(f"{value:.6g} s", fits)


def time(value: float | None, clock: str) -> Shown:
    """Epochs, samples, steps or seconds; `never` if infinite."""
    if value is None:
        return exactly(NOTHING)
    if math.isinf(value):
        return exactly("never")
    if clock == "seconds":
        return seconds(value)
    return number(value)


def listed(items: list[str]) -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else ""


def seeds(n: int) -> str:
    """`one seed`, `5 seeds`."""
    return "one seed" if n == 1 else f"{n:,} seeds"
