//! Formatting of values and effects of the compared metrics.

use spec::regress_settings::{EffectUnit, RegressMetric};

use text_format::number;

/// Returns whether values of a metric are shares, displayed in per cent.
pub fn is_share(metric: RegressMetric) -> bool {
    metric.unit() == EffectUnit::Share
}

/// Returns the unit of a bare value; for a loss, the metric itself.
pub fn unit(metric: RegressMetric) -> &'static str {
    match metric {
        _ if is_share(metric) => "fraction",
        RegressMetric::TargetEpoch => "epochs",
        RegressMetric::TargetStep | RegressMetric::Steps => "steps",
        RegressMetric::SecondsPerEpoch => "s",
        RegressMetric::AtEnd(of) => of.metric.id(),
        RegressMetric::BestValidationAccuracy | RegressMetric::Diverged => "fraction",
    }
}

/// Returns the unit of a bare effect.
pub fn unit_of_effect(metric: RegressMetric) -> &'static str {
    match metric.unit() {
        EffectUnit::Relative => "fraction of what it was",
        EffectUnit::Share => "fraction",
        EffectUnit::Epochs => "epochs",
    }
}

/// Formats a value: `97.91%`, `0.06714`, `1,720`, `2.4`, `3.12 s`.
pub fn value(metric: RegressMetric, value: f64) -> String {
    match metric {
        _ if !value.is_finite() => number::significant(value, 4),
        RegressMetric::TargetEpoch | RegressMetric::TargetStep | RegressMetric::Steps => {
            match value.fract() == 0.0 {
                true => number::position(value),
                false => format!("{value:.1}"),
            }
        }
        // Hundredths of a second are too coarse for an epoch of a small model.
        RegressMetric::SecondsPerEpoch if value.abs() < 1.0 => {
            format!("{} s", number::significant(value, 3))
        }
        RegressMetric::SecondsPerEpoch => number::seconds(value),
        _ if is_share(metric) => number::percent(value),
        _ => number::significant(value, 4),
    }
}

/// Formats the size of an effect for a sentence: `12%`, `0.52 percentage points`, `1.5 epochs`.
pub fn size(metric: RegressMetric, effect: f64) -> String {
    let text = amount(metric, effect);
    match metric.unit() {
        _ if !finite(&text) => text,
        EffectUnit::Relative => format!("{text}%"),
        EffectUnit::Share if text == "1" => "1 percentage point".to_owned(),
        EffectUnit::Share => format!("{text} percentage points"),
        EffectUnit::Epochs if text == "1" => "1 epoch".to_owned(),
        EffectUnit::Epochs => format!("{text} epochs"),
    }
}

/// Formats an effect for a cell: `+12%`, `\u{2212}0.52 pp`, `+1.5`.
pub fn signed(metric: RegressMetric, effect: f64) -> String {
    let text = amount(metric, effect);
    let sign = match effect {
        _ if text == "0" || effect.is_nan() => "",
        e if e < 0.0 => "\u{2212}",
        _ => "+",
    };
    let unit = match metric.unit() {
        _ if !finite(&text) => "",
        EffectUnit::Relative => "%",
        EffectUnit::Share => " pp",
        EffectUnit::Epochs => "",
    };
    format!("{sign}{text}{unit}")
}

/// Formats an interval for a cell: `+8% to +16%`.
pub fn interval(metric: RegressMetric, (low, high): (f64, f64)) -> String {
    format!("{} to {}", signed(metric, low), signed(metric, high))
}

/// Formats the interval of an effect whose direction was named before: `(interval 8% to 16%)`. An
/// end on the other side of zero keeps its sign.
pub fn interval_said(metric: RegressMetric, effect: f64, ends: (f64, f64)) -> String {
    let turned = if effect < 0.0 { (-ends.1, -ends.0) } else { ends };
    let text = |end: f64| {
        let sign = if end < 0.0 { "\u{2212}" } else { "" };
        format!("{sign}{}", amount(metric, end))
    };
    let relative = metric.unit() == EffectUnit::Relative;
    let end = |end: f64| {
        let text = text(end);
        let unit = if relative && finite(&text) { "%" } else { "" };
        format!("{text}{unit}")
    };
    format!("(interval {} to {})", end(turned.0), end(turned.1))
}

