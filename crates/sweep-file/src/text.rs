//! Checks that a text goes to a model of texts, in sequences that fit its parts.

use spec::model::ModelSpec;
use spec::run::DataSpec;
use text_format::plural;

use super::diagnostic::Diagnostic;
use super::fits::{Around, Problem};

/// Tokens of a sequence where `[data] context` is not given.
const CONTEXT: u64 = 64;

/// Checks that data and model are both of texts or neither, and puts in the default context.
///
/// # Errors
/// A model of texts without a text, any other model of one, a context of what is no text.
pub(super) fn fits(
    around: &Around<'_>,
    data: &mut DataSpec,
    model: &ModelSpec,
) -> Result<(), Problem> {
    let (dataset, kind) = (&data.dataset, model.kind());
    let at = || match &around.spec.own {
        Some((_, place)) => place,
        None => around.place("data.dataset"),
    };
    match (dataset.is_text(), model.takes_text()) {
        (true, false) => {
            let message =
                format!("the model `{kind}` takes no text, and `{}` is one", dataset.name());
            let help = "write kind = \"gpt\" in [model], or name another dataset";
            return Err(Box::new(Diagnostic::error(message, at()).help(help)));
        }
        (false, true) => {
            let message =
                format!("the model `{kind}` takes a text, and `{}` is none", dataset.name());
            let help = "name a text in [data], such as dataset = \"moby-dick\", or another model";
            return Err(Box::new(Diagnostic::error(message, at()).help(help)));
        }
        (false, false) if data.context > 0 => {
            let message = "`data.context` has no use here";
            return Err(Box::new(
                Diagnostic::error(message, around.place("data.context"))
                    .label("it is the length of a sequence of text")
                    .help("remove the key"),
            ));
        }
        (true, true) if data.context == 0 => data.context = CONTEXT,
        _ => {}
    }
    Ok(())
}

/// Checks that each part of a text holds a sequence and the token behind it.
///
/// # Errors
/// The first part that is too short.
pub(super) fn check(around: &Around<'_>, data: &DataSpec) -> Result<(), Problem> {
    if !data.dataset.is_text() {
        return Ok(());
    }
    let (dataset, context) = (&data.dataset, data.context);
    let train = dataset.train_len().saturating_sub(data.validation);
    let parts = [
        ("training", train, true),
        ("validation", data.validation, data.validation > 0),
        ("test", dataset.test_len(), dataset.test_len() > 0),
    ];
    let short = parts.iter().find(|(_, tokens, there)| *there && data.samples(*tokens) == 0);
    let Some((part, tokens, _)) = short else { return Ok(()) };
    let message = format!(
        "context = {context} is too long for the {part} part of {}",
        plural::count(*tokens, "token")
    );
    let help = format!(
        "a sequence and the token behind it take {}; lower `context`, or give the part more tokens",
        plural::count(context + 1, "token")
    );
    Err(Box::new(Diagnostic::error(message, around.place("data.context")).help(help)))
}
