//! `[claim]`: what is claimed of the mean over seeds, and whether the plan can ever carry it.

use spec::claim::ClaimTest;
use spec::metric::{EpochMetric, Metric};
use spec::params::{ParamType, Range, Value};
use spec::record::Split;

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::Node;
use crate::reader::{Reader, setting};
use crate::source::Place;
use crate::sweep::ClaimRequest;

const KEYS: &[&str] = &["target", "level", "metric", "test", "sd", "epoch"];

impl Reader<'_> {
    /// `[claim]`. A function has no splits: its value is on the test split.
    pub(crate) fn claim(&mut self, root: &Node, function: bool) -> Option<ClaimRequest> {
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
