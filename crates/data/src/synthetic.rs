//! Generated datasets, which have no files. Every number follows from a named stream and from sums,
//! products and comparisons alone, so that it has the same bits on all machines.

use spec::DatasetName;
use spec::seed::stream;

use crate::Part;
use crate::own::statistics;

/// Number of leading bits of a sparse-parity sample whose parity is its class.
const RELEVANT: usize = 3;

/// Number of hidden units of the teacher.
const TEACHER: usize = 10;

/// Generates the training and test split.
pub(crate) fn generate(name: DatasetName) -> (Part, Part) {
    match name {
        DatasetName::SparseParity => sparse_parity(),
        _ => teacher_student(),
    }
}

/// Returns the samples of both splits together, those of the training split, and the features.
fn sizes(name: DatasetName) -> [usize; 3] {
    let info = name.info();
    [(info.train_len + info.test_len) as usize, info.train_len as usize, info.features()]
}

/// Generates bits of -1 and 1; the class is 1 if an odd number of the first three are 1.
fn sparse_parity() -> (Part, Part) {
    let [all, train, bits] = sizes(DatasetName::SparseParity);
    let mut draw = stream(0, "sparse-parity/bits");
    let bit = |draw: &mut spec::seed::Stream| if draw.below(2) == 0 { -1.0_f32 } else { 1.0 };
    let mut inputs: Vec<f32> = (0..all * bits).map(|_| bit(&mut draw)).collect();
    let odd = |sample: &[f32]| sample[..RELEVANT].iter().filter(|&&b| b > 0.0).count() % 2;
    let mut labels: Vec<i64> = inputs.chunks(bits).map(|sample| odd(sample) as i64).collect();
    let test = Part::of_classes(inputs.split_off(train * bits), labels.split_off(train));
    (Part::of_classes(inputs, labels), test)
}

/// Generates nearly standard normal inputs (sums of twelve uniforms) and, as targets, the outputs
/// of a fixed network with one hidden layer of ReLU, standardised by the training split.
fn teacher_student() -> (Part, Part) {
    let [all, train, features] = sizes(DatasetName::TeacherStudent);
    let normal = |name: &str, count: usize| -> Vec<f64> {
        let mut draw = stream(0, &format!("teacher-student/{name}"));
        (0..count).map(|_| draw.near_normal()).collect()
    };
    let (hidden, output) = (normal("hidden", TEACHER * features), normal("output", TEACHER));
    let inputs = normal("inputs", all * features);
    let unit = |weights: &[f64], sample: &[f64]| {
        weights.iter().zip(sample).fold(0.0, |sum, (w, x)| sum + w * x).max(0.0)
    };
    let values: Vec<f64> = inputs
        .chunks(features)
        .map(|sample| {
            let units = hidden.chunks(features).map(|weights| unit(weights, sample));
            units.zip(&output).fold(0.0, |sum, (unit, w)| sum + w * unit)
        })
        .collect();
    let (means, divisors) = statistics(&values[..train], 1.0, 1);
    let mut values: Vec<f32> =
        values.iter().map(|value| ((value - means[0]) / divisors[0]) as f32).collect();
    let mut inputs: Vec<f32> = inputs.iter().map(|&x| x as f32).collect();
    let test = Part::of_values(inputs.split_off(train * features), values.split_off(train), 1);
    (Part::of_values(inputs, values, 1), test)
}
