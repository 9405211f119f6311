//! The device pool: resolves the devices of a plan to slots that each hold a worker.

use spec::device::DeviceName;
use spec::event::Probe;
use spec::plan::PoolEntry;
use spec::slurm::SlurmSettings;
use text_format::plural;

use crate::error::bad_input;

/// Room for one worker process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Number of the slot, from 0.
    pub index: usize,
    /// Device as the pool names it: `libtorch:cuda:1`.
    pub device: DeviceName,
    /// Index of the physical GPU, the only one that the worker sees; `None` on a CPU.
    pub gpu: Option<usize>,
}

impl Slot {
    /// Returns the device as the worker names it: its only GPU has index 0.
    pub fn worker_device(&self) -> DeviceName {
        if self.gpu.is_some() { DeviceName::Cuda(0) } else { self.device }
    }

    /// Returns the backend: `libtorch` or `flex`.
    pub fn backend(&self) -> &'static str {
        self.device.backend().unwrap_or("flex")
    }

    /// Returns the kind of device: `cuda` or `cpu`.
    pub fn device_kind(&self) -> &'static str {
        if self.gpu.is_some() { "cuda" } else { "cpu" }
    }
}

/// Returns the pool of the plan, or the devices of `--device` if given.
///
/// # Errors
/// Bad input: an unknown device, or devices of different kinds.
pub fn entries(plan: &[PoolEntry], given: &[String]) -> crate::Result<Vec<PoolEntry>> {
    if given.is_empty() {
        return Ok(plan.to_vec());
    }
    let mut out: Vec<PoolEntry> = Vec::new();
    for name in given {
        let device: DeviceName = name
            .parse()
            .map_err(|reason| bad_input(format!("--device: {reason}\n  {}", DeviceName::HELP)))?;
        if let Some(first) = out.first().filter(|first| first.device.kind() != device.kind()) {
            return Err(bad_input(format!(
                "--device: {} and {name} are different kinds of devices; their results are not bit-identical",
                first.device
            )));
        }
        out.push(PoolEntry { device, slots: None });
    }
    Ok(out)
}

/// Returns whether this machine has NVIDIA's driver.
pub fn gpu_driver() -> bool {
    std::path::Path::new("/proc/driver/nvidia/version").exists()
}

/// Returns the slots of a pool on this machine. A GPU has one slot, a CPU as many as its `cpus`
/// hold runs of `threads`, unless the pool gives a number; `jobs` limits their number.
///
/// # Errors
/// Bad input: a device that the worker's probe does not list.
pub fn slots(
    pool: &[PoolEntry],
    probe: &Probe,
    threads: u64,
    cpus: u64,
    jobs: Option<u64>,
) -> crate::Result<Vec<Slot>> {
    let mut out = Vec::new();
    for entry in pool {
        for device in resolve(entry.device, probe)? {
            let gpu = device.gpu();
            let room = if gpu.is_some() { 1 } else { (cpus / threads.max(1)).max(1) };
            // On a CPU --jobs may exceed the number of cores.
            let room = if gpu.is_none() { jobs.unwrap_or(room) } else { room };
            for _ in 0..entry.slots.unwrap_or(room) {
                out.push(Slot { index: out.len(), device, gpu });
            }
        }
    }
    if let Some(jobs) = jobs {
        out.truncate(usize::try_from(jobs).unwrap_or(usize::MAX));
    }
    Ok(out)
}

/// Returns the pool on a cluster: `auto` becomes every GPU of a task that has GPUs, else its
/// processors.
pub fn on_cluster(pool: &[PoolEntry], libtorch: bool, gpus: u64) -> Vec<PoolEntry> {
    let auto = match (libtorch, gpus) {
        (true, 1..) => DeviceName::EveryCuda,
        (true, 0) => DeviceName::LibtorchCpu,
        (false, _) => DeviceName::Flex,
    };
    let entry = |e: &PoolEntry| match e.device {
        DeviceName::Auto => PoolEntry { device: auto, slots: e.slots },
        _ => e.clone(),
    };
    pool.iter().map(entry).collect()
}

