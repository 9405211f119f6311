//! One finding of `doctor`, and its lines on the terminal.

use console::{Style, measure_text_width};
use text_format::{plural, wrap};

use crate::text;

/// Maximum columns of a line.
const WIDTH: usize = 78;
/// Columns reserved for the topic.
const TOPIC: usize = 8;
/// Columns before the finding: mark, blank, topic, two blanks.
const INDENT: usize = 4 + 1 + TOPIC + 2;

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// No problem.
    Ok,
    /// A problem that does not stop a sweep.
    Warn,
    /// A problem that must be fixed.
    Fail,
}

/// Result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Severity.
    pub(super) level: Level,
    /// Subject of the check, a word of at most eight letters.
    pub(super) topic: &'static str,
    /// Description.
    pub(super) text: String,
    /// Remedy; `None` if there is no problem.
    pub(super) remedy: Option<String>,
    /// Text of several lines that is shown below unchanged.
    pub(super) detail: Option<String>,
}

impl Finding {
    /// Returns a finding without a problem.
    pub(super) fn ok(topic: &'static str, text: impl Into<String>) -> Self {
        Finding { level: Level::Ok, topic, text: text.into(), remedy: None, detail: None }
    }

    /// Returns a problem and its remedy.
    pub(super) fn bad(
        level: Level,
        topic: &'static str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Finding { remedy: Some(remedy.into()), level, ..Finding::ok(topic, text) }
    }

    /// Returns a problem from a message whose second line is the remedy; `otherwise` is the
    /// remedy if there is no second line.
    pub(super) fn of_message(
        level: Level,
        topic: &'static str,
        message: &str,
        otherwise: &str,
    ) -> Self {
        let parts = message.split_once('\n');
        let (text, remedy) = parts.unwrap_or((message, otherwise));
        Finding::bad(level, topic, text.trim_end(), remedy.trim_start())
    }

    /// Returns the lines for a terminal.
    pub(super) fn show(&self) -> String {
        let (mark, style) = match self.level {
            Level::Ok => ("ok", Style::new().green()),
            Level::Warn => ("warn", Style::new().yellow()),
            Level::Fail => ("fail", Style::new().red().bold()),
        };
        let blanks = " ".repeat(INDENT);
        let mut lines = wrapped(&text::plain(&self.text), WIDTH - INDENT).into_iter();
        let mark = style.apply_to(format!("{mark:<4}"));
        let mut out =
            format!("{mark} {:<TOPIC$}  {}\n", self.topic, lines.next().unwrap_or_default());
        for line in lines {
            out += &format!("{blanks}{line}\n");
        }
        if let Some(remedy) = &self.remedy {
            for (i, line) in wrapped(&text::plain(remedy), WIDTH - INDENT - 3).iter().enumerate() {
                let arrow = if i == 0 { "->" } else { "  " };
                out += &format!("{blanks}{arrow} {line}\n");
            }
        }
        if let Some(detail) = &self.detail {
            for line in detail.trim_end().lines() {
                out += &format!("     {line}\n");
            }
        }
        out
    }
}

/// Breaks text into lines at blanks, but not between backquotes.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    wrap::lines(wrap::quotes_whole(text), |line| measure_text_width(line) <= width)
}

/// Returns the last line: `2 problems to fix, 1 warning`.
pub(super) fn closing(findings: &[Finding]) -> String {
    let of = |level| findings.iter().filter(|f| f.level == level).count();
    let well = match of(Level::Fail) {
        0 => "no problems found".to_owned(),
        n => format!("{} to fix", plural::count(n, "problem")),
    };
    match of(Level::Warn) {
        0 => well,
        n => format!("{well}, {}", plural::count(n, "warning")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doctor_lines_are_aligned_and_at_most_78_wide() {
        let long = "one two three four five six seven eight nine ten ".repeat(4);
        let finding = Finding::bad(Level::Warn, "dataset", &long, &long);
        let shown = console::strip_ansi_codes(&finding.show()).into_owned();
        assert!(shown.starts_with("warn dataset   one two"), "{shown}");
        assert!(shown.lines().all(|l| l.chars().count() <= WIDTH), "{shown}");
        assert!(shown.lines().skip(1).all(|l| l.starts_with(&" ".repeat(INDENT))), "{shown}");
        assert_eq!(shown.matches("-> ").count(), 1);
        let words: Vec<&str> = shown.split_whitespace().filter(|w| *w == "ten").collect();
        assert_eq!(words.len(), 8, "{shown}");
    }

    #[test]
    fn doctor_lines_cannot_be_steered_and_keep_long_words() {
        let path = format!("/{}", "x".repeat(100));
        let shown = Finding::ok("worker", format!("at {path} \x1b[2J\nnext")).show();
        let shown = console::strip_ansi_codes(&shown).into_owned();
        assert!(shown.contains(&path) && shown.contains("␛[2J next"), "{shown}");
    }

    #[test]
    fn commands_are_not_broken() {
        assert_eq!(wrapped("aaa bbb ccc", 7), ["aaa bbb", "ccc"]);
        assert_eq!(wrapped("run (`a b c`) now", 8), ["run", "(`a b c`)", "now"]);
        assert_eq!(wrapped("x `a` `b c` d", 6), ["x `a`", "`b c`", "d"]);
        assert_eq!(wrapped("`a b c d e` f", 4), ["`a b c d e`", "f"]);
        assert_eq!(wrapped("", 4), Vec::<String>::new());
    }

    #[test]
    fn remedies_are_told_from_messages() {
        let of = |message: &str| {
            let finding = Finding::of_message(Level::Fail, "data", message, "look");
            (finding.text, finding.remedy.unwrap())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(of("x: gone\n  fetch it"), pair("x: gone", "fetch it"));
        assert_eq!(of("x: gone"), pair("x: gone", "look"));
    }

    #[test]
    fn the_last_line_counts() {
        let all = |levels: &[Level]| {
            let findings: Vec<Finding> =
                levels.iter().map(|l| Finding::bad(*l, "x", "y", "z")).collect();
            closing(&findings)
        };
        use Level::{Fail, Ok, Warn};
        assert_eq!(all(&[Ok, Ok]), "no problems found");
        assert_eq!(all(&[Ok, Warn]), "no problems found, 1 warning");
        assert_eq!(all(&[Fail, Warn, Fail]), "2 problems to fix, 1 warning");
        assert_eq!(all(&[Fail]), "1 problem to fix");
    }
}
