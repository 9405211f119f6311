"""The sentences below the tables and figures, and those on inequalities between tasks."""

import math

from answer import DEPENDENT
from certainty import none_shared
from computed import APART, Comparison, FEWEST, Improvement, Pair, Profile, pooled
from reading import Tasks
from significance import ALPHA
from spoken import Piece, capital, names, say, some
from tables_due import counts
from written import exactly, is_percentage, p_value, seconds

# Below this number of runs per task, bootstrap intervals are rough.
ENOUGH = 10
Sentences = list[list[Piece]]


def by_task(tasks: Tasks) -> Sentences:
    """Sentences that explain the table of tasks."""
    spread = [t for t in tasks.means if any(len(tasks.all[t].values(label)) > 1 for label in tasks.labels)]
    points = any(is_percentage(tasks.all[t].judge.metric) for t in spread)
    sd = ("; \u00b1 is the standard deviation between seeds" + (", in percentage points for accuracies" if points else "")
          if spread else "")
    level = any(sum(task.leads(label, tasks.labels) for label in tasks.labels) > 1 for task in tasks.all)
    bold = ("Optimizers that are level in front in a task are all in bold, as is one that is best alone." if level else
            "The best of a task is in bold.")
    out = [say("below tasks", "Each optimizer at the configuration that its task's own report chose{sd}. {bold}", sd=sd,
               bold=bold)]
    if tasks.medians:
        out.append(["Where runs stop at the target, the table shows the median over seeds, a run that never got there counting "
                    "as infinite; in brackets how many seeds reached it."])
    out += [one for one in (dashes(tasks), survivors(tasks)) if one]
    best = [t for t, task in enumerate(tasks.all) if task.judge.kind == "best"]
    if best:
        out.append(say("below tasks", "In {tasks} each run counts at its best epoch.", tasks=tasks.names(best)))
    return out


def dashes(tasks: Tasks) -> list[Piece] | None:
    """The sentence on the meaning of a dash; None without dashes."""
    configs = [task.config(label) for task in tasks.all for label in tasks.labels]
    absent, empty = None in configs, any(config and not config.results for config in configs)
    what = {(True, False): "is not part of the task", (False, True): "has no result in the task",
            (True, True): "is not part of the task or has no result in it"}.get((absent, empty))
    return say("below tasks", "A dash: the optimizer {what}.", what=what) if what else None


def survivors(tasks: Tasks) -> list[Piece] | None:
    """The sentence on means of only some seeds, since the others diverged."""
    of = [say("survivors", "{who} in {task} ({k} of {n} seeds diverged)", who=label, task=task.name, k=config.diverged,
              n=len(config.runs))
          for task in (tasks.all[t] for t in tasks.means) for label in tasks.labels
          if (config := task.config(label)) and config.diverged and task.values(label)]
    if not of:
        return None
    template = "The mean of {of} is that of the other seeds" if len(of) == 1 else "The means of {of} are those of the other seeds"
    return say("survivors", template + ": such an optimizer ranks below those without a diverged seed.", of=some(of))


def ranks(tasks: Tasks) -> Sentences:
    """Sentences on ranks."""
    if len(tasks.standings) < 2:
        return []
    below = "one with a diverged seed ranks below those without, " if tasks.diverged(
        tasks.means, [s.label for s in tasks.standings]) else ""
    place = "place of an optimizer's mean" if tasks.means else "place"
    medians = [["Where runs stop at the target, the place is by the median number of training samples until then, a run that "
                "never got there counting as infinite, and equal medians by the number of seeds that got there."]]
    return [say("below ranks", "A rank is the {place} within a task, from 1, among the optimizers that "
                "all tasks have; {below}equal ones share the mean of their places. A mean rank says how often an optimizer is "
                "in front, not by how much.", below=below, place=place)] + (medians if tasks.medians else [])


