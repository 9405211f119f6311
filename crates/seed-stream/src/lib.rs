//! Seeded randomness on the host: named streams, uniforms, permutations.
//!
//! A stream is a pure function of (seed, name), so the same seed gives the same
//! initial weights and batches for every optimizer, on every device, in any
//! order. Uniforms and the shuffle are our own few lines with pinned test
//! vectors, because a library's may change between releases.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One named stream of random numbers.
pub struct Stream(ChaCha8Rng);

/// The stream `name` of `seed`. Names in use: `init/<parameter path>`,
/// `shuffle/<epoch>`, `windows/<epoch>`, `augment/<epoch>`, `device/<epoch>`, `noise/<epoch>`.
pub fn stream(seed: u64, name: &str) -> Stream {
    let mut hash =
        blake3::Hasher::new_derive_key("declarative optimizer sweep, random stream, version 1");
    hash.update(&seed.to_le_bytes()).update(name.as_bytes());
    Stream(ChaCha8Rng::from_seed(*hash.finalize().as_bytes()))
}

impl Stream {
    /// Uniform in [0, 1) with 24 random bits, exact in `f32`.
    pub fn uniform(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in [low, high).
    pub fn uniform_in(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Mean 0, standard deviation 1, nearly normal: the sum of twelve uniforms
    /// less 6, which is exact, so that no logarithm of some platform is in it.
    /// Never beyond 6.
    pub fn near_normal(&mut self) -> f64 {
        (0..12).map(|_| f64::from(self.uniform())).sum::<f64>() - 6.0
    }

    /// Mean 0, standard deviation 1, normal: the polar method of Marsaglia and Bray (1964),
    /// the second value of each pair left out. The logarithm is `libm`'s, so that no
    /// platform's is in it.
    pub fn normal(&mut self) -> f64 {
        let mut uniform = || (self.0.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
        loop {
            let (u, v) = (uniform(), uniform());
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                return u * (-2.0 * libm::log(square) / square).sqrt();
            }
        }
    }

    /// Uniform integer below `bound`, without bias (rejection). `bound` is at least 1.
    pub fn below(&mut self, bound: u32) -> u32 {
        let bound = u64::from(bound.max(1));
        let limit = (1u64 << 32) - (1u64 << 32) % bound;
        loop {
            let x = u64::from(self.0.next_u32());
            if x < limit {
                return (x % bound) as u32;
            }
        }
    }

    /// 64 random bits, to seed a backend's own generator.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// The permutation of `0..n` that epoch `epoch` (from 1) of a run feeds:
/// Fisher-Yates over the stream `shuffle/<epoch>`.
pub fn permutation(seed: u64, epoch: u64, n: usize) -> Vec<u32> {
    let mut rng = stream(seed, &format!("shuffle/{epoch}"));
    let mut order: Vec<u32> = (0..n as u32).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.below(i as u32 + 1) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_vectors() {
        assert_eq!(permutation(0, 1, 10), PINNED_PERMUTATION);
        let mut s = stream(7, "init/l1.weight");
        let got: Vec<u32> = (0..3).map(|_| (s.uniform() * 16_777_216.0) as u32).collect();
        assert_eq!(got, PINNED_UNIFORM);
    }
    const PINNED_PERMUTATION: [u32; 10] = [7, 6, 9, 3, 2, 1, 0, 8, 4, 5];
    const PINNED_UNIFORM: [u32; 3] = [1152151, 1008106, 7036683];

    #[test]
    fn streams_differ_by_seed_and_name() {
        let first = |seed, name| stream(seed, name).next_u64();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(2, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
    }

    #[test]
    fn near_normals_have_the_moments_of_normals() {
        let mut s = stream(3, "noise/1");
        let values: Vec<f64> = (0..40_000).map(|_| s.near_normal()).collect();
        let moment = |k: i32| values.iter().map(|v| v.powi(k)).sum::<f64>() / 40_000.0;
        // Standard errors: 0.005, 0.007, 0.012; the fourth moment is 2.9 by construction.
        assert!(moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.03, "{}", moment(2));
        assert!(moment(3).abs() < 0.06 && (moment(4) - 2.9).abs() < 0.2, "{}", moment(4));
    }

    #[test]
    fn normals_have_the_distribution_of_normals() {
        let mut s = stream(5, "init/weight");
        let values: Vec<f64> = (0..40_000).map(|_| s.normal()).collect();
        let moment = |k: i32| values.iter().map(|v| v.powi(k)).sum::<f64>() / 40_000.0;
        // Standard errors: 0.005, 0.007, 0.012, 0.049.
        assert!(moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.03, "{}", moment(2));
        assert!(moment(3).abs() < 0.06 && (moment(4) - 3.0).abs() < 0.2, "{}", moment(4));
        // Parts within 1 and 2 deviations: 0.6827 and 0.9545, standard errors 0.0023 and 0.001.
        let within = |d: f64| values.iter().filter(|v| v.abs() < d).count() as f64 / 40_000.0;
        assert!((within(1.0) - 0.6827).abs() < 0.01 && (within(2.0) - 0.9545).abs() < 0.005);
    }

    #[test]
    fn permutations_are_permutations_and_uniform() {
        let mut counts = [0u32; 4];
        for seed in 0..4000 {
            let mut p = permutation(seed, 3, 4);
            counts[p[0] as usize] += 1;
            p.sort_unstable();
            assert_eq!(p, [0, 1, 2, 3]);
        }
        // 1000 expected each, standard deviation 27.
        assert!(counts.iter().all(|c| (880..1120).contains(c)), "{counts:?}");
    }
}
