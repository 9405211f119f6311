"""Sentences as pieces: fixed words, and names of compared values with the expected text."""

import re
from dataclasses import dataclass, field

from checks import Checks
from document import Text
from written import Shown, count, exactly, listed

Piece = str | tuple[str, Shown]
# Largest number of names that a sentence lists.
MOST = 4


def say(kind: str, template: str, **parts: Shown | str | int | list[Piece]) -> list[Piece]:
    """Pieces of a template: `{name}` is a number, a word, or further pieces."""
    out: list[Piece] = []
    for i, text in enumerate(re.split(r"\{(\w+)\}", template)):
        if i % 2 == 0:
            out += [text] if text else []
            continue
        part = parts[text]
        if isinstance(part, list):
            out += part
        elif part != "":
            shown = part if isinstance(part, Shown) else count(part) if isinstance(part, int) else exactly(part)
            out.append((f"{kind}, {text}", shown))
    return out


def enumerated(items: list[list[Piece]], most: int = 10**9) -> list[Piece]:
    """`a, b and c` of pieces; of too many only the first ones and the number of the others."""
    more = len(items) - most
    items = items[:most] + ([[("more", count(more)), " more"]] if more > 0 else [])
    out: list[Piece] = []
    for i, item in enumerate(items):
        out += [*([" and " if i == len(items) - 1 else ", "] if i else []), *item]
    return out


def some(items: list[list[Piece]]) -> list[Piece]:
    """The first few of many."""
    return enumerated(items, MOST)


def names(items: list[str]) -> str:
    """`a, b and c`."""
    return listed(items)


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


@dataclass
class Section:
    """The expected content below a heading: paragraphs, bullets, rows of a table and the image of a figure."""

    heading: str
    paragraphs: list[list[Piece]] = field(default_factory=list)
    bullets: list[list[Piece]] = field(default_factory=list)
    table: tuple[str, list] | None = None
    image: str = ""


def wanted(pieces: list[Piece]) -> str:
    """The sentence as text."""
    return "".join(p if isinstance(p, str) else p[1].want for p in pieces)


def pattern(pieces: list[Piece]) -> re.Pattern:
    """A pattern with a group for each piece that is compared."""
    return re.compile("".join(re.escape(p) if isinstance(p, str) else f"(?P<p{i}>{re.escape(p[1].want)}|.+?)"
                              for i, p in enumerate(pieces)))


def hear(checks: Checks, text: Text, pieces: list[Piece]) -> None:
    """Compares a whole paragraph."""
    known = pattern(pieces).fullmatch(text.text)
    if not known:
        checks.differs("sentence", f"`{text.text}`, should be `{wanted(pieces)}`")
        return
    for i, piece in enumerate(pieces):
        if not isinstance(piece, str):
            checks.see(piece[0], text.part(*known.span(f"p{i}")), piece[1])


def hear_all(checks: Checks, where: str, found: list[Text], due: list[list[Piece]]) -> None:
    """Compares paragraphs in order."""
    for text, pieces in zip(found, due):
        hear(checks, text, pieces)
    for text in found[len(due):]:
        checks.differs("sentence", f"{where}: `{text.text}` is not known")
    for pieces in due[len(found):]:
        checks.differs("sentence", f"{where}: `{wanted(pieces)}` is missing")
