//! Lints of schedules: compares their lengths with that of the run. `optimizer-registry` tests them
//! against the curves (`tests/lints.rs`).

use crate::source::Place;
use crate::sweep::ScheduleEntry;
use spec::OptimizerSpec;
use spec::schedule::{LinearDecay, Per, ScheduleSpec, Wsd};
use text_format::plural;

use super::{Site, Subject};

/// A schedule with the part of the run in which it is active.
pub(super) struct Stretch<'a> {
    spec: &'a ScheduleSpec,
    entry: &'a ScheduleEntry,
    subject: &'a Subject<'a>,
    per: Per,
    /// Length of that part in units of `per`, at least 1.
    length: u64,
    /// Whether it is a part of `sequential`.
    part: bool,
}

impl Stretch<'_> {
    /// Returns the place of one of its keys; `None` if the key is not given.
    fn given(&self, key: &str) -> Option<&Place> {
        let path = format!("schedule.{key}");
        if self.part {
            // Each part has its own keys, with single values.
            return self.entry.axes.iter().find(|a| a.path == path).map(|a| &a.place);
        }
        self.subject.given(&path)
    }

    /// Returns the place of one of its keys, else that of the schedule.
    fn place(&self, key: &str) -> Place {
        self.given(key).unwrap_or(&self.entry.place).clone()
    }

    /// Describes its length, such as `the run has 11 epochs`.
    fn has(&self) -> String {
        let units = units(self.length, self.per);
        if self.part {
            format!("it has {units}")
        } else if self.subject.run.warmup.as_ref().is_some_and(|w| w.per == self.per) {
            format!("the warmup leaves {units}")
        } else {
            format!("the run has {units}")
        }
    }
}

fn units(n: u64, per: Per) -> String {
    let unit = match per {
        Per::Epoch => "epoch",
        Per::Batch => "step",
    };
    plural::count(n, unit)
}

/// Returns the schedule of a configuration after its warmup, and the parts of `sequential`; each
/// only if it is active for at least one unit.
pub(super) fn stretches<'a>(subject: &'a Subject<'a>) -> Vec<Stretch<'a>> {
    let run = subject.run;
    let spec = &run.schedule;
    let per = spec.per();
    let warmup = run.warmup.as_ref().filter(|w| w.per == per).map_or(0, |w| w.length);
    let length = run.length().counted(per).saturating_sub(warmup);
    if length == 0 {
        return Vec::new();
    }
    let entry = subject.schedule;
    let mut out = vec![Stretch { spec, entry, subject, per, length, part: false }];
    if let ScheduleSpec::Sequential(p) = spec {
        let starts = std::iter::once(0).chain(p.milestones.iter().copied());
        let ends = p.milestones.iter().copied().chain([length]);
        let parts = p.schedules.iter().zip(&entry.parts).zip(starts.zip(ends));
        out.extend(parts.filter_map(|((spec, entry), (start, end))| {
            let length = end.min(length).checked_sub(start).filter(|n| *n > 0)?;
            Some(Stretch { spec, entry, subject, per, length, part: true })
        }));
    }
    out
}

pub(super) fn cosine_past_end(s: &Stretch<'_>) -> Option<Site> {
    let ScheduleSpec::Cosine(p) = s.spec else { return None };
    // The rate is lowest at t_max and rises afterwards.
    let climbs = s.length > p.t_max + 1 && p.min_lr < s.subject.run.optimizer.lr();
    climbs.then(|| (s.place("t_max"), format!("{}, but {}", p.t_max, s.has())))
}

pub(super) fn one_cycle_too_short(s: &Stretch<'_>) -> Option<Site> {
    let ScheduleSpec::OneCycle(p) = s.spec else { return None };
    let n = p.total_steps;
    let short = spec::float::short;
    let factor = p.div_factor * p.final_div_factor;
    let end = short(spec::float::round_to_six_digits(s.subject.run.optimizer.lr() / factor));
    let end = format!("the learning rate / {factor} = {end}");
    let label = if n == 1 && p.pct_start < 1.0 {
        format!("one unit, trained at the end of the cycle: {end}")
    } else if n > 1 && p.pct_start > 0.0 && p.pct_start * (n as f64) < 1.0 {
        format!("{}: it starts on its way down and ends at {end}", units(n, s.per))
    } else {
        return None;
    };
    Some((s.place("total_steps"), label))
}

