//! Sentences on the history of nights, and on nights that are not used in it.

use crate::finding::{Regression, Trend};
use crate::night::Facts;
use crate::ranking;
use crate::text::Title;
use report::text::{capitalised, list};
use text_format::{escape, plural};

/// Returns the sentence on the history; `None` for a plain comparison.
pub(crate) fn history(r: &Regression, title: &Title) -> Option<String> {
    if *title != Title::Nightly {
        return None;
    }
    let (first, last) = match (r.nights.first(), r.nights.last()) {
        (None, _) | (_, None) => return Some("There is no history of nights.".to_owned()),
        (Some(_), Some(_)) if r.nights.len() == 1 => {
            let text =
                "This is the first night of the history, so no change of level can be found yet.";
            return Some(text.to_owned());
        }
        (Some(first), Some(last)) => (escape::line(first.day()), escape::line(last.day())),
    };
    // Without an accepted baseline the whole history counts.
    let since = if r.accepted.is_some() { " since the baseline" } else { "" };
    let alarms = ranking::alarms(r).len();
    let others = ranking::steps(r).count() - alarms;
    let steps = match (alarms, others) {
        (0, 0) => "no level changed".to_owned(),
        (0, n) => format!("{} changed, none against tonight", plural::grouped(n, "level")),
        (n, 0) => format!("{} changed for the worse{since}", plural::grouped(n, "level")),
        (n, m) => {
            let levels = plural::grouped(n, "level");
            format!("{levels} changed for the worse{since}, {m} otherwise")
        }
    };
    let machine = r.nights.last().map(Facts::machine);
    let here: Vec<usize> =
        (0..r.nights.len()).filter(|n| Some(r.nights[*n].machine()) == machine).collect();
    let segment = match r.nights.len() - here.len() {
        0 => String::new(),
        _ => format!(", {} of them on this machine", here.len()),
    };
    let when =
        if first == last { format!("of {first}") } else { format!("from {first} to {last}") };
    let rest = left_out_of_history(r, &here).map(|text| format!(" {text}")).unwrap_or_default();
    Some(format!("In {} nights {when}{segment}, {steps}.{rest}", r.nights.len()))
}

/// Returns the sentence on nights of `here` that no statement on the history uses; `None` if all
/// are used.
fn left_out_of_history(r: &Regression, here: &[usize]) -> Option<String> {
    let holds = |t: &Trend, night: usize| {
        !t.thin.contains(&night) && t.points.iter().any(|p| p.night == night)
    };
    let thin = |night: &usize| r.trends.iter().any(|t| t.thin.contains(night));
    let (mut few, mut others) = (0, 0);
    for night in here {
        match r.trends.iter().any(|t| holds(t, *night)) {
            true => {}
            false if thin(night) => few += 1,
            false => others += 1,
        }
    }
    let nights =
        |n: usize, what: &str| (n > 0).then(|| format!("{} {what}", plural::grouped(n, "night")));
    let nothing = [
        nights(few, "with less than half of the seeds"),
        nights(others, "with other configurations and seeds"),
    ];
    let nothing: Vec<String> = nothing.into_iter().flatten().collect();
    let say = plural::form(few + others, "tells", "tell");
    (!nothing.is_empty() && !r.trends.is_empty())
        .then(|| format!("{} {say} nothing about these levels.", capitalised(&list(&nothing))))
}
