"""Comparison of the program's judgement with the truth: exit code, findings, dates, and the label named first."""

import json
import re
import subprocess
from pathlib import Path

from cases import Case, Step, Truth
from nights import started

VERDICTS = {4: ("Regressed",), 5: ("Incomplete",), 0: ("Improved", "Unchanged", "Identical")}


def wrong(case: Case, report: Path, ended: subprocess.CompletedProcess) -> list[str]:
    """A note for each difference from the truth."""
    truth = case.truth
    if ended.returncode not in VERDICTS:
        return [f"ended with {ended.returncode}: {ended.stderr.strip()[:200]}"]
    data = json.loads((report / "regression.json").read_text())
    text = (report / "REGRESSION.md").read_text()
    out = []
    if truth.exit is not None and ended.returncode not in (truth.exit, truth.other):
        out.append(f"exit {ended.returncode}, should be {truth.exit}: {data['headline']}")
    if ended.returncode != data["exit_code"]:
        out.append(f"exit {ended.returncode}, regression.json says {data['exit_code']}")
    if not text.startswith(tuple(f"# {verdict}" for verdict in VERDICTS[ended.returncode])):
        out.append(f"exit {ended.returncode} beside `{text.splitlines()[0]}`")
    if truth.exit == ended.returncode:
        out += findings(truth, data)
        out += named(case, text)
        out += dated(truth, data)
        if truth.alarms is False and any(step["alarm"] for trend in data["trends"] for step in trend["steps"]):
            out.append("a step counts against the night, and should not")
    out += [f"the terminal shows `{p}`" for p in truth.unsaid if re.search(p, ended.stdout + ended.stderr)]
    out += [f"`{pattern}` stands in REGRESSION.md" for pattern in truth.never if re.search(pattern, plain(text))]
    out += [f"`{pattern}` is missing in REGRESSION.md" for pattern in truth.says if not re.search(pattern, plain(text))]
    return out


def plain(text: str) -> str:
    """Markdown without its escapes."""
    return re.sub(r"\\([^\w\s])", r"\1", text)


def findings(truth: Truth, data: dict) -> list[str]:
    """Notes on false findings and on missed changes."""
    found: dict[str, set[tuple[str, str]]] = {"regressed": set(), "improved": set()}
    for config in data["configs"]:
        for change in config["changes"]:
            found.get(change["finding"], set()).add((config["label"], change["metric"]))
    out = []
    for kind, wanted in (("regressed", truth.worse), ("improved", truth.better)):
        for label, metric in sorted(wanted - found[kind]):
            out.append(f"{metric} of {label} is not found to have {kind}")
        for label, metric in sorted(found[kind] - wanted - truth.follow):
            out.append(f"{metric} of {label} is found to have {kind}")
    return out


def named(case: Case, text: str) -> list[str]:
    """A note if the first named configuration is wrong."""
    wanted = case.truth.first
    if wanted is None:
        return []
    labels = sorted({run.label for run in case.tonight.runs}, key=len, reverse=True)
    found = re.search("|".join(rf"\b{label} \(" for label in labels), plain(text))
    first = found.group()[:-2] if found else "nobody"
    return [] if first == wanted else [f"names {first} first, should name {wanted}"]


def dated(truth: Truth, data: dict) -> list[str]:
    """Notes on steps that are missing, wrongly dated, or not counted against the night."""
    days = [night["started"] for night in data["nights"]]
    out = []
    for step in truth.steps:
        of = [s for trend in data["trends"] if (trend["label"], trend["metric"]) == (step.label, step.metric)
              for s in trend["steps"] if s["worse"]]
        if not any(fits(step, found, days) for found in of):
            shown = [f"{days[s['last_good']][:10]} to {days[s['at']][:10]}{'' if s['alarm'] else ', no alarm'}" for s in of]
            out.append(f"the step of {step.metric} of {step.label} between {started(step.last_good)[:10]} and "
                       f"{started(step.first_bad)[:10]} is not found ({'; '.join(shown) or 'none at all'})")
    return out


def fits(step: Step, found: dict, days: list[str]) -> bool:
    """Whether a found step is the expected one and counts against the night."""
    def near(shown: str, day: int) -> bool:
        return any(shown == started(day + by) for by in range(-step.slack, step.slack + 1))

    return found["alarm"] and near(days[found["last_good"]], step.last_good) and near(days[found["at"]], step.first_bad)

