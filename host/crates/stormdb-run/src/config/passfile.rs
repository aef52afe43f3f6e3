//! The format of libpq's password file (`~/.pgpass`): `host:port:database:user:password`, first
//! match wins.

/// Directories that libpq takes for its default one, whose connections the file calls `localhost`.
const SOCKET_DIRECTORIES: &[&str] = &["/tmp", "/var/run/postgresql", "/run/postgresql"];

/// The password of the first line whose four fields fit; `*` fits everything, `\` quotes `:` and
/// itself.
pub(crate) fn look_up(
    text: &str,
    host: &str,
    port: u16,
    dbname: &str,
    username: &str,
) -> Option<String> {
    let port = port.to_string();
    let called_localhost = host.is_empty() || SOCKET_DIRECTORIES.contains(&host);
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (host_field, rest) = field(line)?;
        let (port_field, rest) = field(rest)?;
        let (dbname_field, rest) = field(rest)?;
        let (username_field, rest) = field(rest)?;
        let fits = |field: &str, value: &str| field == "*" || unquoted(field) == value;
        let host_fits =
            fits(host_field, host) || (called_localhost && fits(host_field, "localhost"));
        (host_fits
            && fits(port_field, &port)
            && fits(dbname_field, dbname)
            && fits(username_field, username))
        .then(|| unquoted(field(rest).map_or(rest, |(password, _)| password)))
    })
}

/// The text before the next unquoted `:`, still quoted, and the text after it.
fn field(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let end = line.char_indices().find_map(|(index, letter)| {
        let ends = letter == ':' && !quoted;
        quoted = letter == '\\' && !quoted;
        ends.then_some(index)
    })?;
    Some((&line[..end], &line[end + 1..]))
}

fn unquoted(field: &str) -> String {
    let mut quoted = false;
    field
        .chars()
        .filter(|letter| {
            quoted = *letter == '\\' && !quoted;
            !quoted
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::look_up;

    #[test]
    fn the_first_fitting_line_gives_the_password() {
        let text = "\
# db:5432:shop:joe:commented
db:5433:*:joe:other-port
db:5432:shop:joe:exact
db:*:*:joe:wild
localhost:*:*:*:socket
fe80\\:\\:1:5432:*:joe:v6
odd\\\\name:5432:*:joe:back\\\\sla\\:sh
short:5432:shop
";
        let cases = [
            ("db", 5432, "shop", "joe", Some("exact")),
            ("db", 5432, "stock", "joe", Some("wild")),
            ("db", 5433, "shop", "joe", Some("other-port")),
            ("db", 5432, "shop", "ann", None),
            ("/var/run/postgresql", 5432, "shop", "joe", Some("socket")),
            ("/srv/socket", 5432, "shop", "joe", None),
            ("fe80::1", 5432, "shop", "joe", Some("v6")),
            ("odd\\name", 5432, "shop", "joe", Some("back\\sla:sh")),
            ("short", 5432, "shop", "joe", None),
        ];
        for (host, port, dbname, username, expected) in cases {
            assert_eq!(
                look_up(text, host, port, dbname, username).as_deref(),
                expected,
                "{host}:{port}:{dbname}:{username}"
            );
        }
    }
}
