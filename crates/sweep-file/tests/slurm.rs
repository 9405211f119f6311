//! Tests of `[slurm]`: values, layers, and diagnostics.

use proptest::prelude::*;
use spec::slurm::{RunsPerTask, SlurmSettings};
use sweep_file::{Loaded, Overrides, load_text};

const BASE: &str = "\
[data]
dataset = \"digits\"
validation = 237
[model]
kind = \"mlp\"
[[optimizer]]
kind = \"sgd\"
lr = 0.1
";

/// The layers below and above the sweep file.
#[derive(Clone, Copy, Default)]
struct Layers<'a> {
    user: Option<&'a str>,
    environment: &'a [(&'a str, &'a str)],
    set: &'a [&'a str],
}

impl Layers<'_> {
    fn overrides(self) -> Overrides {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Overrides {
            user: self.user.map(|text| ("~/.config/sweep/config.toml".to_owned(), text.to_owned())),
            environment: self.environment.iter().map(pair).collect(),
            set: self.set.iter().map(|s| (*s).to_owned()).collect(),
            smoke: false,
        }
    }

    fn load(self, text: &str) -> Loaded {
        load_text("sweep.toml", "sweep", text.to_owned(), &self.overrides())
            .unwrap_or_else(|e| panic!("{e}"))
    }

    fn problems(self, text: &str) -> String {
        match load_text("sweep.toml", "sweep", text.to_owned(), &self.overrides()) {
            Ok(loaded) => format!("loaded: {:?}\n{}", loaded.slurm, loaded.warnings),
            Err(diagnostics) => diagnostics.to_string(),
        }
    }
}

/// Returns the settings of a sweep file that ends with `[slurm]` and these lines.
fn slurm(lines: &str) -> SlurmSettings {
    Layers::default().load(&format!("{BASE}[slurm]\n{lines}\n")).slurm
}

#[test]
fn every_key_is_read_and_none_is_needed() {
    let all = slurm(
        r#"partition = "gpu,long"
account = "lab"
time = "2h"
mem = "4g"
cpus = 8
gpus = 2
max_parallel = 50
runs_per_task = 20
setup = ["module load cuda", "", "source venv/bin/activate  # mine"]
extra = ["--exclude=n7", "-N1"]
poll_seconds = 60
check_folder = false"#,
    );
    let expected = SlurmSettings {
        partition: Some("gpu,long".to_owned()),
        account: Some("lab".to_owned()),
        time: Some(7_200),
        mem: Some("4G".to_owned()),
        cpus: 8,
        gpus: 2,
        max_parallel: Some(50),
        runs_per_task: RunsPerTask::Number(20),
        setup: ["module load cuda", "", "source venv/bin/activate  # mine"]
            .map(str::to_owned)
            .to_vec(),
        extra: vec!["--exclude=n7".to_owned(), "-N1".to_owned()],
        poll_seconds: 60,
        check_folder: false,
    };
    assert_eq!(all, expected);
    assert_eq!(slurm(""), SlurmSettings::default());
    assert_eq!(Layers::default().load(BASE).slurm, SlurmSettings::default());
    let auto = "runs_per_task = \"auto\"\nsetup = []\nextra = []";
    assert_eq!(slurm(auto), SlurmSettings::default());
}

/// Every setting is read and is documented in SWEEP_FILE.md.
#[test]
fn every_setting_is_a_key_and_stands_in_the_reference() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/SWEEP_FILE.md");
    let document = std::fs::read_to_string(document).unwrap();
    let settings = serde_json::to_value(SlurmSettings::default()).unwrap();
    let fields: Vec<&String> = settings.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 12);
    for field in fields {
        let wrong = Layers::default().problems(&format!("{BASE}[slurm]\n{field} = {{}}\n"));
        assert!(wrong.contains("error") && !wrong.contains("has no key"), "{field}: {wrong}");
        assert!(document.contains(&format!("\n| `{field}` | ")), "SWEEP_FILE.md lacks {field}");
    }
}

/// The example of a user's configuration in the reference can be read.
#[test]
fn the_example_of_the_reference_is_a_configuration() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/SWEEP_FILE.md");
    let document = std::fs::read_to_string(document).unwrap();
    let (_, rest) = document.split_once("```toml\n[slurm]\n").unwrap();
    let (lines, _) = rest.split_once("```").unwrap();
    let text = format!("[slurm]\n{lines}");
    let got = Layers { user: Some(&text), ..Layers::default() }.load(BASE).slurm;
    assert_eq!((got.partition.as_deref(), got.setup.len()), (Some("gpu"), 1));
}

