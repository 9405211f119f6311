"""The expected rows of the tables of the page."""

import math

import estimates
from choosing import Measure
from computed import Comparison, Improvement, Pooled, Profile, pooled, score
from reading import Group, Task, Tasks
from tables import BOLD, mean_and_deviation
from written import DASH, MINUS, NOTHING, Shown, count, exact_number, exactly, is_percentage, is_shown, listed
from written import metric, number, p_value, percent, seconds

EMPTY = exactly("")
Rows = list[tuple[str, dict]]
VERDICTS = {"better": "first is better", "worse": "second is better", "not shown": "no difference shown",
            "underpowered": "underpowered"}


def rank(value: float | None) -> Shown:
    """A rank: whole, or a half."""
    return exactly(NOTHING if value is None else f"{value:g}")


def two(value: float | None) -> Shown:
    """A number to two decimals."""
    return exactly(NOTHING) if value is None else number(value)


def percentage(measure: Measure) -> bool:
    """Whether values are written in percent."""
    return measure.kind != "reached" and is_percentage(measure.metric)


def signed(value: float | None, scale: float = 1.0) -> Shown:
    """A number with its sign; 0 has none."""
    if value is None:
        return exactly(NOTHING)
    sign = "+" if value > 0 else MINUS if value < 0 else ""

    def fits(text: str) -> bool:
        return text.startswith(sign) and (sign != "" or text[0].isdigit()) and is_shown(text, value, scale)

    return Shown(f"{sign}{abs(value * scale):.8g}", fits)


def counts(values: list[int]) -> Shown:
    """`5`, `1 and 5`, or `1 to 5` for more values."""
    each = sorted(set(values))
    if len(each) == 1:
        return count(each[0])
    return exactly(f"{each[0]:,} {'and' if len(each) == 2 else 'to'} {each[-1]:,}")


def what(tasks: Tasks, t: int) -> str:
    """The suffix of a task's column header."""
    if tasks.all[t].judge.kind == "reached":
        return ", median (seeds that reached it)"
    several = any(len(tasks.all[t].values(label)) > 1 for label in tasks.labels)
    return ", mean \u00b1 sd" if several else ""


def value(task: Task, label: str):
    """Mean and deviation of a label in a task; a word if all of its seeds diverged."""
    config = task.config(label)
    if config and config.completed and task.judge.kind == "reached":
        return r"(?P<median>\S+) \((?P<reached>\d+) of (?P<of>\d+)\)", {
            "median": samples(estimates.median(task.outcomes(label))), "reached": count(len(task.values(label))),
            "of": count(len(config.results))}
    if config and (values := task.values(label)):
        return mean_and_deviation(task.judge.metric, values)
    return exactly("diverged" if config and config.diverged else NOTHING)


def samples(value: float) -> Shown:
    """A number of samples; `never` if infinite."""
    return exactly("never") if math.isinf(value) else number(value)


def strong(cells: dict, bold: set[str]) -> dict:
    """A row with its columns in bold."""
    return cells | {BOLD: {column: column in bold for column in cells}}


def by_task(tasks: Tasks) -> Rows:
    """The rows of each optimizer in each task."""
    ranked = {s.label: s.mean_rank for s in tasks.standings} if len(tasks.standings) > 1 else {}
    rows = []
    for label in [s.label for s in tasks.standings] + [label for label, _ in tasks.left_out]:
        cells = {"Optimizer": exactly(label)} | ({"Mean rank": two(ranked.get(label))} if ranked else {})
        bold = set()
        for t, task in enumerate(tasks.all):
            head = f"{task.name}: {tasks.judged_by(t)}{what(tasks, t)}"
            cells[head] = value(task, label)
            bold |= {head} if task.leads(label, tasks.labels) else set()
        rows.append((label, strong(cells, bold)))
    return rows


def standing(tasks: Tasks) -> Rows:
    """The rows of optimizers over all tasks."""
    rows, among = [], len(tasks.standings) > 1
    for s in tasks.standings:
        cells = {
            "Optimizer": exactly(s.label),
            "Mean rank": two(s.mean_rank if among else None),
            "Tasks led, alone or level": exactly(f"{s.led} of {len(tasks)}" if among else NOTHING),
            "Worst rank": rank(max(s.ranks) if among else None),
        }
        for group in tasks.groups:
            cells |= pooled_cells(group, pooled(tasks, group.tasks, s.label))
        first = among and s.mean_rank == tasks.standings[0].mean_rank
        rows.append((s.label, strong(cells, {"Optimizer"} if first else set())))
    return rows


