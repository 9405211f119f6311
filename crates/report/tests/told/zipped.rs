//! Advice on zipped lists, which gives an accepted sweep file if followed.

use report::analysis::{Advice, Analysis, advice};
use report::page::answer::answer;
use report::page::content;
use report::table::RunRow;
use spec::metric::{EpochMetric, Metric};
use spec::plan::PlannedRun;
use spec::record::{Split, Status};
use sweep_file::{Overrides, load_text};

use super::cell;
use super::made::text;

/// Lists of a sweep file by optimizer (`None` for all of them) and key.
type Lists = Vec<(Option<&'static str>, &'static str, Vec<f64>)>;

/// A sweep file whose lists are zipped: shared ones in `[data]`, the others of their optimizer.
fn file(lists: &Lists) -> String {
    let of = |owner: Option<&str>| -> String {
        let own = lists.iter().filter(|(label, ..)| *label == owner);
        own.map(|(_, key, values)| format!("{key} = {{ values = {values:?}, zip = \"a\" }}\n"))
            .collect::<String>()
            .replace(".0,", ",")
            .replace(".0]", "]")
    };
    let (data, sgd, adam) = (of(None), of(Some("sgd")), of(Some("adam")));
    format!(
        "[data]\ndataset = \"digits\"\nvalidation = 237\n{data}[model]\nkind = \"mlp\"\n[train]\nepochs = 2\n[repeat]\n\
         seeds = {{ count = 2 }}\n[[optimizer]]\nkind = \"sgd\"\n{sgd}[[optimizer]]\nkind = \"adam\"\n{adam}"
    )
}

/// Returns the analysis of its runs, with the accuracies that `of` gives.
fn trained(lists: &Lists, of: impl Fn(&PlannedRun) -> f64) -> Analysis {
    let text = file(lists);
    let loaded = load_text("x.toml", "x", text.clone(), &Overrides::default());
    let plan = loaded.unwrap_or_else(|e| panic!("{text}\n{e}")).plan;
    let row = |run: &PlannedRun| RunRow {
        status: Some(Status::Completed),
        last_epoch: [Split::Validation, Split::Test]
            .map(|split| (EpochMetric::new(split, Metric::ACCURACY), of(run)))
            .into_iter()
            .collect(),
        ..RunRow::default()
    };
    let rows = plan.runs.iter().map(row).collect();
    Analysis::new(plan, rows)
}

/// Returns the lists with the advice on one optimizer added; where any value will do, a new one.
fn followed(lists: &Lists, label: &'static str, advice: &Advice) -> Lists {
    let mut lists = lists.clone();
    let mut add = |owner: Option<&str>, path: &str, values: &[f64]| {
        let (table, key) = path.split_once('.').unwrap();
        let owner = owner.filter(|_| table == "optimizer");
        let list = lists.iter_mut().find(|(label, k, _)| *label == owner && *k == key).unwrap();
        list.2.extend(values);
    };
    let values = [&advice.beyond[..], &advice.gaps[..]].concat();
    add(Some(label), &advice.path, &values);
    for partner in &advice.partners {
        let any: Vec<f64> = (0..values.len()).map(|i| 0.011 + 0.001 * i as f64).collect();
        let own = if partner.values.is_empty() { &any } else { &partner.values };
        add(Some(partner.label.as_deref().unwrap_or(label)), &partner.path, own);
    }
    lists
}

fn of_label(analysis: &Analysis, label: usize) -> Vec<Advice> {
    advice(analysis, &analysis.configs[analysis.best[label].unwrap()])
}

#[test]
fn advice_on_a_zipped_list_is_accepted_when_it_is_followed() {
    let lists: Lists = vec![
        (None, "batch_size", vec![32.0, 64.0, 128.0]),
        (Some("sgd"), "lr", vec![0.1, 0.2, 0.4]),
        (Some("adam"), "lr", vec![0.03, 0.003, 0.001]),
    ];
    // The larger the batch the better, and sgd before adam.
    let batch = |run: &PlannedRun| run.spec.data.batch_size as f64 / 1000.0;
    let analysis =
        trained(&lists, |run| batch(run) + f64::from(u8::from(run.label == "sgd")) / 2.0);
    let words = text(&answer(&analysis));
    assert!(
        words.contains(
            "The best learning rates lie at the edge of those tried, and better ones may lie beyond: sgd\u{2019}s learning \
             rate (highest tried; add 0.8 and 2, and 256 and 512 to batch_size and 2 values to lr of adam, which are zipped \
             with it); adam\u{2019}s learning rate (lowest tried; add 0.0003 and 0.0001, and 256 and 512 to batch_size and 2 \
             values to lr of sgd, which are zipped with it)."
        ),
        "{words}"
    );
    let grid = content::grid_table(&analysis);
    let to_add = cell(&grid, 0, "To add");
    assert!(to_add.ends_with("and 2 values to lr of adam, which are zipped with it"), "{to_add}");
    for (at, label) in [(0, "sgd"), (1, "adam")] {
        let [advice] = &of_label(&analysis, at)[..] else { panic!("one list of {label} leads") };
        let grown = followed(&lists, label, advice);
        let runs = trained(&grown, batch).plan.runs.len();
        assert_eq!(runs, 5 * 2 * 2, "{label}");
        // The list alone is refused.
        let alone = Advice { partners: Vec::new(), ..advice.clone() };
        let text = file(&followed(&lists, label, &alone));
        let why = load_text("x.toml", "x", text, &Overrides::default()).unwrap_err().to_string();
        assert!(why.contains("axes of the zip `a` differ in length"), "{why}");
    }
}

#[test]
fn a_zipped_list_of_which_nothing_is_known_needs_as_many_values() {
    // The best momentum lies between the others.
    let lists: Lists = vec![
        (Some("sgd"), "lr", vec![0.01, 0.1, 1.0]),
        (Some("sgd"), "momentum", vec![0.5, 0.95, 0.9]),
        (Some("adam"), "lr", vec![0.01]),
    ];
    let analysis = trained(&lists, |run| run.spec.optimizer.lr().min(0.9));
    let words = text(&answer(&analysis));
    assert!(
        words.contains(
            "sgd\u{2019}s learning rate (highest tried; add 10, and a value to momentum, which is zipped with it)."
        ),
        "{words}"
    );
    let [advice] = &of_label(&analysis, 0)[..] else { panic!("one list leads") };
    assert_eq!(trained(&followed(&lists, "sgd", advice), |_| 0.5).plan.runs.len(), (4 + 1) * 2);
}
