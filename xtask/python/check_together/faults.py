"""Wrong numbers, labels and words, planted one at a time in a page; each must be noticed."""

import re
from dataclasses import dataclass

from altering import FIRST_DIGIT, LAST_DIGIT, altered, other_bold
from checks import Checks, Mark
from page import World, check

TURNED = {"sgd": "adam", "adam": "rmsprop", "rmsprop": "sgd", "first is better": "second is better",
          "second is better": "first is better", "underpowered": "no difference shown", "never": "1,200",
          "no difference shown": "underpowered", "diverged": "0.5", "more": "less", "less": "more"}
# Words in sentences that make a claim, each with a false replacement.
WORDS = {
    "came first": "came last", "is significant": "may be chance", "may be chance": "is significant", "is better": "is worse",
    "are level": "differ", "first of those compared": "last of those compared", "is not best everywhere": "is best everywhere",
    "same weights": "other weights", "only because": "although", "are left out": "are counted", "no pair": "a pair",
    "ranks behind": "ranks before", "equally many": "different numbers of", "is that of the other seeds": "is that of all seeds",
    "so nothing is tested": "and all is tested", "best in": "last in", "disagree": "agree",
    "at its best epoch": "at its last epoch", "The best of a task": "The worst of a task", "above": "below", "at or below": "above",
}
KEPT = 3


@dataclass
class Planted:
    """A page with one planted fault."""

    world: World
    text: str
    kind: str
    was: str
    now: str


def others(mark: Mark) -> list[str]:
    """The text of a mark with another word, label, first digit, last digit or sign."""
    # The last digit of a resampled interval is random.
    resampled = mark.kind.endswith((", low", ", high")) and "device" not in mark.kind
    out = altered(mark.text, TURNED, (FIRST_DIGIT,) if resampled else (FIRST_DIGIT, LAST_DIGIT))
    for label, other in (("sgd", "adam"), ("adam", "rmsprop"), ("rmsprop", "sgd")):
        if mark.text not in TURNED and re.search(rf"\b{label}\b", mark.text):
            out.append(re.sub(rf"\b{label}\b", other, mark.text))
            break
    return out or [mark.text + " not"]


def plants(told: list[tuple[World, str, Checks]]) -> list[Planted]:
    """Faults of each kind in some pages, one fault of each claim in words, and missing or extra lines."""
    found: dict[str, list[list[Planted]]] = {}
    for world, text, checks in told:
        for mark in checks.marks:
            known = found.setdefault(mark.kind, [])
            # Only one place per page.
            if len(known) < KEPT and all(p.world is not world for faults in known for p in faults):
                known.append(plant(world, text, mark))
        for was, now in WORDS.items():
            known = found.setdefault(f"words, {was}", [])
            if was in text and len(known) < KEPT:
                known.append([Planted(world, text.replace(was, now, 1), "words", was, now)])
    return [fault for kinds in found.values() for faults in kinds for fault in faults] + missing(told)


def plant(world: World, text: str, mark: Mark) -> list[Planted]:
    """Pages with the place of a mark altered in every way."""
    if ", bold " in mark.kind:
        return [Planted(world, other_bold(text, mark.start, mark.end), mark.kind, mark.text, "the other way")]
    return [Planted(world, text[:mark.start] + now + text[mark.end:], mark.kind, mark.text, now) for now in others(mark)]


def missing(told: list[tuple[World, str, Checks]]) -> list[Planted]:
    """Pages with missing lines, and with unknown sentences."""
    out, seen = [], set()
    for world, text, _ in told:
        for line in text.split("\n"):
            start = " ".join(re.sub(r"[\d*]", "", line).split()[:3])
            if line and not line.startswith("| :-") and start not in seen:
                seen.add(start)
                out.append(Planted(world, text.replace(line + "\n", "", 1), "missing line", line, ""))
    world, text, _ = told[0]
    for strange in ("adam is 7% better.", "Nothing is certain."):
        out.append(Planted(world, text.replace("\n## ", f"\n{strange}\n\n## ", 1), "unknown sentence", "", strange))
        out.append(Planted(world, text.replace("\n- ", f"\n- {strange}\n- ", 1), "unknown sentence", "", strange))
    return out


def unnoticed(fault: Planted) -> str | None:
    """A message on an unnoticed fault; None if it was noticed."""
    if check(fault.world, fault.text).findings:
        return None
    return f"{fault.kind}: `{fault.was}` became `{fault.now}`, which was not noticed"
