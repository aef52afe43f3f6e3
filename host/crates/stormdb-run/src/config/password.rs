//! Finds the password of a server: given, in a file of its own, or in libpq's password file.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use super::error::ConfigError;
use super::passfile;
use super::run_config::{PasswordSource, ServerConfig};
use super::warning::{Warning, WarningId};
use crate::secret::Secret;

/// What was found, and what is odd about the file it was looked for in.
#[derive(Debug)]
pub struct FoundPassword {
    /// `None`: there is none; the server may let the user in without.
    pub password: Option<Secret>,
    pub warnings: Vec<Warning>,
}

impl ServerConfig {
    /// Reads the password from where the configuration says.
    ///
    /// # Errors
    /// A named file cannot be read or is empty. A missing `~/.pgpass` is no error, as it is none
    /// for libpq.
    pub fn read_password(&self) -> Result<FoundPassword, ConfigError> {
        let mut warnings = Vec::new();
        let password = match &self.password {
            PasswordSource::Absent => None,
            PasswordSource::Given { secret } => Some(secret.clone()),
            PasswordSource::File { path } => Some(first_line(path)?),
            PasswordSource::Passfile { path, required } => {
                self.look_up(path, *required, &mut warnings)?
            }
        };
        Ok(FoundPassword { password, warnings })
    }

    fn look_up(
        &self,
        path: &Path,
        required: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<Secret>, ConfigError> {
        let unreadable = |source| ConfigError::PasswordUnreadable { path: path.to_owned(), source };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !required => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if let Some(reason) = refusal(&metadata) {
            let message = format!(
                "the password file {0} is ignored because {reason}; put it right with `chmod 0600 \
                 {0}`",
                path.display()
            );
            warnings.push(Warning::new(WarningId::PasswordFileIgnored, message));
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        Ok(passfile::look_up(&text, &self.host, self.port, &self.dbname, &self.username)
            .map(Secret::new))
    }
}

fn first_line(path: &Path) -> Result<Secret, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::PasswordUnreadable { path: path.to_owned(), source })?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::new(line.to_owned())),
        Some(_) | None => Err(ConfigError::PasswordEmpty { path: path.to_owned() }),
    }
}

/// Why libpq would not use this file.
fn refusal(metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::PermissionsExt as _;
    const GROUP_OR_WORLD: u32 = 0o077;
    if !metadata.is_file() {
        Some("it is not a plain file")
    } else if metadata.permissions().mode() & GROUP_OR_WORLD != 0 {
        Some("others than its owner may read it")
    } else {
        None
    }
}
