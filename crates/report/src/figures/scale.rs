//! Scales and their ticks.

use std::fmt::{self, Display, Formatter};

use crate::number;

/// Bounds of what an axis shows: far enough from the limits of a float that
/// room at the ends and differences stay finite.
const MOST: f64 = 1e306;
const LEAST: f64 = 1e-306;

/// How values map to a position along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Even steps.
    Linear(f64, f64),
    /// Even ratios; both ends positive.
    Log(f64, f64),
    /// Accuracies spaced by the logarithm of the error rate `1 - accuracy`, so
    /// that 98 % and 99 % are as far apart as 80 % and 90 %. Both ends below 1.
    Error(f64, f64),
}

/// How tick labels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickFormat {
    /// A plain number.
    Number,
    /// A fraction as per cent.
    Percent,
}

impl TickFormat {
    /// The label of a tick.
    pub fn text(self, value: f64) -> String {
        match self {
            TickFormat::Number => number::tick(value),
            // Rounded, because 0.29 * 100 is not 29.
            TickFormat::Percent => format!("{}%", number::tick((value * 1e8).round() / 1e6)),
        }
    }
}

/// One axis of a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Positions.
    pub scale: Scale,
    /// Labels.
    pub format: TickFormat,
    /// Whether ticks stand on whole numbers alone.
    pub whole: bool,
}

impl Axis {
    /// A linear axis of plain numbers.
    pub fn linear(low: f64, high: f64) -> Self {
        Axis { scale: Scale::Linear(low, high), format: TickFormat::Number, whole: false }
    }

    /// A linear axis with ticks on whole numbers.
    pub fn whole(low: f64, high: f64) -> Self {
        Axis { whole: true, ..Axis::linear(low, high) }
    }

    /// A logarithmic axis around positive values, with a little room at both ends.
    pub fn log(low: f64, high: f64) -> Self {
        // A diverging run comes close to the largest number there is.
        let (low, high) = (low.max(LEAST), high.min(MOST));
        let room = (high / low).powf(0.05);
        Axis {
            scale: Scale::Log((low / room).max(LEAST), (high * room).min(MOST)),
            ..Axis::linear(0.0, 1.0)
        }
    }

    /// Around positive values: logarithmic if they span more than `decades`,
    /// else linear; with a little room at both ends. Values that are not
    /// finite, and on a logarithmic axis those that are not positive, are left
    /// out. None without values.
    pub fn around(values: impl Iterator<Item = f64>, decades: f64) -> Option<Self> {
        let (mut low, mut high, mut positive) = (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY);
        for v in values.filter(|v| v.is_finite()) {
            low = low.min(v);
            high = high.max(v);
            if v > 0.0 {
                positive = positive.min(v);
            }
        }
        if low > high {
            return None;
        }
        if positive.is_finite() && low > 0.0 && (high / positive).log10() > decades {
            return Some(Axis::log(positive, high));
        }
        let (low, high) = (low.max(-MOST), high.min(MOST));
        let span = if high > low { high - low } else { high.abs().max(1e-6) };
        let floor = if low >= 0.0 && low < span { 0.0 } else { low - 0.06 * span };
        Some(Axis::linear(floor, high + 0.06 * span))
    }

    /// Whether it is logarithmic.
    pub fn is_log(&self) -> bool {
        matches!(self.scale, Scale::Log(..))
    }

    /// Whether its numbers are fractions shown as per cent.
    pub fn is_percent(&self) -> bool {
        self.format == TickFormat::Percent
    }

    /// A measured value in words: `97.91%`, `0.06714`.
    pub fn text(&self, value: f64) -> String {
        if self.is_percent() { number::percent(value) } else { number::significant(value, 4) }
    }

    /// A value that was set or counted, in words: `12,345`, `1e-5`, `20%`.
    pub fn position(&self, value: f64) -> String {
        if self.is_percent() { self.format.text(value) } else { number::position(value) }
    }

