//! The vocabulary of a text: characters in the order of code points, or bytes. Shared by built-in
//! texts and the user's own.

use spec::own_data::Vocabulary;

/// Maximum number of entries of a vocabulary of characters.
pub(crate) const MOST: usize = 20_000;

/// Place at which bytes are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotText {
    /// Line, counted from 1.
    pub(crate) line: usize,
    /// Bytes of the file before the place.
    pub(crate) offset: usize,
}

/// Returns the characters of a text, or the place at which it is not UTF-8.
fn characters(bytes: &[u8]) -> Result<&str, NotText> {
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        let line = 1 + bytes[..offset].iter().filter(|&&b| b == b'\n').count();
        NotText { line, offset }
    })
}

/// The entries of a vocabulary, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entries {
    /// Characters, in the order of code points.
    Chars(Vec<char>),
    /// The 256 values of a byte.
    Bytes,
}

impl Entries {
    /// Builds the vocabulary of all these texts together.
    ///
    /// # Errors
    /// The index of a text that is not UTF-8 although characters are requested, and the place.
    pub(crate) fn of(kind: Vocabulary, texts: &[&[u8]]) -> Result<Self, (usize, NotText)> {
        if kind == Vocabulary::Byte {
            return Ok(Entries::Bytes);
        }
        // A mark for each code point is faster than a set, and no larger than a megabyte.
        let mut seen = vec![false; char::MAX as usize + 1];
        for (i, bytes) in texts.iter().enumerate() {
            for c in characters(bytes).map_err(|error| (i, error))?.chars() {
                seen[c as usize] = true;
            }
        }
        let code = |(code, &there): (usize, &bool)| there.then_some(code as u32);
        let codes = seen.iter().enumerate().filter_map(code);
        Ok(Entries::Chars(codes.filter_map(char::from_u32).collect()))
    }

    /// Returns the number of entries.
    pub(crate) fn len(&self) -> usize {
        match self {
            Entries::Chars(chars) => chars.len(),
            Entries::Bytes => 256,
        }
    }

    /// Returns the tokens of a text as float32 numbers, exact below 2^24: the index of each
    /// character or byte.
    ///
    /// # Panics
    /// Panics on a text that was not passed to [`Entries::of`].
    pub(crate) fn tokens(&self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Entries::Bytes => bytes.iter().map(|&b| f32::from(b)).collect(),
            Entries::Chars(chars) => {
                let last = chars.last().map_or(0, |&c| c as usize);
                let mut index = vec![0f32; last + 1];
                for (i, &c) in chars.iter().enumerate() {
                    index[c as usize] = i as f32;
                }
                let text = characters(bytes).expect("a text that was read before");
                text.chars().map(|c| index[c as usize]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_numbered_by_code_point_over_all_texts() {
        let texts: [&[u8]; 2] = ["b\u{e9}a".as_bytes(), "z a".as_bytes()];
        let entries = Entries::of(Vocabulary::Char, &texts).unwrap();
        assert_eq!(entries, Entries::Chars(vec![' ', 'a', 'b', 'z', '\u{e9}']));
        assert_eq!(entries.tokens(texts[0]), [2.0, 4.0, 1.0]);
        assert_eq!(entries.tokens(texts[1]), [3.0, 0.0, 1.0]);
        assert_eq!(entries.len(), 5);
    }

    #[test]
    fn bytes_are_their_own_tokens() {
        let entries = Entries::of(Vocabulary::Byte, &[b"\xff\x00"]).unwrap();
        assert_eq!((entries.tokens(b"\xff\x00"), entries.len()), (vec![255.0, 0.0], 256));
    }

    #[test]
    fn what_is_not_utf8_is_found_with_its_line() {
        let found = Entries::of(Vocabulary::Char, &[b"fine", b"one\ntwo\n\xff"]);
        assert_eq!(found, Err((1, NotText { line: 3, offset: 8 })));
    }
}
