//! Tests that one pass over all parameters gives the same bits as the rule that it replaces.

mod support;

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use optimizer_registry::{Fused, Optimizer};
use spec::OptimizerSpec;
use spec::parameters::ParameterTable;
use spec::seed::stream;
use spec::update::UpdateSpec;
use support::golden;

/// A matrix and a vector of awkward lengths.
#[derive(Module, Debug)]
struct Two {
    matrix: Param<Tensor<2>>,
    vector: Param<Tensor<1>>,
}

const SIZES: [usize; 2] = [7 * 5, 3];

impl Two {
    fn new(values: [Vec<f32>; 2], device: &Device) -> Self {
        let [matrix, vector] = values;
        Two {
            matrix: Param::from_data(TensorData::new(matrix, [7, 5]), device),
            vector: Param::from_data(TensorData::new(vector, [3]), device),
        }
    }

    fn bits(&self) -> Vec<u32> {
        let read = |data: TensorData| data.try_into_vec::<f32>().unwrap();
        let mut all = read(self.matrix.val().into_data());
        all.extend(read(self.vector.val().into_data()));
        all.into_iter().map(f32::to_bits).collect()
    }

    fn gradients(&self, values: &[f32], device: &Device) -> GradientsParams {
        let (matrix, vector) = values.split_at(SIZES[0]);
        let mut out = GradientsParams::new();
        let matrix = TensorData::new(matrix.to_vec(), [7, 5]);
        out.register(self.matrix.id, Tensor::<2>::from_data(matrix, device));
        let vector = TensorData::new(vector.to_vec(), [3]);
        out.register(self.vector.id, Tensor::<1>::from_data(vector, device));
        out
    }
}

/// Draws numbers of all magnitudes, including zeros of both signs.
fn draw(name: &str, n: usize) -> Vec<f32> {
    let mut stream = stream(11, name);
    let mut one = |i: usize| match i % 9 {
        3 => 0.0,
        4 => -0.0,
        k => (stream.near_normal() * 10f64.powi(4 - 2 * k as i32)) as f32,
    };
    (0..n).map(&mut one).collect()
}

/// Returns every setting of the golden files that has such a pass, and further ones that they lack.
fn settings() -> Vec<(String, OptimizerSpec)> {
    let mut all = Vec::new();
    for kind in OptimizerSpec::KINDS.iter().map(|kind| kind.name) {
        for (name, case) in golden(kind).cases {
            if Fused::exists(&case.spec) {
                all.push((format!("{kind} {name}"), case.spec));
            }
        }
    }
    all
}

#[test]
fn bits_are_those_of_the_rule() {
    let device = Device::flex();
    let again = &mut |_: &Two| unreachable!("no optimizer here looks twice");
    let settings = settings();
    for kind in ["sgd", "rmsprop", "adam", "adamw"] {
        let of_kind = settings.iter().filter(|(_, spec)| spec.kind() == kind).count();
        assert!(of_kind >= 3, "{kind}: {of_kind} settings");
    }
    for (name, spec) in settings {
        let start = [draw("matrix", SIZES[0]), draw("vector", SIZES[1])];
        let mut ruled = Two::new(start, &device.clone().autodiff());
        let mut fused = ruled.clone();
        let n = SIZES.iter().sum();
        let mut rule =
            Optimizer::new(&spec, &UpdateSpec::default(), &[], &ParameterTable::default(), &ruled);
        let mut pass = Optimizer::fused(&spec, n).expect("it was asked for");
        for step in 0..30 {
            let lr = spec.lr() * [1.0, 0.3, 1e-3][step % 3];
            let drawn = draw(&format!("{step}"), n);
            let gradients = ruled.gradients(&drawn, &device);
            ruled = rule.step(lr, ruled, gradients, again);
            let gradients = fused.gradients(&drawn, &device);
            fused = pass.step(lr, fused, gradients, again);
            assert_eq!(ruled.bits(), fused.bits(), "{name}, step {step}");
            // A state that is saved and read back continues unchanged.
            let bytes = pass.to_bytes().unwrap();
            pass = Optimizer::fused(&spec, n).unwrap().from_bytes(bytes).unwrap();
        }
    }
}

#[test]
fn more_threads_change_no_bit() {
    let n = 700_001;
    for (name, spec) in settings() {
        let run = |threads| {
            let mut fused = Fused::new(&spec, n).unwrap();
            let mut parameters = draw("parameters", n);
            for step in ["first", "second"] {
                fused.step(spec.lr(), &mut parameters, &draw(step, n), threads);
            }
            (parameters.into_iter().map(f32::to_bits).collect::<Vec<_>>(), fused.to_bytes())
        };
        assert!(run(1) == run(3), "{name}");
    }
}

#[test]
fn a_state_of_another_size_is_refused() {
    let spec = golden("adam").defaults;
    let bytes = Fused::new(&spec, 4).unwrap().to_bytes();
    let error = Fused::new(&spec, 5).unwrap().from_bytes(&bytes).unwrap_err().to_string();
    assert!(error.contains("40 bytes are no state of 10 numbers"), "{error}");
    assert!(Fused::new(&spec, 4).unwrap().from_bytes(&bytes[..3]).is_err());
}