    /// Ticks with labels, at most about `room` of them.
    pub fn ticks(&self, room: usize) -> Vec<(f64, String)> {
        let at = match self.scale {
            Scale::Linear(low, high) => linear_ticks(low, high, room, self.whole),
            Scale::Log(low, high) => log_ticks(low, high, room),
            Scale::Error(low, high) => error_ticks(low, high, room),
        };
        at.into_iter().map(|v| (v, self.format.text(v))).collect()
    }
}

impl Display for Axis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (kind, low, high) = match self.scale {
            Scale::Linear(low, high) => ("linear", low, high),
            Scale::Log(low, high) => ("log", low, high),
            Scale::Error(low, high) => ("error", low, high),
        };
        write!(f, "{kind} {}..{}", number::significant(low, 4), number::significant(high, 4))
    }
}

impl Scale {
    /// Position of a value: 0 at the low end, 1 at the high end. Values that
    /// the scale cannot show lie far below.
    pub fn unit(&self, value: f64) -> f64 {
        let between =
            |v: f64, low: f64, high: f64| if high > low { (v - low) / (high - low) } else { 0.5 };
        let position = match *self {
            Scale::Linear(low, high) => between(value, low, high),
            Scale::Log(low, high) if value > 0.0 => between(value.ln(), low.ln(), high.ln()),
            Scale::Log(..) => -10.0,
            Scale::Error(low, high) => {
                let error = |v: f64| -(1.0 - v).max(1e-12).ln();
                between(error(value), error(low), error(high))
            }
        };
        // Far outside is as good as further outside, and fits into a coordinate.
        position.clamp(-10.0, 10.0)
    }
}

fn linear_ticks(low: f64, high: f64, room: usize, whole: bool) -> Vec<f64> {
    let span = high - low;
    if span <= 0.0 || span.is_nan() {
        return vec![low];
    }
    let raw = span / room.max(2) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let mut step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * power)
        .into_iter()
        .find(|s| *s >= raw * 0.999)
        .unwrap_or(10.0 * power);
    if whole {
        step = step.max(1.0).round();
    }
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

fn log_ticks(low: f64, high: f64, room: usize) -> Vec<f64> {
    let exponent = |x: f64| (x as i32).clamp(-330, 310);
    let (first, last) = (exponent(low.log10().floor()), exponent(high.log10().ceil()));
    let within = |mantissas: &[f64], every: i32| -> Vec<f64> {
        (first..=last)
            .filter(|e| e.rem_euclid(every) == 0)
            .flat_map(|e| mantissas.iter().map(move |m| power_of_ten(*m, e)))
            .filter(|v| *v >= low * 0.999 && *v <= high * 1.001)
            .collect()
    };
    let mut choices = vec![
        within(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], 1),
        within(&[1.0, 2.0, 5.0], 1),
    ];
    choices.extend([within(&[1.0, 3.0], 1)]);
    choices
        .extend([1, 2, 3, 4, 5, 6, 7, 10, 20, 30, 50, 100, 200].map(|every| within(&[1.0], every)));
    let fits = |ticks: &Vec<f64>| ticks.len() <= room.max(2);
    let narrow = (high / low).log10() < 1.0;
    let at = choices.iter().skip(usize::from(!narrow)).position(|t| fits(t) && !t.is_empty());
    match at.map(|i| i + usize::from(!narrow)) {
        // Within a decade even ticks can be the better ones.
        Some(i) if choices[i].len() >= 2 => choices.swap_remove(i),
        _ => linear_ticks(low, high, room, false).into_iter().filter(|v| *v > 0.0).collect(),
    }
}

/// The literal's value: 3e-4 is not 3.0 * 10f64.powi(-4).
fn power_of_ten(mantissa: f64, exponent: i32) -> f64 {
    format!("{mantissa}e{exponent}").parse().unwrap_or(f64::NAN)
}

