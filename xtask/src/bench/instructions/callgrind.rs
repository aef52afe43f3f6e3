//! Reading a profile of callgrind: what each function cost by itself, and who called `malloc`.
//!
//! The format is that of the chapter "Callgrind Format Specification" of valgrind's manual.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};

/// Functions of the allocator that give out memory.
const ALLOCATE: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

/// What was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Instructions of each function without those that it called.
    pub(crate) functions: BTreeMap<String, u64>,
    /// Calls of the allocator for memory, from outside of it. Callgrind counts calls of a place also
    /// while it does not collect.
    pub(crate) allocations: u64,
}

impl Profile {
    /// Reads the text of a `callgrind.out` with one event.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let mut profile = Self::default();
        // A name is written once, with a number that stands for it afterwards.
        let mut names: HashMap<&str, String> = HashMap::new();
        let (mut current, mut called) = (String::new(), String::new());
        // Calls whose cost is on the next line.
        let mut calls = None;
        for line in text.lines() {
            let number = |words: &str, position| {
                let number =
                    words.split(' ').nth(position).and_then(|word| word.parse::<u64>().ok());
                number.with_context(|| format!("line `{line}`"))
            };
            if let Some(name) = line.strip_prefix("fn=") {
                current = resolved(name, &mut names)?;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                called = resolved(name, &mut names)?;
            } else if let Some(call) = line.strip_prefix("calls=") {
                calls = Some(number(call, 0)?);
            } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
                let cost = number(line, 1)?;
                match calls.take() {
                    None => *profile.functions.entry(current.clone()).or_default() += cost,
                    Some(calls) if cost > 0 && enters(&current, &called) => {
                        profile.allocations += calls;
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(profile)
    }
}

/// Whether a call asks the allocator for memory, and not one of its functions another.
fn enters(caller: &str, called: &str) -> bool {
    ALLOCATE.contains(&called) && !ALLOCATE.contains(&caller)
}

/// The name behind `(12) name` or `(12)`.
fn resolved<'a>(text: &'a str, names: &mut HashMap<&'a str, String>) -> Result<String> {
    let Some((number, name)) = text.split_once(')') else {
        return Ok(text.to_owned());
    };
    if !name.is_empty() {
        names.insert(number, without_hash(name.trim()).to_owned());
    }
    names.get(number).cloned().with_context(|| format!("no name for `{text}`"))
}

/// Older names of Rust end with a hash that changes with the compiler, and callgrind adds `'2` to the
/// second level of a recursion.
fn without_hash(name: &str) -> &str {
    let name = name.split('\'').next().unwrap_or(name);
    let is_hash = |tail: &str| {
        tail.len() == 17
            && tail.starts_with('h')
            && tail[1..].chars().all(|c| c.is_ascii_hexdigit())
    };
    match name.rsplit_once("::") {
        Some((path, tail)) if is_hash(tail) => path,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;

    const TEXT: &str = "# callgrind format\nversion: 1\npositions: line\nevents: Ir\n\
        summary: 795\n\nob=(7) /bin/program\nfl=(152) ???\nfn=(1) wire::read::h0123456789abcdef\n\
        0 100\ncob=(3) /lib/libc.so.6\ncfi=(9) ./malloc.c\ncfn=(2) malloc\ncalls=220 3281\n0 60000\n\
        +3 20\ncfn=(2)\ncalls=7 0\n0 0\n\nfn=(3) wire::send\n5 7\ncfn=(1)\ncalls=4 0\n* 480\n\nfn=(2)\n0 300\ncfn=(4) calloc\n\
        calls=5 0\n0 50\n\nfn=(1)\n0 1\n\nfn=(5) walk'2\n0 9\n\nfn=(6) walk\n0 1\ntotals: 795\n";

    #[test]
    fn a_function_costs_its_own_lines_and_not_its_calls() {
        let profile = Profile::read(TEXT).unwrap();
        let functions: Vec<_> =
            profile.functions.iter().map(|(name, cost)| (name.as_str(), *cost)).collect();
        let expected = [("malloc", 300), ("walk", 10), ("wire::read", 121), ("wire::send", 7)];
        assert_eq!(functions, expected);
    }

    #[test]
    fn allocations_are_counted_where_they_enter_the_allocator_and_cost() {
        assert_eq!(Profile::read(TEXT).unwrap().allocations, 220);
    }

    #[test]
    fn a_number_without_a_name_is_an_error() {
        let error = Profile::read("fn=(8)\n0 1\n").unwrap_err();
        assert_eq!(error.to_string(), "no name for `(8)`");
    }
}
