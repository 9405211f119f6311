"""Simulates .github/workflows/nightly.yml on this machine, night after night.

Every `run:` step is executed as on GitHub: in its order, with its `if`, its
environment and its shell, in a new clone. Actions are simulated: the checkout is
a clone, cache and artifact are folders. The PATH begins with replacements of
`gh` (records its arguments and the file it was given), `rustup` (does nothing) and
`cargo` (passes `cargo xtask` on to the built xtask).

Called by `cargo xtask workflow`, which passes the programs' paths. By default the
runs are shortened; `--full` trains every epoch of the sweep file.
"""

import argparse
import os
import re
import shutil
import subprocess
import tempfile
from fnmatch import fnmatch
from pathlib import Path

import yaml

import workflow_rules

FILE = ".github/workflows/nightly.yml"
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]

GH = """#!/usr/bin/env bash
# Keeps each call as a line and the file of --body-file beside it; refuses what gh refuses.
printf '%q ' "$@" >> "$PLAY_GH/calls"; echo >> "$PLAY_GH/calls"
[ -n "$GH_TOKEN" ] && [ -n "$GH_REPO" ] || { echo "gh: not authenticated" >&2; exit 4; }
case "$1 $2 $*" in
  "label create "*--force*) ;;
  "label create "*) [ ! -e "$PLAY_GH/label" ] || { echo "gh: the label is there already" >&2; exit 1; } ;;
  "issue list "*"--state open --label nightly-regression"*) cat "$PLAY_GH/open" ;;
  "issue list "*) echo 1 ;;  # somebody's issue, of something else
esac
if [ "$1" = label ]; then touch "$PLAY_GH/label"; fi
while [ $# -gt 0 ]; do
  if [ "$1" = --body-file ]; then
    cp "$2" "$PLAY_GH/body"
    [ "$(wc -m < "$2")" -le 65536 ] || { echo "gh: the body is too long (maximum is 65536 characters)" >&2; exit 1; }
  fi
  shift
done
"""
CARGO = """#!/usr/bin/env bash
# `cargo xtask`, without building xtask for the clone.
[ "$1" = xtask ] || { echo "cargo: the workflow should only call cargo xtask" >&2; exit 101; }
shift
CARGO="$PLAY_CARGO" CARGO_MANIFEST_DIR="$PLAY_ROOT/xtask" exec "$PLAY_XTASK" "$@"
"""
RUSTUP = "#!/usr/bin/env bash\nexit 0\n"


class Expression:
    """Expressions of the workflow: names, strings, ==, !=, &&, ||, ! and status functions."""

    TOKEN = re.compile(r"\s*('[^']*'|&&|\|\||==|!=|!|\(|\)|,|[A-Za-z_][\w.-]*)")
    WORDS = {"&&": " and ", "||": " or ", "==": " == ", "!=": " != ", "!": " not "}

    def __init__(self, names, functions):
        self.names, self.functions = names, functions

    def value(self, text):
        out, at = "", 0
        text = text.strip()
        while at < len(text):
            match = self.TOKEN.match(text, at)
            if not match:
                raise SystemExit(f"workflow: cannot read the expression `{text}`")
            token, at = match.group(1), match.end()
            if token in self.WORDS:
                out += self.WORDS[token]
            elif token[0] in "'(),":
                out += token
            elif text[at : at + 1] == "(":
                out += f"functions[{token!r}]"
            else:
                out += f"name({token!r})"
        return eval(out, {"__builtins__": {}}, {"functions": self.functions, "name": self.name})

    def name(self, dotted):
        here = self.names
        for part in dotted.split("."):
            here = here.get(part, "") if isinstance(here, dict) else ""
        return here

    def fill(self, text):
        return re.sub(r"\$\{\{(.*?)\}\}", lambda m: str(self.value(m.group(1))), str(text), flags=re.S)

    def holds(self, condition, failed):
        condition = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", str(condition).strip(), flags=re.S)
        asks = re.search(r"\b(always|cancelled|success|failure)\(", condition)
        return (asks or not failed) and bool(self.value(condition))


class Play:
    """State that lasts from night to night: caches, the committed baseline, calls of gh."""

    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.workflow = yaml.safe_load((root / FILE).read_text())
        self.caches, self.baselines, self.gh = (folder / n for n in ("caches", "baselines", "gh"))
        for made in (self.caches, self.gh, folder / "bin"):
            made.mkdir(parents=True)
        for name, text in (("gh", GH), ("cargo", CARGO), ("rustup", RUSTUP)):
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)
        (self.gh / "open").write_text("")
        self.night = 0

    def environment(self, extra):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GH_", "SWEEP_FAULT"))}
        env.update(PATH=f"{self.folder / 'bin'}:{env['PATH']}", PLAY_GH=str(self.gh), PLAY_ROOT=str(self.root))
        env.update(CI="true", GITHUB_ACTIONS="true", **extra)
        return env

    def whole_night(self, **extra):
        """Simulates both jobs; returns the exit code, the summary and the workspace."""
        self.night += 1
        (self.gh / "body").unlink(missing_ok=True)
        self.artifacts = self.folder / f"artifacts-{self.night}"
        compare = Job(self, "compare", {}, extra)
        compare.play()
        code = compare.outputs().get("code", "")
        issue = Job(self, "issue", {"compare": {"outputs": {"code": code}}}, extra)
        if issue.wanted(compare.failed):
            issue.play()
            if issue.failed:
                raise SystemExit("workflow: the job `issue` failed")
        if compare.failed == (code == "0"):
            raise SystemExit(f"workflow: code {code}, but the job {'failed' if compare.failed else 'passed'}")
        return code, compare.summary(), compare.workspace


