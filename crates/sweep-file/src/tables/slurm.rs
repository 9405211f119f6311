//! `[slurm]`: settings of cluster tasks.

use spec::slurm::{RunsPerTask, SlurmSettings, time_in_seconds};

use super::slurm_flags;
use crate::diagnostic::Diagnostic;
use crate::duration::duration;
use crate::node::{Node, NodeValue};
use crate::reader::Reader;

/// Range of `time`, in seconds.
const TIMES: std::ops::RangeInclusive<u64> = 60..=365 * 86_400;

const TIME_FORMS: &str = "\"30m\", \"2h\", \"3d\", or as Slurm writes it: \"HH:MM:SS\", \"D-HH\", \"D-HH:MM\", \"D-HH:MM:SS\"";

/// Largest memory in KiB, a pebibyte; more is treated as a typing error.
const MOST_MEMORY: u64 = 1 << 40;

/// Prefixes of lines that `sbatch` reads as flags before the first command.
const DIRECTIVES: [&str; 3] = ["#SBATCH", "#PBS", "#BSUB"];

impl Reader<'_> {
    pub(crate) fn slurm(&mut self, root: &Node) -> SlurmSettings {
        let Some(node) = self.table(root, "slurm", false) else {
            return SlurmSettings::default();
        };
        let given: SlurmSettings = self.settings(&node, &[]);
        SlurmSettings {
            partition: self.slurm_name(&node, "partition"),
            account: self.slurm_name(&node, "account"),
            time: node.get("time").and_then(|e| self.slurm_time(&e.value)),
            mem: node.get("mem").and_then(|e| self.slurm_mem(&e.value)),
            runs_per_task: self.runs_per_task(&node),
            setup: self.setup(&node),
            extra: self.extra(&node),
            ..given
        }
    }

    fn runs_per_task(&mut self, table: &Node) -> RunsPerTask {
        let otherwise = "write \"auto\", the default, or a number such as 20";
        let given = table.get("runs_per_task").and_then(|e| {
            self.number_or_auto("slurm.runs_per_task", 1_000_000, otherwise, &e.value)
        });
        given.flatten().map_or(RunsPerTask::Auto, RunsPerTask::Number)
    }

    /// Reads a name that becomes the value of a flag: not empty and without spaces.
    fn slurm_name(&mut self, table: &Node, key: &str) -> Option<String> {
        let node = &table.get(key)?.value;
        let path = format!("slurm.{key}");
        let NodeValue::Text(name) = &node.value else {
            self.wrong_type(&path, "a string", node);
            return None;
        };
        if !self.without_control(&path, name, node) {
            return None;
        }
        let problem = if name.is_empty() {
            ("is empty", "remove the key for the site's default")
        } else if name.contains(char::is_whitespace) {
            match key {
                "partition" => {
                    ("contains a space", "separate several by commas alone: \"gpu,long\"")
                }
                _ => ("contains a space", "write one word"),
            }
        } else {
            return Some(name.clone());
        };
        self.diagnostics.push(
            Diagnostic::error(format!("`{path}` {}", problem.0), &node.place).help(problem.1),
        );
        None
    }

    /// Returns whether a text has no control characters, which are never intended in a flag or in a
    /// line of a script; reports the first one.
    fn without_control(&mut self, path: &str, text: &str, node: &Node) -> bool {
        let Some(control) = text.chars().find(|c| c.is_control()) else { return true };
        let d = Diagnostic::error(format!("`{path}` contains a control character"), &node.place)
            .label(control.escape_debug().to_string());
        self.diagnostics.push(match (path, control) {
            ("slurm.setup", '\n') => d.help("write a string for each line"),
            ("slurm.setup", '\t') => d.help("write a space instead"),
            _ => d.help("remove it"),
        });
        false
    }

    fn slurm_time(&mut self, node: &Node) -> Option<u64> {
        let text = match &node.value {
            NodeValue::Text(text) => text,
            NodeValue::Int(_) | NodeValue::Float(_) | NodeValue::HugeInt(_) => {
                let help = match node.value {
                    NodeValue::Int(n @ 1..=59) => format!("write time = \"{n}m\" for minutes"),
                    NodeValue::Int(n @ 60..=525_600) => {
                        format!("write time = \"{n}m\" for minutes, time = \"{n}s\" for seconds")
                    }
                    _ => format!("write a string with its unit: {TIME_FORMS}"),
                };
                self.diagnostics.push(
                    Diagnostic::error("`slurm.time` needs a unit", &node.place)
                        .label("Slurm reads a bare number as minutes, `[train] timeout` as seconds")
                        .help(help),
                );
                return None;
            }
            other => {
                let d = Diagnostic::error("`slurm.time` has the wrong type", &node.place);
                self.diagnostics.push(match other {
                    NodeValue::Datetime(_) => d
                        .label("without quotes TOML reads it as a time of day")
                        .help("write it in quotes: time = \"00:30:00\""),
                    _ => d
                        .label(format!("expected a string, found {}", node.describe()))
                        .help(format!("write {TIME_FORMS}")),
                });
                return None;
            }
        };
        if !self.without_control("slurm.time", text, node) {
            return None;
        }
        let unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
        let seconds = match unit {
            true => duration(text).map(|seconds| seconds.ceil() as u64),
            false => time_in_seconds(text),
        };
        let problem = match seconds {
            Some(seconds) if TIMES.contains(&seconds) => return Some(seconds),
            Some(seconds) => {
                let d = Diagnostic::error("`slurm.time` is out of range", &node.place)
                    .label(format!("{seconds} seconds; must be 1 minute to 365 days"));
                match text.matches(':').count() {
                    1 if !text.contains('-') => d.help(format!(
                        "Slurm reads two numbers as minutes and seconds: \"{text}:00\" is hours and minutes"
                    )),
                    _ => d,
                }
            }
            None => {
                let unlimited =
                    ["unlimited", "infinite"].contains(&text.trim().to_lowercase().as_str());
                let help = match unlimited {
                    true => "remove the key for the partition's own limit".to_owned(),
                    false => format!("write {TIME_FORMS}"),
                };
                Diagnostic::error("`slurm.time` is not a duration", &node.place)
                    .label("must be 1 minute to 365 days")
                    .help(help)
            }
        };
        self.diagnostics.push(problem);
        None
    }

    fn slurm_mem(&mut self, node: &Node) -> Option<String> {
        let help = "write \"4G\" or \"500M\"; \"0\" is all memory of a node";
        let text = match &node.value {
            NodeValue::Text(text) => text,
            NodeValue::Int(_) | NodeValue::Float(_) | NodeValue::HugeInt(_) => {
                let help = match node.value {
                    NodeValue::Int(n @ 1..) => {
                        format!("write mem = \"{n}M\" or mem = \"{n}G\"")
                    }
                    _ => help.to_owned(),
                };
                self.diagnostics.push(
                    Diagnostic::error("`slurm.mem` needs a unit", &node.place)
                        .label("Slurm reads a bare number as megabytes")
                        .help(help),
                );
                return None;
            }
            _ => {
                self.wrong_type("slurm.mem", "a string", node);
                return None;
            }
        };
        if !self.without_control("slurm.mem", text, node) {
            return None;
        }
        if let Some(mem) = memory(text) {
            return Some(mem);
        }
        // "4 GB" and "4GiB" have a clear meaning, but Slurm refuses them.
        let plain: String = text.to_uppercase().split_whitespace().collect();
        let near = memory(plain.strip_suffix('B').unwrap_or(&plain))
            .or_else(|| memory(plain.strip_suffix("IB")?));
        self.diagnostics.push(
            Diagnostic::error("`slurm.mem` is not a size that Slurm accepts", &node.place)
                .label("a whole number and one of K, M, G, T; at most 1024T")
                .help(match near {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => help.to_owned(),
                }),
        );
        None
    }

    fn setup(&mut self, table: &Node) -> Vec<String> {
        let example = "setup = [\"module load cuda\"]";
        let mut lines = Vec::new();
        for (line, node) in self.strings(table, "setup", example) {
            if DIRECTIVES.iter().any(|d| line.starts_with(d)) {
                self.diagnostics.push(
                    Diagnostic::error("`slurm.setup` contains flags of sbatch", &node.place)
                        .label("sbatch reads this line, bash does not")
                        .help("set flags by their keys, others with extra = [\"--exclude=n7\"]"),
                );
            }
            lines.push(line);
        }
        lines
    }

    fn extra(&mut self, table: &Node) -> Vec<String> {
        let mut flags = Vec::new();
        for (flag, node) in self.strings(table, "extra", "extra = [\"--exclude=n7\"]") {
            if let Err(refusal) = slurm_flags::check(&flag) {
                self.diagnostics.push(
                    Diagnostic::error(refusal.message, &node.place)
                        .label(refusal.label)
                        .help(refusal.help),
                );
            }
            flags.push(flag);
        }
        flags
    }

    /// Reads the strings of a list, without those that have control characters, which are reported.
    fn strings(&mut self, table: &Node, key: &str, example: &str) -> Vec<(String, Node)> {
        let Some(entry) = table.get(key) else { return Vec::new() };
        let path = format!("slurm.{key}");
        let NodeValue::Array(items) = &entry.value.value else {
            self.diagnostics.push(
                Diagnostic::error(
                    format!("`{path}` must be a list of strings"),
                    &entry.value.place,
                )
                .label(format!("found {}", entry.value.describe()))
                .help(format!("for example {example}")),
            );
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            match &item.value {
                NodeValue::Text(text) if self.without_control(&path, text, item) => {
                    out.push((text.clone(), item.clone()));
                }
                NodeValue::Text(_) => {}
                _ => self.wrong_type(&path, "a string", item),
            }
        }
        out
    }
}

