"""Comparison of REGRESSION.md with a night's data: every number, label, date and claim."""

from dataclasses import dataclass

import document
from cases import Case
from changes import table
from checks import Checks
from levels import Level, levels
from nights import NAME, Night, started
from recomputed import FEWEST_FLIPPED, RULES, WORDS, Compared, Comparison, compare
from told import Piece, Told, change, counted, match, rose, runs, size, wanted, who
from written import Shown, count, exactly, listed, number


@dataclass
class World:
    """A case with all recomputed values."""

    case: Case
    before: Night | None
    compared: Compared
    steps: list[Level]

    @property
    def accepted(self) -> bool:
        """Whether the night is compared with an accepted baseline."""
        return self.case.baseline is not None and not self.case.given

    @property
    def nights(self) -> list[Night]:
        """The history, tonight last; empty without one."""
        return [*self.case.history, self.case.tonight] if self.case.history else []

    @property
    def alarms(self) -> list[Level]:
        """Steps that count against the night, the largest first."""
        return sorted((s for s in self.steps if s.alarm), key=lambda s: -s.weight)

    @property
    def gaps(self) -> bool:
        """Whether any run could not be compared, or had other data."""
        c = self.compared
        return bool(c.gone or c.new or c.failed or c.missing or c.lost or c.unlike)

    @property
    def verdict(self) -> str:
        """The first verdict that applies."""
        c = self.compared
        if c.of("regressed") or self.alarms:
            return "Regressed"
        if self.gaps or not c.pairs or c.of("unknown"):
            return "Incomplete"
        if c.identical == len(c.pairs):
            return "Identical"
        return "Improved" if c.of("improved") else "Unchanged"


def recompute(case: Case) -> World:
    """Recomputes everything that the text of a case must contain."""
    before = case.baseline or (case.history[-1] if case.history else None)
    compared = compare(before, case.tonight) if before else Compared()
    world = World(case, before, compared, [])
    if case.history:
        world.steps = levels(world.nights, case.baseline.day if case.baseline else None)
    return world


def check(world: World, text: str) -> Checks:
    """Compares a text with the data."""
    checks, sections = Checks(), document.read(text)
    due = sections_of(world)
    shown = [section.heading for section in sections[1:]]
    if shown != list(due)[1:]:
        checks.differs("headings", f"are {shown}, should be {list(due)[1:]}")
    start = text.find("# ") + 2
    match(checks, document.plain(text[start:text.find("\n")], start), [headline(world)])
    top = next(s for s in sections if s.heading not in due or s.paragraphs)
    for section in sections:
        paragraphs, bullets = due.get(section.heading if section is not top else "", ([], []))
        found = section.paragraphs
        for i, one in enumerate(found):
            match(checks, one, paragraphs[i] if i < len(paragraphs) else [])
        for told in paragraphs[len(found):]:
            checks.differs(told[0].kind, f"`{wanted(told)}` is missing")
        for i, one in enumerate(section.bullets):
            match(checks, one, [bullets[i]] if i < len(bullets) else [])
        for told in bullets[len(section.bullets):]:
            checks.differs(told.kind, f"`{wanted([told])}` is missing")
        table(checks, world.compared, section)
    return checks


Due = dict[str, tuple[list[list[Told]], list[Told]]]


def sections_of(world: World) -> Due:
    """Headings with the sentences of their paragraphs and with their bullets, in order; the first has no heading."""
    c, calm = world.compared, world.verdict in ("Unchanged", "Identical") and not world.gaps
    first = [Told("bit-identical", [("experiment", exactly(NAME)), ": ", *identical(world)]), Told("counts", counts(world))]
    if c.no_seconds:
        first.append(Told("left out", seconds_left_out(world)))
    first.append(Told("history", history(world)))
    if calm:
        last = [Told("tonight", ["Tonight: ", *facts(world.case.tonight), "."]),
                Told("baseline", ["Baseline: ", *facts(world.before), "."]), Told("decided", decided(world))]
        return {"": ([first, last], [])}
    out: Due = {"": ([first], [])}
    worse, better = c.of("regressed"), c.of("improved")
    if worse or better:
        improved = "what improved" if worse else "What improved"
        out[" and ".join([*(["What regressed"] if worse else []), *([improved] if better else [])])] = ([], [])
    if gaps := bullets_of_gaps(world):
        out["Incomplete"] = ([], gaps)
    if world.alarms:
        out["When it happened"] = ([], [Told("step", dated(world, group)) for group in groups(world)])
    if c.comparisons:
        out["How it was decided"] = ([[Told("decided", decided(world)), Told("exceeds", exceeds(world))]], [])
    out["What was compared"] = ([], origin(world))
    return out


