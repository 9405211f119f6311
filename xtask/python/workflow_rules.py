"""Rules for .github/workflows/nightly.yml beyond those of actionlint, each with a reason: least
permissions, pinned actions, text passed as a file.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

# All keys that the simulation supports: another key (`continue-on-error`, `shell`, ...) would
# change the behaviour on GitHub, but not in the simulation.
KEYS = {
    "workflow": {"name", "on", "permissions", "concurrency", "env", "defaults", "jobs"},
    "job": {"needs", "if", "runs-on", "timeout-minutes", "permissions", "outputs", "steps"},
    "step": {"id", "name", "if", "uses", "with", "env", "run"},
}
PERMISSIONS = {"compare": {"contents": "read"}, "issue": {"issues": "write"}}


def lint(root, file):
    """Runs actionlint, which also passes every script to shellcheck."""
    tools = Path(sys.executable).parent
    env = dict(os.environ, PATH=f"{tools}:{os.environ['PATH']}")
    if subprocess.run([tools / "actionlint", file], cwd=root, env=env).returncode != 0:
        raise SystemExit(f"workflow: actionlint found errors in {file}")


def check(workflow, text):
    """Checks the rules, and stops at the first violation."""
    # YAML reads the key `on` as true.
    workflow = {("on" if key is True else key): value for key, value in workflow.items()}
    known(workflow, "workflow", "the workflow")
    if set(workflow["on"]) != {"schedule", "workflow_dispatch"}:
        broken("`on` should be only `schedule` and `workflow_dispatch`, so that outsiders cannot start it")
    if workflow.get("permissions") != {}:
        broken("`permissions` of the workflow should be {}, so that each job asks for its own")
    if workflow.get("concurrency", {}).get("cancel-in-progress") is not False:
        broken("`concurrency` should have `cancel-in-progress: false`, or two nights could extend the same history")
    if workflow.get("defaults") != {"run": {"shell": "bash"}}:
        broken("`defaults` should set `shell: bash`, which has pipefail and is what the simulation uses")
    for name, job in workflow["jobs"].items():
        known(job, "job", f"the job `{name}`")
        if job.get("permissions") != PERMISSIONS.get(name):
            broken(f"`permissions` of the job `{name}` should be {PERMISSIONS.get(name)}")
        may_write = "write" in job["permissions"].values()
        if not may_write and re.search(r"github\.token|secrets\.", repr(job)):
            broken(f"the job `{name}` runs the repository's code and should have no access to a token")
        for step in job["steps"]:
            known(step, "step", f"a step of `{name}`")
            uses, given = step.get("uses", ""), step.get("with", {})
            if "${{" in step.get("run", ""):
                broken("a script should get values through `env`, since ${{ }} in it would be run as code")
            if uses.startswith("actions/checkout@"):
                if may_write:
                    broken(f"the job `{name}` has write permission and should not check out code")
                if given.get("persist-credentials") is not False:
                    broken("the checkout should not leave its token: `persist-credentials: false`")
    for uses in re.findall(r"uses: *(.*)", text):
        if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", uses):
            broken(f"`{uses}` is not pinned to a commit with its version in a comment")


def known(mapping, kind, what):
    for key in mapping:
        if key not in KEYS[kind]:
            broken(f"{what} has `{key}`, which the simulation does not support")


def broken(message):
    raise SystemExit(f"workflow: {message}")
