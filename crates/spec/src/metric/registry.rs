//! The table of metrics: built-in ones, those registered at run time, and unknown ids that
//! records name.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::built_in::{BUILT_IN, unknown};
use super::{Description, Measured, Metric};

/// Metrics beyond the built-in ones.
static FURTHER: LazyLock<RwLock<Further>> = LazyLock::new(RwLock::default);

/// Lists of names that were requested; see [`leaked`].
static NAMES: RwLock<Vec<&'static [&'static str]>> = RwLock::new(Vec::new());

/// Metrics by index, in the order of their first mention, and by id. Descriptions are leaked:
/// there are only as many as workers register and records name.
#[derive(Default)]
struct Further {
    by_index: Vec<&'static Description>,
    by_id: HashMap<&'static str, usize>,
}

impl Further {
    fn find(&self, id: &str) -> Option<(usize, &'static Description)> {
        let at = *self.by_id.get(id)?;
        Some((at, self.by_index[at]))
    }

    /// Appends a description whose id is new, or replaces the one at `at`; returns its place.
    fn put(&mut self, at: Option<usize>, description: Description) -> usize {
        let description: &'static Description = Box::leak(Box::new(description));
        let at = at.unwrap_or(self.by_index.len());
        match self.by_index.get_mut(at) {
            Some(place) => *place = description,
            None => self.by_index.push(description),
        }
        self.by_id.insert(&description.id, at);
        at
    }
}

/// Returns the index among all metrics of an entry of [`FURTHER`].
fn index(at: usize) -> u32 {
    (BUILT_IN.len() + at) as u32
}

/// The reason why a description cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The id already has another description.
    #[error("the metric `{0}` is described otherwise already")]
    Taken(String),
    /// The id is not a valid name.
    #[error("`{0}` is no id of a metric: lower-case letters, digits and _ after a letter")]
    Name(String),
    /// The metric is not one that a worker measures on held-out data.
    #[error("the metric `{0}` is measured neither after every epoch nor on request")]
    NotMeasured(String),
}

/// Registers a metric by its description and returns its handle. Registering the same
/// description again changes nothing.
///
/// # Errors
/// The id is not a valid name or has another description, or the metric is never measured on
/// held-out data.
pub fn register(description: Description) -> Result<Metric, RegisterError> {
    let id = description.id.to_string();
    let letter = |c: char| c.is_ascii_lowercase();
    let rest = |c: char| letter(c) || c.is_ascii_digit() || c == '_';
    if !id.starts_with(letter) || !id.chars().all(rest) {
        return Err(RegisterError::Name(id));
    }
    if !matches!(description.measured, Measured::HeldOut | Measured::OnRequest) {
        return Err(RegisterError::NotMeasured(id));
    }
    if let Some(at) = built_in(&id) {
        let same = BUILT_IN[at as usize] == description;
        return if same { Ok(Metric(at)) } else { Err(RegisterError::Taken(id)) };
    }
    let mut further = FURTHER.write().unwrap_or_else(PoisonError::into_inner);
    let at = match further.find(&id) {
        Some((at, found)) if *found == description => at,
        Some((at, found)) if found.measured == Measured::Unknown => {
            further.put(Some(at), description)
        }
        Some(_) => return Err(RegisterError::Taken(id)),
        None => further.put(None, description),
    };
    Ok(Metric(index(at)))
}

/// Returns the description at an index that one of the functions below returned.
pub(super) fn description(index: u32) -> &'static Description {
    match BUILT_IN.get(index as usize) {
        Some(description) => description,
        None => {
            let further = FURTHER.read().unwrap_or_else(PoisonError::into_inner);
            further.by_index[index as usize - BUILT_IN.len()]
        }
    }
}

fn built_in(id: &str) -> Option<u32> {
    BUILT_IN.iter().position(|d| d.id == id).map(|at| at as u32)
}

fn further(id: &str) -> Option<(u32, &'static Description)> {
    let further = FURTHER.read().unwrap_or_else(PoisonError::into_inner);
    further.find(id).map(|(at, description)| (index(at), description))
}

/// Returns the index of a described id; `None` for an unknown id.
pub(super) fn known(id: &str) -> Option<u32> {
    let described = || further(id).filter(|(_, d)| d.measured != Measured::Unknown);
    built_in(id).or_else(|| described().map(|(at, _)| at))
}

