"""The optimizers in front, and the headline about them."""

import math

from computed import Comparison, Improvement, Pair, Profile
from reading import Standing, Tasks
from spoken import Piece, names, say, some
from written import exactly, is_percentage, metric, number

# Largest number of such places that the sentence on confidence lists.
MOST_SPARED = 3


def all_tasks(n: int) -> list[Piece]:
    """`both tasks`, `all 3 tasks`."""
    return ["both tasks"] if n == 2 else ["the one task"] if n == 1 else say("tasks", "all {n} tasks", n=n)


def of_them(kind: str, k: int, n: int) -> list[Piece]:
    """`no task`, `one of the 3 tasks`, `both tasks`."""
    if k == 0 or k == n:
        return say(kind, "{which}", which="no task" if k == 0 else "both tasks" if n == 2 else
                   "the one task" if n == 1 else f"all {n} tasks")
    return say(kind, "{k} of the {n} tasks", k="one" if k == 1 else str(k), n=n)


class Front:
    """The optimizers in front, and the pair that represents them."""

    def __init__(self, tasks: Tasks, comparison: Comparison, improvements: list[Improvement], profile: Profile | None):
        self.tasks, self.comparison, self.improvements, self.profile = tasks, comparison, improvements, profile
        self.n, self.standings = len(tasks), tasks.standings
        self.front = [s for s in self.standings if s.mean_rank == self.standings[0].mean_rank]
        self.pair = self.speaking()

    @property
    def is_level(self) -> bool:
        """Whether several share the first place."""
        return len(self.front) > 1

    def place(self, pair: Pair) -> tuple[int, int]:
        """The sort key of a pair, by which the metric with the most tasks comes first."""
        return (-len(self.tasks.groups[pair.group].tasks), pair.group)

    def speaking(self) -> Pair | None:
        """The representative pair: one in front with a significant difference, or else the first two."""
        front = {s.label for s in self.front}
        shown = [p for p in self.comparison.pairs if p.shown and {p.first, p.second} <= front]
        if shown:
            return min(shown, key=lambda p: (p.adjusted, self.place(p)))
        if len(self.standings) < 2:
            return None
        leading = self.comparison.of(self.standings[0].label, self.standings[1].label)
        return min((p for p in leading if p.test), key=self.place, default=None)


