//! Checks that text data has a text model, and that its parts are long enough for its sequences.

use spec::model::ModelSpec;
use spec::run::{Batching, DataSpec};
use text_format::plural;

use super::combination::Combination;
use super::diagnostic::Diagnostic;
use super::source::Place;

/// Default of `[data] context`: tokens of a sequence.
const CONTEXT: u64 = 64;

/// Checks that data and model are both for text or both not, and fills in the default context.
/// `dataset_at` and `context_at` are the places of the dataset and of the context. Returns the
/// problem, if any; a context without text is one, too.
pub(super) fn fits(
    data: &mut DataSpec,
    model: &ModelSpec,
    dataset_at: &Place,
    context_at: &Place,
) -> Option<Diagnostic> {
    let (kind, name) = (model.kind(), data.dataset.name());
    let (message, help) = match (data.dataset.is_text(), model.takes_text()) {
        (true, false) => (
            format!("the model `{kind}` takes no text, but `{name}` is one"),
            "write kind = \"gpt\" or \"lstm\" in [model], or name another dataset",
        ),
        (false, true) => (
            format!("the model `{kind}` takes a text, but `{name}` is not one"),
            "name a text in [data], such as dataset = \"moby-dick\", or another model",
        ),
        (false, false) if data.context > 0 => {
            return Some(
                Diagnostic::error("`data.context` has no effect here", context_at)
                    .label("it is the length of a text sequence")
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

/// Checks that a stream is a stream of text, and that no other key sets its order. Returns the
/// problem, if any.
pub(super) fn batching(data: &DataSpec, given: &Combination) -> Option<Diagnostic> {
    let (_, at) = given.get("data.batching").filter(|_| data.batching == Batching::Stream)?;
    if !data.dataset.is_text() {
        return Some(
            Diagnostic::error("`data.batching` has no effect here", at)
                .label("it sets how a text is cut")
                .help("remove the key"),
        );
    }
    let fed = |key: &&str| given.contains_key(&format!("data.{key}"));
    let key = ["shuffle", "drop_last"].into_iter().find(fed)?;
    let (_, other) = &given[&format!("data.{key}")];
    let message = format!("`{key}` cannot be used with batching = \"stream\"");
    Some(
        Diagnostic::error(message, other)
            .also(at, "reads in order, in full batches")
            .help(format!("remove `{key}`")),
    )
}

/// Checks that each part of a text has at least one sequence (a stream: one for each lane) and the
/// token after it. Returns the problem of the first part that is too short.
pub(super) fn check(data: &DataSpec, context_at: &Place, lanes_at: &Place) -> Option<Diagnostic> {
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
    if data.batching == Batching::Stream {
        let lanes = plural::count(data.batch_size, "lane");
        let needed = data.batch_size.saturating_mul(context).saturating_add(1);
        let message = format!(
            "the {part} part of {} is too short for {lanes} of context = {context}",
            plural::count(*tokens, "token")
        );
        let help = format!(
            "a step of a stream and the token after it need {}; lower `batch_size` or `context`, or give the part more tokens",
            plural::count(needed, "token")
        );
        return Some(Diagnostic::error(message, lanes_at).help(help));
    }
    let message = format!(
        "context = {context} is too long for the {part} part of {}",
        plural::count(*tokens, "token")
    );
    let help = format!(
        "a sequence and the token after it need {}; lower `context`, or give the part more tokens",
        plural::count(context + 1, "token")
    );
    Some(Diagnostic::error(message, context_at).help(help))
}
