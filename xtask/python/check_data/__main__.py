"""Compares `sweep` on user data files with scikit-learn.

    python xtask/python/check_data --sweep PROGRAM --worker PROGRAM --repository DIR --folder DIR [--only TEXT] [--keep]

Tables, arrays and Parquet files are written in the forms of common packages and collections, each with a minimal sweep
file. Classes, features and splits must be as intended, the samples that the worker feeds must be those of the files, and the
test score must be at least nine tenths of that of scikit-learn's perceptron on the same samples. Hostile files must each be
rejected with one error, within a second and 200 MB. Exits with 1 if anything is wrong.
"""

import argparse
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

# One case is judged per core, each with one thread.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import arrays  # noqa: E402
import hostile  # noqa: E402
import judged  # noqa: E402
import numpy as np  # noqa: E402
import packaged  # noqa: E402
import refusals  # noqa: E402
import tables  # noqa: E402
from case import Case  # noqa: E402
from judged import Judged  # noqa: E402
from refusals import Refusal  # noqa: E402
from sweeping import Program  # noqa: E402

AT_ONCE, WIDTH = 2, 110
BAD = "**wrong**"
# Cases contain closures, which cannot be sent to a process; processes inherit them at their start.
BEGUN: list[tuple[Program, Case]] = []


def arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweep", type=Path, required=True, help="the built `sweep`")
    parser.add_argument("--worker", type=Path, required=True, help="the built `sweep-worker`")
    parser.add_argument("--repository", type=Path, required=True, help="folder that contains data/")
    parser.add_argument("--folder", type=Path, required=True, help="folder for files and sweeps; it is emptied first")
    parser.add_argument("--only", default="", help="only files whose name contains TEXT; `hostile` selects all hostile ones")
    parser.add_argument("--keep", action="store_true", help="keep the files of passed cases too")
    return parser.parse_args()


def cell(text: str) -> str:
    """Text for a table cell, cut to the column's width."""
    text = text.replace("|", "\\|")
    return text if len(text) <= WIDTH else text[: WIDTH - 3] + "..."


def score(value: float | None) -> str:
    """A score for a table cell; empty for None."""
    return "" if value is None else f"{value:.4f}"


def row(case: Case, one: Judged) -> str:
    """The row of a case."""
    cells = [case.name + (" (R2)" if case.targets else ""), str(case.said), cell(one.line), ", ".join(one.lints),
             score(one.ours), score(one.theirs), "" if one.ratio is None else f"{one.ratio:.3f}", BAD if one.wrong else ""]
    return "| " + " | ".join(cells) + " |"


def judge(at: int) -> Judged:
    """Judges a case of `BEGUN`."""
    return judged.judge(*BEGUN[at])


def understand(program: Program, cases: list[Case], keep: bool) -> list[str]:
    """Judges user data files; returns the faults."""
    print("| file | lines | description in the plan | lints | accuracy | scikit-learn | ratio | |")
    print("|---|---|---|---|---|---|---|---|")
    wrong = []
    BEGUN.extend((program, case) for case in cases)
    with ProcessPoolExecutor(AT_ONCE, get_context("fork")) as pool:
        for case, one in zip(cases, pool.map(judge, range(len(cases)))):
            print(row(case, one), flush=True)
            wrong += [f"{case.name} (experiments/{case.slug}.toml): {what}" for what in one.wrong]
            if not one.wrong and not keep:
                for folder in (case.folder, f"fed/{case.slug}", f"reports/{case.slug}"):
                    shutil.rmtree(program.root / folder, ignore_errors=True)
    return wrong


def refuse(program: Program, files: list[hostile.Hostile], keep: bool) -> list[str]:
    """Judges hostile files, one after another; returns the faults."""
    print("\n| hostile file | seconds | MB | message | |")
    print("|---|---|---|---|---|")
    np.save(program.root / "data" / "labels.npy", np.arange(40) % 2)
    wrong = []
    for file in files:
        one: Refusal = refusals.judge(program, file)
        told = [file.name, f"{one.seconds:.2f}", f"{one.megabytes:.0f}", cell(one.message), BAD if one.wrong else ""]
        print("| " + " | ".join(told) + " |", flush=True)
        wrong += [f"{file.name} (experiments/{file.slug}.toml): {what}" for what in one.wrong]
        if not keep and not one.wrong:
            shutil.rmtree(program.root / "data" / file.slug, ignore_errors=True)
    return wrong


def main() -> int:
    """Makes all files, judges them and prints the results."""
    args, start = arguments(), time.monotonic()
    shutil.rmtree(args.folder, ignore_errors=True)
    for name in ("data", "experiments"):
        (args.folder / name).mkdir(parents=True)
    program = Program(args.sweep.resolve(), args.worker.resolve(), args.folder.resolve())
    repository = args.repository.resolve()
    cases = [*tables.every(repository), *packaged.every(), *arrays.every(repository)]
    cases = [case for case in cases if args.only in case.name]
    files = [file for file in hostile.every() if args.only in f"hostile {file.name}"]
    wrong = understand(program, cases, args.keep) if cases else []
    wrong += refuse(program, files, args.keep) if files else []
    print("\n" + "".join(f"- {one}\n" for one in wrong), end="")
    print(f"{len(cases)} files and {len(files)} hostile ones, {len(wrong)} faults ({time.monotonic() - start:.1f} s)")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
