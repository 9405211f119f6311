//! Examples of documents: every command parses, every sweep file in them can be planned, and the
//! commands of the README and the tutorial run.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, Parser as _};
use runner::cli::Cli;
use support::{Sandbox, flex_worker};
use toml::{Table, Value};

/// Documents for users, from the root of the repository.
const DOCUMENTS: [&str; 13] = [
    "README.md",
    "crates/CONTRIBUTING.md",
    "crates/runner/CLI.md",
    "crates/runner/GPU.md",
    "crates/runner/SLURM.md",
    "data/README.md",
    "experiments/README.md",
    "experiments/REGISTRY.md",
    "experiments/SWEEP_FILE.md",
    "experiments/external/README.md",
    "experiments/problems/README.md",
    "reports/NIGHTLY.md",
    "reports/README.md",
];

/// The file that the reader of the tutorial writes.
const WRITTEN: &str = "experiments/penguins.toml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the contents of the fenced blocks in one of these languages.
fn blocks(text: &str, languages: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if languages.contains(&language) {
            found.push(body.join("\n") + "\n");
        }
    }
    found
}

/// Returns the commands of `cargo xtask` in fenced blocks and between backticks, without comments
/// and redirections.
fn commands(text: &str) -> Vec<String> {
    let fenced = blocks(text, &["console", "sh", "bash", ""]);
    let fenced = fenced.iter().flat_map(|block| block.lines());
    let inline = text.lines().filter(|line| !line.starts_with("```"));
    let inline = inline.flat_map(|line| line.split('`').skip(1).step_by(2));
    let all = fenced.chain(inline).map(str::trim).filter(|line| line.starts_with("cargo xtask "));
    let clean = |line: &str| {
        let line = line.split(" #").next().unwrap_or(line);
        line.split(" >").next().unwrap_or(line).trim().to_owned()
    };
    all.map(clean).collect()
}

/// Returns the arguments of a command after `cargo xtask`, without quotes.
fn arguments(command: &str) -> Vec<String> {
    let words = command.split_whitespace().skip(2);
    words.map(|word| word.trim_matches(['\'', '"']).replace("\\|", "|")).collect()
}

/// Whether a word stands for something else: `FILE`, `<name>`, `[--json]`, `NAME..`.
fn is_placeholder(word: &str) -> bool {
    let letters = word.trim_end_matches("..").trim_matches(['[', ']', '(', ')', '.']);
    let upper = |c: char| c.is_ascii_uppercase() || matches!(c, '=' | '/' | '-' | '_');
    word.contains(['<', '[', ']', '(', '|'])
        || word.ends_with("..")
        || (letters.contains(|c: char| c.is_ascii_uppercase()) && letters.chars().all(upper))
}

#[test]
fn every_command_names_verbs_and_options_that_exist() {
    let cli = Cli::command();
    // The verbs for development are those of xtask, which wrote their table into CLI.md.
    let reference = document("crates/runner/CLI.md");
    let mut checked = 0;
    for name in DOCUMENTS {
        for command in commands(&document(name)) {
            let mut words = arguments(&command);
            let Some(verb) = words.first().filter(|verb| !is_placeholder(verb)).cloned() else {
                continue;
            };
            checked += 1;
            let verb = if verb == "sweep" { "run".to_owned() } else { verb };
            let known = cli.find_subcommand(&verb).filter(|known| !known.is_hide_set());
            let Some(known) = known else {
                let row = reference.lines().find(|line| {
                    line.strip_prefix(&format!("| `cargo xtask {verb}"))
                        .is_some_and(|rest| rest.starts_with(['`', ' ']))
                });
                let row = row.unwrap_or_else(|| panic!("{name}: {command}: no such verb"));
                for option in
                    words.iter().filter(|word| word.starts_with("--") && *word != "--help")
                {
                    let has = row
                        .split(['[', ']', '(', ')', ' '])
                        .any(|word| word == option.trim_end_matches(')'));
                    assert!(has, "{name}: {command}: no {option}");
                }
                continue;
            };
            words[0] = verb;
            // A verb alone, with its own verb or not, is a name and no command.
            let own = words.len() == 2 && known.find_subcommand(&words[1]).is_some();
            let name_alone = words.len() == 1 || own;
            if name_alone || words.iter().any(|word| is_placeholder(word)) {
                let nested = words.get(1).and_then(|word| known.find_subcommand(word));
                let known = nested.unwrap_or(known);
                let long = |option: &str| {
                    option == "help"
                        || known.get_arguments().any(|arg| arg.get_long() == Some(option))
                };
                for option in words.iter().filter_map(|word| word.strip_prefix("--")) {
                    assert!(
                        long(option.split('=').next().unwrap()),
                        "{name}: {command}: --{option}"
                    );
                }
                continue;
            }
            let line = std::iter::once("sweep".to_owned()).chain(words.clone());
            if let Err(error) = Cli::try_parse_from(line) {
                assert!(error.exit_code() == 0, "{name}: {command}: {error}");
            }
            for file in words.iter().filter(|word| word.starts_with("experiments/")) {
                let exists = root().join(file).exists() || file == WRITTEN;
                assert!(exists, "{name}: {command}: there is no {file}");
            }
        }
    }
    assert!(checked > 80, "{checked} commands");
}

