//! Statements: registered once per load process, prepared once per connection.

use std::sync::{PoisonError, RwLock};

/// The texts that workloads registered; a statement's number is its index.
#[derive(Debug, Default)]
pub struct StatementTable(RwLock<Vec<String>>);

impl StatementTable {
    /// Registers a text and returns its number; the same text has one number.
    pub fn register(&self, sql: &str) -> u32 {
        let mut texts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let index = texts.iter().position(|text| text == sql).unwrap_or_else(|| {
            texts.push(sql.to_owned());
            texts.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// The text with this number.
    pub fn text(&self, id: u32) -> Option<String> {
        let texts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        texts.get(id as usize).cloned()
    }
}

/// What a statement does to the connection's transaction, read from its text. tokio-postgres does not
/// tell the state that the server reports, and nothing but the text tells a commit that was asked
/// for from a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Opens,
    Commits,
    RollsBack,
}

impl Effect {
    pub(super) const ALL: [Self; 4] = [Self::None, Self::Opens, Self::Commits, Self::RollsBack];

    pub(super) fn of(sql: &str) -> Self {
        let word = |text: &str| {
            text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("").to_ascii_uppercase()
        };
        let opens = matches!(word(sql.trim_start()).as_str(), "BEGIN" | "START");
        // The body of a function ends with the words that end a transaction.
        if sql.contains("$$") {
            return if opens { Self::Opens } else { Self::None };
        }
        // The last statement decides: a script may open and close.
        let last = sql.split(';').map(str::trim).rfind(|part| !part.is_empty()).unwrap_or("");
        let rest = last.to_ascii_uppercase();
        match word(last).as_str() {
            "BEGIN" | "START" => Self::Opens,
            "ROLLBACK" if rest.contains(" TO ") => Self::None,
            "COMMIT" | "END" | "ROLLBACK" | "ABORT"
                if rest.contains("CHAIN") && !rest.contains(" NO ") =>
            {
                Self::Opens
            }
            "COMMIT" | "END" => Self::Commits,
            "ROLLBACK" | "ABORT" => Self::RollsBack,
            _ if opens && !sql.to_ascii_uppercase().contains("COMMIT") => Self::Opens,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, StatementTable};

    #[test]
    fn the_same_text_has_one_number() {
        let table = StatementTable::default();
        assert_eq!(["a", "b", "a"].map(|sql| table.register(sql)), [0, 1, 0]);
        assert_eq!(table.text(1).as_deref(), Some("b"));
        assert_eq!(table.text(2), None);
    }

    #[test]
    fn the_effect_on_the_transaction_is_read_from_the_text() {
        for (sql, effect) in [
            ("BEGIN", Effect::Opens),
            ("begin isolation level serializable", Effect::Opens),
            ("START TRANSACTION READ ONLY;", Effect::Opens),
            ("COMMIT", Effect::Commits),
            ("end;", Effect::Commits),
            ("ROLLBACK", Effect::RollsBack),
            ("ROLLBACK TO SAVEPOINT a", Effect::None),
            ("BEGIN; INSERT INTO t VALUES (1)", Effect::Opens),
            ("BEGIN; INSERT INTO t VALUES (1); COMMIT;", Effect::Commits),
            ("COMMIT AND CHAIN", Effect::Opens),
            ("COMMIT AND NO CHAIN", Effect::Commits),
            ("CREATE FUNCTION f() AS $$ BEGIN RETURN 1; END $$", Effect::None),
            ("SELECT 1", Effect::None),
            ("UPDATE t SET a = 1", Effect::None),
        ] {
            assert_eq!(Effect::of(sql), effect, "{sql}");
        }
    }
}
