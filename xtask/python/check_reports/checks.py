"""Records of comparisons: the place in the report, and the differences."""

import re
from dataclasses import dataclass, field

from document import Text
from written import Shown, exactly


@dataclass
class Mark:
    """A compared place of the report, with its kind."""

    kind: str
    start: int
    end: int
    text: str


@dataclass
class Checks:
    """All comparisons of one report."""

    marks: list[Mark] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def differs(self, kind: str, what: str) -> None:
        """Records a difference of a kind."""
        self.findings.append(f"{kind}: {what}")

    def see(self, kind: str, found: Text, wanted: Shown, of: str = "") -> None:
        """Compares a piece of the report with its expected text."""
        if found.text:
            self.marks.append(Mark(kind, *found.span(), found.text))
        if not wanted.fits(found.text):
            self.differs(kind, f"{of + ': ' if of else ''}shows `{found.text}`, should be `{wanted.want}`")

    def bold(self, kind: str, found: Text, wanted: bool, of: str) -> None:
        """Compares whether a cell is in bold."""
        self.marks.append(Mark(kind, *found.span(), found.text))
        if found.strong != wanted:
            self.differs(kind, f"{of}: is {'' if found.strong else 'not '}in bold")

    def parts(self, kind: str, found: Text, pattern: str, wanted: dict[str, Shown], of: str = "") -> None:
        """Compares the named groups of a pattern; `kind.group` is the kind of each."""
        match = re.fullmatch(pattern, found.text)
        if not match:
            self.differs(kind, f"{of + ': ' if of else ''}`{found.text}` is not of the form `{pattern}`")
            return
        for group, shown in wanted.items():
            if match.group(group) is not None:
                self.see(f"{kind}, {group}", found.part(*match.span(group)), shown, of)
            elif not shown.fits(""):
                self.differs(f"{kind}, {group}", f"{of + ': ' if of else ''}lacks `{shown.want}`")


EMPTY = exactly("")
