//! The version of the interface as an ELF note: what a host reads of a library before it is mapped.
//! [`export_plugin!`](crate::export_plugin) puts it into the section `.note.stormdb`.

/// Whose note it is: the note's name.
pub const OWNER: [u8; 8] = *b"stormdb\0";
/// The one kind of note there is: the version.
pub const KIND: u32 = 1;

/// A note as the ELF format lays it out: three lengths and kinds, the name, the content. In the byte
/// order of the machine, as all of the library is.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    name_bytes: u32,
    content_bytes: u32,
    kind: u32,
    name: [u8; OWNER.len()],
    /// Major, minor and patch of the crate that the plugin was built with.
    version: [u32; 3],
}

impl Note {
    /// The note of this version of the crate.
    pub const CURRENT: Self = Self {
        name_bytes: 8,
        content_bytes: 12,
        kind: KIND,
        name: OWNER,
        version: numbers(env!("CARGO_PKG_VERSION")),
    };
}

/// The three numbers of `1.2.3`; what follows them, such as `-rc.1`, is left out.
#[must_use]
pub const fn numbers(version: &str) -> [u32; 3] {
    let text = version.as_bytes();
    let (mut numbers, mut part, mut at) = ([0; 3], 0, 0);
    while at < text.len() && part < numbers.len() {
        match text[at] {
            digit @ b'0'..=b'9' => numbers[part] = numbers[part] * 10 + (digit - b'0') as u32,
            b'.' => part += 1,
            _ => break,
        }
        at += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::{Note, numbers};
    use crate::abi::API_VERSION;

    #[test]
    fn the_note_has_the_version_that_manifests_name() {
        assert_eq!(Note::CURRENT.version, numbers(API_VERSION));
        assert_eq!(numbers("12.3.4-rc.1"), [12, 3, 4]);
        assert_eq!(numbers("1"), [1, 0, 0]);
    }

    #[test]
    fn the_lengths_are_those_of_what_follows_them() {
        let Note { name_bytes, content_bytes, name, version, .. } = Note::CURRENT;
        assert_eq!(name_bytes as usize, size_of_val(&name));
        assert_eq!(content_bytes as usize, size_of_val(&version));
        assert_eq!(size_of::<Note>(), 32);
    }
}
