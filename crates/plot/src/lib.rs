//! Figures as data, drawn alike to SVG and PNG.
//!
//! A figure is data first ([`chart::Chart`], [`grid::Grid`], [`rows::Rows`], [`trend::Trend`],
//! [`map::Map`], all of them a [`FigureData`]) and drawn second: [`output::svg`],
//! [`output::inline`] and [`output::png`] go through one [`canvas::Surface`]. Values that no
//! scale can show stand in lanes at the ends of an axis, so that nothing is drawn outside and
//! nothing is left out ([`axis`]).
//!
//! ```
//! use plot::axis::Axis;
//! use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point};
//! use plot::style::Layout;
//!
//! let points = [(0.0, 2.3), (1.0, 0.41), (2.0, f64::INFINITY)];
//! let values = points.map(|(_, y)| y);
//! # let _ = (values, Layout::Wide);
//! let y = Axis::around(values.into_iter(), 0.9).unwrap().holding(values.into_iter());
//! assert!(y.is_log() || !y.is_log());
//! ```

pub mod axis;
pub mod bitmap;
mod bound;
pub mod canvas;
pub mod chart;
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
pub mod tint;
pub mod trend;

pub use draw::Mark;
pub use figure::FigureData;
