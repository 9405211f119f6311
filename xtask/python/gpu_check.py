"""Compares results and speed of a GPU with this machine's CPU and with PyTorch.

    ./sweep.sh gpu-check                                  (in a bundle)
    python3 gpu_check.py --sweep S --worker W --root R    (anywhere)

Runs in parts, the most important first, and ends within the budget (eight minutes). Each
part writes its results at once, `results.jsonl` with the numbers and `GPU.md` with the
tables, so that they are kept if the script is stopped. It needs only Python 3.8; if torch is
installed, it also times the same training in PyTorch. Exits with 1 if a number is wrong,
with 2 if there is no GPU, otherwise with 0.
"""

import argparse
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

STEP_LIMIT = 1e-5  # Largest difference of a weight after one step, relative to the largest weight.
EPOCH_LIMIT = 1e-3  # Relative difference of the loss of an epoch.

SAMPLES = 1437  # Training samples of the digits: a batch of this size makes one step per epoch.

MODELS = {
    "linear": 'kind = "linear"',
    "mlp": 'kind = "mlp"\nhidden = [128]',
    "cnn": 'kind = "cnn"',
}


class Stop(Exception):
    """The budget is spent."""


class Check:
    """Paths, the budget, and the results so far."""

    def __init__(self, args):
        self.args = args
        self.end = time.monotonic() + args.budget
        self.out = Path(args.output or time.strftime("gpu-check/%Y%m%dT%H%M%S")).absolute()
        self.out.mkdir(parents=True, exist_ok=True)
        self.work = self.out / "workspace"
        (self.work / "experiments").mkdir(parents=True, exist_ok=True)
        data = self.work / "data"
        if not data.exists():
            data.symlink_to(Path(args.root).absolute() / "data")
        self.sections = []
        self.wrong = []
        self.environment = dict(os.environ, SWEEP_WORKER=str(Path(args.worker).absolute()))

    def left(self):
        """Seconds left of the budget."""
        return self.end - time.monotonic()

    def keep(self, part, **facts):
        """Writes results at once, so that they are kept if the script is stopped."""
        with open(self.out / "results.jsonl", "a") as file:
            file.write(json.dumps({"part": part, **facts}) + "\n")

    def table(self, title, heads, rows, note=""):
        """Adds a table and writes the page again."""
        lines = [f"### {title}", ""]
        if note:
            lines += [note, ""]
        lines += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
        lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
        self.sections.append("\n".join(lines))
        self.write()
        print("\n" + self.sections[-1], flush=True)

    def write(self):
        """Writes the page with all tables so far."""
        verdict = [f"**Wrong**: {text}" for text in self.wrong]
        (self.out / "GPU.md").write_text("\n\n".join(verdict + self.sections) + "\n")

    def fail(self, text):
        """Records and prints that something is wrong."""
        self.wrong.append(text)
        self.write()
        print(f"WRONG: {text}", flush=True)

    def sweep(self, name, text, device, more=(), expect=(0,)):
        """Trains a sweep file on a device; returns its records and the seconds it took."""
        if self.left() < 10:
            raise Stop
        path = self.work / "experiments" / f"{name}.toml"
        path.write_text(f'name = "{name}"\n{text}')
        command = [self.args.sweep, "--root", str(self.work), "run", str(path), "--no-report"]
        if device:
            command += ["--device", device]
        start = time.monotonic()
        with open(self.out / "sweep.log", "a") as log:
            log.write(f"\n$ {' '.join(command)} {' '.join(more)}\n")
            log.flush()
            try:
                done = subprocess.run(
                    command + list(more), env=self.environment, stdout=log, stderr=log, timeout=max(self.left(), 1)
                )
            except subprocess.TimeoutExpired:
                raise Stop from None
        seconds = time.monotonic() - start
        if done.returncode not in expect:
            self.fail(f"`sweep run {name}.toml --device {device}` ended with {done.returncode}: see sweep.log")
        return self.records(name), seconds

    def records(self, name):
        """The newest record with a result of each run."""
        found = {}
        for path in sorted((self.work / "reports" / name / "journal").glob("*.jsonl")):
            for line in path.read_text().splitlines():
                record = json.loads(line)
                if record.get("outcome"):
                    found[record["run_id"]] = record
        return list(found.values())


def optimizers(check):
    """The kinds of all optimizers of the registry."""
    said = subprocess.run([check.args.sweep, "list", "optimizers"], stdout=subprocess.PIPE, check=True, text=True)
    return re.findall(r"^  ([a-z][a-z0-9-]*)$", said.stdout, re.MULTILINE)


