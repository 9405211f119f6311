//! Sentences of the fairness ledger that follow from the sweep file: the split of parameters under
//! muon, and warnings.

use report::analysis::Analysis;
use report::page::content;
use report::table::RunRow;
use sweep_file::{Overrides, load_text};

/// Returns the sentences of a sweep that has not been trained yet.
fn said(data: &str, model: &str, rest: &str) -> String {
    let text = format!("{data}[model]\n{model}\n{rest}\n");
    let plan = load_text("x.toml", "x", text.clone(), &Overrides::default())
        .unwrap_or_else(|e| panic!("{text}\n{e}"))
        .plan;
    let rows = vec![RunRow::default(); plan.runs.len()];
    content::fairness(&Analysis::new(plan, rows)).join("\n")
}

const DIGITS: &str = "[data]\ndataset = \"digits\"\nvalidation = 237\n";
const MUON: &str = "[[optimizer]]\nkind = \"muon\"\n";

#[test]
fn the_page_says_which_parameters_muon_trains() {
    let mlp = "kind = \"mlp\"\nhidden = [16]";
    let shown = said(DIGITS, mlp, MUON);
    assert_eq!(
        shown,
        "With muon: muon\u{2019}s rule trains the matrices layers.0.weight and layers.1.weight; AdamW trains layers.0.bias and \
         layers.1.bias at its own rate aux_lr."
    );
    // No word of it where there is no muon.
    assert_eq!(said(DIGITS, mlp, "[[optimizer]]\nkind = \"adamw\"\n"), "");
    // Running statistics of batch normalisation are trained by nobody, convolutions are no matrices.
    let normed = said(DIGITS, &format!("{mlp}\nbatch_norm = true"), MUON);
    assert!(normed.contains("norms.0.gamma") && !normed.contains("running"), "{normed}");
    let cnn = said(DIGITS, "kind = \"cnn\"", MUON);
    let (matrices, others) = cnn.split_once("; AdamW trains ").unwrap();
    assert!(matrices.contains("layers.2.weight") && !matrices.contains("convolutions"), "{cnn}");
    assert!(
        others.contains("convolutions.0.weight") && others.contains("convolutions.1.bias"),
        "{cnn}"
    );
    // What a group freezes nobody trains.
    let frozen = format!("{MUON}groups = [{{ params = \"layers.0.*\", lr_scale = 0.0 }}]\n");
    let frozen = said(DIGITS, mlp, &frozen);
    assert!(
        frozen.contains("the matrix layers.1.weight; AdamW")
            && frozen.ends_with("Frozen by a group: layers.0.weight and layers.0.bias."),
        "{frozen}"
    );
    let landscape = said("", "kind = \"function\"\nfunction = \"beale\"", MUON);
    assert!(landscape.contains("so AdamW trains position at its own rate"), "{landscape}");
}

#[test]
fn a_sentence_for_each_way_in_which_muon_shares_parameters_out() {
    let models = "kind = \"mlp\"\nhidden = { values = [[16], [32], [16, 16]] }";
    let two = format!("{MUON}lr = [0.01, 0.1]\n{MUON}label = \"slow\"\nlr = 1e-4\n");
    let shown = said(DIGITS, models, &two);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert!(lines.iter().all(|line| line.starts_with("With muon and slow: ")), "{shown}");
    assert!(!lines[0].contains("layers.2") && lines[1].contains("layers.2.weight"), "{shown}");
    // Many parameters are counted.
    let deep = said(DIGITS, "kind = \"mlp\"\nhidden = [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]", MUON);
    assert!(deep.contains("layers.7.weight and 5 more; AdamW"), "{deep}");
}

#[test]
fn the_page_repeats_what_was_warned_of_unless_it_is_meant() {
    let cosine = "[train]\nepochs = 11\n[[optimizer]]\nkind = \"sgd\"\nlr = [0.1, 0.2]\nschedule = { kind = \"cosine\", t_max = 5 }\n";
    let shown = said(DIGITS, "kind = \"linear\"", cosine);
    assert_eq!(
        shown,
        "Warned of before training (cosine-past-end, 2 configurations): the learning rate climbs again: the half period \
         t_max of a cosine ends before the run (5, but the run has 11 epochs)."
    );
    let meant = format!("{cosine}[lints]\nallow = [\"cosine-past-end\"]\n");
    assert_eq!(said(DIGITS, "kind = \"linear\"", &meant), "");
    let chosen = said(
        "[data]\ndataset = \"digits\"\n",
        "kind = \"linear\"",
        &cosine.replace(", t_max = 5", ""),
    );
    assert!(
        chosen.contains(
            "(no-validation, 2 configurations): configurations are chosen by the training loss"
        ),
        "{chosen}"
    );
}
