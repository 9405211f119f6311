"""Recomputes every number of pages that `sweep report` writes over several fabricated reports.

    python xtask/python/check_together --sweep PROGRAM --worker PROGRAM --repository DIR --folder DIR

A few small sweeps are trained once. Their values are edited, resealed and written as reports whose comparison is known: one
optimizer leads everywhere or in only one task, runs tie, diverge or are missing. Exits with 1 if a number, a word or a
sentence of a page disagrees with the journals, or if a planted fault goes unnoticed.
"""

import argparse
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "check_reports"))

import faults  # noqa: E402
import pages  # noqa: E402
import trained  # noqa: E402
from checks import Checks  # noqa: E402
from fabrication import arguments, called, train_sweep  # noqa: E402
from page import World, check  # noqa: E402

AT_ONCE = 2


@dataclass
class Judged:
    """A judged page: its differences, and the command that writes it."""

    page: pages.Page
    command: str
    wrong: list[str]
    told: tuple[World, str, Checks] | None


def train(args: argparse.Namespace, name: str) -> trained.Trained:
    """Trains a sweep and reads its report folder."""
    path = args.folder / f"{name}.toml"
    path.write_text(trained.sweep_file(name))
    return trained.read(train_sweep(args, path, "run"))


def prepare(args: argparse.Namespace) -> None:
    """Makes an empty folder with the datasets."""
    shutil.rmtree(args.folder, ignore_errors=True)
    for name in {data for data, *_ in trained.SWEEPS.values()}:
        shutil.copytree(args.repository / "data" / name, args.folder / "data" / name)


def judge(args: argparse.Namespace, page: pages.Page, sweeps: dict[str, trained.Trained]) -> Judged:
    """Lets `sweep report` write a page, and recomputes it."""
    root = args.folder / "pages" / page.name.replace(" ", "-").replace(",", "")
    folders = [trained.write(task, sweeps[task.of], root) for task in page.tasks]
    command = [str(part) for part in (args.sweep, "report", *folders, "--root", root, "--output", root / "page")]
    ended = called(command)
    if ended.returncode:
        return Judged(page, " ".join(command), [f"ended with {ended.returncode}: {ended.stderr.strip()}"], None)
    world, text = World(folders), (root / "page" / "REPORT.md").read_text()
    checks = check(world, text)
    if not checks.findings:
        shutil.rmtree(root)
    return Judged(page, " ".join(command), checks.findings, (world, text, checks))


def main() -> int:
    """Trains, fabricates and recomputes, and prints the results."""
    args = arguments(__doc__, "only pages whose name contains TEXT")
    args.folder, start = args.folder.resolve(), time.monotonic()
    prepare(args)
    sweeps = {name: train(args, name) for name in trained.SWEEPS}
    every = [page for page in pages.every() if not args.only or args.only in page.name]
    print(f"{len(every)} pages of sweeps trained in {time.monotonic() - start:.1f} s", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        judged = list(pool.map(lambda page: judge(args, page, sweeps), every))
    for one in judged:
        print(f"{one.page.name}: {'all right' if not one.wrong else f'{len(one.wrong)} wrong'}")
        if one.wrong:
            print("".join(f"    {wrong}\n" for wrong in one.wrong) + f"        {one.command}")
    wrong = sum(bool(one.wrong) for one in judged)
    places = sum(len(one.told[2].marks) for one in judged if one.told)
    print(f"{len(judged)} pages, {wrong} wrong; {places} places compared ({time.monotonic() - start:.1f} s)", flush=True)
    right = [one.told for one in judged if one.told and not one.wrong]
    planted = faults.plants(right) if right else []
    silent = [text for fault in planted if (text := faults.unnoticed(fault))]
    print("".join(f"{text}\n" for text in silent), end="")
    print(f"{len(planted)} planted faults, {len(silent)} unnoticed ({time.monotonic() - start:.1f} s)")
    return int(bool(wrong + len(silent)))


if __name__ == "__main__":
    sys.exit(main())
