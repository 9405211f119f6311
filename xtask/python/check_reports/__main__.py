"""Trains and reports generated sweeps, and recomputes every number and verdict of their reports.

    python xtask/python/check_reports --sweep PROGRAM --worker PROGRAM --repository DIR --folder DIR
    python xtask/python/check_reports --report DIR --file SWEEP.toml     (one existing report)

Exits with 1 if a report disagrees with its runs, or if a planted fault goes unnoticed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import facts
import plants
import sweeps
from checks import Checks
from report import check
from world import World

COMMITTED = ("digits", "diabetes")


def arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweep", type=Path, help="the built `sweep`")
    parser.add_argument("--worker", type=Path, help="the built `sweep-worker`")
    parser.add_argument("--repository", type=Path, help="folder that contains data/")
    parser.add_argument("--folder", type=Path, help="folder for sweeps, data and reports")
    parser.add_argument("--seed", type=int, default=sweeps.SEED, help="seed of sizes, rates and noise")
    parser.add_argument("--only", help="check only this sweep, by name")
    parser.add_argument("--keep", action="store_true", help="check the existing reports in the folder without training")
    parser.add_argument("--report", type=Path, help="check only this report folder")
    parser.add_argument("--file", type=Path, help="the sweep file of --report")
    return parser.parse_args()


def train(args: argparse.Namespace, path: Path, sweep: sweeps.Sweep) -> None:
    """Trains and reports a sweep; its output goes to a log file beside the sweep file."""
    environment = os.environ | {"SWEEP_WORKER": str(args.worker)}
    with open(path.with_suffix(".log"), "w") as log:
        for part in sweep.parts:
            command = [args.sweep, "run", path, "--root", args.folder, "--device", "flex", "--jobs", "2", "--quiet", *part]
            ended = subprocess.run(command, env=environment, stdout=log, stderr=log)
            if ended.returncode:
                print(path.with_suffix(".log").read_text(), file=sys.stderr)
                raise SystemExit(f"{path.name}: sweep ended with {ended.returncode}")


def prepare(args: argparse.Namespace) -> None:
    """Makes an empty folder with the committed datasets."""
    shutil.rmtree(args.folder, ignore_errors=True)
    (args.folder / "data").mkdir(parents=True)
    for name in COMMITTED:
        shutil.copytree(args.repository / "data" / name, args.folder / "data" / name)


def examine(folder: Path, file: Path) -> tuple[World, str, Checks]:
    """Recomputes a report."""
    world = World(facts.read(folder, file))
    text = (folder / "REPORT.md").read_text()
    return world, text, check(world, text)


def tell(name: str, checks: Checks, seconds: float) -> None:
    """Prints a line for a report, and one for each difference."""
    print(f"{name}: {len(checks.marks)} places compared, {len(checks.findings)} differ ({seconds:.1f} s)", flush=True)
    for finding in checks.findings:
        print(f"    {finding}")


def main() -> int:
    """Checks one report, or all of them and the planted faults."""
    args = arguments()
    if args.report:
        _, _, checks = examine(args.report, args.file)
        tell(args.report.name, checks, 0)
        return int(bool(checks.findings))
    if not args.keep:
        prepare(args)
    reports, wrong = [], 0
    for path, sweep in sweeps.write(args.folder, args.seed):
        if args.only and args.only != path.stem:
            continue
        start = time.monotonic()
        if not args.keep:
            train(args, path, sweep)
        trained = time.monotonic() - start
        examined = examine(args.folder / "reports" / path.stem, path)
        tell(f"{path.stem}, trained in {trained:.1f} s", examined[2], time.monotonic() - start - trained)
        reports.append(examined)
        wrong += len(examined[2].findings)
    if wrong:
        print(f"{wrong} differences")
        return 1
    return faults(reports)


def faults(reports: list[tuple[World, str, Checks]]) -> int:
    """Plants faults of each kind; every one must be named."""
    start = time.monotonic()
    planted = [*plants.plants(reports), *plants.foreign(reports)]
    silent = [text for world, fault in planted if (text := plants.unnoticed(world, fault))]
    for text in silent:
        print(text)
    places = sum(len(checks.marks) for _, _, checks in reports)
    print(f"{len(reports)} reports, {places} places compared; {len(planted)} planted faults, one of each kind, "
          f"{len(silent)} unnoticed ({time.monotonic() - start:.1f} s)")
    return int(bool(silent))


if __name__ == "__main__":
    sys.exit(main())
