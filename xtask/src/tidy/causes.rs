//! A rule that errors show their cause once. Errors are printed with their chain of causes
//! (`{error:#}`), so an error whose own text contains the cause must not also return it as its
//! `source`: `cannot write x: no space left: no space left`.

/// Returns a finding for each error of a Rust file whose text repeats its `source`.
pub(crate) fn check(file: &str, content: &str) -> Vec<String> {
    if !file.ends_with(".rs") || file.starts_with(super::text::OWN_FOLDER) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (at, start) in content.match_indices("#[error(") {
        let Some((text, after)) = balanced(&content[at + start.len() - 1..]) else { continue };
        let Some(fields) = fields(after) else { continue };
        if let Some(cause) = cause(fields).filter(|cause| shows(text, cause)) {
            let line = content[..at].matches('\n').count() + 1;
            findings.push(format!(
                "{file}:{line}: the text contains `{cause}`, which is also the error's `source` and is \
                 printed twice; rename it to `reason`, or remove it from the text"
            ));
        }
    }
    findings
}

/// Returns the text between the first bracket of `text` and its closing partner, and the text
/// after it; brackets in literals do not count.
fn balanced(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((&text[1..at], &text[at + 1..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the fields of the variant or struct after its `#[error(...)` attribute, with their
/// opening bracket; `None` if it has no fields.
fn fields(after: &str) -> Option<&str> {
    let after = after.strip_prefix(']')?;
    let mut at = 0;
    for line in after.split_inclusive('\n') {
        let code = line.trim_start();
        if !code.starts_with("//") && !code.starts_with('#') {
            let found = line.find(['{', '(', ',', ';', '}']);
            if let Some(found) = found {
                let text = &after[at + found..];
                let (inside, _) = text.starts_with(['{', '(']).then(|| balanced(text))??;
                return Some(&text[..inside.len() + 1]);
            }
        }
        at += line.len();
    }
    None
}

/// Returns the name or index of the field that thiserror uses as the source.
fn cause(fields: &str) -> Option<String> {
    let marked = ["#[source]", "#[from]"].iter().find_map(|mark| {
        let (before, behind) = fields.split_once(mark)?;
        Some((before, behind.trim_start().trim_start_matches("pub ")))
    });
    if fields.starts_with('(') {
        return marked.map(|(before, _)| before.matches(',').count().to_string());
    }
    if let Some((_, behind)) = marked {
        return behind.split_once(':').map(|(name, _)| name.trim().to_owned());
    }
    let named = |line: &str| line.trim_start_matches([' ', '{']).starts_with("source:");
    fields.lines().any(named).then(|| "source".to_owned())
}

/// Returns whether an error's text shows the field.
fn shows(text: &str, field: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(field).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let number = field.parse::<usize>().is_ok();
        let begins = match before {
            Some('{') => true,
            Some('.') => number,
            Some(c) => !number && !c.is_alphanumeric() && c != '_',
            None => false,
        };
        begins && ends(&text[at + field.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> usize {
        check("crates/a/src/lib.rs", code).len()
    }

    #[test]
    fn a_cause_in_the_text_and_in_the_chain_is_found() {
        for twice in [
            "#[error(\"{path}: {source}; (see\", path = path.display())]\nIo {\n    /// What.\n    source: io::Error,\n}",
            "#[error(\"{0}; no mirror\")]\nNoMirror(#[source] DataError),",
            "#[error(\"cannot {1:#}\")]\nX(String, #[from] io::Error),",
            "#[error(\n    \"no: {}\", why.kind()\n)]\n#[non_exhaustive]\npub struct X { path: PathBuf, #[source] why: io::Error }",
            "#[error(\"cannot: {source}\")] Io { source: io::Error },",
        ] {
            assert_eq!(found(twice), 1, "{twice}");
        }
    }

    #[test]
    fn a_cause_that_is_said_once_is_not() {
        for once in [
            "#[error(transparent)]\nOwn(#[from] OwnError),",
            "#[error(\"{path}: {reason}\")]\nIo {\n    path: String,\n    reason: io::Error,\n}",
            "#[error(\"cannot read {path}\")]\nIo {\n    path: String,\n    source: io::Error,\n}",
            "#[error(\"{0}\")]\npub struct BadInput(pub String);",
            "#[error(\"{resource} is gone\")]\nX { resource: String, source: io::Error },",
            "#[error(\"the time was up\")]\nTimedOut,\n#[error(\"{0}\")]\nX(String),",
            "#[error(\"one of {10}\")]\nX(#[source] io::Error),",
        ] {
            assert_eq!(found(once), 0, "{once}");
        }
    }
}
