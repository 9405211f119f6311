//! Rules for text files: lengths, forbidden words and paths.

/// Longest Rust file, in lines.
const MAX_LINES: usize = 400;
/// Longest Rust file of [`LONG`], in lines.
const MAX_LONG: usize = 600;
/// Longest function, in lines from its name to its closing brace.
const MAX_FUNCTION: usize = 80;
/// Number of lines at the top of a file that must contain the reason for `unsafe`.
const TOP: usize = 30;

/// Rust files that may have more than [`MAX_LINES`] lines, with the reason. All are covered by
/// the code hash of training, which a split would change.
const LONG: [(&str, &str); 4] = [
    (
        "crates/data/src/own/csv/dialect.rs",
        "one search for separator, header and columns; the code hash covers it",
    ),
    (
        "crates/data/src/own/piece.rs",
        "one reader of a file of each format; the code hash covers it",
    ),
    (
        "crates/data/src/own/understand.rs",
        "one pass that joins files and expands categories; the code hash covers it",
    ),
    ("crates/spec/src/optimizer.rs", "one list of all optimizers' parameters"),
];

/// Folders that may use libtorch's interface.
const LIBTORCH_FOLDERS: [&str; 2] = ["crates/train/src/libtorch/", "crates/train/src/on_device/"];
/// A program outside of them that may, since it measures libtorch itself and trains nothing.
const LIBTORCH_FLOOR: &str = "crates/train/examples/matrix_products.rs";
/// Folder of these checks, which contains the words that they look for.
pub(super) const OWN_FOLDER: &str = "xtask/src/tidy/";

/// Words that are forbidden in Rust code, each with the remedy.
const WORDS: [(&str, &str); 4] = [
    ("todo!", "finish it"),
    ("unimplemented!", "finish it, or return an error"),
    ("dbg!", "remove it"),
    ("#[ignore", "run the test or remove it"),
];

/// Names of libtorch's interface.
const LIBTORCH: [&str; 5] =
    ["tch::", "burn_tch", "torch_sys", "Device::libtorch", "libtorch_cuda("];

/// Prefixes of paths on one machine.
const MACHINE_PATHS: [&str; 3] = ["/home/", "/root/", "/Users/"];

/// Addresses of package registries, and options that select a mirror.
const REGISTRIES: [&str; 7] = [
    "pypi.org",
    "pythonhosted.org",
    "index.crates.io",
    "static.crates.io",
    "registry.npmjs.org",
    "--index-url",
    "extra-index-url",
];

/// Returns every violation in one file.
pub(crate) fn check(file: &str, content: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if file.starts_with(OWN_FOLDER) {
        return length(file, content).into_iter().collect();
    }
    let rust = file.ends_with(".rs");
    if rust {
        findings.extend(length(file, content));
        findings.extend(unsafe_code(file, content));
        // A test may be a long table of cases.
        if !file.contains("/tests/") {
            findings.extend(long_functions(file, content));
        }
    }
    for (index, line) in content.lines().enumerate() {
        let mut find = |what: String| findings.push(format!("{file}:{}: {what}", index + 1));
        if rust {
            for (word, remedy) in WORDS {
                if has_word(line, word) {
                    find(format!("`{word}`: {remedy}"));
                }
            }
            if !LIBTORCH_FOLDERS.iter().any(|folder| file.starts_with(folder))
                && file != LIBTORCH_FLOOR
                && let Some(name) = LIBTORCH.iter().find(|name| has_word(line, name))
            {
                let folders = LIBTORCH_FOLDERS.join(" and ");
                find(format!("`{name}`: only {folders} may use libtorch's interface"));
            }
        }
        if let Some(path) = MACHINE_PATHS.iter().find(|path| has_path(line, path)) {
            find(format!("`{path}`: a path that exists on one machine only"));
        }
        // Cargo.lock contains registry addresses.
        if file != "Cargo.lock"
            && let Some(address) = REGISTRIES.iter().find(|address| line.contains(*address))
        {
            find(format!("`{address}`: registries belong in the user's configuration"));
        }
    }
    findings
}

fn length(file: &str, content: &str) -> Option<String> {
    let lines = content.lines().count();
    let long = LONG.iter().any(|(name, _)| *name == file);
    let most = if long { MAX_LONG } else { MAX_LINES };
    if long && lines <= MAX_LINES {
        return Some(format!(
            "{file}:{lines}: {lines} lines; remove it from `LONG` in {OWN_FOLDER}text.rs"
        ));
    }
    (file.ends_with(".rs") && lines > most).then(|| {
        format!("{file}:{lines}: {lines} lines; split the file, at most {most} are allowed")
    })
}

/// Returns a finding for each entry of [`LONG`] that does not exist in the repository.
pub(super) fn gone(files: &[String]) -> Vec<String> {
    let missing = LONG.iter().filter(|(name, _)| files.iter().all(|file| file != name));
    missing
        .map(|(name, _)| {
            format!("{OWN_FOLDER}text.rs:1: `LONG` lists {name}, which does not exist")
        })
        .collect()
}

/// Returns a finding for each function with more than [`MAX_FUNCTION`] lines. It relies on
/// rustfmt, which indents the closing brace of a function like its first line.
fn long_functions(file: &str, content: &str) -> Vec<String> {
    let lines: Vec<&str> = content.lines().collect();
    let mut findings = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|_| file.ends_with(".rs")) {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = lines[at..].iter().position(|l| {
            // A declaration ends with its signature, a one-line function with its line.
            l.strip_prefix(indent).is_some_and(|l| l == "}")
                || (l.starts_with(indent)
                    && !l[indent.len()..].starts_with(' ')
                    && l.ends_with(';'))
                || (l == line && l.ends_with('}'))
        });
        let length = end.map_or(0, |end| end + 1);
        if length > MAX_FUNCTION {
            findings.push(format!(
                "{file}:{}: `{name}` has {length} lines; split it, at most {MAX_FUNCTION} are allowed",
                at + 1
            ));
        }
    }
    findings
}

