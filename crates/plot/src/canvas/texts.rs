//! Widths of texts, and texts that are cut or wrapped to a width.

use plotters::style::{FontDesc, FontFamily, FontStyle};
use text_format::wrap::lines;

use crate::fallback;
use crate::style::FONT_FAMILY;

/// Returns the width of a text in logical pixels: 2.5% more than in the embedded font without
/// kerning. Characters that the font lacks have their [`fallback::width`].
pub fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    if !text.is_ascii() && text.chars().any(|c| !fallback::is_embedded(c)) {
        let (own, other): (String, String) = text.chars().partition(|c| fallback::is_embedded(*c));
        let other: f64 = other.chars().map(fallback::width).sum();
        return text_width(&own, size, bold) + other * size;
    }
    // Measured large, because plotters rounds widths to whole pixels.
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::Name(FONT_FAMILY), 100.0, style);
    font.box_size(text).map_or(0.0, |(w, _)| f64::from(w) * size * 1.24 / 100.0)
}

/// Returns the text, with its middle replaced by an ellipsis if it is wider than `room`, in logical
/// pixels. A little of `room` is left free for browsers whose font is wider than the embedded one.
/// Both ends are kept, because labels of one sweep often share their beginning.
pub fn fit(text: &str, size: f64, room: f64) -> String {
    let room = room / 1.08;
    if text_width(text, size, false) <= room {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    for kept in (1..chars.len()).rev() {
        let (head, tail) = (kept.div_ceil(2), kept / 2);
        let cut: String =
            chars[..head].iter().chain(&['\u{2026}']).chain(&chars[chars.len() - tail..]).collect();
        if text_width(&cut, size, false) <= room {
            return cut;
        }
    }
    String::new()
}

/// Cuts a text as [`fit`] does, but keeps it distinct from `others`: if another text has the same
/// ends, the part in which they differ is kept.
pub fn fit_apart<'a>(
    text: &str,
    others: impl IntoIterator<Item = &'a str>,
    size: f64,
    room: f64,
) -> String {
    let cut = fit(text, size, room);
    let Some((head, tail)) = cut.split_once('\u{2026}').filter(|_| cut != text) else { return cut };
    let alike = |other: &&str| *other != text && other.starts_with(head) && other.ends_with(tail);
    let shared = |other: &str| text.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let Some(from) = others.into_iter().filter(alike).map(shared).min() else { return cut };
    let chars: Vec<char> = text.chars().collect();
    let from = from.saturating_sub(2);
    let dots = |cut: bool| if cut { "\u{2026}" } else { "" };
    (from + 1..=chars.len())
        .rev()
        .map(|to| {
            let kept: String = chars[from..to].iter().collect();
            format!("{}{kept}{}", dots(from > 0), dots(to < chars.len()))
        })
        .find(|kept| text_width(kept, size, false) <= room / 1.08)
        .unwrap_or(cut)
}

/// Breaks a text at blanks into lines no wider than `room`, in logical pixels.
pub fn wrap(text: &str, size: f64, bold: bool, room: f64) -> Vec<String> {
    lines(text.split_whitespace(), |line| text_width(line, size, bold) <= room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_wrapped() {
        assert!(crate::style::fonts());
        let short = fit("momentum with a long name", 12.0, 80.0);
        assert_eq!(short, "mome\u{2026}ame");
        assert!(text_width(&short, 12.0, false) <= 80.0);
        assert_eq!(fit("sgd", 12.0, 80.0), "sgd");
        // The part that distinguishes the labels is kept.
        let labels = ["momentum with beta 0.5 and more", "momentum with beta 0.9 and more"];
        let cut = labels.map(|label| fit_apart(label, labels, 12.0, 90.0));
        assert_eq!(cut, ["\u{2026}0.5 and m\u{2026}", "\u{2026}0.9 and m\u{2026}"]);
        assert!(cut.iter().all(|label| text_width(label, 12.0, false) <= 90.0));
        assert_eq!(
            fit_apart(labels[0], [labels[0], "sgd"], 12.0, 90.0),
            fit(labels[0], 12.0, 90.0)
        );
        assert_eq!(fit_apart("sgd", labels, 12.0, 90.0), "sgd");
        assert_eq!(wrap("one two", 12.0, false, 1.0), ["one", "two"]);
    }
}
