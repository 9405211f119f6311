//! Parts of a cluster: its folder, configuration, ports and daemons.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Options;

/// Folders of daemons on Debian, which are not on an ordinary user's PATH.
const SYSTEM_FOLDERS: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// Character devices of every machine. Slurm only checks that a GPU's file is such a device, so
/// that these serve as GPUs without any privileges.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Environment variable that names the node of a slurmd; its steps inherit it.
pub const NODE: &str = "SWEEP_TEST_SLURM_NODE";

/// Script that ends the cluster of a killed test. It reads a line from the test; if the pipe closes
/// without one, the test is dead.
const GUARD: &str = r#"
read -r line && exit 0
for round in 1 2 3 4 5; do
  for environ in $(grep -lszxF "SLURM_CONF=$1/slurm.conf" /proc/[0-9]*/environ); do
    pid=${environ#/proc/}
    kill -KILL "${pid%/environ}"
  done
  sleep 0.1
done
rm -rf "$1"
"#;

/// Returns the PATH of this process with the folders of the daemons.
pub fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
    format!("{path}:{SYSTEM_FOLDERS}")
}

/// Returns the programs of Slurm that this machine lacks.
pub fn missing() -> Vec<&'static str> {
    let path = path();
    let there = |program: &str| path.split(':').any(|f| Path::new(f).join(program).is_file());
    ["slurmctld", "slurmd", "sbatch"].into_iter().filter(|program| !there(program)).collect()
}

/// Returns ports on loopback that nobody listens on at this moment: the controller's, then the
/// nodes'. They are below those of outgoing connections, so that the port of a node that is down
/// stays free.
pub fn free_ports(count: usize) -> Vec<u16> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut seed = u64::from(now.subsec_nanos()) ^ (u64::from(std::process::id()) << 32);
    let mut held = Vec::new();
    while held.len() < count {
        // Knuth's generator, whose high bits are good enough here.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let port = 10_000 + ((seed >> 33) % 22_000) as u16;
        // Kept until all are found, so that none is found twice.
        held.extend(
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(|listener| (port, listener)),
        );
    }
    held.into_iter().map(|(port, _)| port).collect()
}

/// Returns whether somebody accepts connections on a port.
pub fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Returns the cluster's name of its node `i`.
pub fn node_name(i: usize) -> String {
    format!("node{i}")
}

/// A running daemon. Its `Child` is reaped only after it is killed, so that no other process has
/// its pid.
pub struct Daemon(Child);

