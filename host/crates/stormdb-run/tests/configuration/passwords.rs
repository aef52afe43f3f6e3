//! Where a password may come from, and which source wins.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use stormdb_run::config::error::ConfigError;
use stormdb_run::config::overrides::Overrides;
use stormdb_run::config::password::FoundPassword;
use stormdb_run::config::run_config::TargetConfig;
use stormdb_run::config::warning::WarningId;

use crate::load::load_with;

fn found(database: &str, variables: &[(&str, &str)]) -> Result<FoundPassword, ConfigError> {
    let yaml = format!("workload: imdb\ndatabase: {{host: db, username: joe, {database}}}\n");
    match load_with(&yaml, variables, &Overrides::default())?.config.target {
        TargetConfig::Server(server) => server.read_password(),
        TargetConfig::Embedded => panic!("no server"),
    }
}

fn password(database: &str, variables: &[(&str, &str)]) -> Option<String> {
    found(database, variables)
        .unwrap()
        .password
        .map(|secret| secret.expose_for_authentication().to_owned())
}

fn write(path: &Path, text: &str, mode: u32) -> String {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

#[test]
fn each_source_gives_its_password_and_the_nearer_wins() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    write(&folder.path().join(".pgpass"), "db:5432:*:joe:from-home\n", 0o600);
    let own = write(&folder.path().join("own"), "from-file\nignored\n", 0o644);
    let passfile = write(&folder.path().join("passfile"), "*:*:joe:joe:from-passfile\n", 0o400);
    let home = ("HOME", home.as_str());

    assert_eq!(password("", &[]), None);
    assert_eq!(password("", &[home]).as_deref(), Some("from-home"));
    assert_eq!(password("port: 5433", &[home]), None);
    assert_eq!(password("", &[home, ("PGPASSFILE", &passfile)]).as_deref(), Some("from-passfile"));
    let variables = [home, ("PGPASSFILE", &passfile), ("PGPASSWORD", "from-pg")];
    assert_eq!(password("", &variables).as_deref(), Some("from-pg"));
    assert_eq!(
        password(&format!("password_file: {own}"), &variables).as_deref(),
        Some("from-file")
    );
    assert_eq!(
        password(&format!("passfile: {passfile}"), &variables).as_deref(),
        Some("from-passfile")
    );
    assert_eq!(password("password: from-key", &variables).as_deref(), Some("from-key"));
    let variables = [home, ("PGPASSWORD", "from-pg"), ("STORMDB_PASSWORD", "from-variable")];
    assert_eq!(
        password(&format!("password_file: {own}"), &variables).as_deref(),
        Some("from-variable")
    );
}

#[test]
fn a_password_in_the_file_is_warned_of() {
    let yaml = "workload: imdb\ndatabase:\n  password: hunter2\n";
    let resolved = load_with(yaml, &[], &Overrides::default()).unwrap();
    assert_eq!(resolved.warnings.len(), 1);
    assert_eq!(resolved.warnings[0].id, WarningId::PasswordInFile);
    assert_eq!(
        resolved.warnings[0].to_string(),
        "run.yaml:3:3: the password stands here in clear; better: `password_file: PATH`, `passfile: PATH` (~/.pgpass \
         is read by itself), or the variable PGPASSWORD"
    );
    assert!(!format!("{resolved:?}").contains("hunter2"));
}

#[test]
fn a_password_file_that_others_may_read_is_ignored_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder.path().join("passfile"), "*:*:*:*:open\n", 0o640);
    let found = found(&format!("passfile: {path}"), &[]).unwrap();
    assert!(found.password.is_none());
    let messages: Vec<_> =
        found.warnings.into_iter().map(|warning| (warning.id, warning.message)).collect();
    let expected = format!(
        "the password file {path} is ignored because others than its owner may read it; put it right with `chmod 0600 {path}`"
    );
    assert_eq!(messages, [(WarningId::PasswordFileIgnored, expected)]);
}

#[test]
fn a_named_file_must_be_there_and_hold_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").display().to_string();
    let empty = write(&folder.path().join("empty"), "\n", 0o600);
    let text = |database: &str| found(database, &[]).unwrap_err().render(false);
    assert_eq!(
        text(&format!("password_file: {missing}")),
        format!(
            "error[password-unreadable]: cannot read the password from {missing}: No such file or directory \
             (os error 2); check `password_file` or `passfile` and who may read the file\n"
        )
    );
    assert!(matches!(
        found(&format!("passfile: {missing}"), &[]),
        Err(ConfigError::PasswordUnreadable { .. })
    ));
    assert_eq!(
        text(&format!("password_file: {empty}")),
        format!(
            "error[password-unreadable]: {empty} holds no password: its first line is empty; write the password there\n"
        )
    );
    assert_eq!(password("", &[("PGPASSFILE", &missing)]), None);
}
