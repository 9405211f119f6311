//! Characters that the embedded font lacks, such as Chinese, Arabic and emoji. A browser finds a
//! font for them; bitmaps use one from the machine's font folders. Without a font they are drawn as
//! boxes, which [`warning`] reports.
//!
//! Layout does not depend on the fonts that are found: the width of such characters follows from
//! their kind ([`width`]), so that an SVG is the same on every machine.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use ab_glyph::{Font as _, FontRef};

use crate::style::{REGULAR, SEMI_BOLD};

/// Largest depth of folders below a font folder, and largest number of font files.
const DEPTH: usize = 6;
const FILES: usize = 5_000;
/// Size in bytes above which a font file is skipped, because reading it takes too long.
const LARGEST: u64 = 128 << 20;

/// The embedded fonts: the regular and the semi-bold cut.
static EMBEDDED: LazyLock<Option<[FontRef<'static>; 2]>> = LazyLock::new(|| {
    let read = |bytes| FontRef::try_from_slice(bytes).ok();
    Some([read(REGULAR)?, read(SEMI_BOLD)?])
});

static FOUND: LazyLock<Mutex<Found>> = LazyLock::new(Mutex::default);

/// Fonts found on this machine so far.
#[derive(Default)]
struct Found {
    fonts: Vec<FontRef<'static>>,
    /// Index of the font of each character that was looked for; `None` if no font has it.
    of: HashMap<char, Option<usize>>,
}

/// Returns whether the embedded font has a character.
pub fn is_embedded(c: char) -> bool {
    EMBEDDED.as_ref().is_some_and(|[regular, _]| regular.glyph_id(c).0 != 0)
}

/// Returns the width, in em, of a character that the embedded font lacks.
pub fn width(c: char) -> f64 {
    match c {
        c if is_invisible(c) => 0.0,
        c if is_wide(c) => 1.0,
        _ => 0.62,
    }
}

/// Cuts a text where the font changes and returns each piece with its font, in drawing order: runs
/// of right-to-left letters are reversed. Empty if the embedded fonts are broken.
pub(crate) fn pieces(text: &str, bold: bool) -> Vec<(FontRef<'static>, String)> {
    let Some(embedded) = EMBEDDED.as_ref().map(|cuts| &cuts[usize::from(bold)]) else {
        return Vec::new();
    };
    if text.chars().all(is_embedded) {
        return vec![(embedded.clone(), text.to_owned())];
    }
    let strange: BTreeSet<char> = text.chars().filter(|c| is_strange(*c)).collect();
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found.look_for(&strange, &folders());
    let mut out: Vec<(Option<usize>, String)> = Vec::new();
    for c in visual(text) {
        if is_invisible(c) && !is_embedded(c) {
            continue;
        }
        let font = found.of.get(&c).copied().flatten();
        match out.last_mut() {
            Some((held, text)) if *held == font => text.push(c),
            _ => out.push((font, c.to_string())),
        }
    }
    let font = |i: Option<usize>| i.and_then(|i| found.fonts.get(i)).unwrap_or(embedded).clone();
    out.into_iter().map(|(i, text)| (font(i), text)).collect()
}

/// Returns a warning about the bitmaps of figures with these texts: which characters are drawn as
/// boxes because no font here has them, and which scripts are drawn letter by letter. `None` if
/// there is nothing to warn about.
pub fn warning<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let strange: BTreeSet<char> = texts
        .into_iter()
        .flat_map(str::chars)
        .filter(|c| is_strange(*c) && !stands_in(*c))
        .collect();
    if strange.is_empty() {
        return None;
    }
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found.look_for(&strange, &folders());
    said(&strange, |c| found.of.get(&c).copied().flatten().is_some())
}

/// Returns whether a character replaces one that cannot be shown (`escape.rs`): a box in its place
/// means the same.
fn stands_in(c: char) -> bool {
    matches!(c, '\u{fffd}' | '\u{2400}'..='\u{243f}')
}

