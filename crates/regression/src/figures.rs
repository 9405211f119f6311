//! Figures of a regression as data: the changes, and each configuration from night to night.

use spec::Id;
use spec::regress_settings::RegressMetric;

use crate::amounts::{self, yardstick};
use crate::finding::{self, Finding, Regression};
use crate::quantity::effect;
use crate::ranking::{self, RankedChange};
use crate::text::{self, Title};
use plot::FigureData;
use plot::axis::{Axis, TickFormat};
use plot::chart::Point;
use plot::rows::{Row, Rows};
use plot::scale::Scale;
use plot::trend::{Level, StepMark, Trend, TrendPanel};
use report::figures::Figure;
use report::text::capitalised;
use text_format::{escape, number, plural};

/// Largest number of rows in the figure of changes.
const CHANGES: usize = 20;
/// Largest extent of its axis, in multiples of `min_effect`.
const FARTHEST: f64 = 40.0;
/// Largest number of trend figures.
pub(crate) const TRENDS: usize = 60;
/// Name of the figure of changes.
pub(crate) const CHANGES_NAME: &str = "changes";

/// Returns all figures by file name without extension: the changes, then the trends, those that
/// count against the night first, then those that changed.
pub(crate) fn all(r: &Regression, title: &Title) -> Vec<(String, Figure)> {
    let mut out = Vec::new();
    out.extend(changes(r, title).map(|figure| (CHANGES_NAME.to_owned(), figure)));
    let trends = if r.nights.len() > 1 { configurations(r) } else { Vec::new() };
    let named = |series: Id| Some((trend_name(series), trend(r, series)?));
    out.extend(trends.into_iter().take(TRENDS).filter_map(named));
    out.into_iter().map(|(name, figure)| (name, figure.explained())).collect()
}

/// Returns the file name of a configuration's trend figure, without extension.
pub(crate) fn trend_name(series: Id) -> String {
    format!("trend-{}", series.short())
}

/// Urgency of a configuration's history, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Something counts against the night.
    Against,
    /// Something got better, or a level changed earlier.
    Changed,
    /// Neither.
    Calm,
}

pub(crate) fn urgency(r: &Regression, series: Id) -> Urgency {
    let own = || ranking::steps(r).filter(|(trend, _)| trend.series == series);
    let found = |of: Finding| {
        let config = r.configs.iter().find(|c| c.series == series);
        config.is_some_and(|c| c.changes.iter().any(|change| change.finding == of))
    };
    if found(Finding::Regressed) || own().any(|(_, step)| step.alarm) {
        Urgency::Against
    } else if found(Finding::Improved) || own().next().is_some() {
        Urgency::Changed
    } else {
        Urgency::Calm
    }
}

/// Returns the configurations with a history, by urgency, then in their order.
pub(crate) fn configurations(r: &Regression) -> Vec<Id> {
    let mut all: Vec<Id> = Vec::new();
    for trend in &r.trends {
        if !all.contains(&trend.series) {
            all.push(trend.series);
        }
    }
    let place = |id: &Id| r.configs.iter().position(|c| c.series == *id).unwrap_or(usize::MAX);
    all.sort_by_key(|id| (urgency(r, *id), place(id)));
    all
}

