//! Tests of recurrent layers on the flex backend: which tokens a token sees, the state carried from
//! one sequence to the next, initial values, and randomness in training.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use model::{Network, build, cross_entropy, digest, parameters};
use spec::ModelSpec;
use spec::model::Lstm;

const CONTEXT: usize = 6;
const VOCABULARY: usize = 11;
const TEXT: [f32; CONTEXT] = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0];
const OTHER: [f32; CONTEXT] = [2.0, 6.0, 5.0, 3.0, 5.0, 8.0];

fn small() -> Lstm {
    Lstm { layers: 2, width: 8, dropout: 0.0, input_dropout: 0.0, output_dropout: 0.0 }
}

fn built(spec: Lstm, device: &Device) -> Network {
    build(&ModelSpec::Lstm(spec), [1, 1, CONTEXT], VOCABULARY, 3, device)
}

fn tokens(rows: &[[f32; CONTEXT]]) -> Tensor<2> {
    let data = TensorData::new(rows.concat(), [rows.len(), CONTEXT]);
    Tensor::from_data(data, &Device::flex())
}

fn values<const D: usize>(of: Tensor<D>) -> Vec<f32> {
    of.into_data().try_into_vec::<f32>().unwrap()
}

#[test]
fn the_same_seed_gives_these_weights_for_ever() {
    let of = |layers| digest(&built(Lstm { layers, ..small() }, &Device::flex()));
    assert_eq!(
        [of(1), of(2)],
        ["6ab31467766644e6561a5b317b6bb9ee", "04ecbde1015a47411eeda02765881356"]
    );
}

#[test]
fn no_logit_depends_on_a_later_token() {
    for device in [Device::flex(), Device::flex().autodiff()] {
        let network = built(small(), &device);
        let of = |row| values(network.forward(tokens(&[OTHER, row])));
        let before = of(TEXT);
        for changed in 0..CONTEXT {
            let mut row = TEXT;
            row[changed] = 10.0;
            let after = of(row);
            // The other sample, then every earlier token: bit for bit.
            let same = (CONTEXT + changed) * VOCABULARY;
            assert_eq!(before[..same], after[..same], "{changed}");
            for at in changed..CONTEXT {
                let row = (CONTEXT + at) * VOCABULARY..(CONTEXT + at + 1) * VOCABULARY;
                assert_ne!(before[row.clone()], after[row], "{changed} {at}");
            }
        }
    }
}

#[test]
fn a_sequence_in_two_halves_has_the_logits_of_the_whole() {
    for device in [Device::flex(), Device::flex().autodiff()] {
        let network = built(small(), &device);
        let text = tokens(&[TEXT, OTHER]);
        let whole = network.forward(text.clone()).reshape([2, CONTEXT, VOCABULARY]);
        for cut in 1..CONTEXT {
            let part = |range| text.clone().slice([0..2, range]);
            let (first, state) = network.forward_from(part(0..cut), None);
            let state = state.expect("it has a state");
            assert_eq!((state.dims(), state.is_autodiff()), ([4, 2, 8], false));
            assert_eq!(state.dims(), small().state_shape(2));
            let (second, _) = network.forward_from(part(cut..CONTEXT), Some(state));
            let halves = [first, second].map(|of| {
                let [rows, _] = of.dims();
                of.reshape([2, rows / 2, VOCABULARY])
            });
            let halves = Tensor::cat(halves.into(), 1);
            assert_eq!(values(halves), values(whole.clone()), "{cut}");
            // Without the state they differ.
            let alone = values(network.forward(part(cut..CONTEXT)));
            let rest = whole.clone().slice([0..2, cut..CONTEXT]);
            assert_ne!(alone, values(rest), "{cut}");
        }
    }
}

