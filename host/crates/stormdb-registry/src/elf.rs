//! The static gate: what a library's bytes say about what the dynamic linker would do with them.
//!
//! The dynamic linker runs a library's constructors before anyone can ask it a question, so everything that can be
//! decided is decided here, from bytes. Only the program headers are believed, as the linker does; section headers are
//! ignored. An honest plugin needs three libraries, has no run path and exports one symbol, so the lists are short.

mod dynamic;
mod image;

use std::fmt;

use stormdb_plugin_api::abi::{API_VERSION, ROOT_SYMBOL, note};

use dynamic::Dynamic;
use image::Image;

/// The libraries that a plugin may need; all are part of the C library or mapped by the host already.
pub const ALLOWED_LIBRARIES: [&str; 9] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "linux-vdso.so.1",
];

/// Why a library is not given to the dynamic linker. The text names the finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ElfFault {
    /// Not a well-formed ELF file.
    Invalid(String),
    /// Refers to bytes past the end of the file.
    Truncated(String),
    /// For another machine or another kind of program.
    WrongTarget(String),
    /// Needs a library that is not on the list.
    NeededForbidden(String),
    /// Carries a path in which the linker would look for libraries.
    RunPathForbidden,
    /// Has a feature that lets it run or replace code in ways that a plugin has no use for.
    FeatureForbidden(String),
    /// Exports something besides the plugin's root symbol.
    ExportForbidden(String),
    /// Does not export the plugin's root symbol as data.
    RootSymbolMissing(String),
    /// Its header or its note is not of the interface that this host speaks.
    OtherHeader(String),
    /// Cannot unwind, so that a panic would end the host.
    CannotUnwind,
}

impl ElfFault {
    /// The stable id of the error.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "elf-invalid",
            Self::Truncated(_) => "elf-truncated",
            Self::WrongTarget(_) => "elf-wrong-target",
            Self::NeededForbidden(_) => "elf-needed-forbidden",
            Self::RunPathForbidden => "elf-runpath-forbidden",
            Self::FeatureForbidden(_) => "elf-feature-forbidden",
            Self::ExportForbidden(_) => "elf-export-forbidden",
            Self::RootSymbolMissing(_) => "abi-symbol-missing",
            Self::OtherHeader(_) | Self::CannotUnwind => "abi-incompatible",
        }
    }
}

impl fmt::Display for ElfFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(found) => write!(f, "not a valid ELF library ({found}); build it again"),
            Self::Truncated(found) => write!(f, "the file is cut short ({found}); build it again"),
            Self::WrongTarget(found) => {
                write!(f, "built for something else ({found}); build a cdylib for {}", crate::verify::HOST_TARGET)
            }
            Self::NeededForbidden(name) => {
                write!(f, "it needs library {name:?}, which is not allowed; link it statically")
            }
            Self::RunPathForbidden => f.write_str("it has an RPATH or RUNPATH; build it without one"),
            Self::FeatureForbidden(found) => write!(f, "it has {found}, which is not allowed; build it without"),
            Self::ExportForbidden(name) => {
                write!(f, "it exports {name:?} besides the plugin's root symbol; make that symbol private")
            }
            Self::RootSymbolMissing(found) => {
                write!(f, "it is no StormDB plugin ({found}); add `export_plugin!(YourPlugin);` to its crate, and build a cdylib")
            }
            Self::OtherHeader(found) => {
                write!(f, "its interface is not this host's ({found}); build it against a matching stormdb-plugin-api")
            }
            Self::CannotUnwind => {
                f.write_str("it was built with panic = \"abort\", so a panic would end the run; build it with panic = \"unwind\"")
            }
        }
    }
}

/// Looks into a library. `Ok` means that the dynamic linker may have it.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(), ElfFault> {
    let image = Image::parse(bytes)?;
    let dynamic = Dynamic::parse(&image)?;
    // Whether it is a plugin at all comes first: that answer helps most.
    dynamic.check_root_symbol(ROOT_SYMBOL)?;
    dynamic.check_needed(&ALLOWED_LIBRARIES)?;
    dynamic.check_features(&image)?;
    dynamic.check_exports(ROOT_SYMBOL)?;
    dynamic.check_header(&image, ROOT_SYMBOL)?;
    check_note(&image)?;
    dynamic.check_unwinds()
}

/// One major version of the interface never meets another. Minor versions do, where the manifest says so.
fn check_note(image: &Image<'_>) -> Result<(), ElfFault> {
    let other = |found: String| Err(ElfFault::OtherHeader(found));
    let notes = image.notes(&note::OWNER, note::KIND)?;
    if notes.is_empty() {
        return other("it has no note of the plugin API that it was built with".to_owned());
    }
    for content in notes {
        let (numbers, _) = content.as_chunks::<4>();
        let &[major, minor, patch] = numbers else {
            return other("its note of the plugin API is not a version".to_owned());
        };
        let version = [major, minor, patch].map(u32::from_le_bytes);
        if version[0] != note::numbers(API_VERSION)[0] {
            let [major, minor, patch] = version;
            return other(format!(
                "it was built with plugin API {major}.{minor}.{patch}, this host speaks {API_VERSION}"
            ));
        }
    }
    Ok(())
}
