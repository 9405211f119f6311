//! First lines of doc comments. A doc comment begins with its subject: with a verb in the third
//! person whose subject is the item, or with a noun phrase.

/// Words that no doc comment begins with. Each is a preposition or conjunction without a subject,
/// or begins a question ("What ...").
const REFUSED: [&str; 40] = [
    "Above", "Against", "Around", "As", "At", "Before", "Behind", "Below", "Beside", "Between",
    "Beyond", "By", "During", "For", "From", "How", "In", "Into", "Like", "Of", "On", "Over",
    "Per", "Since", "Than", "Through", "To", "Under", "Until", "Up", "What", "When", "Where",
    "Which", "While", "Who", "Whose", "Why", "With", "Without",
];

/// Returns a finding for each doc comment of a Rust file that begins with one of [`REFUSED`].
pub(super) fn check(file: &str, content: &str) -> Vec<String> {
    let mut findings = Vec::new();
    // The form of the doc comment that the line before belongs to.
    let mut before = None;
    for (index, line) in content.lines().enumerate() {
        let Some((form, text)) = doc_comment(line) else {
            before = None;
            continue;
        };
        let first = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        if before != Some(form) && REFUSED.contains(&first) {
            findings.push(format!(
                "{file}:{}: a doc comment must begin with its subject, not with `{first}`",
                index + 1
            ));
        }
        before = Some(form);
    }
    findings
}

/// Returns the form (`///` or `//!`) and the text of a line that is a doc comment.
fn doc_comment(line: &str) -> Option<(&str, &str)> {
    let (form, text) = line.trim_start().split_at_checked(3)?;
    // Four slashes are an ordinary comment.
    let is_one = matches!(form, "///" | "//!") && !text.starts_with('/');
    is_one.then(|| (form, text.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doc_comment_begins_with_its_subject() {
        let good = "//! Runs.\n/// Returns the runs.\n/// What follows is no first line.\nfn f() {}\n\
                    /// Whether it ran.\n//// As a ruler\n// As a reason\nlet x = 1; // Of it\n";
        assert_eq!(check("a.rs", good), Vec::<String>::new());
        let bad = "//! What runs.\n    /// Of a run.\n    x: u8,\n    /// As `x`.\n    y: u8,\n";
        let found = check("a.rs", bad);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[1], "a.rs:2: a doc comment must begin with its subject, not with `Of`");
    }
}
