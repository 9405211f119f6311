"""Writes the final values of a finished sweep by seed, as a small JSON file.

crates/stats/tests/series.rs resamples nights from it. It has, for each configuration, the
values of each seed in order, and the sweep file and the programs that trained it.

    cargo xtask sweep noise.toml --jobs 1 --no-report
    python xtask/python/noise.py noise.toml reports/noise > crates/stats/tests/noise/seeds.json

Losses and seconds are rounded to 6 significant digits; accuracies are numbers of correctly
classified images; `target_epochs` is the first epoch with a validation accuracy of TARGET, or
the number of epochs plus one.
"""

import json
import sys
from pathlib import Path

TARGET = 0.93
SPLITS = {"validation": 237, "test": 360}


def values(record):
    metrics = {(m["epoch"], m["split"], m["metric"]): m["value"] for m in record["outcome"]["metrics"]}
    epochs = record["spec"]["train"]["epochs"]
    accuracies = [metrics[e, "validation", "accuracy"] for e in range(1, epochs + 1)]
    right = lambda accuracy, split: round(accuracy * SPLITS[split])
    return {
        "train_loss": float(f"{metrics[epochs, 'train', 'loss']:.6g}"),
        "validation_loss": float(f"{metrics[epochs, 'validation', 'loss']:.6g}"),
        "test_loss": float(f"{metrics[epochs, 'test', 'loss']:.6g}"),
        "validation_right": right(accuracies[-1], "validation"),
        "best_validation_right": right(max(accuracies), "validation"),
        "test_right": right(metrics[epochs, "test", "accuracy"], "test"),
        "target_epochs": next((e + 1 for e, a in enumerate(accuracies) if a >= TARGET), epochs + 1),
        "seconds_per_epoch": float(f"{record['outcome']['train_seconds'] / epochs:.6g}"),
    }


def main(sweep, report):
    lines = [line for file in sorted((report / "journal").glob("*.jsonl")) for line in file.open()]
    records = sorted(map(json.loads, lines), key=lambda r: r["spec"]["seed"])
    assert all(r["status"] == "completed" for r in records), "every run must be completed"
    manifest = json.loads((report / "manifest.json").read_text())
    made_by = {"script": "xtask/python/noise.py", "commit": manifest["git_commit"]}
    kept = ["backend", "libtorch", "burn", "code", "device_model", "threads"]
    made_by |= {key: manifest["environment"][key] for key in kept}
    configurations = {}
    for record in records:
        optimizer = record["spec"]["optimizer"]
        name = "momentum" if optimizer.get("momentum") else optimizer["kind"]
        columns = configurations.setdefault(name, {})
        for column, value in values(record).items():
            columns.setdefault(column, []).append(value)
    lengths = {len(column) for c in configurations.values() for column in c.values()}
    assert len(lengths) == 1, "every configuration must have every seed"
    print('{"made_by": ' + json.dumps(made_by) + ",")
    print('"sweep": ' + json.dumps(sweep.read_text()) + ",")
    print('"images": ' + json.dumps(SPLITS) + ', "target": ' + json.dumps(TARGET) + ",")
    print('"seeds": ' + json.dumps(lengths.pop()) + ', "configurations": {')
    blocks = []
    for name, columns in configurations.items():
        rows = [f'  "{column}": {json.dumps(column_values)}' for column, column_values in columns.items()]
        blocks.append(f'"{name}": {{\n' + ",\n".join(rows) + "}")
    print(",\n".join(blocks) + "}}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
