//! The stages of a sweep: configurations chosen on tuning seeds and judged on fresh ones.

use spec::stages::Stage;

use super::{described, mean_sd};
use crate::analysis::{Analysis, Config, Criterion};
use crate::page::table::{Cell, Table};
use crate::plural;
use crate::text::{capitalised, list};
use stats::Estimate;

/// Most seeds that are named one by one; of more the first and the last are.
const NAMED: usize = 5;

/// One row per confirmed configuration, on the seeds that chose it and on fresh ones.
pub fn confirmation_table(analysis: &Analysis) -> Table {
    let (selection, evaluation) = (&analysis.selection, &analysis.evaluation);
    let head = |on: &str, of: &Criterion| format!("#{} on {on} seeds", capitalised(&of.name()));
    let heads = [
        head("tuning", selection),
        head("fresh", selection),
        format!("#Optimism of the {}", selection.name()),
        head("tuning", evaluation),
        head("fresh", evaluation),
        format!("#Optimism of the {}", evaluation.name()),
    ];
    let mut names = vec!["Optimizer", "Configuration", "#Place", "#Fresh seeds"];
    names.extend(heads.iter().map(String::as_str));
    let mut table = Table::new(&names);
    let fresh = analysis.configs.iter().enumerate().filter(|(_, c)| c.stage == Stage::Confirm);
    for (i, config) in fresh {
        let Some(tuned) = analysis.counterpart(config, Stage::Tuning) else { continue };
        let label = &analysis.plan.optimizers[config.label].label;
        let decision = analysis.plan.decision(Stage::Confirm).map_or(&[][..], |d| d.of(label));
        let place = decision.iter().position(|id| *id == config.config_id);
        let judged = analysis.is_chosen(i);
        let mut row = vec![
            Cell::label(label, config.label).strong(judged),
            Cell::text(described(analysis, config)),
            Cell::number(place.map(|place| (place + 1) as f64), |place| place.to_string()),
            Cell::number(Some(config.counts.completed as f64), |_| {
                format!("{}/{}", config.counts.completed, config.counts.planned)
            })
            .parts("completed", "planned", Some(config.counts.planned as f64)),
        ];
        let same = selection.path() == evaluation.path();
        let mean = |of: &Criterion, config: &Config| match std::ptr::eq(of, selection) {
            true => config.selection,
            false => config.judged,
        };
        for (of, shown) in [(selection, true), (evaluation, !same)] {
            let [before, now] = [tuned, config].map(|config| mean(of, config));
            // Where runs stop at the target, seeds that never got there are in the median alone.
            let [chose, judges] = [(tuned, &before), (config, &now)]
                .map(|(config, estimate)| config.standing(of, estimate));
            let optimism = chose.zip(judges).map(|(before, now)| of.gain(before, now));
            let cell = |estimate: &Estimate, value: Option<f64>| match of.reached() {
                true => Cell::number(value, |value| of.format(value)),
                false => mean_sd(of.metric, estimate),
            };
            let cells = [
                cell(&before, chose),
                cell(&now, judges).strong(judged),
                Cell::number(optimism, |gain| signed(of, gain)),
            ];
            row.extend(cells.map(|cell| if shown { cell } else { Cell::default() }));
        }
        table.rows.push(row);
    }
    table.without_empty()
}

fn signed(of: &Criterion, gain: f64) -> String {
    let size = of.spread(gain.abs());
    if gain < 0.0 { format!("\u{2212}{size}") } else { size }
}

/// The meaning of the table; empty if no fresh seeds judge.
pub fn confirmation_text(analysis: &Analysis) -> Vec<String> {
    let Some(confirm) = analysis.plan.confirm.as_ref() else { return Vec::new() };
    if analysis.judging() == Stage::Tuning {
        return Vec::new();
    }
    let mut out = vec![format!(
        "Optimism is how much better a configuration was on the seeds that chose it than on fresh ones: the best of many \
         is partly the best by chance. Comparisons, intervals and the claim rest on the fresh seeds alone."
    )];
    if confirm.top > 1 {
        out.push(format!(
            "The best {} configurations of each optimizer on the tuning seeds were trained on fresh ones. The first of \
             them is judged, whatever the fresh seeds show for the others.",
            confirm.top
        ));
    }
    let earlier = analysis.plan.superseded.len();
    if earlier > 0 {
        let (decisions, were) =
            (plural::count(earlier, "earlier decision"), plural::was_or_were(earlier));
        out.push(format!(
            "{decisions} on the stages {were} replaced; plan.json has all of them with the results they rest on."
        ));
    }
    out
}

/// The sentence on the seeds that chose and those that judge; empty for a sweep without stages.
pub fn stages_text(analysis: &Analysis) -> Vec<String> {
    let Some(confirm) = &analysis.plan.confirm else { return Vec::new() };
    let (tuning, fresh) = (named(&analysis.plan.seeds), named(&confirm.seeds));
    let fresh = match confirm.until {
        Some(_) => format!("at most {fresh}"),
        None => fresh,
    };
    vec![match (analysis.judging(), analysis.plan.decision(Stage::Confirm)) {
        (Stage::Confirm, _) => {
            format!(
                "Configurations were chosen on {tuning}. All comparisons rest on {fresh}, which had no part in it."
            )
        }
        (Stage::Tuning, Some(_)) => format!(
            "Not confirmed yet: configurations were chosen on {tuning}, which also judge until each optimizer has a result \
             with {fresh}."
        ),
        (Stage::Tuning, None) => format!(
            "Not confirmed yet: all results rest on {tuning}, which choose the configurations. {} judge when all of these \
             runs have ended.",
            capitalised(&fresh)
        ),
    }]
}

/// `the seeds 0, 1 and 2`, `the 10 seeds 1000 to 1009`.
fn named(seeds: &[u64]) -> String {
    let texts: Vec<String> = seeds.iter().map(u64::to_string).collect();
    let consecutive = seeds.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    match seeds {
        [one] => format!("the seed {one}"),
        [first, .., last] if consecutive && seeds.len() > 3 => {
            format!("the {} seeds {first} to {last}", seeds.len())
        }
        [first, .., last] if seeds.len() > NAMED => {
            format!("{} seeds, the first {first} and the last {last}", seeds.len())
        }
        _ => format!("the seeds {}", list(&texts)),
    }
}
