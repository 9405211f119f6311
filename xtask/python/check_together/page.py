"""The page over several reports, with every heading, sentence and cell recomputed and compared."""

import re
from itertools import combinations
from pathlib import Path

import answer
import tables_due
import words
from checks import Checks
from computed import Comparison, improvement, profile
from document import read
from reading import Tasks
from spoken import Section, capital, hear_all, say
from tables import compare

RANKS, PROFILE = "Rank of each optimizer in each task", "Performance profile: time to target"
SCORES = "Distribution of scores over all runs"


class World:
    """The tasks of a page and all recomputed values."""

    def __init__(self, folders: list[Path]):
        self.tasks = Tasks(folders)
        self.labels = [s.label for s in self.tasks.standings]
        self.improvements = [improvement(self.tasks, a, b) for a, b in combinations(self.labels, 2)]
        self.comparison = Comparison(self.tasks)
        self.profile = profile(self.tasks) if self.labels else None
        self.sections = due(self)


def due(world: World) -> list[Section]:
    """The expected page."""
    tasks, comparison = world.tasks, world.comparison
    opening = answer.Answer(tasks, comparison, world.improvements, world.profile)
    title = " + ".join(task.name for task in tasks.all)
    first = Section(title, [say("title", "{n} experiments together.", n=len(tasks)), opening.headline()])
    first.bullets = [b for b in (opening.certainty(), opening.cost()) if b] + opening.details()
    out = [first]

    def add(heading: str, rows: list, sentences: list) -> None:
        # Without a table there is no heading, and the sentences belong to the previous one.
        if rows:
            out.append(Section(heading, table=(heading, rows)))
        out[-1].paragraphs += sentences

    add("Each optimizer in each task", tables_due.by_task(tasks), words.by_task(tasks))
    add("Over all tasks", tables_due.standing(tasks), words.standing(tasks))
    add("Probability of improvement", tables_due.improvement(world.improvements),
        words.improvement(tasks, world.improvements))
    add("Who is better than whom on these tasks", tables_due.comparison(tasks, comparison),
        words.comparison(tasks, comparison))
    add("Time to target", tables_due.race(tasks, world.profile), words.race(tasks, world.profile))
    add("Score", tables_due.scores(tasks, world.profile), words.scores(tasks, world.profile))
    out += figures(world)
    out.append(Section("Was it fair?", words.fairness(tasks, comparison), table=("ledger", tables_due.ledger(tasks))))
    out.append(Section("The tasks", table=("tasks", tables_due.experiments(tasks))))
    return out


def figures(world: World) -> list[Section]:
    """The figures with their captions."""
    tasks, out = world.tasks, []
    if len(tasks.labels) > 1:
        out.append(Section(RANKS, [ranks(world)], image=f"![{RANKS}](figures/ranks.svg)"))
    if world.profile and len(world.labels) > 1:
        n = len(world.profile.tasks)
        coarse = say("caption, profile", " With {tasks} it is coarse: it has only {heights} possible heights.", tasks=words.counted(n),
                     heights=n + 1) if n < 3 else ""
        caption = say("caption, profile", "Per cent of the tasks with a target that an optimizer solves within \u03c4 times the "
                      "time of the fastest of those compared (Dolan and Mor\u00e9 2002), over {tasks}. Time is the median over "
                      "seeds; a task counts as unsolved where half of the seeds or more never reached its target.{coarse}",
                      tasks=words.counted(n), coarse=coarse)
        out.append(Section(PROFILE, [caption], image=f"![{PROFILE}](figures/profile.svg)"))
    for g, group in enumerate(tasks.groups):
        if not any(tasks.all[t].values(label) for t in group.tasks for label in world.labels):
            continue
        than = "above" if group.judge.higher else "at or below"
        reached, what = group.judge.kind == "reached", tasks.lost(group.tasks, world.labels)
        lost = say("caption, scores", " A run that {what} is never {than} any \u03c4.", what=what,
                   than="there within" if reached else than) if what else ""
        runs = ["runs that reached the target within \u03c4 training samples"] if reached else say(
            "caption, scores", "runs with a {metric} {than} \u03c4", metric=group.name, than=than)
        caption = say("caption, scores", "Per cent of {runs} (Agarwal et al. 2021), all seeds of "
                      "{tasks} pooled, each optimizer at the configuration chosen in each task.{lost}", runs=runs, tasks=words.counted(len(group.tasks)), lost=lost)
        name = "scores" if g == 0 else f"scores-{g + 1}"
        out.append(Section(SCORES, [caption], image=f"![{SCORES}](figures/{name}.svg)"))
    return out + strips(world)


