"""All recomputed values of one sweep, and words that several parts of the report share."""

import math
from functools import cached_property

from choosing import Chosen, Config
from edges import edges
from facts import Sweep
from pairs import Comparison, whole
from race import race


class World:
    """A sweep with its chosen configurations, comparison and race."""

    def __init__(self, sweep: Sweep):
        self.sweep = sweep
        self.chosen = Chosen(sweep)
        self.goal, self.judge = self.chosen.goal, self.chosen.judge

    @cached_property
    def comparison(self) -> Comparison:
        return Comparison(self.chosen)

    @cached_property
    def race(self):
        return race(self.chosen)

    @cached_property
    def apart(self) -> bool:
        """Whether functions are judged one by one."""
        return len(self.sweep.functions) > 1 or any("saddle" in f for f in self.sweep.functions)

    @cached_property
    def best(self) -> list[Config]:
        """The chosen configurations in the order of the file."""
        return [c.config for c in self.chosen.choices.values()]

    @cached_property
    def edges(self):
        """Edges by label."""
        return {label: edges(self.chosen, label) for label in self.chosen.choices}

    def describe(self, config: Config) -> str:
        """The values that distinguish a configuration within its label."""
        text = f"lr {short(config.rate)}"
        for path, value in config.runs[0].axes.items():
            if path not in ("optimizer.lr", "seed"):
                text += f", {path.removeprefix('optimizer.')} {axis(value)}"
        return text

    def schedule(self, config: Config) -> str:
        return config.runs[0].spec["schedule"]["kind"]

    def scheduled(self, config: Config) -> str:
        """A configuration with its schedule, if that is neither constant nor an axis."""
        kind = self.schedule(config)
        plain = kind == "constant" or "schedule.kind" in config.runs[0].axes
        return self.describe(config) + ("" if plain else f", {kind}")

    @cached_property
    def bold(self) -> list[Config]:
        """Labels in front, which are set in bold."""
        # Imported here, since `answers`, which has the rule for level labels, needs this module.
        from answers import in_front_of_all
        return in_front_of_all(self)

    def values(self, measure, config: Config) -> list[float]:
        return self.chosen.values(measure, config)

    def last(self, config: Config, split: str, metric: str) -> list[float]:
        """Values of a metric after the last epoch of the completed seeds."""
        found = [run.last(split, metric) for run in config.completed]
        return [v for v in found if v is not None and math.isfinite(v)]

    @cached_property
    def whole(self) -> int:
        """The number of samples behind the judged accuracies; 0 for other metrics."""
        return whole(self.judge, self.chosen.configs[0])

    @cached_property
    def tried(self) -> dict[str, int]:
        """Configurations with a result by label."""
        return {label: sum(bool(c.results) for c in self.chosen.of(label)) for label in self.sweep.labels}


def short(x: float, plain_from: float = 1e-4) -> str:
    """A parameter in its shortest form: plain up to 100,000, otherwise with an exponent."""
    if x == 0:
        return "0"
    digits, exponent = f"{x:.17e}".split("e")
    for count in range(17):
        digits, exponent = f"{x:.{count}e}".split("e")
        if float(f"{digits}e{exponent}") == x:
            break
    power = int(exponent)
    if plain_from <= abs(x) < 1e5:
        return f"{x:.{max(0, len(digits.replace('-', '').replace('.', '')) - 1 - power)}f}"
    return f"{digits}e{power}"


def axis(value) -> str:
    """The value of an axis in descriptions of configurations."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return short(value, plain_from=1e-3)
    if isinstance(value, list):
        return "[" + ", ".join(axis(v) for v in value) + "]"
    return str(value)