def pooled_cells(group: Group, found: Pooled) -> dict:
    """Columns of one metric."""
    name, of = group.name[:1].upper() + group.name[1:], group.judge.metric
    if group.judge.kind == "reached":
        runs = len(found.values) + found.diverged
        middle = estimates.median(found.values + [math.inf] * found.diverged)
        return {f"{name}: median over runs": samples(middle),
                f"{name}: runs that reached it": exactly(f"{len(found.values)} of {runs}")}
    return {
        f"{name}: mean over runs": metric(of, found.mean) if found.fewest else exactly(NOTHING),
        f"{name}: mean, 95% interval": ends(of, found.interval(False)),
        f"{name}: IQM over runs": metric(of, found.middle) if found.fewest else exactly(NOTHING),
        f"{name}: IQM, 95% interval": ends(of, found.interval(True)),
        f"{name}: runs pooled": count(len(found.values)),
    }


def ends(of: str, interval):
    """Both ends of an interval."""
    if interval is None:
        return exactly(NOTHING)
    scale, unit = (100.0, "%") if is_percentage(of) else (1.0, "")
    return rf"(?P<low>[^{DASH}]+){DASH}(?P<high>[^{DASH}]+)", {"low": interval.shown(0, scale),
                                                              "high": interval.shown(1, scale, unit)}


def improvement(found: list[Improvement]) -> Rows:
    """The probability of improvement of every pair."""
    return [(f"{i.first}, {i.second}", strong({
        "First": exactly(i.first),
        "Second": exactly(i.second),
        "Probability of improvement": two(i.probability),
        "Its 95% interval": ends("", i.interval),
        "Lowest of a task": two(min(i.by_task)),
        "Highest of a task": two(max(i.by_task)),
    }, set())) for i in found]


def comparison(tasks: Tasks, found: Comparison) -> Rows:
    """The rows of every tested pair."""
    rows, fewer = [], any(p.n < p.compared for p in found.pairs)
    for p in found.pairs:
        cells = {"First": exactly(p.first), "Second": exactly(p.second)}
        for g, group in enumerate(tasks.groups):
            points = percentage(group.judge)
            head = f"Lead in {'points of ' if points else ''}{group.name}"
            cells[head] = signed(p.lead if g == p.group else None, 100.0 if points else 1.0)
        said = "level on all pairs" if p.all_level and p.test else VERDICTS.get(
            p.verdict, "not tested" if p.compared > 1 else "too few pairs")
        ranks = p.diverged > 0
        cells |= {
            "Lead, standardised": signed(p.standard),
            "Tasks in the lead": count(len(p.lead_tasks)) if fewer else EMPTY,
            "Pairs in the lead": count(p.n) if fewer else EMPTY,
            "Tasks": count(len(p.tasks)),
            "Pairs of runs": count(p.compared),
            "Won": exactly(f"{p.won} of {p.compared}"),
            "p, sign flips": p_value(p.test.p if p.test and not ranks else None),
            "p, signed ranks": p_value(p.test.p if p.test and ranks else None),
        } | ({"p, Holm": p_value(p.adjusted)} if found.tests > 1 else {}) | {"Verdict": exactly(said)}
        bold = {"First": p.better == p.first, "Second": p.better == p.second, "p, Holm": p.shown, "Verdict": p.shown}
        rows.append((f"{p.first}, {p.second}", strong(cells, {column for column, wanted in bold.items() if wanted})))
    return rows


def race(tasks: Tasks, found: Profile | None) -> Rows:
    """The rows of samples to the target by task."""
    if not found:
        return []
    rows, compared = [], len(tasks.standings) > 1
    for s in tasks.standings:
        cells, bold = {"Optimizer": exactly(s.label)}, set()
        for t, times in zip(found.tasks, found.times):
            told = "samples to the target (\u00d7 the fastest of those compared)" if compared else \
                "median samples to the target"
            head = f"{tasks.all[t].name}: {told}"
            own, best = times[s.label], min(times.values())
            cells[head] = time(own, best if compared else 0.0)
            bold |= {head} if compared and own == best and math.isfinite(own) else set()
        rows.append((s.label, strong(cells, bold)))
    return rows


