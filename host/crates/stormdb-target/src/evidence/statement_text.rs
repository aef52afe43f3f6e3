//! The text of a statement as it may be kept: without constants, comments and secrets, and short.
//!
//! `pg_stat_statements` replaces the constants of queries, but not those of utility statements, among them
//! `ALTER ROLE … PASSWORD '…'`, and not where it forgot a query while it ran.

/// Characters that are kept of a statement.
const KEPT: usize = 1000;
/// Words that are kept of a statement that is no query.
const UTILITY_WORDS: usize = 2;
const QUERIES: [&str; 7] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES"];

/// The text without what may be secret, in one line.
pub(super) fn presentable(text: &str) -> String {
    let bare = without_constants(text);
    let mut words = bare.split_whitespace();
    let first = words.clone().next().unwrap_or_default().trim_start_matches('(').to_uppercase();
    if !QUERIES.contains(&first.as_str()) {
        let start: Vec<&str> = words.by_ref().take(UTILITY_WORDS).collect();
        let more = if words.next().is_some() { " …" } else { "" };
        return format!("{}{more}", start.join(" "));
    }
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Replaces strings and numbers by `?`, and comments by a space. An unfinished string or comment swallows the rest.
fn without_constants(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let in_word =
            bare.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '$'));
        let length = if let Some(comment) = comment_length(rest) {
            bare.push(' ');
            comment
        } else if next == '\'' {
            let mut before = bare.chars().rev();
            let escapes = matches!(before.next(), Some('e' | 'E'))
                && !before.next().is_some_and(|c| c.is_alphanumeric() || c == '_');
            bare.push('?');
            quoted_length(rest, '\'', escapes)
        } else if next == '"' {
            let name = quoted_length(rest, '"', false);
            bare.push_str(&rest[..name]);
            name
        } else if let Some(quoted) = dollar_quoted_length(rest).filter(|_| !in_word) {
            bare.push('?');
            quoted
        } else if next.is_ascii_digit() && !in_word {
            bare.push('?');
            rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_')))
                .unwrap_or(rest.len())
        } else {
            bare.push(next);
            next.len_utf8()
        };
        rest = &rest[length..];
    }
    bare
}

fn comment_length(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    // Comments of SQL nest.
    let (mut depth, mut at) = (0_u32, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += 1;
        }
    }
    Some(text.len())
}

/// Of text that begins with `quote`; a doubled quote does not end it.
fn quoted_length(text: &str, quote: char, escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if escapes && character == '\\' {
            characters.next();
        } else if character == quote {
            match characters.peek() {
                Some((_, following)) if *following == quote => drop(characters.next()),
                _ => return at + 1,
            }
        }
    }
    text.len()
}

fn dollar_quoted_length(text: &str) -> Option<usize> {
    let tag_end = text.strip_prefix('$')?.find('$')? + 2;
    let tag = &text[..tag_end];
    let name = &tag[1..tag_end - 1];
    let is_tag = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then(|| text[tag_end..].find(tag).map_or(text.len(), |end| tag_end + end + tag_end))
}

#[cfg(test)]
mod tests {
    use super::presentable;

    #[test]
    fn normalised_queries_stay_as_they_are() {
        for text in [
            "SELECT a.\"Name 1\" FROM t1 a WHERE id = $1 AND b IN ($2, $3)",
            "(SELECT $1::int4) UNION SELECT x",
        ] {
            assert_eq!(presentable(text), text);
        }
        assert_eq!(presentable("select\n  x\t from t"), "select x from t");
    }

    #[test]
    fn constants_never_remain() {
        for (text, kept) in [
            ("SELECT 'it''s', 42, 1.5e3, x1 FROM t", "SELECT ?, ?, ?, x1 FROM t"),
            (r"SELECT E'a\'b', 'c'", "SELECT E?, ?"),
            (r"SELECT x LIKE'a\' AND y = 'b'", "SELECT x LIKE? AND y = ?"),
            ("SELECT $tag$ it's $$ $tag$, $1", "SELECT ?, $1"),
            ("INSERT INTO t VALUES ('unfinished", "INSERT INTO t VALUES (?"),
            ("SELECT x /* 'a /* b */ c */ -- 'd\n FROM t", "SELECT x FROM t"),
            ("SELECT /* open 'secret'", "SELECT"),
        ] {
            assert_eq!(presentable(text), kept);
        }
    }

    #[test]
    fn of_utility_statements_the_first_words_remain() {
        assert_eq!(presentable("ALTER ROLE bob PASSWORD 'secret'"), "ALTER ROLE …");
        assert_eq!(presentable("BEGIN"), "BEGIN");
        assert_eq!(presentable("CREATE USER \"o'brien\" PASSWORD 'secret'"), "CREATE USER …");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let shown = presentable(&format!("SELECT {}", "ä".repeat(2000)));
        assert_eq!(shown.chars().count(), 1001);
        assert!(shown.ends_with('…'));
    }
}
