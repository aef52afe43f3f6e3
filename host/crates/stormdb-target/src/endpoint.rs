//! Where the server is and how to talk to it: address, database, role, TLS.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// A database of a server, and the role that connects to it; holds no password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub address: Address,
    pub database: String,
    pub user: String,
    pub tls: Tls,
}

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Address {
    Tcp {
        host: String,
        port: u16,
    },
    /// The directory of the socket; the port names the file in it.
    Unix {
        directory: PathBuf,
        port: u16,
    },
}

/// How a TCP connection is protected. A Unix socket is never encrypted, as in libpq.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    pub mode: TlsMode,
    /// Trusted roots in DER, see [`roots_from_pem`](crate::tls::roots_from_pem); without them the
    /// `verify-*` modes read the roots of the system, which a locked-down process cannot.
    pub roots: Option<Vec<Vec<u8>>>,
}

/// The `sslmode` of libpq, without `allow`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    Disable,
    /// Encrypts if the server offers it; verifies nothing.
    #[default]
    Prefer,
    /// Encrypts; verifies the chain when roots are given, as libpq does.
    Require,
    /// Encrypts and verifies the chain.
    VerifyCa,
    /// Encrypts, verifies the chain and the host name.
    VerifyFull,
}

impl TlsMode {
    /// Reads the spelling of libpq's `sslmode`; `None` for any other word.
    #[must_use]
    pub fn from_sslmode(word: &str) -> Option<Self> {
        match word {
            "disable" => Some(Self::Disable),
            "prefer" => Some(Self::Prefer),
            "require" => Some(Self::Require),
            "verify-ca" => Some(Self::VerifyCa),
            "verify-full" => Some(Self::VerifyFull),
            _ => None,
        }
    }
}

impl Address {
    /// Reads a host as libpq does: one that begins with `/` is a socket directory.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        if host.starts_with('/') {
            Self::Unix { directory: PathBuf::from(host), port }
        } else {
            Self::Tcp { host: host.to_owned(), port }
        }
    }

    /// The path of the socket; `None` for TCP.
    #[must_use]
    pub fn socket_path(&self) -> Option<PathBuf> {
        match self {
            Self::Tcp { .. } => None,
            Self::Unix { directory, port } => Some(socket_path(directory, *port)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { directory, port } => {
                write!(f, "{}", socket_path(directory, *port).display())
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database \"{}\" at {} as \"{}\"", self.database, self.address, self.user)
    }
}

/// The name that PostgreSQL gives its socket in `directory`.
pub(crate) fn socket_path(directory: &Path, port: u16) -> PathBuf {
    directory.join(format!(".s.PGSQL.{port}"))
}

#[cfg(test)]
mod tests {
    use super::{Address, Endpoint, Tls, TlsMode};

    #[test]
    fn an_address_reads_and_shows_like_libpq() {
        let shown = |host: &str| Address::new(host, 5433).to_string();
        assert_eq!(shown("db.example"), "db.example:5433");
        assert_eq!(shown("::1"), "[::1]:5433");
        assert_eq!(shown("/run/postgresql"), "/run/postgresql/.s.PGSQL.5433");
    }

    #[test]
    fn sslmode_words_of_libpq() {
        assert_eq!(TlsMode::from_sslmode("verify-ca"), Some(TlsMode::VerifyCa));
        assert_eq!(TlsMode::from_sslmode("Verify-CA"), None);
        assert_eq!(TlsMode::from_sslmode("allow"), None);
    }

    #[test]
    fn an_endpoint_survives_serialization() {
        let endpoint = Endpoint {
            address: Address::new("/tmp", 5432),
            database: "stormdb".to_owned(),
            user: "postgres".to_owned(),
            tls: Tls { mode: TlsMode::VerifyFull, roots: Some(vec![vec![48, 0]]) },
        };
        let text = serde_json::to_string(&endpoint).unwrap();
        assert_eq!(serde_json::from_str::<Endpoint>(&text).unwrap(), endpoint);
        assert!(text.contains("\"verify-full\""), "{text}");
    }
}
