//! Strokes as compact SVG: lengths in logical pixels with one decimal, neighbouring strokes of one
//! look in one path, and all elements of one label inside `<g data-series="3">`, so that a page can
//! hide them.
//!
//! plotters' own SVG backend has neither groups nor dashes, and writes whole numbers.

use std::fmt::Write as _;

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use crate::canvas::{Ball, Canvas, Draw, FigureError, Font, Stroke, Surface, Xy};
use crate::style::{AXIS, BASELINE, GRID, INK, MUTED, PALETTE, PAPER, TICK};
use text_format::escape;

/// Notation of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// Literal values, for standalone files.
    Literal,
    /// Colours of the theme as CSS variables of the page, which has a light and a dark value for
    /// each; others as literal values.
    Variables,
}

/// Elements drawn so far; the caller adds the `<svg>` around them.
#[derive(Debug)]
pub struct Svg {
    text: String,
    size: (f64, f64),
    colors: Colors,
    group: Option<usize>,
    /// Look and data of a path that further strokes of the same look may join.
    path: Option<(String, String)>,
}

impl Svg {
    /// Makes an empty drawing; `size` is its width and height in logical pixels.
    pub fn new(size: (f64, f64), colors: Colors) -> Self {
        Svg { text: String::new(), size, colors, group: None, path: None }
    }

    /// Returns all elements.
    pub fn finish(mut self) -> String {
        self.enter(None);
        self.flush();
        self.text
    }

    fn flush(&mut self) {
        if let Some((look, data)) = self.path.take() {
            let _ = writeln!(self.text, "<path{look} d=\"{data}\"/>");
        }
    }

    /// Closes the open group and opens that of a label.
    fn enter(&mut self, group: Option<usize>) {
        if group == self.group {
            return;
        }
        self.flush();
        if self.group.is_some() {
            self.text.push_str("</g>\n");
        }
        if let Some(series) = group {
            let _ = writeln!(self.text, "<g data-series=\"{series}\">");
        }
        self.group = group;
    }

    /// Adds a piece of a path, which joins the one before it if that looks the same. Translucent
    /// pieces stay separate, because they darken each other.
    fn path(&mut self, look: String, data: &str, joins: bool) {
        match &mut self.path {
            Some((held, all)) if joins && *held == look => all.push_str(data),
            _ => {
                self.flush();
                self.path = Some((look, data.to_owned()));
            }
        }
        if !joins {
            self.flush();
        }
    }

    fn paint(&self, RGBColor(r, g, b): RGBColor) -> String {
        if self.colors == Colors::Variables
            && let Some(name) = variable(RGBColor(r, g, b))
        {
            return format!("var(--{name})");
        }
        let doubled = |c: u8| c >> 4 == c & 15;
        if [r, g, b].into_iter().all(doubled) {
            return format!("#{:x}{:x}{:x}", r & 15, g & 15, b & 15);
        }
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    fn filled(&self, color: RGBColor, alpha: f64) -> String {
        format!(" fill=\"{}\"{}", self.paint(color), opacity(alpha))
    }
}

/// Returns the first 8 hexadecimal digits of the BLAKE3 hash of a text.
fn short_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..8].to_owned()
}

impl Surface for Svg {
    fn group(&mut self, series: Option<usize>) {
        self.enter(series);
    }

    fn fill(&mut self, color: RGBColor) -> Result<(), FigureError> {
        let (w, h) = self.size;
        self.polygon(&[(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)], color, 1.0)
    }

    fn line(&mut self, points: &[Xy], stroke: Stroke) -> Result<(), FigureError> {
        let mut look = format!(
            " stroke=\"{}\" stroke-width=\"{}\"",
            self.paint(stroke.color),
            tenths(tenth(stroke.width))
        );
        if !stroke.dash.is_empty() {
            let lengths: Vec<String> = stroke.dash.iter().map(f64::to_string).collect();
            let _ = write!(look, " stroke-dasharray=\"{}\"", lengths.join(" "));
        }
        look.push_str(&opacity(stroke.alpha));
        self.path(look, &lines(points), stroke.alpha >= 1.0);
        Ok(())
    }

    fn polygon(&mut self, points: &[Xy], color: RGBColor, alpha: f64) -> Result<(), FigureError> {
        self.path(self.filled(color, alpha), &format!("{}z", lines(points)), alpha >= 1.0);
        Ok(())
    }

    fn disc(
        &mut self,
        at: Xy,
        radius: f64,
        color: RGBColor,
        alpha: f64,
    ) -> Result<(), FigureError> {
        self.flush();
        let [x, y, r] = [at.0, at.1, radius].map(|v| tenths(tenth(v)));
        let look = self.filled(color, alpha);
        let _ = writeln!(self.text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"{look}/>");
        Ok(())
    }