/// Puts the tables of a fragment over those of a sweep file.
fn merge(base: &mut Table, fragment: Table) {
    for (key, value) in fragment {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => merge(inner, value),
            (_, value) => drop(base.insert(key, value)),
        }
    }
}

/// Returns a sandbox with the experiments of the repository.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_worker(flex_worker());
    let mut folders = vec![PathBuf::from("experiments")];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(sandbox.path(&folder.display().to_string())).unwrap();
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(path),
                false => drop(fs::copy(entry.path(), sandbox.path(&path.display().to_string()))),
            }
        }
    }
    sandbox
}

#[test]
fn every_sweep_file_and_fragment_can_be_planned() {
    let sandbox = sandbox();
    // The tables of a fragment take the place of these.
    let base = [
        ("data", "[data]\ndataset = \"digits\"\nvalidation = 237\n"),
        ("model", "[model]\nkind = \"linear\"\n"),
        ("train", "[train]\nepochs = 10\n"),
        ("repeat", "[repeat]\nseeds = { count = 5 }\n"),
        ("optimizer", "[[optimizer]]\nkind = \"adam\"\nlr = [0.001, 0.1]\n"),
    ];
    let mut planned = 0;
    // Those of data/README.md are trained on by another test.
    for name in DOCUMENTS.into_iter().filter(|name| *name != "data/README.md") {
        for (i, block) in blocks(&document(name), &["toml"]).into_iter().enumerate() {
            let fragment: Table = block.parse().unwrap_or_else(|e| panic!("{name}, {i}: {e}"));
            let missing = base.iter().filter(|(key, _)| !fragment.contains_key(*key));
            let missing: String = missing.map(|(_, text)| *text).collect();
            let text = block.clone() + &missing;
            // The plan of a network of images needs images.
            let text = match text.contains("\"conv\"") {
                true => text.replace("\"digits\"", "\"mnist\""),
                false => text,
            };
            let file = format!("document-{planned}");
            sandbox.sweep_file(&file, &text);
            let said = sandbox.run(&["run", &format!("experiments/{file}.toml"), "--plan"]);
            let errors = String::from_utf8_lossy(&said.stderr).into_owned();
            assert_eq!(said.status.code(), Some(0), "{name}:\n{block}\n{errors}");
            planned += 1;
        }
    }
    assert!(planned >= 12, "{planned} blocks");
}

/// The file that the README shows is the one that it runs.
#[test]
fn the_readme_shows_the_file_that_it_runs() {
    let file = fs::read_to_string(root().join("experiments/first.toml")).unwrap();
    let shown = &blocks(&document("README.md"), &["toml"])[0];
    assert!(file.ends_with(shown.as_str()), "README.md shows another file:\n{shown}");
    let lines = shown.lines().filter(|line| !line.is_empty()).count();
    assert_eq!(lines, 12);
}

/// The tutorial's study is the file that it tells to write, piece by piece.
#[test]
fn the_tutorial_writes_the_file_of_its_study() {
    let written: Vec<String> = blocks(&document("experiments/README.md"), &["toml"]);
    let mut file = Table::new();
    for block in &written {
        merge(&mut file, block.parse().unwrap());
    }
    let study = fs::read_to_string(root().join("experiments/tutorial/penguins.toml")).unwrap();
    assert_eq!(file, study.parse::<Table>().unwrap());
}

/// Runs the commands of the README and the tutorial in their order, on the backend that needs no
/// libtorch; sweeps of minutes as a trial.
#[test]
fn the_commands_of_the_readme_and_the_tutorial_run() {
    let sandbox = sandbox();
    let written = blocks(&document("experiments/README.md"), &["toml"]);
    fs::write(sandbox.path(WRITTEN), written.join("\n")).unwrap();
    let mut ran = Vec::new();
    for name in ["README.md", "experiments/README.md"] {
        let text = document(name);
        for block in blocks(&text, &["console"]) {
            for command in commands(&format!("```console\n{block}```\n")) {
                let words = arguments(&command);
                let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
                if args[0] == "sweep" {
                    args[0] = "run";
                    args.extend(["--device", "flex"]);
                    let quick = ["first", "penguins"].iter().any(|name| args[1].contains(name));
                    if !quick && !args.contains(&"--plan") {
                        args.push("--plan");
                    }
                }
                sandbox.expect(0, &args);
                ran.push(command);
            }
        }
    }
    assert!(ran.len() > 10, "{ran:?}");
    for report in ["first", "penguins"] {
        assert!(sandbox.report(report).path().join("index.html").exists(), "{report}");
    }
}
