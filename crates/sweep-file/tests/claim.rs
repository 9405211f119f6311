//! Tests of `[claim]`: its resolution, and that no id depends on it.

use spec::claim::ClaimTest;
use spec::plan::Plan;
use sweep_file::{Overrides, load_text};

const BASE: &str = r#"
[data]
dataset = "digits"
batch_size = 32
validation = 237
[model]
kind = "mlp"
hidden = [16]
[train]
epochs = 4
[[optimizer]]
kind = "sgd"
lr = 0.1
[[optimizer]]
kind = "adam"
lr = [1e-3, 1e-2]
"#;

fn plan(text: &str) -> Plan {
    load_text("test.toml", "test", text.to_owned(), &Overrides::default())
        .unwrap_or_else(|e| panic!("{e}"))
        .plan
}

#[test]
fn a_claim_is_of_the_judge_and_in_no_id() {
    let base = format!("{BASE}[repeat]\nseeds = {{ count = 5 }}\n");
    let claimed = plan(&format!("{base}[claim]\ntarget = 0.9\nlevel = 0.05\n"));
    let claim = claimed.claim.clone().unwrap();
    assert_eq!((claim.of().to_string(), claim.above()), ("test.accuracy".to_owned(), true));
    assert_eq!((claim.target, claim.level, claim.test), (0.9, 0.05, ClaimTest::T));
    assert_eq!((claim.sd, claim.epoch), (None, None));
    let bare = plan(&base);
    assert_eq!(bare.runs, claimed.runs, "a claim is in no id");
    assert!(!serde_json::to_string(&bare).unwrap().contains("\"claim\""));
    let read: Plan = serde_json::from_str(&serde_json::to_string(&claimed).unwrap()).unwrap();
    assert_eq!(read.claim, claimed.claim);

    let whole = "target = 0.3\nlevel = 0.01\ntest = \"z\"\nsd = 0.02\nepoch = 2\nmetric = \"validation.f1\"";
    let text = format!("{base}[claim]\n{whole}\n");
    let claim = plan(&text).claim.unwrap();
    assert_eq!((claim.test, claim.sd, claim.epoch), (ClaimTest::Z, Some(0.02), Some(2)));
    assert_eq!(plan(&text).keeping.metrics, [claim.metric], "what is claimed is measured");
    // The target sets the metric and its direction.
    let text = format!(
        "{base}[target]\nmetric = \"validation.loss\"\n[claim]\ntarget = 0.5\nlevel = 0.05\n"
    );
    let claim = plan(&text).claim.unwrap();
    assert_eq!((claim.of().to_string(), claim.above()), ("test.loss".to_owned(), false));
}

#[test]
fn an_epoch_that_all_seeds_come_to_can_be_claimed_of() {
    let text = format!(
        "{BASE}[train.early_stopping]\npatience = 3\n[repeat]\nseeds = [0, 1]\n[claim]\ntarget = 0.9\nlevel = 0.05\n"
    );
    let said = |text: &str| {
        load_text("x.toml", "x", text.to_owned(), &Overrides::default()).map(|l| l.plan.claim)
    };
    assert!(said(&text).is_err());
    assert_eq!(said(&format!("{text}epoch = 3\n")).unwrap().unwrap().epoch, Some(3));
    assert!(said(&format!("{text}epoch = 4\n")).is_err());
    // A patience longer than the run ends no run.
    let outlasts = text.replace("patience = 3", "patience = 4");
    assert_eq!(said(&outlasts).unwrap().unwrap().epoch, None);
    // A trial makes no claim, since its one seed cannot carry any.
    let smoke = Overrides { smoke: true, ..Overrides::default() };
    let plan = load_text("x.toml", "x", format!("{text}epoch = 3\n"), &smoke).unwrap().plan;
    assert_eq!((plan.claim, plan.seeds.len()), (None, 1));
}
