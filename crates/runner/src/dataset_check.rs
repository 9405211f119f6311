//! Checks of the data before training, so that a missing or altered file is one error, not one
//! for each run.

use spec::DatasetSpec;
use spec::plan::Plan;

use crate::error::bad_input;
use crate::workspace::Workspace;

/// Checks each dataset of the plan against its checksum.
///
/// # Errors
/// Bad input: the first dataset that is missing or altered.
pub fn on_disk(workspace: &Workspace, plan: &Plan) -> crate::Result<()> {
    let mut seen: Vec<&DatasetSpec> = Vec::new();
    for dataset in plan.runs.iter().map(|r| &r.spec.data.dataset) {
        if !seen.contains(&dataset) {
            data::check_spec(dataset, &workspace.data(), workspace.root())
                .map_err(|e| bad_input(e.to_string()))?;
            seen.push(dataset);
        }
    }
    Ok(())
}

/// Checks that user data is unchanged since its first use: a change would give the same sweep
/// other results.
///
/// # Errors
/// Bad input: the same files have another checksum than at the last sweep.
pub fn same_data(earlier: &Plan, plan: &Plan) -> crate::Result<()> {
    let own = |plan: &Plan| match plan.runs.first().map(|r| r.spec.data.dataset.clone()) {
        Some(DatasetSpec::Own(own)) => Some(*own),
        _ => None,
    };
    match (own(earlier), own(plan)) {
        (Some(before), Some(now))
            if before.files == now.files && before.checksum != now.checksum =>
        {
            Err(bad_input(format!(
                "{} has changed since its first use: checksum {}, now {}\n  restore the file; or train everything again on its current content: --fresh; or give the sweep another `name`",
                now.files.path, before.checksum, now.checksum
            )))
        }
        _ => Ok(()),
    }
}
