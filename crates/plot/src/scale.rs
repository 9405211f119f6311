//! Scales: the mapping of values to positions along an axis, and round values for ticks.

/// Mapping of values to positions along an axis, between a low and a high end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Even steps.
    Linear(f64, f64),
    /// Even ratios; both ends positive.
    Log(f64, f64),
    /// Accuracies, as fractions, spaced by the logarithm of the error rate `1 - accuracy`, so that
    /// 98 % and 99 % are as far apart as 80 % and 90 %. Both ends below 1.
    Error(f64, f64),
}

impl Scale {
    /// Returns the low and the high end.
    pub fn ends(&self) -> (f64, f64) {
        let (Scale::Linear(low, high) | Scale::Log(low, high) | Scale::Error(low, high)) = *self;
        (low, high)
    }

    /// Returns the same kind of scale between other ends.
    pub fn between(&self, low: f64, high: f64) -> Scale {
        match self {
            Scale::Linear(..) => Scale::Linear(low, high),
            Scale::Log(..) => Scale::Log(low, high),
            Scale::Error(..) => Scale::Error(low, high),
        }
    }

    /// Returns the coordinate of a value in which the scale is even; infinite if the value has no
    /// place on the scale.
    pub fn even(&self, value: f64) -> f64 {
        match self {
            Scale::Linear(..) => value,
            Scale::Log(..) if value > 0.0 => value.ln(),
            Scale::Log(..) => f64::NEG_INFINITY,
            Scale::Error(..) if value < 1.0 => -(1.0 - value).ln(),
            Scale::Error(..) => f64::INFINITY,
        }
    }

    /// Returns the value of an even coordinate: the inverse of [`Scale::even`].
    pub fn value(&self, even: f64) -> f64 {
        match self {
            Scale::Linear(..) => even,
            Scale::Log(..) => even.exp(),
            Scale::Error(..) => 1.0 - (-even).exp(),
        }
    }

    /// Returns the position of a value: 0 at the low end, 1 at the high end, less or more outside,
    /// limited to -10 and 10. NaN is at -10.
    pub fn unit(&self, value: f64) -> f64 {
        let (low, high) = self.ends();
        let (low, high, at) = (self.even(low), self.even(high), self.even(value));
        let position = match at {
            at if high > low => (at - low) / (high - low),
            at if at == low => 0.5,
            at if at > low => f64::INFINITY,
            _ => f64::NEG_INFINITY,
        };
        // Limited, because it has to fit into a coordinate.
        if position.is_nan() { -10.0 } else { position.clamp(-10.0, 10.0) }
    }

    /// Returns round values for ticks between the ends, about `room` of them at most.
    pub(crate) fn ticks(&self, room: usize, whole: bool) -> Vec<f64> {
        match *self {
            Scale::Linear(low, high) => linear_ticks(low, high, room, whole),
            Scale::Log(low, high) => log_ticks(low, high, room),
            Scale::Error(low, high) => error_ticks(low, high, room),
        }
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
        // Within a decade, linear ticks can be better.
        Some(i) if choices[i].len() >= 2 => choices.swap_remove(i),
        _ => linear_ticks(low, high, room, false).into_iter().filter(|v| *v > 0.0).collect(),
    }
}

/// Parsed from decimal text, because 3e-4 is not 3.0 * 10f64.powi(-4).
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

    #[test]
    fn positions() {
        assert_eq!(Scale::Linear(0.0, 10.0).unit(2.5), 0.25);
        assert!((Scale::Log(0.01, 1.0).unit(0.1) - 0.5).abs() < 1e-12);
        assert_eq!(Scale::Log(0.01, 1.0).unit(0.0), -10.0);
        assert!((Scale::Error(0.0, 0.99).unit(0.9) - 0.5).abs() < 1e-12);
        assert_eq!(Scale::Error(0.0, 0.99).unit(1.0), 10.0);
        assert_eq!(Scale::Linear(1.0, 1.0).unit(1.0), 0.5);
        assert_eq!(Scale::Linear(1.0, 1.0).unit(f64::INFINITY), 10.0);
        assert_eq!(Scale::Linear(0.0, 1.0).unit(1e300), 10.0);
        assert_eq!(Scale::Linear(0.0, 1.0).unit(f64::NAN), -10.0);
    }

    #[test]
    fn the_even_coordinate_has_an_inverse() {
        for scale in [Scale::Linear(0.0, 1.0), Scale::Log(1e-3, 1.0), Scale::Error(0.0, 0.99)] {
            for value in [0.01, 0.5, 0.98] {
                assert!((scale.value(scale.even(value)) - value).abs() < 1e-12, "{scale:?}");
            }
        }
    }
}
