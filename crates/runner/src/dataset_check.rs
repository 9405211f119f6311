//! Data is looked at before anything is trained: a file that is missing or
//! altered is one error, not one a run.

use spec::DatasetSpec;
use spec::plan::Plan;

use crate::error::bad_input;
use crate::workspace::Workspace;

/// Checks each dataset of the plan against its checksum.
///
/// # Errors
/// Bad input: the first that is missing or not what it should be.
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

/// Own data is taken as it is at first use: a later change would give the same
/// sweep other results.
///
/// # Errors
/// Bad input when the same files hold something else than at the last sweep.
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
                "{} is not what it was at the first use: checksum {}, now {}\n  restore the file; or begin anew with what it holds now: --fresh; or give the sweep another `name`",
                now.files.path, before.checksum, now.checksum
            )))
        }
        _ => Ok(()),
    }
}
