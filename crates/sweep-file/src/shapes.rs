//! Checks that listed layers fit their inputs, and reports problems at the place of the layer.

use spec::model::ModelSpec;
use spec::model::layers::{LayerPath, path_text};
use spec::run::DataSpec;

use super::combination::Combination;
use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::source::Place;
use super::sweep::SweepSpec;

/// Returns the problem of the first layer that does not fit; `None` if all fit, or for other
/// models.
pub(super) fn fit(
    model: &ModelSpec,
    data: &DataSpec,
    sweep: &SweepSpec,
    given: &Combination,
) -> Option<Diagnostic> {
    let ModelSpec::Layers(list) = model else { return None };
    let unfit = list.pass(data.shape(), data.dataset.outputs()).err()?;
    let (_, value) = given.get("model.layers")?;
    let place = sweep.layers.as_ref().and_then(|root| find(root, value, &unfit.path));
    let [channels, height, width] = data.shape();
    let message = match unfit.path.is_empty() {
        true => "`model.layers` cannot be built".to_owned(),
        false => format!("`model.{}` cannot be built", path_text(&unfit.path)),
    };
    let help = format!(
        "its input is {}; the network's input is {channels}x{height}x{width} (channels x height x width)",
        unfit.input
    );
    Some(Diagnostic::error(message, place.as_ref().unwrap_or(value)).label(unfit.reason).help(help))
}

/// Finds the place of a layer in the list that is written at `value`, somewhere below `root`.
fn find(root: &Node, value: &Place, path: &LayerPath) -> Option<Place> {
    if root.place != *value {
        let below = root.entries().iter().map(|entry| &entry.value).chain(items(root));
        return below.into_iter().find_map(|node| find(node, value, path));
    }
    let mut list = root;
    let mut place = value.clone();
    for (level, (key, i)) in path.iter().enumerate() {
        // The value is the outermost list itself.
        let inside = match level {
            0 => list,
            _ => &list.get(key)?.value,
        };
        list = items(inside).get(*i)?;
        place = list.place.clone();
    }
    Some(place)
}

/// Returns the items of an array; empty for any other value.
fn items(node: &Node) -> &[Node] {
    match &node.value {
        NodeValue::Array(items) => items,
        _ => &[],
    }
}
