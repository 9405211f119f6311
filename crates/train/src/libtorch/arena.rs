//! An arena whose matrix products are computed by libtorch.
//!
//! `unsafe`: a slice over the memory of a tensor. It is sound because the tensor is contiguous,
//! float32, in host memory and owned by the arena; libtorch accesses it only in `product`, which
//! borrows the arena exclusively, as the slice does.
#![allow(unsafe_code)]

use tch::{Device, Kind, Tensor};

use crate::arena::{Arena, View};

/// Memory allocated by libtorch on the CPU, 64-byte aligned.
pub(crate) struct TorchArena {
    all: Tensor,
    numbers: usize,
    views: Vec<Tensor>,
}

impl Arena for TorchArena {
    fn new(numbers: usize, views: &[View], _threads: usize) -> Self {
        // libtorch's threads are set when the device is opened.
        let all = Tensor::zeros([numbers as i64], (Kind::Float, Device::Cpu));
        let views = views.iter().map(|view| matrix(&all, view)).collect();
        TorchArena { all, numbers, views }
    }

    fn values(&mut self) -> &mut [f32] {
        // SAFETY: see the head of this file.
        unsafe { std::slice::from_raw_parts_mut(self.all.data_ptr().cast::<f32>(), self.numbers) }
    }

    fn product(&mut self, out: usize, a: usize, b: usize) {
        // Sizes agree by construction; the result is `out` itself.
        let _ = self.views[a].mm_out(&self.views[out], &self.views[b]);
    }
}

fn matrix(all: &Tensor, view: &View) -> Tensor {
    let part = all.narrow(0, view.at as i64, view.len() as i64);
    if view.transposed {
        part.view([view.columns as i64, view.rows as i64]).tr()
    } else {
        part.view([view.rows as i64, view.columns as i64])
    }
}
