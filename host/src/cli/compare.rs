//! What `stormdb compare` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// What to compare with: a run's id, `latest`, a journal or an exported JSON file; several, joined with commas.
    #[arg(value_delimiter = ',', required = true, value_name = "BASE")]
    pub(crate) base: Vec<String>,
    /// What is new, in the same form.
    #[arg(value_delimiter = ',', required = true, num_args = 1, value_name = "NEW")]
    pub(crate) new: Vec<String>,
    /// Chance of any false finding that is accepted in the whole comparison.
    #[arg(long, default_value = "0.05")]
    pub(crate) alpha: f64,
    /// Smallest change that counts, such as `3%`.
    #[arg(long, default_value = "3%", value_name = "SHARE", value_parser = share)]
    pub(crate) min_effect: f64,
    /// `text`, `json`, `markdown` or `junit`.
    #[arg(long, short, default_value = "text")]
    pub(crate) format: String,
    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Write it to a file in place of stdout.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Annotate the build on stderr.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) annotations: Annotations,
}

/// Whose build the results are annotated in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Annotations {
    /// GitHub's, where GITHUB_ACTIONS is `true`.
    Auto,
    Github,
    None,
}

/// `3%`, or `0.03`.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let value: Option<f64> = number.trim().parse().ok();
    value
        .map(|value| value / unit)
        .filter(|value| (0.0..10.0).contains(value))
        .ok_or_else(|| "write a share such as `3%` or `0.03`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_read_in_both_spellings() {
        assert_eq!(share("3%"), share("0.03"));
        assert_eq!(share("0"), Ok(0.0));
        for wrong in ["", "%", "three", "-1%", "NaN", "2000%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }
}
