//! Tests that clipped gradients equal those of torch.nn.utils, for several ranks.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use optimizer_registry::clip::clip;
use serde::Deserialize;
use spec::update::UpdateSpec;

#[derive(Deserialize)]
struct Golden {
    shapes: (Vec<usize>, Vec<usize>, Vec<usize>),
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    clip_value: f64,
    clip_norm: f64,
    gradients: [Vec<f32>; 3],
    clipped: [Vec<f32>; 3],
}

#[derive(Module, Debug)]
struct Three {
    a: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
    c: Param<Tensor<4>>,
}

fn tensor<const D: usize>(values: &[f32], shape: &[usize], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape.to_vec()), device)
}

fn run(golden: &Golden, update: &UpdateSpec, gradients: &[Vec<f32>; 3]) -> [Vec<f32>; 3] {
    let device = Device::flex();
    let (a, b, c) = &golden.shapes;
    let module = Three {
        a: Param::from_tensor(Tensor::zeros([a[0], a[1]], &device)),
        b: Param::from_tensor(Tensor::zeros([b[0]], &device)),
        c: Param::from_tensor(Tensor::zeros([c[0], c[1], c[2], c[3]], &device)),
    };
    let mut all = GradientsParams::new();
    all.register(module.a.id, tensor::<2>(&gradients[0], a, &device));
    all.register(module.b.id, tensor::<1>(&gradients[1], b, &device));
    all.register(module.c.id, tensor::<4>(&gradients[2], c, &device));
    let all = clip(update, &module, all);
    let read = |data: TensorData| data.try_into_vec::<f32>().unwrap();
    [
        read(all.get::<2>(module.a.id).unwrap().into_data()),
        read(all.get::<1>(module.b.id).unwrap().into_data()),
        read(all.get::<4>(module.c.id).unwrap().into_data()),
    ]
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden-schedules/clip.json")).expect("clip.json")
}

#[test]
fn clipped_gradients_are_those_of_torch() {
    let golden = golden();
    let mut changed = 0;
    for case in &golden.cases {
        let (clip_value, clip_norm) = (case.clip_value, case.clip_norm);
        let update = UpdateSpec { clip_value, clip_norm, ..UpdateSpec::default() };
        let got = run(&golden, &update, &case.gradients);
        let all = got.iter().flatten().zip(case.clipped.iter().flatten());
        for (got, want) in all {
            let error = (got - want).abs() / want.abs().max(1e-12);
            assert!(error < 1e-6, "{clip_value} {clip_norm}: {got} for {want}");
        }
        changed += usize::from(case.gradients != case.clipped);
        // Neutral settings leave every bit as it was.
        assert_eq!(run(&golden, &UpdateSpec::default(), &case.gradients), case.gradients);
    }
    assert!(changed >= 4, "{changed}");
}

#[test]
fn gradients_that_are_not_finite_are_as_in_torch() {
    let golden = golden();
    let update = UpdateSpec { clip_norm: 1.0, ..UpdateSpec::default() };
    let with = |x: f32| {
        let mut gradients = golden.cases[0].gradients.clone();
        gradients[1][0] = x;
        run(&golden, &update, &gradients)
    };
    assert!(with(f32::NAN).iter().flatten().all(|g| g.is_nan()));
    let [a, b, _] = with(f32::INFINITY);
    assert!(b[0].is_nan() && a.iter().all(|g| *g == 0.0), "{a:?} {b:?}");
}
