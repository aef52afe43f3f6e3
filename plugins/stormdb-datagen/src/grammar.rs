//! Texts from words.

use datagen_service::{Draws, TextKind, TextSource};

use crate::vocabulary::{
    ADJECTIVES, ENDINGS, FIRST_NAMES, LAST_NAMES, NOUNS, PEOPLE, PLACES, VERBS,
};

const TOKEN_CHARACTERS: &[u8; 62] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const TOKEN_LENGTH: usize = 32;

/// Simple English.
pub(crate) struct English;

impl TextSource for English {
    fn write(kind: TextKind, draws: &mut Draws, text: &mut String) {
        match kind {
            TextKind::Name => {
                text.push_str(word(FIRST_NAMES, draws));
                text.push(' ');
                text.push_str(word(LAST_NAMES, draws));
            }
            TextKind::Title => title(draws, text),
            TextKind::Sentence => sentence(draws, text),
            TextKind::Paragraph => {
                for position in 0..draws.between(2, 4) {
                    if position > 0 {
                        text.push(' ');
                    }
                    sentence(draws, text);
                }
            }
            TextKind::Token => {
                let character = |_| char::from(*draws.pick(TOKEN_CHARACTERS).unwrap_or(&b'0'));
                text.extend((0..TOKEN_LENGTH).map(character));
            }
        }
    }
}

fn title(draws: &mut Draws, text: &mut String) {
    let (adjective, noun) = (word(ADJECTIVES, draws), word(NOUNS, draws));
    let place = word(PLACES, draws);
    let parts: &[&str] = match draws.below(5) {
        0 => &["the ", adjective, " ", noun],
        1 => &[adjective, " ", noun],
        2 => &[noun, " of the ", place],
        3 => &[noun, " in the ", adjective, " ", place],
        _ => &[place, " and ", noun],
    };
    let start = text.len();
    for part in parts.iter().flat_map(|part| part.split_inclusive(' ')) {
        let small = text.len() > start && matches!(part, "of " | "the " | "in " | "and ");
        match part.split_at_checked(1) {
            Some((initial, rest)) if !small => {
                text.push_str(&initial.to_ascii_uppercase());
                text.push_str(rest);
            }
            _ => text.push_str(part),
        }
    }
}

fn sentence(draws: &mut Draws, text: &mut String) {
    let (adjective, person) = (word(ADJECTIVES, draws), word(PEOPLE, draws));
    let article = if adjective.starts_with(['a', 'e', 'i', 'o', 'u']) { "An " } else { "A " };
    let (verb, object) = (word(VERBS, draws), word(NOUNS, draws));
    let (quality, place) = (word(ADJECTIVES, draws), word(PLACES, draws));
    let ending = word(ENDINGS, draws);
    for part in [
        article, adjective, " ", person, " ", verb, " the ", object, " of the ", quality, " ",
        place, " ", ending, ".",
    ] {
        text.push_str(part);
    }
}

fn word(list: &[&'static str], draws: &mut Draws) -> &'static str {
    draws.pick(list).copied().unwrap_or_default()
}
