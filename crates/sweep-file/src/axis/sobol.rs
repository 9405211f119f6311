//! Scrambled Sobol points: samples that fill a cube more evenly than independent ones. More samples
//! refine the set and keep the earlier ones.
//!
//! Source: Joe and Kuo 2008, direction numbers `new-joe-kuo-6`, in the order of the Gray code
//! (Antonov and Saleev 1979), as in scipy.stats.qmc.Sobol; scrambled as in Owen 1998 (nested
//! uniform scrambling): each bit is flipped at random, independently for each value of the bits
//! above it.

use spec::seed::stream;

/// Number of dimensions that the points have.
pub(super) const DIMENSIONS: usize = DIRECTIONS.len() + 1;

/// Degree, coefficients and initial numbers of the primitive polynomials, one per dimension after
/// the first, which is the van der Corput sequence.
const DIRECTIONS: [(u32, u32, &[u32]); 20] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
];

/// Returns the 32 direction numbers of a dimension.
fn directions(dimension: usize) -> [u32; 32] {
    let mut v = [0u32; 32];
    let Some(&(degree, coefficients, initial)) =
        dimension.checked_sub(1).and_then(|i| DIRECTIONS.get(i))
    else {
        v.iter_mut().enumerate().for_each(|(i, v)| *v = 1 << (31 - i));
        return v;
    };
    let s = degree as usize;
    for i in 0..32 {
        v[i] = match i < s {
            true => initial[i] << (31 - i),
            false => {
                let last = v[i - s] ^ (v[i - s] >> s);
                let terms = (1..s).filter(|k| coefficients >> (s - 1 - k) & 1 == 1);
                terms.fold(last, |x, k| x ^ v[i - k])
            }
        };
    }
    v
}

/// Returns the unscrambled coordinate of a point, in units of 2^-32. Points and dimensions count
/// from 0.
///
/// # Panics
/// `dimension` is not below [`DIMENSIONS`].
pub(super) fn point(dimension: usize, index: u32) -> u32 {
    assert!(dimension < DIMENSIONS, "{dimension} of {DIMENSIONS} dimensions");
    let gray = index ^ (index >> 1);
    let v = directions(dimension);
    (0..32).filter(|bit| gray >> bit & 1 == 1).fold(0, |x, bit| x ^ v[bit as usize])
}

/// Returns the coordinate of a scrambled point, in (0, 1). The scrambling of a dimension depends
/// only on `seed` and `name`.
///
/// # Panics
/// `dimension` is not below [`DIMENSIONS`].
pub(super) fn scrambled(seed: u64, name: &str, dimension: usize, index: u32) -> f64 {
    let key = stream(seed, &format!("sobol/{name}")).next_u64();
    let x = point(dimension, index);
    let mut out = 0u32;
    for bit in 0..32 {
        // The bits above this one; their number is hashed, too.
        let above = if bit == 0 { 0 } else { u64::from(x >> (32 - bit)) };
        let flip = mixed(key ^ mixed(above << 6 | bit)) as u32 & 1;
        let own = x >> (31 - bit) & 1;
        out = out << 1 | (own ^ flip);
    }
    (f64::from(out) + 0.5) / (1u64 << 32) as f64
}

/// Hashes 64 bits (SplitMix64; Steele, Lea and Flood 2014).
fn mixed(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_those_of_scipy() {
        // scipy.stats.qmc.Sobol(d=21, scramble=False, bits=32) of scipy 1.17.1, point 5.
        let fifth: Vec<f64> =
            (0..DIMENSIONS).map(|d| f64::from(point(d, 5)) / 2f64.powi(32)).collect();
        let known = [7, 7, 1, 3, 7, 5, 7, 3, 3, 1, 3, 7, 7, 1, 7, 3, 7, 3, 3, 5, 5];
        assert_eq!(fifth, known.map(|eighths| f64::from(eighths) / 8.0));
        let first: Vec<f64> = (0..5).map(|d| f64::from(point(d, 4)) / 2f64.powi(32)).collect();
        assert_eq!(first, [0.375, 0.375, 0.625, 0.875, 0.375]);
        assert!((0..DIMENSIONS).all(|d| point(d, 0) == 0 && point(d, 1) == 1 << 31));
    }

    #[test]
    fn every_interval_of_a_power_of_two_has_one_point_of_as_many() {
        for dimension in 0..DIMENSIONS {
            for bits in [1, 4, 8] {
                let n = 1u32 << bits;
                let interval = |i| (scrambled(3, "a", dimension, i) * f64::from(n)) as u32;
                let mut found: Vec<u32> = (0..n).map(interval).collect();
                found.sort_unstable();
                assert_eq!(found, (0..n).collect::<Vec<_>>(), "{dimension}, {n}");
            }
        }
    }

    #[test]
    fn pairs_of_dimensions_fill_the_square() {
        // 256 points fill all 16 x 16 squares; independent ones would leave about a third empty.
        let square = |i| {
            let of = |d| (scrambled(5, if d == 0 { "a" } else { "b" }, d, i) * 16.0) as usize;
            16 * of(0) + of(1)
        };
        let filled: std::collections::HashSet<usize> = (0..256).map(square).collect();
        assert_eq!(filled.len(), 256);
    }

    #[test]
    fn scramblings_differ_by_seed_and_name() {
        let of = |seed, name: &str| (0..8).map(|i| scrambled(seed, name, 2, i)).collect::<Vec<_>>();
        assert_eq!(of(1, "a"), of(1, "a"));
        assert_ne!(of(1, "a"), of(2, "a"));
        assert_ne!(of(1, "a"), of(1, "b"));
        assert!(of(1, "a").iter().all(|x| *x > 0.0 && *x < 1.0));
    }
}
