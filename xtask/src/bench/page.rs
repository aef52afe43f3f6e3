//! The page of figures: one section per measurement, each written by its own command.

use std::fs;

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// Where the figures are written.
const PAGE: &str = "docs/reference/benchmarks.md";

const HEAD: &str = "# Benchmarks\n\n\
    Written by `cargo xtask bench`; run it on your own machine before you believe it.\n";

/// A section of the page; the order is the page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Pgbench,
    Boundary,
    Startup,
    Memory,
    Scaling,
    LoadPlugin,
    Evidence,
    Adaptive,
}

impl Section {
    const ALL: [Self; 8] = [
        Self::Pgbench,
        Self::Boundary,
        Self::Startup,
        Self::Memory,
        Self::Scaling,
        Self::LoadPlugin,
        Self::Evidence,
        Self::Adaptive,
    ];

    fn heading(self) -> &'static str {
        match self {
            Self::Pgbench => "Beside pgbench",
            Self::Boundary => "The plugin boundary",
            Self::Startup => "Start-up",
            Self::Memory => "Memory",
            Self::Scaling => "Cores of the generator",
            Self::LoadPlugin => "Loading a plugin",
            Self::Evidence => "Watching the server",
            Self::Adaptive => "Adaptive runs",
        }
    }
}

/// Replaces one section of the page.
pub(crate) fn write(workspace: &Workspace, section: Section, body: &str) -> Result<()> {
    let path = workspace.root.join(PAGE);
    let old =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    fs::write(&path, replaced(&old, section, body))
        .with_context(|| format!("cannot write {}", path.display()))?;
    anstream::println!("written to {PAGE}, section {}", section.heading());
    Ok(())
}

/// The page with another body of one section; sections that it does not have are left out.
fn replaced(page: &str, section: Section, body: &str) -> String {
    let old = |wanted: Section| {
        let after_heading = page
            .split("\n## ")
            .skip(1)
            .find_map(|part| part.strip_prefix(wanted.heading())?.strip_prefix('\n'));
        after_heading.map(str::to_owned)
    };
    let mut text = HEAD.to_owned();
    for candidate in Section::ALL {
        let body = if candidate == section { Some(body.to_owned()) } else { old(candidate) };
        if let Some(body) = body {
            text.push_str(&format!("\n## {}\n\n{}\n", candidate.heading(), body.trim()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{HEAD, Section, replaced};

    #[test]
    fn a_section_replaces_itself_and_leaves_the_others() {
        let page = replaced("", Section::Startup, "quick\n");
        assert_eq!(page, format!("{HEAD}\n## Start-up\n\nquick\n"));
        let page = replaced(&page, Section::Pgbench, "| a |\n\n### Configurations\n\n| b |");
        let page = replaced(&page, Section::Startup, "quicker");
        let expected = format!(
            "{HEAD}\n## Beside pgbench\n\n| a |\n\n### Configurations\n\n| b |\n\n\
             ## Start-up\n\nquicker\n"
        );
        assert_eq!(page, expected);
    }
}
