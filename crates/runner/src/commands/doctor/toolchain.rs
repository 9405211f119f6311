//! Checks of the build tools: cargo, rustc, a C++ compiler, pip; and of git, which results
//! take their commit from.

use std::path::Path;
use std::process::Command;

use super::ask::{PATIENCE, Reply, ask};
use super::finding::{Finding, Level};
use super::libtorch::Libtorch;
use super::worker::Worker;
use super::{Need, unless};

/// Minimum Rust version if no `Cargo.toml` gives one.
const RUST: &str = env!("CARGO_PKG_RUST_VERSION");

/// File that only a bundle (`cargo xtask bundle`) has, in which nothing is compiled.
const BUNDLE: &str = "bin/sweep.gz";

/// Runs all checks; in a bundle only that of Python's torch.
pub(super) fn check(root: &Path, worker: &Worker, need: Need, python: bool) -> Vec<Finding> {
    if root.join(BUNDLE).is_file() {
        let libtorch = Libtorch::find(root, python);
        let from_python = matches!(libtorch, Libtorch::Python(_));
        return from_python.then(|| libtorch.finding(need)).into_iter().collect();
    }
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let least = rust_version(&manifest).unwrap_or_else(|| RUST.to_owned());
    // In the root, where a rust-toolchain.toml may choose another one.
    let here = if root.is_dir() { root } else { Path::new(".") };
    let version =
        |program: &str| ask(Command::new(program).arg("--version").current_dir(here), PATIENCE);
    let mut out: Vec<Finding> = ["cargo", "rustc"]
        .into_iter()
        .map(|program| rust(program, &version(program), &least, need))
        .collect();
    out.push(compiler_now(need));
    let libtorch = Libtorch::find(root, python);
    let has_libtorch = libtorch.is_there() || worker.probe().is_some_and(|p| p.libtorch.is_some());
    out.push(pip(&pip_now(), need, has_libtorch));
    out.push(git(&version("git")));
    out.push(libtorch.finding(need));
    out
}

/// Returns `rust-version` of a manifest.
fn rust_version(manifest: &str) -> Option<String> {
    manifest.lines().find_map(|line| {
        let value = line.trim().strip_prefix("rust-version")?.trim_start().strip_prefix('=')?;
        Some(value.trim().strip_prefix('"')?.split_once('"')?.0.to_owned())
    })
}

/// Parses the first version in a line: `rustc 1.95.0 (59807616e 2026-04-14)`.
fn version(line: &str) -> Option<[u64; 3]> {
    line.split_whitespace().find_map(|word| {
        let mut parts = word.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        // `0-nightly`, `0-beta.3`
        let patch = parts.next().unwrap_or("0");
        let patch: String = patch.chars().take_while(char::is_ascii_digit).collect();
        Some([major, minor, patch.parse().unwrap_or(0)])
    })
}

/// Checks `cargo` or `rustc` by the output of `--version`.
fn rust(program: &'static str, answer: &Reply, least: &str, need: Need) -> Finding {
    let level = unless(need.worker);
    let remedy = format!("install Rust {least} or newer: https://rustup.rs, or `rustup update`");
    let Some(line) = answer.first_line() else {
        let why = answer.problem().unwrap_or_else(|| "printed no version".to_owned());
        return Finding::bad(level, program, why, remedy);
    };
    match (version(line), version(least)) {
        (Some(found), Some(wanted)) if found < wanted => {
            let [major, minor, patch] = found;
            let text = format!("{major}.{minor}.{patch} is older than {least}");
            Finding::bad(level, program, text, remedy)
        }
        (Some([major, minor, patch]), _) => {
            Finding::ok(program, format!("{major}.{minor}.{patch}, at least {least} is needed"))
        }
        (None, _) => Finding::bad(Level::Warn, program, format!("no version in `{line}`"), remedy),
    }
}

fn compiler_now(need: Need) -> Finding {
    let ask_for = |words: &str| {
        let mut words = words.split_whitespace();
        let program = words.next().unwrap_or("c++");
        ask(Command::new(program).args(words).arg("--version"), PATIENCE)
    };
    let own = std::env::var("CXX").ok().filter(|v| !v.trim().is_empty());
    let name = own.as_deref().unwrap_or("c++");
    let answer = ask_for(name);
    let second =
        if own.is_none() && answer.first_line().is_none() { Some(ask_for("g++")) } else { None };
    compiler(name, &answer, second.as_ref(), need)
}

/// Checks the compiler `name` that a build calls: `c++`, unless CXX is set; `second` is `g++`.
fn compiler(name: &str, answer: &Reply, second: Option<&Reply>, need: Need) -> Finding {
    let level = unless(need.libtorch);
    if let Some(line) = answer.first_line() {
        return Finding::ok("c++", line);
    }
    let why = answer.problem().unwrap_or_else(|| "printed no version".to_owned());
    match second.and_then(Reply::first_line) {
        Some(line) => Finding::bad(
            level,
            "c++",
            format!("{line}, but a build calls {name}: {why}"),
            "`export CXX=g++`",
        ),
        None => Finding::bad(
            level,
            "c++",
            format!("{name}: {why}; it compiles the bindings of libtorch"),
            if name == "c++" {
                "install one (`apt install g++`), or train without libtorch: `--device flex`"
            } else {
                "set CXX to a C++ compiler, or unset it"
            },
        ),
    }
}