#[test]
fn the_ends_of_the_ranges_are_inside() {
    let low = slurm(
        "cpus = 1\ngpus = 0\nmax_parallel = 1\nruns_per_task = 1\npoll_seconds = 1\ntime = \"1\"\nmem = \"0\"",
    );
    assert_eq!((low.cpus, low.gpus, low.max_parallel, low.poll_seconds), (1, 0, Some(1), 1));
    assert_eq!((low.runs_per_task, low.time), (RunsPerTask::Number(1), Some(60)));
    assert_eq!(low.mem.as_deref(), Some("0"));
    let high = slurm(
        "cpus = 4096\ngpus = 64\nmax_parallel = 100000\nruns_per_task = 1000000\npoll_seconds = 3600\ntime = \"365d\"",
    );
    assert_eq!((high.cpus, high.gpus, high.poll_seconds), (4_096, 64, 3_600));
    assert_eq!(high.max_parallel, Some(100_000));
    assert_eq!((high.runs_per_task, high.time), (RunsPerTask::Number(1_000_000), Some(31_536_000)));
}

#[test]
fn times_are_slurms_or_have_a_unit() {
    for (text, seconds) in [
        ("30", 1_800),
        ("30m", 1_800),
        ("90:30", 5_430),
        ("90s", 90),
        ("1.5h", 5_400),
        ("60.2s", 61),
        ("1-12", 129_600),
        ("0-00:30:00", 1_800),
    ] {
        assert_eq!(slurm(&format!("time = \"{text}\"")).time, Some(seconds), "{text}");
    }
}

/// Quotes a text as a TOML string.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap().replace('\u{7f}', "\\u007f")
}

proptest! {
    /// The time that Slurm gets is at least the requested one, and less than a minute more.
    #[test]
    fn the_time_survives_its_flag(seconds in 60u64..=365 * 86_400) {
        let settings = SlurmSettings { time: Some(seconds), ..SlurmSettings::default() };
        let flag = settings.time_flag().unwrap();
        let again = slurm(&format!("time = \"{flag}\""));
        let back = again.time.unwrap();
        prop_assert!(seconds <= back && back < seconds + 60, "{seconds} -> {flag} -> {back}");
        prop_assert_eq!(again.time_flag().unwrap(), flag);
        prop_assert_eq!(slurm(&format!("time = \"{seconds}s\"")).time, Some(seconds));
    }

    #[test]
    fn nonsense_is_refused_without_a_panic(key in 0usize..12, value in "\\PC{0,24}", quote: bool) {
        let keys = ["partition", "account", "time", "mem", "cpus", "gpus", "max_parallel",
            "runs_per_task", "setup", "extra", "poll_seconds", "check_folder"];
        let line = match quote {
            true => format!("{} = {}", keys[key], quoted(&value)),
            false => format!("{} = {value}", keys[key]),
        };
        let text = format!("{BASE}[slurm]\n{line}\n");
        let overrides = Overrides { user: Some(("u".to_owned(), line)), ..Overrides::default() };
        let _ = load_text("x.toml", "x", text, &overrides);
    }

    /// Every accepted text is valid in a flag or in a line of a script.
    #[test]
    fn what_passes_holds_no_control_character(value in "(--?)?[a-zA-Z0-9=:. \u{0}-\u{1f}\u{7f}]{0,12}") {
        for key in ["partition", "account", "time", "mem", "setup", "extra"] {
            let text = quoted(&value);
            let given = if ["setup", "extra"].contains(&key) { format!("[{text}]") } else { text };
            let text = format!("{BASE}[slurm]\n{key} = {given}\n");
            let loaded = load_text("x.toml", "x", text, &Overrides::default());
            prop_assert!(loaded.is_err() || !value.contains(char::is_control), "{key} {value:?}");
        }
    }
}