def headline(world: World) -> Told:
    """The first line."""
    c, verdict = world.compared, world.verdict
    out: list[Piece] = [("verdict", exactly(verdict)), ": "]
    lost = len({(r.label, r.seed) for r in [*c.new, *c.failed, *c.missing, *c.lost]})
    gaps = [(lost, "could not be compared"), (len(c.gone), "no longer planned"),
            (len(c.unlike), "compared despite different weights, data or batches")]
    said: list[Piece] = []
    for n, what in gaps:
        if n:
            said += [*([", "] if said else []), *runs(n), f" {what}"]
    if verdict == "Regressed":
        against = {(x.label, x.metric) for x in [*c.of("regressed"), *world.alarms]}
        first = change(c.of("regressed")[0]) if c.of("regressed") else stepped(world, world.alarms[0])
        out += [*first, *more(len(against) - 1), *(["; ", *said] if said else [])]
    elif verdict == "Incomplete" and said:
        out += [*said, "; nothing is known to have got worse"]
    elif verdict == "Incomplete":
        out += unjudged(c.of("unknown")) if world.before else ["there is no baseline to compare with"]
    elif verdict == "Improved":
        out += [*change(c.of("improved")[0]), *more(len(c.of("improved")) - 1)]
    elif verdict == "Unchanged":
        what = "no change beyond min_effect is shown" if c.of("small") else "no change is shown"
        out += [("unchanged", exactly(what)), " in ", *runs(len(c.pairs)), " and ",
                *counted("comparisons", len(c.comparisons), "comparison", "comparisons")]
    else:
        out += ["all ", *runs(len(c.pairs)), " are bit-identical"]
    return Told("headline", out)


def more(n: int) -> list[Piece]:
    """`, and 3 more`."""
    return [", and ", ("more", count(n)), " more"] if n else []


def unjudged(few: list[Comparison]) -> list[Piece]:
    """A change of every seed, if there are too few for a test."""
    c = few[0]
    bare = [*change(Comparison(c.label, c.metric, c.seeds, c.old, c.new, method=c.method))]
    return [*bare, " on every one of ", ("seeds", count(len(c.seeds))),
            " seeds, too few to tell it from chance: at least ", ("fewest", count(FEWEST_FLIPPED)), " are needed",
            *more(len(few) - 1)]


def day(night: Night) -> Shown:
    """The date of a night."""
    return exactly(started(night.day)[:10])


def stepped(world: World, step: Level) -> list[Piece]:
    """`test loss of adam (lr 0.01) rose by 10% between 2026-03-10 and 2026-03-11`."""
    return [*moved(step), " between ", ("from", day(world.nights[step.last_good])), " and ",
            ("to", day(world.nights[step.first]))]


def moved(step: Level) -> list[Piece]:
    """`test loss of adam (lr 0.01) rose by 10%`."""
    return [("metric", exactly(WORDS[step.metric])), " of ", ("who", exactly(who(step.label))), " ",
            ("direction", rose(step.after - step.before)), " by ", ("size", size(step.metric, step.effect))]


def identical(world: World) -> list[Piece]:
    """The sentence on the number of bit-identical runs."""
    c, n = world.compared, len(world.compared.pairs)
    if not world.before:
        return ["Nothing was compared."]
    whose: list[Piece] = ["the baseline's"]
    if not world.accepted:
        whose = ["those of ", ("night", day(world.before)), ", with which they were compared"]
    if not n:
        return ["No run has a result both in the baseline and tonight."]
    if n == 1:
        return [("one", exactly("The one run is" + ("" if c.identical else " not"))), " bit-identical to ", *whose, "."]
    if c.identical == n:
        return ["All ", *runs(n), " are bit-identical to ", *whose, "."]
    if not c.identical:
        return ["None of ", *runs(n), " is bit-identical to ", *whose, "."]
    return [("identical", count(c.identical)), " of ", *runs(n), " is" if c.identical == 1 else " are",
            " bit-identical to ", *whose, "."]


