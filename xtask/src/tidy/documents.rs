//! Documents: the length of the README, links within the repository, and references that a
//! program generates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{build, sections};

/// Longest README.md of the top level, in lines.
const MAX_README: usize = 150;
/// Documents of the repository by path, with their text.
pub(super) type Documents = BTreeMap<String, String>;

/// Returns findings on the length of the README and on links whose file or heading does not exist.
/// `files` are all files of the repository.
pub(super) fn check(documents: &Documents, files: &[String]) -> Vec<String> {
    let mut findings = Vec::new();
    if let Some(lines) = documents.get("README.md").map(|text| text.lines().count())
        && lines > MAX_README
    {
        findings.push(format!(
            "README.md:{lines}: {lines} lines; at most {MAX_README} are allowed; move a part to its own document"
        ));
    }
    let folders: BTreeSet<&Path> =
        files.iter().flat_map(|file| Path::new(file).ancestors().skip(1)).collect();
    let anchors: BTreeMap<&str, BTreeSet<String>> =
        documents.iter().map(|(file, text)| (file.as_str(), anchors(text))).collect();
    for (file, text) in documents {
        for (line, target) in links(text) {
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let Some(path) = resolved(file, path) else {
                findings.push(format!("{file}:{line}: `{target}` leaves the repository"));
                continue;
            };
            let known = files.binary_search(&path).is_ok() || folders.contains(Path::new(&path));
            if !known {
                findings.push(format!("{file}:{line}: `{target}`: there is no such file"));
            } else if !anchor.is_empty()
                && anchors.get(path.as_str()).is_some_and(|known| !known.contains(anchor))
            {
                findings.push(format!("{file}:{line}: `{target}`: {path} has no such heading"));
            }
        }
    }
    findings
}

/// Returns the documents in which a generated section is stale, each with its text as it should
/// be. `generate` returns the output of a command of `cargo xtask`.
///
/// # Errors
/// A section has no end, or its command fails.
pub(super) fn stale(
    documents: &Documents,
    generate: &mut dyn FnMut(&str) -> Result<Option<String>>,
) -> Result<Documents> {
    let mut found = Documents::new();
    for (file, text) in documents {
        let fresh = sections::replaced(text, generate).with_context(|| file.clone())?;
        if fresh != *text {
            found.insert(file.clone(), fresh);
        }
    }
    Ok(found)
}

/// Returns the generator of all references: `list` of `sweep`, which is built for it, and the help
/// of this program.
pub(super) fn generator(root: &Path) -> impl FnMut(&str) -> Result<Option<String>> {
    let mut sweep: Option<PathBuf> = None;
    move |command| {
        let args: Vec<&str> = command.split(' ').collect();
        let program = match args[0] {
            "help" => std::env::current_exe()?,
            "list" => match &sweep {
                Some(sweep) => sweep.clone(),
                None => sweep.insert(build::sweep_alone(root)?).clone(),
            },
            // Measured, and written by the benchmarks themselves.
            "bench" => return Ok(None),
            other => bail!("`{other}` of `{command}` makes no reference"),
        };
        let output = Command::new(&program).args(&args).output()?;
        ensure!(
            output.status.success(),
            "`{command}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(Some(String::from_utf8(output.stdout)?))
    }
}

/// Returns the links of a document to files and headings of the repository, each with its line
/// from 1.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        if let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event
            && !dest_url.contains("://")
            && !dest_url.starts_with("mailto:")
        {
            let line = text[..range.start].matches('\n').count() + 1;
            found.push((line, dest_url.into_string()));
        }
    }
    found
}

/// Returns the path of a link's target within the repository; `None` outside of it. An empty
/// target is the document itself.
fn resolved(file: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(file.to_owned());
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for component in Path::new(target.trim_end_matches('/')).components() {
        match component {
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// Returns the anchors of a document's headings as code hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let mut out = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap_or_default());
                let earlier = found.entry(slug.clone()).or_insert(0);
                out.insert(if *earlier == 0 { slug } else { format!("{slug}-{earlier}") });
                *earlier += 1;
            }
            _ => {}
        }
    }
    out
}

fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(texts: &[(&str, &str)]) -> Documents {
        texts.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect()
    }

    fn findings(texts: &[(&str, &str)]) -> Vec<String> {
        let mut files: Vec<String> = texts.iter().map(|(file, _)| (*file).to_owned()).collect();
        files.extend(["data/x.csv".to_owned(), "xtask/src/main.rs".to_owned()]);
        files.sort();
        check(&documents(texts), &files)
    }

    #[test]
    fn a_long_readme_is_found() {
        assert_eq!(findings(&[("README.md", &"x\n".repeat(150))]), Vec::<String>::new());
        let found = findings(&[("README.md", &"x\n".repeat(151))]);
        assert!(found.len() == 1 && found[0].starts_with("README.md:151: "), "{found:?}");
        assert_eq!(findings(&[("data/README.md", &"x\n".repeat(151))]), Vec::<String>::new());
    }

    #[test]
    fn links_lead_to_files_folders_and_headings() {
        let readme = "# A `b` c!\n\n[a](data/x.csv) [b](data) [c](#a-b-c) ![d](docs/y.md#twice-1)\n\
                      [e](https://example.org/none) `[f](none)`\n\n```\n[g](none)\n```\n";
        let other = "## Twice\n\n## Twice\n\n[up](../README.md) [down](../data/x.csv)\n";
        assert_eq!(findings(&[("README.md", readme), ("docs/y.md", other)]), Vec::<String>::new());
    }

    #[test]
    fn dead_links_are_found_with_their_line() {
        let readme = "# A\n\n[a](none.md)\n[b](#none)\n\n| t |\n|---|\n| ![c](docs/y.md#none) |\n\n[d](../up.md)\n";
        let found = findings(&[("README.md", readme), ("docs/y.md", "")]);
        assert_eq!(
            found,
            [
                "README.md:3: `none.md`: there is no such file",
                "README.md:4: `#none`: README.md has no such heading",
                "README.md:8: `docs/y.md#none`: docs/y.md has no such heading",
                "README.md:10: `../up.md` leaves the repository",
            ]
        );
    }

    #[test]
    fn documents_with_a_stale_section_are_found() {
        let text = |body: &str| format!("{}{body}<!-- end -->\n", sections::marker("list x"));
        let fresh = text("\nnew\n\n");
        let all = documents(&[("a.md", &text("old")), ("b.md", &fresh)]);
        let found = stale(&all, &mut |_| Ok(Some("new".to_owned()))).unwrap();
        assert_eq!(found, documents(&[("a.md", &fresh)]));
    }
}