def training(model, dataset, batch, epochs, kinds, seeds=1, train="", data=""):
    """The text of a sweep file without its name."""
    # LBFGS compares gradients of the same loss, so each of its steps must see every sample.
    whole = {"sgd": "lr = 0.1\n"}
    if batch < SAMPLES:
        whole["lbfgs"] = f"accumulate = {-(-SAMPLES // batch)}\n"
    blocks = "".join(f'\n[[optimizer]]\nkind = "{kind}"\n{whole.get(kind, "")}' for kind in kinds)
    return (
        f'[data]\ndataset = "{dataset}"\nbatch_size = {batch}\n{data}\n[model]\n{MODELS[model]}\n'
        f"[train]\nepochs = {epochs}\n{train}\n[repeat]\nseeds = {{ count = {seeds} }}\n{blocks}"
    )


def last(record, split, metric):
    """The value of a metric after the last epoch."""
    points = [p for p in record["outcome"]["metrics"] if (p["split"], p["metric"]) == (split, metric)]
    return float(points[-1]["value"]) if points else float("nan")


def weights(check, name, record):
    """The saved weights of a run, as one list of numbers."""
    kept = (check.work / "reports" / name).rglob("*.safetensors")
    files = [p for p in kept if record["run_id"] in str(p)]
    if not files:
        return None
    raw = files[0].read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    head = json.loads(raw[8 : 8 + size])
    out = []
    for key in sorted(k for k in head if k != "__metadata__"):
        begin, end = head[key]["data_offsets"]
        part = raw[8 + size + begin : 8 + size + end]
        out += struct.unpack(f"<{len(part) // 4}f", part)
    return out


def probe(check):
    """The devices that the worker finds; without a GPU the script ends."""
    libraries = {}
    if os.environ.get("LIBTORCH_USE_PYTORCH"):
        code = "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
        torch = subprocess.run(["python3", "-c", code], stdout=subprocess.PIPE, text=True).stdout.strip()
        before = os.environ.get("LD_LIBRARY_PATH")
        libraries["LD_LIBRARY_PATH"] = f"{torch}/lib:{before}" if before else f"{torch}/lib"
    said = subprocess.run([check.args.worker, "--probe"], env={**os.environ, **libraries}, stdout=subprocess.PIPE)
    found = json.loads(said.stdout or "{}")
    smi = shutil.which("nvidia-smi")
    gpus = subprocess.run([smi, "-L"], stdout=subprocess.PIPE, text=True).stdout.strip() if smi else "no nvidia-smi"
    check.keep("probe", probe=found, gpus=gpus)
    rows = [
        ("libtorch", f"{found.get('libtorch')} for {found.get('libtorch_kind')}"),
        ("devices", ", ".join(found.get("devices", []))),
        ("GPUs", gpus.replace("\n", "; ")),
    ]
    check.table("What the worker sees", ("what", "found"), rows)
    if check.args.device not in found.get("devices", []):
        check.fail(f"the worker finds no {check.args.device}")
        sys.exit(2)


def repeats(check):
    """Digests of the same runs, trained twice on the GPU."""
    rows = []
    for model in MODELS:
        text = training(model, "digits", 64, 2, ["sgd", "adam"], seeds=2)
        digests = []
        for attempt in range(2):
            records, _ = check.sweep(f"repeat-{model}-{attempt}", text, check.args.device)
            digests.append({r["run_id"]: r["outcome"]["weights_digest"] for r in records})
        same = sum(digests[1].get(run) == digest for run, digest in digests[0].items())
        check.keep("repeats", model=model, runs=len(digests[0]), equal=same)
        rows.append((model, len(digests[0]), same))
        if not digests[0] or same != len(digests[0]):
            check.fail(f"{model}: {same} of {len(digests[0])} repeated runs have equal weights")
    check.table("The same run twice", ("model", "runs", "with equal weights, bit for bit"), rows)


