//! The description of own data, for the terminal, the plan and the page.

use spec::own_data::{OwnData, OwnRequest, Scaling};
use spec::reading::{ClassCount, DataDescription, Missing, Share, TargetScale};
use text_format::plural;

use super::targets::Targets;
use super::understand::Samples;

/// Describes the interpretation; `statistics` are mean and deviation of each target.
pub(super) fn describe(
    request: &OwnRequest,
    samples: &Samples<'_>,
    own: &OwnData,
    statistics: &(Vec<f64>, Vec<f64>),
) -> DataDescription {
    let Samples { inputs, targets, parts, pieces, filled, .. } = samples;
    let dropped: u64 = pieces.iter().map(|p| p.dropped).sum();
    let main = &pieces[0];
    let (classes, targets) = match targets {
        Targets::Classes { names, classes } => {
            let mut counts = vec![[0; 3]; names.len()];
            parts.fitted().for_each(|i| counts[classes[i] as usize][0] += 1);
            parts.held_out().for_each(|i| counts[classes[i] as usize][1] += 1);
            parts.test.iter().for_each(|i| counts[classes[i] as usize][2] += 1);
            let all = names.iter().zip(counts);
            let count = |(name, counts): (&String, _)| ClassCount { name: name.clone(), counts };
            (all.map(count).collect(), Vec::new())
        }
        Targets::None => (Vec::new(), Vec::new()),
        Targets::Values { width, .. } => {
            let scale = |i: usize| TargetScale {
                name: main.names[2].get(i).cloned().unwrap_or_else(|| match width {
                    1 => "the target".to_owned(),
                    _ => format!("target {}", i + 1),
                }),
                mean: statistics.0[i],
                deviation: statistics.1[i],
            };
            (Vec::new(), (0..*width).map(scale).collect())
        }
    };
    let mut notes = main.notes.clone();
    notes.extend(filled_note(request, *filled));
    notes.extend(request.files.matrix.as_ref().map(|file| format!("The matrix is {file}.")));
    if own.reading.as_ref().is_some_and(|r| r.values) {
        let note =
            "Whole numbers are real values because the loss is mse; label = ... names classes.";
        notes.push(note.to_owned());
    }
    DataDescription {
        rows: inputs.samples as u64 + dropped,
        dropped,
        filled: *filled,
        features: inputs.features as u64,
        target: main.target_source.clone(),
        split: split(request, own),
        scaling: match own.scaling {
            Scaling::None if inputs.unit != 1.0 => format!("values divided by {}", inputs.unit),
            other => scaling(other).to_owned(),
        },
        parts: [own.train_len - own.validation, own.validation, own.test_len],
        classes,
        targets,
        notes,
        tokens: None,
    }
}

fn filled_note(request: &OwnRequest, filled: u64) -> Option<String> {
    (request.asked.missing == Some(Missing::Mean) && filled > 0).then(|| {
        let (gaps, are) = (plural::count(filled, "gap"), plural::is_or_are(filled));
        format!("{gaps} {are} filled with the mean of the training samples, or 0 where none has a value.")
    })
}

/// Describes the split in words.
fn split(request: &OwnRequest, own: &OwnData) -> String {
    let validation = match (own.validation, &request.files.validation_path) {
        (0, _) => String::new(),
        (_, Some(path)) => format!(", validation {path}"),
        (_, None) if request.validation == 0 => ", validation of its own".to_owned(),
        (n, None) => format!(", validation the last {n} before"),
    };
    match (&request.split, &request.files.test_path) {
        (Some(split), _) => {
            let share = |share: Share| match share {
                Share::Count(n) => n.to_string(),
                Share::Part(x) => x.to_string(),
            };
            let strata = match (own.classes, split.stratified) {
                (0, _) | (_, Some(false)) => "",
                _ => ", each class in proportion",
            };
            format!(
                "by contents with seed {}: test {}, validation {}{strata}",
                split.split_seed,
                share(split.test),
                share(split.validation)
            )
        }
        (None, Some(path)) => format!("in file order: test {path}{validation}"),
        (None, None) if own.test == 0 => "parts of their own".to_owned(),
        (None, None) => format!("in file order: test the last {}{validation}", own.test_len),
    }
}

/// Describes a scaling in words.
fn scaling(scaling: Scaling) -> &'static str {
    match scaling {
        Scaling::None => "values as they are",
        Scaling::Features => {
            "each feature less its mean over its standard deviation, of the training samples"
        }
        Scaling::Global => {
            "all values less one mean over one standard deviation, of the training samples"
        }
        Scaling::Range => "each feature from 0 to 1 over the training samples",
        Scaling::Unit => "each sample divided by its length",
    }
}
