"""Comparison of a report with the recomputed values: every table and every sentence."""

import re

from after_choice import choice_table
from checks import Checks
from claims import RULES
from document import Section, Text, read
from functions import function_table
from sentences import CLAIMS, SENTENCES, compiled
from shown_tables import (best_table, comparison_table, config_table, diverged_table, failure_table, grid_table,
                          ledger_table, race_table)
from tables import compare
from world import World

# Sections that do not depend on the runs: they repeat the sweep file and the environment.
SKIPPED = ("The sweep file", "Where this comes from", "Runs computed more than once")

TABLES = {
    "Each optimizer on each function": [("functions", function_table)],
    "Each optimizer at its best": [("best", best_table)],
    "Intervals with the choice": [("choice", choice_table)],
    "Who is better than whom": [("pairs", comparison_table)],
    "Time to target": [("race", race_table)],
    "All configurations": [("configurations", config_table)],
    "Diverged runs": [("diverged runs", diverged_table)],
    "Runs without a result": [("failed runs", failure_table)],
    "Fairness ledger": [("ledger", ledger_table), ("grid", grid_table)],
}
OF_ONE_TASK = ("best", "choice", "pairs", "race", "grid")


def check(world: World, report: str) -> Checks:
    """Compares a report with its runs."""
    checks, sections = Checks(), read(report)
    tables(checks, world, sections)
    seen = sentences(checks, world, sections)
    for kind, (_, due) in RULES.items():
        wanted = due(world)
        if wanted is True and kind not in seen:
            checks.differs(kind, "the sentence is missing")
        if wanted is False and kind in seen:
            checks.differs(kind, "the sentence stands there, and is not true")
    return checks


def tables(checks: Checks, world: World, sections: list[Section]) -> None:
    """Compares every table; unknown tables are differences."""
    for heading, known in TABLES.items():
        section = next((s for s in sections if s.heading == heading), Section(heading))
        known = [(name, rows) for name, rows in known if not (world.apart and name in OF_ONE_TASK)]
        for i, (name, rows) in enumerate(known):
            compare(checks, name, section.tables[i] if i < len(section.tables) else None, rows(world))
        for table in section.tables[len(known):]:
            checks.differs(f"table of {heading}", f"a table of `{', '.join(table.head)}` is not known")
    for section in sections:
        if section.tables and section.heading not in TABLES and section.heading not in SKIPPED:
            checks.differs(f"table of {section.heading}", "is not known")


def sentences(checks: Checks, world: World, sections: list[Section]) -> set[str]:
    """Compares every sentence; returns the kinds that occurred."""
    patterns, seen = compiled(world.sweep.labels), set()
    claims = re.compile(CLAIMS + r"|\d|" + "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in world.sweep.labels))
    for section in sections:
        if section.heading not in SKIPPED:
            for text in [*section.paragraphs, *section.bullets]:
                if text.text != world.sweep.description:
                    consume(checks, world, text, patterns, claims, seen)
    return seen


def consume(checks: Checks, world: World, text: Text, patterns, claims: re.Pattern, seen: set[str]) -> None:
    """Compares a paragraph sentence by sentence."""
    at = 0
    while at < len(text.text):
        found = [(kind, match) for kind, pattern in patterns.items() if (match := pattern.match(text.text, at))]
        if found:
            kind, match = max(found, key=lambda entry: entry[1].end())
            seen.add(kind)
            one(checks, world, kind, match, text)
            at = match.end()
        else:
            end = re.compile(r"[.?!](?=\s|$)").search(text.text, at)
            end = end.end() if end else len(text.text)
            sentence = text.text[at:end]
            if claims.search(sentence):
                checks.differs("unknown sentence", sentence.strip())
            at = end
        at += len(text.text[at:]) - len(text.text[at:].lstrip())


def one(checks: Checks, world: World, kind: str, match: re.Match, text: Text) -> None:
    """Compares the numbers and labels of one sentence."""
    values, due = RULES[kind]
    if due(world) is False:
        return  # Reported by `check`.
    wanted = values(world, match)
    for group in match.re.groupindex:
        if match.group(group) is None:
            found = Text("", [])
        else:
            found = text.part(*match.span(group))
        if group in wanted:
            shown = wanted[group]
            if isinstance(shown, tuple):
                checks.parts(f"{kind}, {group}", found, *shown)
            else:
                checks.see(f"{kind}, {group}", found, shown)
        elif re.search(r"\d", found.text):
            checks.differs(f"{kind}, {group}", f"`{found.text}` is compared with nothing")


assert set(RULES) == set(SENTENCES), set(RULES) ^ set(SENTENCES)
