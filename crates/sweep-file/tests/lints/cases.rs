//! Cases of the tests of lints.

use spec::lint::Lint;

use crate::{optimizer, own, scheduled};

/// Sweep files that trigger each lint, and similar files that do not.
pub(crate) fn cases(lint: Lint) -> (Vec<String>, Vec<String>) {
    let of = |epochs, all: &[&str]| all.iter().map(|s| scheduled(epochs, s)).collect::<Vec<_>>();
    let keys = |all: &[&str]| all.iter().map(|s| optimizer(s)).collect::<Vec<_>>();
    match lint {
        Lint::CosinePastEnd => (
            of(
                11,
                &[
                    "kind = \"cosine\", t_max = 5",
                    "kind = \"cosine\", t_max = 7, warmup = 2",
                    "kind = \"cosine\", per = \"batch\", t_max = 400",
                    "kind = \"sequential\", milestones = [3], schedules = [{ kind = \"constant\" }, { kind = \"cosine\", t_max = 6 }]",
                ],
            ),
            of(
                11,
                &[
                    "kind = \"cosine\"",
                    "kind = \"cosine\", warmup = 3",
                    "kind = \"cosine\", t_max = 11",
                    // Its lowest rate is that of the last epoch.
                    "kind = \"cosine\", t_max = 10, min_lr = 1e-3",
                    "kind = \"cosine\", t_max = 5, min_lr = 0.1",
                    "kind = \"cosine-restarts\", t_0 = 5",
                    "kind = \"sequential\", milestones = [3], schedules = [{ kind = \"constant\" }, { kind = \"cosine\" }]",
                ],
            ),
        ),
        Lint::OneCycleTooShort => (
            [of(1, &["kind = \"one-cycle\""]), of(3, &["kind = \"one-cycle\""])].concat(),
            [
                of(1, &["kind = \"one-cycle\", per = \"batch\"", "kind = \"one-cycle\", pct_start = 1"]),
                of(4, &["kind = \"one-cycle\""]),
            ]
            .concat(),
        ),
        Lint::WsdTooShort => (
            [
                of(2, &["kind = \"wsd\"", "kind = \"wsd\", decay = 0.6", "kind = \"wsd\", min_factor = 0.5"]),
                of(7, &["kind = \"wsd\"", "kind = \"wsd\", warmup = 2", "kind = \"wsd\", total_iters = 7"]),
                of(1, &["kind = \"wsd\", decay = 1"]),
                of(
                    10,
                    &["kind = \"sequential\", milestones = [5], schedules = [{ kind = \"wsd\" }, { kind = \"cosine\" }]"],
                ),
            ]
            .concat(),
            [
                of(2, &["kind = \"wsd\", decay = 1", "kind = \"wsd\", min_factor = 1"]),
                of(1, &["kind = \"wsd\", per = \"batch\""]),
                // From its end on it is at min_factor.
                of(7, &["kind = \"wsd\", total_iters = 5", "kind = \"wsd\", decay = 0.25"]),
                of(8, &["kind = \"wsd\"", "kind = \"wsd\", total_iters = 20"]),
            ]
            .concat(),
        ),
        Lint::DefaultLength => (
            of(
                15,
                &[
                    "kind = \"linear\"",
                    "kind = \"polynomial\"",
                    "kind = \"linear\", end_factor = 0",
                    "kind = \"sequential\", milestones = [9], schedules = [{ kind = \"linear\" }, { kind = \"cosine\" }]",
                ],
            ),
            [
                of(15, &["kind = \"linear\", total_iters = 5", "kind = \"linear\", total_iters = 15"]),
                of(5, &["kind = \"linear\"", "kind = \"polynomial\""]),
                of(15, &["kind = \"sequential\", milestones = [5], schedules = [{ kind = \"linear\" }, { kind = \"cosine\" }]"]),
                of(15, &["kind = \"linear\", start_factor = 1"]),
            ]
            .concat(),
        ),
        Lint::SchedulePastEnd => (
            of(
                4,
                &[
                    "kind = \"linear\"",
                    "kind = \"polynomial\", total_iters = 9",
                    "kind = \"cosine\", t_max = 9",
                    "kind = \"linear-decay\", total_iters = 9",
                    "kind = \"linear-decay\", total_iters = 4, warmup = 1",
                    "kind = \"wsd\", total_iters = 9",
                    "kind = \"one-cycle\", total_steps = 9",
                    "kind = \"cosine-restarts\", t_0 = 9",
                    "kind = \"step\", step_size = 4",
                    "kind = \"multi-step\", milestones = [2, 4, 9]",
                    "kind = \"multi-step\", milestones = [3], warmup = 1",
                    "kind = \"sequential\", milestones = [2, 9], schedules = [{ kind = \"constant\" }, { kind = \"constant\" }, { kind = \"cosine\" }]",
                ],
            ),
            of(
                4,
                &[
                    "kind = \"linear\", total_iters = 4",
                    "kind = \"cosine\", t_max = 4",
                    "kind = \"linear-decay\"",
                    "kind = \"linear-decay\", total_iters = 4",
                    "kind = \"wsd\", warmup = 2",
                    "kind = \"cosine-restarts\", t_0 = 4",
                    "kind = \"step\", step_size = 3",
                    "kind = \"step\", step_size = 9, gamma = 1",
                    "kind = \"multi-step\", milestones = [2, 3]",
                    "kind = \"multi-step\", milestones = [40], per = \"batch\"",
                    "kind = \"sequential\", milestones = [3], schedules = [{ kind = \"constant\" }, { kind = \"cosine\" }]",
                ],
            ),
        ),
        Lint::WarmupPastEnd => (
            [
                of(6, &["kind = \"cosine\", warmup = 6", "kind = \"wsd\", warmup = 6", "kind = \"constant\", warmup = 228, per = \"batch\""]),
                keys(&["kind = \"schedulefree-sgd\"\nwarmup_steps = 381"]),
            ]
            .concat(),
            [
                of(6, &["kind = \"cosine\", warmup = 5", "kind = \"constant\", warmup = 227, per = \"batch\""]),
                keys(&["kind = \"schedulefree-sgd\"\nwarmup_steps = 380"]),
            ]
            .concat(),
        ),
        Lint::RateZero => (
            of(
                10,
                &[
                    "kind = \"polynomial\", total_iters = 9",
                    "kind = \"linear\", total_iters = 6, end_factor = 0",
                    "kind = \"linear\", total_iters = 10, start_factor = 0",
                    "kind = \"cosine\", t_max = 9",
                    "kind = \"linear-decay\", total_iters = 9",
                    "kind = \"wsd\", total_iters = 9",
                    "kind = \"constant\", warmup = 2, warmup_start = 0",
                    "kind = \"polynomial\", total_iters = 100, per = \"batch\"",
                ],
            ),
            of(
                10,
                &[
                    "kind = \"polynomial\", total_iters = 10",
                    "kind = \"linear\", total_iters = 10, end_factor = 0",
                    "kind = \"linear\", total_iters = 10, start_factor = 0, per = \"batch\"",
                    "kind = \"cosine\"",
                    "kind = \"linear-decay\"",
                    "kind = \"linear-decay\", total_iters = 9, end_factor = 0.1",
                    "kind = \"wsd\"",
                    "kind = \"wsd\", total_iters = 9, min_factor = 0.1",
                    "kind = \"cosine\", t_max = 9, min_lr = 1e-3",
                    "kind = \"constant\", warmup = 2, warmup_start = 0, per = \"batch\"",
                ],
            ),
        ),
        Lint::ScheduleIgnored => (
            keys(&[
                "kind = \"rprop\"\nschedule = { kind = \"cosine\" }",
                "kind = \"rprop\"\nschedule = { kind = \"constant\", warmup = 2 }",
            ]),
            keys(&[
                "kind = \"rprop\"",
                "kind = \"rprop\"\nschedule = { kind = \"constant\" }",
                "kind = \"sgd\"\nschedule = { kind = \"cosine\" }",
            ]),
        ),
        Lint::PatiencePastEnd => {
            let early = |patience: u64| {
                optimizer("kind = \"sgd\"").replace(
                    "[[optimizer]]",
                    &format!("[train.early_stopping]\npatience = {patience}\n[[optimizer]]"),
                )
            };
            (
                [of(12, &["kind = \"plateau\"", "kind = \"plateau\", patience = 8, warmup = 2"]), vec![early(9)]]
                    .concat(),
                [of(13, &["kind = \"plateau\"", "kind = \"plateau\", patience = 8, warmup = 2"]), vec![early(8)]]
                    .concat(),
            )
        }
        Lint::KeyWithoutEffect => (
            keys(&[
                "kind = \"sgd\"\ndampening = 0.5",
                "kind = \"radam\"\ndecoupled_weight_decay = true",
                "kind = \"adan\"\nno_prox = true",
            ]),
            keys(&[
                "kind = \"sgd\"\ndampening = 0.5\nmomentum = 0.9",
                "kind = \"radam\"\ndecoupled_weight_decay = true\nweight_decay = 0.1",
                "kind = \"radam\"\ndecoupled_weight_decay = true\ngroups = [{ params = \"*weight\", weight_decay = 0.1 }]",
            ]),
        ),
        Lint::BeyondFloat32 => (
            keys(&[
                "kind = \"adam\"\neps = 1e-50",
                "kind = \"adam\"\nbeta2 = 0.99999999999",
                "kind = \"sgd\"\nlr = 1e39",
                "kind = \"sgd\"\nclip_norm = 1e-50",
                "kind = \"adamw\"\nlr = 1e-4\nweight_decay = 1e-4",
                "kind = \"sgd\"\nlr = 1e-4\ndecoupled_decay = 1e-4",
            ]),
            keys(&[
                "kind = \"adam\"\neps = 1e-30\nbeta2 = 0.9999999\nlr = 1e30",
                "kind = \"adamw\"\nlr = 1e-3\nweight_decay = 1e-4",
                // Added to the gradient, where 1e-8 is a number.
                "kind = \"adam\"\nlr = 1e-4\nweight_decay = 1e-4",
                // Compared in 64 bits.
                "kind = \"lbfgs\"\naccumulate = 38\ntolerance_grad = 1e-50",
                "kind = \"sgd\"\nmomentum = 0.9\ndampening = 0.99999999999",
            ]),
        ),
        Lint::MuonWithoutMatrices => {
            let function = |kind: &str| {
                format!(
                    "[model]\nkind = \"function\"\nfunction = \"beale\"\n[[optimizer]]\nkind = \"{kind}\"\n"
                )
            };
            (vec![function("muon")], vec![function("adamw"), optimizer("kind = \"muon\"")])
        }
        Lint::NoValidation => {
            let without = |text: String| text.replace("validation = 237\n", "");
            let two = optimizer("kind = \"sgd\"\nlr = [0.1, 0.2]");
            let target = "[target]\nmetric = \"train.loss\"\n[[optimizer]]";
            (
                vec![without(two.clone()), two.replace("237", "0")],
                vec![
                    two.clone(),
                    // Nothing is chosen, or the file names the metric.
                    without(optimizer("kind = \"sgd\"")),
                    without(two.replace("[[optimizer]]", target)),
                ],
            )
        }
        Lint::TargetOnTest => {
            let on = |split: &str| {
                let target = format!("[target]\nmetric = \"{split}.accuracy\"\n[[optimizer]]");
                optimizer("kind = \"sgd\"").replace("[[optimizer]]", &target)
            };
            (vec![on("test")], vec![on("validation")])
        }
        Lint::SaveNotJudged => {
            let keeping = |save: &str, at: &str| {
                let target = format!("[target]\nmetric = \"validation.loss\"\nat = \"{at}\"\n[[optimizer]]");
                let text = optimizer("kind = \"sgd\"").replace("[[optimizer]]", &target);
                text.replace("epochs = 10\n", &format!("epochs = 10\nsave = \"{save}\"\n"))
            };
            (vec![keeping("last", "best")], vec![keeping("best", "best"), keeping("last", "last")])
        }
        Lint::UnevenGrowth => {
            let of = |growth: &str| {
                optimizer(&format!(
                    "kind = \"sgd\"\nlr = {{ values = [0.1, 0.2], extend = {{ at_most = 2 }} }}\n\
                     [[optimizer]]\nkind = \"adam\"\nlr = {{ values = [0.1, 0.2]{growth} }}"
                ))
            };
            let extend = |n: u64| of(&format!(", extend = {{ at_most = {n} }}"));
            (vec![of(""), extend(1)], vec![extend(2)])
        }
        Lint::ExcludeWithoutMatch => {
            let of = |lr: &str| {
                optimizer(&format!(
                    "kind = \"sgd\"\nlr = [0.1, 0.2]\n[[exclude]]\noptimizer.lr = {lr}"
                ))
            };
            (vec![of("0.3")], vec![of("0.2")])
        }
        Lint::DataConstantColumn
        | Lint::DataCopiedTarget
        | Lint::DataIndexColumn
        | Lint::DataSmallPart
        | Lint::DataMissingClass
        | Lint::DataUnevenParts => {
            (vec![own(&format!("{lint}.csv"))], vec![own("sound.csv"), optimizer("kind = \"sgd\"")])
        }
    }
}
