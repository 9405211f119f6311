//! Lints: finds each [`Lint`] in a sweep, and reports it once, at its places in the file, with the
//! number of affected configurations.

mod optimizers;
mod schedules;
mod whole;

use std::collections::BTreeMap;

use spec::lint::{Lint, LintFinding};
use spec::plan::PlannedRun;
use spec::run::RunSpec;
use text_format::plural;

use super::combination::Combination;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::Node;
use super::reader::Reader;
use super::source::Place;
use super::sweep::{OptimizerEntry, ScheduleEntry, SweepSpec};

use schedules::Stretch;

/// Places that are shown for one lint; further ones are only counted.
const SHOWN: usize = 5;

/// A place of a lint, with its label; empty for none.
pub(super) type Site = (Place, String);

/// One configuration, with the parts that it was made from.
pub(super) struct Subject<'a> {
    pub(super) sweep: &'a SweepSpec,
    pub(super) entry: &'a OptimizerEntry,
    pub(super) schedule: &'a ScheduleEntry,
    pub(super) given: &'a Combination,
    pub(super) run: &'a RunSpec,
}

impl Subject<'_> {
    /// Returns the place of the value at a dotted path; `None` if it is not given.
    fn given(&self, path: &str) -> Option<&Place> {
        self.given.get(path).map(|(_, place)| place)
    }
}

/// The sweep after its expansion.
pub(super) struct Whole<'a> {
    pub(super) sweep: &'a SweepSpec,
    pub(super) runs: &'a [PlannedRun],
    /// Number of combinations that each exclude dropped.
    pub(super) excluded: &'a [usize],
    /// Lints that were found in user data, with their labels.
    pub(super) traps: &'a [(Lint, String)],
}

