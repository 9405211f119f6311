//! Simultaneous intervals of paired differences from a baseline: the probability that any of them
//! excludes zero by chance is at most the level of a single one.
//!
//! If nothing changed, the values of the current sample and the baseline could be exchanged within
//! a seed, which flips the sign of that seed's differences in every series together. The largest
//! |t| of all series over such joint flips gives the distribution under chance alone, including the
//! dependence between series (single-step max-T of Westfall and Young 1993, Resampling-Based
//! Multiple Testing, chapter 2; sign flips as in Fisher 1935). Sampled patterns include the
//! identity, so that the level holds exactly (Hemerik and Goeman 2018, TEST 27:811).
//! |t| of all series over such joint flips is the distribution under chance alone, including the
//! dependence between series (single-step max-T of Westfall and Young 1993, Resampling-Based
//! Multiple Testing, chapter 2; sign flips as in Fisher 1935). Sampled patterns include the
//! identity, so that the level holds exactly (Hemerik and Goeman 2018, TEST 27:811).
//!
//! Series with so few values that they alone could fill the tail of that largest |t| are left out
//! of it and get Student's t with Bonferroni's correction.

use std::collections::{BTreeMap, BTreeSet};

use seed_stream::stream;

use super::location::mean_of;
use super::paired::TIE;
use super::{t_cdf, t_quantile};

/// Smallest number of values of a series whose bounds come from sign flips.
pub const FEWEST_FLIPPED: usize = 6;

/// Largest number of seeds for which all 2^n sign patterns are counted.
pub const MOST_COUNTED: usize = 12;

/// Number of sign patterns for more seeds, the identity among them.
pub const SAMPLED_PATTERNS: usize = 4096;

/// Fraction of the level that the extreme patterns of one series may take from a family in which
/// other series have more values: at 0.05, series below 8 values are left out.
const CROWDING: f64 = 0.2;

/// Number of seeds that one table of partial sums covers.
const CHUNK: usize = 8;

/// Value of `1 - (sum d)^2 / (n sum d^2)` below which differences count as equal: their deviation
/// is below a millionth of their mean, as from rounding.
const EQUAL: f64 = 1e-12;

/// Method of the bounds of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Joint sign flips of the family.
    SignFlips,
    /// Student's t with Bonferroni's correction, for too few seeds for flips. Exact only for normal
    /// differences.
    StudentT,
}

/// A mean difference with simultaneous bounds, in the unit of the differences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Number of finite differences.
    pub n: usize,
    /// Mean difference.
    pub mean: f64,
    /// Lower bound; minus infinity if no bound is possible.
    pub low: f64,
    /// Upper bound; infinity if no bound is possible.
    pub high: f64,
    /// Method of the bounds.
    pub basis: Basis,
}

impl Bounds {
    /// Returns whether zero is outside the bounds, so that the difference is not explained by
    /// chance.
    pub fn exclude_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Bounds of all series, and the sign patterns that they share.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Bounds of each series, in the order given; `None` below two finite values.
    pub bounds: Vec<Option<Bounds>>,
    /// Number of sign patterns counted or sampled; 0 if no series got flips.
    pub patterns: usize,
    /// True if all sign patterns were counted.
    pub exact: bool,
}

/// The differences of one series, by seed.
struct Differences {
    values: Vec<(u64, f64)>,
    mean: f64,
    /// Sum of squares, which no flip changes.
    squares: f64,
    /// Lower limit of the standard deviation under Student's t.
    least: f64,
}

impl Differences {
    fn of(values: &[(u64, f64)], least: f64) -> Differences {
        let mut values: Vec<(u64, f64)> =
            values.iter().copied().filter(|(_, d)| d.is_finite()).collect();
        values.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let plain: Vec<f64> = values.iter().map(|v| v.1).collect();
        let mean = if plain.is_empty() { 0.0 } else { mean_of(&plain) };
        let squares = plain.iter().map(|d| d * d).sum();
        Differences { values, mean, squares, least }
    }

    fn n(&self) -> usize {
        self.values.len()
    }

    /// Returns whether all differences are zero, so that no flip changes anything.
    fn same(&self) -> bool {
        self.squares == 0.0
    }

    /// Returns `sum^2 / (n squares)`, in 0..=1, which increases with |t|.
    fn share(&self, sum: f64) -> f64 {
        let share = sum * sum / (self.n() as f64 * self.squares);
        if share > 1.0 - EQUAL { 1.0 } else { share }
    }

    /// Returns whether the differences are equal up to rounding.
    fn equal(&self) -> bool {
        self.share(self.mean * self.n() as f64) == 1.0
    }

