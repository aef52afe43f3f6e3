//! Whether a run can work on this server, asked before anything is done to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tokio_postgres::{Client, Row};

use crate::{
    TargetError,
    snapshot::{self, ServerSnapshot},
};

/// The oldest server that is supported.
pub const OLDEST_MAJOR: u32 = 14;

/// What a run needs of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Connections at the same time, without the monitor connection.
    pub connections: u32,
    pub extensions: Vec<String>,
    /// Major version; [`OLDEST_MAJOR`] counts in any case.
    pub oldest_major: u32,
    /// Whether schemas, and so tables, are to be made.
    pub creates_schema: bool,
}

/// What the server is and offers to this role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    pub server: ServerSnapshot,
    pub database: String,
    pub role: Role,
    pub limits: ServerLimits,
    pub is_standby: bool,
    /// The extensions asked for, in the order asked.
    pub extensions: Vec<Extension>,
}

/// The role of the connection and its rights in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub is_superuser: bool,
    pub creates_schema: bool,
}

/// How many connections the server allows this role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLimits {
    pub max_connections: u32,
    /// Slots kept for others: 0 for a superuser.
    pub reserved: u32,
    /// Client connections of anybody, the asking one among them.
    pub in_use: u32,
    /// What `CONNECTION LIMIT` of role and database leave; `None` without such a limit.
    pub quota_left: Option<u32>,
}

/// One extension in the connected database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub name: String,
    /// The version that `CREATE EXTENSION` would install; `None` when the server has no such files.
    pub available: Option<String>,
    pub installed: Option<String>,
    /// Whether the role may run `CREATE EXTENSION`.
    pub creatable: bool,
}

impl ServerLimits {
    /// Connections that this role can still open.
    #[must_use]
    pub fn available(&self) -> u32 {
        let free = self.max_connections.saturating_sub(self.reserved).saturating_sub(self.in_use);
        self.quota_left.map_or(free, |quota| quota.min(free))
    }
}

impl Preflight {
    /// Every reason for which the run would not work here; empty when it would.
    #[must_use]
    pub fn check(&self, needs: &Requirements) -> Vec<TargetError> {
        let mut reasons = Vec::new();
        let oldest = needs.oldest_major.max(OLDEST_MAJOR);
        if self.server.major() < oldest {
            let found = self.server.version.clone();
            reasons.push(TargetError::VersionTooOld { found, needed: oldest });
        }
        if self.is_standby && needs.creates_schema {
            reasons.push(TargetError::Standby);
        } else if needs.creates_schema && !self.role.creates_schema {
            reasons.push(TargetError::SchemaForbidden {
                user: self.role.name.clone(),
                database: self.database.clone(),
            });
        }
        let ServerLimits { max_connections, reserved, in_use, quota_left: _ } = self.limits;
        let available = self.limits.available();
        if needs.connections > available {
            reasons.push(TargetError::TooFewConnections {
                needed: needs.connections,
                available,
                max_connections,
                reserved,
                in_use,
            });
        }
        reasons.extend(needs.extensions.iter().filter_map(|name| self.lacks(name)));
        reasons
    }

    fn lacks(&self, name: &str) -> Option<TargetError> {
        match self.extensions.iter().find(|extension| extension.name == name) {
            Some(Extension { installed: Some(_), .. }) => None,
            Some(Extension { available: Some(_), creatable: true, .. }) => None,
            Some(Extension { available: Some(_), .. }) => Some(TargetError::ExtensionForbidden {
                extension: name.to_owned(),
                database: self.database.clone(),
                user: self.role.name.clone(),
            }),
            _ => Some(TargetError::ExtensionMissing { extension: name.to_owned() }),
        }
    }
}

/// Asks the server everything that [`Preflight::check`] judges, within `limit`.
///
/// # Errors
/// `target-version-too-old` at once, since older servers lack what is asked next;
/// `target-query-failed` or `target-timeout`.
pub async fn preflight(
    client: &Client,
    extensions: &[String],
    limit: Duration,
) -> Result<Preflight, TargetError> {
    timeout(limit, ask(client, extensions)).await.unwrap_or_else(|_| {
        Err(TargetError::Timeout {
            address: "the monitor connection".to_owned(),
            stage: "asking what the server offers",
        })
    })
}

