"""The opening of the page: the headline, its confidence, its cost and its qualifications."""

import math

from certainty import Certainty
from front import of_them
from spoken import Piece, capital, enumerated, names, say, some
from written import exactly, seconds

DEPENDENT = ("Some tasks start a seed's runs from the same weights with the same batches, so their differences depend on "
             "each other and p comes out smaller than it should.")


class Answer(Certainty):
    """The sentences of the opening."""

    def cost(self) -> list[Piece] | None:
        """The sentence on the cost of the optimizers in front, over all tasks."""
        if not self.standings:
            return None
        front = [s.label for s in self.front]
        configs = sum(len(task.chosen.of(label)) for task in self.tasks.all for label in front)
        runs = [run for task in self.tasks.all for label in front for run in task.of(label)]
        every = [run for task in self.tasks.all for run in task.sweep.runs]
        if self.tasks.seconds_differ:
            spent = say("cost", "{steps} of {of} optimizer steps in all (seconds are not comparable: machines, threads or jobs "
                        "differ)", steps=sum(run.row["steps"] or 0 for run in runs),
                        of=sum(run.row["steps"] or 0 for run in every))
        else:
            took = lambda labels: math.fsum(self.tasks.device(t, label) for t in range(self.n) for label in labels)
            spent = say("cost", "{seconds} of device time of the {of} spent in all", seconds=seconds(took(front)),
                        of=seconds(took(self.tasks.labels)))
        raced = self.raced() if len(front) == 1 and len(self.standings) > 1 and self.profile else ""
        return say("cost", "Cost: {configs} configurations ({runs} runs) of {who} over all tasks took {spent}{raced}.",
                   configs=exactly(str(configs)), runs=sum(run.has_result for run in runs), who=names(front), spent=spent,
                   raced=raced)

    def raced(self) -> list[Piece]:
        """The sentence on the numbers of tasks in which it reached the target, and was first."""
        label, profile = self.standings[0].label, self.profile
        n = len(profile.tasks)
        there = [math.isfinite(times[label]) for times in profile.times]
        some_seeds = [say("cost, target", "in {task} with {got} of {of}", task=self.tasks.all[t].name, got=reached[label][0],
                          of=reached[label][1])
                      for t, got_there, reached in zip(profile.tasks, there, profile.reached)
                      if not got_there and reached[label][0]]
        # If runs stop at the target, ranks are those of the race.
        led = sum(self.tasks.all[t].leads(label, self.tasks.shared) if t in self.tasks.medians else profile.first(at, label)
                  for at, t in enumerate(profile.tasks))
        which = {0: "none", 1: "one"}.get(led, "both" if led == n == 2 else "all" if led == n else str(led))
        first = say("cost, target", ", and was first of those compared, alone or level, in {led}", led=which) \
            if any(there) or led else ""
        return say("cost, target", ". In the median over seeds it reached the target in {of} that {have} one{some}{first}",
                   of=of_them("cost, target", sum(there), n), have="has" if n == 1 else "have",
                   some=[" (", *enumerated(some_seeds), ")"] if some_seeds else "", first=first)

    def details(self) -> list[list[Piece]]:
        """The sentences that qualify the answer."""
        out = self.left_out()
        if not self.standings:
            return out
        out += [found for found in (self.uneven(), self.elsewhere(), self.better_elsewhere()) if found]
        if self.comparison.dependent and self.comparison.tests:
            out.append([DEPENDENT])
        these = "these two tasks" if self.n == 2 else f"these {self.n} tasks"
        return out + [say("scope", "All of this holds for {these}, at the budgets they were given. They are not a random sample "
                          "of tasks, so it does not say how the optimizers compare on others.", these=these)]

    def left_out(self) -> list[list[Piece]]:
        """Sentences on labels that are not in every task, and on tasks that are not distinct."""
        out, tasks = [], self.tasks.all
        if self.tasks.left_out:
            each = [say("left out", "{who} ({why})", who=who, why=why) for who, why in self.tasks.left_out]
            out.append(say("left out", "Only optimizers with a result in every task are compared across tasks. Left out: "
                           "{each}.", each=enumerated(each)))
        for b in range(self.n):
            for a in range(b):
                if runs := tasks[a].cells & tasks[b].cells:
                    out.append(say("twins", "{a} and {b} hold {n} of the same runs, so they are not distinct tasks: intervals and tests "
                                   "over both would count these runs twice, so there are none. Report one of the two with the "
                                   "others.", a=tasks[a].name, b=tasks[b].name, n=len(runs)))
        said: set[int] = set()
        for a in range(self.n):
            same = [a] + [b for b in range(a + 1, self.n)
                          if not tasks[a].cells & tasks[b].cells and tasks[a].settings == tasks[b].settings]
            if len(same) > 1 and a not in said:
                out.append(say("alike", "{tasks} train the same model on the same data with the same budget: they are one task "
                               "with other seeds or grids, and each of them counts where tasks are counted.",
                               tasks=self.tasks.names(same)))
            said |= set(same)
        return out

    def uneven(self) -> list[Piece] | None:
        """The sentence on tasks whose optimizers finished different numbers of seeds, if runs lack a result."""
        of, kinds = [], set()
        for task in self.tasks.all:
            reached = task.judge.kind == "reached"
            known = [len(c.config.results if reached else task.values(c.config.label))
                     for c in task.chosen.choices.values() if c.config.results]
            lacking = any(not run.has_result for run in task.sweep.runs)
            if known and min(known) < max(known) and lacking:
                kinds.add("medians" if reached else "means")
                of.append(say("uneven", "{task} ({fewest} to {most})", task=task.name, fewest=min(known), most=max(known)))
        own = "" if self.comparison.tests else ", in each task's own report,"
        return say("uneven", "Optimizers have finished different numbers of seeds in {of}, so their {averages} there rest "
                   "on different runs: the differences seed by seed{own} are the fairer comparison.", of=some(of), own=own,
                   averages=names(sorted(kinds))) \
            if of else None

    def elsewhere(self) -> list[Piece] | None:
        """The sentence on tasks in which an optimizer behind is better, or only some of those in front are best."""
        better: dict[str, list[str]] = {}
        for task in self.tasks.all:
            led = [s.label for s in self.standings if task.leads(s.label, self.tasks.shared)]
            if led and not all(s.label in led for s in self.front):
                better.setdefault(names(led), []).append(task.name)
        if not better:
            return None
        among = "the best of the optimizers in every task is" if self.tasks.left_out else "the best is"
        start = say("elsewhere", "{who} is not best everywhere; ", who=self.front[0].label) if not self.is_level else []
        places: list[Piece] = []
        for who, tasks in better.items():
            places += [*("; " if places else ""), *say("elsewhere", "{who} in {tasks}", who=who, tasks=names(tasks))]
        return [*start, among if start else capital(among), " ", *places, "."]

    def better_elsewhere(self) -> list[Piece] | None:
        """The sentence on optimizers that are not in every task, but better than all in front in their tasks."""
        places = []
        for label, _ in self.tasks.left_out:
            where = []
            for task in self.tasks.all:
                ranks = task.ranks(self.tasks.labels)
                if task.values(label) and all(ranks[label] < ranks[s.label] for s in self.front):
                    where.append(task.name)
            if where:
                places.append(say("better elsewhere", "{who} in {tasks}", who=label, tasks=names(where)))
        than = "those in front" if self.is_level else self.front[0].label
        return say("better elsewhere", "Better than {than}, but without a result in every task: {places}.", than=than,
                   places=some(places)) if places else None