/// Returns the slots that a task of a cluster will have, by the resources it requests.
pub fn of_task(
    pool: &[PoolEntry],
    settings: &SlurmSettings,
    threads: u64,
    jobs: Option<u64>,
) -> Vec<Slot> {
    let mut out = Vec::new();
    for entry in pool {
        let cuda = entry.device.is_cuda();
        let room = match cuda {
            true => entry.slots.unwrap_or(1),
            false => entry.slots.or(jobs).unwrap_or(settings.cpus / threads.max(1)).max(1),
        };
        let every = entry.device == DeviceName::EveryCuda;
        let devices = if every { settings.gpus.max(1) } else { 1 };
        for gpu in (0..devices).flat_map(|gpu| (0..room).map(move |_| gpu)) {
            let gpu = cuda.then(|| usize::try_from(gpu).unwrap_or(0));
            out.push(Slot { index: out.len(), device: entry.device, gpu });
        }
    }
    if let Some(jobs) = jobs {
        out.truncate(usize::try_from(jobs).unwrap_or(usize::MAX));
    }
    out
}

fn resolve(wanted: DeviceName, probe: &Probe) -> crate::Result<Vec<DeviceName>> {
    // A newer worker may list devices that this program does not know.
    let offered: Vec<DeviceName> = probe.devices.iter().filter_map(|d| d.parse().ok()).collect();
    let gpus: Vec<DeviceName> = offered.iter().copied().filter(|d| d.is_cuda()).collect();
    if let Some(why) = probe.libtorch_refused.as_ref().filter(|_| wanted != DeviceName::Flex) {
        return Err(bad_input(format!(
            "device `{wanted}` is not usable here: {why}\n  `cargo xtask sweep FILE` builds a worker for \
             the requested libtorch; or unset the variables that select this one (LD_LIBRARY_PATH, \
             LIBTORCH_USE_PYTORCH)"
        )));
    }
    let count = gpus.len();
    let devices = match wanted {
        DeviceName::Auto if !gpus.is_empty() => gpus,
        DeviceName::Auto if offered.contains(&DeviceName::LibtorchCpu) => {
            vec![DeviceName::LibtorchCpu]
        }
        DeviceName::Auto => vec![DeviceName::Flex],
        DeviceName::EveryCuda => gpus,
        other => offered.into_iter().filter(|d| *d == other).collect(),
    };
    if devices.is_empty() {
        return Err(bad_input(format!(
            "device `{wanted}` is not usable here: {}\n  this worker has: {}\n  change `pool` in [devices], or give --device",
            reason(wanted, probe, count),
            probe.devices.join(", ")
        )));
    }
    Ok(devices)
}

