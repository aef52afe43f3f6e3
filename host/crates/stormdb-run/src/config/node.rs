//! A YAML document as a tree in which every key and value knows where it was written.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::error::{ConfigError, Problem, ProblemId};
use super::origin::{At, Layer, Origin};

/// Larger files are refused before they are parsed; a configuration is a page or two of text.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A configuration file that is valid YAML; its keys are not checked yet.
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) root: Node,
}

impl Source {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// The file cannot be read, is larger than 1 MiB, or is not valid YAML.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(ConfigError::TooLarge {
                path: path.to_owned(),
                bytes,
                bytes_max: FILE_BYTES_MAX,
            });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Parses the text of a file; `name` is what messages call it.
    ///
    /// # Errors
    /// The text is not valid YAML, or a key stands twice in one place.
    pub fn parse(name: &str, text: &str) -> Result<Self, ConfigError> {
        let origin = Origin::new(Layer::File, name, text);
        let root = Node::parse(&origin, text, 0)
            .map_err(|problem| ConfigError::Invalid(vec![*problem]))?;
        Ok(Self { root })
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// Values may be passwords, so only their kind is printed.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool",
            Self::Number(_) => "Number",
            Self::Text(_) => "Text",
            Self::List(_) => "List",
            Self::Map(_) => "Map",
        })
    }
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: At,
    pub(crate) node: Node,
}

impl Node {
    /// Parses YAML that begins `start` bytes into the origin's text.
    pub(crate) fn parse(
        origin: &Arc<Origin>,
        yaml: &str,
        start: usize,
    ) -> Result<Self, Box<Problem>> {
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        let parsed: Spanned<Parsed> = serde_saphyr::from_str_with_options(yaml, options)
            .map_err(|error| Box::new(not_yaml(&error, origin, yaml, start)))?;
        Ok(attach(parsed, origin, start))
    }

    pub(crate) fn map(at: At, entries: Vec<Entry>) -> Self {
        Self { at, value: Value::Map(entries) }
    }

    /// The entry under a dotted path such as `progressive.bands`.
    pub(crate) fn entry(&self, path: &str) -> Option<&Entry> {
        let (parents, key) =
            path.rsplit_once('.').map_or((None, path), |(parents, key)| (Some(parents), key));
        let map = match parents {
            Some(parents) => &self.entry(parents)?.node,
            None => self,
        };
        map.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a map; none for any other value.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                &[]
            }
        }
    }

    /// Removes the entry under a dotted path and returns it.
    pub(crate) fn take(&mut self, path: &str) -> Option<Entry> {
        let Value::Map(entries) = &mut self.value else { return None };
        match path.split_once('.') {
            Some((first, rest)) => {
                entries.iter_mut().find(|entry| entry.key == first)?.node.take(rest)
            }
            None => {
                let index = entries.iter().position(|entry| entry.key == path)?;
                Some(entries.remove(index))
            }
        }
    }

    /// Puts an entry under a dotted path, in place of what is there; missing and scalar parents
    /// become maps.
    pub(crate) fn put(&mut self, path: &str, mut entry: Entry) {
        if !matches!(self.value, Value::Map(_)) {
            self.value = Value::Map(Vec::new());
        }
        let Value::Map(entries) = &mut self.value else { return };
        let (key, rest) =
            path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
        let index = entries.iter().position(|existing| existing.key == key);
        match (index, rest) {
            (Some(index), Some(rest)) => entries[index].node.put(rest, entry),
            (None, Some(rest)) => {
                let at = entry.key_at.clone();
                let mut parent = Self::map(at.clone(), Vec::new());
                parent.put(rest, entry);
                entries.push(Entry { key: key.to_owned(), key_at: at, node: parent });
            }
            (index, None) => {
                key.clone_into(&mut entry.key);
                match index {
                    Some(index) => entries[index] = entry,
                    None => entries.push(entry),
                }
            }
        }
    }

    /// Lays a higher layer over this one: maps are merged key by key, everything else is replaced.
    pub(crate) fn overlay(&mut self, higher: Self) {
        match (&mut self.value, higher.value) {
            (Value::Map(below), Value::Map(above)) => {
                if higher.at.origin.layer == Layer::File {
                    self.at = higher.at;
                }
                for entry in above {
                    match below.iter_mut().find(|existing| existing.key == entry.key) {
                        Some(existing) => {
                            existing.key_at = entry.key_at;
                            existing.node.overlay(entry.node);
                        }
                        None => below.push(entry),
                    }
                }
            }
            (below, above) => {
                *below = above;
                self.at = higher.at;
            }
        }
    }

    /// The node that a JSON pointer names, and the key it stands under; the deepest existing parent
    /// if it is absent.
    pub(crate) fn pointed(&self, pointer: &str) -> (&Self, Option<&Entry>) {
        let mut node = self;
        let mut under = None;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = match &node.value {
                Value::Map(entries) => {
                    entries.iter().find(|entry| entry.key == token).map(|entry| {
                        under = Some(entry);
                        &entry.node
                    })
                }
                Value::List(items) => {
                    token.parse::<usize>().ok().and_then(|index| items.get(index))
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        (node, under)
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => value.clone().into(),
            Value::Text(value) => value.as_str().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect()
            }
        }
    }
}

