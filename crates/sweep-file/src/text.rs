//! Checks that a text goes to a model of texts, in sequences that fit its parts.

use spec::model::ModelSpec;
use spec::run::DataSpec;
use text_format::plural;

use super::diagnostic::Diagnostic;
use super::source::Place;

/// Tokens of a sequence where `[data] context` is not given.
const CONTEXT: u64 = 64;

/// Checks that data and model are both of texts or neither, and puts in the default context.
/// `dataset_at` and `context_at` are where the dataset and the context are named. Returns the
/// problem: a model of texts without a text, any other model of one, a context of what is no
/// text.
pub(super) fn fits(
    data: &mut DataSpec,
    model: &ModelSpec,
    dataset_at: &Place,
    context_at: &Place,
) -> Option<Diagnostic> {
    let (kind, name) = (model.kind(), data.dataset.name());
    let (message, help) = match (data.dataset.is_text(), model.takes_text()) {
        (true, false) => (
            format!("the model `{kind}` takes no text, and `{name}` is one"),
            "write kind = \"gpt\" or \"lstm\" in [model], or name another dataset",
        ),
        (false, true) => (
            format!("the model `{kind}` takes a text, and `{name}` is none"),
            "name a text in [data], such as dataset = \"moby-dick\", or another model",
        ),
        (false, false) if data.context > 0 => {
            return Some(
                Diagnostic::error("`data.context` has no use here", context_at)
                    .label("it is the length of a sequence of text")
                    .help("remove the key"),
            );
        }
        (true, true) if data.context == 0 => {
            data.context = CONTEXT;
            return None;
        }
        _ => return None,
    };
    Some(Diagnostic::error(message, dataset_at).help(help))
}

/// Checks that each part of a text holds a sequence and the token behind it. Returns the
/// problem of the first part that is too short.
pub(super) fn check(data: &DataSpec, context_at: &Place) -> Option<Diagnostic> {
    if !data.dataset.is_text() {
        return None;
    }
    let (dataset, context) = (&data.dataset, data.context);
    let train = dataset.train_len().saturating_sub(data.validation);
    let parts = [
        ("training", train, true),
        ("validation", data.validation, data.validation > 0),
        ("test", dataset.test_len(), dataset.test_len() > 0),
    ];
    let short = parts.iter().find(|(_, tokens, there)| *there && data.samples(*tokens) == 0);
    let (part, tokens, _) = short?;
    let message = format!(
        "context = {context} is too long for the {part} part of {}",
        plural::count(*tokens, "token")
    );
    let help = format!(
        "a sequence and the token behind it take {}; lower `context`, or give the part more tokens",
        plural::count(context + 1, "token")
    );
    Some(Diagnostic::error(message, context_at).help(help))
}
