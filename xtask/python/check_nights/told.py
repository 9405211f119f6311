"""Expected sentences as pieces of text and numbers, compared with REGRESSION.md one sentence at a time."""

import re
from dataclasses import dataclass

import numpy as np
from checks import Checks
from document import Text
from recomputed import EPOCHS, RELATIVE, RULES, SHARE, WORDS, Comparison
from written import Shown, count, exactly, is_shown, number

# A sentence consists of fixed words, and of names of compared values with the expected text.
Piece = str | tuple[str, Shown]
CONFIGS = {"sgd": "lr 0.1", "adam": "lr 0.01", "adam anew": "lr 0.01"}


@dataclass
class Told:
    """An expected sentence: its kind and its pieces."""

    kind: str
    pieces: list[Piece]

    def pattern(self) -> re.Pattern:
        """A pattern with a group for each piece, including fixed words, so that each piece can be altered."""
        # The expected text is tried first, since a label may contain spaces.
        text = "".join(re.escape(p) if isinstance(p, str) else f"(?P<p{i}>{re.escape(p[1].want)}|.+?)"
                       for i, p in enumerate(self.pieces))
        return re.compile(text + r"(?=\s|$)")


def who(label: str) -> str:
    """A label with its configuration."""
    return f"{label} ({CONFIGS[label]})"


def runs(n: int) -> list[Piece]:
    """`12 runs`."""
    return [("runs", count(n)), " run" if n == 1 else " runs"]


def counted(kind: str, n: int, one: str, many: str) -> list[Piece]:
    """A number with its noun."""
    return [(kind, count(n)), f" {one if n == 1 else many}"]


def rose(change: float) -> Shown:
    """The direction of a change."""
    return exactly("fell" if change < 0 else "rose")


def size(metric: str, effect: float) -> Shown:
    """`12%`, `0.5 percentage points`, `1.5 epochs`: without a sign."""
    unit, value = RULES[metric][0], abs(effect)
    if unit == RELATIVE:
        return number(value, 100.0, "%")
    noun, scale = (" percentage point", 100.0) if unit == SHARE else (" epoch", 1.0)

    def fits(text: str) -> bool:
        shown = text.partition(" ")[0]
        return text == shown + noun + ("" if shown == "1" else "s") and is_shown(shown, value, scale)

    return Shown(f"{value * scale:.6g}{noun}s", fits)


def end(metric: str, value: float) -> Shown:
    """One end of an interval in a sentence."""
    unit = RULES[metric][0]
    return number(value, 1.0 if unit == EPOCHS else 100.0, "%" if unit == RELATIVE else "")


def change(c: Comparison) -> list[Piece]:
    """`test loss of adam (lr 0.01) rose by 12% (interval 8% to 16%)`."""
    whom: Piece = ("who", exactly(who(c.label)))
    moved: Piece = ("direction", rose(c.change))
    if not c.ended.all():
        return [("metric", exactly(WORDS[c.metric])), " of ", whom, " ", *among_diverged(c)]
    if c.metric == "diverged":
        return ["diverged seeds of ", whom, " ", moved, " from ", ("before", count(int(c.old.sum()))), " to ",
                ("after", count(int(c.new.sum()))), " of ", ("seeds", count(len(c.seeds)))]
    if c.metric == "steps":
        return ["optimizer steps of ", whom, " ", moved, " from ", ("before", number(c.before)), " to ",
                ("after", number(c.after))]
    out: list[Piece] = [("metric", exactly(WORDS[c.metric])), " of ", whom, " ", moved, " by ",
                        ("size", size(c.metric, c.effect))]
    return out + interval(c)


def interval(c: Comparison) -> list[Piece]:
    """` (interval 8% to 16%)`, of an effect whose direction was said before it."""
    if not c.interval:
        return []
    low, high = c.interval if c.effect >= 0 else (-c.interval[1], -c.interval[0])
    return [" (interval ", ("low", end(c.metric, low)), " to ", ("high", end(c.metric, high)), ")"]


def among_diverged(c: Comparison) -> list[Piece]:
    """`got worse: 8 of 10 seeds newly diverged; for the other 2 it fell by 1%`."""
    word = {"regressed": "got worse", "improved": "got better"}.get(c.finding, "changed")
    now, then = int(np.isnan(c.new).sum()), int(np.isnan(c.old).sum())
    out: list[Piece] = [("verdict", exactly(word)), ": ", ("diverged", count(now or then)), " of ",
                        ("seeds", count(len(c.seeds))), " seeds"]
    out += [" diverged"] if now and then else [" newly diverged"] if now else [" no longer diverge"]
    out += [" and ", ("mended", count(then)), " no longer do"] if now and then else []
    left = int(c.ended.sum())
    if left and not c.difference.any():
        out += ["; the other one is as it was"] if left == 1 else ["; the others are as they were"]
    elif left:
        others: list[Piece] = ["one"] if left == 1 else [("left", count(left))]
        out += ["; for the other ", *others, " it ", ("direction", rose(c.change)), " by ",
                ("size", size(c.metric, c.effect)), *interval(c)]
    return out


CLAIMS = re.compile(r"\d|\b(sgd|adam|regressed|improved|identical|worse|better|rose|fell|all|none|no)\b", re.IGNORECASE)


def match(checks: Checks, text: Text, due: list[Told]) -> None:
    """Compares a paragraph with its expected sentences, in order."""
    at, left = 0, list(due)
    while at < len(text.text):
        known = left[0].pattern().match(text.text, at) if left else None
        if known:
            told = left.pop(0)
            see(checks, told, known, text)
            at = known.end()
        else:
            stop = re.compile(r"[.?!](?=\s|$)").search(text.text, at)
            stop = stop.end() if stop else len(text.text)
            if CLAIMS.search(text.text, at, stop):
                checks.differs("unknown sentence", f"`{text.text[at:stop].strip()}`, should be `{wanted(left)}`")
                # If the expected sentence was altered, the sentences after it are still found.
                if left:
                    left.pop(0)
            at = stop
        at += len(text.text[at:]) - len(text.text[at:].lstrip())
    for told in left:
        checks.differs(told.kind, f"`{wanted([told])}` is missing")


def wanted(left: list[Told]) -> str:
    """The expected next sentence."""
    return "".join(p if isinstance(p, str) else p[1].want for p in left[0].pieces) if left else "nothing"


def see(checks: Checks, told: Told, known: re.Match, text: Text) -> None:
    """Compares the pieces of a sentence."""
    for i, piece in enumerate(told.pieces):
        if not isinstance(piece, str):
            checks.see(f"{told.kind}, {piece[0]}", text.part(*known.span(f"p{i}")), piece[1])
