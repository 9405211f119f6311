//! Stages of a sweep and their decisions. `sweep-report` decides what a stage trains, by the same
//! rules as the report.

mod text;

use spec::Id;
use spec::plan::Plan;
use spec::stages::{Decision, digest_upto, result_digest};
use store::journal::Journal;

pub use text::{decided, described, waits};

/// Takes over the decisions of an earlier plan of the same sweep that rest on runs of this plan.
/// Other decisions are kept as superseded.
pub fn recall(plan: &mut Plan, earlier: Option<&Plan>) {
    let Some(earlier) = earlier.filter(|_| plan.is_staged()) else { return };
    plan.superseded.clone_from(&earlier.superseded);
    if same_design(plan, earlier) {
        take_over(plan, &earlier.decisions);
    } else {
        plan.superseded.extend(earlier.decisions.iter().cloned());
    }
}

/// Returns whether two plans would make the same decisions on the same results.
pub fn same_design(plan: &Plan, other: &Plan) -> bool {
    let design = |plan: &Plan| {
        let growth: Vec<_> = plan.optimizers.iter().map(|o| o.extend.clone()).collect();
        let looks = plan.looks().map(|(until, stage)| (until.clone(), stage));
        (plan.tuning.clone(), plan.confirm.as_ref().map(|confirm| confirm.top), looks, growth)
    };
    // Another metric chooses other configurations; its value chooses none.
    let by = |plan: &Plan| (plan.target.path(), plan.target.at);
    design(plan) == design(other) && by(plan) == by(other)
}

/// Takes over decisions; those that rest on runs outside the plan become superseded.
pub fn take_over(plan: &mut Plan, decisions: &[Decision]) {
    for decision in decisions {
        // A decision that rests on a superseded one rests on other runs, too.
        if plan.fits(decision) {
            plan.decide(decision.clone());
        } else {
            plan.superseded.push(decision.clone());
        }
    }
}

/// Marks all decisions as superseded, so that they are made again.
pub fn forget(plan: &mut Plan) {
    plan.runs.truncate(plan.runs_of_file().len());
    plan.superseded.append(&mut plan.decisions);
}

/// Returns the first decision of the plan whose results have changed since, with the number of
/// changed results; `None` if there is none.
pub fn outdated<'a>(plan: &'a Plan, journal: &Journal) -> Option<(&'a Decision, usize)> {
    let records = journal.best_for(plan.computed_on.as_ref());
    let mut all = plan.decisions.iter().enumerate().map(|(i, decision)| {
        let pauses = plan.pauses_after(&plan.decisions[..i]);
        let digest = |id: Id| {
            let record = records.get(&id)?;
            match pauses.get(&id) {
                Some(epoch) => digest_upto(record, *epoch),
                None => result_digest(record),
            }
        };
        (decision, decision.changed(digest).count())
    });
    all.find(|(_, changed)| *changed > 0)
}

#[cfg(test)]
mod tests {
    use spec::stages::{Choice, Evidence, Stage};
    use sweep_file::{Overrides, load_text};

    use super::*;

    fn plan(seeds: &str, confirm: &str) -> Plan {
        let text = format!(
            "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[repeat]\nseeds = {seeds}\n[confirm]\n{confirm}\n[[optimizer]]\nkind = \"sgd\"\nlr = [0.1, 0.2]\n"
        );
        load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan
    }

    fn decision(plan: &Plan) -> Decision {
        let first = plan.runs[0].config_id;
        let rests_on = plan.runs.iter().map(|run| Evidence { run_id: run.run_id, digest: None });
        Decision {
            stage: Stage::Confirm,
            look: 0,
            rung: 0,
            grown: Vec::new(),
            chosen: vec![Choice { label: "sgd".to_owned(), configs: vec![first] }],
            rests_on: rests_on.collect(),
        }
    }

    #[test]
    fn a_decision_is_taken_over_where_it_rests_on_the_same_runs() {
        let mut earlier = plan("[0, 1]", "seeds = [7, 8, 9]");
        assert_eq!((earlier.is_open(), earlier.at_most(Stage::Confirm)), (true, 3));
        earlier.decide(decision(&earlier));
        assert_eq!((earlier.is_open(), earlier.runs.len()), (false, 7));
        // Other fresh seeds are trained by the same decision.
        let mut again = plan("[0, 1]", "seeds = [7, 8]");
        recall(&mut again, Some(&earlier));
        let fresh: Vec<u64> = again.runs[4..].iter().map(|run| run.spec.seed).collect();
        assert_eq!((fresh, again.superseded.len()), (vec![7, 8], 0));
        assert_eq!(again.runs[4].config_id, again.runs[0].config_id);
        assert_eq!(again.runs[4].run_id, spec::identity::ids(&again.runs[4].spec).run);
        // Other runs of tuning, or more of the best, are decided anew.
        for mut other in
            [plan("[0, 1, 2]", "seeds = [7, 8]"), plan("[0, 1]", "seeds = [7, 8]\ntop = 2")]
        {
            recall(&mut other, Some(&earlier));
            assert!(other.is_open() && other.superseded.len() == 1);
        }
        // A decision is of configurations, whatever their label is called.
        let text = again.text.replace("kind = \"sgd\"", "kind = \"sgd\"\nlabel = \"other\"");
        let mut renamed = load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan;
        recall(&mut renamed, Some(&again));
        assert_eq!((renamed.runs.len(), renamed.runs[4].label.as_str()), (6, "other"));
        assert_eq!(renamed.decisions[0].of("other").len(), 1);
        forget(&mut again);
        assert_eq!((again.is_open(), again.runs.len(), again.superseded.len()), (true, 4, 1));
    }
}
