//! Measurement of phases, each in a separate process, so that its peak memory is its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use runner::Error;
use serde_json::{Map, Value, json};

/// Maximum resident memory of a phase in bytes; one that takes more is killed.
const MOST_BYTES: u64 = 14_000_000_000;

/// Interval at which the memory is checked.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a phase. Returns its measurements with `seconds` and `peak` (bytes) of the whole process.
///
/// # Errors
/// The phase failed, or took too much memory.
pub fn phase(folder: &Path, name: &str, args: &[String]) -> anyhow::Result<Value> {
    let said = folder.join(format!("{name}.json"));
    let _ = fs::remove_file(&said);
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("phase").arg(name).arg(folder).args(args);
    // The user's settings and a real Slurm would distort the measurement.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("SWEEP_") {
            command.env_remove(variable);
        }
    }
    command.env("SWEEP_CONFIG", "").env("SWEEP_WORKER", folder.join("sweep-worker"));
    command.env("PATH", folder.join("no-programs")).stdin(Stdio::null()).stdout(Stdio::null());
    let since = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start phase {name}"))?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let resident = memory(&format!("/proc/{}/status", child.id()), "VmRSS:").unwrap_or(0);
        if resident > MOST_BYTES {
            child.kill()?;
            child.wait()?;
            bail!("{name} was ended: it took more than {} GB", MOST_BYTES / 1_000_000_000);
        }
        std::thread::sleep(LOOK);
    };
    if !status.success() {
        bail!("phase {name} ended with {status}");
    }
    let bytes = fs::read(&said).with_context(|| format!("phase {name} wrote no measurement"))?;
    let mut found: Map<String, Value> = serde_json::from_slice(&bytes)?;
    found.insert("seconds".to_owned(), json!(since.elapsed().as_secs_f64()));
    eprintln!("cluster: {name} {}", Value::Object(found.clone()));
    Ok(Value::Object(found))
}

/// Writes the measurements of a phase, from within it.
///
/// # Errors
/// The file cannot be written.
pub fn say(folder: &Path, name: &str, mut found: Value) -> anyhow::Result<()> {
    found["peak"] = json!(memory("/proc/self/status", "VmHWM:").unwrap_or(0));
    fs::write(folder.join(format!("{name}.json")), serde_json::to_vec(&found)?)?;
    Ok(())
}

/// Converts an error of the runner, whose tier does not matter here.
pub fn failed(error: Error) -> anyhow::Error {
    match error {
        Error::Expected(error) => anyhow::Error::msg(error.to_string()),
        Error::Unexpected(error) => error,
    }
}

fn memory(status: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
