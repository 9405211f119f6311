//! Escaping of text that came from a file, for the place where it is shown. HTML is escaped by maud
//! and SVG text where it is written; this module covers the rest.

/// Replaces control characters, terminal escapes and direction overrides by visible marks (`␛`), so
/// that a label cannot control the output; newlines and tabs become blanks.
pub fn line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            // The block of control pictures mirrors the control characters.
            c if (c as u32) < 0x20 => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            c if is_unsafe(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Escapes a block of text as [`line()`] does, but keeps newlines and tabs.
pub fn block(text: &str) -> String {
    let lines: Vec<String> =
        text.lines().map(|l| l.split('\t').map(line).collect::<Vec<_>>().join("\t")).collect();
    lines.join("\n")
}

/// Returns a command line that a POSIX shell splits into exactly `words`: single quotes surround
/// empty words and words with blanks or characters special to the shell.
pub fn command(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    let quoted = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Returns an error message as one line: its first line that is not blank. A Rust panic's first
/// line is only a location, so the line after it is returned, with the location in brackets. Empty
/// if the message is blank.
pub fn headline(message: &str) -> String {
    let mut lines = message.lines().map(str::trim_end).filter(|l| !l.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let place = first.find("panicked at ").map(|at| &first[at..]).filter(|p| p.ends_with(':'));
    match (place, lines.next()) {
        (Some(place), Some(said)) => {
            line(&format!("{} ({})", said.trim(), &place[..place.len() - 1]))
        }
        _ => line(first),
    }
}

/// Returns true for C1 controls, direction overrides, and line and paragraph separators.
fn is_unsafe(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// Escapes text for a line or table cell of Markdown, so that it contains no markup, HTML, cell
/// border, link or mention.
pub fn markdown(text: &str) -> String {
    let mut out = String::new();
    for c in line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // Code hosts turn bare addresses into links.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// Returns a fenced code block of Markdown whose fence is longer than any run of backticks inside.
pub fn markdown_block(text: &str, language: &str) -> String {
    let text = block(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Returns JSON that is safe inside an HTML script element.
pub fn json_in_script(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            c if matches!(c, '<' | '>' | '&' | '\u{7f}') || is_unsafe(c) => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_visible() {
        assert_eq!(
            line("a\x1b[31m\nb\u{202e}c\u{7f}\0"),
            "a\u{241b}[31m b\u{fffd}c\u{2421}\u{2400}"
        );
        assert_eq!(block("a\tb\r\nc\x1b"), "a\tb\nc\u{241b}");
    }

    #[test]
    fn a_panic_says_its_message_and_then_its_place() {
        for (message, said) in [
            (
                "panicked at crates/model/src/loss.rs:40:9:\nindex 3 is out of bounds",
                "index 3 is out of bounds (panicked at crates/model/src/loss.rs:40:9)",
            ),
            (
                "thread 'main' (77) panicked at a.rs:1:1:\nassertion `left == right` failed\n  left: 1\n right: 2",
                "assertion `left == right` failed (panicked at a.rs:1:1)",
            ),
            ("panicked at a.rs:1:1:\n\n  late\r\n", "late (panicked at a.rs:1:1)"),
            ("panicked at a.rs:1:1:", "panicked at a.rs:1:1:"),
            ("panicked at a.rs:1:1:\n", "panicked at a.rs:1:1:"),
            ("the worker ended: exit code 3\nmore", "the worker ended: exit code 3"),
            ("it panicked at once\nand again", "it panicked at once"),
            ("\nlate\u{1b}[2J", "late\u{241b}[2J"),
            ("", ""),
        ] {
            assert_eq!(headline(message), said, "{message}");
        }
    }

    #[test]
    fn a_command_is_what_a_shell_reads_as_the_same_words() {
        let words = [
            "sweep",
            "run",
            "a b.toml",
            "--set",
            "model.hidden=[[64], [128]]",
            "",
            "it's",
            "$(x)",
            "*",
        ];
        let text = command(&words.map(str::to_owned));
        assert_eq!(
            text,
            r"sweep run 'a b.toml' --set 'model.hidden=[[64], [128]]' '' 'it'\''s' '$(x)' '*'"
        );
        let script = format!("for word in {text}; do printf '%s\\n' \"$word\"; done");
        let read = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(read.stdout).unwrap().lines().collect::<Vec<_>>(), words);
    }

    #[test]
    fn markdown_has_no_power() {
        assert_eq!(markdown("a|b`c`<b>[x](y)"), "a\\|b\\`c\\`&lt;b&gt;\\[x\\](y)");
        assert_eq!(markdown_block("a ```` b", "toml"), "`````toml\na ```` b\n`````\n");
    }

    #[test]
    fn json_cannot_leave_its_script() {
        let value = serde_json::json!({ "label": "</script><!--\u{2028}" });
        let text = json_in_script(&value);
        assert!(!text.contains('<') && !text.contains('\u{2028}'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
