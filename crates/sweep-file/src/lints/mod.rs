//! Where the traps of [`Lint`] are found in a sweep, and how they are said: each once,
//! at its places in the file, with the number of configurations that it concerns.

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

/// Places that are shown of one lint; more are counted.
const SHOWN: usize = 5;

/// A place of a trap, with what is the matter there.
pub(super) type Site = (Place, String);

/// One configuration with what it was made of.
pub(super) struct Subject<'a> {
    pub(super) sweep: &'a SweepSpec,
    pub(super) entry: &'a OptimizerEntry,
    pub(super) schedule: &'a ScheduleEntry,
    pub(super) given: &'a Combination,
    pub(super) run: &'a RunSpec,
}

impl Subject<'_> {
    /// Where the value of a dotted path is written, if it is.
    fn given(&self, path: &str) -> Option<&Place> {
        self.given.get(path).map(|(_, place)| place)
    }
}

/// The sweep after its combinations were made.
pub(super) struct Whole<'a> {
    pub(super) sweep: &'a SweepSpec,
    pub(super) runs: &'a [PlannedRun],
    /// How many combinations each exclude has dropped.
    pub(super) excluded: &'a [usize],
    /// What was found in own data.
    pub(super) traps: &'a [(Lint, String)],
}

/// How a lint looks for its trap.
enum Check {
    /// At each schedule that is in force for a part of the run.
    Schedule(fn(&Stretch<'_>) -> Option<Site>),
    /// At each configuration.
    Configuration(fn(&Subject<'_>) -> Vec<Site>),
    /// Once, with the configurations that are concerned.
    Whole(fn(&Whole<'_>) -> (Vec<Site>, u64)),
    /// In own data, where the crate `data` looks for it.
    Data,
}

/// One exhaustive match, so that no lint is without its check.
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

/// What was found of one lint.
#[derive(Default)]
struct Found {
    /// Each place once, in the order of the plan; with the label of the first configuration,
    /// and whether others have another one.
    sites: Vec<(Place, String, bool)>,
    configurations: u64,
}

/// Collects what is found while combinations are made.
pub(super) struct Lints {
    wanted: Vec<(Lint, Check)>,
    found: BTreeMap<Lint, Found>,
    /// Configurations that were looked at.
    configurations: u64,
}

impl Lints {
    /// For all lints but those that the sweep allows, in a trial those of trials.
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

    /// Looks at one configuration, which no exclude has dropped.
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

    /// Says what was found; the same for the plan. Beside errors nothing is said: they come
    /// first, and may be what a trap is made of.
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
            notes.push(format!("{} of {all} configurations {are} concerned", self.configurations));
        }
        if let Some(more) = others.len().checked_sub(SHOWN).map(|n| n + 1) {
            let places = plural::count(more, "more place");
            notes.push(format!("{places} of the file are not shown"));
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
        // The page marks no code.
        let says = says.replace('`', "");
        LintFinding { lint: lint.name().to_owned(), says, configurations: self.configurations }
    }
}

/// What is the matter at a place, for one of several configurations.
fn label((_, label, several): &(Place, String, bool)) -> String {
    if *several { format!("for example: {label}") } else { label.clone() }
}

spec::settings! {
    /// Traps that are meant, and not warned of.
    LintTable in "lints" {
        /// Names out of `list lints`.
        allow: Vec<Lint> = Vec::new(), Any;
    }
}

impl Reader<'_> {
    /// `[lints]`: traps that are meant.
    pub(super) fn lints(&mut self, root: &Node) -> Vec<Lint> {
        let Some(node) = self.table(root, "lints", false) else { return Vec::new() };
        self.settings::<LintTable>(&node, &[]).allow
    }
}