#[test]
fn later_layers_win_key_by_key() {
    let user = "[slurm]\npartition = \"user\"\naccount = \"user\"\ncpus = 2\ngpus = 2\nsetup = [\"a\", \"b\"]\n";
    let file = format!(
        "{BASE}[slurm]\naccount = \"file\"\ncpus = 3\ngpus = 3\nmem = \"3G\"\nsetup = [\"c\"]\n"
    );
    let layers = Layers {
        user: Some(user),
        environment: &[
            ("SWEEP__SLURM__CPUS", "4"),
            ("SWEEP__SLURM__GPUS", "4"),
            ("SWEEP__SLURM__TIME", "4h"),
        ],
        set: &["slurm.gpus=5", "slurm.max_parallel=5"],
    };
    let loaded = layers.load(&file);
    let got = loaded.slurm;
    let names = (got.partition.as_deref(), got.account.as_deref(), got.mem.as_deref());
    assert_eq!(names, (Some("user"), Some("file"), Some("3G")));
    assert_eq!((got.cpus, got.gpus, got.time, got.max_parallel), (4, 5, Some(14_400), Some(5)));
    assert_eq!(got.setup, ["c"], "a list is one value");
    // The user's configuration is not an override of this sweep.
    assert_eq!(loaded.plan.overrides.len(), 5);
    let user_alone = Layers { user: Some(user), ..Layers::default() }.load(BASE);
    assert_eq!((user_alone.slurm.cpus, user_alone.slurm.setup.len()), (2, 2));
    assert_eq!(user_alone.plan.overrides, Layers::default().load(BASE).plan.overrides);
}

#[test]
fn words_of_the_command_line_need_no_quotes() {
    let environment = [("SWEEP__SLURM__PARTITION", "gpu"), ("SWEEP__SLURM__MEM", "4G")];
    let set = ["slurm.account=lab", "slurm.time=1-12:30", "slurm.runs_per_task=auto"];
    let got = Layers { user: None, environment: &environment, set: &set }.load(BASE).slurm;
    let names = (got.partition.as_deref(), got.account.as_deref(), got.mem.as_deref());
    assert_eq!(names, (Some("gpu"), Some("lab"), Some("4G")));
    assert_eq!(got.time, Some(131_400));
    let list = ["slurm.extra=[\"--exclude=n7\", \"--qos=long\"]"];
    let got = Layers { set: &list, ..Layers::default() }.load(BASE).slurm;
    assert_eq!(got.extra, ["--exclude=n7", "--qos=long"]);
}

/// Neither layer of `[slurm]` is part of a run or of a plan.
#[test]
fn no_plan_is_changed() {
    let lines = "[slurm]\npartition = \"gpu\"\ncpus = 4\nextra = [\"--exclude=n7\"]\n";
    let json = |loaded: &Loaded| {
        let mut plan = loaded.plan.clone();
        plan.text = String::new();
        serde_json::to_string(&plan).unwrap()
    };
    let without = Layers::default().load(BASE);
    let in_file = Layers::default().load(&format!("{BASE}{lines}"));
    let in_front = Layers::default().load(&format!("{lines}{BASE}"));
    let by_user = Layers { user: Some(lines), ..Layers::default() }.load(BASE);
    for with in [&in_file, &in_front, &by_user] {
        assert_eq!(json(with), json(&without));
        assert_eq!(with.slurm, in_file.slurm);
    }
    assert_ne!(without.slurm, in_file.slurm);
    assert_eq!(by_user.plan.text, BASE);
}

macro_rules! wrong {
    ($($name:ident: $lines:expr;)+) => {$(
        #[test]
        fn $name() {
            let shown = Layers::default().problems(&format!("[slurm]\n{}\n{BASE}", $lines));
            assert!(shown.contains("error"), "{shown}");
            insta::assert_snapshot!(stringify!($name), shown);
        }
    )+};
}

