//! Roles of an archive's arrays, inferred from their names alone.

/// Names of the arrays of one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Pair {
    pub(in super::super) inputs: String,
    pub(in super::super) labels: String,
}

/// Names of the arrays of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Roles {
    pub(in super::super) main: Pair,
    pub(in super::super) test: Option<Pair>,
    pub(in super::super) validation: Option<Pair>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    Main,
    Test,
    Validation,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Inputs,
    Labels,
}

const SPLITS: [(&[&str], Split); 3] = [
    (&["train", "training"], Split::Main),
    (&["test", "testing"], Split::Test),
    (&["val", "valid", "validation"], Split::Validation),
];

const SIDES: [(&[&str], Side); 2] = [
    (&["x", "data", "image", "images", "feature", "features", "input", "inputs"], Side::Inputs),
    (&["y", "target", "targets", "label", "labels"], Side::Labels),
];

/// Words that mark arrays describing the others, which belong to no split.
const ASIDE: [&str; 5] = ["names", "ids", "id", "descr", "description"];

/// Returns the roles of arrays with these names; `None` if the names are ambiguous.
pub(in super::super) fn roles(names: &[String]) -> Option<Roles> {
    // The names that `numpy.savez(path, x, y)` gives.
    if let [a, b] = names
        && matches!((&a[..], &b[..]), ("arr_0", "arr_1") | ("arr_1", "arr_0"))
    {
        let [inputs, labels] = ["arr_0", "arr_1"].map(str::to_owned);
        return Some(Roles { main: Pair { inputs, labels }, test: None, validation: None });
    }
    let mut found: Vec<(Split, Side, &String)> = Vec::new();
    for name in names {
        let lower = name.to_lowercase();
        let words: Vec<&str> = lower.split(['_', '-', '.', ' ', '/']).collect();
        if words.iter().any(|word| ASIDE.contains(word)) {
            continue;
        }
        let (split, side) = role(&words)?;
        if found.iter().any(|(p, d, _)| (*p, *d) == (split, side)) {
            return None;
        }
        found.push((split, side, name));
    }
    let pair = |split| {
        let of = |side| {
            let at = found.iter().find(|(p, d, _)| (*p, *d) == (split, side));
            at.map(|(_, _, name)| (*name).clone())
        };
        match (of(Side::Inputs), of(Side::Labels)) {
            (Some(inputs), Some(labels)) => Some(Some(Pair { inputs, labels })),
            (None, None) => Some(None),
            _ => None,
        }
    };
    Some(Roles {
        main: pair(Split::Main)??,
        test: pair(Split::Test)?,
        validation: pair(Split::Validation)?,
    })
}

/// Returns split and side of a name of one or two words in either order.
fn role(words: &[&str]) -> Option<(Split, Side)> {
    let split = |word| SPLITS.iter().find(|(w, _)| w.contains(word)).map(|(_, split)| *split);
    let side = |word| SIDES.iter().find(|(w, _)| w.contains(word)).map(|(_, side)| *side);
    match words {
        [only] => Some((Split::Main, side(only)?)),
        [a, b] => match (split(a), side(b)) {
            (Some(split), Some(side)) => Some((split, side)),
            _ => Some((split(b)?, side(a)?)),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of the roles in order, `-` for none.
    fn of(names: &str) -> Option<String> {
        let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        let Roles { main, test, validation } = roles(&names)?;
        let text = [Some(main), test, validation].map(|pair| match pair {
            Some(Pair { inputs, labels }) => format!("{inputs} {labels}"),
            None => "-".to_owned(),
        });
        Some(text.join(", "))
    }

    #[test]
    fn names_in_use_are_known() {
        for (names, expected) in [
            ("x_train y_train x_test y_test", "x_train y_train, x_test y_test, -"),
            ("X y", "X y, -, -"),
            ("y x", "x y, -, -"),
            ("data target", "data target, -, -"),
            ("data target feature_names target_names DESCR", "data target, -, -"),
            ("images labels", "images labels, -, -"),
            ("features labels", "features labels, -, -"),
            (
                "train_images train_labels val_images val_labels test_images test_labels",
                "train_images train_labels, test_images test_labels, val_images val_labels",
            ),
            ("arr_0 arr_1", "arr_0 arr_1, -, -"),
            ("arr_1 arr_0", "arr_0 arr_1, -, -"),
            ("X_train Y_train X_valid Y_valid", "X_train Y_train, -, X_valid Y_valid"),
            ("x y x_test y_test", "x y, x_test y_test, -"),
        ] {
            assert_eq!(of(names).as_deref(), Some(expected), "{names}");
        }
    }

    #[test]
    fn doubts_are_none() {
        for names in [
            "",
            "x",
            "y",
            "x y z",
            "x data y",
            "x x_train y",
            "x_train y_train x_test",
            "x_test y_test",
            "arr_0",
            "arr_0 arr_1 arr_2 arr_3",
            "a b",
            "train test",
            "x_y",
            "x_train_1 y_train_1",
        ] {
            assert_eq!(of(names), None, "{names}");
        }
    }
}
