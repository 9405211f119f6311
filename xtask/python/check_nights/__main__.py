"""Compares `sweep regress` with the known truth on fabricated nights.

    python xtask/python/check_nights --sweep PROGRAM --worker PROGRAM --repository DIR --folder DIR

A small sweep is trained once. Its values are edited, resealed and written as nights whose truth is known: which metric of
which optimizer changed, in which direction, and when. Exits with 1 if an exit code, a finding, the named configuration or a
date is wrong, if a number in REGRESSION.md disagrees with the data, or if a planted fault goes unnoticed.
"""

import argparse
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "check_reports"))

import damage  # noqa: E402
import divergence  # noqa: E402
import faults  # noqa: E402
import histories  # noqa: E402
import plans  # noqa: E402
import runs  # noqa: E402
from cases import Case  # noqa: E402
from checks import Checks  # noqa: E402
from fabrication import arguments, called, train_sweep  # noqa: E402
from judged import wrong  # noqa: E402
from nights import NAME, TARGET  # noqa: E402
from regression import World, check, recompute  # noqa: E402

AT_ONCE = 2
WIDE = 'metrics = ["f1", "top5_accuracy"]\n'


@dataclass
class Judged:
    """A judged night: its faults, the command that shows them, and its compared text."""

    case: Case
    wrong: list[str]
    command: str
    text: tuple[World, str, Checks] | None


def sweep_file(name: str, epochs: int, further: str) -> str:
    """The sweep file that all nights are made from."""
    return (
        f'name = "{name}"\n[data]\ndataset = "digits"\nbatch_size = 32\nvalidation = 237\n'
        f'[model]\nkind = "mlp"\nhidden = [16]\n[train]\nepochs = {epochs}\n{further}[repeat]\nseeds = {{ count = 10 }}\n'
        f'[target]\nmetric = "validation.accuracy"\nvalue = {TARGET}\n'
        '[[optimizer]]\nkind = "sgd"\nlr = 0.1\n[[optimizer]]\nkind = "adam"\nlr = 0.01\n'
    )


def train(args: argparse.Namespace, name: str, epochs: int = 3, further: str = "") -> runs.Trained:
    """Trains a sweep one run at a time, stores its night, and reads both."""
    path = args.folder / f"{name}.toml"
    path.write_text(sweep_file(name, epochs, further))
    # The first night has nothing to compare with.
    report = train_sweep(args, path, "nightly", "--timing", ends_with=5)
    night = next((args.folder / "reports" / "history" / name).glob("*.parquet"))
    return runs.read(report, night)


def prepare(args: argparse.Namespace) -> None:
    """Makes an empty folder with the digits dataset."""
    shutil.rmtree(args.folder, ignore_errors=True)
    (args.folder / "data").mkdir(parents=True)
    shutil.copytree(args.repository / "data" / "digits", args.folder / "data" / "digits")


def fabricated(short: runs.Trained, longer: runs.Trained, wide: runs.Trained) -> list[Case]:
    """All nights by family: of the sweep, of the same sweep with more epochs, and of one with more metrics."""
    families = chain(*(module.ALL for module in (damage, divergence, plans, histories)))
    nights = [case for family in families for case in family(short)]
    return [*nights, *damage.asked(wide), *plans.epochs(short, longer), *histories.unlike(short, longer)]


def judge(args: argparse.Namespace, case: Case, number: int) -> Judged:
    """Lets the program judge a night, and recomputes its text if all of its inputs can be recomputed."""
    root = args.folder / "nights" / f"{number:04}"
    report = root / "reports" / NAME
    command = [str(args.sweep), *case.write(root)]
    found, told = wrong(case, report, called(command)), None
    # A night that is already wrong is not reported twice.
    if not found and case.recomputable():
        world, text = recompute(case), (report / "REGRESSION.md").read_text()
        told = (world, text, check(world, text))
        found = told[2].findings
    if not found:
        shutil.rmtree(root)
    return Judged(case, found, " ".join(command), told)


def main() -> int:
    """Trains, fabricates and judges nights, and prints the results."""
    args = arguments(__doc__, "only families and nights whose name contains TEXT")
    args.folder, start = args.folder.resolve(), time.monotonic()
    prepare(args)
    sweeps = train(args, NAME), train(args, "longer", epochs=4), train(args, "wide", further=WIDE)
    cases = [c for c in fabricated(*sweeps) if not args.only or args.only in f"{c.family}: {c.name}"]
    print(f"{len(cases)} nights of a sweep trained in {time.monotonic() - start:.1f} s", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        judged = list(pool.map(lambda numbered: judge(args, numbered[1], numbered[0]), enumerate(cases)))
    missed = tell(judged)
    texts = [one.text for one in judged if one.text]
    places = sum(len(checks.marks) for _, _, checks in texts)
    print(f"{len(judged)} nights, {missed} wrong; {places} places compared in {len(texts)} texts "
          f"({time.monotonic() - start:.1f} s)", flush=True)
    return int(bool(missed + plant(judged)))


def tell(judged: list[Judged]) -> int:
    """Prints a line for each family, and one for each wrong night with the command that shows it."""
    counts, bad = Counter(one.case.family for one in judged), Counter(one.case.family for one in judged if one.wrong)
    for family, count in counts.items():
        right = "all right" if not bad[family] else f"{bad[family]} wrong"
        print(f"{family}: {count} nights, {right}")
        for one in judged:
            if one.case.family == family and one.wrong:
                print(f"    {one.case.name}: {'; '.join(one.wrong)}\n        {one.command}")
    return sum(bad.values())


def plant(judged: list[Judged]) -> int:
    """Plants faults of each kind in texts of each family; returns the number of unnoticed ones."""
    start, texts = time.monotonic(), {}
    for one in judged:
        if one.text and not one.wrong:
            texts.setdefault((one.case.family, one.text[0].verdict, len(one.text[0].compared.pairs)), one.text)
    planted = faults.plants(list(texts.values())) if texts else []
    silent = [text for fault in planted if (text := faults.unnoticed(fault))]
    for text in silent:
        print(text)
    print(f"{len(planted)} planted faults in {len(texts)} texts, {len(silent)} unnoticed "
          f"({time.monotonic() - start:.1f} s)")
    return len(silent)


if __name__ == "__main__":
    sys.exit(main())
