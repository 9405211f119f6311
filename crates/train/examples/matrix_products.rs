//! Measures the lower bound of an epoch: only the matrix products of the lesson's step, in libtorch
//! on one thread. MLP 784-128-10, 60,000 samples in batches of 64.
//!
//! ```text
//! echo epoch | cargo run --release -p train --features libtorch --example matrix_products
//! ```
//!
//! A step has five products: `x W1` and `h W2` forward, `h^T d`, `d W2^T` and `x^T g` backward
//! (nothing needs the gradient of `x`). They are written into preallocated tensors, every step has
//! the same numbers, and nothing else is done: no batch is gathered, no bias added, no gradient
//! used. The program answers each line on standard input with the seconds of one epoch as a JSON
//! object.

use std::io::{self, Write as _};
use std::time::Instant;

use anyhow::ensure;
use tch::{Device, Kind, Tensor};

const SAMPLES: i64 = 60_000;
const BATCH: i64 = 64;
const INPUTS: i64 = 784;
const HIDDEN: i64 = 128;
const CLASSES: i64 = 10;

fn main() -> anyhow::Result<()> {
    tch::set_num_threads(1);
    let _guard = tch::no_grad_guard();
    let weights = [normal(INPUTS, HIDDEN), normal(HIDDEN, CLASSES)];
    let full = Step::new(BATCH, &weights);
    let last = Step::new(SAMPLES % BATCH, &weights);
    full.run()?;
    full.check()?;
    for line in io::stdin().lines() {
        line?;
        let clock = Instant::now();
        for _ in 0..SAMPLES / BATCH {
            full.run()?;
        }
        last.run()?;
        let seconds = clock.elapsed().as_secs_f64();
        println!("{}", serde_json::json!({ "seconds": seconds }));
        io::stdout().flush()?;
    }
    Ok(())
}

/// The products of one batch: two factors and the preallocated result of each.
struct Step([(Tensor, Tensor, Tensor); 5]);

impl Step {
    fn new(batch: i64, [w1, w2]: &[Tensor; 2]) -> Self {
        let [x, h, d, g] = [INPUTS, HIDDEN, CLASSES, HIDDEN].map(|width| normal(batch, width));
        let factors = [
            (x.shallow_clone(), w1.shallow_clone()),
            (h.shallow_clone(), w2.shallow_clone()),
            (h.tr(), d.shallow_clone()),
            (d, w2.tr()),
            (x.tr(), g),
        ];
        Step(factors.map(|(a, b)| {
            let out = Tensor::zeros([a.size()[0], b.size()[1]], (Kind::Float, Device::Cpu));
            (a, b, out)
        }))
    }

    fn run(&self) -> Result<(), tch::TchError> {
        for (a, b, out) in &self.0 {
            // The result is `out` itself.
            let _ = a.f_mm_out(out, b)?;
        }
        Ok(())
    }

    /// Checks that the products were computed and written to their results.
    fn check(&self) -> anyhow::Result<()> {
        for (a, b, out) in &self.0 {
            let (close, sizes) = (a.f_mm(b)?.f_allclose(out, 1e-5, 1e-5, false)?, out.size());
            ensure!(close, "a product of {sizes:?} is wrong");
        }
        Ok(())
    }
}

fn normal(rows: i64, columns: i64) -> Tensor {
    Tensor::randn([rows, columns], (Kind::Float, Device::Cpu))
}