def standing(tasks: Tasks) -> Sentences:
    """Sentences on pooled values."""
    if not tasks.standings:
        return [["No optimizer has a result in every task, so nothing is compared across tasks."]]
    out = ranks(tasks)
    for group in tasks.groups:
        if len(group.tasks) < len(tasks):
            out.append(say("pooled", "{metric} {is_} pooled over {tasks}; the other tasks are judged by another "
                           "metric.", is_="are" if group.judge.kind == "reached" else "is", metric=capital(group.name), tasks=tasks.names(group.tasks)))
    if not tasks.groups:
        why = "" if len(tasks.standings) == 1 else (
            ": ranks and probabilities of improvement have no unit and are the only aggregates")
        return out + [say("pooled", "Every task is judged by a different metric, so no values are pooled{why}.", why=why)]
    of_medians = [group for group in tasks.groups if group.judge.kind == "reached"]
    of_means = [group for group in tasks.groups if group not in of_medians]
    how = ["Means and interquartile means (IQM: the middle half) are over all runs of the tasks of one metric. "] * bool(of_means)
    how += [f"The median of {group.name} is over all runs of the tasks, one that never got there counting as infinite. "
            for group in of_medians[:1]]
    out.append([*how, "Tasks of different difficulty have different values, so a pooled value describes this set of tasks and nothing "
                "else."])
    every = [pooled(tasks, group.tasks, s.label) for group in of_means for s in tasks.standings]
    made = [p for p in every if p.interval(False)]
    if made:
        rough = say("pooled", " With fewer than {enough} runs per task, as here, they are rough and come out too short.",
                    enough=ENOUGH) if any(p.fewest < ENOUGH for p in made) else ""
        out.append(say("pooled", "Intervals are 95% percentile intervals of the stratified bootstrap: seeds are resampled "
                       "within each task (Agarwal et al. 2021).{rough}", rough=rough))
    if any(p.fewest < FEWEST for p in every):
        out.append(say("pooled", "There is no interval where a task has fewer than {fewest} seeds with a value.",
                       fewest=FEWEST))
    return out + flattered(tasks, sum(p.diverged for p in every))


def flattered(tasks: Tasks, diverged: int) -> Sentences:
    """Sentences on runs that are in no mean."""
    if not diverged:
        return []
    ranked = "; ranks and probabilities of improvement count such a run as the worst" if len(tasks.standings) > 1 else ""
    runs = "One run" if diverged == 1 else say("flattered", "{n} runs", n=diverged)
    are, their = ("is", "its optimizer") if diverged == 1 else ("are", "their optimizers")
    return [say("flattered", "{runs} of the chosen configurations diverged and {are} not in the pooled values, which flatters "
                "{their}{ranked}.", runs=runs, are=are, their=their, ranked=ranked)]


def improvement(tasks: Tasks, found: list[Improvement]) -> Sentences:
    """Sentences on the probability of improvement."""
    if not found:
        return []
    few = any(len(task.sweep.seeds) < ENOUGH for task in tasks.all)
    rough = say("below improvement", ", rough with fewer than {enough} runs per task", enough=ENOUGH) if few else ""
    intervals = say("below improvement", " Intervals are 95% intervals of the stratified bootstrap{rough}; where all runs of "
                    "one beat all runs of the other they have no width, which reflects how few runs there are, not how certain the result is.",
                    rough=rough) if any(i.interval for i in found) else ""
    lost = tasks.lost(list(range(len(tasks))), [s.label for s in tasks.standings])
    worst = say("below improvement", " A run that {lost} is worse than any other.", lost=lost) if lost else ""
    return [say("below improvement", "The probability that a run of the first is better than a run of the second, in each task "
                "over all pairs of runs, then averaged over tasks; 0.5 is level. It has no unit, so all tasks count, "
                "whatever metric they are judged by.{worst}{intervals}", worst=worst, intervals=intervals)]


def comparison(tasks: Tasks, found: Comparison) -> Sentences:
    """Sentences on the tests and their results."""
    if not found.pairs:
        if tasks.groups or len(tasks.standings) < 2:
            return []
        start = none_shared(tasks)
        return [[capital(start[0]), *start[1:], ", so no differences are pooled and nothing is tested across tasks; each "
                 "task's own report tests within it."]]
    out = [tests(found), *reach(found)]
    out += [[DEPENDENT]] if found.dependent else []
    out += [one for one in (opposite(found),) if one]
    for p in found.pairs:
        for t, n, why in p.unlike:
            pairs = "pair of runs is" if n == 1 else "pairs of runs are"
            out.append(say("unlike", "{first} and {second} in {task}: {n} {pairs} left out because {why}.", first=p.first,
                           second=p.second, task=tasks.all[t].name, n=n, pairs=pairs, why=APART[why]))
    if excluded := max(p.excluded for p in found.pairs):
        out.append(say("excluded", "Pairs that lack a result with one of the two optimizers are left out: at most "
                       "{n} per comparison.", n=excluded))
    if neither := max(p.neither for p in found.pairs):
        lost = any_lost(tasks, [(tasks.groups[p.group].tasks, p) for p in found.pairs if p.neither])
        out.append(say("neither", "Two runs of a seed that both {lost} do not show which optimizer is better, and do not "
                       "count: at most {n} per comparison.", n=neither, lost=lost))
    if any(p.diverged for p in found.pairs):
        lost = any_lost(tasks, [(p.tasks, p) for p in found.pairs if p.diverged])
        out.append(say("by ranks", "Where a run {lost}, ranks decide over all pairs of runs: such a run is worse than any other. "
                       "The lead is over the remaining pairs, and does not affect the decision.", lost=lost))
    return out


