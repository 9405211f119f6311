//! Tests of the diagnostics of invalid sweep files: one snapshot per case.

use std::path::Path;

use sweep_file::{Overrides, load, load_text};

const GOOD: &str = "\
[data]
dataset = \"digits\"
validation = 237

[model]
kind = \"mlp\"

[[optimizer]]
kind = \"sgd\"
lr = 0.1

[[optimizer]]
kind = \"adam\"
lr = [1e-3, 1e-2]
";

fn shown(text: &str, set: &[&str], environment: &[(&str, &str)]) -> String {
    let overrides = Overrides {
        set: set.iter().map(|s| (*s).to_owned()).collect(),
        environment: environment.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        ..Overrides::default()
    };
    match load_text("sweep.toml", "sweep", text.to_owned(), &overrides) {
        Ok(loaded) => format!("loaded, {} runs\n{}", loaded.plan.runs.len(), loaded.warnings),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

macro_rules! cases {
    ($($name:ident: $from:expr => $to:expr;)+) => {$(
        #[test]
        fn $name() {
            let from: &str = $from;
            assert!(GOOD.contains(from), "the case changes nothing");
            insta::assert_snapshot!(stringify!($name), shown(&GOOD.replacen(from, $to, 1), &[], &[]));
        }
    )+};
}

cases! {
    cnn_of_too_many_poolings: "kind = \"mlp\"" => "kind = \"cnn\"\nchannels = [6, 16, 32, 64]";
    cnn_of_padding_alone: "kind = \"mlp\"" => "kind = \"cnn\"\nkernel = 3\npadding = 3";
    cnn_of_no_convolution: "kind = \"mlp\"" => "kind = \"cnn\"\nchannels = { values = [[]] }";
    gpt_of_images: "kind = \"mlp\"" => "kind = \"gpt\"";
    lstm_of_images: "kind = \"mlp\"" => "kind = \"lstm\"\nwidth = 32";
    lbfgs_with_dropout: "kind = \"mlp\"" => "kind = \"mlp\"\ndropout = 0.1\n[[optimizer]]\nkind = \"lbfgs\"\naccumulate = 1000000";
    plateau_on_an_accuracy_of_values: "\"digits\"\nvalidation = 237" => "\"diabetes\"\nvalidation = 54\n[train]\nloss = \"mse\"\n[[optimizer]]\nlabel = \"p\"\nkind = \"sgd\"\nschedule = { kind = \"plateau\", metric = \"validation.accuracy\" }";
    augment_of_measurements: "\"digits\"\nvalidation = 237" => "\"diabetes\"\nvalidation = 54\naugment = { flip = true }\n[train]\nloss = \"mse\"";
    augment_of_nothing_left: "validation = 237" => "validation = 237\naugment = { crop = 8 }";
    augment_misspelt: "validation = 237" => "validation = 237\naugment = { corp = 2, flip = 1 }";
    augment_as_a_word: "validation = 237" => "validation = 237\naugment = \"flip\"";
    augment_with_lbfgs: "validation = 237" => "validation = 237\naugment = { flip = true }\n[[optimizer]]\nkind = \"lbfgs\"\naccumulate = 1000000";
    dropout_of_everything: "kind = \"mlp\"" => "kind = \"mlp\"\ndropout = 1.0";
    loss_of_classes_for_values: "\"digits\"" => "\"diabetes\"";
    loss_without_answers: "[model]" => "[train]\nloss = \"value\"\n[model]";
    metrics_unknown: "[model]" => "[train]\nmetrics = [\"top5_acuracy\", \"f1\", \"f1\"]\n[model]";
    unknown_table: "[model]" => "[modle]\nkind = \"mlp\"\n[model]";
    unknown_key: "lr = 0.1" => "lr = 0.1\nmomentun = 0.9";
    key_of_another_optimizer: "lr = [1e-3, 1e-2]" => "lr = 1e-3\nmomentum = 0.9";
    wrong_type: "lr = 0.1" => "lr = \"fast\"";
    empty_axis: "[1e-3, 1e-2]" => "[]";
    learning_rate_not_positive: "lr = 0.1" => "lr = [0.1, 0, -1]";
    learning_rate_not_finite: "lr = 0.1" => "lr = [nan, inf]";
    value_twice: "[1e-3, 1e-2]" => "[1e-3, 0.001]";
    duplicate_label: "kind = \"adam\"" => "kind = \"adam\"\nlabel = \"sgd\"";
    duplicate_runs: "kind = \"adam\"\nlr = [1e-3, 1e-2]" => "kind = \"sgd\"\nlabel = \"again\"\nlr = [0.1, 0.2]";
    seeds_negative: "[model]" => "[repeat]\nseeds = [0, -1]\n[model]";
    seeds_repeated: "[model]" => "[repeat]\nseeds = [4, 4]\n[model]";
    lbfgs_on_small_batches: "kind = \"sgd\"" => "kind = \"lbfgs\"";
    schedule_free_without_momentum: "kind = \"sgd\"" => "kind = \"schedulefree-sgd\"\nmomentum = 0.0";
    batch_larger_than_split: "validation = 237" => "validation = 237\nbatch_size = 1201";
    validation_larger_than_split: "validation = 237" => "validation = 1437";
    unknown_dataset: "digits" => "digit";
    unknown_model: "\"mlp\"" => "\"cnm\"";
    unknown_optimizer: "\"adam\"" => "\"adem\"";
    unknown_schedule: "lr = 0.1" => "lr = 0.1\nschedule = { kind = \"cosin\" }";
    schedule_as_text: "lr = 0.1" => "lr = 0.1\nschedule = \"cosine\"";
    min_lr_above_lr: "lr = 0.1" => "lr = [0.1, 0.5]\nschedule = { kind = \"cosine\", min_lr = 0.2 }";
    nesterov_without_momentum: "lr = 0.1" => "lr = 0.1\nnesterov = true";
    rprop_that_could_not_work: "kind = \"sgd\"\nlr = 0.1" => "kind = \"rprop\"\neta_minus = [0.0, 0.5]\neta_plus = [1.0, 1.2]\nstep_max = [1e-7, 1.0]";
    adafactor_eps1_that_squares_to_zero: "kind = \"sgd\"\nlr = 0.1" => "kind = \"adafactor\"\neps1 = [0.0, 1e-30, 1e-10]";
    muon_rate_unknown: "kind = \"sgd\"\nlr = 0.1" => "kind = \"muon\"\nadjust_lr_fn = \"spectral\"\nns_steps = 100";
    unknown_metric: "[model]" => "[target]\nmetric = \"validation.acuracy\"\n[model]";
    target_without_validation: "validation = 237" => "validation = 0\n[target]\nmetric = \"validation.loss\"";
    target_on_test: "[model]" => "[target]\nmetric = \"test.accuracy\"\n[model]";
    zip_lengths: "lr = 0.1" => "lr = { values = [0.1, 0.2], zip = \"a\" }\nmomentum = { values = [0.5, 0.6, 0.9], zip = \"a\" }";
    grid_without_points: "lr = 0.1" => "lr = { log = [1e-3, 1e0] }";
    grid_from_zero: "lr = 0.1" => "lr = { log = [0, 1], points = 3 }";
    grid_unknown_key: "lr = 0.1" => "lr = { log = [1e-3, 1e0], point = 3 }";
    exclude_matches_nothing: "[model]" => "[[exclude]]\noptimizer.lr = 7\n[model]";
    exclude_matches_everything: "[model]" => "[[exclude]]\ndata.batch_size = 64\n[model]";
    exclude_unknown_path: "[model]" => "[[exclude]]\noptimizer.lrr = 7\n[model]";
    unknown_device: "[model]" => "[devices]\npool = [\"cuda:0\"]\n[model]";
    mixed_devices: "[model]" => "[devices]\npool = [\"libtorch:cpu\", \"libtorch:cuda:0\"]\n[model]";
    name_with_separator: "[data]" => "name = \"../x\"\n[data]";
    name_reserved: "[data]" => "name = \"gallery\"\n[data]";
    no_optimizer: "[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n\n[[optimizer]]\nkind = \"adam\"\nlr = [1e-3, 1e-2]\n" => "";
    optimizer_as_table: "[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n\n[[optimizer]]\nkind = \"adam\"" => "[optimizer]\nkind = \"adam\"";
    not_toml: "lr = 0.1" => "lr = = 0.1\nx";
    too_many_runs: "lr = 0.1" => "lr = { log = [1e-9, 1e0], points = 1000000 }\nmomentum = { linear = [0.1, 0.9], points = 1000 }";
    epochs_without_bound: "[model]" => "[train]\nepochs = 700000000000000000\n[model]";
    seeds_beyond_the_last: "[model]" => "[repeat]\nseeds = { count = 5, base = 9223372036854775805 }\n[model]";
    label_of_no_character: "kind = \"adam\"" => "kind = \"adam\"\nlabel = \"\\u0000\"";
    slots_without_bound: "[model]" => "[devices]\npool = [{ device = \"flex\", slots = 1000000000 }]\n[model]";
    threads_as_a_word: "[model]" => "[devices]\nthreads_per_run = \"fast\"\n[model]";
    threads_almost_auto: "[model]" => "[devices]\nthreads_per_run = \"auto \"\n[model]";
    threads_as_quoted_number: "[model]" => "[devices]\nthreads_per_run = \"4\"\n[model]";
    threads_none: "[model]" => "[devices]\nthreads_per_run = 0\n[model]";
    threads_without_bound: "[model]" => "[devices]\nthreads_per_run = 99999999999999999999\n[model]";
    threads_not_whole: "[model]" => "[devices]\nthreads_per_run = 1.5\n[model]";
    threads_as_a_list: "[model]" => "[devices]\nthreads_per_run = [1, 2]\n[model]";
    fast_path_as_a_word: "[model]" => "[devices]\nfast_path = \"off\"\n[model]";
    errors_by_the_thousand: "validation = 237" => "validation = 237\nbatch_size = { linear = [1, 1e8], points = 5000 }";
    random_without_samples: "lr = 0.1" => "lr = { random = { log = [1e-3, 1e0] } }";
    random_without_a_range: "lr = 0.1" => "lr = { random = { }, samples = 3 }";
    random_with_zip: "lr = 0.1" => "lr = { random = { log = [1e-3, 1e0] }, samples = 3, zip = \"a\" }";
    random_misspelt: "lr = 0.1" => "lr = { random = { lgo = [1e-3, 1e0] }, sample = 3 }";
    random_out_of_range: "lr = 0.1" => "lr = { random = { linear = [-1, 1] }, samples = 3 }";
    random_of_too_few_values: "lr = 0.1" => "lr = 0.1\nnesterov = { random = { values = [false] }, samples = 2 }";
    random_counts_differ: "lr = [1e-3, 1e-2]" => "lr = { random = { log = [1e-4, 1e0] }, samples = 3 }\n[[optimizer]]\nkind = \"rmsprop\"\nlr = { random = { log = [1e-4, 1e0] }, samples = 4 }";
    epochs_as_an_axis: "[model]" => "[train]\nepochs = [1, 2]\n[model]";
    timeout_without_unit: "[model]" => "[train]\ntimeout = \"90\"\n[model]";
    figure_unknown: "[model]" => "[report]\nfigures = [\"convergence\", \"lr-sensitivty\"]\n[model]";
    figure_twice: "[model]" => "[report]\nfigures = [\"final\", \"final\"]\n[model]";
    figures_as_text: "[model]" => "[report]\nfigures = \"all\"\n[model]";
    regress_settings_wrong: "[model]" => "[regress]\nlevel = 0\nmetrics = [\"test_los\"]\nmin_effect = { test_accuracy = 2, train_loss = -1, lr = 0.1 }\nmetric = 1\n[model]";
    regress_of_nothing: "[model]" => "[regress]\nmetrics = []\nmin_effect = 0.1\n[model]";
    report_settings_wrong: "[model]" => "[report]\nband = \"sd\"\ntolerance = 2\nmin_effect = -1\nfigure = []\n[model]";
    timeout_not_positive: "[model]" => "[train]\ntimeout = 0\n[model]";
    save_unknown: "[model]" => "[train]\nsave = \"all\"\n[model]";
    checkpoint_every_negative: "[model]" => "[train]\ncheckpoint_every = -1\n[model]";
    early_stopping_unknown_key: "[model]" => "[train.early_stopping]\npatiense = 3\n[model]";
    early_stopping_as_a_number: "[model]" => "[train]\nearly_stopping = 3\n[model]";
    early_stopping_of_no_epochs: "[model]" => "[train.early_stopping]\npatience = 0\n[model]";
    early_stopping_without_validation: "validation = 237" => "validation = 0\n[train.early_stopping]\npatience = 2";
    stop_without_a_value: "[model]" => "[target]\nmetric = \"validation.accuracy\"\nstop = true\n[model]";
    stop_at_a_test_metric: "[model]" => "[target]\nmetric = \"test.accuracy\"\nvalue = 0.9\nstop = true\n[model]";
    best_epoch_of_the_training_loss: "[model]" => "[target]\nmetric = \"train.loss\"\nat = \"best\"\n[model]";
    best_epoch_of_a_run_that_stops: "[model]" => "[target]\nmetric = \"validation.loss\"\nvalue = 0.5\nstop = true\nat = \"best\"\n[model]";
    claim_of_nothing: "[model]" => "[claim]\nlevel = 0.05\n[model]";
    claim_without_a_level: "[model]" => "[repeat]\nseeds = [0, 1]\n[claim]\ntarget = 0.9\n[model]";
    claim_at_no_level: "[model]" => "[claim]\ntarget = 0.9\nlevel = 0.6\ntest = \"f\"\nepoch = 0\nvalue = 1\n[model]";
    claim_in_per_cent: "[model]" => "[claim]\ntarget = 97\nlevel = 0.05\n[model]";
    claim_above_all_accuracies: "[model]" => "[claim]\ntarget = 1.0\nlevel = 0.05\n[model]";
    claim_that_nothing_can_miss: "[model]" => "[claim]\ntarget = -0.1\nlevel = 0.05\n[model]";
    claim_of_a_negative_loss: "[model]" => "[claim]\nmetric = \"test.loss\"\ntarget = -0.5\nlevel = 0.05\n[model]";
    claim_by_z_without_a_deviation: "[model]" => "[claim]\ntarget = 0.9\nlevel = 0.05\ntest = \"z\"\n[model]";
    claim_by_t_with_a_deviation: "[model]" => "[claim]\ntarget = 0.9\nlevel = 0.05\nsd = 0.01\n[model]";
    claim_of_one_seed: "[model]" => "[claim]\ntarget = 0.9\nlevel = 0.05\n[model]";
    claim_by_signs_of_four_seeds: "[model]" => "[repeat]\nseeds = { count = 4 }\n[claim]\ntarget = 0.9\nlevel = 0.05\ntest = \"sign\"\n[model]";
    claim_where_seeds_end_early: "[model]" => "[train]\nepochs = 9\nearly_stopping = { patience = 2 }\n[claim]\ntarget = 0.9\nlevel = 0.05\n[model]";
    claim_at_an_epoch_not_surely_reached: "[model]" => "[train]\nepochs = 9\nearly_stopping = { patience = 2 }\n[claim]\ntarget = 0.9\nlevel = 0.05\nepoch = 3\n[model]";
    claim_where_seeds_end_at_the_target: "[model]" => "[target]\nmetric = \"validation.accuracy\"\nvalue = 0.9\nstop = true\n[claim]\ntarget = 0.9\nlevel = 0.05\nepoch = 2\n[model]";
    claim_past_the_last_epoch: "[model]" => "[claim]\ntarget = 0.9\nlevel = 0.05\nepoch = 6\n[model]";
    claim_on_validation_without_any: "validation = 237" => "validation = 0\n[claim]\nmetric = \"validation.loss\"\ntarget = 0.9\nlevel = 0.05";
    claim_of_an_accuracy_of_values: "\"digits\"\nvalidation = 237" => "\"diabetes\"\nvalidation = 54\n[train]\nloss = \"mse\"\n[claim]\nmetric = \"test.accuracy\"\ntarget = 0.9\nlevel = 0.05";
    claim_as_a_number: "[data]" => "claim = 0.9\n[data]";
    target_at_no_epoch: "[model]" => "[target]\nmetric = \"validation.loss\"\nat = \"first\"\n[model]";
    own_data_of_no_format: "\"digits\"" => "{ kind = \"csvv\", path = \"x.csv\" }";
    own_data_without_a_path: "\"digits\"" => "{ kind = \"csv\" }";
    own_data_without_labels: "\"digits\"" => "{ kind = \"npy\", path = \"x.npy\" }";
    own_data_with_needless_keys: "\"digits\"" => "{ kind = \"csv\", path = \"x.csv\", labels = \"y.csv\", test_path = \"t.csv\", test = 5 }";
    own_data_unknown_key: "\"digits\"" => "{ kind = \"csv\", path = \"x.csv\", scale = \"none\" }";
    own_data_unknown_scaling: "\"digits\"" => "{ kind = \"csv\", path = \"x.csv\", scaling = \"minmax\" }";
    own_data_with_keys_of_another_format: "\"digits\"" => "{ path = \"x.npz\", labels = \"y\", leave_out = [1], separator = \";\", test_path = \"t.npz\" }";
    own_data_with_columns_that_are_none: "\"digits\"" => "{ path = \"x.csv\", label = 0, leave_out = [1.5, \"a\", \"a\"], separator = \"ab\", header = 1, missing = \"zero\" }";
    own_data_with_a_label_and_a_target: "\"digits\"" => "{ path = \"x.csv\", label = \"a\", target = \"b\" }";
    own_data_split_that_is_none: "\"digits\"" => "{ path = \"x.csv\", split = { test = 1.5, valid = 0.1 } }";
    own_data_split_twice: "\"digits\"" => "{ path = \"x.csv\", test = 5, split = { test = 0.5, validation = 0.5 } }";
    own_data_seed_of_no_split: "\"digits\"" => "{ path = \"x.csv\", split_seed = 3 }";
    own_data_arrays_that_lack_one: "\"digits\"" => "{ path = \"x.npz\", arrays = { inputs = \"x\", test_labels = \"t\" } }";
    own_data_that_cannot_be_used: "\"digits\"" => "{ kind = \"csv\", path = \"absent.csv\" }";
    seeds_not_whole: "[model]" => "[repeat]\nseeds = [0.5]\n[model]";
    several_at_once: "validation = 237" => "validation = -1\nbatch_sise = 3\ndrop_last = 1";
}

#[test]
fn overrides_are_explained_at_their_own_place() {
    let set = [
        "train.epochs=0",
        "optimizer.adm.lr=1e-3",
        "optimizer.sgd.lr=[",
        "epochs",
        "data.validation=many",
    ];
    let environment = [("SWEEP__TRAIN__LOSS", "hinge"), ("SWEEP__NOTHING", "1")];
    insta::assert_snapshot!(shown(GOOD, &set, &environment));
}

/// A list of lists has the same help everywhere, and its suggestion is valid.
#[test]
fn lists_of_widths_are_an_axis() {
    let file = GOOD.replace("kind = \"mlp\"", "kind = \"mlp\"\nhidden = [[64],\n  [128, 64]]");
    let set = "model.hidden=[[64], [128, 64]]";
    let environment = [("SWEEP__MODEL__HIDDEN", "[[64], [128, 64]]")];
    let help = "{ values = [[64], [128, 64]] }";
    for text in [shown(&file, &[], &[]), shown(GOOD, &[set], &[]), shown(GOOD, &[], &environment)] {
        assert_eq!(text.matches("error: ").count(), 1, "{text}");
        assert!(text.contains("expected list of whole numbers, found a list of lists"), "{text}");
        assert!(text.contains(&format!("to try each list in turn: {help}")), "{text}");
    }
    let text = shown(GOOD, &[&format!("model.hidden={help}")], &[]);
    assert!(text.starts_with("loaded, 6 runs"), "{text}");
}

/// Metrics and losses of classes are refused for real values.
#[test]
fn values_are_no_classes() {
    let text = |train: &str, rest: &str| {
        format!(
            "[data]\ndataset = \"diabetes\"\nvalidation = 54\n[model]\nkind = \"linear\"\n[train]\nloss = \"mse\"\n{train}\n{rest}\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n"
        )
    };
    let all = [
        text("metrics = [\"f1\"]", ""),
        text("", "[target]\nmetric = \"validation.accuracy\""),
        text("", "[train.early_stopping]\nmetric = \"validation.f1\""),
        text("", "").replace("mse", "bce"),
        text("", "[target]\nmetric = \"validation.loss\""),
    ];
    let all: Vec<String> = all.iter().map(|text| shown(text, &[], &[])).collect();
    insta::assert_snapshot!(all.join("\n----\n"));
}

#[test]
fn files_that_are_no_sweep_file() {
    let folder = std::env::temp_dir().join(format!("sweep-diagnostics-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let huge = at("huge.toml", b"");
    std::fs::File::options().write(true).open(&huge).unwrap().set_len(100 << 20).unwrap();
    let cases = [
        folder.join("absent.toml"),
        folder.clone(),
        at("latin1.toml", b"# \xe9"),
        huge,
        at("My Sweep.toml", GOOD.as_bytes()),
    ];
    let mut out = String::new();
    for path in &cases {
        let text = load(Path::new(path), &Overrides::default()).unwrap_err().to_string();
        out.push_str(&text.replace(&folder.display().to_string(), "FOLDER"));
    }
    std::fs::remove_dir_all(&folder).unwrap();
    insta::assert_snapshot!(out);
}
