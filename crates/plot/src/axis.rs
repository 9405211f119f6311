//! Axes: a scale that suits its values, and lanes at its ends for values without a place on it.
//! Everything along an axis is placed by [`Axis::unit`], which is never outside.

use std::fmt::{self, Display, Formatter};

use crate::bound::outward;
use crate::scale::Scale;
pub use crate::tick::{End, TickFormat};
use text_format::number;

/// Bounds of the values on an axis, far enough from the limits of a float that room at the ends and
/// differences stay finite.
const MOST: f64 = 1e306;
const LEAST: f64 = 1e-306;

/// Fraction of an axis that a lane takes.
const LANE: f64 = 0.07;

/// Limits above which a value is absurd, as losses of runs that almost diverged are: it exceeds
/// `ORDINARY`, and `ABSURD` times the lower quartile.
const ORDINARY: f64 = 1e3;
const ABSURD: f64 = 1e6;

/// If more than one value in `FEW` is absurd, none is the exception, and a logarithmic axis holds
/// all of them, up to a ratio `HELD` of the largest to the smallest.
const FEW: usize = 3;
const HELD: f64 = 1e15;

/// Fraction of its span by which bands may extend an axis at either end. Beyond that they are cut,
/// because they would flatten their curves.
const REACH: f64 = 0.5;

/// Error rate, a fraction, below which there is no error: no dataset has so many samples.
pub const LEAST_ERROR: f64 = 1e-9;

/// Content of the lane at an end of an axis: values without a place on the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Zeros, which have no logarithm.
    Zero,
    /// Accuracies of 100%, whose error rate has no logarithm.
    Perfect,
    /// Infinite values: runs that diverged, or never reached the target.
    Infinite,
    /// Values further away than the axis goes, or several of these kinds.
    Beyond,
}

/// One axis of a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Scale between the lanes.
    pub scale: Scale,
    /// Format of the tick labels.
    pub format: TickFormat,
    /// Whether ticks are on whole numbers only.
    pub whole: bool,
    /// Lanes at the low and the high end; `None` without values for it. See [`Axis::holding`].
    pub lanes: [Option<Lane>; 2],
    /// Value nearest to the scale in each lane; minus or plus infinity if the lane is empty.
    pub nearest: [f64; 2],
    /// Whether infinite values never reached the target; otherwise they diverged.
    pub never: bool,
}

impl Axis {
    /// Makes an axis of plain numbers on any scale.
    pub fn of(scale: Scale) -> Self {
        Axis {
            scale,
            format: TickFormat::Number,
            whole: false,
            lanes: [None; 2],
            nearest: [f64::NEG_INFINITY, f64::INFINITY],
            never: false,
        }
    }

    /// Makes a linear axis of plain numbers.
    pub fn linear(low: f64, high: f64) -> Self {
        Axis::of(Scale::Linear(low, high))
    }

    /// Makes an axis of fractions shown as percentages.
    pub fn percent(scale: Scale) -> Self {
        Axis { format: TickFormat::Percent, ..Axis::of(scale) }
    }

    /// Makes a linear axis with ticks on whole numbers.
    pub fn whole(low: f64, high: f64) -> Self {
        Axis { whole: true, ..Axis::linear(low, high) }
    }

    /// Makes a logarithmic axis around positive values, with a little room at both ends.
    pub fn log(low: f64, high: f64) -> Self {
        // Values of diverging runs come close to the largest float.
        let (low, high) = (low.max(LEAST), high.min(MOST));
        let room = (high / low).powf(0.05);
        Axis::of(Scale::Log((low / room).max(LEAST), (high * room).min(MOST)))
    }

    /// Makes an axis around values, with a little room at both ends: logarithmic if none is
    /// negative and the positive ones span more than `decades` powers of ten, else linear. A few
    /// absurdly large values do not set its range. They, zeros on a logarithmic axis and infinite
    /// values get lanes. NaN is ignored; `None` without a finite value.
    pub fn around(values: impl Iterator<Item = f64>, decades: f64) -> Option<Self> {
        let values: Vec<f64> = values.filter(|v| !v.is_nan()).collect();
        let most = kept(&values);
        let kept = values.iter().copied().filter(|v| v.abs() <= most);
        let low = kept.clone().fold(f64::INFINITY, f64::min);
        let high = kept.clone().fold(f64::NEG_INFINITY, f64::max);
        let positive = kept.filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        if low > high {
            return None;
        }
        let axis = if low >= 0.0 && positive.is_finite() && (high / positive).log10() > decades {
            Axis::log(positive, high)
        } else {
            let span = match high - low {
                span if span > 0.0 => span,
                _ if high == 0.0 => 1.0,
                _ => high.abs().max(1e-6),
            };
            let floor = if low >= 0.0 && low < span { 0.0 } else { low - 0.06 * span };
            // If all values are zero, the axis goes up to one, the span.
            let top = if low == 0.0 && high == 0.0 { span } else { high };
            Axis::linear(floor, top + 0.06 * span)
        };
        Some(axis.holding(values.into_iter()))
    }