fn said(strange: &BTreeSet<char>, has: impl Fn(char) -> bool) -> Option<String> {
    const SHOWN: usize = 8;
    let missing: Vec<char> = strange.iter().copied().filter(|c| !has(*c)).collect();
    let joined = strange.iter().any(|c| joins(*c) && has(*c));
    let mut parts = Vec::new();
    if !missing.is_empty() {
        let shown: String = missing.iter().take(SHOWN).collect();
        let more = missing.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!(
            "no font on this machine has {shown}{more}: the PNG figures show boxes in their place; install \
             a font that has them (fonts-noto, say) and redraw"
        ));
    }
    if joined {
        parts.push(
            "letters that join, as in Arabic or Hindi, are drawn one by one in the PNG figures"
                .to_owned(),
        );
    }
    (!parts.is_empty())
        .then(|| format!("{}; the SVG figures and the page are correct", parts.join("; ")))
}

/// Returns whether a character needs another font than the embedded one.
fn is_strange(c: char) -> bool {
    !is_embedded(c) && !is_invisible(c) && !c.is_control() && !c.is_whitespace()
}

/// Returns whether nothing is drawn for a character: joiners, selectors of variants and skin tones,
/// direction marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns whether a character is as wide as an em: Chinese, Japanese, Korean, emoji.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Returns whether a character is a letter of a right-to-left script.
fn is_from_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
        && !c.is_numeric()
}

/// Returns whether the form of a letter depends on its neighbours: Arabic and related scripts, the
/// scripts of India.
fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{18af}')
        && c.is_alphabetic()
}

/// Returns the characters in their order from left to right: each run of right-to-left letters is
/// reversed, with the blanks and signs inside it.
fn visual(text: &str) -> Vec<char> {
    let mut out: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < out.len() {
        if !is_from_right(out[at]) {
            at += 1;
            continue;
        }
        let (mut end, mut last) = (at, at);
        while end < out.len() && (is_from_right(out[end]) || !out[end].is_alphanumeric()) {
            if is_from_right(out[end]) {
                last = end;
            }
            end += 1;
        }
        out[at..=last].reverse();
        at = last + 1;
    }
    out
}

impl Found {
    /// Searches the font folders for characters that were not looked for before.
    fn look_for(&mut self, strange: &BTreeSet<char>, folders: &[PathBuf]) {
        let mut left: BTreeSet<char> =
            strange.iter().copied().filter(|c| !self.of.contains_key(c)).collect();
        for (i, held) in self.fonts.iter().enumerate() {
            let drawn: Vec<char> = left.iter().copied().filter(|c| draws(held, *c)).collect();
            for c in drawn {
                left.remove(&c);
                self.of.insert(c, Some(i));
            }
        }
        if left.is_empty() {
            return;
        }
        for path in files(folders) {
            if left.is_empty() {
                break;
            }
            let Ok(bytes) = fs::read(&path) else { continue };
            let Ok(font) = FontRef::try_from_slice(&bytes) else { continue };
            let drawn: Vec<char> = left.iter().copied().filter(|c| draws(&font, *c)).collect();
            if drawn.is_empty() {
                continue;
            }
            // A font is kept as long as the process lives.
            let bytes: &'static [u8] = Box::leak(bytes.into_boxed_slice());
            let Ok(font) = FontRef::try_from_slice(bytes) else { continue };
            for c in drawn {
                left.remove(&c);
                self.of.insert(c, Some(self.fonts.len()));
            }
            self.fonts.push(font);
        }
        self.of.extend(left.into_iter().map(|c| (c, None)));
    }
}

/// Returns whether a font has an outline for a character: colour bitmap fonts have none.
fn draws(font: &FontRef<'_>, c: char) -> bool {
    let glyph = font.glyph_id(c);
    glyph.0 != 0 && (c.is_whitespace() || font.outline(glyph).is_some())
}

/// Returns the font folders of Linux and macOS.
fn folders() -> Vec<PathBuf> {
    let of =
        |variable: &str| std::env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = of("HOME");
    let own = home.iter().flat_map(|home| {
        [".fonts", ".local/share/fonts", "Library/Fonts"].map(|folder| home.join(folder))
    });
    let shared =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"];
    let data = of("XDG_DATA_HOME").map(|data| data.join("fonts"));
    own.chain(data).chain(shared.map(PathBuf::from)).collect()
}

/// Returns font files, plain upright sans-serif ones first.
fn files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, DEPTH, &mut files);
    }
    files.sort_by_cached_key(|path| (rank(path), path.clone()));
    files.dedup();
    files
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        // Links are followed, because some systems link their fonts.
        let Ok(seen) = fs::metadata(&path) else { continue };
        let ending = path.extension().map(|e| e.to_ascii_lowercase());
        let font =
            ending.is_some_and(|e| ["ttf", "otf", "ttc", "otc"].iter().any(|known| e == *known));
        if seen.is_dir() && depth > 0 {
            collect(&path, depth - 1, files);
        } else if seen.is_file() && font && seen.len() <= LARGEST && files.len() < FILES {
            files.push(path);
        }
    }
}