def counts(world: World) -> list[Piece]:
    """The sentence on the numbers of comparisons by finding."""
    c = world.compared
    if not c.comparisons:
        return ["There are no comparisons."]
    parts: list[list[Piece]] = []
    for finding, one, many in (
        ("regressed", "regressed", "regressed"), ("improved", "improved", "improved"),
        ("small", "changed by no more than min_effect", "changed by no more than min_effect"),
        ("unjudged", "is not judged (seconds of runs that trained side by side)",
         "are not judged (seconds of runs that trained side by side)"),
        ("not_shown", "shows no change", "show no change"), ("identical", "is identical", "are identical"),
        ("unknown", "has too few seeds", "have too few seeds"),
    ):
        if n := len(c.of(finding)):
            parts.append(counted(finding, n, one, many))
    said: list[Piece] = []
    for i, part in enumerate(parts):
        said += [*([] if i == 0 else [" and "] if i + 1 == len(parts) else [", "]), *part]
    return ["Of ", *counted("comparisons", len(c.comparisons), "comparison", "comparisons"), ": ", *said, "."]


def seconds_left_out(world: World) -> list[Piece]:
    """The sentence on the reason why seconds are not compared."""
    of = [night.machine.get("device_model", night.trained.manifest["environment"]["device_model"])
          for night in (world.before, world.case.tonight)]
    return ["Seconds are not compared: the device changed from ", ("device before", exactly(of[0])), " to ",
            ("device", exactly(of[1])), "."]


def history(world: World) -> list[Piece]:
    """The sentence on the history."""
    nights = world.nights
    if not nights:
        return ["There is no history of nights."]
    alarms, others = len(world.alarms), len(world.steps) - len(world.alarms)
    since = " since the baseline" if world.accepted else ""
    changed = counted("levels", alarms or others, "level changed", "levels changed")
    if not world.steps:
        said: list[Piece] = ["no level changed"]
    elif not alarms:
        said = [*changed, ", none against tonight"]
    else:
        said = [*changed, f" for the worse{since}", *([", ", ("others", count(others)), " otherwise"] if others else [])]
    return ["In ", ("nights", count(len(nights))), " nights from ", ("first night", day(nights[0])), " to ",
            ("last night", day(nights[-1])), ", ", *said, ".", *apart(nights)]


def apart(nights: list[Night]) -> list[Piece]:
    """The sentence on nights that share no run with tonight."""
    tonight = {run.run_id for run in nights[-1].runs}
    n = sum(not tonight & {run.run_id for run in night.runs} for night in nights)
    said = counted("apart", n, "night with other configurations and seeds tells",
                   "nights with other configurations and seeds tell")
    return [" ", *said, " nothing about these levels."] if n else []


def facts(night: Night) -> list[Piece]:
    """The day, the commit and the machine of a night."""
    environment = night.trained.manifest["environment"] | night.machine
    backend = f"{environment['backend']} on {environment['device_kind']}"
    return [("day", day(night)), ", commit ", ("commit", exactly(night.commit[:8])),
            *([" (sources differed)"] if night.dirty else []), ", ", ("backend", exactly(backend)), ", ",
            ("device", exactly(environment["device_model"]))]


def decided(world: World) -> list[Piece]:
    """The sentence on the rule of simultaneous intervals."""
    c = world.compared.comparisons
    how = []
    if any(x.method == "flips" for x in c):
        how.append("joint sign flips of the seeds (the largest t of all comparisons)")
    if any(x.method == "student" for x in c):
        how.append("Student's t with Bonferroni's correction, since so few seeds allow too few flips")
    made: list[Piece] = [", by ", ("methods", exactly(listed(how)))] if how else []
    return [*counted("comparisons", len(c), "comparison", "comparisons"),
            " paired by seed (configurations times metrics) ", "shares" if len(c) == 1 else "share", " the level ",
            ("level", number(0.05)), ": at most ", ("per cent", number(0.05, 100.0, "%")),
            " of nights without a change have an interval that excludes zero", *made, "."]