/// The check of a lint.
enum Check {
    /// Runs for each schedule that is active in a part of the run.
    Schedule(fn(&Stretch<'_>) -> Option<Site>),
    /// Runs for each configuration.
    Configuration(fn(&Subject<'_>) -> Vec<Site>),
    /// Runs once, and returns the places and the number of affected configurations.
    Whole(fn(&Whole<'_>) -> (Vec<Site>, u64)),
    /// Runs in the crate `data`, on user data.
    Data,
}

/// Returns the check of a lint; the match is exhaustive, so that every lint has one.
fn check(lint: Lint) -> Check {
    match lint {
        Lint::CosinePastEnd => Check::Schedule(schedules::cosine_past_end),
        Lint::OneCycleTooShort => Check::Schedule(schedules::one_cycle_too_short),
        Lint::WsdTooShort => Check::Schedule(schedules::wsd_too_short),
        Lint::DefaultLength => Check::Schedule(schedules::default_length),
        Lint::SchedulePastEnd => Check::Schedule(schedules::past_end),
        Lint::WarmupPastEnd => Check::Configuration(schedules::warmup_past_end),
        Lint::RateZero => Check::Configuration(schedules::rate_zero),
        Lint::ScheduleIgnored => Check::Configuration(schedules::ignored),
        Lint::PatiencePastEnd => Check::Configuration(schedules::patience_past_end),
        Lint::KeyWithoutEffect => Check::Configuration(optimizers::without_effect),
        Lint::BeyondFloat32 => Check::Configuration(optimizers::beyond_float32),
        Lint::MuonWithoutMatrices => Check::Configuration(optimizers::muon_without_matrices),
        Lint::NoValidation => Check::Whole(whole::no_validation),
        Lint::TargetOnTest => Check::Whole(whole::target_on_test),
        Lint::SaveNotJudged => Check::Whole(whole::save_not_judged),
        Lint::ExcludeWithoutMatch => Check::Whole(whole::exclude_without_match),
        Lint::UnevenGrowth => Check::Whole(whole::uneven_growth),
        Lint::DataConstantColumn
        | Lint::DataCopiedTarget
        | Lint::DataIndexColumn
        | Lint::DataSmallPart
        | Lint::DataMissingClass
        | Lint::DataUnevenParts => Check::Data,
    }
}

/// The findings of one lint.
#[derive(Default)]
struct Found {
    /// Each place once, in the order of the plan, with the label of the first configuration, and
    /// whether other configurations have a different label there.
    sites: Vec<(Place, String, bool)>,
    configurations: u64,
}

/// Collects findings during the expansion.
pub(super) struct Lints {
    wanted: Vec<(Lint, Check)>,
    found: BTreeMap<Lint, Found>,
    /// Number of configurations that were checked.
    configurations: u64,
}

impl Lints {
    /// Returns the checks of all lints that are not silenced; in a trial only those that apply to
    /// trials.
    pub(super) fn new(sweep: &SweepSpec) -> Self {
        let wanted = Lint::ALL.iter().filter(|lint| {
            !sweep.allowed.contains(lint) && (lint.info().of_trials || !sweep.trial)
        });
        Lints {
            wanted: wanted.map(|&lint| (lint, check(lint))).collect(),
            found: BTreeMap::new(),
            configurations: 0,
        }
    }

    /// Checks one configuration that no exclude dropped.
    pub(super) fn look(&mut self, subject: &Subject<'_>) {
        self.configurations += 1;
        let stretches = schedules::stretches(subject);
        for (lint, check) in &self.wanted {
            let sites = match check {
                Check::Schedule(check) => stretches.iter().filter_map(check).collect(),
                Check::Configuration(check) => check(subject),
                Check::Whole(_) | Check::Data => Vec::new(),
            };
            if !sites.is_empty() {
                add(self.found.entry(*lint).or_default(), sites, 1);
            }
        }
    }

    /// Reports the findings, and returns them for the plan. Reports nothing if there are errors,
    /// which may have caused the findings.
    pub(super) fn say(
        mut self,
        whole: &Whole<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<LintFinding> {
        if diagnostics.has_errors() {
            return Vec::new();
        }
        for (lint, check) in &self.wanted {
            let (sites, concerned) = match check {
                Check::Whole(check) => check(whole),
                Check::Data => (whole::in_data(whole, *lint), 0),
                Check::Schedule(_) | Check::Configuration(_) => continue,
            };
            if !sites.is_empty() {
                add(self.found.entry(*lint).or_default(), sites, concerned);
            }
        }
        let all = self.configurations;
        self.found
            .into_iter()
            .map(|(lint, found)| {
                diagnostics.push(found.diagnostic(lint, all));
                found.told(lint)
            })
            .collect()
    }
}

fn add(found: &mut Found, sites: Vec<Site>, configurations: u64) {
    found.configurations += configurations;
    for (place, label) in sites {
        match found.sites.iter_mut().find(|(known, ..)| *known == place) {
            Some((_, first, several)) => *several |= *first != label,
            None => found.sites.push((place, label, false)),
        }
    }
}

impl Found {
    fn diagnostic(&self, lint: Lint, all: u64) -> Diagnostic {
        let info = lint.info();
        let [first, others @ ..] = &self.sites[..] else {
            unreachable!("a lint is found at a place");
        };
        let mut out =
            Diagnostic::warning(info.says, &first.0).name(lint.name()).label(label(first));
        for site in others.iter().take(SHOWN - 1) {
            out = out.also(&site.0, label(site));
        }
        let mut notes = Vec::new();
        if self.configurations > 0 && all > 1 {
            let are = plural::is_or_are(self.configurations);
            notes.push(format!("{} of {all} configurations {are} affected", self.configurations));
        }
        if let Some(more) = others.len().checked_sub(SHOWN).map(|n| n + 1) {
            let places = plural::count(more, "more place");
            notes.push(format!("{places} are not shown"));
        }
        if !notes.is_empty() {
            out = out.note(notes.join("; "));
        }
        out.help(info.remedy)
    }

    fn told(&self, lint: Lint) -> LintFinding {
        let label = self.sites.first().map(label).unwrap_or_default();
        let says = match label.as_str() {
            "" => lint.info().says.to_owned(),
            label => format!("{} ({label})", lint.info().says),
        };
        // The page does not format code.
        let says = says.replace('`', "");
        LintFinding { lint: lint.name().to_owned(), says, configurations: self.configurations }
    }
}

/// Returns the label of a place, marked as an example if several configurations differ there.
fn label((_, label, several): &(Place, String, bool)) -> String {
    if *several { format!("for example: {label}") } else { label.clone() }
}

spec::settings! {
    /// Lints that are silenced.
    LintTable in "lints" {
        /// Names from `list lints`.
        allow: Vec<Lint> = Vec::new(), Any;
    }
}

impl Reader<'_> {
    /// Reads `[lints]`: the silenced lints.
    pub(super) fn lints(&mut self, root: &Node) -> Vec<Lint> {
        let Some(node) = self.table(root, "lints", false) else { return Vec::new() };
        self.settings::<LintTable>(&node, &[]).allow
    }
}
