//! A rule that metrics are listed only in their registry.

use std::collections::BTreeMap;

use source_hash::Meaning;

/// File of the registry.
const LIST: &str = "crates/spec/src/metric/built_in.rs";
/// File that computes each metric and needs the same names.
const COMPUTED: &str = "crates/train/src/class_metrics.rs";

/// A metric that is measured on held-out data.
#[derive(Debug, PartialEq)]
struct Listed {
    constant: String,
    id: String,
    on_request: bool,
}

/// Returns the metrics of held-out data in the registry's text.
fn listed(text: &str) -> Vec<Listed> {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let mut out = Vec::new();
    for (at, window) in tokens.windows(3).enumerate() {
        let [constant, "=", id] = window else { continue };
        let Some(id) = id.strip_prefix('"').and_then(|id| id.strip_suffix('"')) else { continue };
        let entry = &tokens[at..];
        let end = entry.iter().position(|t| *t == "}").unwrap_or(entry.len());
        let measured = |what: &str| entry[..end].contains(&what);
        if measured("OnRequest") || measured("HeldOut") || measured("Everywhere") {
            let on_request = measured("OnRequest");
            out.push(Listed { constant: (*constant).to_owned(), id: id.to_owned(), on_request });
        }
    }
    out
}

/// Returns whether a text names a metric, as a constant or as an id, alone or after a split.
fn names(tokens: &[&str], metric: &Listed) -> bool {
    let literal = |token: &str| {
        let text = token.trim_matches('"');
        let alone = ["train", "validation", "test"]
            .iter()
            .find_map(|split| text.strip_prefix(split)?.strip_prefix(['.', '_']));
        // A part of a longer string has at most one quotation mark.
        let whole = token.len() > 1 && token.starts_with('"') && token.ends_with('"');
        whole && alone.unwrap_or(text) == metric.id
    };
    let constant = tokens
        .windows(4)
        .any(|t| t[0] == "Metric" && t[1..3] == [":", ":"] && t[3] == metric.constant);
    constant || tokens.iter().any(|token| literal(token))
}

/// Returns a finding for each file that contains a second list: one that names more than two
/// metrics, or several that are measured on request. It reads the meaning of files by name.
pub(crate) fn check(files: &BTreeMap<String, Meaning>) -> Vec<String> {
    let Some(list) = files.get(LIST) else { return Vec::new() };
    let metrics = listed(&list.text);
    let mut findings = Vec::new();
    for (file, meaning) in files {
        let ours = file.starts_with("crates/") && file.contains("/src/");
        if !ours || file.ends_with("/tests.rs") || [LIST, COMPUTED].contains(&file.as_str()) {
            continue;
        }
        let tokens: Vec<&str> = meaning.text.split_whitespace().collect();
        let named: Vec<&Listed> = metrics.iter().filter(|m| names(&tokens, m)).collect();
        let on_request = named.iter().filter(|m| m.on_request).count();
        if named.len() > 2 || on_request > 1 {
            let ids: Vec<&str> = named.iter().map(|m| m.id.as_str()).collect();
            findings.push(format!(
                "{file}:1: a second list of metrics ({}); use spec::metric, which {LIST} fills",
                ids.join(", ")
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"metrics! {
        LOSS = "loss", "loss", { measured: Measured::Everywhere };
        ACCURACY = "accuracy", "accuracy", { measured: Measured::HeldOut, };
        TOP5 = "top5_accuracy", "top-5 accuracy", { measured: Measured::OnRequest };
        F1 = "f1", "F1", { measured: Measured::OnRequest };
        LR = "lr", "learning rate", { measured: Measured::Training };
    }"#;

    fn found(file: &str, text: &str) -> Vec<String> {
        let meaning = |text: &str| source_hash::meaning(text).unwrap();
        check(&[(LIST.to_owned(), meaning(TABLE)), (file.to_owned(), meaning(text))].into())
    }

    #[test]
    fn a_second_list_is_found_by_ids_and_by_constants() {
        for list in [
            r#"const ALL: [&str; 3] = ["loss", "accuracy", "f1"];"#,
            r#"const ALL: [&str; 2] = ["top5_accuracy", "f1"];"#,
            r#"const COLUMNS: &[&str] = &["test_loss", "validation_accuracy", "test_f1"];"#,
            "fn f(m: Metric) -> bool { [Metric::F1, Metric::TOP5].contains(&m) }",
            r#"fn f() { (Metric::LOSS, "test.accuracy", "f1") }"#,
        ] {
            let found = found("crates/report/src/a.rs", list);
            assert!(found.len() == 1 && found[0].contains("a second list"), "{list}: {found:?}");
        }
    }

    #[test]
    fn the_metrics_of_the_lesson_are_no_list() {
        for text in [
            r#"fn f() { (Metric::LOSS, Metric::ACCURACY, "lr") }"#,
            r#"fn f() { ("loss", "accuracy", "loss and accuracy and f1") }"#,
            r#"fn f() { (Metric::LOSS, Metric::ACCURACY, "f1 is asked for") }"#,
            "#[cfg(test)]\nmod tests { const ALL: [Metric; 2] = [Metric::F1, Metric::TOP5]; }",
            "// loss, accuracy, f1\nfn f() {}",
        ] {
            assert_eq!(found("crates/report/src/a.rs", text), Vec::<String>::new(), "{text}");
        }
        let list = r#"const ALL: [&str; 2] = ["top5_accuracy", "f1"];"#;
        assert_eq!(found("crates/report/tests/a.rs", list), Vec::<String>::new());
        assert_eq!(found(COMPUTED, list), Vec::<String>::new());
    }
}