def any_lost(tasks: Tasks, of: list[tuple[list[int], Pair]]) -> str:
    """The reasons for lost runs of these pairs, each in its tasks."""
    every = " or ".join(tasks.lost(own, [p.first, p.second]) for own, p in of)
    return " or ".join(what for what in ("diverged", "never reached the target") if what in every)


def tests(found: Comparison) -> list[Piece]:
    """The sentence on the test."""
    if any(not p.diverged for p in found.pairs):
        what = ("The permutation test flips the signs of the differences, each divided by the root mean square of its task and "
                "by its number of pairs, so that no task outweighs another by its scale or its seeds")
    else:
        what = ("What is tested are the differences, each divided by the root mean square of its task, so that no task "
                "outweighs another by its scale")
    family = say("below comparison", " Holm's correction for {tests} tests keeps the chance of any false alarm at {level}%.",
                 tests=found.tests, level=5) if found.tests > 1 else ""
    return say("below comparison", "A test with one value per task would need many tasks. Here the unit is a (task, seed) pair: "
               "both optimizers of a pair start from the same weights and see the same batches. {what}. Both leads are means "
               "over tasks of the mean in each; in the unit of the metric, tasks with larger differences "
               "weigh more; standardised, they do not.{family}", what=what, family=family)


def reach(found: Comparison) -> Sentences:
    """Sentences on the smallest p that the number of pairs can reach."""
    if not found.differing:
        return []
    pairs = "one pair that differs" if found.differing == 1 else say("reach", "{n} pairs that differ", n=found.differing)
    corrected = "" if found.tests == 1 else say("reach", " ({p} after the correction)", p=p_value(found.corrected))
    end = [*say("reach", ": underpowered. Whatever the numbers, these seeds cannot show a difference; {needed} or more "
              "pairs that differ could.", needed=found.needed)] if found.corrected > ALPHA else ["."]
    return [say("reach", "The smallest p that {pairs} can reach is {p}{corrected}{end}", pairs=pairs,
                p=p_value(found.smallest), corrected=corrected, end=end)]


def opposite(found: Comparison) -> list[Piece] | None:
    """The sentence on pairs whose two leads differ in sign."""
    of = [say("opposite", "{first} over {second}", first=p.first, second=p.second) for p in found.pairs
          if p.lead is not None and p.lead * p.standard < 0]
    return say("opposite", "The lead of {of} has one sign in the unit of the metric and the opposite sign when standardised: the tasks "
               "disagree, and those with larger differences decide the former.", of=some(of)) if of else None


def race(tasks: Tasks, profile: Profile | None) -> Sentences:
    """Sentences on the race to the target."""
    without = [t for t, task in enumerate(tasks.all) if not task.race]
    if len(without) == len(tasks):
        return [["No task has a value to reach, so there is no time to target: add value = ... to [target] in the sweep files."]]
    if not profile:
        return [["No optimizer that all tasks have reached a target with more than half of its seeds, so there is no "
                 "performance profile."]] if tasks.standings else []
    out: Sentences = [["Time to target is the median over seeds of the training samples fed until the task's target was first "
                       "measured, at the end of an epoch, so that equal times are common: never, where half of the seeds or "
                       "more did not get there."]]
    if len(tasks.standings) < 2:
        return out + [["One optimizer alone has no performance profile."]]
    if without:
        out.append(say("race", "Not counted, since they have no value to reach: {tasks}.", tasks=tasks.names(without)))
    n = len(profile.tasks)
    if n < 3:
        out.append(say("race", "With {tasks} the performance profile is coarse: it can take {values} values.",
                       tasks=counted(n), values=n + 1))
    if tasks.seconds_differ:
        out.append([("seconds", exactly(tasks.seconds_differ))])
    elif tasks.side_by_side:
        out.append(["Runs were trained side by side, so seconds are a guide, not a measurement."])
    return out