    /// Returns mean -+ `factor` standard errors; `None` below two values. An infinite factor gives
    /// infinite bounds, unless all differences are zero.
    fn bounds(&self, factor: f64, basis: Basis) -> Option<Bounds> {
        let (n, mean) = (self.n(), self.mean);
        let half = if n < 2 {
            return None;
        } else if self.same() {
            0.0
        } else if factor == f64::INFINITY {
            factor
        } else {
            let squares: f64 = self.values.iter().map(|v| (v.1 - mean).powi(2)).sum();
            let sd = if self.equal() { 0.0 } else { (squares / (n - 1) as f64).sqrt() };
            let sd = if basis == Basis::StudentT { sd.max(self.least) } else { sd };
            factor * sd / (n as f64).sqrt()
        };
        Some(Bounds { n, mean, low: mean - half, high: mean + half, basis })
    }
}

/// Returns simultaneous bounds of the mean of each of `series`: (seed, difference) of one
/// configuration and metric, at most one for each seed. Differences that are not finite are
/// ignored. If the current sample and the baseline are exchangeable within each seed, jointly over
/// all series, the chance that any bounds exclude zero is at most `level`, in (0, 1), two-sided.
///
/// Bounds are mean -+ c standard errors. c is the smallest value such that at most `level` of the
/// sign patterns have any |t| above it; all patterns count up to [`MOST_COUNTED`] seeds, else
/// [`SAMPLED_PATTERNS`]. Series of unequal length are compared on the scale of Student's tail
/// probability. Series below [`FEWEST_FLIPPED`] values, and those so short that they could fill the
/// tail of the others, get Student's t at `level` divided by the number of series; the flips get
/// the rest. Series in which nothing differs count in neither, because no sign changes them.
///
/// Differences that are all equal have bounds of zero width under flips, which is right because
/// their patterns are counted. Under Student's t equal differences come from coarse values, about
/// which it cannot tell anything, so the bounds are infinite; see [`simultaneous_of`]. Differences
/// of the size of rounding are tested like all others, so callers should also require a minimum
/// effect.
pub fn simultaneous(series: &[Vec<(u64, f64)>], level: f64) -> Family {
    simultaneous_of(series, &[], level)
}

/// Returns bounds as [`simultaneous`] does, for values of limited resolution. `resolution` has for
/// each series a lower limit of the standard deviation of its differences under Student's t; 0 or a
/// missing entry means none. With it equal differences have finite bounds: half of an accuracy over
/// 360 samples is not chance, one sample may be.
pub fn simultaneous_of(series: &[Vec<(u64, f64)>], resolution: &[f64], level: f64) -> Family {
    let least = resolution.iter().copied().chain(std::iter::repeat(0.0));
    let series: Vec<Differences> =
        series.iter().zip(least).map(|(s, least)| Differences::of(s, least)).collect();
    let tested = |s: &&Differences| s.n() >= 2 && !s.same();
    let family = series.iter().filter(tested).count();
    let longest = series.iter().filter(tested).map(Differences::n).max().unwrap_or(0);
    let flips = |s: &Differences| {
        s.n() >= FEWEST_FLIPPED && (s.n() == longest || all_alike(s.n()) <= CROWDING * level)
    };
    let flipped: Vec<&Differences> = series.iter().filter(tested).filter(|s| flips(s)).collect();
    let own = level * flipped.len() as f64 / family.max(1) as f64;
    let patterns = Patterns::of(&flipped);
    let critical = critical(&flipped, &patterns, own);
    let bounds = series.iter().map(|s| match critical.get(&s.n()) {
        _ if s.same() => s.bounds(0.0, Basis::SignFlips),
        Some(&c) if flips(s) => s.bounds(c, Basis::SignFlips),
        _ if s.n() < 2 => None,
        _ if s.equal() && s.least <= 0.0 => s.bounds(f64::INFINITY, Basis::StudentT),
        _ => {
            let tail = level / (2 * family) as f64;
            s.bounds(t_quantile(1.0 - tail, s.n() - 1), Basis::StudentT)
        }
    });
    let counted = if critical.is_empty() { 0 } else { patterns.count };
    Family { bounds: bounds.collect(), patterns: counted, exact: patterns.exact }
}

/// Returns the probability that n random signs are all alike.
fn all_alike(n: usize) -> f64 {
    2.0 * 0.5f64.powi(n as i32)
}

/// Sign patterns of the seeds of a family, one bit for each seed. Of a pattern and its mirror image
/// only one is kept.
struct Patterns {
    seeds: BTreeMap<u64, usize>,
    rows: Vec<Vec<u8>>,
    count: usize,
    exact: bool,
}