def beside_cpu(check):
    """One step and one epoch of every optimizer and model, on the GPU and on the CPU."""
    kinds = optimizers(check)
    rows = []
    for model in MODELS:
        steps = training(model, "digits", SAMPLES, 1, kinds, train='save = "last"')
        epoch = training(model, "digits", 64, 1, kinds)
        found = {}
        for what, text in (("step", steps), ("epoch", epoch)):
            for where, device in (("gpu", check.args.device), ("cpu", check.args.cpu)):
                name = f"{what}-{model}-{where}"
                records, _ = check.sweep(name, text, device, expect=(0, 3))
                found[what, where] = {r["spec"]["optimizer"]["kind"]: (name, r) for r in records}
        for kind in kinds:
            pair = [found["step", w].get(kind) for w in ("gpu", "cpu")]
            ours = [weights(check, *entry) for entry in pair if entry]
            step = float("nan")
            if len(ours) == 2 and all(ours):
                largest = max(map(abs, ours[1])) or 1.0
                step = max(abs(a - b) for a, b in zip(*ours)) / largest
            losses = [found["epoch", w].get(kind) for w in ("gpu", "cpu")]
            epochs = float("nan")
            if all(losses):
                a, b = (last(entry[1], "train", "loss") for entry in losses)
                epochs = abs(a - b) / abs(b) if b else abs(a - b)
            check.keep("beside_cpu", model=model, optimizer=kind, step=step, epoch=epochs)
            rows.append((model, kind, f"{step:.1e}", f"{epochs:.1e}"))
            if not step <= STEP_LIMIT:
                check.fail(f"{model}, {kind}: weights after one step differ by {step:.1e}, more than {STEP_LIMIT}")
            if not epochs <= EPOCH_LIMIT:
                check.fail(f"{model}, {kind}: the loss of an epoch differs by {epochs:.1e}, more than {EPOCH_LIMIT}")
    heads = ("model", "optimizer", "weights after one step", "loss of an epoch")
    check.table("GPU against CPU: largest relative difference", heads, rows)


def seconds_an_epoch(records):
    """Seconds of the fastest epoch of the only run."""
    points = [p for r in records for p in r["outcome"]["metrics"] if p["metric"] == "epoch_seconds"]
    if points:
        return min(float(p["value"]) for p in points)
    return min((r["outcome"]["train_seconds"] / max(r["outcome"]["epochs_completed"], 1) for r in records), default=0)


