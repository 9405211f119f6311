//! `[confirm]`: fresh seeds that judge the configurations that the other seeds chose.

use spec::stages::Confirm;

use crate::diagnostic::Diagnostic;
use crate::node::Node;
use crate::reader::Reader;
use crate::tables::function::FUNCTION;
use crate::tables::until;

spec::settings! {
    /// Fresh seeds on which the chosen configurations are judged; the seeds of `[repeat]` then only
    /// choose them.
    ConfirmTable in "confirm" {
        /// Seeds that `[repeat]` does not use; required.
        seeds: Vec<u64> = Vec::new() => "a list of numbers, { count, base } or { base, until, looks, .. }", "required";
        /// Number of best configurations of each optimizer that are trained on these seeds; the
        /// best is judged, the others are only shown.
        top: u64 = 1, Within(1.0, 1e6);
    }
}

impl Reader<'_> {
    /// Reads `[confirm]`; `seeds` are those that choose, `optimizers` is the number of optimizers.
    pub(crate) fn confirm(
        &mut self,
        root: &Node,
        seeds: &[u64],
        (model, optimizers): (&str, usize),
    ) -> Option<Confirm> {
        let node = self.table(root, "confirm", false)?;
        let given: ConfirmTable = self.settings(&node, &[]);
        if model == FUNCTION {
            self.diagnostics.push(
                Diagnostic::error("a function cannot be confirmed on fresh seeds", &node.place)
                    .label("its start and its steps are the same for every seed")
                    .help("remove [confirm]"),
            );
            return None;
        }
        let Some(entry) = node.get("seeds") else {
            self.diagnostics.push(
                Diagnostic::error("[confirm] needs `seeds`", &node.place)
                    .help("add seeds = { count = 10, base = 1000 }"),
            );
            return None;
        };
        let (fresh, until) = match until::is_given(entry) {
            true => {
                let (seeds, until) = self.until("confirm.seeds", entry, optimizers)?;
                (seeds, Some(until))
            }
            false => (self.seed_list("confirm", entry)?, None),
        };
        if let Some(top) = node.get("top").filter(|_| until.is_some() && given.top > 1) {
            self.diagnostics.push(
                Diagnostic::error("`until` compares only one configuration of each optimizer", &top.key_place)
                    .help("remove `top`, or write a fixed number of seeds: seeds = { count = 10, base = 1000 }"),
            );
            return None;
        }
        let used: Vec<String> =
            fresh.iter().filter(|seed| seeds.contains(seed)).map(u64::to_string).collect();
        if !used.is_empty() {
            let (first, rest) = used.split_at(used.len().min(5));
            let more = if rest.is_empty() { "" } else { ", .." };
            let shown = first.join(", ");
            let next = seeds.iter().max().map_or(0, |last| last + 1).max(1000);
            let n = fresh.len();
            self.diagnostics.push(
                Diagnostic::error(
                    "[confirm] needs seeds that [repeat] does not use",
                    &entry.value.place,
                )
                .label(format!("[repeat] uses {shown}{more}"))
                .help(format!("use others: seeds = {{ count = {n}, base = {next} }}")),
            );
            return None;
        }
        Some(Confirm { seeds: fresh, top: given.top, until })
    }
}
