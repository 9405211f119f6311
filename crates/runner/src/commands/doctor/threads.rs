//! Findings on the measurements of `threads_per_run = "auto"` on this machine.

use spec::event::Probe;
use spec::plan::Plan;
use spec::threads::Threads;

use super::finding::{Finding, Level};
use super::worker::Worker;
use crate::resume::ExecutionTarget;
use crate::threads::{self, Entry, KnownThreads, MachineFile};
use crate::workspace::Workspace;
use crate::{pool, provenance};

/// Number of measurements that are shown.
const SHOWN: usize = 5;
const TOPIC: &str = "threads";

/// Returns a finding for each stored measurement; none if there are none and the plan needs none.
pub(super) fn check(workspace: &Workspace, plan: Option<&Plan>, worker: &Worker) -> Vec<Finding> {
    let kept = MachineFile::read(workspace);
    let path = workspace.relative(&MachineFile::path(workspace));
    let wanted = plan.is_some_and(|p| p.threads_per_run == Threads::Auto);
    let code = worker.probe().map(|p| p.code.as_str());
    findings(&kept, &path, wanted, &provenance::processor(), provenance::cpus(), code)
}

fn findings(
    kept: &MachineFile,
    path: &str,
    wanted: bool,
    processor: &str,
    cores: u64,
    code: Option<&str>,
) -> Vec<Finding> {
    if let Some(problem) = &kept.problem {
        let remedy =
            format!("nothing to do: the next sweep with \"auto\" measures again; or `rm {path}`");
        return vec![Finding::bad(Level::Warn, TOPIC, problem, remedy)];
    }
    let (ours, others) = kept.of_machine(processor, cores);
    let show = |entry: &&Entry| {
        let old = code.is_some_and(|code| code != entry.key.code);
        let old = if old { "; by another worker, so it will be measured again" } else { "" };
        let Entry { key, threads, .. } = entry;
        let (size, day, told) = (entry.size(), entry.day(), entry.told());
        let text = format!("{threads} on {} for {size}, measured {day}: {told}{old}", key.device);
        Finding::ok(TOPIC, text)
    };
    let mut out: Vec<Finding> = ours.iter().take(SHOWN).map(show).collect();
    let more = ours.len().saturating_sub(SHOWN);
    if more + others > 0 {
        let text = format!(
            "{path} holds {more} more measurements of this machine and {others} of other machines"
        );
        out.push(Finding::ok(TOPIC, text));
    }
    if out.is_empty() && wanted {
        let text = format!("none measured yet; the first sweep measures and stores them in {path}");
        out.push(Finding::ok(TOPIC, text));
    } else if !out.is_empty() {
        out.push(Finding::ok(TOPIC, format!("`rm {path}` makes the next sweep measure again")));
    }
    out
}

/// Returns the threads per run of a plan; `None` if they are not measured yet.
pub(super) fn of(workspace: &Workspace, plan: &Plan, probe: Option<&Probe>) -> Option<u64> {
    let known =
        KnownThreads::of(workspace, plan, || store::plan(&workspace.report(&plan.name)).ok());
    let first =
        probe.and_then(|probe| pool::slots(&plan.pool, probe, 1, 1, None).ok()?.into_iter().next());
    let (on, key) = match (probe, &first) {
        (Some(probe), Some(slot)) => {
            (ExecutionTarget::new(slot, plan, &probe.code).on, threads::key(plan, slot, probe))
        }
        _ => (ExecutionTarget::without_probe(&plan.pool, plan).on, None),
    };
    Some(known.resolve(plan, &on, key.as_ref())?.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::tests::entry;

    fn shown(kept: &MachineFile, wanted: bool, code: Option<&str>) -> Vec<String> {
        findings(kept, "reports/.machine.json", wanted, "Fast", 2, code)
            .into_iter()
            .map(|f| f.text)
            .collect()
    }

    #[test]
    fn what_is_kept_is_shown_and_what_cannot_be_read_is_told() {
        let mut kept = MachineFile::default();
        assert!(shown(&kept, false, None).is_empty());
        assert!(shown(&kept, true, None)[0].contains("none measured yet"));
        kept.entries = vec![entry("Fast", 2, 64), entry("Slow", 1, 64)];
        let all = shown(&kept, true, Some("code"));
        assert_eq!(
            all,
            [
                "2 on flex for mlp hidden=[128] batch 64, measured 2026-11-27: 1 thread x 2 jobs \
                 312,000 samples/s, 2 threads x 1 job 401,000",
                "reports/.machine.json holds 0 more measurements of this machine and 1 of other machines",
                "`rm reports/.machine.json` makes the next sweep measure again",
            ]
        );
        assert!(shown(&kept, true, Some("new"))[0].contains("by another worker"));
        kept.problem = Some("reports/.machine.json cannot be used (broken)".to_owned());
        let all = findings(&kept, "reports/.machine.json", true, "Fast", 2, None);
        assert_eq!((all.len(), all[0].level), (1, Level::Warn));
        assert!(all[0].text.contains("broken"), "{all:?}");
    }
}
