//! Tests of sweep files over texts: defaults and diagnostics.

use sweep_file::{Loaded, Overrides, load_text};

const GOOD: &str = "\
[data]
dataset = \"moby-dick\"
validation = 60000

[model]
kind = \"gpt\"
layers = 1
width = 32

[[optimizer]]
kind = \"adamw\"
lr = 1e-3
";

fn load(text: &str) -> Result<Loaded, String> {
    load_text("sweep.toml", "sweep", text.to_owned(), &Overrides::default())
        .map_err(|diagnostics| diagnostics.to_string())
}

fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "the case changes nothing");
    load(&GOOD.replacen(from, to, 1)).map(|_| String::new()).unwrap_err()
}

#[test]
fn a_sample_is_a_sequence_and_the_loss_chooses() {
    let plan = load(GOOD).unwrap().plan;
    let spec = &plan.runs[0].spec;
    assert_eq!((spec.data.context, spec.data.shape()), (64, [1, 1, 64]));
    // 1,071,317 tokens less 60,000: whole sequences of 64 with a token after each.
    assert_eq!(spec.train_samples(), 15_801);
    assert_eq!(spec.steps_per_epoch(), 247);
    assert_eq!(plan.target.metric.to_string(), "loss");
}

#[test]
fn the_context_is_part_of_the_run() {
    let id = |context: &str| {
        let text = GOOD.replace("validation = 60000", &format!("validation = 60000\n{context}"));
        load(&text).unwrap().plan.runs[0].run_id
    };
    assert_eq!(id(""), id("context = 64"));
    assert_ne!(id(""), id("context = 128"));
}

#[test]
fn a_stream_has_whole_steps_alone() {
    let spec = |more: &str| {
        let text = GOOD.replace("validation = 60000", &format!("validation = 60000\n{more}"));
        load(&text).unwrap().plan.runs[0].clone()
    };
    let (windows, stream) = (spec(""), spec("batching = \"stream\""));
    assert_eq!(spec("batching = \"windows\"").run_id, windows.run_id);
    assert_ne!(stream.run_id, windows.run_id);
    assert!(!serde_json::to_string(&windows).unwrap().contains("batching"));
    // 15,801 sequences give 246 steps of 64.
    assert_eq!(stream.spec.train_samples(), 246 * 64);
    assert_eq!(stream.spec.samples_per_epoch(), 246 * 64);
    assert_eq!(stream.spec.steps_per_epoch(), 246);
    // Held-out parts are evaluated in as many lanes: 937 sequences in 14 steps.
    assert_eq!(stream.spec.data.samples(60_000), 14 * 64);
    let mut accumulated = stream.spec;
    accumulated.update.accumulate = 4;
    assert_eq!(accumulated.steps_per_epoch(), 62);
}

#[test]
fn the_problem_of_deepobs_is_read() {
    let text = include_str!("../../../experiments/problems/moby_char_rnn.toml");
    let plan = load(text).unwrap().plan;
    let spec = &plan.runs[0].spec;
    // 1,071,317 tokens: 50 lanes of 428 sequences of 50.
    assert_eq!((plan.runs.len(), spec.steps_per_epoch()), (27, 428));
    assert_eq!(spec.model.dropout(), 0.36);
}

#[test]
fn what_does_not_fit_is_said_at_its_place() {
    let cases = [
        ("a text for an mlp", "kind = \"gpt\"\nlayers = 1\nwidth = 32", "kind = \"mlp\""),
        ("images for a gpt", "\"moby-dick\"\nvalidation = 60000", "\"digits\""),
        (
            "a context of images",
            "\"moby-dick\"\nvalidation = 60000\n\n[model]\nkind = \"gpt\"\nlayers = 1\nwidth = 32",
            "\"digits\"\ncontext = 8\n[model]\nkind = \"mlp\"",
        ),
        ("a context longer than the validation part", "validation = 60000", "validation = 64"),
        (
            "a batch larger than the text",
            "validation = 60000",
            "validation = 60000\nbatch_size = 20000",
        ),
        ("heads that do not divide the width", "width = 32", "width = 30"),
        (
            "a dropout between one layer",
            "kind = \"gpt\"\nlayers = 1",
            "kind = \"lstm\"\ndropout = 0.1\nlayers = 1",
        ),
        (
            "a stream of images",
            "\"moby-dick\"\nvalidation = 60000\n\n[model]\nkind = \"gpt\"\nlayers = 1\nwidth = 32",
            "\"digits\"\nbatching = \"stream\"\n[model]\nkind = \"mlp\"",
        ),
        (
            "a stream that is shuffled",
            "validation = 60000",
            "validation = 60000\nshuffle = \"once\"\nbatching = \"stream\"",
        ),
        (
            "a stream without its last batch",
            "validation = 60000",
            "validation = 60000\nbatching = \"stream\"\ndrop_last = true",
        ),
        (
            "more lanes than the text has sequences",
            "validation = 60000",
            "validation = 60000\nbatching = \"stream\"\nbatch_size = 20000",
        ),
        (
            "lanes that the validation part is too short for",
            "validation = 60000",
            "validation = 4096\nbatching = \"stream\"",
        ),
        ("a vocabulary of a table", "\"moby-dick\"", "{ path = \"a.csv\", vocabulary = \"byte\" }"),
        (
            "labels of a text",
            "\"moby-dick\"",
            "{ path = \"a.txt\", kind = \"text\", labels = \"b\", scaling = \"none\" }",
        ),
        ("another loss", "[model]", "[train]\nloss = \"value\"\n[model]"),
    ];
    let all: Vec<String> =
        cases.iter().map(|(name, from, to)| format!("== {name}\n{}", refused(from, to))).collect();
    insta::assert_snapshot!(all.join("\n"));
}