/// Returns a memory size with its unit in capitals: a whole number and at most one of K, M, G, T;
/// without a unit it is in megabytes. `None` if Slurm would not accept it.
fn memory(text: &str) -> Option<String> {
    let (number, shift) = match text.chars().next_back()? {
        'K' | 'k' => (&text[..text.len() - 1], 0),
        'M' | 'm' => (&text[..text.len() - 1], 10),
        'G' | 'g' => (&text[..text.len() - 1], 20),
        'T' | 't' => (&text[..text.len() - 1], 30),
        _ => (text, 10),
    };
    let digits = (1..=15).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let kibibytes = u128::from(digits.then(|| number.parse::<u64>().ok()).flatten()?) << shift;
    (kibibytes <= u128::from(MOST_MEMORY)).then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_slurm() {
        for (text, mem) in
            [("4G", "4G"), ("500m", "500M"), ("0", "0"), ("2048", "2048"), ("1k", "1K")]
        {
            assert_eq!(memory(text).as_deref(), Some(mem), "{text}");
        }
        assert!(memory("1024T").is_some() && memory("1025T").is_none());
        for text in
            ["", "G", "4GB", "4.5G", "-1", "+1", " 4G", "4 G", "1e3", "4P", "9999999999999999"]
        {
            assert_eq!(memory(text), None, "{text}");
        }
    }
}