    /// Extends the axis for `bands`, (low, high), up to [`REACH`]; where they are drawn, the cut is
    /// marked. Ends without a place on the scale, as zero on a logarithmic one, need no room.
    #[must_use]
    pub fn with_bands(self, bands: impl Iterator<Item = (f64, f64)>) -> Self {
        let scale = self.scale;
        let (low, high) = scale.ends();
        let (even_low, even_high) = (scale.even(low), scale.even(high));
        let reach = REACH * (even_high - even_low);
        let (mut least, mut most) = (even_low, even_high);
        for (a, b) in bands {
            for end in [scale.even(a), scale.even(b)].into_iter().filter(|e| e.is_finite()) {
                least = least.min(end.max(even_low - reach));
                most = most.max(end.min(even_high + reach));
            }
        }
        // Converting back from a coordinate rounds, so ends that do not move keep their bits.
        let low = if least < even_low { scale.value(least) } else { low };
        let high = if most > even_high { scale.value(most) } else { high };
        Axis { scale: scale.between(low, high), ..self }
    }

    /// Adds lanes for those of `values` that have no place on the scale.
    #[must_use]
    pub fn holding(mut self, values: impl Iterator<Item = f64>) -> Self {
        for value in values {
            let Some(end) = self.outside(value) else { continue };
            let lane = match (value, self.scale) {
                (0.0, Scale::Log(..)) => Lane::Zero,
                (v, Scale::Error(..)) if v > 1.0 - LEAST_ERROR && v < 1.5 => Lane::Perfect,
                (v, _) if v.is_infinite() => Lane::Infinite,
                _ => Lane::Beyond,
            };
            let held = &mut self.lanes[end as usize];
            *held = Some(held.map_or(lane, |held| if held == lane { lane } else { Lane::Beyond }));
            // The scale may have grown since and include the last one.
            let last = self.nearest[end as usize];
            let last = if self.outside(last) == Some(end) { last } else { value };
            self.nearest[end as usize] = match end {
                End::Low => last.max(value),
                End::High => last.min(value),
            };
        }
        self
    }

    /// Returns the lane at an end.
    pub fn lane(&self, end: End) -> Option<Lane> {
        self.lanes[end as usize]
    }

    /// Returns the end at which a value is drawn because it has no place on the scale; `None` if it
    /// has one.
    pub fn outside(&self, value: f64) -> Option<End> {
        match self.scale.unit(value) {
            u if u < -1e-9 => Some(End::Low),
            u if u > 1.0 + 1e-9 => Some(End::High),
            _ => None,
        }
    }

    /// Returns the positions, from 0 to 1, at which the scale begins and ends between its lanes.
    pub fn inner(&self) -> (f64, f64) {
        let room = |end: End| if self.lane(end).is_some() { LANE } else { 0.0 };
        (room(End::Low), 1.0 - room(End::High))
    }

    /// Returns the position of a value, from 0 at the low end to 1 at the high end and never
    /// outside. A value without a place on the scale is in the middle of its lane, or at the end if
    /// there is no lane.
    pub fn unit(&self, value: f64) -> f64 {
        let (low, high) = self.inner();
        match self.outside(value) {
            Some(End::Low) => low / 2.0,
            Some(End::High) => (1.0 + high) / 2.0,
            None => low + self.scale.unit(value).clamp(0.0, 1.0) * (high - low),
        }
    }

    /// Returns the end at which a band that ends at a value is cut; `None` if it is not. One that
    /// ends at zero or at 100% ends in the lane of these, if there is one: nothing is beyond.
    pub fn cut(&self, value: f64) -> Option<End> {
        let last = |end: &End| match self.lane(*end) {
            Some(Lane::Zero) => value == 0.0,
            Some(Lane::Perfect) => (1.0 - LEAST_ERROR..=1.0).contains(&value),
            _ => false,
        };
        self.outside(value).filter(|end| !last(end))
    }

    /// Returns the position of the end of a band: [`Axis::unit`], or the very end of the axis if
    /// the band is cut, so that it goes through the lane.
    pub fn through(&self, value: f64) -> f64 {
        match self.cut(value) {
            Some(End::Low) => 0.0,
            Some(End::High) => 1.0,
            None => self.unit(value),
        }
    }

