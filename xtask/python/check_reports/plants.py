"""Wrong numbers and verdicts, planted one at a time; the checker must notice each."""

import re
from dataclasses import dataclass

from altering import FIRST_DIGIT, other_bold, turned
from checks import Checks, Mark
from report import check
from world import World

# Words that are verdicts, each with a wrong replacement.
TURNED = {
    "first is better": "second is better", "second is better": "first is better", "won": "came first",
    "came first": "won", "underpowered": "first is better", "no difference shown": "first is better",
    "too few seeds": "underpowered", "never": "3", "diverged": "0.5", "infinite": "1", "chosen": "", "": "chosen",
    "more": "less", "less": "more", "highest": "lowest", "lowest": "highest", "least": "most", "most": "least",
    "lowest tried": "highest tried", "highest tried": "lowest tried", "one seed": "two seeds", "\u2013": "0.5",
    "below 0.0001": "0.5",
}


# Sentences that must not be missing, by their beginning.
KINDS = {"Confidence": "certainty", "Cost": "cost", "The best": "edges", "Diverged at": "diverged",
         "The configuration": "choice"}


@dataclass
class Planted:
    """A report with one planted fault."""

    report: str
    kind: str
    was: str
    now: str


def altered(text: str, labels: list[str]) -> str | None:
    """The text with another number, verdict or label; None if there is nothing to alter."""
    if text in TURNED:
        return TURNED[text]
    if text in labels and len(labels) > 1:
        return labels[(labels.index(text) + 1) % len(labels)]
    if digit := re.search(FIRST_DIGIT, text):
        return turned(text, digit.start())
    return text + " not" if text else None


def plants(reports: list[tuple[World, str, Checks]]) -> list[tuple[World, Planted]]:
    """One fault of each kind that was compared in any report."""
    found: dict[str, tuple[World, Planted]] = {}
    # Small reports first, since they are compared quickly.
    for world, report, checks in sorted(reports, key=lambda entry: len(entry[2].marks)):
        for mark in checks.marks:
            # All values of a list are of the same kind.
            kind = re.sub(r"\d+", "", mark.kind)
            if kind not in found and (planted := plant(world, report, mark)):
                found[kind] = (world, planted)
    return list(found.values())


def plant(world: World, report: str, mark: Mark) -> Planted | None:
    """A report with the text at a mark altered."""
    if ", bold " in mark.kind:
        return Planted(other_bold(report, mark.start, mark.end), mark.kind, mark.text, "the other way")
    now = altered(mark.text, world.sweep.labels)
    if now is None or now == mark.text:
        return None
    return Planted(report[: mark.start] + now + report[mark.end:], mark.kind, mark.text, now)


def foreign(reports: list[tuple[World, str, Checks]]) -> list[tuple[World, Planted]]:
    """Faults other than altered numbers: missing sentences, and an unknown sentence."""
    out = []
    dropped: set[str] = set()
    for world, report, _ in reports:
        for line in report.split("\n- ")[1:]:
            line = line.split("\n")[0]
            start = line.split(":")[0] if ":" in line else " ".join(line.split()[:3])
            if line.startswith(tuple(KINDS)) and start not in dropped:
                dropped.add(start)
                kind = KINDS[next(k for k in KINDS if line.startswith(k))]
                out.append((world, Planted(report.replace(f"- {line}\n", "", 1), kind, line, "")))
    world, report, _ = reports[0]
    strange = "This optimizer is 7 times better."
    heading = "\n## Each optimizer at its best\n"
    out.append((world, Planted(report.replace(heading, f"\n{strange}\n{heading}", 1), "unknown sentence", "", strange)))
    return out


def unnoticed(world: World, planted: Planted) -> str | None:
    """A message on an unnoticed fault; None if it was noticed."""
    findings = check(world, planted.report).findings
    # An altered keyword makes it another sentence or an unknown one.
    known_by = planted.kind.split(",")[0]
    named = [f for f in findings if f.startswith((planted.kind, known_by, "unknown sentence"))]
    return None if named else f"{planted.kind}: `{planted.was}` became `{planted.now}`, which was not noticed"
