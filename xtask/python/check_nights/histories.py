"""Families of nights with a history: steps and drifts before and after the baseline, reverted ones, thin nights."""

import random
from typing import Callable, Iterator

import plans
from cases import COUNTS, INCOMPLETE, REGRESSED, Case, Step, Truth, calm, worse
from edits import BOTH, BY_NAME, METRICS, Metric, another, hurt, prepared
from nights import Night, plain
from runs import Trained

# The judged day in histories of plateaus, and the baseline's night in most of them.
TONIGHT, ACCEPTED = 20, 4
# The judged day in histories with drift.
DRIFTED = 23


def plateaus(before: Night, changes: list[tuple[int, Night]], tonight: int = TONIGHT) -> list[Night]:
    """Nights from day 0 to `tonight`, bit-identical between changes; a change is a day and the night's state from then on."""
    out = []
    for day in range(tonight + 1):
        state = next((night for since, night in reversed(changes) if day >= since), before)
        out.append(state.again(day))
    return out


def case(family: str, name: str, days: list[Night], accepted: int | None, truth: Truth, given: str = "") -> Case:
    """A case in which the last of these nights is judged against one of them."""
    baseline = None if accepted is None else days[accepted]
    varies = "drift" in family or "noise" in family
    return Case(family, name, days[-1], baseline, truth, days[:-1], given, varies)


def moved(trained: Trained) -> Iterator[tuple[str, Metric, str, Night, Night]]:
    """Every metric and label with a name, the undamaged night and the damaged one."""
    for seeds in COUNTS:
        for metric in METRICS:
            for label in metric.labels[-1:] if seeds == 6 else metric.labels[:1]:
                before = prepared(trained, 0, seeds)
                yield f"{metric.name} of {label}, {seeds} seeds", metric, label, before, hurt(
                    before.on(0), before, metric, label, metric.large)


def found(metric: Metric, label: str, last_good: int, first_bad: int) -> Truth:
    """The truth if a metric stepped after the baseline's night."""
    truth = worse(label, metric.name, metric.follow)
    truth.steps = [Step(label, metric.name, last_good, first_bad)]
    truth.never = ["none against tonight", "no level changed"]
    if metric.name == "diverged":
        truth.follow = {(label, m.name) for m in METRICS}
    return truth


def quiet() -> Truth:
    """The truth if nothing got worse after the baseline."""
    truth = calm()
    truth.alarms = False
    truth.never = ["for the worse since the baseline"]
    return truth


def steps(trained: Trained) -> Iterator[Case]:
    """Steps without noise: older than the baseline, newer, reverted, half reverted, for the better."""
    for place, (name, metric, label, before, after) in enumerate(moved(trained)):
        older = plateaus(before, [(6, after)])
        yield case("step older than the baseline", name, older, 12, quiet())
        newer = plateaus(before, [(10, after)])
        yield case("step newer than the baseline", name, newer, ACCEPTED, found(metric, label, 9, 10))
        undone = plateaus(before, [(8, after), (14, before)])
        yield case("step undone since", name, undone, ACCEPTED, quiet())
        # Every metric once, with varying numbers of seeds.
        if place % 3 == place // len(METRICS):
            for given in ("night", "report"):
                yield case(f"step older than a given {given}", name, older, 12, quiet(), given)
            tonight = plateaus(before, [(TONIGHT, after)])
            yield case("step tonight", name, tonight, ACCEPTED, found(metric, label, TONIGHT - 1, TONIGHT))
            yield case("step for the better", name, plateaus(after, [(10, before)]), ACCEPTED, better(metric, label))


def better(metric: Metric, label: str) -> Truth:
    """The truth if a metric stepped for the better after the baseline. A different number of steps is never better."""
    if metric.name == "steps":
        return worse(label, "steps")
    truth = quiet()
    truth.better = {(label, metric.name)}
    follow = [m.name for m in METRICS] if metric.name == "diverged" else metric.follow
    truth.follow = {(label, other) for other in follow}
    return truth


def let_pass(trained: Trained) -> Iterator[Case]:
    """Steps up to `min_effect` after the baseline, and half-reverted steps."""
    for name, metric, label, before, after in moved(trained):
        if metric.small is None:
            continue
        if len(before.runs) < 20:
            little = hurt(before.on(0), before, metric, label, metric.small)
            yield case("step up to min_effect", name, plateaus(before, [(10, little)]), ACCEPTED, quiet())
            continue
        half = hurt(before.on(0), before, metric, label, metric.large * 0.6)
        truth = worse(label, metric.name, metric.follow)
        yield case("step undone by two fifths", name, plateaus(before, [(8, after), (14, half)]), ACCEPTED, truth)