class Headline(Front):
    """The result in one sentence, and the places that depend only on diverged seeds."""

    def headline(self) -> list[Piece]:
        """The result in one sentence."""
        if not self.standings:
            return ["No optimizer has a result in every task, so none can be compared across them."]
        first, among = self.standings[0], len(self.standings)
        if among == 1:
            return say("headline", "{who} is the only optimizer with a result in {tasks}, so there is none to compare it "
                       "with.", who=first.label, tasks=all_tasks(self.n))
        if self.is_level:
            return self.level()
        return say("headline", "{who} came first across {n} tasks: mean rank {rank} of {among} optimizers, {led}{of}{lead}"
                   "{spared}.", who=first.label, n=self.n, rank=number(first.mean_rank), among=among, led=self.led(first),
                   of=self.among(first), lead=self.lead(), spared=self.spared_briefly(first))

    def level(self) -> list[Piece]:
        """The headline for several in front, with the result of the tests by seed."""
        parts = {"who": names([s.label for s in self.front]), "n": self.n,
                 "rank": number(self.front[0].mean_rank), "among": len(self.standings)}
        if not (self.pair and self.pair.shown):
            return say("headline", "{who} are level in front across {n} tasks: mean rank {rank} of {among} optimizers.", **parts)
        pair = self.pair
        than = "" if len(self.front) == 2 else say("headline", " than {worse}", worse=pair.worse)
        where = all_tasks(self.n) if len(pair.tasks) == self.n else [("headline, in", exactly(self.tasks.names(pair.tasks)))]
        return say("headline", "{who} are level in front across {n} tasks by mean rank ({rank} of {among} optimizers), but "
                   "seed by seed {better} is better{than} in {where}.", better=pair.better, than=than, where=where, **parts)

    def led(self, first: Standing) -> list[Piece]:
        """`best in one of 2, level in front in the other`."""
        def of_all(k: int) -> str:
            if k == self.n:
                return "both" if self.n == 2 else f"all {self.n}"
            return f"{'one' if k == 1 else k} of {self.n}"

        alone, level = first.alone, first.led - first.alone
        if not alone:
            text = f"level in front in {of_all(level)}" if level else "best in none"
        elif not level:
            text = f"best in {of_all(alone)}"
        else:
            rest = alone + level == self.n
            others = ("the other" if level == 1 else "the others") if rest else ("one" if level == 1 else str(level))
            text = f"best in {of_all(alone)}, level in front in {others}"
        return say("headline", "{led}", led=text)

    def among(self, first: Standing) -> list[Piece] | str:
        """The words for a task with an equal or better optimizer that is not compared."""
        less = any(task.leads(first.label, self.tasks.shared) and
                   task.ranks(self.tasks.labels)[first.label] != first.ranks[t] for t, task in enumerate(self.tasks.all))
        return [" among the optimizers that ", *all_tasks(self.n), " have"] if less else ""

    def lead(self) -> list[Piece] | str:
        """`; on average 0.21 percentage points more test accuracy than the runner-up adam`."""
        groups, second = self.tasks.groups, self.standings[1].label
        if len(groups) != 1 or len(groups[0].tasks) != self.n:
            return ""
        pair = self.comparison.of(self.standings[0].label, second)[0]
        if not (pair.lead and pair.lead > 0 and pair.direction > 0 and pair.standard > 0):
            return ""
        judge = groups[0].judge
        points = judge.kind != "reached" and is_percentage(judge.metric)
        by = number(pair.lead, 100.0 if points else 1.0)
        unit = "" if not points else [" percentage point"] if by.fits("1.00") else [" percentage points"]
        return say("headline, lead", "; on average {by}{unit} {more} {metric} than the runner-up {second}{on}",
                   by=by, unit=unit, more="more" if judge.higher else "fewer" if
                   judge.kind == "reached" else "less", metric=groups[0].name,
                   second=second, on=self.on(pair))

    def on(self, pair: Pair) -> list[Piece] | str:
        """The pairs behind a lead, if they are not all."""
        if pair.n == sum(len(task.sweep.seeds) for task in self.tasks.all):
            return ""
        pairs = "the one (task, seed) pair" if pair.n == 1 else say("headline, lead", "the {n} (task, seed) pairs", n=pair.n)
        where = "" if len(pair.lead_tasks) == self.n else say("headline, lead", " of {tasks}",
                                                              tasks=self.tasks.names(pair.lead_tasks))
        both = "reached the target with both" if self.tasks.medians else "completed with both"
        return say("headline, lead", ", on {pairs}{where} that {which}", pairs=pairs, where=where,
                   which="can be compared" if pair.unlike else both)

    def spared(self, ahead: str) -> list[tuple[str, str, int]]:
        """Labels that rank behind a label only because of diverged seeds, as (label, other, task)."""
        out = []
        for t in self.tasks.means:
            task = self.tasks.all[t]
            own = task.config(ahead)
            for behind in (s.label for s in self.standings if s.label != ahead):
                other = task.config(behind)
                a, b = (task.values(label) for label in (ahead, behind))
                if not own.diverged and other.diverged and a and b:
                    if task.judge.better(mean(a), mean(b)) <= 0:
                        out.append((ahead, behind, t))
        return out

    def spared_briefly(self, first: Standing) -> list[Piece] | str:
        """`; ahead of sgd in wild only because 2 of the 8 seeds of sgd diverged`."""
        found = self.spared(first.label)
        if not found:
            return ""

        def parts(behind: str, t: int) -> dict:
            config = self.tasks.all[t].config(behind)
            return {"who": behind, "task": self.tasks.all[t].name, "k": config.diverged, "n": len(config.runs)}

        if len(found) == 1:
            return say("headline, spared", "; ahead of {who} in {task} only because {k} of the {n} seeds of {again} diverged",
                       again=found[0][1], **parts(*found[0][1:]))
        each = [say("headline, spared", "{who} in {task} ({k} of {n} seeds)", **parts(b, t)) for _, b, t in found]
        return say("headline, spared", "; ahead only because of diverged seeds of {each}", each=some(each))

    def spared_at_length(self) -> list[Piece]:
        """The same with the means, one sentence each."""
        found = [one for s in self.front for one in self.spared(s.label)]
        out: list[Piece] = []
        for ahead, behind, t in found[:MOST_SPARED]:
            task = self.tasks.all[t]
            a, b = mean(task.values(ahead)), mean(task.values(behind))
            config = task.config(behind)
            out += say("certainty, spared", " In {task} {behind} ranks behind {ahead} only because of its diverged seeds ({k} of {n}): "
                       "the mean of its others, {theirs}, is {better} the {ours} of {again}.", task=task.name, behind=behind,
                       ahead=ahead, k=config.diverged, n=len(config.runs), theirs=metric(task.judge.metric, b),
                       better="better than" if task.judge.better(b, a) > 0 else "level with",
                       ours=metric(task.judge.metric, a), again=ahead)
        more = len(found) - MOST_SPARED
        if more == 1:
            out += [" The same holds of one more place."]
        elif more > 1:
            out += say("certainty, spared", " The same holds of {more} more places.", more=more)
        return out


def mean(values: list[float]) -> float:
    """The mean of values."""
    return math.fsum(values) / len(values)
