//! Tests of the transformer on the flex backend: which tokens a token sees, tied parameters,
//! initial values, and randomness in training.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use model::init::Draws;
use model::{Network, build, build_with, digest, parameters};
use spec::ModelSpec;
use spec::init::{BiasInit, Init, InitSpec};
use spec::model::{Gpt, Norm};

const CONTEXT: usize = 6;
const VOCABULARY: usize = 11;
const SHAPE: [usize; 3] = [1, 1, CONTEXT];

fn small() -> Gpt {
    Gpt {
        layers: 2,
        heads: 2,
        width: 8,
        mlp: 4,
        norm: Norm::Layer,
        bias: true,
        tied: true,
        dropout: 0.0,
    }
}

fn built(spec: Gpt, device: &Device) -> Network {
    build(&ModelSpec::Gpt(spec), SHAPE, VOCABULARY, 3, device)
}

fn tokens(rows: &[[f32; CONTEXT]]) -> Tensor<2> {
    let data = TensorData::new(rows.concat(), [rows.len(), CONTEXT]);
    Tensor::from_data(data, &Device::flex())
}

fn values(logits: Tensor<2>) -> Vec<f32> {
    logits.into_data().try_into_vec::<f32>().unwrap()
}

#[test]
fn the_same_seed_gives_these_weights_for_ever() {
    let of = |spec| digest(&built(spec, &Device::flex()));
    let loose = Gpt { norm: Norm::Rms, bias: false, tied: false, ..small() };
    assert_eq!(
        [of(small()), of(loose)],
        ["e7842945738292c947aa17322805a689", "7a1e4ccfdf44c6a6550080c802741a7c"]
    );
}

#[test]
fn no_logit_depends_on_a_later_token() {
    let text = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0];
    let other = [2.0, 6.0, 5.0, 3.0, 5.0, 8.0];
    for (norm, device) in [(Norm::Layer, Device::flex()), (Norm::Rms, Device::flex().autodiff())] {
        let network = built(Gpt { norm, ..small() }, &device);
        let of = |row| values(network.forward(tokens(&[other, row])));
        let before = of(text);
        for changed in 0..CONTEXT {
            let mut row = text;
            row[changed] = 10.0;
            let after = of(row);
            // The other sample, then every earlier token: bit for bit.
            let same = (CONTEXT + changed) * VOCABULARY;
            assert_eq!(before[..same], after[..same], "{norm} {changed}");
            // It sees itself, and all that follow see it.
            for at in changed..CONTEXT {
                let row = (CONTEXT + at) * VOCABULARY..(CONTEXT + at + 1) * VOCABULARY;
                assert_ne!(before[row.clone()], after[row], "{norm} {changed} {at}");
            }
        }
    }
}

#[test]
fn fewer_tokens_than_the_context_have_the_same_logits() {
    let network = built(small(), &Device::flex());
    let text = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0];
    let whole = values(network.forward(tokens(&[text])));
    let begun = network.forward(tokens(&[text]).slice([0..1, 0..4]));
    assert_eq!(begun.dims(), [4, VOCABULARY]);
    let differs = |(a, b): (f32, &f32)| (a - b).abs() > 1e-6;
    assert!(!values(begun).into_iter().zip(&whole).any(differs));
}

#[test]
fn a_tied_head_is_one_parameter_with_the_token_embedding() {
    let device = Device::flex().autodiff();
    let (tied, loose) = (built(small(), &device), built(Gpt { tied: false, ..small() }, &device));
    let paths = |network: &Network| -> Vec<String> {
        parameters(network).into_iter().map(|(path, _, _)| path).collect()
    };
    assert!(!paths(&tied).contains(&"head.weight".to_owned()));
    assert_eq!(paths(&loose).len(), paths(&tied).len() + 1);
    let mut with_head = paths(&tied);
    with_head.push("head.weight".to_owned());
    with_head.sort();
    assert_eq!(paths(&loose), with_head);
    // A parameter that is used twice is digested and recorded once; a record restores both uses.
    assert_ne!(digest(&tied), digest(&loose));
    let other = build(&ModelSpec::Gpt(small()), SHAPE, VOCABULARY, 4, &device);
    let text = tokens(&[[3.0, 1.0, 4.0, 1.0, 5.0, 9.0]]);
    assert_ne!(values(other.forward(text.clone())), values(tied.forward(text.clone())));
    let other = other.load_record(tied.clone().into_record());
    assert_eq!(digest(&other), digest(&tied));
    assert_eq!(values(other.forward(text.clone())), values(tied.forward(text)));
}

