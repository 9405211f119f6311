//! Sections of documents that a command generates, between a line that names the command and a
//! closing line.

use anyhow::{Context as _, Result};

/// Start and end of the line before a section; between them is the command after `cargo xtask`.
const BEGIN: (&str, &str) = ("<!-- made by `cargo xtask ", "` -->\n");
/// Line after a section.
const END: &str = "<!-- end -->";

/// Returns the line before the section of a command.
pub(crate) fn marker(command: &str) -> String {
    format!("{}{command}{}", BEGIN.0, BEGIN.1)
}

/// Returns the text with sections replaced by the output of `generate`, which receives the command.
/// Sections for which it returns `None` stay.
///
/// # Errors
/// A section has no end, or `generate` fails.
pub(crate) fn replaced(
    text: &str,
    generate: &mut dyn FnMut(&str) -> Result<Option<String>>,
) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN.0) {
        let (command, section) = after
            .split_once(BEGIN.1)
            .with_context(|| format!("`{}` without its end on the line", BEGIN.0))?;
        let (old, after) =
            section.split_once(END).with_context(|| format!("`{command}` without `{END}`"))?;
        out.push_str(before);
        out.push_str(&marker(command));
        match generate(command)? {
            Some(new) => out.push_str(&format!("\n{}\n\n", new.trim())),
            None => out.push_str(old),
        }
        out.push_str(END);
        rest = after;
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_replaced_and_others_stay() {
        let section = |command: &str, body: &str| format!("{}{body}{END}\n", marker(command));
        let text = |body: &str| {
            format!("a\n{}b\n{}", section("list x", body), section("bench y", "\nold\n\n"))
        };
        let mut generate =
            |command: &str| Ok(command.strip_prefix("list ").map(|name| format!("new {name}\n")));
        let fresh = text("\nnew x\n\n");
        assert_eq!(replaced(&text("old"), &mut generate).unwrap(), fresh);
        assert_eq!(replaced(&fresh, &mut generate).unwrap(), fresh);
        let open = format!("{}no end", marker("list x"));
        assert!(replaced(&open, &mut generate).is_err());
    }
}
