//! Style and script of the page, each assembled from a few files.

/// The style. Dark colours are included twice, for the system's preference and for the reader's own
/// choice; paper is always light.
pub(crate) const STYLE: &str = concat!(
    ":root{",
    include_str!("style/light.css"),
    "}\n@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){",
    include_str!("style/dark.css"),
    "}}\n@media screen{:root[data-theme=dark]{",
    include_str!("style/dark.css"),
    "}}\n",
    include_str!("style/page.css"),
    include_str!("style/figures.css"),
    include_str!("style/tables.css"),
    include_str!("style/media.css"),
);

/// The script. All files share one scope; the first defines what the others use.
pub(crate) const SCRIPT: &str = concat!(
    include_str!("script/base.js"),
    include_str!("script/theme.js"),
    include_str!("script/series.js"),
    include_str!("script/csv.js"),
    include_str!("script/tables.js"),
    include_str!("script/marks.js"),
    include_str!("script/figures.js"),
    include_str!("script/print.js"),
);