def exceeds(world: World) -> list[Piece]:
    """The sentence on what counts as a change, and the tolerance of each metric."""
    groups: dict[tuple, list[str]] = {}
    measured = {x.metric for x in world.compared.comparisons}
    for metric, (unit, least, _) in RULES.items():
        if metric not in measured:
            continue
        groups.setdefault((unit if least else "", least), []).append(metric)
    said: list[Piece] = []
    for (_, least), metrics in sorted(groups.items(), key=lambda entry: entry[0][1] == 0):
        amount = size(metrics[0], least) if least else exactly("none")
        said += [*(["; "] if said else []), ("metrics", exactly(listed([WORDS[m] for m in metrics]))), " ",
                 ("least", amount)]
    exact = any(x.method == "exact" for x in world.compared.comparisons)
    ranked = any(x.method != "exact" and not x.ended.all() for x in world.compared.comparisons)
    return ["A change counts if its interval excludes zero and its size (for seconds, the whole interval) exceeds min_effect (",
            *said, ")", *(["; counts that noise does not explain need no interval"] if exact else []),
            *(["; if seeds diverged on one side only, signed ranks of all seeds decide too"] if ranked else []), "."]


def seeds(found: list[int]) -> str:
    """`seed 3`, `seeds 0 to 4 and 7`."""
    ranges: list[list[int]] = []
    for seed in sorted(found):
        if ranges and seed == ranges[-1][1] + 1:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    texts = []
    for low, high in ranges:
        texts += [str(low)] if low == high else [str(low), str(high)] if high == low + 1 else [f"{low} to {high}"]
    return f"seed {texts[0]}" if len(found) == 1 else f"seeds {listed(texts)}"


def bullets_of_gaps(world: World) -> list[Told]:
    """Bullets on runs that could not be compared, by reason."""
    c = world.compared
    error = next((run.error for run in c.failed), None)
    out = []
    for found, why in ((c.failed, f"ended tonight without a result: failed: {error}"),
                       (c.missing, "planned tonight, but left no record"),
                       (c.lost, "without a result in the baseline"), (c.gone, "in the baseline, but not planned tonight"),
                       (c.new, "planned tonight, but not in the baseline"),
                       (c.unlike, "still compared seed by seed, although they did not see the same batches")):
        if found:
            labels = dict.fromkeys(run.label for run in found)
            named = [f"{who(label)}, {seeds([r.seed for r in found if r.label == label])}" for label in labels]
            out.append(Told("gap", [*runs(len(found)), " ", ("why", exactly(why)), ": ",
                                    ("who", exactly("; ".join(named)))]))
    if few := c.of("unknown"):
        names = listed(list(dict.fromkeys(who(x.label) for x in world.compared.comparisons if x in few)))
        too_few: list[Piece] = [" fewer than two pairs, too few to show anything: "]
        if any(int(x.ended.sum()) > 1 or x.metric == "diverged" and len(x.seeds) > 1 for x in few):
            too_few = [" too few seeds to tell a change from chance (at least ", ("fewest", count(FEWEST_FLIPPED)),
                       " are needed): "]
        out.append(Told("too few", [*counted("comparisons", len(few), "comparison has", "comparisons have"), *too_few,
                                    ("who", exactly(names))]))
    return out


def groups(world: World) -> list[list[Level]]:
    """Steps that count, grouped by their nights, the largest first."""
    out: dict[tuple[int, int], list[Level]] = {}
    for step in world.alarms:
        out.setdefault((step.last_good, step.first), []).append(step)
    return list(out.values())


def dated(world: World, group: list[Level]) -> list[Piece]:
    """The sentence on a change of levels: its dates, the levels, and the commits between."""
    one, other = world.nights[group[0].last_good], world.nights[group[0].first]
    said: list[Piece] = []
    for i, step in enumerate(group):
        said += [*([] if i == 0 else [" and "] if i + 1 == len(group) else [", "]), *moved(step)]
    return ["Between ", ("from", day(one)), " and ", ("to", day(other)), ": ", *said, ". ", *between(one, other)]


def between(one: Night, other: Night) -> list[Piece]:
    """The command that lists the commits between two nights."""
    return ["`git log --oneline ", ("commits", exactly(f"{one.commit[:12]}..{other.commit[:12]}")), "`."]


def origin(world: World) -> list[Told]:
    """Sentences on the two sides of the comparison."""
    before, after = world.before, world.case.tonight
    out = [Told("baseline", ["Baseline: ", *(facts(before) if before else ["none"]), "."]),
           Told("tonight", ["Tonight: ", *facts(after), "."])]
    if world.accepted:
        out.append(Told("accepted", ["The baseline was accepted on ", ("day", day(before)), ": as it should be"]))
    if before and before.machine != after.machine:
        changed = seconds_left_out(world)[1:4]
        out.append(Told("machine", ["The device changed from ", *changed, ", so numbers may differ for that reason alone."]))
    if before:
        out.append(Told("commits", ["Between the two: ", *between(before, after)]))
    return out