/// Draws the figure of changes; `None` if no interval excludes zero.
pub fn changes(r: &Regression, title: &Title) -> Option<Figure> {
    let shown = |t: &RankedChange| {
        matches!(t.change.finding, Finding::Regressed | Finding::Improved | Finding::Small)
    };
    let all: Vec<RankedChange> = ranking::ranked_changes(r).into_iter().filter(shown).collect();
    // If seeds diverged on one side only, ranks may show what the others cannot, or no seeds
    // remain.
    let drawn = |t: &&RankedChange| {
        let beyond = |(low, high): (f64, f64)| low > 0.0 || high < 0.0;
        t.change.effect.is_finite() && t.change.interval.is_none_or(beyond)
    };
    let kept: Vec<RankedChange> = all.iter().filter(drawn).take(CHANGES).copied().collect();
    if kept.is_empty() {
        return None;
    }
    let left = all.len() - kept.len();
    let left = match left {
        0 => String::new(),
        n => format!(" {} more are in the table.", number::count(n as u64)),
    };
    Some(Figure {
        heading: "What changed",
        caption: "Effect of every change whose interval excludes zero, in multiples of its min_effect (where that is \
                  zero: of 1%, 5 percentage points or half an epoch); right is worse."
            .to_owned(),
        notes: format!(
            "Dots: {} minus {}, seed by seed; marker and bar: mean and simultaneous interval. Orange squares regressed, \
             green triangles improved, and blue discs are too small to count. Values beyond the axis are \
             drawn at its end.{left}",
            title.in_after(),
            title.of_before()
        ),
        reading: "The middle dashed line marks no change; an effect between the outer two is too small to count, however certain it is. A \
                  bar to the right of zero is a change for the worse, one to the left a change for the better; changes \
                  whose bars cross zero are not shown.",
        data: FigureData::Rows(series(&kept)),
        variant_of: None,
    })
}