wrong! {
    unknown_keys: "particion = \"gpu\"\nmax_paralel = 5\ncount = 3\n\"\\u0000\" = 1\ncpus = 2";
    names_that_are_none: "partition = \"\"\naccount = \"my lab\"";
    partition_with_a_blank: "partition = \"gpu, long\"\naccount = 7";
    time_as_a_number: "time = 30";
    time_as_a_larger_number: "time = 3600";
    time_as_a_fraction: "time = 0.5";
    time_without_quotes: "time = 00:30:00";
    time_as_a_list: "time = [\"30m\"]";
    time_that_is_none: "time = \"half an hour\"";
    time_with_too_many_minutes: "time = \"1:75:00\"";
    time_unlimited: "time = \"UNLIMITED\"";
    time_of_half_a_minute: "time = \"00:30\"";
    time_too_short: "time = \"30s\"";
    time_too_long: "time = \"365-00:00:01\"";
    mem_as_a_number: "mem = 4";
    mem_as_a_fraction: "mem = 4.5";
    mem_as_a_list: "mem = [\"4G\"]";
    mem_in_gigabytes: "mem = \"4 GB\"";
    mem_in_gibibytes: "mem = \"4GiB\"";
    mem_that_is_none: "mem = \"much\"";
    mem_beyond_any_node: "mem = \"5000T\"";
    numbers_out_of_range: "cpus = 0\ngpus = 65\nmax_parallel = 100001\npoll_seconds = 0";
    numbers_that_are_none: "cpus = \"4\"\ngpus = 1.5\nmax_parallel = -1\npoll_seconds = 99999999999999999999";
    runs_per_task_of_none: "runs_per_task = 0";
    runs_per_task_as_a_word: "runs_per_task = \"atuo\"";
    runs_per_task_as_a_list: "runs_per_task = [1]";
    check_folder_as_a_word: "check_folder = \"no\"";
    lists_that_are_none: "setup = \"module load cuda\"\nextra = 5";
    lists_of_other_things: "setup = [1]\nextra = [[\"--exclude=n7\"]]";
    setup_with_control_characters: "setup = [\"a\\nb\", \"a\\tb\", \"a\\u0000b\", \"fine\"]";
    setup_with_directives: "setup = [\"#SBATCH --array=0-3\", \"# a comment\"]";
    text_with_control_characters: "partition = \"a\\u001bb\"\naccount = \"a\\nb\"\ntime = \"30m\\n\"\nmem = \"4G\\u0000\"\nextra = [\"--comment=a\\nb\"]";
    extra_that_is_no_flag: "extra = [\"--exclude\", \"n7\", \"--exclude n8\", \"--\", \"-\", \"\"]";
    extra_of_the_launcher: "extra = [\"--array=0-3%2\", \"-o log\", \"--job-name=x\", \"-d afterok:1\", \"--wait\", \"--export=NONE\", \"--test-only\"]";
    extra_of_keys: "extra = [\"--partition=gpu\", \"-A lab\", \"-t30\", \"--mem=4G\", \"-c 4\"]";
    extra_cut_short: "extra = [\"--arr=0-3\", \"--part=gpu\", \"-HJx\"]";
    slurm_of_many_mistakes: "partition = 1\ntime = 1\nmem = 1\ncpus = 0\ngpus = -1\nruns_per_task = 1.5\nsetup = 1\nextra = [\"x\"]\npol_seconds = 1";
}

/// Problems of the user's configuration are reported at their places.
#[test]
fn the_users_configuration_is_explained_at_its_own_place() {
    let cases = [
        // Beside [slurm].
        (
            "description = \"mine\"\n[train]\nepochs = 3\n[slurm]\ncpus = 2\n[[optimizer]]\nkind = \"adam\"\n",
            BASE.to_owned(),
        ),
        // In [slurm], with the file's mistakes.
        (
            "[slurm]\npartition = \"\"\nmemory = \"4G\"\n",
            format!("{BASE}[slurm]\ncpus = 0\nacount = \"lab\"\n"),
        ),
        // `slurm` is not a table, with and without one in the file.
        ("slurm = \"gpu\"\n", BASE.to_owned()),
        ("slurm = 3\n", format!("{BASE}[slurm]\ncpus = 1\n")),
        ("[[slurm]]\ncpus = 1\n", BASE.to_owned()),
        // Invalid TOML: the problems of the sweep file are still reported.
        ("[slurm]\ncpus = = 3\n", BASE.replace("0.1", "-0.1")),
        // Missing keys are reported in the sweep file.
        ("[slurm]\ncpus = 2\n", "# nothing\n".to_owned()),
    ];
    let shown: Vec<String> = cases
        .iter()
        .map(|(user, file)| Layers { user: Some(user), ..Layers::default() }.problems(file))
        .collect();
    insta::assert_snapshot!(shown.join("\n----\n"));
}

#[test]
fn a_mistake_of_the_users_that_the_file_replaces_is_none() {
    let user = Some("[slurm]\ncpus = 0\n");
    assert_eq!(
        Layers { user, ..Layers::default() }.load(&format!("{BASE}[slurm]\ncpus = 2\n")).slurm.cpus,
        2
    );
    assert!(Layers { user, ..Layers::default() }.problems(BASE).contains("config.toml:2:8"));
}

#[test]
fn overrides_are_explained_at_their_own_place() {
    let layers = Layers {
        user: Some("[slurm]\npartition = \"gpu\"\n"),
        environment: &[("SWEEP__SLURM__TIME", "30"), ("SWEEP__SLURM__PARTITON", "gpu")],
        set: &["slurm.mem=4GB", "slurm.time=00:30:00", "slurm.cpus=many", "slurm=gpu"],
    };
    insta::assert_snapshot!(layers.problems(BASE));
    let without_the_last = Layers { set: &layers.set[..3], ..layers };
    insta::assert_snapshot!(without_the_last.problems(BASE));
}