def ranks(world: World):
    """The caption of the figure of ranks."""
    tasks = world.tasks
    configs = [task.config(label) for task in tasks.all for label in tasks.labels]
    ties = "; one with a diverged seed is behind those without" if tasks.diverged(tasks.means, tasks.labels) else ""
    ties += "; equal medians by the number of seeds that got there" if tasks.medians else ""
    by = "mean over seeds" if not tasks.medians else "median over seeds" if not tasks.means else \
        f"mean over seeds, in {tasks.names(tasks.medians)} the median,"
    down = {0: "", 1: "; the optimizer that every task has comes first"}.get(
        len(world.labels), "; optimizers from the best mean rank down" +
        (", then those without a result in every task" if tasks.left_out else ""))
    crossed = any(c and c.results and not (c.completed if task.judge.kind == "reached" else task.values(label))
                  for task in tasks.all for label in tasks.labels for c in [task.config(label)])
    missing = any(not c or not c.results for c in configs)
    signs = (["a cross: all its runs diverged"] if crossed else []) + (
        ["hatched: it is not part of the task or has no result"] if missing else [])
    return say("caption, ranks", "Place of each optimizer within each task by the {by} of the task's evaluation metric, "
               "among all optimizers of that task{ties}{down}{signs}.", by=by, ties=ties, down=down,
               signs=f" ({'; '.join(signs)})" if signs else "")


def strips(world: World) -> list[Section]:
    """The figures of seeds, for each task with a value."""
    tasks, out = world.tasks, []
    for t, task in enumerate(tasks.all):
        if not any(task.values(label) for label in task.sweep.labels):
            continue
        heading = f"{task.name}: {tasks.judged_by(t)}"
        reached = task.judge.kind == "reached"
        when = "" if reached else " at each run's best epoch" if task.judge.kind == "best" else " after the last epoch"
        lost = "never reached the target" if reached else "diverged"
        lane = say("caption, task", " Runs that {lost} are drawn in a lane at the end of the axis.", lost=lost) \
            if tasks.lost([t], task.sweep.labels) else ""
        caption = say("caption, task", "{metric}{when}, in {task}: dots are single seeds, the best optimizer is on "
                      "top.{lane}", metric=capital(tasks.judged_by(t)), when=when, task=task.name, lane=lane)
        out.append(Section(heading, [caption], image=f"![{heading}](figures/task-{t + 1:02}.svg)"))
    return out


def check(world: World, text: str) -> Checks:
    """Compares a page with the expected one."""
    checks, found = Checks(), read(text)
    headings = [section.heading for section in found], [section.heading for section in world.sections]
    if headings[0] != headings[1]:
        checks.differs("headings", f"are {headings[0]}, should be {headings[1]}")
    images = [line.replace("\\", "") for line in text.split("\n") if line.startswith("![")]
    wanted = [section.image for section in world.sections if section.image]
    if images != wanted:
        checks.differs("images", f"are {images}, should be {wanted}")
    for own, section in zip(world.sections, found):
        hear_all(checks, own.heading, section.paragraphs, own.paragraphs)
        hear_all(checks, own.heading, section.bullets, own.bullets)
        if own.table:
            compare(checks, own.table[0], section.tables[0] if section.tables else None, own.table[1])
        if len(section.tables) > bool(own.table):
            checks.differs("table", f"{own.heading} has one too many")
    # The opening must be in bold.
    if not re.search(r"\n\*\*.+\*\*\n", text):
        checks.differs("headline", "is not in bold")
    return checks