    fn area(&mut self, loops: &[Vec<Xy>], color: RGBColor) -> Result<(), FigureError> {
        let data: String = loops.iter().map(|line| format!("{}z", lines(line))).collect();
        self.path(self.filled(color, 1.0), &data, false);
        Ok(())
    }

    /// Defines the drawing once, under a name made from its hash, and uses it at each place.
    fn repeat(&mut self, at: &[Xy], draw: Draw<'_>) -> Result<(), FigureError> {
        let mut once = Svg::new(self.size, self.colors);
        draw(&mut Canvas::new(&mut once), (0.0, 0.0))?;
        let drawn = once.finish();
        let name = format!("r{}", short_hash(&format!("{:?} {drawn}", self.size)));
        self.flush();
        let _ = writeln!(self.text, "<defs><g id=\"{name}\">\n{drawn}</g></defs>");
        for (x, y) in at {
            let [x, y] = [x, y].map(|v| tenths(tenth(*v)));
            let _ = writeln!(self.text, "<use href=\"#{name}\" x=\"{x}\" y=\"{y}\"/>");
        }
        Ok(())
    }

    /// Draws the ball twice: moving, and still for readers who prefer reduced motion. The style of
    /// the page or file shows one of them.
    fn ball(&mut self, points: &[Xy], times: &[f64], look: Ball) -> Result<(), FigureError> {
        self.flush();
        let (first, end) = (points[0], points[points.len() - 1]);
        let data = lines(points);
        let color = self.paint(look.color);
        let width = tenths(tenth(look.width));
        let line = format!("<path d=\"{data}\" stroke=\"{color}\" stroke-width=\"{width}\"");
        let place = |p: &Xy| format!("{},{}", tenths(tenth(p.0)), tenths(tenth(p.1)));
        let number = look.number.map_or(String::new(), |n| {
            let (size, fill) = (look.radius * 1.4, self.paint(look.ink));
            let [y, size] = [BASELINE * size, size].map(|v| tenths(tenth(v)));
            format!(
                "<text y=\"{y}\" font-size=\"{size}\" font-weight=\"600\" text-anchor=\"middle\" fill=\"{fill}\">{n}</text>"
            )
        });
        let radius = tenths(tenth(look.radius));
        let ball = format!("<circle r=\"{radius}\" fill=\"{color}\"/>{number}</g>");
        let keys: Vec<String> = times.iter().map(|t| short(*t)).collect();
        let keys = keys.join(";");
        let animate = |kind: &str, values: Vec<String>| {
            format!(
                "<{kind} dur=\"{}s\" repeatCount=\"indefinite\" keyTimes=\"{keys}\" values=\"{}\"/>",
                look.seconds,
                values.join(";")
            )
        };
        let mut walked = vec![0.0];
        for pair in points.windows(2) {
            let step = (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1);
            walked.push(walked[walked.len() - 1] + step);
        }
        let all = walked[walked.len() - 1].max(1e-9);
        let hidden = walked.iter().map(|w| short(1.0 - w / all)).collect();
        let _ = writeln!(
            self.text,
            "<g class=\"moving\">{line} pathLength=\"1\" stroke-dasharray=\"1\">{}</path><g transform=\"translate({})\">{}{ball}</g>",
            animate("animate attributeName=\"stroke-dashoffset\"", hidden),
            place(&first),
            animate(
                "animateTransform attributeName=\"transform\" type=\"translate\"",
                points.iter().map(place).collect()
            ),
        );
        let _ = writeln!(
            self.text,
            "<g class=\"still\" display=\"none\">{line}/><g transform=\"translate({})\">{ball}</g>",
            place(&end)
        );
        Ok(())
    }

    fn text(&mut self, at: Xy, text: &str, font: Font) -> Result<(), FigureError> {
        self.flush();
        let mut look = String::new();
        // The document's default size is that of tick labels.
        if font.size != TICK {
            let _ = write!(look, " font-size=\"{}\"", font.size);
        }
        match font.anchor {
            HPos::Left => {}
            HPos::Right => look.push_str(" text-anchor=\"end\""),
            HPos::Center => look.push_str(" text-anchor=\"middle\""),
        }
        // The bitmap's bold is the semi-bold cut.
        if font.bold {
            look.push_str(" font-weight=\"600\"");
        }
        let [x, y] = [at.0, at.1 + BASELINE * font.size].map(|v| tenths(tenth(v)));
        let (fill, text) = (self.paint(font.color), xml(text));
        let _ =
            writeln!(self.text, "<text x=\"{x}\" y=\"{y}\"{look} fill=\"{fill}\">{text}</text>");
        Ok(())
    }
}

