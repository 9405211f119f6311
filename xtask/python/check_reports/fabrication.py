"""Shared parts of the makers of fabricated reports: command line, training, and sealed journal lines."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from blake3 import blake3


def arguments(about: str, only: str) -> argparse.Namespace:
    """Parses the command line of a maker; `only` is the help of `--only`."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweep", type=Path, required=True, help="the built `sweep`")
    parser.add_argument("--worker", type=Path, required=True, help="the built `sweep-worker`")
    parser.add_argument("--repository", type=Path, required=True, help="folder that contains data/")
    parser.add_argument("--folder", type=Path, required=True, help="folder for sweeps and fabricated reports")
    parser.add_argument("--only", help=only)
    return parser.parse_args()


def train_sweep(args: argparse.Namespace, path: Path, verb: str, *options: str, ends_with: int = 0) -> Path:
    """Trains a sweep file on flex, and returns its report folder; the output goes to a log file beside the sweep file."""
    environment = os.environ | {"SWEEP_WORKER": str(args.worker)}
    command = [args.sweep, verb, path, "--root", args.folder, "--device", "flex", "--quiet", *options]
    with open(path.with_suffix(".log"), "w") as log:
        ended = subprocess.run(command, env=environment, stdout=log, stderr=log)
    if ended.returncode != ends_with:
        print(path.with_suffix(".log").read_text(), file=sys.stderr)
        raise SystemExit(f"{path.name}: sweep ended with {ended.returncode}")
    return args.folder / "reports" / path.stem


def called(command: list[str]) -> subprocess.CompletedProcess:
    """Runs a command with one thread, since one command runs per core."""
    environment = os.environ | {"RAYON_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def line(record: dict) -> bytes:
    """The sealed journal line of a record, which ends with the BLAKE3 hash of the bytes before it."""
    body = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()[:-1]
    checksum = blake3(body + b"}").hexdigest()[:32]
    return body + b',"checksum":"' + checksum.encode() + b'"}\n'
