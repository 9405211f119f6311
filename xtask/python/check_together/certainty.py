"""The confidence in the answer: results of the tests of the optimizers in front."""

from front import Headline
from reading import Tasks
from spoken import Piece, names, say, some
from written import number, p_value


class Certainty(Headline):
    """The sentences on the confidence in the first place."""

    def certainty(self) -> list[Piece] | None:
        """The sentence on the tests of the optimizers in front."""
        if len(self.standings) < 2:
            return None
        if self.pair:
            text, of = self.told(), (self.pair.first, self.pair.second)
        else:
            text, of = self.untested(), (self.standings[0].label, self.standings[1].label)
        return ["Confidence: ", *text, *self.spared_at_length(), *self.improvement(of)]

    def untested(self) -> list[Piece]:
        """The reason why nothing is tested."""
        if self.tasks.repeated(list(range(self.n))):
            return ["tasks hold the same runs, so nothing is tested over them."]
        if not self.tasks.groups:
            return [*none_shared(self.tasks), ", so nothing is tested across them."]
        return ["too few pairs of runs can be compared for a test."]

    def improvement(self, of: tuple[str, str]) -> list[Piece]:
        """The probability of improvement of two labels."""
        found = next(i for i in self.improvements if (i.first, i.second) == of)
        ends = "" if not found.interval else say(
            "certainty, improvement", " (95% interval {low}\u2013{high})", low=found.interval.shown(0),
            high=found.interval.shown(1))
        return say("certainty, improvement", " A run of {first} is better than one of {second} with probability {p}, averaged "
                   "over tasks{ends}.", first=of[0], second=of[1], p=number(found.probability), ends=ends)

    def told(self) -> list[Piece]:
        """The result of the test of a pair, and of the tests against the others."""
        p = self.pair
        both = {"first": p.first, "second": p.second}
        if p.all_level:
            pairs = "both" if p.compared == 2 else say("certainty", "all {n}", n=p.compared)
            text = say("certainty", "{first} and {second} are level on {pairs} (task, seed) pairs{of}, so there is no "
                       "difference to test.", pairs=pairs, of=self.of_tasks(), **both)
        elif p.verdict == "underpowered":
            text = self.underpowered()
        elif p.shown and self.is_level:
            text = say("certainty", "mean ranks are level, but seed by seed {better} is significantly better than {worse} "
                       "{where}, {tested}.", better=p.better, worse=p.worse, where=self.where(), tested=self.tested(False))
        elif p.verdict == "better":
            text = say("certainty", "the lead over {second} is significant {where}, {tested}.", second=p.second,
                       where=self.where(), tested=self.tested(False))
        elif p.verdict == "worse":
            text = say("certainty", "ranks and differences disagree: seed by seed {second} is significantly better than "
                       "{first} {where}, {tested}.", where=self.where(), tested=self.tested(False), **both)
        elif self.is_level:
            text = say("certainty", "no difference between {first} and {second} is shown, {tested}.", tested=self.tested(True), **both)
        elif p.direction < 0:
            text = say("certainty", "mean ranks and differences disagree: seed by seed {second} is ahead of {first}, which may "
                       "be chance, {tested}.", tested=self.tested(True), **both)
        else:
            text = say("certainty", "the lead over {second} may be chance, {tested}.", second=p.second, tested=self.tested(True))
        return text + self.beaten()

    def where(self) -> list[Piece]:
        """`on these tasks`, or the names of some of them."""
        of = self.pair.tasks
        if len(of) == self.n:
            return ["on these tasks"]
        if len(of) == len(self.tasks.groups[self.pair.group].tasks):
            why = "which share a metric"
        else:
            why = f"the {'only task' if len(of) == 1 else 'tasks'} with pairs that can be compared"
        return say("certainty", "in {tasks}, {why}", tasks=self.tasks.names(of), why=why)

    def of_tasks(self) -> list[Piece] | str:
        """The tasks of the pairs, if they are not all."""
        of = self.pair.tasks
        return "" if len(of) == self.n else say("certainty", " of {tasks}", tasks=self.tasks.names(of))

    def record(self, tasks: bool) -> list[Piece]:
        """`9 (task, seed) pairs, of which adam won 6, level on 2`."""
        p = self.pair
        tied = say("certainty", ", level on {level}", level=p.level) if p.level else ""
        return say("certainty", "{n} (task, seed) pairs{of}, of which {who} won {won}{tied}", n=p.compared,
                   of=self.of_tasks() if tasks else "", who=p.first, won=p.won, tied=tied)

    def family(self) -> list[Piece] | str:
        """` after Holm's correction for 3 comparisons`."""
        tests = self.comparison.tests
        return "" if tests < 2 else say("certainty", " after Holm's correction for {tests} comparisons", tests=tests)

    def tested(self, tasks: bool) -> list[Piece]:
        """The p-value and its test."""
        lost = self.tasks.lost(self.pair.tasks, [self.pair.first, self.pair.second])
        how = f"signed-rank test, in which a run that {lost} is worse than any other," if self.pair.diverged else \
            "sign-flip permutation test"
        return say("certainty", "p = {p}{family} ({how} over {record})", p=p_value(self.pair.adjusted), family=self.family(),
                   how=how, record=self.record(tasks))

    def underpowered(self) -> list[Piece]:
        """The number of pairs that would be needed."""
        test, tests = self.pair.test, self.comparison.tests
        reach = ["one pair that differs"] if test.n == 1 else say(
            "certainty", "{n} pairs{differ}", n=test.n, differ=" that differ" if test.n < self.pair.compared else "")
        return say("certainty", "underpowered. The smallest p-value that {reach} can reach is {smallest}{family}, so no lead of "
                   "so few, however large, can be called significant ({record}). At least {needed} pairs that differ would be "
                   "needed.", reach=reach, smallest=p_value(min(1.0, test.smallest * tests)), family=self.family(),
                   record=self.record(True), needed=self.comparison.needed)

    def beaten(self) -> list[Piece]:
        """The optimizers that are significantly beaten."""
        pair = self.pair
        others = [p.second for p in self.comparison.pairs if p.group == pair.group and p.second != pair.second
                  and p.first == pair.first and p.verdict == "better"]
        second = pair.verdict == "better"
        if not others:
            return []
        if second and len(others) == len(self.standings) - 2:
            return [" The same holds against every other optimizer."]
        return say("certainty", " {who} is shown to be better than {others}{too}.", who=pair.first, others=names(others),
                   too=" too" if second else "")


def none_shared(tasks: Tasks) -> list[Piece]:
    """`no two tasks share a metric`, with the loss functions if tasks are judged by different ones."""
    losses = [t for t, task in enumerate(tasks.all) if task.judge.metric == "loss" and tasks.losses[t]]
    if len({tasks.losses[t] for t in losses}) < 2:
        return ["no two tasks share a metric"]
    each = [say("none shared", "{metric} in {task}", metric=tasks.judged_by(t), task=tasks.all[t].name) for t in losses]
    return say("none shared", "no two tasks share a metric ({each})", each=some(each))