def scores(tasks: Tasks, found: Profile | None) -> Rows:
    """The rows of scores over tasks, the best first."""
    if not found or len(tasks.standings) < 2:
        return []
    each = {s.label: score(found, s.label) for s in tasks.standings}
    n, rows = len(found.tasks), []
    # Sums of equal ratios in another order differ in their last bits.
    best = max(round(exact, 9) for exact, _ in each.values())
    for label in sorted(each, key=lambda label: -round(each[label][0], 9)):
        exact, points = each[label]
        own = [(times[label], min(times.values())) for times in found.times if math.isfinite(times[label])]
        rows.append((label, strong({
            "Optimizer": exactly(label),
            "Score": exactly(f"{exact:.4f}"),
            "By 100 points": exactly(f"{points:.4f}"),
            "Fastest in": exactly(f"{sum(time == first for time, first in own)} of {n}"),
            "Within \u00d74 in": exactly(f"{sum(time <= 4.0 * first for time, first in own)} of {n}"),
            "Target reached in": exactly(f"{len(own)} of {n}"),
        }, {"Score"} if round(exact, 9) == best else set())))
    return rows


def time(own: float, best: float):
    """`2,400 (×1.00)`."""
    if math.isinf(own):
        return exactly("never")
    if not best:
        return number(own)
    return r"(?P<samples>[\d,.]+) \(\u00d7(?P<ratio>[\d.]+)\)", {"samples": number(own), "ratio": number(own / best)}


def ledger(tasks: Tasks) -> Rows:
    """The rows of each optimizer's budget in each task."""
    rows = []
    for t, task in enumerate(tasks.all):
        for label in tasks.labels:
            runs = task.of(label)
            if not runs:
                continue
            rows.append((f"{label} in {task.name}", strong({
                "Task": exactly(task.name),
                "Optimizer": exactly(label),
                "Configurations": count(len(task.chosen.of(label))),
                "Seeds planned": count(len(task.sweep.seeds)),
                "Epochs a run": counts([run.spec["train"]["epochs"] for run in runs]),
                "Runs": count(len(runs)),
                "Completed": count(sum(run.completed for run in runs)),
                "Diverged": count(sum(run.diverged for run in runs)),
                "No result": count(sum(not run.has_result for run in runs)),
                "Optimizer steps": count(sum(run.row["steps"] or 0 for run in runs)),
                "Device time": seconds(None if tasks.seconds_differ else tasks.device(t, label)),
            }, set())))
    return rows


def experiments(tasks: Tasks) -> Rows:
    """The rows that describe each task."""
    def distinct(values) -> Shown:
        return exactly(listed(sorted(set(values))))

    rows = []
    for t, task in enumerate(tasks.all):
        specs = [run.spec for run in task.sweep.runs]
        rows.append((task.name, strong({
            "Task": exactly(task.name),
            "Description": exactly(task.sweep.description),
            "Data": distinct(spec["data"]["dataset"] for spec in specs),
            "Model": distinct(spec["model"]["kind"] for spec in specs),
            "Epochs": counts([spec["train"]["epochs"] for spec in specs]),
            "Batch size": counts([spec["data"]["batch_size"] for spec in specs]),
            "Seeds": count(len(task.sweep.seeds)),
            "Optimizers": count(len(task.sweep.labels)),
            "Chosen by": exactly(tasks.counted(t, task.chosen.goal)),
            "Judged by": exactly(tasks.counted(t, task.judge)),
            "Target": target(tasks, t),
            "Sweep file": exactly(f"{task.name}.toml"),
        }, set())))
    return rows


def target(tasks: Tasks, t: int):
    """`a validation accuracy of at least 85%`."""
    sweep = tasks.all[t].sweep
    if sweep.value is None:
        return exactly("none")
    asked = percent(sweep.value) if is_percentage(sweep.metric) else exact_number(sweep.value)
    return r"(?P<words>.+ )(?P<value>\S+)", {"words": exactly(tasks.target(t)), "value": asked}