#[test]
fn dropout_follows_the_devices_seed_and_acts_in_training_alone() {
    let device = Device::flex().autodiff();
    let text = tokens(&[[3.0, 1.0, 4.0, 1.0, 5.0, 9.0]]);
    let without = values(built(small(), &device).forward(text.clone()));
    let network = built(Gpt { dropout: 0.2, ..small() }, &device);
    let seeded = |seed| {
        Device::flex().seed(seed);
        values(network.forward(text.clone()))
    };
    let first = seeded(7);
    assert_eq!(first, seeded(7), "the generator decides");
    assert_ne!(first, values(network.forward(text.clone())), "it goes on");
    assert_ne!(first, seeded(8));
    assert_ne!(first, without);
    let evaluated = values(network.valid().forward(text.clone()));
    assert_eq!(evaluated, values(network.valid().forward(text.clone())));
    let plain = built(Gpt { dropout: 0.2, ..small() }, &Device::flex());
    assert_eq!(evaluated, values(plain.forward(text)));
}

/// Returns the root mean square of every parameter of a larger model.
fn deviations(init: &InitSpec) -> Vec<(String, f64)> {
    let spec = Gpt { layers: 2, heads: 4, width: 64, tied: false, ..small() };
    let draws = Draws { init, seed: 5 };
    let device = Device::flex();
    let network = build_with(&ModelSpec::Gpt(spec), [1, 1, 64], 200, draws, &device);
    let sizes = parameters(&network).into_iter().map(|(path, _, values)| {
        let squares = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>();
        (path, (squares / values.len() as f64).sqrt())
    });
    sizes.collect()
}

#[test]
fn it_begins_as_nanogpt() {
    for (path, found) in deviations(&InitSpec::default()) {
        let expected = if path.ends_with("gamma") {
            1.0
        } else if path.ends_with("bias") || path.ends_with("beta") {
            0.0
        } else if path.ends_with("projection.weight") || path.ends_with("down.weight") {
            0.02 / 4f64.sqrt()
        } else {
            0.02
        };
        // The deviation of 4,096 normals is known to 1.1 %.
        assert!((found - expected).abs() <= 0.05 * expected, "{path}: {found}, not {expected}");
    }
}

#[test]
fn an_init_that_is_asked_for_is_that_of_linear_layers() {
    let (init, init_sd) = (Init::TruncatedNormal, 0.1);
    let (init_bias, init_bias_value) = (BiasInit::Constant, 0.25);
    let plain = deviations(&InitSpec::default());
    let asked = deviations(&InitSpec { init, init_sd, init_bias, init_bias_value });
    for ((path, found), (_, before)) in asked.into_iter().zip(plain) {
        let expected = match path.rsplit('.').next() {
            Some("weight") => 0.1 * 0.879_626,
            Some("bias") => 0.25,
            _ => before,
        };
        assert!((found - expected).abs() <= 0.05 * expected, "{path}: {found}, not {expected}");
    }
}

#[test]
fn an_evaluation_holds_scores_and_logits() {
    let network = |layers, heads, context, vocabulary| {
        let spec = Gpt { layers, heads, ..small() };
        build(&ModelSpec::Gpt(spec), [1, 1, context], vocabulary, 0, &Device::flex())
    };
    // The logits of 64 tokens, twice, with their inputs.
    assert_eq!(network(1, 1, 64, 5_000).numbers_a_sample(), 64 * (8 + 2 * 5_000));
    // The scores of 8 heads, twice, with their inputs; more blocks hold no more at once.
    for layers in [1, 3] {
        let found = network(layers, 8, 256, 10).numbers_a_sample();
        assert_eq!(found, 2 * 8 * 256 * 256 + 256 * 4 * 8);
    }
}
