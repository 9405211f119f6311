"""Wrong numbers, dates, labels and words, planted one at a time in a REGRESSION.md; each must be noticed."""

import re
from dataclasses import dataclass

from altering import altered, other_bold
from checks import Checks, Mark
from regression import World, check

TURNED = {
    "rose": "fell", "fell": "rose", "regressed": "improved", "improved": "regressed", "Regressed": "Unchanged",
    "Improved": "Regressed", "Unchanged": "Identical", "Identical": "Unchanged", "Incomplete": "Unchanged",
    "test loss": "training loss", "training loss": "test loss", "test accuracy": "validation accuracy",
    "sgd": "adam", "adam": "sgd", "none": "1%",
}
# Words in whole sentences that make a claim, each with a false replacement.
WORDS = {
    "are bit-identical": "are not bit-identical", "none against tonight": "all against tonight",
    "no level changed": "some level changed", "for the worse since the baseline": "for the better since the baseline",
    "There is no history of nights": "There is a history of nights", "are identical": "are worse",
    "the baseline's": "those of last night", "nothing is known to have got worse": "nothing got worse",
    "no change beyond min\\_effect is shown": "no change is shown", "show no change": "are worse",
    "could not be compared": "were compared", "are not judged": "are judged", "excludes zero, by": "includes zero, by",
    "left no record": "left a record", "Nothing was compared": "All was compared",
    "there is no baseline to compare with": "the baseline is as good",
}


@dataclass
class Planted:
    """A text with one planted fault."""

    world: World
    text: str
    kind: str
    was: str
    now: str


def plants(told: list[tuple[World, str, Checks]]) -> list[Planted]:
    """Faults at one place of each kind, one fault of each claim in words, and missing or extra lines."""
    found: dict[str, list[Planted]] = {}
    for world, text, checks in told:
        for mark in checks.marks:
            if mark.kind not in found:
                found[mark.kind] = plant(world, text, mark)
        for was, now in WORDS.items():
            if f"words, {was}" not in found and was in text:
                found[f"words, {was}"] = [Planted(world, text.replace(was, now, 1), "words", was, now)]
    return [fault for faults in found.values() for fault in faults] + missing(told)


def plant(world: World, text: str, mark: Mark) -> list[Planted]:
    """Texts with the place of a mark altered in every way."""
    if ", bold " in mark.kind:
        return [Planted(world, other_bold(text, mark.start, mark.end), mark.kind, mark.text, "the other way")]
    return [Planted(world, text[:mark.start] + now + text[mark.end:], mark.kind, mark.text, now)
            for now in altered(mark.text, TURNED) or [mark.text + " not"]]


def missing(told: list[tuple[World, str, Checks]]) -> list[Planted]:
    """Texts with missing lines and sections, and with unknown sentences."""
    out, seen = [], set()
    for world, text, _ in told:
        for line in text.split("\n"):
            start = " ".join(re.sub(r"[\d*]", "", line).split()[:2])
            whole = line.startswith(("- ", "| adam", "| sgd", "## "))
            if whole and start not in seen:
                seen.add(start)
                out.append(Planted(world, text.replace(line + "\n", "", 1), "missing line", line, ""))
    world, text, _ = told[0]
    for strange in ("This night is 7% better.", "Nothing got worse."):
        lines = text.split("\n")
        lines[2] += f" {strange}"
        out.append(Planted(world, "\n".join(lines), "unknown sentence", "", strange))
    return out


def unnoticed(fault: Planted) -> str | None:
    """A message on an unnoticed fault; None if it was noticed."""
    if check(fault.world, fault.text).findings:
        return None
    return f"{fault.kind}: `{fault.was}` became `{fault.now}`, which was not noticed"
