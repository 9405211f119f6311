//! Durations as people write them.

/// Seconds in a text such as `90`, `90s`, `1.5m`, `2h`, `3d`; none for anything
/// else, below a millisecond or above a year.
pub fn duration(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, factor) = match text.chars().next_back()? {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3_600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    bounded(number.trim().parse::<f64>().ok()? * factor)
}

pub(crate) fn bounded(seconds: f64) -> Option<f64> {
    (1e-3..=366.0 * 86_400.0).contains(&seconds).then_some(seconds)
}