def drifting(before: Night, label: str, split: str, share: Callable[[int], float], noise: float,
             name: str) -> list[Night]:
    """Nights up to the last, each run's loss moved by a share of itself and by noise of its own."""
    draw = random.Random(name)
    out = []
    for day in range(DRIFTED + 1):
        night = before.on(day)
        for run in night.runs:
            for one in ("train", "validation", "test"):
                factor = 1 + noise * draw.gauss(0, 1)
                factor *= 1 + share(day) if (run.label, one) == (label, split) else 1
                if factor != 1:
                    run.curve(one, "loss")[run.epochs] *= factor
                    another(run, f"{day}")
        out.append(night)
    return out


def ramp(begin: int, end: int, size: float) -> Callable[[int], float]:
    """The part of a drift that has happened by a day."""
    return lambda day: size * min(1.0, max(0.0, (day - begin) / (end - begin)))


def drifts(trained: Trained) -> Iterator[Case]:
    """A loss that gradually rises by 6%; only the part after the baseline's night counts."""
    for seeds, label, split in ((5, "sgd", "train"), (6, "adam", "validation"), (10, "adam", "test")):
        strong = 0.03 if seeds == 10 else 0.01
        before = prepared(trained, 0, seeds)
        for noise in (0.0, 0.003, strong):
            name = f"{split}_loss of {label}, {seeds} seeds, noise {noise:.1%}"
            truth = Truth(REGRESSED, first=label, never=["none against tonight", "no level changed"])
            # Among so many comparisons of varying nights one may be significant by chance.
            truth.follow = {(one, f"{part}_loss") for one in BOTH for part in ("train", "validation", "test")}
            days = drifting(before, label, split, ramp(0, DRIFTED, 0.06), noise, name)
            for accepted in (0, 3) if noise == strong else (0, 3, 8):
                family = "drift before and after the baseline" if accepted else "drift since the baseline"
                yield case(family, f"{name}, baseline of night {accepted}", days, accepted, truth)
            days = drifting(before, label, split, ramp(8, DRIFTED, 0.06), noise, name)
            yield case("drift since the baseline", f"{name}, from night 8", days, ACCEPTED, truth)
        for noise in (0.0, 0.0005):
            name = f"{split}_loss of {label}, {seeds} seeds, noise {noise:.2%}"
            days = drifting(before, label, split, ramp(0, 10, 0.06), noise, name)
            yield case("drift older than the baseline", name, days, 14, quiet())
            days = drifting(before, label, split, ramp(0, DRIFTED, 0.06), noise, name)
            yield case("drift older than the baseline", f"{name}, but for 0.5%", days, 21, quiet())


def sampled(trained: Trained) -> Iterator[Case]:
    """An accuracy that falls by one sample per night."""
    for seeds in COUNTS:
        for label in BOTH:
            before = prepared(trained, 0, seeds)
            days = [before.on(0)]
            for day in range(1, DRIFTED + 1):
                days.append(hurt(before.on(day), before, BY_NAME["test_accuracy"], label, day / 360))
            for accepted, family in ((0, "drift since the baseline"), (5, "drift before and after the baseline")):
                truth = worse(label, "test_accuracy")
                truth.never = ["none against tonight"]
                name = f"test_accuracy of {label}, {seeds} seeds, baseline of night {accepted}"
                yield case(family, name, days, accepted, truth)


def noisy_step(trained: Trained) -> Iterator[Case]:
    """A step of 5% among runs with 1% noise, which must be dated within three nights."""
    for seeds in COUNTS:
        for label in BOTH:
            name = f"test_loss of {label}, {seeds} seeds"
            days = drifting(prepared(trained, 0, seeds), label, "test", lambda day: 0.05 * (day >= 12), 0.01, name)
            truth = worse(label, "test_loss")
            truth.steps = [Step(label, "test_loss", 11, 12, slack=3)]
            yield case("step among noise", name, days, ACCEPTED, truth)


def unlike(trained: Trained, longer: Trained) -> Iterator[Case]:
    """A step newer than the baseline, and nights of the history with fewer seeds, other seeds, or other epochs."""
    def only(keep: Callable[[int], bool]) -> Callable[[Night], Night]:
        return lambda night: night.only(lambda run: keep(run.seed))

    for seeds in COUNTS:
        odd: dict[str, tuple[str, int, Callable[[Night], Night]]] = {
            "seed 0 alone yesterday": ("thin night", 19, only(lambda seed: seed == 0)),
            "seed 0 alone once": ("thin night", 7, only(lambda seed: seed == 0)),
            "seed 0 alone just after": ("thin night", 11, only(lambda seed: seed == 0)),
            "seeds 3 and more yesterday": ("fewer seeds", 19, only(lambda seed: seed >= 3)),
            "seeds 3 and more once": ("fewer seeds", 12, only(lambda seed: seed >= 3)),
            "other epochs yesterday": ("other epochs", 19, lambda night: plain(longer, night.day, seeds)),
            "other epochs once": ("other epochs", 7, lambda night: plain(longer, night.day, seeds)),
        }
        for place, (name, (family, day, alter)) in enumerate(odd.items()):
            # Seconds belong to the night, even if its results are bit-identical.
            metric = BY_NAME[("test_loss", "test_accuracy", "seconds_per_epoch")[place % 3]]
            before = prepared(trained, 0, seeds)
            after = hurt(before.on(0), before, metric, "adam", metric.large)
            for what, changes, truth in ((metric.name, [(10, after)], found(metric, "adam", 9, 10)),
                                         ("not damaged", [], quiet())):
                days = plateaus(before, changes)
                days[day] = alter(days[day])
                yield case(f"history: {family}", f"{name}, {what}, {seeds} seeds", days, ACCEPTED, truth)


