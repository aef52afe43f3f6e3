//! How the private cluster is configured: every setting that differs from PostgreSQL's default.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use stormdb_run::secret::Secret;

use crate::{TargetError, binaries::Binaries};

/// The port that names the socket when there is no TCP.
const SOCKET_PORT: u16 = 5432;

/// What the user may choose.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    pub max_connections: u32,
    /// On 127.0.0.1 beside the socket; `None` listens on no network at all.
    pub tcp: Option<TcpAccess>,
}

/// TCP on the loopback address, for clients that cannot use a socket.
#[derive(Clone, Debug)]
pub struct TcpAccess {
    pub port: u16,
    /// Asked from TCP clients, with SCRAM-SHA-256.
    pub password: Secret,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self { max_connections: 200, tcp: None }
    }
}

/// A line of the server's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub name: String,
    pub value: String,
}

/// The files that the server is started with.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) settings: PathBuf,
    access: PathBuf,
}

impl ClusterSettings {
    pub(super) fn port(&self) -> u16 {
        self.tcp.as_ref().map_or(SOCKET_PORT, |access| access.port)
    }

    /// Every setting that the server is started with. Durability stays at its defaults: `fsync`,
    /// `full_page_writes` and `synchronous_commit` are on.
    pub(super) fn listed(&self, binaries: &Binaries, socket_directory: &Path) -> Vec<Setting> {
        let max_connections = self.max_connections.to_string();
        let port = self.port().to_string();
        let listen_addresses = if self.tcp.is_some() { "127.0.0.1" } else { "" };
        let socket_directory = socket_directory.to_string_lossy();
        let mut pairs: Vec<(&str, &str)> = vec![
            ("cluster_name", "stormdb"),
            ("listen_addresses", listen_addresses),
            ("port", &port),
            ("unix_socket_directories", &socket_directory),
            ("password_encryption", "scram-sha-256"),
            ("max_connections", &max_connections),
            ("shared_buffers", "256MB"),
            ("maintenance_work_mem", "128MB"),
            // A checkpoint in the middle of a short band is noise.
            ("checkpoint_timeout", "15min"),
            ("max_wal_size", "4GB"),
            ("random_page_cost", "1.1"),
            ("jit", "off"),
            ("default_text_search_config", "pg_catalog.english"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_line_prefix", "%m [%p] %q%u@%d "),
        ];
        let mut values = Vec::new();
        if let Some(contrib) = &binaries.contrib {
            let library_path = format!("$libdir:{}", contrib.library_dir.display());
            let control_path = format!("$system:{}", contrib.share_dir.display());
            values.push(("dynamic_library_path", library_path));
            values.push(("extension_control_path", control_path));
        }
        if binaries.has_library("pg_stat_statements") {
            pairs.push(("shared_preload_libraries", "pg_stat_statements"));
        }
        pairs.extend(values.iter().map(|(name, value)| (*name, value.as_str())));
        pairs
            .into_iter()
            .map(|(name, value)| Setting { name: name.to_owned(), value: value.to_owned() })
            .collect()
    }
}

impl Configuration {
    /// Writes the files into `directory`, which the server can read and not write.
    pub(super) fn write(
        directory: &Path,
        listed: &[Setting],
        settings: &ClusterSettings,
    ) -> Result<Self, TargetError> {
        let files = Self {
            settings: directory.join("postgresql.conf"),
            access: directory.join("pg_hba.conf"),
        };
        let lines: String = listed
            .iter()
            .map(|Setting { name, value }| format!("{name} = '{}'\n", value.replace('\'', "''")))
            .collect();
        let mut access = "local all all trust\n".to_owned();
        if settings.tcp.is_some() {
            access.push_str("host all all 127.0.0.1/32 scram-sha-256\n");
        }
        for (path, text) in [(&files.settings, &lines), (&files.access, &access)] {
            write_readable(path, text).map_err(TargetError::file("write", path))?;
        }
        Ok(files)
    }

    /// For `pg_ctl -o`, which hands the text to a shell.
    pub(super) fn server_options(&self) -> String {
        let Self { settings, access } = self;
        let quoted = |path: &Path| path.to_string_lossy().replace('\'', r"'\''");
        format!("-c config_file='{}' -c hba_file='{}'", quoted(settings), quoted(access))
    }
}

/// The server's user must be able to read it whatever the umask is.
fn write_readable(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use stormdb_run::secret::Secret;

    use super::{ClusterSettings, Configuration, Setting, TcpAccess};
    use crate::binaries::{Binaries, Contrib, Origin};

    fn binaries(contrib: Option<Contrib>) -> Binaries {
        Binaries {
            bin_dir: "/nowhere/bin".into(),
            version: "18.4".to_owned(),
            major: 18,
            origin: Origin::Given,
            contrib,
        }
    }

    fn value<'a>(listed: &'a [Setting], name: &str) -> Option<&'a str> {
        listed.iter().find(|setting| setting.name == name).map(|setting| setting.value.as_str())
    }

    #[test]
    fn no_network_unless_asked_for() {
        let listed = ClusterSettings::default().listed(&binaries(None), Path::new("/run/x"));
        assert_eq!(value(&listed, "listen_addresses"), Some(""));
        assert_eq!(value(&listed, "unix_socket_directories"), Some("/run/x"));
        assert_eq!(value(&listed, "shared_preload_libraries"), None);
        assert_eq!(value(&listed, "fsync"), None);

        let tcp = Some(TcpAccess { port: 5999, password: Secret::new("x".to_owned()) });
        let listed = ClusterSettings { max_connections: 7, tcp }
            .listed(&binaries(None), Path::new("/run/x"));
        assert_eq!(value(&listed, "listen_addresses"), Some("127.0.0.1"));
        assert_eq!(value(&listed, "port"), Some("5999"));
        assert_eq!(value(&listed, "max_connections"), Some("7"));
    }

    #[test]
    fn contrib_is_found_through_two_settings() {
        let contrib = Contrib { library_dir: "/c/lib".into(), share_dir: "/c/share".into() };
        let listed =
            ClusterSettings::default().listed(&binaries(Some(contrib)), Path::new("/run/x"));
        assert_eq!(value(&listed, "dynamic_library_path"), Some("$libdir:/c/lib"));
        assert_eq!(value(&listed, "extension_control_path"), Some("$system:/c/share"));
    }

    #[test]
    fn quotes_in_paths_reach_neither_shell_nor_configuration() {
        let directory = tempfile::Builder::new().prefix("it's a").tempdir().unwrap();
        let odd = Setting { name: "cluster_name".to_owned(), value: "it's".to_owned() };
        let files =
            Configuration::write(directory.path(), &[odd], &ClusterSettings::default()).unwrap();
        let text = std::fs::read_to_string(&files.settings).unwrap();
        assert_eq!(text, "cluster_name = 'it''s'\n");
        let options = files.server_options();
        assert!(options.starts_with("-c config_file='"), "{options}");
        assert_eq!(options.matches(r"it'\''s a").count(), 2, "{options}");
    }
}
