"""Comparison of functions: the value that each optimizer reached on each function, which is a separate task."""

import math
from functools import cache
from dataclasses import dataclass, replace

import estimates
from choosing import Chosen, Config, choose
from pairs import VANISHED
from tables import BOLD, Cell
from world import World
from written import Shown, count, digits, exactly, listed, number

# Width of the box of each saddle along x; a step may have at most a tenth of it.
SADDLES = {"saddle": 3.0, "monkey-saddle": 3.0}
STRIDE = 0.1
LOWEST = {
    "beale": lambda x, y: sum((c - x + x * y**n) ** 2 for c, n in ((1.5, 1), (2.25, 2), (2.625, 3))),
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    "rastrigin": lambda x, y: 20 + sum(v**2 - 10 * math.cos(2 * math.pi * v) for v in (x, y)),
    "himmelblau": lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    "ravine": lambda x, y: (x**2 + 100 * y**2) / 2,
}


@dataclass
class Task:
    """A function with the chosen configuration of each label; None if all were thrown out of the box."""

    function: str
    chosen: Chosen
    best: dict[str, Config | None]

    @property
    def saddle(self) -> bool:
        return self.function in SADDLES

    def value(self, config: Config) -> float | None:
        """Mean value after the last step over completed seeds."""
        return estimates.mean(self.chosen.values(self.chosen.judge, config))

    def level(self, a: float, b: float) -> bool:
        """Whether two values are equal in 32-bit floats: within a millionth, or both negligible compared with the start."""
        model = self.chosen.sweep.runs[0].spec["model"]
        nothing = VANISHED * abs(LOWEST[self.function](model["start_x"], model["start_y"]))
        return max(abs(a), abs(b)) <= nothing or abs(a - b) <= 1e-6 * max(abs(a), abs(b))


@cache
def tasks(world: World) -> list[Task]:
    """The functions in the order of the plan."""
    out = []
    for function in world.sweep.functions:
        runs = [replace(run, axes={k: v for k, v in run.axes.items() if k != "model.function"})
                for run in world.sweep.runs if run.function == function]
        axes = {label: [a for a in names if a != "model.function"] for label, names in world.sweep.axes.items()}
        chosen = Chosen(replace(world.sweep, runs=runs, axes=axes))
        best = {label: chosen.choices[label].config for label in chosen.choices}
        if function in SADDLES:
            best = {label: soonest(chosen, label, function) for label in chosen.choices}
        out.append(Task(function, chosen, best))
    return out


def longest_step(run) -> float:
    """The longest step between recorded positions."""
    xs, ys = run.measured("train", "x"), run.measured("train", "y")
    path = [(x[1], x[2], y[2]) for x, y in zip(xs, ys)]
    steps = [math.hypot(b[1] - a[1], b[2] - a[2]) / max(1, b[0] - a[0]) for a, b in zip(path, path[1:])]
    return max(steps, default=0.0)


def left_after(config: Config) -> float | None:
    """Mean steps after which all runs left the saddle."""
    if not all(run.row["stop_reason"] == "left_domain" for run in config.runs):
        return None
    return sum(run.row["steps"] for run in config.runs) / len(config.runs)


def soonest(chosen: Chosen, label: str, function: str) -> Config | None:
    """The configuration without a long step that left the saddle first, or else the one with the lowest value."""
    walked = [c for c in chosen.of(label)
              if all(longest_step(run) <= STRIDE * SADDLES[function] for run in c.runs if run.row["steps"])]
    left = [(steps, c.place, c) for c in walked if (steps := left_after(c)) is not None]
    if left:
        return min(left)[2]
    return choose(chosen, walked).config if walked else None


def steps_text(steps: float) -> Shown:
    """A number of steps, or the mean of several."""
    return count(int(steps)) if steps == int(steps) else number(steps)


def cell(task: Task, label: str) -> Cell:
    """The value that a label reached on a function, with its learning rate."""
    config = task.best.get(label)
    if config is None:
        return exactly("thrown")
    rate = digits(config.rate, 3)
    if task.saddle:
        if (steps := left_after(config)) is not None:
            return r"left after (?P<steps>[\d.,]+) \(lr (?P<rate>\S+)\)", {"steps": steps_text(steps), "rate": rate}
        why = "diverged" if config.diverged else "not left"
        return rf"{why} \(lr (?P<rate>\S+)\)", {"rate": rate}
    value = task.value(config)
    if value is None:
        return exactly("diverged" if config.diverged else "no result")
    return r"(?P<value>\S+) \(lr (?P<rate>\S+)\)", {"value": number(value), "rate": rate}


@cache
def function_table(world: World) -> list[tuple[str, dict[str, Cell]]]:
    """The table with a row per label and a column per function."""
    if not world.sweep.functions:
        return []
    found = tasks(world)
    return [(label, {"Optimizer": exactly(label), BOLD: {task.function: foremost(task, label) for task in found}}
             | {task.function: cell(task, label) for task in found}) for label in world.sweep.labels]


def foremost(task: Task, label: str) -> bool:
    """Whether a label has the lowest value on a function, or left its saddle first; several labels may be level."""
    config = task.best.get(label)
    if config is None:
        return False
    if task.saddle:
        left = [s for c in task.best.values() if c is not None and (s := left_after(c)) is not None]
        return bool(left) and left_after(config) == min(left)
    value, lowest = task.value(config), task.value(task.chosen.ranked()[0])
    return None not in (value, lowest) and not config.diverged and task.level(value, lowest)


def named(config: Config) -> tuple[str, float]:
    return config.label, config.rate


@cache
def detail(world: World, function: str) -> tuple[str, dict[str, Shown]]:
    """The pattern of the sentence on a function, and its values."""
    task = next(t for t in tasks(world) if t.function == function)
    wanted: dict[str, Shown] = {}

    def name(config: Config, i: int) -> str:
        wanted[f"label{i}"], wanted[f"rate{i}"] = exactly(config.label), digits(config.rate, 3)
        return rf"(?P<label{i}>.+?) \(lr (?P<rate{i}>\S+?)\)"

    if task.saddle:
        left = sorted((steps, i, c) for i, c in enumerate(task.best.values())
                      if c is not None and (steps := left_after(c)) is not None)
        wanted |= {"left": count(len(left)), "of": count(len(world.sweep.labels))}
        pattern = r"(?P<left>\d+) of (?P<of>\d+) optimizers have left it by short steps"
        if left:
            pattern += rf", {name(left[0][2], 0)} first, after (?P<steps>[\d.,]+) steps?"
            wanted["steps"] = steps_text(left[0][0])
        return pattern, wanted
    ranked = [c for c in task.chosen.ranked() if task.value(c) is not None]
    if not ranked:
        return "no run has completed", {}
    lowest = task.value(ranked[0])
    wanted["value"] = number(lowest)
    level = [c for c in ranked if task.level(task.value(c), lowest) and bool(c.diverged) == bool(ranked[0].diverged)]
    if len(level) > 1:
        wanted["level"] = count(len(level))
        names = listed([name(c, i) for i, c in enumerate(level)])
        most = max(task.value(c) for c in level)
        wanted["most"] = exactly("") if f"{most:.2e}" == f"{lowest:.2e}" else number(most)
        return rf"(?P<level>\d+) ended equally low, at (?P<value>[\d.e-]+)(?: to (?P<most>[\d.e-]+))?: {names}", wanted
    then = listed([name(c, i) for i, c in enumerate(ranked[1:3], 1)])
    return rf"{name(ranked[0], 0)} ended lowest, at (?P<value>[\d.e-]+){'; then ' + then if then else ''}", wanted