def wider(trained: Trained) -> Iterator[Case]:
    """A step newer than the baseline, and one night of the history with more seeds than all others."""
    for seeds in COUNTS[:2]:
        for metric in (BY_NAME["test_loss"], BY_NAME["test_accuracy"]):
            few, many = prepared(trained, 0, seeds), prepared(trained, 0, 10)
            # A seed's results do not depend on the other planned seeds.
            states = [hurt(night.on(0), many, metric, "adam", metric.large) for night in (few, many)]
            for name, day, odd in (("yesterday", 19, states[1]), ("once", 7, many)):
                days = plateaus(few, [(10, states[0])])
                days[day] = odd.again(day)
                name = f"ten {name}, {metric.name}, {seeds} seeds"
                yield case("history: more seeds", name, days, ACCEPTED, found(metric, "adam", 9, 10))


def grown(trained: Trained) -> Iterator[Case]:
    """A list of seeds that grew over time; steps are seen in the common seeds."""
    for seeds, now in ((5, 6), (5, 10), (6, 10)):
        for metric in (BY_NAME["test_loss"], BY_NAME["test_accuracy"]):
            few, many = prepared(trained, 0, seeds), prepared(trained, 0, now)
            after = hurt(many.on(0), many, metric, "adam", metric.large)
            days = plateaus(few, [(12, many), (16, after)])
            name = f"{metric.name}, {seeds} to {now} seeds"
            yield case("history: more seeds", f"{name}, baseline after", days, 13, found(metric, "adam", 15, 16))
            yield case("history: more seeds", f"{name}, baseline before", days, ACCEPTED, found(metric, "adam", 15, 16))
            early = hurt(few.on(0), many, metric, "adam", metric.large)
            damaged = hurt(many.on(0), many, metric, "adam", metric.large)
            days = plateaus(few, [(8, early), (12, damaged)])
            yield case("history: more seeds", f"{name}, step before", days, ACCEPTED, found(metric, "adam", 7, 8))
            yield case("history: more seeds", f"{name}, step before the baseline", days, 13, quiet())


def renamed(trained: Trained) -> Iterator[Case]:
    """Tonight's label has another name than in the history."""
    for seeds in COUNTS:
        for metric in (BY_NAME["test_loss"], BY_NAME["target_epoch"]):
            before = prepared(trained, 0, seeds)
            after = hurt(before.on(0), before, metric, "adam", metric.large)
            days = plateaus(before, [(10, after)])
            days[-1] = plans.renamed(days[-1].on(TONIGHT))
            truth = found(metric, plans.RENAMED, 9, 10)
            yield case("history: renamed label", f"{metric.name}, {seeds} seeds", days, ACCEPTED, truth)


def alone(trained: Trained) -> Iterator[Case]:
    """Nights without a baseline: the first of all, one like the night before, one long after a step."""
    for seeds in COUNTS:
        before = prepared(trained, 0, seeds)
        after = hurt(before.on(0), before, BY_NAME["test_loss"], "adam", 0.2)
        yield Case("no baseline", f"first night, {seeds} seeds", before, None, Truth(INCOMPLETE))
        lost = before.on(0)
        for run in lost.runs:
            run.status, run.error = "failed", "out of paper"
        truth = Truth(INCOMPLETE, unsaid=["if this one is correct", "baseline accept"])
        yield Case("no baseline", f"first night, nothing trained, {seeds} seeds", lost, None, truth)
        truth = quiet()
        truth.never.append("the baseline's")
        yield case("no baseline", f"as the night before, {seeds} seeds", plateaus(before, []), None, truth)
        truth = worse("adam", "test_loss")
        truth.never = ["the baseline's"]
        yield case("no baseline", f"damaged, {seeds} seeds", plateaus(before, [(TONIGHT, after)]), None, truth)
        # The rules leave open whether a step before the previous night alarms, but it did not happen after a baseline.
        truth = Truth(None, never=["since the baseline", "the baseline's"])
        yield case("no baseline", f"step of night 10, {seeds} seeds", plateaus(before, [(10, after)]), None, truth)


ALL = (steps, let_pass, drifts, sampled, noisy_step, wider, grown, renamed, alone)