/// Returns the name of the function that begins in a line.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    for word in ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// Returns a finding for `unsafe` code unless the file's first doc comment gives the reason.
fn unsafe_code(file: &str, content: &str) -> Option<String> {
    let code = |line: &str| line.split("//").next().is_some_and(has_unsafe);
    let (index, _) = content.lines().enumerate().find(|(_, line)| code(line))?;
    let explained =
        content.lines().take(TOP).any(|line| line.starts_with("//!") && line.contains("unsafe"));
    (!explained).then(|| {
        format!("{file}:{}: `unsafe` without a reason in the file's first doc comment", index + 1)
    })
}

fn has_unsafe(code: &str) -> bool {
    ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait", "unsafe("]
        .iter()
        .any(|form| has_word(code, form))
}

/// Returns whether `line` contains `word`, not as the end of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Returns whether `line` contains an absolute path that begins with `path`; `docs/home/x` does
/// not count.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(file: &str, content: &str) -> String {
        let findings = check(file, content);
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings[0].clone()
    }

    #[test]
    fn a_finding_names_file_and_line() {
        assert_eq!(
            one("crates/a/src/lib.rs", "fn f() {\n    todo!()\n}\n"),
            "crates/a/src/lib.rs:2: `todo!`: finish it"
        );
        assert_eq!(
            one("crates/a/src/lib.rs", "#[ignore = \"slow\"]"),
            "crates/a/src/lib.rs:1: `#[ignore`: run the test or remove it"
        );
    }

    #[test]
    fn libtorch_is_named_in_its_folder_alone() {
        assert!(
            one("crates/train/src/run.rs", "tch::set_num_threads(1);")
                .contains("only crates/train/src/libtorch/ and crates/train/src/on_device/ may")
        );
        assert!(
            one("crates/model/src/lib.rs", "let d = Device::libtorch();")
                .contains("`Device::libtorch`")
        );
        assert!(check("crates/train/src/libtorch/mod.rs", "tch::set_num_threads(1);").is_empty());
        assert!(check(LIBTORCH_FLOOR, "tch::set_num_threads(1);").is_empty());
        assert_eq!(
            check("crates/train/examples/burn_train_loop.rs", "tch::no_grad(f);").len(),
            1,
            "another example"
        );
        assert!(check("crates/train/src/run.rs", "batch::next(); // fetch::all").is_empty());
    }

    #[test]
    fn long_files_are_to_be_split() {
        assert!(check("crates/a/src/lib.rs", &"//\n".repeat(400)).is_empty());
        assert!(one("crates/a/src/lib.rs", &"//\n".repeat(401)).contains("401 lines"));
        assert!(check("README.md", &"x\n".repeat(401)).is_empty());
    }

    #[test]
    fn named_exceptions_are_long_and_there_and_have_a_reason() {
        for (file, reason) in LONG {
            assert!(!reason.is_empty());
            assert!(one(file, &"//\n".repeat(400)).contains("remove it from `LONG`"));
            assert!(check(file, &"//\n".repeat(401)).is_empty());
            assert!(check(file, &"//\n".repeat(600)).is_empty());
            assert!(one(file, &"//\n".repeat(601)).contains("at most 600 are allowed"));
        }
        let mut files = LONG.map(|(file, _)| file.to_owned()).to_vec();
        assert_eq!(gone(&files), Vec::<String>::new());
        let last = files.pop().unwrap();
        let found = gone(&files);
        assert!(found.len() == 1 && found[0].contains(&last), "{found:?}");
    }

    #[test]
    fn long_functions_are_to_be_split() {
        let function = |lines: usize| {
            format!(
                "impl A {{\n    pub(crate) fn f() {{\n{}    }}\n}}\n",
                "        x();\n".repeat(lines)
            )
        };
        assert!(check("crates/a/src/lib.rs", &function(78)).is_empty());
        assert_eq!(
            one("crates/a/src/lib.rs", &function(79)),
            "crates/a/src/lib.rs:2: `f` has 81 lines; split it, at most 80 are allowed"
        );
        let declared =
            format!("trait A {{\n    fn f(\n        &self,\n    );\n{}}}\n", "// \n".repeat(90));
        assert!(check("crates/a/src/lib.rs", &declared).is_empty());
        let short = format!("fn f() {{}}\n{}}}\n", "// \n".repeat(90));
        assert!(check("crates/a/src/lib.rs", &short).is_empty());
    }

    #[test]
    fn unsafe_needs_its_reason_at_the_top() {
        assert!(
            one("crates/a/src/lib.rs", "//! Pipes.\nlet x = unsafe { f() };")
                .starts_with("crates/a/src/lib.rs:2: `unsafe`")
        );
        assert!(
            check(
                "crates/a/src/lib.rs",
                "//! Pipes. unsafe: the descriptor is ours.\nlet x = unsafe { f() };"
            )
            .is_empty()
        );
        assert!(
            check("crates/a/src/lib.rs", "// an unsafe { in a comment\n#![deny(unsafe_code)]")
                .is_empty()
        );
    }

    #[test]
    fn paths_of_a_machine_and_registries_are_found_in_every_text() {
        assert!(one("README.md", "see /home/ann/x").contains("`/home/`"));
        assert!(check("README.md", "see docs/home/x and https://a.org/Users/x").is_empty());
        assert!(one("xtask/python/a.py", "url = 'https://pypi.org/simple'").contains("`pypi.org`"));
        assert!(check("Cargo.lock", "https://index.crates.io").is_empty());
    }
}