/// Returns the page's variable for a colour of the theme.
fn variable(color: RGBColor) -> Option<String> {
    let named = [(PAPER, "paper"), (INK, "ink"), (MUTED, "muted"), (AXIS, "axis"), (GRID, "grid")];
    let theme = named.iter().find(|(c, _)| *c == color).map(|(_, name)| (*name).to_owned());
    theme.or_else(|| PALETTE.iter().position(|c| *c == color).map(|i| format!("s{i}")))
}

fn opacity(alpha: f64) -> String {
    if alpha >= 1.0 {
        return String::new();
    }
    let text = format!("{alpha:.2}");
    format!(" opacity=\"{}\"", text.trim_start_matches('0').trim_end_matches('0'))
}

/// Returns a number with at most three decimals.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn tenth(value: f64) -> i32 {
    (value * 10.0).round() as i32
}

/// Returns a number of tenths as a short decimal: `12`, `.5`, `-3.1`.
fn tenths(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let (whole, rest) = (value.unsigned_abs() / 10, value.unsigned_abs() % 10);
    match (whole, rest) {
        (whole, 0) => format!("{sign}{whole}"),
        (0, rest) => format!("{sign}.{rest}"),
        (whole, rest) => format!("{sign}{whole}.{rest}"),
    }
}

/// Returns the path data of connected lines: the first point is absolute, the others are relative.
/// Points equal to the one before are left out.
fn lines(points: &[Xy]) -> String {
    let mut data = String::new();
    let mut before: Option<(i32, i32)> = None;
    let mut command = ' ';
    let mut put = |data: &mut String, letter: char, numbers: &[i32]| {
        let mut follows = letter == command;
        if !follows {
            data.push(letter);
            command = letter;
        }
        for number in numbers {
            if follows && *number >= 0 {
                data.push(' ');
            }
            data.push_str(&tenths(*number));
            follows = true;
        }
    };
    for (x, y) in points.iter().map(|p| (tenth(p.0), tenth(p.1))) {
        match before {
            None => put(&mut data, 'M', &[x, y]),
            Some(at) if at == (x, y) => continue,
            Some((x0, y0)) if y == y0 => put(&mut data, 'h', &[x - x0]),
            Some((x0, y0)) if x == x0 => put(&mut data, 'v', &[y - y0]),
            Some((x0, y0)) => put(&mut data, 'l', &[x - x0, y - y0]),
        }
        before = Some((x, y));
    }
    data
}

/// Escapes any text for an element or a quoted attribute.
pub fn xml(text: &str) -> String {
    let line = escape::line(text);
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_paths_are_short() {
        let texts = [0, 5, -5, 120, 123, -1234].map(tenths);
        assert_eq!(texts, ["0", ".5", "-.5", "12", "12.3", "-123.4"]);
        let corner =
            [(0.0, 0.0), (1.0, 0.0), (1.5, 0.0), (1.5, 0.04), (1.5, -0.5), (2.0, 0.5), (1.0, 0.7)];
        assert_eq!(lines(&corner), "M0 0h1 .5v-.5l.5 1-1 .2");
    }

    #[test]
    fn strokes_of_one_look_join_and_labels_stand_in_groups() {
        let mut svg = Svg::new((10.0, 10.0), Colors::Variables);
        let hair = Stroke { color: INK, alpha: 1.0, width: 1.0, dash: &[] };
        svg.line(&[(0.0, 0.0), (1.0, 0.0)], hair).unwrap();
        svg.line(&[(0.0, 1.0), (1.0, 1.0)], hair).unwrap();
        svg.group(Some(3));
        svg.line(&[(0.0, 1.0), (1.0, 1.0)], hair).unwrap();
        svg.line(&[(0.0, 1.0), (1.0, 1.0)], Stroke { alpha: 0.5, ..hair }).unwrap();
        svg.group(None);
        svg.disc((1.0, 2.0), 0.5, RGBColor(0x12, 0x34, 0x56), 1.0).unwrap();
        assert_eq!(
            svg.finish(),
            "<path stroke=\"var(--ink)\" stroke-width=\"1\" d=\"M0 0h1M0 1h1\"/>\n\
             <g data-series=\"3\">\n\
             <path stroke=\"var(--ink)\" stroke-width=\"1\" d=\"M0 1h1\"/>\n\
             <path stroke=\"var(--ink)\" stroke-width=\"1\" opacity=\".5\" d=\"M0 1h1\"/>\n\
             </g>\n\
             <circle cx=\"1\" cy=\"2\" r=\".5\" fill=\"#123456\"/>\n"
        );
    }

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(xml("<a b=\"c\">&\n\x1b"), "&lt;a b=&quot;c&quot;&gt;&amp; \u{241b}");
    }
}
