"""A fabricated night and its truth: the exit code, the changes, the label to name first, and the dates."""

from dataclasses import dataclass, field
from pathlib import Path

import nights
from nights import Night

OK, REGRESSED, INCOMPLETE = 0, 4, 5
# Numbers of seeds of the sweeps.
COUNTS = (5, 6, 10)


@dataclass
class Step:
    """A change of level for the worse that must be found: its metric, and the days between which it happened."""

    label: str
    metric: str
    last_good: int
    first_bad: int
    # Number of days by which either date may be off.
    slack: int = 0


@dataclass
class Truth:
    """The truth about a night, independent of the program."""

    exit: int | None
    # Another correct exit code, if the rules allow two.
    other: int | None = None
    # The label that must be named first.
    first: str | None = None
    # Labels and metrics that got worse, and that got better, as the comparison with the baseline must find.
    worse: set[tuple[str, str]] = field(default_factory=set)
    better: set[tuple[str, str]] = field(default_factory=set)
    # Labels and metrics that may change with them.
    follow: set[tuple[str, str]] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    # Steps for the worse since the baseline count against the night, older ones do not.
    alarms: bool | None = None
    # Patterns that must occur in REGRESSION.md, and those that must not.
    says: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    # Patterns that must not occur in the terminal output.
    unsaid: list[str] = field(default_factory=list)


@dataclass
class Case:
    """A fabricated night. `baseline` is accepted, or given on the command line as a `night` or a `report`."""

    family: str
    name: str
    tonight: Night
    baseline: Night | None
    truth: Truth
    history: list[Night] = field(default_factory=list)
    given: str = ""
    # Whether levels vary from night to night.
    varies: bool = False

    def write(self, root: Path) -> list[str]:
        """Writes everything below a folder; returns the arguments of `sweep`."""
        report = root / "reports" / nights.NAME
        nights.write_report(self.tonight, report)
        command = ["regress", str(report), "--root", str(root)]
        if self.history:
            nights.write_history(self.history, root / "reports" / "history" / nights.NAME)
        if self.baseline and self.given:
            given = root / f"given.{'parquet' if self.given == 'night' else 'report'}"
            (nights.write_parquet if self.given == "night" else nights.write_report)(self.baseline, given)
            command += ["--baseline", str(given)]
        elif self.baseline:
            nights.write_baseline(self.baseline, root / "reports" / "baselines" / nights.NAME)
        return command

    def recomputable(self) -> bool:
        """Whether all inputs of its text can be recomputed: no noise over nights, and no seeds that tonight lacks."""
        before = self.baseline or (self.history[-1] if self.history else self.tonight)
        if self.varies or any(diverged(night) for night in self.history):
            return False
        # The sentence of an incomplete night on seeds that diverged on one side only is not recomputed.
        if self.truth.exit == INCOMPLETE and diverged(before) != diverged(self.tonight):
            return False
        ends = [{run.run_id: run.digest for run in night.runs} for night in (self.tonight, *self.history)]
        whole = [runs for runs in ends if runs.keys() == ends[0].keys()]
        # Runs that a night lacks are in another night with the same bits, or the night has no runs in common.
        return all(any(runs.items() <= other.items() for other in whole) or not runs.keys() & ends[0].keys()
                   for runs in ends)


def diverged(night: Night) -> set[str]:
    """The ids of the runs that diverged."""
    return {run.run_id for run in night.runs if run.status == "diverged"}


def worse(label: str, metric: str, follow: tuple[str, ...] = ()) -> Truth:
    """The truth of a night in which one metric of one label got worse."""
    return Truth(REGRESSED, first=label, worse={(label, metric)}, follow={(label, other) for other in follow})


def calm(follow: set[tuple[str, str]] | None = None) -> Truth:
    """The truth of a night in which nothing got worse."""
    return Truth(OK, follow=follow or set())


def incomplete(label: str | None = None) -> Truth:
    """The truth of a night whose comparison is incomplete."""
    return Truth(INCOMPLETE, first=label)