pub(super) fn wsd_too_short(s: &Stretch<'_>) -> Option<Site> {
    let ScheduleSpec::Wsd(p) = s.spec else { return None };
    // The first unit of the decay has the full rate. A length beyond the run has its own lint.
    let falls = p.stable() + 1 < s.length || p.total_iters > s.length;
    (!falls && p.min_factor < 1.0).then(|| {
        let label = match s.length {
            1 => format!("{}, which has the full rate", units(1, s.per)),
            n => format!("only one of {} decays, and it still has the full rate", units(n, s.per)),
        };
        (s.place("decay"), label)
    })
}

pub(super) fn default_length(s: &Stretch<'_>) -> Option<Site> {
    let (total, ends) = line(s)?;
    (s.given("total_iters").is_none() && s.length > total).then(|| {
        (s.entry.place.clone(), format!("ends after {total}, but {}; then {ends}", s.has()))
    })
}

/// Returns the length of a linear or polynomial schedule, and its rate afterwards, in words.
fn line(s: &Stretch<'_>) -> Option<(u64, String)> {
    match s.spec {
        ScheduleSpec::Linear(p) if p.start_factor != p.end_factor => Some((
            p.total_iters,
            match p.end_factor {
                0.0 => "a rate of 0".to_owned(),
                1.0 => "the learning rate as given".to_owned(),
                factor => format!("{} times the learning rate", spec::float::short(factor)),
            },
        )),
        ScheduleSpec::Polynomial(p) => Some((p.total_iters, "a rate of 0".to_owned())),
        _ => None,
    }
}

pub(super) fn past_end(s: &Stretch<'_>) -> Option<Site> {
    let given = |key: &'static str, n: u64, what: &str| {
        let by_default = if s.given(key).is_none() { " by default" } else { "" };
        (n > s.length).then(|| (s.place(key), format!("{what} {n}{by_default}, but {}", s.has())))
    };
    match s.spec {
        ScheduleSpec::Linear(_) | ScheduleSpec::Polynomial(_) => {
            given("total_iters", line(s)?.0, "a length of")
        }
        // Their defaults are the length of the run, or of the part up to a milestone.
        ScheduleSpec::Cosine(p) if s.given("t_max").is_some() => {
            given("t_max", p.t_max, "a half period of")
        }
        ScheduleSpec::OneCycle(p) if s.given("total_steps").is_some() => {
            given("total_steps", p.total_steps, "a length of")
        }
        ScheduleSpec::LinearDecay(LinearDecay { total_iters, .. })
        | ScheduleSpec::Wsd(Wsd { total_iters, .. })
            if s.given("total_iters").is_some() =>
        {
            given("total_iters", *total_iters, "a length of")
        }
        ScheduleSpec::CosineRestarts(p) => given("t_0", p.t_0, "a first period of"),
        ScheduleSpec::Step(p) if p.step_size >= s.length && p.gamma != 1.0 => {
            let label = format!("the first drop comes after {}, but {}", p.step_size, s.has());
            Some((s.place("step_size"), label))
        }
        ScheduleSpec::MultiStep(p) => milestones(s, &p.milestones),
        ScheduleSpec::Sequential(p) => milestones(s, &p.milestones),
        _ => None,
    }
}

fn milestones(s: &Stretch<'_>, all: &[u64]) -> Option<Site> {
    let beyond: Vec<String> = all.iter().filter(|m| **m >= s.length).map(u64::to_string).collect();
    (!beyond.is_empty()).then(|| {
        (s.place("milestones"), format!("never reaches {}: {}", beyond.join(", "), s.has()))
    })
}

pub(super) fn warmup_past_end(subject: &Subject<'_>) -> Vec<Site> {
    let mut out = Vec::new();
    if let Some(warmup) = &subject.run.warmup {
        let all = subject.run.length().counted(warmup.per);
        if warmup.length >= all {
            let place = subject.given("schedule.warmup").unwrap_or(&subject.schedule.place);
            let label = format!("{}, but the run has {}", warmup.length, units(all, warmup.per));
            out.push((place.clone(), label));
        }
    }
    // Schedule-free optimizers have their own warmup, whose last step has the full rate.
    let steps = match &subject.run.optimizer {
        OptimizerSpec::ScheduleFreeSgd(p) => p.warmup_steps,
        OptimizerSpec::ScheduleFreeAdamW(p) => p.warmup_steps,
        _ => 0,
    };
    let all = subject.run.total_steps();
    if steps > all {
        let place = subject.given("optimizer.warmup_steps").unwrap_or(&subject.entry.place);
        out.push((place.clone(), format!("{steps}, but the run has {}", units(all, Per::Batch))));
    }
    out
}

