//! `[[optimizer]]`: the optimizers with their update keys, schedules and groups.

use spec::optimizer::OptimizerSpec;
use spec::params::{Kind, Param, ParamDefault, ParamType, Params, Range, Value};
use spec::schedule::{Per, ScheduleSpec, WarmupKeys};
use spec::update::UpdateSpec;

use crate::axis::unknown_name;
use crate::diagnostic::Diagnostic;
use crate::node::{Entry, Node, NodeValue};
use crate::reader::{Reader, start_of};
use crate::sweep::{OptimizerEntry, ScheduleEntry};
use crate::tables::function::FUNCTION;

impl Reader<'_> {
    pub(crate) fn optimizers(&mut self, root: &Node) -> Vec<OptimizerEntry> {
        let Some(list) = root.get("optimizer") else {
            self.diagnostics.push(
                Diagnostic::error("there is no [[optimizer]]", &start_of(root))
                    .help("add at least one: [[optimizer]] with kind = \"sgd\" and lr = 1e-2"),
            );
            return Vec::new();
        };
        if list.value.entries().is_empty()
            || list.value.entries().iter().any(|e| !matches!(e.value.value, NodeValue::Table(_)))
        {
            self.diagnostics.push(
                Diagnostic::error("`optimizer` must be a list of tables", &list.key_place)
                    .help("write [[optimizer]] with two brackets, once for each"),
            );
            return Vec::new();
        }
        let labels: Vec<&str> = list
            .value
            .entries()
            .iter()
            .filter(|e| e.value.place.source == 0)
            .map(|e| e.key.as_str())
            .collect();
        let mut out = Vec::new();
        for entry in list.value.entries() {
            // Only an override wrote it: the label is not in the file.
            if entry.value.place.source != 0 && entry.value.get("kind").is_none() {
                let message = format!("no optimizer has the label `{}`", entry.key);
                self.diagnostics.push(unknown_name(
                    &message,
                    &entry.key,
                    &labels,
                    &entry.value.place,
                ));
                continue;
            }
            out.extend(self.optimizer(entry));
        }
        out
    }

    /// Refuses grids that grow for functions, each of which has a different best value.
    pub(crate) fn growth_of(&mut self, model: &str, optimizers: &[OptimizerEntry]) {
        let mut axes = optimizers.iter().flat_map(|entry| &entry.axes);
        let grown = axes.find(|axis| model == FUNCTION && axis.extend.is_some());
        if let Some(axis) = grown {
            self.diagnostics.push(
                Diagnostic::error("the grids of a function cannot grow", &axis.place)
                    .label("functions are judged one by one")
                    .help("remove `extend`"),
            );
        }
    }

    fn optimizer(&mut self, entry: &Entry) -> Option<OptimizerEntry> {
        let node = &entry.value;
        if let Some(label) = self.text(node, "label") {
            let place = node.get("label").map_or(&entry.key_place, |e| &e.value.place);
            if place.source != 0 {
                self.diagnostics.push(
                    Diagnostic::error("a label cannot be overridden", place).help(
                        "it is the name by which an override finds the optimizer; change the file",
                    ),
                );
            }
            let odd = |c: char| {
                c.is_control()
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
            };
            if label.trim().is_empty() || label.chars().count() > 64 || label.chars().any(odd) {
                self.diagnostics.push(
                    Diagnostic::error("a label must have 1 to 64 visible characters", place)
                        .label("not a label"),
                );
            }
        }
        let kind = self.kind(node, OptimizerSpec::KINDS, "optimizer")?;
        let params: Vec<Param> = kind.params.iter().chain(UpdateSpec::PARAMS).copied().collect();
        let axes = self.axes(
            "optimizer",
            &params,
            node,
            &["kind", "label", "schedule", "groups"],
            &format!("the optimizer `{}`", kind.name),
        );
        let groups = node.get("groups").map(|e| self.groups(&e.value, kind)).unwrap_or_default();
        let schedules = match node.get("schedule").map(|e| &e.value) {
            None => vec![ScheduleEntry {
                kind: "constant",
                axes: Vec::new(),
                parts: Vec::new(),
                place: node.place.clone(),
            }],
            Some(Node { value: NodeValue::Array(items), place }) => {
                if items.is_empty() {
                    self.diagnostics.push(
                        Diagnostic::error("`schedule` has no values", place).label("empty list"),
                    );
                }
                items.iter().filter_map(|n| self.schedule(n)).collect()
            }
            Some(one) => self.schedule(one).into_iter().collect(),
        };
        Some(OptimizerEntry {
            label: entry.key.clone(),
            kind: kind.name,
            axes,
            groups,
            schedules,
            place: node.place.clone(),
        })
    }

    fn schedule(&mut self, node: &Node) -> Option<ScheduleEntry> {
        let kind = self.schedule_kind(node)?;
        let mut params: Vec<Param> = kind.params.to_vec();
        params.extend(WarmupKeys::PARAMS);
        if !ScheduleSpec::has_per(kind.params) {
            // The unit of its warmup.
            params.push(PER);
        }
        let mut entry = self.schedule_entry(node, kind, &params);
        if let Some(list) = node.get("schedules").filter(|_| kind.name == "sequential") {
            entry.parts = self.parts(&list.value);
        }
        let warmed = node.get("warmup").is_some();
        let needs = |key: &str| key == "warmup_start" || !ScheduleSpec::has_per(kind.params);
        for key in ["warmup_start", "per"].into_iter().filter(|key| needs(key) && !warmed) {
            if let Some(given) = node.get(key) {
                self.diagnostics.push(
                    Diagnostic::error(
                        format!("`{key}` has no effect without `warmup`"),
                        &given.key_place,
                    )
                    .label("there is no warmup")
                    .help("add warmup = 5 (or another number of units), or remove it"),
                );
            }
        }
        Some(entry)
    }

    fn schedule_kind(&mut self, node: &Node) -> Option<&'static Kind> {
        match &node.value {
            NodeValue::Text(name) => {
                self.diagnostics.push(
                    Diagnostic::error("a schedule must be a table", &node.place)
                        .help(format!("write {{ kind = \"{}\" }}", name.escape_debug())),
                );
                None
            }
            _ => self.kind(node, ScheduleSpec::KINDS, "schedule"),
        }
    }

    /// Reads a schedule with these parameters, without its parts.
    fn schedule_entry(
        &mut self,
        node: &Node,
        kind: &'static Kind,
        params: &[Param],
    ) -> ScheduleEntry {
        let nested: Vec<&str> =
            params.iter().filter(|p| p.ty == ParamType::Schedules).map(|p| p.name).collect();
        for name in nested.iter().filter(|name| node.get(name).is_none()) {
            self.diagnostics.push(
                Diagnostic::error(
                    format!("the schedule `{}` needs `{name}`", kind.name),
                    &node.place,
                )
                .help(
                    "add schedules = [{ kind = \"linear\" }, { kind = \"cosine\" }], milestones = [5]",
                ),
            );
        }
        let scalars: Vec<Param> =
            params.iter().filter(|p| p.ty != ParamType::Schedules).copied().collect();
        let extra: Vec<&str> = std::iter::once("kind").chain(nested).collect();
        let of = format!("the schedule `{}`", kind.name);
        let axes = self.axes("schedule", &scalars, node, &extra, &of);
        ScheduleEntry { kind: kind.name, axes, parts: Vec::new(), place: node.place.clone() }
    }

    /// Reads the parts of `sequential`, which have single values and neither `per` nor a warmup.
    fn parts(&mut self, node: &Node) -> Vec<ScheduleEntry> {
        let NodeValue::Array(items) = &node.value else {
            self.wrong_type("schedules", "a list of tables", node);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            let Some(kind) = self.schedule_kind(item) else { continue };
            if matches!(kind.name, "sequential" | "plateau") {
                self.diagnostics.push(
                    Diagnostic::error(
                        format!("`{}` cannot be part of a sequence", kind.name),
                        &item.place,
                    )
                    .help("all other schedules can"),
                );
                continue;
            }
            if let Some(per) = item.get("per") {
                self.diagnostics.push(
                    Diagnostic::error(
                        "the schedules of a sequence share one `per`",
                        &per.key_place,
                    )
                    .help("write it in the table of kind = \"sequential\""),
                );
                continue;
            }
            let params: Vec<Param> =
                kind.params.iter().filter(|p| p.name != "per").copied().collect();
            let entry = self.schedule_entry(item, kind, &params);
            for axis in entry.axes.iter().filter(|a| a.values.len() > 1 || a.random.is_some()) {
                let name = axis.path.trim_start_matches("schedule.");
                self.diagnostics.push(
                    Diagnostic::error(format!("`{name}` takes one value here"), &axis.place)
                        .label("a list")
                        .help("write schedule = [...] with a sequential schedule for each value"),
                );
            }
            out.push(entry);
        }
        out
    }
}

/// `per` of a schedule that has no such parameter.
const PER: Param = Param {
    name: "per",
    ty: ParamType::Choice(Per::NAMES),
    default: ParamDefault::Value(|| Value::Text(Per::Epoch.name().to_owned())),
    range: Range::Any,
    doc: "Unit of the warmup.",
};
