//! Fabricated regressions with many configurations and nights, or with hostile texts.

use regression::{Facts, Finding, GapKind, Regression, Segment, Verdict};
use spec::regress_settings::RegressMetric;

use super::{
    all_metrics, change, config, history, incomplete, regressed, regression, with_history,
};

/// Returns many configurations over many nights, all of them worse.
pub fn crowd(configs: usize, nights: usize) -> Regression {
    let configs = (0..configs)
        .map(|i| {
            let label = format!("momentum-{i:02}-nesterov-weight-decay-1e-{i}");
            let mut changes = all_metrics(10, Finding::NotShown);
            changes[3] =
                change(RegressMetric::TEST_LOSS, 10, 0.02 * (i + 1) as f64, Finding::Regressed);
            changes[4] = change(
                RegressMetric::TEST_ACCURACY,
                10,
                -0.006 * (i + 1) as f64,
                Finding::Regressed,
            );
            config(
                &label,
                &format!("lr {}, momentum 0.9, weight_decay 1e-{i}", 0.1 / (i + 1) as f64),
                0,
                changes,
            )
        })
        .collect();
    let mut r = with_history(regression(Verdict::Regressed, configs), nights, &[]);
    for i in 0..nights / 50 {
        r.segments.push(Segment {
            from: 40 * i + 40,
            why: Some(format!("the driver changed from 550.{i} to 550.{}", i + 1)),
        });
    }
    r
}

/// Returns a regression in which every text contains `text`.
pub fn hostile(text: &str) -> Regression {
    let mut r = history();
    let bad = regressed();
    for (config, of) in r.configs.iter_mut().zip(bad.configs) {
        config.changes = of.changes;
    }
    let rename = |label: &mut String| *label = format!("=1+1;{text}{label}");
    for config in &mut r.configs {
        rename(&mut config.label);
        rename(&mut config.config);
    }
    for trend in &mut r.trends {
        rename(&mut trend.label);
        rename(&mut trend.config);
    }
    r.gaps = incomplete().gaps;
    for gap in &mut r.gaps {
        rename(&mut gap.label);
        rename(&mut gap.config);
        if let GapKind::Failed(why) | GapKind::Unpaired(why) = &mut gap.kind {
            *why = text.repeat(9);
        }
    }
    let spoil = |f: &mut Facts| {
        f.experiment = text.to_owned();
        f.started = text.to_owned();
        f.commit = Some(text.to_owned());
        f.dirty = Some(true);
        for field in [
            &mut f.backend,
            &mut f.device_kind,
            &mut f.device_model,
            &mut f.driver,
            &mut f.libtorch,
            &mut f.code,
            &mut f.target,
            &mut f.cpu_features,
        ] {
            *field = Some(format!("@x {text}"));
        }
    };
    r.nights.iter_mut().step_by(3).for_each(spoil);
    r.before.iter_mut().for_each(spoil);
    spoil(&mut r.after);
    r.after.driver = Some("2".to_owned());
    r.no_seconds = Some(text.to_owned());
    r.segments.push(Segment { from: 14, why: Some(text.to_owned()) });
    if let Some(accepted) = &mut r.accepted {
        accepted.reason = text.to_owned();
        accepted.accepted = text.to_owned();
    }
    r
}
