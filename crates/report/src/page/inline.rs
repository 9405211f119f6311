//! Figures and code inside the page: colours that follow light and dark, and
//! the hashes that its content security policy names.

use maud::{Markup, PreEscaped};
use plotters::style::RGBColor;
use sha2::{Digest, Sha256};

use crate::figures::style::{AXIS, GRID, INK, MUTED, PALETTE, PAPER};

/// An SVG document as part of the page: no size of its own, colours by CSS
/// variable, the font by CSS, named by `label` and described by the element of
/// the id `described_by`.
pub fn svg(document: &str, label: &str, described_by: &str) -> Markup {
    let mut text = document.to_owned();
    let named = [(PAPER, "paper"), (INK, "ink"), (MUTED, "muted"), (AXIS, "axis"), (GRID, "grid")];
    let mut swap = |color: RGBColor, variable: &str| {
        let literal = format!("=\"#{:02X}{:02X}{:02X}\"", color.0, color.1, color.2);
        text = text.replace(&literal, &format!("=\"var(--{variable})\""));
    };
    named.iter().for_each(|(color, name)| swap(*color, name));
    PALETTE.iter().enumerate().for_each(|(i, color)| swap(*color, &format!("s{i}")));
    let text = text
        .replace(&format!(" font-family=\"{}\"", crate::figures::style::FONT_FAMILY), "")
        .replace(" opacity=\"1\"", "");
    // The name stands in an attribute: a title element would pop up as a tooltip.
    let (head, body) = text.split_once('>').unwrap_or(("", ""));
    let view = head
        .split_once("viewBox=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(view, _)| view);
    let body = body.split_once("</title>").map_or(body, |(_, rest)| rest);
    let label = maud::html! { (label) }.into_string().replace('"', "&quot;");
    PreEscaped(format!(
        "<svg viewBox=\"{view}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{label}\" \
         aria-describedby=\"{described_by}\" stroke-linejoin=\"round\">{body}"
    ))
}

/// `'sha256-…'` of an inline style or script, as a policy names it.
pub fn source_hash(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |acc, b| acc << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = (bits >> (18 - 6 * i)) as usize & 63;
            out.push(if i <= chunk.len() { DIGITS[digit] as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        // RFC 4648, section 10, and FIPS 180 for the empty message.
        let texts = ["", "f", "fo", "foo", "foob"].map(|t| base64(t.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
        assert_eq!(source_hash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    }
}