/// Finds the first pip that works, in the order of xtask.
fn pip_now() -> Reply {
    let mut first = None;
    for words in [["python3", "-m", "pip"].as_slice(), &["python", "-m", "pip"], &["pip3"]] {
        let answer = ask(Command::new(words[0]).args(&words[1..]).arg("--version"), PATIENCE);
        if answer.first_line().is_some() {
            return answer;
        }
        first.get_or_insert(answer);
    }
    first.unwrap_or(Reply::Late)
}

/// Checks pip, which only downloads libtorch.
fn pip(answer: &Reply, need: Need, has_libtorch: bool) -> Finding {
    if let Some(line) = answer.first_line() {
        // `pip 25.0 from /usr/lib/python3/... (python 3.12)`
        let python = line.rsplit_once('(').map(|(_, p)| p.trim_end_matches(')'));
        let pip = line.split(" from ").next().unwrap_or(line);
        return Finding::ok("python", format!("{pip}, {}", python.unwrap_or("python")));
    }
    let why = answer.problem().unwrap_or_else(|| "printed no version".to_owned());
    let wanted = need.libtorch && !has_libtorch;
    let rest = if has_libtorch {
        "not needed, since libtorch is installed"
    } else {
        "needed to download libtorch"
    };
    let text = format!("python3 -m pip: {why}; {rest}");
    let remedy = "install it (`apt install python3-pip`), set LIBTORCH to an existing libtorch, \
                  or train without libtorch: `--device flex`";
    Finding::bad(unless(wanted), "python", text, remedy)
}

fn git(answer: &Reply) -> Finding {
    match (answer.first_line(), answer.problem()) {
        (Some(line), _) => Finding::ok("git", line.trim_start_matches("git version ")),
        (None, why) => Finding::bad(
            Level::Warn,
            "git",
            format!(
                "{}: results will not record a commit",
                why.unwrap_or_else(|| "printed no version".to_owned())
            ),
            "install it (`apt install git`)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need { worker: true, libtorch: true, flex_only: false };
    const NOTHING: Need = Need { worker: false, libtorch: false, flex_only: false };

    fn said(text: &str) -> Reply {
        Reply::WorkerOutput(text.to_owned())
    }

    fn missing() -> Reply {
        Reply::NotStarted(std::io::ErrorKind::NotFound.into())
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some([1, 95, 0]));
        assert_eq!(version("cargo 1.97.0-nightly (abc 2026-01-01)"), Some([1, 97, 0]));
        assert_eq!(version("1.95"), Some([1, 95, 0]));
        assert_eq!(version("none at all."), None);
        let manifest = "[workspace.package]\nedition = \"2024\"\nrust-version = \"1.95\"\n";
        assert_eq!(rust_version(manifest).as_deref(), Some("1.95"));
        assert_eq!(rust_version("rust-version.workspace = true"), None);
        assert_eq!(rust_version(include_str!("../../../../../Cargo.toml")).as_deref(), Some(RUST));
    }

    #[test]
    fn an_old_or_missing_rust_is_bad_where_something_is_built() {
        let level = |answer: &Reply, need| rust("rustc", answer, "1.95", need).level;
        assert_eq!(level(&said("rustc 1.95.0 (x)"), NEED), Level::Ok);
        assert_eq!(level(&said("rustc 2.0.0 (x)"), NEED), Level::Ok);
        assert_eq!(level(&said("rustc 1.94.1 (x)"), NEED), Level::Fail);
        assert_eq!(level(&said("rustc 1.94.1 (x)"), NOTHING), Level::Warn);
        assert_eq!(level(&missing(), NEED), Level::Fail);
        assert_eq!(level(&said("gibberish"), NEED), Level::Warn);
        let old = rust("rustc", &said("rustc 1.94.1 (x)"), "1.95", NEED);
        assert_eq!(old.text, "1.94.1 is older than 1.95");
        assert!(old.remedy.unwrap().contains("rustup update"));
    }

    #[test]
    fn a_compiler_under_another_name_is_told() {
        let good = compiler("c++", &said("c++ (Debian) 14.2\nmore"), None, NEED);
        assert_eq!((good.level, good.text.as_str()), (Level::Ok, "c++ (Debian) 14.2"));
        let other = compiler("c++", &missing(), Some(&said("g++ 14.2")), NEED);
        assert_eq!(other.remedy.as_deref(), Some("`export CXX=g++`"));
        let none = compiler("c++", &missing(), Some(&missing()), NEED);
        assert_eq!(none.level, Level::Fail);
        assert!(none.remedy.unwrap().contains("apt install g++"));
        assert_eq!(compiler("c++", &missing(), Some(&missing()), NOTHING).level, Level::Warn);
        let own = compiler("/x/clang++", &missing(), None, NEED);
        assert!(own.remedy.unwrap().contains("CXX"));
    }

    #[test]
    fn pip_is_needed_only_to_bring_libtorch() {
        let good = pip(&said("pip 25.0 from /a/b/pip (python 3.12)"), NEED, false);
        assert_eq!((good.level, good.text.as_str()), (Level::Ok, "pip 25.0, python 3.12"));
        assert_eq!(pip(&missing(), NEED, false).level, Level::Fail);
        assert_eq!(pip(&missing(), NEED, true).level, Level::Warn);
        assert_eq!(pip(&missing(), NOTHING, false).level, Level::Warn);
        let without = pip(&Reply::Failed("No module named pip".to_owned()), NEED, false);
        assert!(without.text.contains("No module named pip"), "{without:?}");
    }

    #[test]
    fn without_git_there_is_a_warning() {
        assert_eq!(git(&said("git version 2.47.3")).text, "2.47.3");
        assert_eq!(git(&missing()).level, Level::Warn);
    }
}