impl Patterns {
    fn of(series: &[&Differences]) -> Patterns {
        let seeds: BTreeSet<u64> = series.iter().flat_map(|s| &s.values).map(|v| v.0).collect();
        let n = seeds.len();
        let seeds = seeds.into_iter().enumerate().map(|(i, seed)| (seed, i)).collect();
        if n <= MOST_COUNTED {
            // The last seed keeps its sign, because the mirror image has the same |t|.
            let half = 1usize << n.saturating_sub(1);
            let row = |p: usize| (0..n.div_ceil(CHUNK)).map(|c| (p >> (CHUNK * c)) as u8).collect();
            let rows = (0..half).map(row).collect();
            return Patterns { seeds, rows, count: 1 << n, exact: true };
        }
        let mut rng = stream(0, &format!("simultaneous/{n}"));
        let chunks = n.div_ceil(CHUNK);
        let mut row = || (0..chunks).map(|_| rng.next_u64() as u8).collect();
        let mut rows = vec![vec![0; chunks]];
        rows.extend((1..SAMPLED_PATTERNS).map(|_| row()));
        Patterns { seeds, rows, count: SAMPLED_PATTERNS, exact: false }
    }

    /// Raises each entry of `most` to the [`Differences::share`] of `series` for that pattern, if
    /// larger.
    fn largest(&self, series: &Differences, most: &mut [f64]) {
        let chunks = self.seeds.len().div_ceil(CHUNK);
        let mut own = vec![[0.0; CHUNK]; chunks];
        for (seed, value) in &series.values {
            let at = self.seeds[seed];
            own[at / CHUNK][at % CHUNK] += value;
        }
        let scale = 1.0 / (series.n() as f64 * series.squares);
        // Sums of eight seeds for each of their 256 patterns, computed once for each series.
        let tables: Vec<Vec<f64>> = own.iter().map(signed_sums).collect();
        for (row, most) in self.rows.iter().zip(most) {
            let sum: f64 = row.iter().zip(&tables).map(|(p, table)| table[usize::from(*p)]).sum();
            *most = most.max(sum * sum * scale);
        }
    }
}

fn signed_sums(values: &[f64; CHUNK]) -> Vec<f64> {
    let sign = |p: usize, i: usize| if p >> i & 1 == 1 { -1.0 } else { 1.0 };
    let sum = |p| values.iter().enumerate().map(|(i, v)| sign(p, i) * v).sum();
    (0..1 << CHUNK).map(sum).collect()
}

/// Returns the factor of the standard error by number of values: the smallest that at most `level`
/// of the patterns exceed. Empty where even the most extreme pattern does not exceed it, so that
/// flips cannot show anything.
fn critical(series: &[&Differences], patterns: &Patterns, level: f64) -> BTreeMap<usize, f64> {
    let rows = patterns.rows.len();
    let allowed = (level * rows as f64 + TIE) as usize;
    if series.is_empty() || allowed == 0 {
        return BTreeMap::new();
    }
    let mut shares: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for series in series {
        let most = shares.entry(series.n()).or_insert_with(|| vec![0.0; rows]);
        patterns.largest(series, most);
    }
    // |t| from its share of the largest possible.
    let t = |n: usize, share: f64| match 1.0 - share {
        rest if rest < EQUAL => f64::INFINITY,
        rest => ((n - 1) as f64 * share / rest).sqrt(),
    };
    let next = |mut all: Vec<f64>| {
        // Descending: the first `allowed` may exceed it.
        all.sort_unstable_by(|a, b| b.total_cmp(a));
        all[allowed]
    };
    let mut found = BTreeMap::new();
    if let (1, Some((n, most))) = (shares.len(), shares.first_key_value()) {
        // Equally extreme patterns must not differ by rounding.
        found.insert(*n, t(*n, next(most.clone())) * (1.0 + TIE));
    } else {
        let tail = |n: usize, share: f64| match t(n, share) {
            f64::INFINITY => 0.0,
            t => (2.0 * (1.0 - t_cdf(t, n - 1))).max(0.0),
        };
        let smallest =
            |row: usize| shares.iter().map(|(n, most)| tail(*n, most[row])).fold(1.0, f64::min);
        let tail = -next((0..rows).map(|row| -smallest(row)).collect());
        // The cancellation of 1 - t_cdf, far out, must not count as exceeding.
        let slack = 1.0 + TIE + 1e-14 / tail;
        for n in shares.keys() {
            let beyond =
                if tail < 1e-10 { f64::INFINITY } else { t_quantile(1.0 - tail / 2.0, n - 1) };
            found.insert(*n, beyond * slack);
        }
    }
    if found.values().any(|c| c.is_infinite()) { BTreeMap::new() } else { found }
}

#[cfg(test)]
mod tests;