/// Returns the index of an id; a new id is added as an unknown metric.
pub(super) fn named(id: &str) -> u32 {
    if let Some(at) = built_in(id).or_else(|| further(id).map(|(at, _)| at)) {
        return at;
    }
    let mut further = FURTHER.write().unwrap_or_else(PoisonError::into_inner);
    // Another thread may have been first.
    let found = further.find(id).map(|(at, _)| at);
    index(found.unwrap_or_else(|| further.put(None, unknown(id))))
}

/// Returns the number of metrics that have an index.
pub(super) fn len() -> u32 {
    let further = FURTHER.read().unwrap_or_else(PoisonError::into_inner);
    index(further.by_index.len())
}

/// Leaks a list of names, once per distinct list. Descriptors of parameters hold such lists,
/// which change only when a metric is registered.
pub(crate) fn leaked(names: Vec<String>) -> &'static [&'static str] {
    let mut lists = NAMES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(list) = lists.iter().find(|list| list.iter().eq(&names)) {
        return list;
    }
    let list = names.into_iter().map(|name| &*name.leak());
    let list: &'static [&'static str] = Box::leak(list.collect());
    lists.push(list);
    list
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::metric::{Better, EpochMetric};

    fn description(id: &str, better: Better) -> Description {
        Description { better, measured: Measured::OnRequest, ..unknown(id) }
    }

    #[test]
    fn a_metric_is_known_once_it_is_described() {
        let before = Metric::named("registry_test");
        assert_eq!((Metric::known("registry_test"), before.id()), (None, "registry_test"));
        assert!(!before.higher_is_better());
        let registered = register(description("registry_test", Better::Higher)).unwrap();
        assert_eq!((registered, Metric::known("registry_test")), (before, Some(before)));
        assert!(before.higher_is_better(), "handles made before know the description");
        assert!(EpochMetric::from_name("validation.registry_test").is_some());
        assert_eq!(register(description("registry_test", Better::Higher)), Ok(before));
        let other = register(description("registry_test", Better::Lower));
        assert_eq!(other, Err(RegisterError::Taken("registry_test".into())));
    }

    #[test]
    fn built_in_metrics_and_bad_descriptions_are_refused() {
        let of = |id: &str| register(description(id, Better::Higher));
        assert_eq!(of("accuracy"), Err(RegisterError::Taken("accuracy".into())));
        for id in ["", "1st", "a.b", "Accuracy", "a b"] {
            assert_eq!(of(id), Err(RegisterError::Name(id.into())));
        }
        let never = Description { measured: Measured::Training, ..unknown("never") };
        assert_eq!(register(never), Err(RegisterError::NotMeasured("never".into())));
        assert_eq!(register(BUILT_IN[Metric::F1.0 as usize].clone()), Ok(Metric::F1));
    }

    #[test]
    fn what_is_asked_for_is_known() {
        let read = |text: &str| {
            let read: Result<crate::plan::ArtifactOptions, _> = serde_json::from_str(text);
            read.map(|keeping| keeping.metrics).map_err(|e| e.to_string())
        };
        assert_eq!(read(r#"{"metrics":["f1"]}"#), Ok(vec![Metric::F1]));
        for id in ["f2", "loss", "lr"] {
            let said = read(&format!("{{\"metrics\":[\"{id}\"]}}")).unwrap_err();
            assert!(said.contains(&format!("`{id}` is no metric")), "{said}");
        }
    }

    #[test]
    fn ids_are_unique_and_constants_point_at_theirs() {
        let ids: HashSet<&str> = BUILT_IN.iter().map(|d| &*d.id).collect();
        assert_eq!(ids.len(), BUILT_IN.len());
        assert_eq!(
            (Metric::LOSS.id(), Metric::SAMPLES_TO_TARGET.id()),
            ("loss", "samples_to_target")
        );
        let text = serde_json::to_string(&[Metric::F1, Metric::named("of_others")]).unwrap();
        assert_eq!(text, r#"["f1","of_others"]"#);
        let read: Vec<Metric> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, [Metric::F1, Metric::named("of_others")]);
    }
}
