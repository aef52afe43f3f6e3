//! What can be wrong with a configuration, said with the place, the reason and the next step.

use std::fmt;
use std::io;
use std::path::PathBuf;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, ThemeCharacters, ThemeStyles,
};

use super::origin::At;

/// Why no configuration could be made; the exit code of every variant is 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Everything found wrong in the file, the variables and the flags.
    #[error("{}", one_line_each(.0))]
    Invalid(Vec<Problem>),
    #[error(
        "cannot read the configuration {}: {source}; check the path given to --config",
        path.display()
    )]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "the configuration {} has {bytes} bytes, more than {bytes_max}; is it the right file?",
        path.display()
    )]
    TooLarge { path: PathBuf, bytes: u64, bytes_max: u64 },
    #[error(
        "cannot read the password from {}: {source}; check `password_file` or `passfile` and who \
         may read the file",
        path.display()
    )]
    PasswordUnreadable { path: PathBuf, source: io::Error },
    #[error(
        "{} holds no password: its first line is empty; write the password there",
        path.display()
    )]
    PasswordEmpty { path: PathBuf },
    #[error(
        "the workload's own configuration schema cannot be used: {reason}; report it to the \
         plugin's author"
    )]
    UnusableSchema { reason: String },
}

impl ConfigError {
    /// The problems in the order in which a reader meets their places.
    pub(crate) fn invalid(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.at.as_ref().map(|at| (at.origin.layer, at.offset)));
        // A value may break two rules of the schema that are one to the reader.
        problems.dedup_by_key(|problem| problem.to_string());
        Self::Invalid(problems)
    }

    /// The stable name of what is wrong; of the first problem where there are several.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Invalid(problems) => {
                problems.first().map_or("invalid", |problem| problem.id.name())
            }
            Self::Unreadable { .. } | Self::TooLarge { .. } => "configuration-unreadable",
            Self::PasswordUnreadable { .. } | Self::PasswordEmpty { .. } => "password-unreadable",
            Self::UnusableSchema { .. } => "plugin-schema-unusable",
        }
    }

    /// The whole text for a terminal: per problem `error[ID]`, its place, its reason, the lines
    /// around it and the next step.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Invalid(problems) => {
                problems.iter().map(|problem| problem.render(colour)).collect::<Vec<_>>().join("\n")
            }
            other => format!("error[{}]: {other}\n", other.id()),
        }
    }
}

fn one_line_each(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The kind of a problem; the kebab-case name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemId {
    /// The text is not YAML.
    Yaml,
    UnknownKey,
    UnknownValue,
    WrongType,
    OutOfRange,
    /// A duration or another text that has not the form its key takes.
    Malformed,
    MissingKey,
    /// Two keys, or two spellings of one, say different things.
    Contradiction,
    MinAboveMax,
    /// A `--set` that is not `path=value`.
    BadOverride,
    /// A later layer changes what the file says about trust.
    PolicyDowngradeRefused,
}

impl ProblemId {
    /// The kebab-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::UnknownKey => "unknown-key",
            Self::UnknownValue => "unknown-value",
            Self::WrongType => "wrong-type",
            Self::OutOfRange => "out-of-range",
            Self::Malformed => "malformed",
            Self::MissingKey => "missing-key",
            Self::Contradiction => "contradiction",
            Self::MinAboveMax => "min-above-max",
            Self::BadOverride => "bad-override",
            Self::PolicyDowngradeRefused => "policy-downgrade-refused",
        }
    }
}

impl fmt::Display for ProblemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is wrong, where, and what to type instead.
#[derive(Clone, Debug)]
pub struct Problem {
    pub(crate) id: ProblemId,
    pub(crate) message: String,
    /// `None` only for what is missing from a run that has no file.
    pub(crate) at: Option<At>,
    /// What the marker under the line says.
    pub(crate) label: String,
    /// The second place of a contradiction, with its own label.
    pub(crate) also: Option<(At, String)>,
    pub(crate) help: String,
}

impl Problem {
    #[must_use]
    pub fn id(&self) -> ProblemId {
        self.id
    }

    fn render(&self, colour: bool) -> String {
        let styles = if colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
        let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
        let mut text = format!("error[{}]\n", self.id);
        let report = GraphicalReportHandler::new_themed(theme)
            .with_width(120)
            .with_links(false)
            .without_syntax_highlighting()
            .render_report(&mut text, &Report::new(self));
        match report {
            Ok(()) => text,
            // Formatting into a string fails only if miette does; the plain line still says
            // everything.
            Err(fmt::Error) => format!("error[{}]: {self}\n", self.id),
        }
    }
}

/// One line without a snippet: `place: message; help`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        write!(f, "{}; {}", self.message, self.help.replace('\n', "; "))
    }
}

/// A problem as miette wants it.
#[derive(Debug)]
struct Report<'a> {
    problem: &'a Problem,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl<'a> Report<'a> {
    fn new(problem: &'a Problem) -> Self {
        let source = problem
            .at
            .as_ref()
            .map(|at| NamedSource::new(&at.origin.name, at.origin.shown.clone()));
        let mut labels = Vec::new();
        if let Some(at) = &problem.at {
            labels.push(LabeledSpan::new_primary_with_span(
                Some(problem.label.clone()),
                (at.offset, at.len),
            ));
            // miette shows one source a report; a second place elsewhere is named in the message
            // alone.
            if let Some((also, label)) = &problem.also
                && also.origin.name == at.origin.name
                && also.origin.shown == at.origin.shown
            {
                labels
                    .push(LabeledSpan::new_with_span(Some(label.clone()), (also.offset, also.len)));
            }
        }
        Self { problem, source, labels }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.problem.at {
            write!(f, "{at}: ")?;
        }
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.problem.help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
