//! Annotations of a build, on stderr: results stay alone on stdout.

use crate::{cli::compare::Annotations, output::write_line, places::variable};

/// Whether they are wanted here.
pub(crate) fn wanted(asked: Annotations) -> bool {
    match asked {
        Annotations::Github => true,
        Annotations::None => false,
        Annotations::Auto => variable("GITHUB_ACTIONS").is_some_and(|value| value == "true"),
    }
}

pub(crate) fn write(annotations: &[String]) {
    annotations.iter().for_each(|line| write_line(line));
}
