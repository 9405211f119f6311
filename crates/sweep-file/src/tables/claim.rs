//! `[claim]`: a claim about the mean over seeds.

use spec::claim::ClaimTest;
use spec::metric::{EpochMetric, Metric};
use spec::params::{ParamType, Range, Value};
use spec::record::Split;

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;
use crate::sweep::ClaimRequest;

spec::settings! {
    /// A claim about the mean over seeds, and its test.
    ClaimTable in "claim" {
        /// Value that the mean is claimed to exceed, or to fall below if lower is better; required.
        target: Option<f64> = None, Any;
        /// Significance level: the largest p-value at which the claim is carried; required.
        // At 0 no claim could be carried; above a half, one with its mean on the wrong side could.
        level: Option<f64> = None, Within(1e-6, 0.5);
        /// Metric after an epoch; by default that of `[target]`, on the test split.
        metric: Option<EpochMetric> = None => "split.metric: test.accuracy", "the target's, on the test split";
        /// One-sided test of the claim.
        test: ClaimTest = ClaimTest::T, Any;
        /// Standard deviation between seeds that the z-test takes as known.
        sd: Option<f64> = None, Positive;
        /// Epoch whose values count; by default the last one.
        epoch: Option<u64> = None, AtLeast(1.0);
    }
}

impl Reader<'_> {
    /// Reads `[claim]`. A function has no splits: its value counts as the test loss.
    pub(crate) fn claim(&mut self, root: &Node, function: bool) -> Option<ClaimRequest> {
        let node = self.table(root, "claim", false)?;
        let given: ClaimTable = self.settings(&node, &[]);
        for (key, found, example) in [
            ("target", node.get("target").is_some(), "target = 0.97 for an accuracy"),
            ("level", node.get("level").is_some(), "level = 0.05; it has no default"),
        ] {
            if !found {
                let message = format!("[claim] needs `{key}`");
                self.diagnostics
                    .push(Diagnostic::error(message, &node.place).help(format!("add {example}")));
            }
        }
        let metric = self.claim_metric(&node, function);
        self.sd_goes_with(&node, given.test);
        let place = |key: &str| node.get(key).map(|entry| entry.value.place.clone());
        Some(ClaimRequest {
            metric,
            target: given.target.zip(place("target"))?,
            level: given.level.zip(place("level"))?,
            test: given.test,
            sd: given.sd,
            epoch: given.epoch.zip(place("epoch")),
            place: node.place.clone(),
        })
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
                    .label("it classifies nothing and holds nothing out")
                    .help("remove `metric`, or use test.loss, the function's value"),
            );
            return None;
        }
        Some((of, entry.value.place.clone()))
    }

    fn sd_goes_with(&mut self, node: &Node, test: ClaimTest) {
        // An unknown test was reported before.
        let named = node.get("test").map(|entry| &entry.value.value);
        let known = |name: &NodeValue| matches!(name, NodeValue::Text(name) if ClaimTest::from_name(name).is_some());
        if named.is_some_and(|name| !known(name)) {
            return;
        }
        let diagnostic = match (test, node.get("sd")) {
            (ClaimTest::Z, None) => {
                let place = node.get("test").map_or(&node.place, |entry| &entry.value.place);
                Diagnostic::error("the z test needs `sd`", place)
                    .label("it takes the standard deviation as known")
                    .help(
                        "add sd = ..., measured on other seeds, or use test = \"t\", which estimates it",
                    )
            }
            (ClaimTest::T | ClaimTest::Sign, Some(entry)) => {
                Diagnostic::error("`sd` needs test = \"z\"", &entry.key_place)
                    .label("no other test takes a standard deviation as known")
                    .help("remove it, or write test = \"z\"")
            }
            _ => return,
        };
        self.diagnostics.push(diagnostic);
    }
}
