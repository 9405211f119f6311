//! Tables of a regression for page, Markdown and CSV.

use crate::amounts;
use crate::finding::{Change, Finding, GapKind, Regression};
use crate::night::Facts;
use crate::ranking::{self, RankedChange};
use crate::text::{self, Range, Title};
use report::page::table::{Cell, Table};
use text_format::escape;

/// Names of all tables that the page may have.
pub(crate) const NAMES: [&str; 5] = [
    "regression-changes",
    "regression-comparisons",
    "regression-gaps",
    "regression-levels",
    "regression-configurations",
];

/// All tables; those without rows are not displayed.
pub(crate) struct Tables {
    /// Comparisons that regressed or improved.
    pub(crate) changes: Table,
    /// Every comparison.
    pub(crate) comparisons: Table,
    /// Runs that could not be compared.
    pub(crate) gaps: Table,
    /// Changes of level in the history.
    pub(crate) levels: Table,
    /// Numbers of pairs of each configuration.
    pub(crate) configurations: Table,
}

impl Tables {
    pub(crate) fn of(r: &Regression, title: &Title) -> Self {
        let all = ranking::ranked_changes(r);
        let shown =
            |t: &&RankedChange| matches!(t.change.finding, Finding::Regressed | Finding::Improved);
        let changed: Vec<RankedChange> = all.iter().filter(shown).copied().collect();
        Tables {
            changes: comparisons(&changed, title)
                .named(NAMES[0], "What regressed and what improved, the worst first"),
            comparisons: comparisons(&all, title)
                .named(NAMES[1], "Every configuration and metric that was compared"),
            gaps: gaps(r, title)
                .named(NAMES[2], "Runs that could not be compared, or had different inputs"),
            levels: levels(r).named(NAMES[3], "Changes of level in the history"),
            configurations: configurations(r)
                .named(NAMES[4], "Pairs of runs and bit-identical pairs of each configuration"),
        }
    }

    /// Returns the tables that have rows, in the order of the page.
    pub(crate) fn filled(&self) -> impl Iterator<Item = &Table> {
        [&self.changes, &self.comparisons, &self.gaps, &self.levels, &self.configurations]
            .into_iter()
            .filter(|table| !table.rows.is_empty())
    }
}