async fn ask(client: &Client, extensions: &[String]) -> Result<Preflight, TargetError> {
    let server = snapshot::read(client).await?;
    if server.major() < OLDEST_MAJOR {
        return Err(TargetError::VersionTooOld { found: server.version, needed: OLDEST_MAJOR });
    }
    let (database, role, is_standby) = ask_role(client)
        .await
        .map_err(|source| TargetError::Query { subject: "the role's rights", source })?;
    let limits = ask_limits(client, &server)
        .await
        .map_err(|source| TargetError::Query { subject: "the connection limits", source })?;
    let extensions = ask_extensions(client, extensions, &role)
        .await
        .map_err(|source| TargetError::Query { subject: "the extensions", source })?;
    Ok(Preflight { server, database, role, limits, is_standby, extensions })
}

async fn ask_role(client: &Client) -> Result<(String, Role, bool), tokio_postgres::Error> {
    let sql = "SELECT current_database()::text, current_user::text, rolsuper, \
                      has_database_privilege(current_database(), 'CREATE'), pg_is_in_recovery() \
               FROM pg_roles WHERE rolname = current_user";
    let row = client.query_one(sql, &[]).await?;
    let role = Role {
        name: row.try_get(1)?,
        is_superuser: row.try_get(2)?,
        creates_schema: row.try_get(3)?,
    };
    Ok((row.try_get(0)?, role, row.try_get(4)?))
}

/// A session of another role shows no `backend_type` to a role without `pg_read_all_stats`; one
/// that is connected to a database is a client all the same.
const LIMITS_SQL: &str = "
    WITH client AS (
        SELECT datname, usename FROM pg_stat_activity
        WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL)
    )
    SELECT current_setting('max_connections')::int4,
           current_setting('superuser_reserved_connections')::int4,
           coalesce(current_setting('reserved_connections', true), '0')::int4,
           (SELECT count(*) FROM client)::int4,
           r.rolsuper,
           (SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = 'pg_use_reserved_connections'),
           CASE WHEN r.rolconnlimit >= 0 AND NOT r.rolsuper
                THEN r.rolconnlimit - (SELECT count(*) FROM client WHERE usename = current_user) END::int4,
           CASE WHEN d.datconnlimit >= 0 AND NOT r.rolsuper
                THEN d.datconnlimit - (SELECT count(*) FROM client WHERE datname = d.datname) END::int4
    FROM pg_roles r, pg_database d
    WHERE r.rolname = current_user AND d.datname = current_database()";

async fn ask_limits(
    client: &Client,
    server: &ServerSnapshot,
) -> Result<ServerLimits, tokio_postgres::Error> {
    let row = client.query_one(LIMITS_SQL, &[]).await?;
    let (for_superusers, for_members) = (count(&row, 1)?, count(&row, 2)?);
    let is_superuser: bool = row.try_get(4)?;
    let is_member: Option<bool> = row.try_get(5)?;
    let reserved = match (is_superuser, is_member) {
        (true, _) => 0,
        (false, Some(true)) => for_superusers,
        (false, Some(false)) => for_superusers + for_members,
        // Before PostgreSQL 16 there is neither such a role nor such a setting.
        (false, None) => {
            debug_assert!(server.major() < 16, "version 16 has pg_use_reserved_connections");
            for_superusers
        }
    };
    let quotas = [row.try_get::<_, Option<i32>>(6)?, row.try_get(7)?];
    let quota_left =
        quotas.into_iter().flatten().min().map(|left| u32::try_from(left).unwrap_or_default());
    Ok(ServerLimits {
        max_connections: count(&row, 0)?,
        reserved,
        in_use: count(&row, 3)?,
        quota_left,
    })
}

/// A column that is never negative.
fn count(row: &Row, column: usize) -> Result<u32, tokio_postgres::Error> {
    Ok(u32::try_from(row.try_get::<_, i32>(column)?).unwrap_or_default())
}