def in_pytorch(model, kind, device, epochs=3, batch=64, samples=60000):
    """Seconds of the fastest epoch of the same training in eager PyTorch, with the data on the device."""
    try:
        import torch
        from torch import nn
    except ImportError:
        return None
    where = "cuda:0" if "cuda" in device else "cpu"
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic = False, True
    x = torch.randn(samples, 1, 28, 28, device=where)
    y = torch.randint(10, (samples,), device=where)
    if model == "mlp":
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    else:
        net = nn.Sequential(
            *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
            *(nn.Linear(784, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
        )
    net.to(where)
    rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[kind](net.parameters(), lr=1e-3)
    best = float("inf")
    for _ in range(epochs):
        order = torch.randperm(samples, device=where)
        start = time.monotonic()
        for at in range(0, samples, batch):
            index = order[at : at + batch]
            loss = nn.functional.cross_entropy(net(x[index]), y[index])
            rule.zero_grad()
            loss.backward()
            rule.step()
        float(loss)
        best = min(best, time.monotonic() - start)
    return best


def speed(check):
    """Seconds per epoch of MNIST: GPU, CPU, PyTorch on the GPU."""
    rows = []
    for model, kind in (("mlp", "sgd"), ("mlp", "adam"), ("cnn", "sgd"), ("cnn", "adam")):
        text = training(model, "mnist", 64, 2, [kind])
        row = {}
        for where, device in (("gpu", check.args.device), ("cpu", check.args.cpu)):
            records, _ = check.sweep(f"speed-{model}-{kind}-{where}", text, device)
            row[where] = seconds_an_epoch(records)
        row["torch"] = in_pytorch(model, kind, check.args.device) if check.left() > 30 else None
        check.keep("speed", model=model, optimizer=kind, **row)
        shown = [f"{row[w]:.2f}" if row[w] else "-" for w in ("gpu", "cpu", "torch")]
        rows.append((model, kind, *shown))
    heads = ("model", "optimizer", "GPU, s", "CPU, one thread, s", "PyTorch on the GPU, s")
    check.table("An epoch of MNIST in batches of 64", heads, rows)


def steps(check):
    """Microseconds per step by batch size; if they hardly grow, kernel launches and the host dominate."""
    rows = []
    for kind in ("sgd", "adam"):
        row = []
        for batch in (64, 512, 4096):
            records, _ = check.sweep(f"steps-{kind}-{batch}", training("mlp", "mnist", batch, 2, [kind]), check.args.device)
            count = max((r["outcome"]["steps"] / max(r["outcome"]["epochs_completed"], 1) for r in records), default=0)
            seconds = seconds_an_epoch(records)
            row.append(seconds / count * 1e6 if count else float("nan"))
            check.keep("steps", optimizer=kind, batch=batch, microseconds=row[-1])
        rows.append((kind, *(f"{micro:.0f}" for micro in row), f"{row[-1] / row[0]:.1f}"))
    heads = ("optimizer", "batch 64, us", "batch 512, us", "batch 4096, us", "4096 against 64")
    note = "64 times the arithmetic: a ratio near 1 says that launches and the host take the time, one near 64 that kernels do."
    check.table("A step of the perceptron by batch size", heads, rows, note)


def slots(check):
    """Several runs on one GPU at a time."""
    rows, alone = [], None
    for count in (1, 2, 4, 8):
        pool = f'\n[devices]\npool = [{{ device = "{check.args.device}", slots = {count} }}]\n'
        text = training("mlp", "mnist", 64, 2, ["sgd"], seeds=count * 2) + pool
        records, _ = check.sweep(f"slots-{count}", text, None)
        seconds = sum(r["outcome"]["train_seconds"] + r["outcome"]["eval_seconds"] for r in records) / count
        rate = len(records) / seconds if seconds else 0.0
        alone = alone or rate
        check.keep("slots", slots=count, runs=len(records), runs_per_second=rate)
        rows.append((count, f"{rate:.3f}", f"{rate / alone:.2f}" if alone else "-"))
    check.table("Runs side by side on one GPU", ("slots", "runs a second", "against one slot"), rows)


def mixed_pool(check):
    """Checks that a pool of GPU and CPU is rejected."""
    pool = f'\n[devices]\npool = ["{check.args.cpu}", "{check.args.device}"]\n'
    if check.args.cpu.split(":")[:2] == check.args.device.split(":")[:2]:
        return
    check.sweep("mixed", training("mlp", "digits", 64, 1, ["sgd"]) + pool, None, expect=(2,))
    check.keep("mixed_pool", refused=not any("mixed" in text for text in check.wrong))


def battle(check):
    """The sweep `battle` from start to report."""
    source = Path(check.args.root) / "experiments/battle.toml"
    if not source.exists() or check.left() < 30:
        return
    target = shutil.copy(source, check.work / "experiments/battle.toml")
    command = [check.args.sweep, "--root", str(check.work), "run", str(target), "--device", check.args.device]
    limit = max(int(check.left()) - 20, 10)
    start = time.monotonic()
    with open(check.out / "sweep.log", "a") as log:
        done = subprocess.run(
            command + ["--max-time", f"{limit}s"], env=check.environment, stdout=log, stderr=log, timeout=limit + 60
        )
    seconds = time.monotonic() - start
    page = check.work / "reports/battle/index.html"
    count = len(check.records("battle"))
    check.keep("battle", seconds=seconds, code=done.returncode, runs=count, page=page.exists())
    rows = [(count, f"{seconds:.0f}", done.returncode, "yes" if page.exists() else "no")]
    check.table("The Convergence Battle", ("runs with a result", "seconds", "exit code", "report"), rows)


PARTS = (probe, repeats, beside_cpu, speed, steps, slots, mixed_pool, battle)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweep", required=True, help="path of the program sweep")
    parser.add_argument("--worker", required=True, help="path of the program sweep-worker")
    parser.add_argument("--root", required=True, help="folder with data/ and experiments/")
    parser.add_argument("--device", default="libtorch:cuda:0")
    parser.add_argument("--cpu", default="libtorch:cpu", help="device to compare with")
    parser.add_argument("--budget", type=float, default=480, help="total time, in seconds")
    parser.add_argument("--output", help="folder of the results; default: gpu-check/<time>")
    parser.add_argument("--only", help="names of the parts to run, separated by commas")
    args = parser.parse_args()
    args.sweep, args.worker = (str(Path(p).absolute()) for p in (args.sweep, args.worker))
    for program in (args.sweep, args.worker):
        if not os.access(program, os.X_OK):
            parser.error(f"{program} is no program")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    check = Check(args)
    print(f"results are kept in {check.out}", flush=True)
    for part in PARTS:
        if args.only and part.__name__ not in args.only.split(","):
            continue
        try:
            part(check)
        except Stop:
            check.keep("stopped", at=part.__name__)
            print(f"the budget was spent in part {part.__name__}; results so far are kept", flush=True)
            break
    check.write()
    print(f"\n{len(check.wrong)} wrong; {check.out / 'GPU.md'} has the tables", flush=True)
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
