//! Built-in texts: a file of tokens, the last of which are the test split.

use std::path::Path;

use spec::DatasetName;
use spec::own_data::Vocabulary;

use crate::Part;
use crate::error::DataError;
use crate::source::Table;
use crate::vocabulary::Entries;

/// Loads the tokens of a built-in text; the last `test_len` of them are the test split.
pub(crate) fn load(name: DatasetName, data_dir: &Path) -> Result<(Part, Part), DataError> {
    let info = name.info();
    let (path, bytes) = Table::from(name).read(0, data_dir)?;
    let wrong = |reason: String| DataError::Csv { path: path.clone(), line: 1, reason };
    let kind = info.vocabulary.unwrap_or(Vocabulary::Char);
    let entries = Entries::of(kind, &[&bytes])
        .map_err(|(_, at)| wrong(format!("no UTF-8 after {} bytes", at.offset)))?;
    let mut tokens = entries.tokens(&bytes);
    let expected = (info.train_len + info.test_len) as usize;
    if entries.len() != info.classes || tokens.len() != expected {
        let found = format!("{} tokens of {} kinds", tokens.len(), entries.len());
        return Err(wrong(format!("{found}, expected {expected} of {}", info.classes)));
    }
    let test = tokens.split_off(info.train_len as usize);
    Ok((Part::of_classes(tokens, Vec::new()), Part::of_classes(test, Vec::new())))
}
