//! `sweep-worker`: trains runs on one device, one after another.
//!
//! `sweep` starts it. Start it by hand only to list the devices (`--probe`) or to export a run's
//! inputs for another framework (`--export DIR`).

use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;
use spec::DatasetSpec;
use spec::event::Request;
use train::worker::{EXIT_PANIC, End, EventWriter, protocol_pipe, serve};
use train::{device, environment, export};

const HELP: &str = "\
sweep-worker: trains the runs that it reads as JSON lines on standard input

  --device NAME     flex, libtorch:cpu, libtorch:cuda:<index>
  --threads N       threads inside one operation (default 1)
  --data-dir DIR    folder of the datasets (default data)
  --tf32            let products and convolutions on a GPU round their inputs to TF32
  --plain           train by Burn's own operations alone, without the fast path
  --probe           print what this build can use, as JSON, and end
  --export DIR      write the initial weights and batch orders of the run read
                    on standard input into DIR, own data too, and end
";

struct Args {
    device: String,
    threads: u64,
    tf32: bool,
    data_dir: PathBuf,
    plain: bool,
    /// Uses the GPU's step engine on libtorch's CPU device; for tests.
    steps_of_gpu: bool,
    probe: bool,
    export: Option<PathBuf>,
}

fn main() -> ExitCode {
    match parse().and_then(|args| args.map_or(Ok(ExitCode::SUCCESS), |args| run(&args))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sweep-worker: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn parse() -> anyhow::Result<Option<Args>> {
    let mut args = Args {
        device: device::USUAL.to_owned(),
        threads: 1,
        tf32: false,
        data_dir: PathBuf::from("data"),
        plain: false,
        steps_of_gpu: false,
        probe: false,
        export: None,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("device") => args.device = parser.value()?.string()?,
            Long("threads") => args.threads = parser.value()?.parse()?,
            Long("data-dir") => args.data_dir = parser.value()?.into(),
            Long("tf32") => args.tf32 = true,
            Long("plain") => args.plain = true,
            Long("steps-of-gpu") => args.steps_of_gpu = true,
            Long("probe") => args.probe = true,
            Long("export") => args.export = Some(parser.value()?.into()),
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(args))
}

fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.probe {
        println!("{}", serde_json::to_string(&environment::probe())?);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = &args.export {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        let (Request::Run { spec, options, .. } | Request::Measure { spec, options, .. }) =
            serde_json::from_str(&line)?;
        export::export(&spec, folder)?;
        if let DatasetSpec::Own(_) = &spec.data.dataset {
            let data = data::load_spec(&spec.data.dataset, &args.data_dir, &options.root)?;
            export::data(&spec, &data, folder)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    // A worker whose sweep was killed has nobody to tell its result to.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let mut events = EventWriter::new(protocol_pipe()?);
    let device = device::open(&args.device, args.threads)?.with_tf32(args.tf32);
    let device = if args.steps_of_gpu { device.with_steps_of_gpu() } else { device };
    let environment = environment::describe(&device, args.threads, args.plain);
    match serve(io::stdin().lock(), &mut events, &device, environment, args.data_dir.clone())? {
        End::Input => Ok(ExitCode::SUCCESS),
        End::Panic => Ok(ExitCode::from(EXIT_PANIC)),
    }
}
