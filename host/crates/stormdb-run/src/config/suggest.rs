//! Guesses what a misspelt name was meant to be.

/// How alike two names must be for a guess that is worth making.
const LIKENESS_MIN: f64 = 0.92;

/// `did you mean …?` with a line break, if an allowed name is near enough.
pub(crate) fn suggestion(typed: &str, allowed: &[String]) -> Option<String> {
    let typed = typed.to_lowercase();
    let near = |name: &&String| {
        let slips = strsim::damerau_levenshtein(&typed, name);
        slips <= (typed.chars().count() / 4).max(1)
            || strsim::jaro_winkler(&typed, name) > LIKENESS_MIN
    };
    let best =
        allowed.iter().filter(near).min_by_key(|name| strsim::damerau_levenshtein(&typed, name))?;
    Some(format!("did you mean `{best}`?\n"))
}

/// The names that may stand here.
pub(crate) fn allowed_list(allowed: &[String]) -> String {
    if allowed.is_empty() {
        "delete it".to_owned()
    } else {
        format!("allowed here: {}", allowed.join(", "))
    }
}
