//! Checks that the runs of a plan can ever carry its claim.

use spec::claim::{Claim, ClaimTest, reachable, surely_reached};
use spec::float::short;
use spec::metric::EpochMetric;
use spec::plan::{PlannedRun, Target};
use spec::record::Split;
use spec::run::Loss;
use text_format::plural;

use super::diagnostic::Diagnostic;
use super::source::Place;
use super::sweep::{ClaimRequest, SweepSpec};
use super::targets;

impl SweepSpec {
    /// Returns `[claim]` for the runs of a plan with this target and number of judging seeds;
    /// `None` if the file has no claim.
    ///
    /// # Errors
    /// The runs do not measure its metric, cannot reach its value or its epoch, or are too
    /// few to ever carry it.
    pub fn claim_on(
        &self,
        target: &Target,
        runs: &[PlannedRun],
        seeds: usize,
    ) -> Result<Option<Claim>, Box<Diagnostic>> {
        let (Some(request), Some(first)) = (&self.claim, runs.first()) else { return Ok(None) };
        let of = request
            .metric
            .as_ref()
            .map_or(EpochMetric::new(Split::Test, target.metric), |(of, _)| *of);
        let claim = Claim {
            split: of.split,
            metric: of.metric,
            target: request.target.0,
            level: request.level.0,
            test: request.test,
            sd: request.sd,
            epoch: request.epoch.as_ref().map(|(epoch, _)| *epoch),
        };
        let problem = request
            .not_measured(&claim, first)
            .or_else(|| request.several_functions(runs))
            .or_else(|| request.out_of_reach(&claim, runs))
            .or_else(|| request.no_common_epoch(&claim, runs))
            .or_else(|| request.too_few(&claim, seeds));
        problem.map_or(Ok(Some(claim)), |problem| Err(Box::new(problem)))
    }
}

impl ClaimRequest {
    fn metric_place(&self) -> &Place {
        self.metric.as_ref().map_or(&self.place, |(_, place)| place)
    }

    fn not_measured(&self, claim: &Claim, first: &PlannedRun) -> Option<Diagnostic> {
        let place = self.metric_place();
        if claim.split == Split::Validation && first.spec.data.validation == 0 {
            let message = format!("the claim on {} needs a validation split", claim.of());
            return Some(Diagnostic::error(message, place).help(
                "set validation = 5000 (or another number) in [data], or use the test split",
            ));
        }
        let dataset = &first.spec.data.dataset;
        targets::undefined(
            dataset,
            claim.metric,
            place,
            "the claim's metric",
            "use metric = \"test.loss\"",
        )
    }

    fn several_functions(&self, runs: &[PlannedRun]) -> Option<Diagnostic> {
        let function = |run: &PlannedRun| match &run.spec.model {
            spec::model::ModelSpec::Function(model) => Some(model.function),
            _ => None,
        };
        let first = runs.first().and_then(function)?;
        let several = runs.iter().any(|run| function(run) != Some(first));
        (several || first.info().saddle).then(|| {
            let what = if several { "values of different functions" } else { "values on a saddle" };
            Diagnostic::error("no claim can be made about these functions", &self.place)
                .label(format!("{what} cannot be compared"))
                .help("make the claim in a sweep file over one function that has a minimum")
        })
    }

    fn out_of_reach(&self, claim: &Claim, runs: &[PlannedRun]) -> Option<Diagnostic> {
        let ends = runs.iter().map(|run| reachable(claim.metric, &run.spec));
        let (low, high) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let function = runs.iter().any(|run| run.spec.train.loss == Loss::Value);
        let of = if function { "value".to_owned() } else { claim.of().label() };
        let target = claim.target;
        let (side, end, free) = match claim.above() {
            true => ("above", high, target < low),
            false => ("below", low, target > high),
        };
        let never = if claim.above() { target >= high } else { target <= low };
        let bound = if claim.above() { "most" } else { "least" };
        let diagnostic = if never {
            Diagnostic::error(format!("no run can reach {side} {}", short(target)), &self.target.1)
                .label(format!("a {of} is at {bound} {}", short(end)))
        } else if free {
            Diagnostic::error(format!("every run reaches {side} {}", short(target)), &self.target.1)
                .label(format!("a {of} lies between {} and {}", short(low), short(high)))
        } else {
            return None;
        };
        let percent = claim.metric.is_share() && target > 1.0 && target < 100.0;
        Some(match percent {
            true => diagnostic.help(format!(
                "write a fraction: target = {} for {} per cent",
                short(target / 100.0),
                short(target)
            )),
            false => diagnostic.help(claimable(low, high)),
        })
    }

