"""Training until the target: medians of each label and its fastest configuration."""

import math
from dataclasses import dataclass

import estimates
from choosing import NEVER, Chosen, Config, reached, samples_to_target
from facts import Run

CLOCKS = ["epochs", "samples", "steps", "seconds"]


@dataclass
class Racer:
    """A label at its chosen configuration."""

    config: Config
    runs: int
    reached: int
    medians: dict[str, float]
    fastest: tuple[Config, float] | None


def needed(chosen: Chosen, run: Run, clock: str) -> float:
    """Samples or seconds of a run until the target; infinite if it never reached it."""
    sweep = chosen.sweep
    found = reached(sweep, run)
    if found is None:
        return NEVER
    if clock == "samples":
        return samples_to_target(sweep, run)
    if clock == "seconds":
        return 0.0 if found[0] == 0 else next(
            (v for epoch, _, v in run.measured("train", "seconds") if epoch == found[0]), NEVER)
    return float(found[0] if clock == "epochs" else found[1])


def medians(chosen: Chosen, config: Config, clock: str) -> float | None:
    """The median over the runs with a result."""
    return estimates.median([needed(chosen, run, clock) for run in config.results])


def fastest(chosen: Chosen, label: str) -> tuple[Config, float] | None:
    """The configuration with the smallest median of samples; among equal ones the chosen one, or else the first."""
    found = [(c, medians(chosen, c, "samples")) for c in chosen.of(label)]
    known = [(c, m) for c, m in found if m is not None and math.isfinite(m)]
    best = chosen.choices[label].config
    return min(known, key=lambda entry: (entry[1], entry[0] is not best)) if known else None


def race(chosen: Chosen) -> list[Racer]:
    """Labels by the median of samples, then by the share of runs that reached the target; empty without a target value."""
    sweep = chosen.sweep
    if sweep.value is None or sweep.split == "validation" and not sweep.held_out:
        return []
    racers = []
    for choice in chosen.choices.values():
        config = choice.config
        if config.results:
            there = sum(reached(sweep, run) is not None for run in config.results)
            racers.append(Racer(config, len(config.results), there,
                                {clock: medians(chosen, config, clock) for clock in CLOCKS},
                                fastest(chosen, config.label)))
    return sorted(racers, key=lambda r: (r.medians["samples"], -r.reached / r.runs))


def seconds_compare(chosen: Chosen) -> bool:
    """Whether the runs of the chosen configurations have equal machine, build, threads and number of concurrent runs."""
    rows = [run.row for c in chosen.choices.values() for run in c.config.results]
    return all(len({row[name] for row in rows}) <= 1 for name in ("exec_id", "threads", "jobs"))