/// Returns why a worker lacks a device, and the remedy.
fn reason(wanted: DeviceName, probe: &Probe, gpus: usize) -> String {
    if wanted.backend() == Some("libtorch") && probe.libtorch.is_none() {
        "this worker was built without libtorch; `cargo xtask sweep` builds one with it".to_owned()
    } else if !wanted.is_cuda() {
        "the worker does not list it".to_owned()
    } else if probe.libtorch_kind.as_deref() == Some("cpu") {
        "its libtorch is built for the CPU only; `cargo xtask sweep` downloads one with CUDA if the pool asks for a GPU and this machine has a driver".to_owned()
    } else if gpus == 0 {
        "libtorch sees no GPU; `nvidia-smi` should list one, and CUDA_VISIBLE_DEVICES must not hide it".to_owned()
    } else {
        format!("libtorch sees {}, counted from 0", plural::count(gpus, "GPU"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(devices: &[&str]) -> Probe {
        Probe {
            protocol: 1,
            backends: vec![],
            libtorch: None,
            libtorch_kind: None,
            libtorch_folder: None,
            libtorch_refused: None,
            cuda: false,
            devices: devices.iter().map(|d| (*d).to_owned()).collect(),
            code: String::new(),
        }
    }

    fn pool(device: &str, slots: Option<u64>) -> Vec<PoolEntry> {
        vec![PoolEntry { device: device.parse().unwrap(), slots }]
    }

    #[test]
    fn auto_prefers_gpus_and_falls_back() {
        let names = |devices: &[&str]| -> Vec<String> {
            slots(&pool("auto", None), &probe(devices), 1, 2, None)
                .unwrap()
                .into_iter()
                .map(|s| s.device.to_string())
                .collect()
        };
        assert_eq!(
            names(&["flex", "libtorch:cpu", "libtorch:cuda:0", "libtorch:cuda:1"]),
            ["libtorch:cuda:0", "libtorch:cuda:1"]
        );
        assert_eq!(names(&["flex", "libtorch:cpu"]), ["libtorch:cpu"; 2]);
        assert_eq!(names(&["flex"]), ["flex"; 2]);
    }

    #[test]
    fn slots_follow_cores_threads_and_jobs() {
        let count = |entry: Vec<PoolEntry>, threads, jobs| {
            slots(&entry, &probe(&["libtorch:cpu"]), threads, 8, jobs).unwrap().len()
        };
        assert_eq!(count(pool("libtorch:cpu", None), 1, None), 8);
        assert_eq!(count(pool("libtorch:cpu", None), 3, None), 2);
        assert_eq!(count(pool("libtorch:cpu", None), 16, None), 1);
        assert_eq!(count(pool("libtorch:cpu", Some(5)), 1, None), 5);
        assert_eq!(count(pool("libtorch:cpu", Some(5)), 1, Some(2)), 2);
        assert_eq!(count(pool("libtorch:cpu", None), 4, Some(3)), 3);
    }

    #[test]
    fn a_gpu_slot_sees_its_gpu_as_number_0() {
        let slots = slots(
            &[PoolEntry { device: DeviceName::Cuda(1), slots: Some(2) }],
            &probe(&["libtorch:cuda:0", "libtorch:cuda:1"]),
            1,
            8,
            None,
        )
        .unwrap();
        assert_eq!(slots.len(), 2);
        assert_eq!(
            (slots[0].gpu, slots[0].worker_device(), slots[1].index),
            (Some(1), DeviceName::Cuda(0), 1)
        );
    }

    #[test]
    fn a_libtorch_that_does_not_fit_is_said() {
        let why = "libtorch 2.12.0 does not fit, since it may have changed";
        let probe = Probe { libtorch_refused: Some(why.to_owned()), ..probe(&["flex"]) };
        for name in ["auto", "libtorch:cpu", "libtorch:cuda:0"] {
            let said = slots(&pool(name, None), &probe, 1, 2, None).unwrap_err().to_string();
            assert!(said.contains(why) && said.contains("LD_LIBRARY_PATH"), "{said}");
        }
        assert_eq!(slots(&pool("flex", None), &probe, 1, 2, None).unwrap().len(), 2);
    }

    #[test]
    fn an_absent_device_is_named() {
        let error =
            slots(&pool("libtorch:cuda:0", None), &probe(&["flex", "libtorch:cpu"]), 1, 2, None)
                .unwrap_err();
        assert!(error.to_string().contains("`libtorch:cuda:0` is not usable here"), "{error}");
        let why = |devices: &[&str], kind: Option<&str>| {
            let libtorch_kind = kind.map(str::to_owned);
            let libtorch = kind.map(|_| "2.9.0".to_owned());
            let probe = Probe { libtorch, libtorch_kind, ..probe(devices) };
            slots(&pool("libtorch:cuda:7", None), &probe, 1, 2, None).unwrap_err().to_string()
        };
        for (devices, kind, said) in [
            (&["flex"][..], None, "built without libtorch"),
            (&["flex", "libtorch:cpu"], Some("cpu"), "built for the CPU only"),
            (&["flex", "libtorch:cpu"], Some("cuda"), "sees no GPU"),
            (&["libtorch:cuda:0", "libtorch:cuda:1"], Some("cuda"), "libtorch sees 2 GPUs"),
        ] {
            let text = why(devices, kind);
            assert!(text.contains(said) && text.contains("--device"), "{text}");
        }
        assert!(entries(&[], &["cuda".to_owned()]).is_err());
        assert!(entries(&[], &["flex".to_owned(), "libtorch:cpu".to_owned()]).is_err());
    }
}
