//! Areas of a function of two variables below a level, as closed loops by marching squares
//! (Lorensen and Cline 1987, in the plane). Each loop has the area to its left, so that loops
//! around holes run the other way.

use std::collections::BTreeMap;

use crate::map::{Field, GRID, Position};

/// Number of levels.
const LEVELS: usize = 12;

/// A loop in the function's coordinates; its last point connects to the first.
pub type Loop = Vec<Position>;

/// Returns the levels of the areas, descending. They are quantiles of the sampled values, closer
/// together at the bottom, so that the deep parts, which are small, have more of them.
pub fn levels(field: &Field) -> Vec<f64> {
    let mut values = field.values().to_vec();
    values.sort_by(f64::total_cmp);
    let share = |k: usize| ((k as f64 + 0.3) / LEVELS as f64).powf(1.7);
    (0..LEVELS).rev().map(|k| values[(share(k) * (values.len() - 1) as f64) as usize]).collect()
}

/// Returns the area of the box in which the function is below `level`, as loops.
pub fn below(field: &Field, level: f64) -> Vec<Loop> {
    // A rim of corners that are never below the level closes every loop at the border.
    let n = GRID + 3;
    let depth = |i: usize, j: usize| {
        let inside = (1..=GRID + 1).contains(&i) && (1..=GRID + 1).contains(&j);
        if inside { level - field.value(i - 1, j - 1) } else { f64::NEG_INFINITY }
    };
    let depths: Vec<f64> = (0..n * n).map(|k| depth(k % n, k / n)).collect();
    let held = |i: usize, j: usize| depths[j * n + i];
    let place =
        |i: usize, j: usize| field.corner(i.clamp(1, GRID + 1) - 1, j.clamp(1, GRID + 1) - 1);
    // An edge is identified by its lower left corner and its direction; a segment leads from one
    // edge to the next.
    let mut next: BTreeMap<Edge, Edge> = BTreeMap::new();
    for j in 0..n - 1 {
        for i in 0..n - 1 {
            square(i, j, &held, &mut next);
        }
    }
    let mut loops = Vec::new();
    while let Some((&first, _)) = next.first_key_value() {
        let mut line = Vec::new();
        let mut edge = first;
        while let Some(to) = next.remove(&edge) {
            line.push(crossing(edge, &held, &place));
            edge = to;
        }
        loops.push(line);
    }
    loops
}

/// Lower left corner of an edge, and whether the edge runs upwards.
type Edge = (usize, usize, bool);

/// Adds the segments of one square, with the area to their left.
fn square(
    i: usize,
    j: usize,
    held: &impl Fn(usize, usize) -> f64,
    next: &mut BTreeMap<Edge, Edge>,
) {
    // Anticlockwise from the lower left: corners, and the edges that follow each.
    let corners = [held(i, j), held(i + 1, j), held(i + 1, j + 1), held(i, j + 1)];
    let edges: [Edge; 4] = [(i, j, false), (i + 1, j, true), (i, j + 1, false), (i, j, true)];
    let inside = corners.map(|d| d > 0.0);
    // Going round the square, the area ends at some edges and begins at others.
    let ends: Vec<usize> = (0..4).filter(|&k| inside[k] && !inside[(k + 1) % 4]).collect();
    let begins: Vec<usize> = (0..4).filter(|&k| !inside[k] && inside[(k + 1) % 4]).collect();
    match (ends.as_slice(), begins.as_slice()) {
        ([end], [begin]) => {
            next.insert(edges[*end], edges[*begin]);
        }
        ([_, _], [_, _]) => {
            // Two opposite corners are inside: the mean of all corners decides whether they are
            // joined.
            let finite = corners.iter().all(|d| d.is_finite());
            let joined = finite && corners.iter().sum::<f64>() > 0.0;
            for end in ends {
                let begin = if joined { (end + 1) % 4 } else { (end + 3) % 4 };
                next.insert(edges[end], edges[begin]);
            }
        }
        _ => {}
    }
}

/// Returns the point where the level crosses an edge; on the border itself for an edge of the rim.
fn crossing(
    (i, j, upwards): Edge,
    held: &impl Fn(usize, usize) -> f64,
    place: &impl Fn(usize, usize) -> Position,
) -> Position {
    let (k, l) = if upwards { (i, j + 1) } else { (i + 1, j) };
    let (a, b) = (held(i, j), held(k, l));
    let (p, q) = (place(i, j), place(k, l));
    let share = if a.is_finite() && b.is_finite() { a / (a - b) } else { 0.0 };
    [p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the area of loops; loops around holes count negative.
    fn area(loops: &[Loop]) -> f64 {
        let of = |line: &Loop| {
            let pairs = line.iter().zip(line.iter().cycle().skip(1));
            pairs.map(|([x, y], [a, b])| x * b - a * y).sum::<f64>() / 2.0
        };
        loops.iter().map(of).sum()
    }

    /// A ravine: (x^2 + 100 y^2) / 2.
    fn ravine([x, y]: Position) -> f64 {
        (x * x + 100.0 * y * y) / 2.0
    }

    /// A bowl full of dents.
    fn dents(p: Position) -> f64 {
        p.iter().map(|v| v * v - 10.0 * (std::f64::consts::TAU * v).cos() + 10.0).sum()
    }

    const BOX: [Position; 2] = [[-5.12, -5.12], [5.12, 5.12]];

    #[test]
    fn a_bowl_is_cut_into_ellipses() {
        // (x^2 + 100 y^2) / 2 < 2 is an ellipse of half axes 2 and 0.2.
        let loops = below(&Field::sample([[-3.0, -0.5], [3.0, 0.5]], ravine), 2.0);
        assert_eq!(loops.len(), 1);
        let exact = std::f64::consts::PI * 2.0 * 0.2;
        assert!((area(&loops) / exact - 1.0).abs() < 0.02, "{}", area(&loops));
        let on = |p: &Position| (ravine(*p) - 2.0).abs();
        assert!(loops[0].iter().map(on).fold(0.0, f64::max) < 0.02);
    }

    #[test]
    fn areas_are_shares_of_the_box_with_holes_taken_out() {
        let saddle = |[x, y]: Position| x * x - y * y;
        let valley = |[x, y]: Position| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        type Function = fn(Position) -> f64;
        let functions: [(&str, Function); 4] =
            [("ravine", ravine), ("dents", dents), ("saddle", saddle), ("valley", valley)];
        for (name, function) in functions {
            let field = Field::sample(BOX, function);
            let levels = levels(&field);
            assert!(levels.windows(2).all(|p| p[0] > p[1]), "{name} {levels:?}");
            let all = 10.24 * 10.24;
            let areas: Vec<f64> = levels.iter().map(|l| area(&below(&field, *l)) / all).collect();
            for (k, part) in areas.iter().rev().enumerate() {
                let share = ((k as f64 + 0.3) / LEVELS as f64).powf(1.7);
                assert!((part - share).abs() < 0.02, "{name} {k}: {part} of {share}");
            }
        }
    }

    #[test]
    fn a_level_above_all_is_the_whole_box_and_one_below_all_is_nothing() {
        let field = Field::sample(BOX, dents);
        let loops = below(&field, 1e9);
        assert_eq!(loops.len(), 1);
        assert!((area(&loops) - 10.24 * 10.24).abs() < 1e-9);
        assert!(below(&field, -1.0).is_empty());
    }
}