pub(super) fn rate_zero(subject: &Subject<'_>) -> Vec<Site> {
    let mut out: Vec<Site> = stretches(subject).iter().flat_map(zero_in).collect();
    if let Some(warmup) = &subject.run.warmup
        && warmup.start == 0.0
        && warmup.per == Per::Epoch
    {
        let place = subject.given("schedule.warmup_start").unwrap_or(&subject.schedule.place);
        out.push((place.clone(), "0 in the first epoch".to_owned()));
    }
    out
}

/// Returns the places at which a schedule is 0 for whole epochs or for more than one step.
fn zero_in(s: &Stretch<'_>) -> Vec<Site> {
    let mut out = Vec::new();
    let longer = |n: u64| n > 1 || s.per == Per::Epoch && n > 0;
    let of_part = if s.part { " of this part" } else { "" };
    if let ScheduleSpec::Linear(p) = s.spec
        && p.start_factor == 0.0
        && s.per == Per::Epoch
    {
        out.push((s.place("start_factor"), format!("0 in the first epoch{of_part}")));
    }
    let end = match s.spec {
        // A default length has its own lint, and a derived one ends with the run.
        ScheduleSpec::Linear(p) if p.end_factor == 0.0 => Some(("total_iters", p.total_iters)),
        ScheduleSpec::LinearDecay(p) if p.end_factor == 0.0 => Some(("total_iters", p.total_iters)),
        ScheduleSpec::Wsd(p) if p.min_factor == 0.0 => Some(("total_iters", p.total_iters)),
        ScheduleSpec::Polynomial(p) => Some(("total_iters", p.total_iters)),
        // A cosine rises again after its end, which has its own lint.
        ScheduleSpec::Cosine(p) if p.min_lr == 0.0 && s.length == p.t_max + 1 => {
            Some(("t_max", p.t_max))
        }
        _ => None,
    };
    if let Some((key, end)) = end
        && s.given(key).is_some()
        && longer(s.length.saturating_sub(end))
    {
        let unit = if s.per == Per::Epoch { "epoch" } else { "step" };
        out.push((s.place(key), format!("0 from {unit} {} on, and {}", end + 1, s.has())));
    }
    out
}

pub(super) fn ignored(subject: &Subject<'_>) -> Vec<Site> {
    let constant = matches!(subject.run.schedule, ScheduleSpec::Constant(_));
    if !matches!(subject.run.optimizer, OptimizerSpec::Rprop(_))
        || constant && subject.run.warmup.is_none()
    {
        return Vec::new();
    }
    let label = if constant { "a warmup" } else { "a schedule" }.to_owned();
    vec![(subject.schedule.place.clone(), label)]
}

pub(super) fn patience_past_end(subject: &Subject<'_>) -> Vec<Site> {
    let run = subject.run;
    // In a run by steps, patience counts evaluations.
    let (by_steps, evaluations) = (run.train.steps > 0, run.evaluations());
    let label = |what: &str, first: u64| match by_steps {
        false => format!(
            "{what} after epoch {first} at the earliest, but the run has {}",
            units(evaluations, Per::Epoch)
        ),
        true => format!(
            "{what} after evaluation {first} at the earliest, but the run has {}",
            plural::count(evaluations as usize, "evaluation")
        ),
    };
    let per_evaluation = match by_steps {
        false => run.steps_per_epoch().max(1),
        true => run.total_steps().div_ceil(evaluations.max(1)).max(1),
    };
    let mut out = Vec::new();
    if let ScheduleSpec::Plateau(p) = &run.schedule {
        // Epochs that end in the warmup do not count, the first one that counts is the best so
        // far, and the rate falls after one more bad epoch than the patience.
        let unjudged = run.warmup.as_ref().map_or(0, |warmup| match warmup.per {
            Per::Epoch if !by_steps => warmup.length,
            Per::Epoch => warmup.length * run.steps_per_epoch() / per_evaluation,
            Per::Batch => warmup.length / per_evaluation,
        });
        let first = unjudged.saturating_add(p.patience).saturating_add(2);
        if first >= evaluations {
            let place = subject.given("schedule.patience").unwrap_or(&subject.schedule.place);
            out.push((place.clone(), label("the rate falls", first)));
        }
    }
    if let (Some(early), Some((axes, table))) = (&run.early_stopping, &subject.sweep.early_stopping)
        && early.patience.saturating_add(1) >= evaluations
    {
        let key = axes.iter().find(|a| a.path.ends_with(".patience"));
        let place = key.map_or(table, |axis| &axis.place);
        out.push((place.clone(), label("training stops", early.patience + 1)));
    }
    out
}