fn error_ticks(low: f64, high: f64, room: usize) -> Vec<f64> {
    const DENSE: [f64; 17] = [
        0.0, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.997, 0.998, 0.999, 0.9995,
        0.9998, 0.9999,
    ];
    const SPARSE: [f64; 9] = [0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999];
    let within = |all: &[f64]| -> Vec<f64> {
        all.iter().copied().filter(|v| *v >= low - 1e-9 && *v <= high).collect()
    };
    let dense = within(&DENSE);
    if dense.len() <= room { dense } else { within(&SPARSE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, room: usize) -> String {
        axis.ticks(room).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_stand_on_round_numbers() {
        let log = |low, high| Axis { scale: Scale::Log(low, high), ..Axis::linear(0.0, 1.0) };
        assert_eq!(labels(Axis::whole(0.0, 5.0), 8), "0 1 2 3 4 5");
        assert_eq!(labels(Axis::whole(0.0, 1.0), 8), "0 1");
        assert_eq!(labels(Axis::linear(0.0, 4300.0), 6), "0 1,000 2,000 3,000 4,000");
        assert_eq!(labels(log(0.05, 2.4), 8), "0.05 0.1 0.2 0.5 1 2");
        assert_eq!(labels(log(1e-5, 10.0), 7), "10⁻⁵ 0.0001 0.001 0.01 0.1 1 10");
        assert_eq!(labels(log(0.3, 0.9), 6), "0.3 0.4 0.5 0.6 0.7 0.8 0.9");
        let percent = Axis { format: TickFormat::Percent, ..Axis::linear(0.9, 0.985) };
        assert_eq!(labels(percent, 6), "90% 92% 94% 96% 98%");
        let error = Axis { scale: Scale::Error(0.1, 0.985), ..percent };
        assert_eq!(labels(error, 10), "20% 50% 70% 80% 90% 95% 97% 98%");
    }

    #[test]
    fn positions() {
        assert_eq!(Scale::Linear(0.0, 10.0).unit(2.5), 0.25);
        assert!((Scale::Log(0.01, 1.0).unit(0.1) - 0.5).abs() < 1e-12);
        assert_eq!(Scale::Log(0.01, 1.0).unit(0.0), -10.0);
        assert!((Scale::Error(0.0, 0.99).unit(0.9) - 0.5).abs() < 1e-12);
        assert_eq!(Scale::Linear(1.0, 1.0).unit(1.0), 0.5);
        assert_eq!(Scale::Linear(0.0, 1.0).unit(1e300), 10.0);
    }

    #[test]
    fn axes_are_logarithmic_where_values_span_decades() {
        assert!(Axis::around([2.3, 0.05].into_iter(), 1.0).unwrap().is_log());
        assert!(!Axis::around([2.3, 0.5, f64::NAN].into_iter(), 1.0).unwrap().is_log());
        assert!(!Axis::around([2.3, 0.0].into_iter(), 1.0).unwrap().is_log());
        assert_eq!(Axis::around([f64::INFINITY].into_iter(), 1.0), None);
        assert_eq!(Axis::around([3.0].into_iter(), 1.0).unwrap().scale, Scale::Linear(2.82, 3.18));
    }

    #[test]
    fn extreme_values_have_a_few_finite_ticks() {
        let cases: [&[f64]; 5] = [
            &[1e-2, 1e300],
            &[5e-324, f64::MAX],
            &[-f64::MAX, f64::MAX],
            &[0.0, f64::MAX],
            &[1e306, 1.1e306],
        ];
        for values in cases {
            let axis = Axis::around(values.iter().copied(), 1.0).unwrap();
            let ticks = [axis.ticks(8), Axis::log(1e-2, f64::MAX).ticks(8)].concat();
            assert!((2..=24).contains(&ticks.len()), "{values:?}: {ticks:?}");
            assert!(ticks.iter().all(|(v, _)| v.is_finite()), "{values:?}: {ticks:?}");
        }
    }
}
