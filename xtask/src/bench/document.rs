//! The results as one Markdown document, and as tables in BENCHMARKS.md and SLURM.md.

use anyhow::{Context as _, Result, ensure};

use crate::sections;

/// The section of one part, measured or failed.
pub(super) struct Section {
    /// The part's name on the command line.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The document with its tables.
    pub(super) page: &'static str,
    /// Its tables, or the error.
    pub(super) found: Result<String, String>,
    /// Number of goals met and of all goals; `None` if it has no goals.
    pub(super) goals: Option<(usize, usize)>,
    /// A warning about other load on the machine during the measurement.
    pub(super) disturbed: Option<String>,
}

impl Section {
    fn body(&self) -> String {
        let mut text = match &self.found {
            Ok(tables) => tables.trim_end().to_owned(),
            Err(error) => format!("**Failed:** {}", error.replace('\n', "\n    ")),
        };
        if let Some((met, goals)) = self.goals {
            text += &format!("\n\n{met} of {goals} goals met.");
        }
        if let Some(disturbed) = &self.disturbed {
            text += &format!("\n\nDisturbed: {disturbed}.");
        }
        text + "\n"
    }

    /// Returns the section with its heading.
    pub(super) fn markdown(&self) -> String {
        format!("## {} (`{}`)\n\n{}", self.title, self.name, self.body())
    }
}

/// Returns the whole document; `about` has date, machine and commit.
pub(super) fn document(about: &str, sections: &[Section]) -> String {
    let parts: Vec<String> = sections.iter().map(Section::markdown).collect();
    format!("# Benchmarks\n\n{about}\n\n{}", parts.join("\n"))
}

/// Returns a document with updated tables of the sections that belong there. Failed sections
/// keep their old tables, which name the date of their measurement.
pub(super) fn page(text: &str, name: &str, about: &str, sections: &[Section]) -> Result<String> {
    let measured = || sections.iter().filter(|s| s.found.is_ok() && s.page == name);
    for section in measured() {
        let line = marker(section.name);
        ensure!(
            text.contains(&line),
            "{name} has no place for the tables; it needs the line `{}`",
            line.trim()
        );
    }
    let mut body = |command: &str| {
        let section = measured().find(|section| command == self::command(section.name));
        Ok(section.map(|section| format!("{}\n*{about}*", section.body())))
    };
    sections::replaced(text, &mut body).with_context(|| name.to_owned())
}

/// Returns the command that measures a part and writes its tables.
fn command(part: &str) -> String {
    format!("bench {part} --write-readme")
}

fn marker(part: &str) -> String {
    sections::marker(&command(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = "<!-- end -->";

    fn section(name: &'static str, found: Result<&str, &str>) -> Section {
        Section {
            name,
            title: "Title",
            page: "README.md",
            found: found.map(str::to_owned).map_err(str::to_owned),
            goals: Some((1, 2)),
            disturbed: None,
        }
    }

    #[test]
    fn what_failed_says_so_and_the_rest_is_there() {
        let disturbed =
            Section { disturbed: Some("noise".to_owned()), ..section("b", Ok("| b |\n")) };
        let text = document("Today.", &[section("a", Err("no\nluck")), disturbed]);
        assert!(text.starts_with("# Benchmarks\n\nToday.\n\n## Title (`a`)\n\n**Failed:** no\n"));
        assert!(
            text.contains("## Title (`b`)\n\n| b |\n\n1 of 2 goals met.\n\nDisturbed: noise.\n")
        );
    }

    #[test]
    fn the_readme_keeps_what_was_not_measured() {
        let place = |name| format!("{}\nold {name}\n\n{END}\n", marker(name));
        let text = format!("x\n{}y\n{}z\n{}", place("a"), place("b"), place("c"));
        let new = page(
            &text,
            "README.md",
            "Today.",
            &[section("b", Ok("new b\n")), section("c", Err("e"))],
        );
        let new = new.unwrap();
        assert!(new.contains("old a") && new.contains("old c") && !new.contains("old b"), "{new}");
        assert!(
            new.contains("\n\nnew b\n\n1 of 2 goals met.\n\n*Today.*\n\n<!-- end -->\nz\n"),
            "{new}"
        );
        let again = page(&new, "README.md", "Today.", &[section("b", Ok("new b\n"))]).unwrap();
        assert_eq!(again, new);
        let nothing = |name| page("nothing", name, "Today.", &[section("b", Ok(""))]);
        assert!(nothing("README.md").is_err());
        assert_eq!(nothing("another.md").unwrap(), "nothing", "its tables are elsewhere");
    }

    /// Each part has its place in the document that it names.
    #[test]
    fn the_documents_have_a_place_for_each_part() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for part in super::super::request::PARTS {
            let text = std::fs::read_to_string(root.join(part.page)).unwrap();
            assert!(text.contains(&marker(part.name)), "{} in {}", part.name, part.page);
        }
    }
}