/// Builds a table with one row per comparison.
pub(crate) fn comparisons(all: &[RankedChange<'_>], title: &Title) -> Table {
    let (before, after) = (format!("#{}", title.before()), format!("#{}", title.after()));
    let head = [
        "Optimizer",
        "Configuration",
        "Metric",
        &before,
        &after,
        "#Effect",
        "#Interval of the effect",
        "#Min effect",
        "Finding",
        "#Pairs compared",
        "#Diverged on one side",
    ];
    let mixed = [title.before(), title.after(), "Effect", "Interval of the effect", "Min effect"];
    let mut table = Table::new(&head).choices(&["Optimizer", "Metric", "Finding"]).mixed(&mixed);
    table.rows = all.iter().map(row).collect();
    table.without_empty()
}

fn row(ranked_changes: &RankedChange<'_>) -> Vec<Cell> {
    let c: &Change = ranked_changes.change;
    let known = c.finding != Finding::Unknown || !c.seeds.is_empty();
    let (bare, moved) = (amounts::unit(c.metric), amounts::unit_of_effect(c.metric));
    let value = |v: f64| match v {
        v if v.is_nan() && c.ended() == 0 => Cell::text("diverged"),
        v => Cell::number(Some(v).filter(|_| known), |v| amounts::value(c.metric, v)).unit(bare),
    };
    let strong = matches!(c.finding, Finding::Regressed | Finding::Improved);
    let min = match c.min_effect {
        m if m > 0.0 => amounts::signed(c.metric, m).trim_start_matches('+').to_owned(),
        _ => "0".to_owned(),
    };
    vec![
        Cell::text(&ranked_changes.config.label),
        Cell::text(&ranked_changes.config.config),
        Cell::text(c.metric.label()),
        value(c.before),
        value(c.after),
        Cell::number(Some(c.effect).filter(|e| known && !e.is_nan()), |e| {
            amounts::signed(c.metric, e)
        })
        .strong(strong && !c.effect.is_nan())
        .unit(moved),
        Cell::number(c.interval.map(|i| i.0), |low| {
            amounts::interval(c.metric, (low, c.interval.map_or(f64::NAN, |i| i.1)))
        })
        .parts("lower end", "upper end", c.interval.map(|i| i.1))
        .unit(moved),
        Cell::number(Some(c.min_effect), |_| min).unit(moved),
        Cell::text(text::finding(c.finding)).strong(strong),
        Cell::count(c.ended()),
        match c.seeds.len() - c.ended() {
            0 => Cell::text(""),
            n => Cell::count(n),
        },
    ]
}

fn gaps(r: &Regression, title: &Title) -> Table {
    let mut table = Table::new(&["Optimizer", "Configuration", "Which seeds", "#Runs", "Why"])
        .choices(&["Optimizer"]);
    let mut gaps: Vec<_> = r.gaps.iter().collect();
    // In the order in which they are presented: tonight's failures first.
    let order: Vec<&GapKind> = ranking::gap_groups(r).iter().map(|g| g.kind).collect();
    gaps.sort_by_key(|g| order.iter().position(|kind| **kind == g.kind));
    for gap in gaps {
        let seeds = ranking::seeds(&gap.seeds);
        table.rows.push(vec![
            Cell::text(&gap.label),
            Cell::text(&gap.config),
            Cell::text(seeds.trim_start_matches("seeds ").trim_start_matches("seed ")),
            Cell::count(gap.seeds.len()),
            Cell::text(text::gap(&gap.kind, title)),
        ]);
    }
    table
}

fn levels(r: &Regression) -> Table {
    let head = [
        "Optimizer",
        "Configuration",
        "Metric",
        "First seen",
        "How it moved",
        "#Level before",
        "#Level after",
        "#Effect",
        "Direction",
        "Against tonight",
        "#Nights before",
        "#Nights after",
        "Commits",
    ];
    let mut table = Table::new(&head)
        .choices(&["Optimizer", "Metric", "First seen", "Direction", "Against tonight"])
        .mixed(&["Level before", "Level after", "Effect"]);
    for group in ranking::step_groups(r) {
        for (trend, step) in group.steps {
            let metric = trend.metric;
            let value = |v: f64| {
                Cell::number(Some(v), |v| amounts::value(metric, v)).unit(amounts::unit(metric))
            };
            let fact = |night: usize| r.nights.get(night).cloned().unwrap_or_default();
            let commits = match text::range(&fact(step.last_good), &fact(step.until)).0 {
                Range::Command(text) => text.trim_start_matches("git log --oneline ").to_owned(),
                Range::Not(why) => why.to_owned(),
            };
            table.rows.push(vec![
                Cell::text(&trend.label),
                Cell::text(&trend.config),
                Cell::text(metric.label()),
                Cell::text(fact(step.at).day()),
                Cell::text(if step.drift { "gradually" } else { "at once" }),
                value(step.before),
                value(step.after),
                Cell::number(Some(step.effect), |e| amounts::signed(metric, e))
                    .strong(step.alarm)
                    .unit(amounts::unit_of_effect(metric)),
                Cell::text(if step.worse { "worse" } else { "better" }),
                Cell::text(if step.alarm { "yes" } else { "no" }).strong(step.alarm),
                Cell::count(step.nights_before),
                Cell::count(step.nights_after),
                Cell::text(commits),
            ]);
        }
    }
    table
}

fn configurations(r: &Regression) -> Table {
    let mut table =
        Table::new(&["Optimizer", "Configuration", "#Pairs compared", "#Bit-identical"])
            .choices(&["Optimizer"]);
    for config in &r.configs {
        table.rows.push(vec![
            Cell::text(&config.label),
            Cell::text(&config.config),
            Cell::count(config.pairs),
            Cell::count(config.identical),
        ]);
    }
    table.without_empty()
}

/// Returns the facts of both sides as name and two values, without those that are unknown on both.
pub(crate) fn facts(r: &Regression) -> Vec<(&'static str, String, String)> {
    type Of = fn(&Facts) -> Option<String>;
    let all: [(&'static str, Of); 13] = [
        ("Experiment", |f| Some(f.experiment.clone())),
        ("Started", |f| Some(f.started.clone())),
        ("Commit", |f| f.commit.clone()),
        ("Sources", |f| {
            let text = if f.dirty? { "differed from the commit" } else { "as in the commit" };
            Some(text.to_owned())
        }),
        ("Backend", |f| f.backend.clone()),
        ("Kind of device", |f| f.device_kind.clone()),
        ("Device", |f| f.device_model.clone()),
        ("Processor", |f| f.processor.clone()),
        ("Instruction sets", |f| f.cpu_features.clone()),
        ("Driver", |f| f.driver.clone()),
        ("libtorch", |f| f.libtorch.clone()),
        ("Hash of the training code", |f| f.code.clone()),
        ("Target", |f| f.target.clone()),
    ];
    let text = |of: Of, f: Option<&Facts>| {
        f.and_then(of)
            .filter(|t| !t.is_empty())
            .map_or_else(|| "\u{2013}".to_owned(), |t| escape::line(&t))
    };
    all.into_iter()
        .map(|(name, of)| (name, text(of, r.before.as_ref()), text(of, Some(&r.after))))
        .filter(|(_, a, b)| a != "\u{2013}" || b != "\u{2013}")
        .collect()
}