async fn ask_extensions(
    client: &Client,
    names: &[String],
    role: &Role,
) -> Result<Vec<Extension>, tokio_postgres::Error> {
    let sql = "SELECT asked.name, e.default_version, e.installed_version, \
                      coalesce(v.superuser, true), coalesce(v.trusted, false) \
               FROM unnest($1::text[]) WITH ORDINALITY AS asked (name, place) \
               LEFT JOIN pg_available_extensions e ON e.name = asked.name \
               LEFT JOIN pg_available_extension_versions v \
                 ON v.name = e.name AND v.version = e.default_version \
               ORDER BY asked.place";
    let rows = client.query(sql, &[&names]).await?;
    rows.iter()
        .map(|row| {
            let (needs_superuser, is_trusted): (bool, bool) = (row.try_get(3)?, row.try_get(4)?);
            let creatable =
                role.is_superuser || (role.creates_schema && (is_trusted || !needs_superuser));
            Ok(Extension {
                name: row.try_get(0)?,
                available: row.try_get(1)?,
                installed: row.try_get(2)?,
                creatable,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Extension, Preflight, Requirements, Role, ServerLimits};
    use crate::snapshot::ServerSnapshot;

    fn sound() -> Preflight {
        Preflight {
            server: ServerSnapshot {
                version: "16.3".to_owned(),
                version_number: 160_003,
                build: "PostgreSQL 16.3 on x86_64".to_owned(),
                settings: BTreeMap::new(),
            },
            database: "lab".to_owned(),
            role: Role { name: "tester".to_owned(), is_superuser: false, creates_schema: true },
            limits: ServerLimits { max_connections: 100, reserved: 3, in_use: 7, quota_left: None },
            is_standby: false,
            extensions: vec![extension("vector", Some("0.8.5"), None, false)],
        }
    }

    fn extension(
        name: &str,
        available: Option<&str>,
        installed: Option<&str>,
        may: bool,
    ) -> Extension {
        Extension {
            name: name.to_owned(),
            available: available.map(str::to_owned),
            installed: installed.map(str::to_owned),
            creatable: may,
        }
    }

    fn needs() -> Requirements {
        Requirements {
            connections: 90,
            extensions: Vec::new(),
            oldest_major: 0,
            creates_schema: true,
        }
    }

    fn ids(found: &Preflight, needs: &Requirements) -> Vec<&'static str> {
        found.check(needs).iter().map(super::TargetError::id).collect()
    }

    #[test]
    fn a_sound_server_passes_to_its_last_connection() {
        assert_eq!(sound().limits.available(), 90);
        assert!(ids(&sound(), &needs()).is_empty());
    }

    #[test]
    fn one_connection_too_many_is_refused_with_the_figures() {
        let reasons = sound().check(&Requirements { connections: 91, ..needs() });
        assert_eq!(
            reasons[0].to_string(),
            "91 connections are needed but 90 are free (max_connections 100, reserved 3, in use 7); \
             raise max_connections or plan fewer connections"
        );
    }

    #[test]
    fn a_connection_limit_of_role_or_database_counts() {
        let mut found = sound();
        found.limits.quota_left = Some(10);
        assert_eq!(ids(&found, &needs()), ["target-too-few-connections"]);
    }

    #[test]
    fn every_reason_is_named_at_once() {
        let mut found = sound();
        found.role.creates_schema = false;
        let asked = Requirements {
            connections: 500,
            extensions: vec!["vector".to_owned(), "postgis".to_owned()],
            oldest_major: 17,
            ..needs()
        };
        assert_eq!(
            ids(&found, &asked),
            [
                "target-version-too-old",
                "target-schema-forbidden",
                "target-too-few-connections",
                "target-extension-forbidden",
                "target-extension-missing",
            ]
        );
    }

    #[test]
    fn an_installed_extension_needs_no_right() {
        let mut found = sound();
        found.extensions = vec![extension("vector", Some("0.8.5"), Some("0.8.5"), false)];
        let asked = Requirements { extensions: vec!["vector".to_owned()], ..needs() };
        assert!(ids(&found, &asked).is_empty());
    }

    #[test]
    fn a_standby_serves_reading_alone() {
        let mut found = sound();
        found.is_standby = true;
        assert_eq!(ids(&found, &needs()), ["target-standby"]);
        assert!(ids(&found, &Requirements { creates_schema: false, ..needs() }).is_empty());
    }
}
