//! Tests of ranges, lanes and ticks of axes, also with extreme values.

use super::*;

fn labels(axis: Axis, room: usize) -> String {
    axis.ticks(room).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

#[test]
fn ticks_stand_on_round_numbers() {
    let log = |low, high| Axis::of(Scale::Log(low, high));
    assert_eq!(labels(Axis::whole(0.0, 5.0), 8), "0 1 2 3 4 5");
    assert_eq!(labels(Axis::whole(0.0, 1.0), 8), "0 1");
    assert_eq!(labels(Axis::linear(0.0, 4300.0), 6), "0 1,000 2,000 3,000 4,000");
    assert_eq!(labels(Axis::linear(-1000.0, 1000.0), 3), "\u{2212}1,000 0 1,000");
    assert_eq!(labels(log(0.05, 2.4), 8), "0.05 0.1 0.2 0.5 1 2");
    assert_eq!(labels(log(1e-5, 10.0), 7), "10⁻⁵ 0.0001 0.001 0.01 0.1 1 10");
    assert_eq!(labels(log(0.3, 0.9), 6), "0.3 0.4 0.5 0.6 0.7 0.8 0.9");
    assert_eq!(labels(Axis::percent(Scale::Linear(0.9, 0.985)), 6), "90% 92% 94% 96% 98%");
    let error = Axis::percent(Scale::Error(0.1, 0.985));
    assert_eq!(labels(error, 10), "20% 50% 70% 80% 90% 95% 97% 98%");
}

#[test]
fn axes_are_logarithmic_where_values_span_decades() {
    let around = |values: &[f64]| Axis::around(values.iter().copied(), 1.0);
    assert!(around(&[2.3, 0.05]).unwrap().is_log());
    assert!(!around(&[2.3, 0.5, f64::NAN]).unwrap().is_log());
    assert_eq!(around(&[f64::INFINITY]), None);
    assert_eq!(around(&[3.0]).unwrap(), Axis::linear(2.82, 3.18));
    assert_eq!(around(&[2.3, 0.0]).unwrap().scale, Scale::Linear(0.0, 2.3 * 1.06));
    assert_eq!(around(&[0.0]).unwrap().scale, Scale::Linear(0.0, 1.06));
}

#[test]
fn one_zero_has_a_lane_and_leaves_the_axis_logarithmic() {
    let with = Axis::around([2.3, 0.0, 0.05].into_iter(), 1.0).unwrap();
    let without = Axis::around([2.3, 0.05].into_iter(), 1.0).unwrap();
    assert_eq!(with.scale, without.scale);
    assert_eq!(with.lanes, [Some(Lane::Zero), None]);
    assert!(with.unit(0.0) > 0.0 && with.unit(0.0) < with.unit(0.05));
    assert_eq!(labels(with, 8), "0 0.05 0.1 0.2 0.5 1 2");
}

#[test]
fn an_absurd_loss_does_not_set_the_axis() {
    let axis = Axis::around([0.3, 0.5, 0.4, 1e35].into_iter(), 1.0).unwrap();
    assert_eq!(axis.scale, Axis::linear(0.288, 0.512).scale);
    assert_eq!(axis.lanes, [None, Some(Lane::Beyond)]);
    assert_eq!(axis.lane_text(End::High).unwrap(), "> 0.52");
    // Half of the runs almost diverged, and one did.
    let axis = Axis::around([0.3, 0.5, 1e35, 1e30, f64::INFINITY].into_iter(), 1.0).unwrap();
    assert_eq!(axis.lane(End::High), Some(Lane::Beyond));
    assert!(axis.scale.ends().1 < 1.0);
    // If many are absurd, a logarithmic axis holds the sensible ones beside them.
    let axis = Axis::around([0.6, 0.56, 2e9, 1e9, f64::INFINITY].into_iter(), 1.0).unwrap();
    assert!(axis.is_log() && axis.outside(0.56).is_none() && axis.outside(2e9).is_none());
    assert_eq!(axis.lanes, [None, Some(Lane::Infinite)]);
    // Large numbers of similar size are not absurd.
    let axis = Axis::around([1e9, 2e9, 1e12].into_iter(), 1.0).unwrap();
    assert_eq!(axis.lanes, [None, None]);
    let diverged = Axis::around([0.5, f64::INFINITY].into_iter(), 1.0).unwrap();
    assert_eq!(diverged.lane_text(End::High).unwrap(), "diverged");
}

#[test]
fn a_band_that_ends_in_a_lane_is_not_cut() {
    let error = Axis::percent(Scale::Error(0.5, 0.98));
    assert_eq!(error.cut(1.0), Some(End::High));
    let perfect = error.holding([1.0].into_iter());
    assert_eq!((perfect.cut(1.0), perfect.cut(0.99)), (None, Some(End::High)));
    assert_eq!(perfect.through(1.0), perfect.unit(1.0));
    let zero = Axis::of(Scale::Log(0.01, 1.0)).holding([0.0].into_iter());
    assert_eq!((zero.cut(0.0), zero.cut(0.001)), (None, Some(End::Low)));
}

#[test]
fn bands_push_an_axis_out_by_half_of_it_at_most() {
    let axis = Axis::linear(1.0, 3.0);
    let with = |band| axis.with_bands([band].into_iter()).scale;
    assert_eq!(with((1.5, 2.0)), axis.scale);
    assert_eq!(with((0.5, 9.0)), Scale::Linear(0.5, 4.0));
    assert_eq!(with((-7.0, f64::INFINITY)), Scale::Linear(0.0, 3.0));
    let log = Axis::of(Scale::Log(0.01, 1.0));
    let Scale::Log(low, high) = log.with_bands([(0.0, 1e9)].into_iter()).scale else {
        panic!("not logarithmic")
    };
    assert_eq!(low, 0.01);
    assert!((high - 10.0).abs() < 1e-9);
}

#[test]
fn extreme_values_have_a_few_finite_ticks_and_all_have_a_place() {
    let cases: [&[f64]; 7] = [
        &[1e-2, 1e300],
        &[5e-324, f64::MAX],
        &[-f64::MAX, f64::MAX],
        &[0.0, f64::MAX],
        &[1e306, 1.1e306],
        &[1e-30, 1e35, 0.0, 1.0, f64::INFINITY],
        &[f64::MAX, f64::MAX],
    ];
    for values in cases {
        let axis = Axis::around(values.iter().copied(), 1.0).unwrap_or(Axis::linear(0.0, 1.0));
        let axis = axis.holding(values.iter().copied());
        let ticks = [axis.ticks(8), Axis::log(1e-2, f64::MAX).ticks(8)].concat();
        assert!((2..=24).contains(&ticks.len()), "{values:?}: {ticks:?}");
        let places = ticks.iter().map(|t| t.0).chain(values.iter().map(|v| axis.unit(*v)));
        assert!(places.clone().all(|u| (0.0..=1.0).contains(&u)), "{values:?}: {ticks:?}");
    }
}
