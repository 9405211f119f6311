//! Comparison of SVG and PNG: every figure of the gallery, and a figure of each kind drawn now,
//! must look alike in both; a visible difference must be found.

mod support;

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use plot::FigureData;
use plot::output;
use plot::style::Layout;
use support::{Difference, Image, LIMIT, compare, samples};

/// Folder of the committed reports.
const GALLERY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../reports/gallery");

/// Adds the SVG files in a folder that have a PNG beside them.
fn collect(folder: &Path, pairs: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, pairs);
        } else if path.extension().is_some_and(|e| e == "svg")
            && path.with_extension("png").exists()
        {
            pairs.push(path);
        }
    }
}

#[test]
fn every_figure_of_the_gallery_looks_alike_as_svg_and_as_png() {
    let mut pairs = Vec::new();
    collect(Path::new(GALLERY), &mut pairs);
    assert!(!pairs.is_empty(), "no figures in {GALLERY}");
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let compare = |svg: &PathBuf| {
        let name = svg.strip_prefix(GALLERY).unwrap().with_extension("");
        let name = name.to_string_lossy().replace("/figures/", "-");
        let text = fs::read_to_string(svg).unwrap();
        compare(&name, &text, &fs::read(svg.with_extension("png")).unwrap()).err()
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let share = |k: usize| pairs.iter().skip(k).step_by(threads).filter_map(compare);
        let workers: Vec<_> =
            (0..threads).map(|k| scope.spawn(move || share(k).collect::<Vec<String>>())).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_figure_of_each_kind_looks_alike_as_svg_and_as_png() {
    let compared = samples::all().into_iter().flat_map(|(name, figure)| {
        [Layout::Wide, Layout::Narrow].map(|layout| {
            let (svg, png) = drawn(&figure, layout);
            compare(&format!("{name}-{layout:?}"), &svg, &png)
        })
    });
    let failures: Vec<String> = compared.filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn drawn(figure: &FigureData, layout: Layout) -> (String, Vec<u8>) {
    (output::svg(figure, layout).unwrap(), output::png(figure, layout).unwrap())
}

/// Returns an SVG with one of its lines changed, the first that contains all of `marks`.
fn with(svg: &str, marks: &[&str], change: impl Fn(&str) -> String) -> String {
    let line = svg.lines().find(|line| marks.iter().all(|mark| line.contains(mark)));
    let line = line.unwrap_or_else(|| panic!("no line with {marks:?}"));
    let changed = change(line);
    assert_ne!(changed, line, "{marks:?}");
    svg.replacen(line, &changed, 1)
}

/// Returns an SVG without one of its lines.
fn without(svg: &str, marks: &[&str]) -> String {
    with(svg, marks, |_| String::new())
}

/// Returns an SVG with `from` replaced by `to` in one of its lines.
fn instead(svg: &str, marks: &[&str], from: &str, to: &str) -> String {
    with(svg, marks, |line| line.replacen(from, to, 1))
}

/// Returns an SVG with one of its lines moved to the right and down by logical pixels.
fn moved(svg: &str, marks: &[&str], right: f64, down: f64) -> String {
    with(svg, marks, |line| format!("<g transform=\"translate({right} {down})\">{line}</g>"))
}

/// Returns the names of the faults that are not found: the faulty SVG differs from the PNG by no
/// more than [`LIMIT`].
fn missed(
    figure: &FigureData,
    faults: impl Fn(&str) -> Vec<(&'static str, String)>,
) -> Vec<&'static str> {
    let (svg, png) = drawn(figure, Layout::Wide);
    let png = Image::of_png(&png);
    let found = |svg: &str| Difference::between(&Image::of_svg(svg), &png).worst().amount > LIMIT;
    assert!(!found(&svg), "there is no fault yet");
    faults(&svg).into_iter().filter(|(_, faulty)| !found(faulty)).map(|(name, _)| name).collect()
}

#[test]
fn a_fault_in_a_chart_is_found() {
    let (label, title) = (">adam</text>", "Training loss");
    let [line, marker] = [["<path", "stroke=\"#0072b2\""], ["<circle", "fill=\"#0072b2\""]];
    let missed = missed(&samples::chart(), |svg| {
        vec![
            ("no line", without(svg, &line)),
            ("no band", without(svg, &["fill=\"#cc79a7\"", "opacity=\".16\""])),
            ("no grid", without(svg, &["stroke=\"#e7eaee\""])),
            ("no marker", without(svg, &marker)),
            ("no text", without(svg, &[label])),
            ("text aside", moved(svg, &[label], 6.0, 0.0)),
            ("text a little aside", moved(svg, &[label], 2.0, 0.0)),
            ("text below", moved(svg, &[label], 0.0, 2.0)),
            ("text cut", instead(svg, &[title], "loss<", "los<")),
            ("text smaller", instead(svg, &[title], "\"12.5\"", "\"11.5\"")),
            ("text thinner", instead(svg, &[title], " font-weight=\"600\"", "")),
            ("text paler", instead(svg, &[label], "#1b1f24", "#5a636e")),
            ("marker below", moved(svg, &marker, 0.0, 2.0)),
            ("line of another colour", instead(svg, &line, "#0072b2", "#56b4e9")),
            ("line wider", instead(svg, &line, "width=\"2\"", "width=\"4\"")),
            (
                "line without dashes",
                instead(svg, &["#009e73", "dasharray"], "dasharray", "dashoffset"),
            ),
            ("band of another colour", instead(svg, &["opacity=\".16\""], "#cc79a7", "#009e73")),
            ("lane below", moved(svg, &["stroke-dasharray=\"3 3\""], 0.0, 2.0)),
        ]
    });
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn a_fault_in_an_animation_is_found() {
    let missed = missed(&samples::animation(), |svg| {
        vec![
            ("no ball", without(svg, &["class=\"still\""])),
            ("ball aside", moved(svg, &["class=\"still\""], 2.0, 0.0)),
            ("no word on less motion", without(svg, &["<style>"])),
        ]
    });
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn a_mismatch_is_told_with_its_place() {
    let (svg, png) = drawn(&samples::chart(), Layout::Narrow);
    // The last text is that of the last axis.
    let name = svg.lines().rfind(|line| line.contains(">epoch</text>")).unwrap();
    let number = |attribute: &str| -> f64 {
        let (_, rest) = name.split_once(&format!("{attribute}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let faulty = Image::of_svg(&svg.replace(name, ""));
    let at = Difference::between(&faulty, &Image::of_png(&png)).worst().at;
    let away = (number("x") - at.0 as f64).hypot(number("y") - at.1 as f64);
    assert!(away < 16.0, "{at:?} for {name}");
    let (wide, _) = drawn(&samples::chart(), Layout::Wide);
    let told = compare("two-sizes", &wide, &png).unwrap_err();
    assert!(told.starts_with("two-sizes: the SVG has (1920, "), "{told}");
}
