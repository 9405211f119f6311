//! Durations with a unit.

/// Parses a duration such as `90`, `90s`, `1.5m`, `2h` or `3d` into seconds; without a unit they
/// are seconds. `None` for anything else, below a millisecond or above 366 days.
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
