//! Line breaking at blanks, to a limited width.
//!
//! The caller measures: figures by the widths of a font, terminals as their tables do. This is why
//! `textwrap` is not used: it adds up the columns of single characters.

/// Joins pieces by blanks into lines, each filled with as many pieces as fit.
///
/// `fits` returns whether a line is narrow enough. A piece that does not fit by itself gets its own
/// line and is not split.
pub fn lines<P: AsRef<str>>(
    pieces: impl IntoIterator<Item = P>,
    fits: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        let piece = piece.as_ref();
        let longer = lines.last().map(|line| format!("{line} {piece}")).filter(|line| fits(line));
        match (lines.last_mut(), longer) {
            (Some(line), Some(longer)) => *line = longer,
            _ => lines.push(piece.to_owned()),
        }
    }
    lines
}

/// Splits a text into words, but keeps everything from one backquote to the next as one piece, so
/// that commands and paths can be copied whole.
pub fn quotes_whole(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut inside = false;
    for word in text.split_whitespace() {
        match pieces.last_mut() {
            Some(piece) if inside => {
                piece.push(' ');
                piece.push_str(word);
            }
            _ => pieces.push(word.to_owned()),
        }
        inside ^= word.matches('`').count() % 2 == 1;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(text: &str, width: usize) -> Vec<String> {
        lines(text.split_whitespace(), |line| line.len() <= width)
    }

    #[test]
    fn lines_are_filled_and_long_words_stay_whole() {
        assert_eq!(within("aaa bbb ccc", 7), ["aaa bbb", "ccc"]);
        assert_eq!(within("  a \n b  ", 3), ["a b"]);
        assert_eq!(within("a bcdef g h", 3), ["a", "bcdef", "g h"]);
        assert_eq!(within("one two", 0), ["one", "two"]);
        assert_eq!(within(" ", 4), Vec::<String>::new());
    }

    #[test]
    fn quotes_are_not_broken() {
        assert_eq!(quotes_whole("run (`a  b c`) now"), ["run", "(`a b c`)", "now"]);
        assert_eq!(quotes_whole("x `a` `b c` d"), ["x", "`a`", "`b c`", "d"]);
        assert_eq!(quotes_whole("`a b` and `c d"), ["`a b`", "and", "`c d"]);
        assert_eq!(quotes_whole(""), Vec::<String>::new());
    }
}
