//! Pixels of areas, discs and strokes: those whose centres are inside.

use crate::canvas::Xy;

/// A run of pixels in one row: y, first x, last x.
pub(crate) type Span = (i32, i32, i32);

/// Returns the pixels inside loops, without those of holes.
pub(crate) fn area(loops: &[Vec<Xy>]) -> Vec<Span> {
    let ys = || loops.iter().flatten().map(|p| p.1);
    let (top, bottom) =
        (ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
    let mut out = Vec::new();
    for row in top.floor() as i32..=bottom.ceil() as i32 {
        let y = f64::from(row) + 0.5;
        let mut cuts: Vec<f64> = Vec::new();
        for line in loops {
            for (a, b) in line.iter().zip(line.iter().cycle().skip(1)) {
                if (a.1 <= y) != (b.1 <= y) {
                    cuts.push(a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0));
                }
            }
        }
        cuts.sort_by(f64::total_cmp);
        out.extend(cuts.as_chunks::<2>().0.iter().filter_map(|[from, to]| span(row, *from, *to)));
    }
    out
}

/// Returns the pixels inside a disc.
pub(crate) fn disc((x, y): Xy, radius: f64) -> Vec<Span> {
    let rows = (y - radius).floor() as i32..=(y + radius).ceil() as i32;
    let half = |row: i32| radius.powi(2) - (f64::from(row) + 0.5 - y).powi(2);
    rows.filter(|row| half(*row) > 0.0)
        .filter_map(|row| span(row, x - half(row).sqrt(), x + half(row).sqrt()))
        .collect()
}

/// Returns the pixels of lines with a width in pixels, each once: ends are square, corners round.
pub(crate) fn stroke(lines: &[Vec<Xy>], width: f64) -> Vec<Span> {
    let half = width / 2.0;
    let mut spans = Vec::new();
    for line in lines {
        for pair in line.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length > 0.0 {
                let across = ((from.1 - to.1) / length * half, (to.0 - from.0) / length * half);
                let corner = |at: Xy, side: f64| (at.0 + side * across.0, at.1 + side * across.1);
                let sides =
                    [corner(from, 1.0), corner(to, 1.0), corner(to, -1.0), corner(from, -1.0)];
                spans.extend(area(&[sides.to_vec()]));
            }
        }
        let inner = line.get(1..line.len().saturating_sub(1)).unwrap_or_default();
        spans.extend(inner.iter().flat_map(|corner| disc(*corner, half)));
    }
    united(spans)
}

/// Returns the pixels of one row whose centres are between two places.
fn span(row: i32, from: f64, to: f64) -> Option<Span> {
    let (from, to) = ((from - 0.5).ceil() as i32, (to - 0.5).ceil() as i32 - 1);
    (from <= to).then_some((row, from, to))
}

/// Merges runs, so that each pixel occurs once.
fn united(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::new();
    for (y, from, to) in spans {
        match out.last_mut() {
            Some(last) if last.0 == y && from <= last.2 + 1 => last.2 = last.2.max(to),
            _ => out.push((y, from, to)),
        }
    }
    out
}

/// Returns the pieces of a polyline that a dash pattern draws; `dash` has lengths of ink and gap in
/// turn.
pub(crate) fn dashed(points: &[Xy], dash: &[f64]) -> Vec<Vec<Xy>> {
    if dash.is_empty() {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let (mut phase, mut left) = (0, dash[0]);
    let mut piece = vec![points[0]];
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                piece.push(to);
                break;
            }
            let t = left / length;
            from = (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
            piece.push(from);
            if phase % 2 == 0 {
                pieces.push(std::mem::take(&mut piece));
            }
            piece = vec![from];
            phase = (phase + 1) % dash.len();
            left = dash[phase];
        }
    }
    if phase % 2 == 0 && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_filled_but_for_its_hole() {
        let square = |a: f64, b: f64| vec![(a, a), (b, a), (b, b), (a, b)];
        let rows = area(&[square(0.0, 6.0), square(2.0, 4.0)]);
        let expected = [
            (0, 0, 5),
            (1, 0, 5),
            (2, 0, 1),
            (2, 4, 5),
            (3, 0, 1),
            (3, 4, 5),
            (4, 0, 5),
            (5, 0, 5),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_disc_is_as_large_as_its_area() {
        assert_eq!(disc((1.0, 1.0), 1.0), [(0, 0, 1), (1, 0, 1)]);
        let pixels: i32 = disc((50.2, 40.7), 30.0).iter().map(|(_, from, to)| to - from + 1).sum();
        assert!((f64::from(pixels) / 900.0 - std::f64::consts::PI).abs() < 0.01, "{pixels}");
    }

    #[test]
    fn a_stroke_has_square_ends_and_round_corners() {
        let level = stroke(&[vec![(2.0, 3.0), (7.0, 3.0)]], 2.0);
        assert_eq!(level, [(2, 2, 6), (3, 2, 6)]);
        // A corner that is cut off square would lack the pixels beyond its tip.
        let tip = stroke(&[vec![(0.0, 4.0), (10.0, 4.0), (0.0, 4.0)]], 8.0);
        assert_eq!(tip.iter().map(|s| s.2).max(), Some(13));
        assert_eq!(tip.iter().map(|s| s.1).min(), Some(0));
    }

    #[test]
    fn a_piece_shorter_than_the_stroke_is_wide_still_counts() {
        let hook = [vec![(0.0, 10.0), (1.0, 11.0), (8.0, 0.0)]];
        let spans = stroke(&hook, 8.0);
        let rows: Vec<i32> = spans.iter().map(|s| s.0).collect();
        assert!((2..14).all(|y| rows.contains(&y)), "{spans:?}");
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "each pixel once: {spans:?}");
    }

    #[test]
    fn dashes_follow_the_corner() {
        let pieces = dashed(&[(0.0, 0.0), (4.0, 0.0), (4.0, 4.0)], &[3.0, 2.0]);
        assert_eq!(pieces, [vec![(0.0, 0.0), (3.0, 0.0)], vec![(4.0, 1.0), (4.0, 4.0)]]);
    }
}
