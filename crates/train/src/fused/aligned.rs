//! An arena in 64-byte-aligned memory, whose matrix products use `gemm`, as flex does.
//!
//! `unsafe`: a slice over aligned lines of numbers, and `gemm`, which takes pointers. Both are
//! sound because every view is checked to lie within the memory, and `out` to overlap no factor,
//! and because `product` borrows the arena exclusively, as the slice does.
#![allow(unsafe_code)]

use crate::arena::{Arena, View};

/// Minimum number of multiplications of a product that is shared among threads, as in flex.
const SHARED_OUT: usize = 192 * 192 * 192;

/// A cache line of 64 bytes, so that vector loads of the loops never straddle two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// 64-byte-aligned memory.
pub(super) struct AlignedArena {
    lines: Vec<Line>,
    numbers: usize,
    views: Vec<View>,
    threads: usize,
}

impl Arena for AlignedArena {
    fn new(numbers: usize, views: &[View], threads: usize) -> Self {
        assert!(views.iter().all(|view| view.at + view.len() <= numbers));
        let lines = vec![Line([0.0; 16]); numbers.div_ceil(16)];
        AlignedArena { lines, numbers, views: views.to_vec(), threads }
    }

    fn values(&mut self) -> &mut [f32] {
        // SAFETY: lines consist of numbers without padding, and there are enough of them.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.numbers) }
    }

    fn product(&mut self, out: usize, a: usize, b: usize) {
        let [out, a, b] = [out, a, b].map(|i| self.views[i]);
        let (m, n, k) = (out.rows, out.columns, a.columns);
        assert!(a.rows == m && b.rows == k && b.columns == n && !out.transposed);
        assert!([a, b].iter().all(|f| f.at + f.len() <= out.at || out.at + out.len() <= f.at));
        let parallelism = if self.threads > 1 && m * n * k >= SHARED_OUT {
            gemm::Parallelism::Rayon(self.threads)
        } else {
            gemm::Parallelism::None
        };
        let all = self.values().as_mut_ptr();
        let [(out_columns, out_rows), (a_columns, a_rows), (b_columns, b_rows)] =
            [out, a, b].map(|view| view.strides());
        // SAFETY: see the head of this file.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                all.add(out.at),
                out_columns,
                out_rows,
                false,
                all.add(a.at).cast_const(),
                a_columns,
                a_rows,
                all.add(b.at).cast_const(),
                b_columns,
                b_rows,
                0.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        let a = View::new(0, 2, 3);
        let b = View::new(16, 2, 3).transpose();
        let out = View::new(32, 2, 2);
        let mut arena = AlignedArena::new(40, &[out, a, b], 1);
        arena.values()[..6].copy_from_slice(&[1., 2., 3., 4., 5., 6.]);
        arena.values()[16..22].copy_from_slice(&[1., 0., 2., -1., 3., 1.]);
        arena.product(0, 1, 2);
        assert_eq!(arena.values()[32..36], [7., 8., 16., 17.]);
        assert_eq!(arena.values().as_ptr().align_offset(64), 0);
    }

    #[test]
    #[should_panic]
    fn a_product_never_writes_over_its_factors() {
        let views = [View::new(0, 2, 2), View::new(2, 2, 2), View::new(16, 2, 2)];
        AlignedArena::new(32, &views, 1).product(0, 1, 2);
    }
}
