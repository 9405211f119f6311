//! Figures as data, drawn identically to SVG and PNG.
//!
//! A figure is data first ([`chart::Chart`], [`grid::Grid`], [`rows::Rows`], [`trend::Trend`],
//! [`map::Map`], all of them a [`FigureData`]) and drawn second: [`output::svg`],
//! [`output::inline`] and [`output::png`] go through one [`canvas::Surface`]. Values without a
//! place on a scale are drawn in lanes at the ends of the axis, so that nothing is drawn outside
//! and nothing is left out ([`axis`]).
//!
//! ```
//! use plot::axis::{Axis, End};
//! use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point};
//! use plot::style::Layout;
//! use plot::{FigureData, output};
//!
//! // The loss of an optimizer after each epoch; the third one diverged.
//! let losses = [2.3, 0.41, f64::INFINITY];
//! let y = Axis::around(losses.into_iter(), 0.9).unwrap().holding(losses.into_iter());
//! assert_eq!(y.outside(losses[2]), Some(End::High));
//!
//! let point = |(epoch, loss)| Point { x: epoch as f64, y: loss, band: None };
//! let points = losses.into_iter().enumerate().map(point).collect();
//! let mut panel = Panel::new("Training loss", "epoch", Axis::whole(0.0, 2.0), y);
//! panel.curves.push(Curve { series: 3, points, kind: CurveKind::Marked, ringed: None });
//! let figure = FigureData::Chart(Chart {
//!     title: "Loss against epoch".to_owned(),
//!     subtitle: "One seed".to_owned(),
//!     entries: vec![Entry { series: 3, label: "adam".to_owned(), note: String::new() }],
//!     panels: vec![panel],
//! });
//!
//! // Elements of a label are in a group, so that a page can hide them.
//! let svg = output::svg(&figure, Layout::Narrow)?;
//! assert!(svg.contains("<g data-series=\"3\">") && svg.contains(">adam</text>"));
//! // The tick of the lane in which the last loss is drawn.
//! assert!(svg.contains(">diverged</text>"));
//!
//! // The same as a bitmap, with two pixels per logical pixel in either direction.
//! let bytes = output::png(&figure, Layout::Narrow)?;
//! let image = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
//! let (width, height) = figure.size(Layout::Narrow);
//! assert_eq!(image.info().size(), (2 * width as u32, 2 * height as u32));
//! # Ok::<(), plot::canvas::FigureError>(())
//! ```

pub mod axis;
pub mod bitmap;
mod bound;
pub mod canvas;
pub mod chart;
pub mod colormap;
pub mod contour;
mod draw;
pub mod fallback;
mod figure;
mod glyphs;
pub mod grid;
mod kerning;
pub mod map;
pub mod output;
mod raster;
pub mod rows;
pub mod scale;
pub mod style;
pub mod svg;
mod tick;
pub mod trend;

pub use draw::Mark;
pub use figure::FigureData;