/// Builds the rows of the figure of changes.
fn series(all: &[RankedChange<'_>]) -> Rows {
    let rows: Vec<Row> = all.iter().map(row).collect();
    let ends = rows.iter().filter_map(|r| r.interval).flat_map(|(a, b)| [a, b]);
    let all = || rows.iter().filter_map(|r| r.mean).chain(ends.clone());
    let dots = rows.iter().flat_map(|r| r.dots.iter().map(|(v, _)| *v));
    let high = all().fold(1.6, f64::max).min(FARTHEST);
    let low = all().fold(-1.6, f64::min).max(-FARTHEST);
    let room = 0.04 * (high - low);
    Rows {
        title: "What changed".to_owned(),
        subtitle: "Effects in multiples of min_effect; right is worse. Dots: seeds; bars: simultaneous intervals"
            .to_owned(),
        x_label: "effect for the worse, in min_effect".to_owned(),
        x: Axis::linear(low - room, high + room).holding(all().chain(dots)),
        lines: vec![-1.0, 0.0, 1.0],
        rows,
    }
}

fn row(ranked_changes: &RankedChange<'_>) -> Row {
    let c = ranked_changes.change;
    let metric = c.metric;
    let unit = yardstick(metric, c.min_effect);
    let turned = |effect: f64| {
        let x = metric.for_the_worse(effect) / unit;
        x.is_finite().then_some(x)
    };
    let interval = c.interval.and_then(|(low, high)| {
        let (a, b) = (turned(low)?, turned(high)?);
        // If any change is for the worse, both ends may turn to one side.
        let crosses = low < 0.0 && high > 0.0 && a >= 0.0 && b >= 0.0;
        Some((if crosses { 0.0 } else { a.min(b) }, a.max(b)))
    });
    let dots = c.seeds.iter().filter_map(|(seed, before, after)| {
        Some((turned(effect(metric, after - before, c.before))?, format!("seed {seed}")))
    });
    let series = match c.finding {
        Finding::Regressed => 1,
        Finding::Improved => 2,
        _ => 0,
    };
    Row {
        series,
        label: text::name(&ranked_changes.config.label, &ranked_changes.config.config, false),
        dots: dots.collect(),
        mean: turned(c.effect),
        interval,
        text: amounts::signed(metric, c.effect),
        note: if c.before.is_finite() && c.after.is_finite() {
            let value = |v| amounts::value(metric, v);
            let diverged = match c.seeds.len() - c.ended() {
                0 => String::new(),
                n => format!(", without {}", plural::count(n, "diverged seed")),
            };
            format!("{} {} to {}{diverged}", metric.label(), value(c.before), value(c.after))
        } else {
            metric.label()
        },
    }
}

/// Draws the trend figure of a configuration; `None` without a history of it.
pub fn trend(r: &Regression, series: Id) -> Option<Figure> {
    let own: Vec<&finding::Trend> = r.trends.iter().filter(|t| t.series == series).collect();
    let first = own.first()?;
    let panels: Vec<TrendPanel> = own.iter().filter_map(|t| panel(r, t)).collect();
    if panels.is_empty() {
        return None;
    }
    let breaks = breaks(r);
    let anew = match breaks.len() {
        0 => "",
        _ => " Numbered vertical lines: the history starts anew, for the reason below the panels.",
    };
    let nights = r.nights.iter().map(|f| {
        let day = escape::line(f.day());
        let commit = f.commit_short().map(|c| escape::line(&c));
        [Some(day), commit].into_iter().flatten().filter(|l| !l.is_empty()).collect()
    });
    let name = text::name(&first.label, &first.config, false);
    let title = text::name(&first.label, &first.config, true);
    Some(Figure {
        heading: "From night to night",
        caption: format!(
            "{name} in {} nights: mean of its seeds, with the range of the seeds as a band.",
            r.nights.len()
        ),
        notes: format!(
            "Black: levels found. Diamonds: first nights of a level, orange for the worse, green for the better, filled \
             where it counts against tonight. Dashed: the accepted baseline.{anew} A + behind a commit: sources differed \
             from it."
        ),
        reading: "A step shows as a break between two black lines: the commit beside the diamond is the first that had the \
                  new level, the cause lies between it and the night before. A band much wider than the steps means \
                  that seeds differ more than nights do, so that one seed tells little.",
        data: FigureData::Trend(Trend {
            title,
            subtitle: "Mean over the seeds from night to night; band: lowest to highest seed; black: levels found; dashed: baseline"
                .to_owned(),
            labels: nights.collect(),
            breaks,
            panels,
        }),
        variant_of: None,
    })
}

/// Returns the places where the history restarts, with the day.
fn breaks(r: &Regression) -> Vec<(usize, String)> {
    let text = |s: &finding::Segment| {
        let day = r.nights.get(s.from).map(|f| escape::line(f.day())).unwrap_or_default();
        let why = s.why.as_deref().map_or_else(|| "starts anew".to_owned(), escape::line);
        (s.from, format!("{day}: {why}"))
    };
    let within = |s: &&finding::Segment| s.from > 0 && s.from < r.nights.len();
    r.segments.iter().filter(within).map(text).collect()
}

/// Returns the first and last night of a night's segment.
fn segment(r: &Regression, night: usize) -> (usize, usize) {
    let from = r.segments.iter().map(|s| s.from).filter(|f| *f <= night).max().unwrap_or(0);
    let next = r.segments.iter().map(|s| s.from).filter(|f| *f > night).min();
    (from, next.unwrap_or(r.nights.len()).saturating_sub(1))
}

/// Builds the panel of one metric; `None` without a finite point.
fn panel(r: &Regression, t: &finding::Trend) -> Option<TrendPanel> {
    let metric = t.metric;
    let band = |low: f64, high: f64| (low.is_finite() && high.is_finite()).then_some((low, high));
    let mut points: Vec<Point> = t
        .points
        .iter()
        .filter(|p| p.mean.is_finite() && p.night < r.nights.len())
        .map(|p| Point { x: p.night as f64, y: p.mean, band: band(p.low, p.high) })
        .collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    points.dedup_by(|a, b| a.x == b.x);
    if points.is_empty() {
        return None;
    }
    let config = r.configs.iter().find(|c| c.series == t.series);
    let change = config.and_then(|c| c.changes.iter().find(|c| c.metric == metric));
    let baseline = change.map(|c| c.before).filter(|v| v.is_finite());
    let baseline = baseline.map(|v| (v, amounts::value(metric, v)));
    Some(TrendPanel {
        title: panel_title(metric),
        y: axis(metric, &points, baseline.as_ref().map(|(v, _)| *v)),
        levels: levels(r, t),
        steps: t.steps.iter().filter_map(|s| mark(r, t, s, &points)).collect(),
        baseline,
        points,
    })
}

fn panel_title(metric: RegressMetric) -> String {
    match metric {
        RegressMetric::SecondsPerEpoch => "Seconds per epoch".to_owned(),
        RegressMetric::Diverged => "Diverged seeds".to_owned(),
        _ => capitalised(&metric.label()),
    }
}

/// Returns an axis around the means and the baseline; it includes the range of the seeds unless
/// that would dwarf them.
fn axis(metric: RegressMetric, points: &[Point], baseline: Option<f64>) -> Axis {
    let means = || points.iter().map(|p| p.y).chain(baseline);
    let (low, high) =
        means().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    // Bands may extend this far beyond the means, and are cut there.
    let room = 4.0 * (high - low).max(0.02 * high.abs().max(low.abs()));
    let ends = points.iter().filter_map(|p| p.band).flat_map(|(a, b)| [a, b]);
    let ends = ends.map(|v| v.clamp(low - room, high + room));
    let share = amounts::is_share(metric);
    // Shares may be 0 or 1.
    let decades = if share { f64::INFINITY } else { 1.5 };
    let mut axis = Axis::around(means().chain(ends), decades).unwrap_or(Axis::linear(0.0, 1.0));
    if let Scale::Linear(a, b) = &mut axis.scale {
        // No value here is negative; shares end at one, and equal ones need room.
        *a = a.max(0.0);
        if share {
            if high - low < 1e-9 && high == 0.0 {
                *b = 0.1;
            }
            *b = b.min(1.0);
            if *b - *a < 1e-6 {
                *a = (*b - 0.01).max(0.0);
            }
        }
    }
    if share {
        axis.format = TickFormat::Percent;
    }
    // The ends of bands were cut, so their effect on the axis is recomputed.
    Axis { lanes: [None; 2], ..axis }.holding(means())
}

/// Returns the levels between the steps, and the slopes of drifts.
fn levels(r: &Regression, t: &finding::Trend) -> Vec<Level> {
    let last = r.nights.len().saturating_sub(1);
    let fine = |s: &&finding::TrendStep| {
        s.before.is_finite() && s.after.is_finite() && s.last_good <= s.until && s.until <= last
    };
    let steps: Vec<&finding::TrendStep> = t.steps.iter().filter(fine).collect();
    let mut out = Vec::new();
    for (i, s) in steps.iter().enumerate() {
        let (from, to) = segment(r, s.at);
        let before = i.checked_sub(1).map(|i| steps[i]).filter(|p| segment(r, p.at).0 == from);
        let after = steps.get(i + 1).filter(|n| segment(r, n.at).0 == from);
        if before.is_none() && from <= s.last_good {
            out.push(Level { span: (from, s.last_good), values: (s.before, s.before) });
        }
        if s.drift {
            out.push(Level { span: (s.last_good, s.until), values: (s.before, s.after) });
        }
        let end = after.map_or(to, |n| n.last_good).max(s.until);
        out.push(Level { span: (s.until, end), values: (s.after, s.after) });
    }
    out
}

fn mark(
    r: &Regression,
    t: &finding::Trend,
    s: &finding::TrendStep,
    points: &[Point],
) -> Option<StepMark> {
    let night = r.nights.get(s.at)?;
    let point = points.iter().find(|p| p.x == s.at as f64).map(|p| p.y);
    let value = point.unwrap_or(s.after);
    let commit = night.commit_short().map(|c| escape::line(&c));
    let said = format!(
        "{} {}{}",
        amounts::signed(t.metric, s.effect),
        text::when(r, s.last_good, s.until, s.drift),
        commit.as_ref().map(|c| format!(", first seen with {c}")).unwrap_or_default()
    );
    Some(StepMark {
        at: s.at,
        value: value.is_finite().then_some(value)?,
        text: commit.unwrap_or_else(|| escape::line(night.day())),
        said,
        worse: s.worse,
        alarm: s.alarm,
    })
}
