//! The report as plain text, as for a terminal of 100 columns without colours.

use crate::{format::Format, screen::Style, terminal};

pub static TEXT: Format = Format {
    name: "text",
    extension: "txt",
    render: |report| Ok(terminal::whole(report, Style::default())),
};