/// Returns how many words in a font's file name speak against plain text; 0 is best.
fn rank(path: &Path) -> usize {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let kinds = [
        "italic",
        "oblique",
        "mono",
        "serif",
        "condensed",
        "narrow",
        "bold",
        "black",
        "light",
        "thin",
        "math",
        "medium",
    ];
    kinds.iter().filter(|kind| name.contains(*kind)).count()
        + usize::from(!name.contains("sans") && !name.contains("regular"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_embedded_font_has_is_one_piece_of_it() {
        let text = "SGD + momentum, β = 0.9, \u{2212}1 µs";
        let pieces = pieces(text, true);
        assert_eq!(pieces.iter().map(|(_, piece)| piece.as_str()).collect::<Vec<_>>(), [text]);
        assert_eq!(warning([text, "лр", "two\nlines\tand\u{2003}blanks"]), None);
    }

    #[test]
    fn fonts_are_found_by_what_they_have() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("truetype/inter");
        fs::create_dir_all(&deep).unwrap();
        fs::write(folder.path().join("a.ttf"), b"no font").unwrap();
        fs::write(folder.path().join("readme.txt"), REGULAR).unwrap();
        let wanted = BTreeSet::from(['a', '字']);
        let mut found = Found::default();
        found.look_for(&wanted, &[folder.path().to_path_buf(), "/nonexistent".into()]);
        assert_eq!((found.of[&'a'], found.of[&'字']), (None, None));
        // A font that is installed later is found by the next process.
        let mut found = Found::default();
        fs::write(deep.join("Inter.OTF"), REGULAR).unwrap();
        found.look_for(&wanted, &[folder.path().to_path_buf()]);
        assert_eq!((found.of[&'a'], found.of[&'字']), (Some(0), None));
        // Another character of a loaded font needs no folder.
        found.look_for(&BTreeSet::from(['b']), &[]);
        assert_eq!((found.of[&'b'], found.fonts.len()), (Some(0), 1));
    }

    #[test]
    fn plain_fonts_come_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ASerif-Italic.ttf", "BSans-Bold.ttf", "CSans-Regular.ttf", "AMono.ttf"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let files = files(&[folder.path().to_path_buf()]);
        let names: Vec<_> =
            files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(
            names,
            ["CSans-Regular.ttf", "BSans-Bold.ttf", "AMono.ttf", "ASerif-Italic.ttf"]
        );
    }

    #[test]
    fn what_no_font_has_is_said_with_the_remedy() {
        let strange = BTreeSet::from(['字', '😀']);
        let text = said(&strange, |c| c == '字').unwrap();
        assert!(
            text.starts_with("no font on this machine has 😀: the PNG figures show boxes"),
            "{text}"
        );
        assert!(text.contains("fonts-noto") && text.ends_with("the page are correct"), "{text}");
        assert_eq!(said(&strange, |_| true), None);
        let many: BTreeSet<char> = ('一'..='十').collect();
        let text = said(&many, |_| false).unwrap();
        assert!(text.contains(&format!(" and {} more", many.len() - 8)), "{text}");
        let text = said(&BTreeSet::from(['م']), |_| true).unwrap();
        assert!(
            text.starts_with("letters that join, as in Arabic or Hindi, are drawn one by one"),
            "{text}"
        );
        assert_eq!(said(&BTreeSet::from(['ש']), |_| true), None, "Hebrew does not join");
    }

    #[test]
    fn words_from_the_right_are_turned_round_and_numbers_are_not() {
        let turned = |text: &str| visual(text).into_iter().collect::<String>();
        assert_eq!(turned("lr אבג דה 0.1"), "lr הד גבא 0.1");
        assert_eq!(turned("abc"), "abc");
        assert_eq!(turned("א"), "א");
        assert_eq!(turned("(אב)"), "(בא)");
    }

    #[test]
    fn widths_follow_from_the_character_alone() {
        assert_eq!(
            ["字", "😀", "م", "\u{200d}"].map(|c| width(c.chars().next().unwrap())),
            [1.0, 1.0, 0.62, 0.0]
        );
    }
}
