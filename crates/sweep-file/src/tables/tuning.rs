//! `[tuning]`: rungs at which the worse configurations of an optimizer are cut.

use spec::params::Range;
use spec::stages::Rungs;

use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::Reader;
use crate::sweep::TuningRequest;
use crate::tables::function::FUNCTION;

spec::settings! {
    /// Rungs at which each optimizer's worse configurations stop training.
    TuningTable in "tuning" {
        /// Epochs, increasing and before the last one, at which each optimizer's worse
        /// configurations are cut; required.
        rungs: Vec<u64> = Vec::new(), AtLeast(1.0);
        /// Fraction of each optimizer's configurations that continues past a rung: at least one,
        /// and all that tie with the last of them.
        keep: f64 = 1.0 / 3.0 => "a number or a fraction such as \"1/3\", between 0 and 1", "1/3";
    }
}

impl Reader<'_> {
    /// Reads `[tuning]` of a sweep with a model of this kind. `None` if there is none, or if it is
    /// invalid, which is reported.
    pub(crate) fn tuning(&mut self, root: &Node, model: &str) -> Option<TuningRequest> {
        let node = self.table(root, "tuning", false)?;
        let known = self.diagnostics.len();
        let given: TuningTable = self.settings(&node, &[]);
        let keep = self.keep(&node).unwrap_or(given.keep);
        if self.diagnostics.len() > known {
            return None;
        }
        if model == FUNCTION {
            self.diagnostics.push(
                Diagnostic::error("a function cannot have rungs", &node.place)
                    .label("functions are judged one by one, by their last value")
                    .help("remove [tuning]"),
            );
            return None;
        }
        let Some(rungs) = node.get("rungs") else {
            self.diagnostics.push(
                Diagnostic::error("[tuning] needs `rungs`", &node.place).help(
                    "add rungs = [1, 3]: the epochs at which the worse configurations are cut",
                ),
            );
            return None;
        };
        let place = &rungs.value.place;
        if given.rungs.is_empty() || given.rungs.windows(2).any(|pair| pair[0] >= pair[1]) {
            self.diagnostics
                .push(Diagnostic::error("rungs must increase", place).help("write rungs = [1, 3]"));
            return None;
        }
        let rungs = Rungs { rungs: given.rungs, keep };
        Some(TuningRequest { rungs, place: place.clone() })
    }

    /// Reads `keep`, a fraction; `None` if it is not given, or if it is invalid, which is reported.
    fn keep(&mut self, node: &Node) -> Option<f64> {
        let entry = node.get("keep")?;
        let number = match &entry.value.value {
            NodeValue::Float(x) => Some(*x),
            NodeValue::Int(i) => Some(*i as f64),
            NodeValue::Text(text) => fraction(text),
            _ => None,
        };
        let share = number.filter(|x| Range::BelowOne.contains(*x) && *x > 0.0);
        if share.is_none() {
            self.diagnostics.push(
                Diagnostic::error(
                    "`tuning.keep` must be a fraction of the configurations",
                    &entry.value.place,
                )
                .label("must be above 0 and below 1")
                .help("write keep = \"1/3\" or keep = 0.5"),
            );
        }
        share
    }
}

/// Parses a fraction such as `1/3`; `None` for anything else.
fn fraction(text: &str) -> Option<f64> {
    let (above, below) = text.split_once('/')?;
    let part = |text: &str| text.trim().parse::<u32>().ok();
    Some(f64::from(part(above)?) / f64::from(part(below)?))
}