/// Checks that the gradients of the second half are those of a network whose state is a constant.
#[test]
fn no_gradient_goes_through_the_state() {
    let network = built(small(), &Device::flex().autodiff());
    let (first, state) = network.forward_from(tokens(&[TEXT]), None);
    let plain = network.clone().valid().forward_from(tokens(&[TEXT]), None).1.unwrap();
    let gradients = |state: Tensor<3>| {
        let (logits, _) = network.forward_from(tokens(&[OTHER]), Some(state));
        let next = Tensor::from_data([6i64, 5, 3, 5, 8, 0], &Device::flex());
        let gradients = cross_entropy(logits, next).backward();
        let Network::Lstm(of) = &network else { unreachable!() };
        let embedding = values(of.token_embedding.grad(&gradients).unwrap());
        let n = GradientsParams::from_grads(gradients, &network).len();
        (embedding, n)
    };
    let (carried, n) = gradients(state.unwrap());
    assert_eq!((&carried, n), (&gradients(plain).0, 11));
    // The tokens 3, 1, 4 and 9 are only in the first half.
    for token in [1, 4, 9] {
        assert!(carried[token * 8..(token + 1) * 8].iter().all(|&g| g == 0.0), "{token}");
    }
    assert_eq!(first.dims(), [CONTEXT, VOCABULARY]);
}

#[test]
fn each_dropout_acts_at_its_place_in_training_alone() {
    let device = Device::flex().autodiff();
    let text = tokens(&[TEXT]);
    let without = values(built(small(), &device).forward(text.clone()));
    for spec in [
        Lstm { dropout: 0.3, ..small() },
        Lstm { input_dropout: 0.3, ..small() },
        Lstm { output_dropout: 0.3, ..small() },
    ] {
        let network = built(spec.clone(), &device);
        let seeded = |seed| {
            Device::flex().seed(seed);
            network.forward_from(text.clone(), None)
        };
        let (first, state) = seeded(7);
        let first = values(first);
        assert_eq!(first, values(seeded(7).0), "the generator decides");
        assert_ne!(first, values(network.forward(text.clone())), "it goes on");
        assert_ne!(first, values(seeded(8).0));
        assert_ne!(first, without);
        // Dropout before the head affects no layer, dropout between layers all but the first.
        let parts = |state: Option<Tensor<3>>| {
            let all = values(state.unwrap());
            [all[..16].to_vec(), all[16..].to_vec()]
        };
        let (found, plain) =
            (parts(state), parts(network.valid().forward_from(text.clone(), None).1));
        assert_eq!(found[0] == plain[0], spec.input_dropout == 0.0);
        assert_eq!(found[1] == plain[1], spec.output_dropout > 0.0);
        assert_eq!(values(network.valid().forward(text.clone())), without);
        assert_eq!(values(built(spec, &Device::flex()).forward(text.clone())), without);
    }
}

#[test]
fn it_begins_as_pytorchs_layers() {
    let spec = Lstm { width: 64, ..small() };
    let network = build(&ModelSpec::Lstm(spec), [1, 1, 4], 200, 5, &Device::flex());
    let k = 1.0 / 8.0;
    for (path, _, values) in parameters(&network) {
        let n = values.len() as f64;
        let squares = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n;
        let largest = values.iter().fold(0f32, |a, b| a.max(b.abs()));
        let embedding = path == "token_embedding";
        let expected: f64 = if embedding { 1.0 } else { k / 3f64.sqrt() };
        let near = 4.0 * expected / (2.0 * n).sqrt();
        assert!((squares.sqrt() - expected).abs() < near, "{path}: {}", squares.sqrt());
        assert!(embedding || f64::from(largest) <= k, "{path}: {largest}");
    }
}

#[test]
fn an_evaluation_holds_tokens_and_logits() {
    let network = |context, vocabulary| {
        let spec = ModelSpec::Lstm(small());
        build(&spec, [1, 1, context], vocabulary, 0, &Device::flex())
    };
    assert_eq!(network(64, 5_000).numbers_a_sample(), 64 * (8 + 2 * 5_000));
    assert_eq!(network(64, 2).numbers_a_sample(), 2 * 64 * 8 + 12 * 8);
}
