//! Every figure of generated descents: positions far off the map, on the optimum and beyond the
//! range of floats, and values of all sizes.

use plot::FigureData;
use proptest::prelude::*;
use spec::record::{Split, Status};

use crate::frames::untrue;
use crate::seeds::{analysed_of, jittered};

/// Positions on the map, far off it, on the optimum, and beyond the range of floats.
const PLACES: [f64; 9] = [-2.5, 0.0, 1.0, 0.3, 3.0, -8.0, 1e9, 1e30, 1e300];

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_that_is_finite_stays_inside_its_frame(
        which in prop::collection::vec(0usize..7, 1..=2),
        seeds in 1u64..=3,
        places in prop::collection::vec((0usize..9, 0usize..9), 1..=7),
        values in prop::collection::vec(prop_oneof![
            Just(0.0), Just(1e-30), Just(1e-12), Just(0.4), Just(7.0), Just(1e35), Just(f64::NAN)
        ], 1..=5),
    ) {
        let names = ["beale", "rosenbrock", "rastrigin", "himmelblau", "saddle", "monkey-saddle", "ravine"];
        let mut which = which;
        which.sort_unstable();
        which.dedup();
        let functions: Vec<String> = which.iter().map(|i| format!("\"{}\"", names[*i])).collect();
        let (plan, mut records) = jittered(&functions.join(", "), seeds);
        for (i, record) in records.iter_mut().enumerate() {
            let outcome = record.outcome.as_mut().unwrap();
            for (k, point) in outcome.metrics.iter_mut().enumerate() {
                let (x, y) = places[(i + point.step as usize) % places.len()];
                point.value = match point.metric.id() {
                    "x" => PLACES[x].into(),
                    "y" => PLACES[y].into(),
                    "loss" => values[(i * 7 + k) % values.len()].into(),
                    _ => point.value,
                };
            }
            let last = outcome.metrics.iter().rev().find(|p| p.split == Split::Test);
            if last.is_some_and(|p| !p.value.0.is_finite()) {
                (record.status, outcome.status) = (Status::Diverged, Status::Diverged);
                outcome.stop_reason = None;
            }
        }
        let (analysis, points) = analysed_of(plan, &records);
        let mut faults = Vec::new();
        for (name, figure) in report::figures::all(&analysis, &points) {
            faults.extend(untrue(name, &figure));
            // Of one seed each distance is drawn: what is held at the nearest one is said, and nothing else.
            if let (FigureData::Chart(chart), 1) = (&figure.data, seeds) {
                let nearest = chart.panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points).any(|p| p.y == 1e-7);
                prop_assert_eq!(nearest, figure.description().contains("1e-7"), "{}: {}", name, figure.description());
            }
        }
        prop_assert!(faults.is_empty(), "{faults:#?}");
    }
}