def scores(tasks: Tasks, found: Profile | None) -> Sentences:
    """Sentences on scores."""
    if not found or len(tasks.standings) < 2:
        return []
    return [
        say("score", "The score is the fraction of {tasks} whose target an optimizer reaches within \u03c4 times the training "
            "samples of the fastest of those compared, averaged over \u03c4 from 1 to 4 (the benchmark score of AlgoPerf, Dahl "
            "et al. 2023): 1 is the fastest in every task, 0 is never within \u00d74 of the fastest. Times are medians over "
            "seeds, infinite where half of the seeds or more never got there.", tasks=counted(len(found.tasks))),
        ["It is the exact integral of the step function; AlgoPerf publishes a sum over 100 points joined by straight lines, "
         "which counts each step up to half a spacing early or late. Both depend on which optimizers are compared."],
    ]


def counted(n: int) -> str:
    """`one task`, `3 tasks`."""
    return "one task" if n == 1 else f"{n} tasks"


def fairness(tasks: Tasks, found: Comparison) -> Sentences:
    """Sentences on inequalities between tasks and labels."""
    each = [{label: len(task.chosen.of(label)) for label in tasks.labels if task.of(label)} for task in tasks.all]
    uneven = [say("fair", "{task} ({range})", task=task.name, range=counts(list(own.values())))
              for task, own in zip(tasks.all, each) if len(set(own.values())) > 1]
    out: Sentences = [say("fair", "Optimizers were tried with different numbers of configurations in {of}: the best of many "
                          "has had more chances than the best of few.", of=some(uneven)) if uneven else
                      ["Within each task every optimizer was tried with equally many configurations."]]
    changing = [say("fair", "{who} ({range})", who=label, range=counts([own[label] for own in each]))
                for label in tasks.shared if len({own[label] for own in each}) > 1]
    if changing:
        out.append(say("fair", "Tasks tried different numbers of configurations of {of}.", of=some(changing)))
    numbers = [len(task.sweep.seeds) for task in tasks.all]
    if len(set(numbers)) > 1:
        of = [say("fair", "{n} in {task}", n=n, task=task.name) for n, task in zip(numbers, tasks.all)]
        out.append(say("fair", "Tasks differ in their number of seeds: {of}. {weights}", of=some(of),
                       weights=weights(tasks, found)))
    epochs = [counts([run.spec["train"]["epochs"] for run in task.sweep.runs]).want for task in tasks.all]
    if len(set(epochs)) > 1:
        of = [say("fair", "{epochs} in {task}", epochs=own, task=task.name) for own, task in zip(epochs, tasks.all)]
        out.append(say("fair", "Tasks differ in epochs per run: {of}.", of=some(of)))
    out.append([("fair, seconds", exactly(tasks.seconds_differ))] if tasks.seconds_differ else device_time(tasks))
    return out


def weights(tasks: Tasks, found: Comparison) -> str:
    """The sentence on numbers that weight tasks by their runs, and on those that count each task once."""
    tested = [bool(p.diverged) for p in found.pairs if p.test]
    by_runs = "" if not tasks.groups else "Pooled values and tests of signed ranks weigh a task by its runs; " \
        if True in tested else "Pooled values weigh a task by its runs; "
    once = ["mean ranks", *(["leads"] if found.pairs else []), *(["permutation tests"] if False in tested else []),
            "probabilities of improvement"]
    return capital(f"{by_runs}{names(once)} count every task once.")


def device_time(tasks: Tasks) -> list[Piece]:
    """The sentence on the spread of device time over the labels that all tasks have."""
    alike = "Machine, threads and the number of runs side by side are the same in all tasks"
    took = [(math.fsum(tasks.device(t, label) for t in range(len(tasks))), label) for label in tasks.shared]
    if len(took) < 2:
        return [alike, "."]
    (low, a), (high, b) = min(took), max(took)
    spent = say("device time", "{low} for each optimizer", low=seconds(low)) if math.isclose(low, high) else \
        say("device time", "from {low} ({who}) to {high} ({other})", low=seconds(low), who=a, high=seconds(high),
            other=b)
    if tasks.side_by_side:
        return say("device time", "{alike}, but with runs side by side device time is a guide, not a measurement: over all tasks "
                   "{spent}.", alike=alike, spent=spent)
    return say("device time", "{alike}, so device times are comparable: over all tasks {spent}.", alike=alike, spent=spent)