class Job:
    """A job in its own workspace."""

    def __init__(self, play, name, needs, extra):
        self.play_, self.name, self.extra = play, name, extra
        self.spec = play.workflow["jobs"][name]
        self.failed, self.steps = False, {}
        base = play.folder / f"{name}-{play.night}"
        self.workspace, self.files = base / "work", base / "files"
        self.files.mkdir(parents=True)
        self.workspace.mkdir()
        github = {"run_id": str(1000 + play.night), "run_attempt": "1", "token": "a-token"}
        github.update(server_url="https://example.invalid", repository="someone/something")
        names = {"github": github, "runner": {"os": "Linux"}, "needs": needs}
        names.update(env=dict(play.workflow.get("env", {})), steps=self.steps)
        functions = {"always": lambda: True, "cancelled": lambda: False, "success": lambda: not self.failed}
        functions.update(failure=lambda: self.failed, hashFiles=lambda *names: "hash")
        self.expression = Expression(names, functions)

    def wanted(self, failed):
        return self.expression.holds(self.spec.get("if", "success()"), failed)

    def outputs(self):
        return {k: self.expression.fill(v) for k, v in self.spec.get("outputs", {}).items()}

    def summary(self):
        path = self.files / "summary"
        return path.read_text() if path.exists() else ""

    def play(self):
        for number, step in enumerate(self.spec["steps"]):
            title = step.get("name", step.get("uses", ""))
            if not self.expression.holds(step.get("if", "success()"), self.failed):
                print(f"workflow: {self.name}: skipped: {title}")
                continue
            print(f"workflow: {self.name}: {title}", flush=True)
            outputs = self.action(step) if "uses" in step else self.script(step, number)
            if "id" in step:
                self.steps[step["id"]] = {"outputs": outputs}

    def script(self, step, number):
        script, out = self.files / f"{number}.sh", self.files / f"{number}.out"
        script.write_text(step["run"])
        out.touch()
        env = self.play_.environment(self.extra)
        for scope in (self.play_.workflow, self.spec, step):
            env.update({k: self.expression.fill(v) for k, v in scope.get("env", {}).items()})
        env.update(GITHUB_OUTPUT=str(out), GITHUB_STEP_SUMMARY=str(self.files / "summary"))
        done = subprocess.run([*BASH, script], cwd=self.workspace, env=env)
        self.failed |= done.returncode != 0
        return dict(line.split("=", 1) for line in out.read_text().splitlines())

    def action(self, step):
        name, inputs = step["uses"].split("@")[0], step.get("with", {})
        inputs = {k: self.expression.fill(v) if isinstance(v, str) else v for k, v in inputs.items()}
        paths = [p for p in str(inputs.get("path", "")).split("\n") if p.strip()]
        return {
            "actions/checkout": self.checkout,
            "actions/cache/restore": self.restore,
            "actions/cache/save": self.save,
            "actions/upload-artifact": self.upload,
            "actions/download-artifact": self.download,
        }[name](inputs, [p.strip() for p in paths])

    def checkout(self, inputs, _):
        """Makes a clone with uncommitted changes and with the baseline as if committed."""
        git = ["git", "-C", str(self.play_.root)]
        self.workspace.rmdir()
        subprocess.run([*git, "clone", "--quiet", "--no-local", "--depth", "1", ".", self.workspace], check=True)
        changed = subprocess.run([*git, "diff", "--name-only", "--diff-filter=d", "HEAD"], check=True, capture_output=True, text=True)
        for file in changed.stdout.splitlines():
            (self.workspace / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.play_.root / file, self.workspace / file)
        if self.play_.baselines.exists():
            shutil.copytree(self.play_.baselines, self.workspace / "reports/baselines", dirs_exist_ok=True)
        return {}

    def restore(self, inputs, paths):
        wanted = [inputs["key"], *(k.strip() + "*" for k in inputs.get("restore-keys", "").split("\n") if k.strip())]
        entries = sorted(self.play_.caches.iterdir(), key=lambda p: p.stat().st_mtime_ns, reverse=True)
        for pattern in wanted:
            for entry in entries:
                if fnmatch(entry.name, pattern):
                    shutil.copytree(entry, self.workspace, dirs_exist_ok=True)
                    hit = str(entry.name == inputs["key"]).lower()
                    return {"cache-hit": hit, "cache-primary-key": inputs["key"]}
        return {"cache-hit": "", "cache-primary-key": inputs["key"]}

    def save(self, inputs, paths):
        entry = self.play_.caches / inputs["key"]
        if entry.exists():
            raise SystemExit(f"workflow: the cache entry {entry.name} is saved twice; entries never change")
        entry.mkdir()
        for path in paths:  # `target` is this machine's folder, not in the clone
            if (self.workspace / path).exists():
                shutil.copytree(self.workspace / path, entry / path)
        return {}

    def upload(self, inputs, paths):
        below = os.path.commonpath(paths) if len(paths) > 1 else paths[0]
        for path in paths:
            if (self.workspace / path).exists():
                inside = os.path.relpath(path, below)
                shutil.copytree(self.workspace / path, self.play_.artifacts / inputs["name"] / inside)
        return {}

    def download(self, inputs, _):
        shutil.copytree(self.play_.artifacts / inputs["name"], self.workspace, dirs_exist_ok=True)
        return {}


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"workflow: {what}: {found!r} instead of {wanted!r}")


