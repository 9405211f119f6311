"""Judgement of hostile files: one error, little time, little memory."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from hostile import Hostile
from sweeping import Program

LONGEST, MOST_MEGABYTES, TRIES, GIVEN_UP = 1.0, 200.0, 3, 30
# Control characters other than tabs and newlines.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass
class Refusal:
    """The results of a hostile file."""

    hostile: Hostile
    seconds: float = 0.0
    megabytes: float = 0.0
    message: str = ""
    wrong: list[str] = field(default_factory=list)


def measured(program: Program, file: Path) -> dict:
    """Time, memory, exit code and output of the plan of a sweep file."""
    helper = Path(__file__).with_name("measured.py")
    command = [program.sweep, "run", file, "--plan", "--root", program.root, "--device", "flex"]
    ended = subprocess.run([sys.executable, "-I", "-S", helper, str(GIVEN_UP), *command], capture_output=True, text=True)
    return json.loads(ended.stdout)


def judge(program: Program, hostile: Hostile) -> Refusal:
    """Makes a file and runs the program on it, more than once if the machine may have been busy."""
    out, folder = Refusal(hostile), program.root / "data" / hostile.slug
    folder.mkdir(parents=True, exist_ok=True)
    hostile.make(folder / hostile.path)
    if not (folder / "y.npy").exists() and any("y.npy" in key for key in hostile.keys):
        shutil.copy(Path(program.root / "data" / "labels.npy"), folder / "y.npy")
    keys = [f'path = "@/{hostile.path}"', *hostile.keys]
    said = "\n".join(keys).replace("@", f"data/{hostile.slug}")
    file = program.root / "experiments" / f"{hostile.slug}.toml"
    file.write_text(f'name = "{hostile.slug}"\n[data.dataset]\n{said}\n[model]\nkind = "mlp"\nhidden = [8]\n[train]\n'
                    'epochs = 1\n[repeat]\nseeds = { count = 1 }\n[[optimizer]]\nkind = "adam"\nlr = 1e-2\n')
    found = [measured(program, file)]
    while found[-1]["code"] == 2 and found[-1]["seconds"] > LONGEST and len(found) < TRIES:
        found.append(measured(program, file))
    out.seconds, out.megabytes = (min(one[of] for one in found) for of in ("seconds", "megabytes"))
    # Removes the paths, which contain names of cases.
    code, text = found[-1]["code"], found[-1]["output"].replace(f"data/{hostile.slug}/", "")
    text = text.replace(hostile.slug, "")
    labels = re.findall(r"\^+ (.+)", text)
    out.message = " ".join((labels or text.splitlines() or [""])[0].split())
    errors = len(re.findall(r"^error", text, re.MULTILINE))
    for bad, what in (
        (code != 2, f"ended with {code}, should with 2"),
        (errors != 1, f"{errors} errors, should be one"),
        (out.seconds > LONGEST, f"{out.seconds:.2f} s, at most {LONGEST:g}"),
        (out.megabytes > MOST_MEGABYTES, f"{out.megabytes:.0f} MB, at most {MOST_MEGABYTES:g}"),
        (hostile.says.lower() not in " ".join(text.split()).lower(), f"does not say `{hostile.says}`"),
        (CONTROL.search(text), "holds control characters"),
    ):
        if bad:
            out.wrong.append(what)
    return out
