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
    let mut inside = false;
    for (index, line) in content.lines().enumerate() {
        let Some(text) = doc_comment(line) else {
            inside = false;
            continue;
        };
        let first = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        if !inside && REFUSED.contains(&first) {
            findings.push(format!(
                "{file}:{}: a doc comment must begin with its subject, not with `{first}`",
                index + 1
            ));
        }
        inside = true;
    }
    findings
}

/// Returns the text of a line that is a doc comment.
fn doc_comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
    // Four slashes are an ordinary comment.
    (!text.starts_with('/')).then(|| text.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doc_comment_begins_with_its_subject() {
        let good = "//! Runs.\n/// Returns the runs.\n/// What follows is no first line.\nfn f() {}\n\
                    /// Whether it ran.\n//// As a ruler\n// As a reason\nlet x = 1; // Of it\n";
        assert_eq!(check("a.rs", good), Vec::<String>::new());
        let bad = "//! What runs.\n\n    /// Of a run.\n    x: u8,\n    /// As `x`.\n    y: u8,\n";
        let found = check("a.rs", bad);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[1], "a.rs:3: a doc comment must begin with its subject, not with `Of`");
    }
}
