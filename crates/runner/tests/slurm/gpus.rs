//! GPUs that exist for Slurm alone reach the workers of a task.

use std::collections::BTreeSet;

use crate::cluster::Options;
use crate::place::{Place, digits};

/// A worker that lists the GPUs it is shown, records them, waits until two workers have, and
/// trains on the CPU.
const WORKER: &str = r#"#!/bin/bash
if [ "$1" = --probe ]; then
  gpus=
  IFS=, read -ra shown <<<"$CUDA_VISIBLE_DEVICES"
  for i in "${!shown[@]}"; do gpus="$gpus,\"libtorch:cuda:$i\""; done
  '@worker@' --probe | sed "s/\"libtorch:cpu\"]/\"libtorch:cpu\"$gpus]/"
  exit
fi
echo "$SLURM_ARRAY_TASK_ID:$CUDA_VISIBLE_DEVICES:$2" >> '@control@/seen'
for i in {1..1200}; do [ "$(wc -l < '@control@/seen')" -ge 2 ] && break; sleep 0.05; done
'@worker@' "${@/libtorch:cuda:0/libtorch:cpu}" |
  sed -u 's/"device_kind":"cpu"/"device_kind":"cuda"/'
"#;

/// Trains four runs on a node of two GPUs. Returns the record of each worker: task, GPU, device.
fn seen(slurm: &str) -> Option<(Place, Vec<[String; 3]>)> {
    let options = Options { nodes: 1, gpus: 2, ..Options::default() };
    let place = Place::with_worker(options, WORKER)?;
    let text = digits(1, 1, slurm).replace("libtorch:cpu", "libtorch:cuda:*");
    place.sandbox.sweep_file("gpus", &text);
    let args = ["run", "experiments/gpus.toml", "--launcher", "slurm", "--watch"];
    let mut command = place.command(&args);
    let (code, said) = crate::place::answer(command.env_remove("CUDA_VISIBLE_DEVICES"));
    let logs = std::fs::read_to_string(place.sandbox.path("reports/gpus/logs/1.0.0.log"));
    assert_eq!(code, 0, "{said}\n{logs:?}");
    let text = std::fs::read_to_string(place.control("seen")).unwrap();
    let line = |line: &str| {
        let fields: Vec<String> = line.splitn(3, ':').map(str::to_owned).collect();
        <[String; 3]>::try_from(fields).unwrap()
    };
    let mut lines: Vec<[String; 3]> = text.lines().map(line).collect();
    lines.sort();
    Some((place, lines))
}

#[test]
fn fake_gpus_reach_the_worker() {
    let Some((place, lines)) = seen("gpus = 2\nruns_per_task = 4") else { return };
    let expected = [["0", "0", "libtorch:cuda:0"], ["0", "1", "libtorch:cuda:0"]];
    assert_eq!(lines, expected, "each slot's worker is shown one of the task's GPUs");
    let devices: BTreeSet<String> = place.records("gpus").into_iter().map(|r| r.device).collect();
    assert_eq!(devices, ["libtorch:cuda:0", "libtorch:cuda:1"].map(str::to_owned).into());
}

#[test]
fn fake_gpus_are_shared_by_tasks_side_by_side() {
    let Some((place, lines)) = seen("gpus = 1\nruns_per_task = 2") else { return };
    let mut gpus: Vec<&str> = lines.iter().map(|[_, gpu, _]| gpu.as_str()).collect();
    gpus.sort_unstable();
    assert_eq!(gpus, ["0", "1"], "{lines:?}");
    let tasks: Vec<&str> = lines.iter().map(|[task, ..]| task.as_str()).collect();
    assert_eq!(tasks, ["0", "1"], "{lines:?}");
    assert!(lines.iter().all(|[_, _, device]| device == "libtorch:cuda:0"), "{lines:?}");
    // A task knows no GPU but its own.
    assert!(place.records("gpus").iter().all(|r| r.device == "libtorch:cuda:0"));
}