impl Daemon {
    /// Kills the daemon and waits for its end.
    pub fn kill(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Returns whether it has ended by itself.
    pub fn ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

/// Folder and settings of a cluster.
pub struct Site {
    folder: tempfile::TempDir,
    ports: Vec<u16>,
    hide: Option<PathBuf>,
    guard: Option<(Child, ChildStdin)>,
}

impl Site {
    /// Creates the folder and writes the configuration.
    pub fn new(options: &Options) -> Site {
        let folder = tempfile::Builder::new().prefix("slurm-").tempdir().unwrap();
        let mut site = Site {
            folder,
            ports: free_ports(1 + options.nodes),
            hide: options.hide.clone(),
            guard: None,
        };
        fs::create_dir(site.path("state")).unwrap();
        for i in 0..options.nodes {
            fs::create_dir_all(site.path("spool").join(node_name(i))).unwrap();
        }
        fs::write(site.path("slurm.conf"), site.configuration(options)).unwrap();
        fs::write(site.path("gres.conf"), gpu_files(options.gpus)).unwrap();
        fs::write(site.path("cgroup.conf"), "").unwrap();
        // In a group of its own: a runner of tests kills the test's group.
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "guard"]).arg(site.folder.path());
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut guard, 0);
        let mut guard = guard.spawn().unwrap();
        let pipe = guard.stdin.take().unwrap();
        site.guard = Some((guard, pipe));
        site
    }

    /// Returns a path in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Returns the entry that all processes of the cluster have in their environment.
    pub fn mark(&self) -> String {
        format!("SLURM_CONF={}", self.path("slurm.conf").display())
    }

    /// Returns the controller's port.
    pub fn controller_port(&self) -> u16 {
        self.ports[0]
    }

    /// Returns the port of node `i`.
    pub fn node_port(&self, i: usize) -> u16 {
        self.ports[1 + i]
    }

    /// Returns the command of a program of Slurm, with a minimal environment.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env_clear().env("PATH", path()).env("HOME", "/").env("LANG", "C.UTF-8");
        command.env("SLURM_CONF", self.path("slurm.conf"));
        command
    }

    /// Starts slurmctld.
    pub fn controller(&self) -> Daemon {
        let mut command = self.program("slurmctld");
        command.arg("-D").arg("-f").arg(self.path("slurm.conf"));
        self.daemon(command, "slurmctld")
    }

    /// Starts slurmd of node `i`.
    pub fn node(&self, i: usize) -> Daemon {
        let name = node_name(i);
        let mut command = self.program("slurmd");
        match &self.hide {
            Some(hide) if i == 1 => {
                command = self.program("unshare");
                if !rustix::process::getuid().is_root() {
                    command.args(["--map-current-user", "--keep-caps"]);
                }
                // Each in turn becomes the next by exec: the pid stays.
                let script = r#"mount -t tmpfs none "$1" && shift && exec "$@""#;
                command.args(["--mount", "sh", "-c", script, "sh"]).arg(hide).arg("slurmd");
            }
            _ => {}
        }
        command.arg("-D").arg("-f").arg(self.path("slurm.conf")).args(["-N", &name]);
        command.env(NODE, &name);
        self.daemon(command, &name)
    }

    fn daemon(&self, mut command: Command, name: &str) -> Daemon {
        let log = self.path(&format!("{name}.out"));
        let log = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // Ctrl-C on the tests is for the tests, which then end the daemons.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Daemon(command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}")))
    }

    /// Returns the last lines of all logs, for a failed test.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        let mut paths: Vec<PathBuf> = fs::read_dir(self.folder.path())
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .collect();
        // A log has all that its daemon has printed, with times.
        paths.retain(|path| match path.extension().and_then(|e| e.to_str()) {
            Some("log") => true,
            Some("out") => !path.with_extension("log").exists(),
            _ => false,
        });
        paths.sort();
        for path in &paths {
            let log = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(25)..];
            text += &format!("--- {}\n{}\n", path.display(), last.join("\n"));
        }
        text
    }

    /// Ends the guard once all daemons have ended.
    pub fn close(&mut self) -> io::Result<()> {
        let Some((mut guard, mut pipe)) = self.guard.take() else { return Ok(()) };
        pipe.write_all(b"done\n")?;
        drop(pipe);
        guard.wait().map(|_| ())
    }

    fn configuration(&self, options: &Options) -> String {
        let user = rustix::process::getuid().as_raw();
        let uname = rustix::system::uname();
        let host = uname.nodename().to_string_lossy();
        let host = host.split('.').next().unwrap();
        let folder = self.folder.path().display();
        let (controller, cpus, array) = (self.controller_port(), options.cpus, options.max_array);
        let (types, gres) = match options.gpus {
            0 => (String::new(), String::new()),
            gpus => ("GresTypes=gpu".to_owned(), format!("Gres=gpu:{gpus}")),
        };
        let mut text = format!(
            "\
ClusterName=fixture
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
# Nobody is asked who they are: for loopback and the minutes of a test.
AuthType=auth/none
CredType=cred/none
# A requeued job waits as long as credentials last; five seconds is the least.
AuthInfo=cred_expire=5

StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log

ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
PrivateData=none

# What nodes claim to have need not be there.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=500
MaxArraySize={array}
MaxJobCount=10000
MinJobAge=300
KillWait=2
SlurmdTimeout=10
MessageTimeout=5
CompleteWait=0
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
{types}
"
        );
        for i in 0..options.nodes {
            let (name, port) = (node_name(i), self.node_port(i));
            text += &format!(
                "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} \
                 CPUs={cpus} CoresPerSocket={cpus} RealMemory=16000 {gres} State=UNKNOWN\n"
            );
        }
        text + "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
    }
}

/// Returns gres.conf: the same files for every node.
fn gpu_files(gpus: usize) -> String {
    assert!(gpus <= DEVICES.len(), "the fixture has files for {} GPUs a node", DEVICES.len());
    let line = |device| format!("Name=gpu File=/dev/{device} Flags=nvidia_gpu_env\n");
    DEVICES[..gpus].iter().map(line).collect()
}
