//! `[claim]`: what is claimed of the mean over seeds, and whether the plan can ever carry it.

use spec::claim::{Claim, ClaimTest, reachable, surely_reached};
use spec::float::short;
use spec::metric::{EpochMetric, Metric};
use spec::params::{ParamType, Range, Value};
use spec::plan::{PlannedRun, Target};
use spec::record::Split;
use spec::run::Loss;

use super::axis;
use super::diagnostic::Diagnostic;
use super::node::Node;
use super::parse::Reader;
use super::settings::setting;
use super::source::Place;
use super::sweep::SweepSpec;
use super::targets;

const KEYS: &[&str] = &["target", "level", "metric", "test", "sd", "epoch"];

/// `[claim]` as it is written.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// The metric, where it is given; else that of the target, on the test split.
    pub metric: Option<(EpochMetric, Place)>,
    target: (f64, Place),
    level: (f64, Place),
    test: ClaimTest,
    sd: Option<f64>,
    epoch: Option<(u64, Place)>,
    place: Place,
}

impl Reader<'_> {
    /// `[claim]`. A function has no splits: its value is on the test split.
    pub(super) fn claim(&mut self, root: &Node, function: bool) -> Option<ClaimRequest> {
        let node = self.table(root, "claim", false)?;
        self.known_keys(&node, KEYS, "[claim]");
        let target = self.claim_number(&node, "target", Range::Any);
        // At 0 nothing could ever be carried, and above a half a mean on the wrong side would be.
        let level = self.claim_number(&node, "level", Range::Within(1e-6, 0.5));
        for (key, found, example) in [
            ("target", node.get("target").is_some(), "target = 0.97 for an accuracy"),
            ("level", node.get("level").is_some(), "level = 0.05: no default is declared for you"),
        ] {
            if !found {
                let message = format!("[claim] needs `{key}`");
                self.diagnostics
                    .push(Diagnostic::error(message, &node.place).help(format!("add {example}")));
            }
        }
        let metric = self.claim_metric(&node, function);
        let test = setting("test", ParamType::Choice(ClaimTest::NAMES), Range::Any);
        let test = match node.get("test") {
            None => Some(ClaimTest::T),
            Some(entry) => axis::scalar("claim.test", &test, &entry.value, self.diagnostics)
                .and_then(|value| match value {
                    Value::Text(name) => ClaimTest::from_name(&name),
                    _ => None,
                }),
        };
        let sd = self.claim_number(&node, "sd", Range::Positive);
        self.sd_goes_with(&node, test);
        let epoch = setting("epoch", ParamType::Int, Range::AtLeast(1.0));
        let epoch = node.get("epoch").and_then(|entry| {
            let value = axis::scalar("claim.epoch", &epoch, &entry.value, self.diagnostics)?;
            let Value::Int(n) = value else { return None };
            Some((n as u64, entry.value.place.clone()))
        });
        let place = node.place.clone();
        let sd = sd.map(|(sd, _)| sd);
        Some(ClaimRequest { metric, target: target?, level: level?, test: test?, sd, epoch, place })
    }

    fn claim_number(
        &mut self,
        node: &Node,
        key: &'static str,
        range: Range,
    ) -> Option<(f64, Place)> {
        let entry = node.get(key)?;
        let number = setting(key, ParamType::Float, range);
        let path = format!("claim.{key}");
        match axis::scalar(&path, &number, &entry.value, self.diagnostics)? {
            Value::Float(x) => Some((x, entry.value.place.clone())),
            _ => None,
        }
    }

    fn claim_metric(&mut self, node: &Node, function: bool) -> Option<(EpochMetric, Place)> {
        let entry = node.get("metric")?;
        let names = EpochMetric::names(&EpochMetric::all());
        let metric = setting("metric", ParamType::Choice(names), Range::Any);
        let value = axis::scalar("claim.metric", &metric, &entry.value, self.diagnostics)?;
        let Value::Text(name) = value else { return None };
        let of = EpochMetric::from_name(&name)?;
        if function && of != EpochMetric::new(Split::Test, Metric::LOSS) {
            self.diagnostics.push(
                Diagnostic::error(format!("a function has no {name}"), &entry.value.place)
                    .label("nothing is classified, nothing is held out")
                    .help("leave `metric` out, or use test.loss, the function's value"),
            );
            return None;
        }
        Some((of, entry.value.place.clone()))
    }

    fn sd_goes_with(&mut self, node: &Node, test: Option<ClaimTest>) {
        let diagnostic = match (test, node.get("sd")) {
            (Some(ClaimTest::Z), None) => {
                let place = node.get("test").map_or(&node.place, |entry| &entry.value.place);
                Diagnostic::error("the z test needs `sd`", place)
                    .label("it takes the standard deviation as known")
                    .help(
                        "add sd = ..., measured on other seeds, or use test = \"t\", which estimates it",
                    )
            }
            (Some(ClaimTest::T | ClaimTest::Sign), Some(entry)) => {
                Diagnostic::error("`sd` goes with test = \"z\" alone", &entry.key_place)
                    .label("no other test takes a standard deviation as known")
                    .help("remove it, or write test = \"z\"")
            }
            _ => return,
        };
        self.diagnostics.push(diagnostic);
    }
}