/// Formats an effect without sign and unit; shares in percentage points, fractions in per cent.
fn amount(metric: RegressMetric, effect: f64) -> String {
    let scale = if metric.unit() == EffectUnit::Epochs { 1.0 } else { 100.0 };
    let x = (effect * scale).abs();
    match x {
        x if x.is_nan() => "unknown".to_owned(),
        x if x.is_infinite() => "infinite".to_owned(),
        0.0 => "0".to_owned(),
        x if x >= 99_999.5 => number::significant(x, 3),
        x if x >= 9.95 => number::count(x.round() as u64),
        x if x >= 0.995 => format!("{x:.1}").trim_end_matches(".0").to_owned(),
        x if x >= 0.0995 => format!("{x:.2}").trim_end_matches('0').to_owned(),
        x => number::rough(x),
    }
}

/// Returns whether [`amount`] gave a number, which has a unit; a finite effect can become infinite
/// in per cent.
fn finite(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

/// Returns the unit in which effects of several metrics are compared: `min_effect`, or the metric's
/// default scale if that is zero.
pub fn yardstick(metric: RegressMetric, min_effect: f64) -> f64 {
    let own = match metric.unit() {
        EffectUnit::Relative => 0.01,
        EffectUnit::Share => 0.05,
        EffectUnit::Epochs => 0.5,
    };
    if min_effect > 0.0 && min_effect.is_finite() { min_effect } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RegressMetric::*;

    #[test]
    fn values_read_as_in_the_report() {
        let texts = [
            value(RegressMetric::TEST_LOSS, 0.067_142),
            value(RegressMetric::TEST_ACCURACY, 0.97914),
            value(Steps, 1720.0),
            value(Steps, 1719.6),
            value(TargetEpoch, 3.0),
            value(TargetEpoch, 2.4),
            value(SecondsPerEpoch, 3.117),
            value(RegressMetric::TRAIN_LOSS, f64::INFINITY),
        ];
        assert_eq!(
            texts,
            ["0.06714", "97.91%", "1,720", "1719.6", "3", "2.4", "3.12 s", "infinite"]
        );
    }

    #[test]
    fn effects_have_two_digits_and_their_unit() {
        assert_eq!(size(RegressMetric::TEST_LOSS, 0.1234), "12%");
        assert_eq!(size(RegressMetric::TEST_LOSS, -0.0123), "1.2%");
        assert_eq!(size(RegressMetric::TEST_LOSS, 1e-9), "1e-7%");
        assert_eq!(
            [f64::INFINITY, -f64::MAX].map(|e| size(RegressMetric::TEST_LOSS, e)),
            ["infinite"; 2]
        );
        assert_eq!(size(RegressMetric::TEST_LOSS, 1e6), "1.00e8%");
        assert_eq!(size(RegressMetric::TEST_ACCURACY, -0.0052), "0.52 percentage points");
        assert_eq!(size(RegressMetric::TEST_ACCURACY, 0.01), "1 percentage point");
        assert_eq!(size(TargetEpoch, 1.5), "1.5 epochs");
        assert_eq!(signed(RegressMetric::TEST_ACCURACY, -0.0052), "\u{2212}0.52 pp");
        assert_eq!(signed(RegressMetric::TEST_LOSS, 12.0), "+1,200%");
        assert_eq!(signed(RegressMetric::TEST_LOSS, 0.0), "0%");
        assert_eq!(interval(RegressMetric::TEST_LOSS, (0.08, 0.16)), "+8% to +16%");
        assert_eq!(
            interval_said(RegressMetric::TEST_LOSS, 0.12, (0.08, 0.16)),
            "(interval 8% to 16%)"
        );
        assert_eq!(
            interval_said(RegressMetric::TEST_ACCURACY, -0.012, (-0.016, -0.008)),
            "(interval 0.8 to 1.6)"
        );
        assert_eq!(
            interval_said(RegressMetric::TEST_LOSS, -0.01, (-0.03, 0.01)),
            "(interval \u{2212}1% to 3%)"
        );
    }

    #[test]
    fn what_has_no_min_effect_has_a_scale_of_its_own() {
        assert_eq!(yardstick(Diverged, 0.0), 0.05);
        assert_eq!(yardstick(RegressMetric::TEST_LOSS, 0.02), 0.02);
    }
}