    /// Returns the problem of a claim on runs by steps, which are judged after their last step.
    fn no_common_step(&self, runs: &[PlannedRun]) -> Option<Diagnostic> {
        if let Some((_, place)) = &self.epoch {
            return Some(
                Diagnostic::error("a claim on runs by steps cannot name an epoch", place)
                    .label("[train] steps sets their length")
                    .help("remove `epoch`: the value after the last step counts"),
            );
        }
        let of = |stops: bool| match stops {
            true => ("[target] stop = true ends", "remove `stop` from [target]"),
            false => ("[train.early_stopping] ends", "remove [train.early_stopping]"),
        };
        let early = runs.iter().find(|run| surely_reached(&run.spec) == 0)?;
        let (why, remedy) = of(early.spec.stop_at.is_some());
        Some(
            Diagnostic::error("the seeds of a claim must end at the same step", &self.place)
                .label(format!("{why} them at different steps"))
                .help(remedy),
        )
    }

    fn no_common_epoch(&self, claim: &Claim, runs: &[PlannedRun]) -> Option<Diagnostic> {
        if runs.iter().any(|run| run.spec.train.steps > 0) {
            return self.no_common_step(runs);
        }
        let planned = runs.iter().map(|run| run.spec.train.epochs).min()?;
        let sure = runs.iter().map(|run| surely_reached(&run.spec)).min()?;
        let stops = runs.iter().any(|run| run.spec.stop_at.is_some());
        let why = if stops { "[target] stop = true" } else { "[train.early_stopping]" };
        let remedy = match stops {
            true => "remove `stop` from [target]",
            false => "remove [train.early_stopping]",
        };
        match &self.epoch {
            Some((epoch, place)) if *epoch > planned => Some(
                Diagnostic::error(format!("no run trains for {epoch} epochs"), place)
                    .label(format!("[train] epochs is {planned}"))
                    .help(format!("write epoch = {sure}, or leave it out for the last epoch")),
            ),
            Some((epoch, place)) if *epoch > sure => Some(
                Diagnostic::error(format!("not every seed reaches epoch {epoch}"), place)
                    .label(format!("every run reaches epoch {sure}; {why} may end it after that"))
                    .help(format!("write {}, or {remedy}", at_most(sure))),
            ),
            None if sure < planned => Some(
                Diagnostic::error("the seeds of a claim must end at the same epoch", &self.place)
                    .label(format!("{why} ends them at different epochs"))
                    .help(format!("{remedy}, or write {}", at_most(sure))),
            ),
            _ => {
                debug_assert!(claim.epoch.is_none_or(|epoch| epoch <= sure));
                None
            }
        }
    }

    fn too_few(&self, claim: &Claim, seeds: usize) -> Option<Diagnostic> {
        let least = claim.test.least_seeds(claim.level);
        (seeds < least).then(|| {
            let there = plural::count(seeds, "seed");
            let why = match claim.test {
                ClaimTest::Sign => format!(
                    "{there} that are all beyond the target have p = {}",
                    short(0.5_f64.powi(seeds as i32))
                ),
                _ => "a standard deviation needs two seeds".to_owned(),
            };
            Diagnostic::error(
                format!(
                    "{there} can never support a claim at the level {} with the test `{}`",
                    short(claim.level),
                    claim.test
                ),
                &self.level.1,
            )
            .label(why)
            .help(format!(
                "at least {least} are needed: write seeds = {{ count = {least} }} in [repeat]"
            ))
        })
    }
}

/// Returns the help with the values that can be claimed.
fn claimable(low: f64, high: f64) -> String {
    match high.is_finite() {
        true => format!("claim a value between {} and {}", short(low), short(high)),
        false => format!("claim a value above {}", short(low)),
    }
}

/// Returns the epochs that a claim can name, as text for a help.
fn at_most(epoch: u64) -> String {
    if epoch == 1 { "epoch = 1".to_owned() } else { format!("epoch = {epoch} or less") }
}