    /// Returns whether the axis is logarithmic.
    pub fn is_log(&self) -> bool {
        matches!(self.scale, Scale::Log(..))
    }

    /// Returns whether its numbers are fractions shown as percentages.
    pub fn is_percent(&self) -> bool {
        self.format == TickFormat::Percent
    }

    /// Returns the word for an infinite value: `diverged` or `never`.
    pub fn infinite(&self) -> &'static str {
        if self.never { "never" } else { "diverged" }
    }

    /// Returns a measured value as text: `97.91%`, `0.06714`, `diverged`.
    pub fn text(&self, value: f64) -> String {
        match value {
            v if v.is_infinite() => self.infinite().to_owned(),
            v if self.is_percent() => number::percent(v),
            v if self.never && v.is_finite() => number::count(v.round() as u64),
            _ if self.never => "never".to_owned(),
            v => number::significant(v, 4),
        }
    }

    /// Returns a value that was set or counted as text: `12,345`, `1e-5`, `20%`.
    pub fn position(&self, value: f64) -> String {
        if self.is_percent() { self.format.text(value) } else { number::position(value) }
    }

    /// Returns the label of a lane, in place of a tick's number; `None` without a lane.
    pub fn lane_text(&self, end: End) -> Option<String> {
        let bound = || {
            let (low, high) = self.scale.ends();
            let of = if end == End::Low { low } else { high };
            outward(of, end, self.nearest[end as usize], self.format)
        };
        Some(match (self.lane(end)?, end) {
            (Lane::Zero, _) => "0".to_owned(),
            (Lane::Perfect, _) => "100%".to_owned(),
            (Lane::Infinite, _) => self.infinite().to_owned(),
            (Lane::Beyond, End::Low) => format!("< {}", bound()),
            (Lane::Beyond, End::High) => format!("> {}", bound()),
        })
    }

    /// Returns ticks as (position of [`Axis::unit`], label), those of the lanes included, about
    /// `room` of them at most.
    pub fn ticks(&self, room: usize) -> Vec<(f64, String)> {
        let lane = |end: End| Some((self.lane_at(end), self.lane_text(end)?));
        let (low, high) = (lane(End::Low), lane(End::High));
        // A number this near to a lane would cover the lane's text.
        let near = 0.5 / room.max(2) as f64;
        let clear = |at: f64| [&low, &high].into_iter().flatten().all(|l| (at - l.0).abs() >= near);
        // Fractions above 100% do not occur.
        let possible = |v: f64| !self.is_percent() || v <= 1.0 + 1e-9;
        let inner = self.scale.ticks(room, self.whole).into_iter().filter(|v| possible(*v));
        let inner = inner.map(|v| (self.unit(v), self.format.text(v))).filter(|t| clear(t.0));
        low.clone().into_iter().chain(inner.collect::<Vec<_>>()).chain(high.clone()).collect()
    }

    fn lane_at(&self, end: End) -> f64 {
        let (low, high) = self.inner();
        if end == End::Low { low / 2.0 } else { (1.0 + high) / 2.0 }
    }
}

/// Returns the largest value that sets an axis: the largest that is not absurd, or the largest of
/// all if many are absurd and a logarithmic axis holds them.
fn kept(values: &[f64]) -> f64 {
    let most = ordinary(values);
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
    let least = finite().filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
    let absurd = finite().filter(|v| v.abs() > most).count();
    let held = low >= 0.0 && high / least <= HELD;
    if absurd * FEW > finite().count() && held { high } else { most }
}

/// Returns the limit above which a value is absurd: 1e6 times the lower quartile of the absolute
/// values, at least 1e3 and at most 1e306.
pub fn ordinary(values: &[f64]) -> f64 {
    let sizes = values.iter().map(|v| v.abs()).filter(|v| *v > 0.0 && v.is_finite());
    let mut sizes: Vec<f64> = sizes.collect();
    sizes.sort_by(f64::total_cmp);
    let quartile = sizes.get(sizes.len().saturating_sub(1) / 4).copied().unwrap_or(1.0);
    (ABSURD * quartile).clamp(ORDINARY, MOST)
}

impl Display for Axis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.scale {
            Scale::Linear(..) => "linear",
            Scale::Log(..) => "log",
            Scale::Error(..) => "error",
        };
        let (low, high) = self.scale.ends();
        write!(f, "{kind} {}..{}", number::significant(low, 4), number::significant(high, 4))?;
        for (end, name) in [(End::Low, "below"), (End::High, "above")] {
            if let Some(text) = self.lane_text(end) {
                write!(f, ", {name}: {text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