/// What serde builds from the YAML events before the origin is known.
enum Parsed {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParsedVisitor)
    }
}

struct ParsedVisitor;

impl<'de> Visitor<'de> for ParsedVisitor {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Null)
    }

    fn visit_none<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parsed, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Parsed, E> {
        Ok(Parsed::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Parsed, E> {
        Ok(Parsed::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Parsed, E> {
        Ok(Parsed::Number(value.into()))
    }

    /// Every JSON number is a float to some readers: `5.0` is the whole number 5 wherever a whole
    /// number is wanted.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Parsed, E> {
        let number = serde_json::Number::from_f64(value)
            .ok_or_else(|| E::custom("a number must be finite"))?;
        let whole =
            number.to_string().strip_suffix(".0").and_then(|digits| digits.parse::<i64>().ok());
        Ok(Parsed::Number(whole.map_or(number, Into::into)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Parsed, E> {
        Ok(Parsed::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Parsed, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Parsed::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parsed, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Parsed::Map(map))
    }
}

fn attach(parsed: Spanned<Parsed>, origin: &Arc<Origin>, start: usize) -> Node {
    let value = match parsed.value {
        Parsed::Null => Value::Null,
        Parsed::Bool(value) => Value::Bool(value),
        Parsed::Number(value) => Value::Number(value),
        Parsed::Text(value) => Value::Text(value),
        Parsed::List(items) => {
            Value::List(items.into_iter().map(|item| attach(item, origin, start)).collect())
        }
        Parsed::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, node)| Entry {
                    key: key.value,
                    key_at: place(origin, key.referenced, start),
                    node: attach(node, origin, start),
                })
                .collect(),
        ),
    };
    Node { at: place(origin, parsed.referenced, start), value }
}

fn place(origin: &Arc<Origin>, location: Location, start: usize) -> At {
    let bytes =
        |value: Option<u64>| value.and_then(|value| usize::try_from(value).ok()).unwrap_or(0);
    let offset = (start + bytes(location.span().byte_offset())).min(origin.shown.len());
    // A block map has an empty span, and that of a block scalar takes in the next line's
    // indentation.
    let rest_of_line =
        origin.shown.get(offset..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let len = bytes(location.span().byte_len()).min(rest_of_line.trim_end().len());
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX).max(1);
    At {
        origin: origin.clone(),
        offset,
        len,
        line: count(location.line()),
        column: count(location.column()),
    }
}

fn not_yaml(
    error: &serde_saphyr::Error,
    origin: &Arc<Origin>,
    yaml: &str,
    start: usize,
) -> Problem {
    let mut at = place(origin, error.location().unwrap_or(Location::UNKNOWN), start);
    if at.offset == start {
        // The scanner gives a line and a column, but no offset.
        let before = yaml.split_inclusive('\n').take(at.line - 1).map(str::len).sum::<usize>();
        let line = yaml.get(before..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let within = line.char_indices().nth(at.column - 1).map_or(line.len(), |(index, _)| index);
        at.offset = (start + before + within).min(origin.shown.len());
    }
    let (message, help) = match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("the key `{key}` stands twice in one group"), "keep one of the two lines")
        }
        other => (
            without_place(&other.to_string()),
            "check the indentation, the quotes and the `key: value` form around this place",
        ),
    };
    let label = "here".to_owned();
    Problem { id: ProblemId::Yaml, message, at: Some(at), label, also: None, help: help.to_owned() }
}

/// The parser's message without the place, which is printed apart.
fn without_place(text: &str) -> String {
    let first_line = text.lines().next().unwrap_or_default();
    let end = first_line.find(" at line ").unwrap_or(first_line.len());
    first_line[..end].trim_end_matches(',').to_owned()
}