def history(workspace):
    return len(list((workspace / "reports/history/nightly").glob("*.parquet")))


def hostile(play):
    """Checks that a report's text reaches the issue unchanged and is not run by a shell."""
    text = "# `touch pwned` $(touch pwned) ${{ github.token }} \"; touch pwned #\n--title x\n" + "more than an issue may hold\n" * 3000
    play.night = 9000
    play.artifacts = play.folder / "hostile"
    (play.artifacts / "nightly/nightly").mkdir(parents=True)
    (play.artifacts / "nightly/nightly/REGRESSION.md").write_text(text)
    job = Job(play, "issue", {"compare": {"outputs": {"code": "4"}}}, {})
    expect("the issue is wanted after a regression", job.wanted(True), True)
    job.play()
    expect("the job fails", job.failed, False)
    expect("a shell read the report", list(play.folder.rglob("pwned")), [])
    body = (play.gh / "body").read_text() if (play.gh / "body").exists() else ""
    if not body.startswith(text[:10000]) or "/actions/runs/" not in body:
        raise SystemExit("workflow: the issue's body differs from the report with a link to its run")
    for code in ("0", "5", "1", ""):
        play.night += 1
        quiet = Job(play, "issue", {"compare": {"outputs": {"code": code}}}, {})
        expect(f"an issue after exit code `{code}`", quiet.wanted(code != "0"), False)
    calls(play)
    play.night = 0


def calls(play):
    """The calls of gh since the last time: two words each, and the issue of a comment."""
    path = play.gh / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [" ".join(line.split()[: 3 if line.startswith("issue comment") else 2]) for line in lines]


def nights(play):
    """Four nights: no baseline yet, the same code, a fault, the fault again."""
    code, summary, workspace = play.whole_night()
    expect("the first night, without a baseline", code, "5")
    expect("files of history after the first night", history(workspace), 1)
    expect("gh after the first night", calls(play), [])
    accept = ["cargo", "xtask", "baseline", "accept", "experiments/nightly.toml", "--reason", "the first"]
    subprocess.run(accept, cwd=workspace, env=play.environment({}), check=True)
    shutil.copytree(workspace / "reports/baselines", play.baselines)

    code, summary, workspace = play.whole_night()
    expect("a night of the same code", code, "0")
    expect("files of history after the second night", history(workspace), 2)
    if "bit-identical" not in summary:
        raise SystemExit(f"workflow: the summary does not mention equal bits:\n{summary}")
    expect("gh after the second night", calls(play), [])

    fault = {"SWEEP_WORKER": os.environ["SWEEP_FAULTY_WORKER"], "SWEEP_FAULT": "momentum-085"}
    code, summary, workspace = play.whole_night(**fault)
    expect("a night with a fault", code, "4")
    expect("gh after a night with a fault", calls(play), ["label create", "issue list", "issue create"])
    body = (play.gh / "body").read_text()
    if "momentum" not in body or not body.startswith(summary[:200]):
        raise SystemExit(f"workflow: the issue differs from the report:\n{body}")

    (play.gh / "open").write_text("17\n")
    code, summary, workspace = play.whole_night(**fault)
    expect("another night with the fault", code, "4")
    expect("gh while an issue is open", calls(play), ["label create", "issue list", "issue comment 17"])
    expect("files of history after the fourth night", history(workspace), 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--full", action="store_true", help="train every epoch of the sweep file")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the simulation")
    args = parser.parse_args()
    text = (args.root / FILE).read_text()
    workflow_rules.lint(args.root, FILE)
    workflow_rules.check(yaml.safe_load(text), text)
    if not args.full:
        os.environ["SWEEP__TRAIN__EPOCHS"] = "4"
    folder = Path(tempfile.mkdtemp(prefix="workflow-"))
    play = Play(args.root, folder)
    hostile(play)
    nights(play)
    if args.keep:
        print(f"workflow: {folder}")
    else:
        shutil.rmtree(folder)
    print("workflow: all four nights ended as expected")


if __name__ == "__main__":
    main()