impl SweepSpec {
    /// `[claim]` for the runs of a plan with this target and so many seeds; none where the
    /// file has none.
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
            Diagnostic::error("nothing can be claimed of these functions", &self.place)
                .label(format!("{what} do not compare"))
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
                "shares are fractions: target = {} for {} per cent",
                short(target / 100.0),
                short(target)
            )),
            false => diagnostic.help(claimable(low, high)),
        })
    }

    fn no_common_epoch(&self, claim: &Claim, runs: &[PlannedRun]) -> Option<Diagnostic> {
        let planned = runs.iter().map(|run| run.spec.train.epochs).min()?;
        let sure = runs.iter().map(|run| surely_reached(&run.spec)).min()?;
        let stops = runs.iter().any(|run| run.spec.stop_at.is_some());
        let why = if stops { "[target] stop = true" } else { "[train.early_stopping]" };
        let (remedy, one) = match stops {
            true => ("remove `stop` from [target]".to_owned(), "after epoch 1"),
            false => ("remove [train.early_stopping]".to_owned(), "from then on"),
        };
        match &self.epoch {
            Some((epoch, place)) if *epoch > planned => Some(
                Diagnostic::error(format!("no run trains for {epoch} epochs"), place)
                    .label(format!("[train] epochs is {planned}"))
                    .help(format!("write epoch = {sure}, or leave it out for the last epoch")),
            ),
            Some((epoch, place)) if *epoch > sure => Some(
                Diagnostic::error(format!("not every seed comes to epoch {epoch}"), place)
                    .label(format!("{why} may end a run {one}: surely reached is epoch {sure}"))
                    .help(format!("write {}, or {remedy}", at_most(sure))),
            ),
            None if sure < planned => Some(
                Diagnostic::error("the seeds of a claim must end at one epoch", &self.place)
                    .label(format!(
                        "{why} ends them at different ones, each when it does no better"
                    ))
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
            let there = if seeds == 1 { "1 seed".to_owned() } else { format!("{seeds} seeds") };
            let why = match claim.test {
                ClaimTest::Sign => format!(
                    "{there} that are all beyond the target have p = {}",
                    short(0.5_f64.powi(seeds as i32))
                ),
                _ => "a standard deviation needs two seeds".to_owned(),
            };
            Diagnostic::error(
                format!(
                    "{there} can never carry a claim at the level {} by the test `{}`",
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

/// The values that can be claimed, in words.
fn claimable(low: f64, high: f64) -> String {
    match high.is_finite() {
        true => format!("claim a value between {} and {}", short(low), short(high)),
        false => format!("claim a value above {}", short(low)),
    }
}

/// The epochs that can be claimed of, in words.
fn at_most(epoch: u64) -> String {
    if epoch == 1 { "epoch = 1".to_owned() } else { format!("epoch = {epoch} or less") }
}
