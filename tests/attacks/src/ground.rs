//! What all attacks of one run share: the program, the libraries, the authors, and where canaries sing.

use std::{
    cell::OnceCell,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{arena::Arena, author::Author, canary::Canary, library::Compiler, stopped};

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What continuous integration has time for.
    Sample,
    /// Everything.
    All,
}

/// The ground of one run. Its folder lies where every user may enter, and nobody else may write above it.
pub struct Ground {
    folder: TempDir,
    /// The program under attack.
    pub program: PathBuf,
    /// The fixture with the canaries' path in it.
    pub library: Vec<u8>,
    pub canary: Canary,
    pub compiler: Compiler,
    /// Why no system call can be watched here.
    pub untraceable: Option<&'static str>,
    pub extent: Extent,
    /// Trusted, and the author of the good bundle.
    pub alice: Author,
    /// Another author, trusted where a case says so.
    pub bob: Author,
    /// Where the fixtures were built.
    built: PathBuf,
    arena: OnceCell<Result<Arena, String>>,
}

impl Ground {
    /// `program` is the built `stormdb`, `fixture` the built library of `stormdb-canary`.
    ///
    /// # Errors
    /// A folder cannot be made, or the fixture is not what it should be.
    pub fn new(program: &Path, fixture: &Path, extent: Extent) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("stormdb-attacks-").tempdir_in("/var/tmp")?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let canary = Canary::new(folder.path())?;
        let library =
            fs::read(fixture).with_context(|| format!("the fixture {}", fixture.display()))?;
        let library = canary.bake(library)?;
        let compiler = Compiler::find(folder.path(), canary.path());
        Ok(Self {
            folder,
            program: fs::canonicalize(program).with_context(|| program.display().to_string())?,
            library,
            canary,
            compiler,
            untraceable: stopped::missing(),
            extent,
            alice: Author::new("alice@example.org"),
            bob: Author::new("bob"),
            built: fixture.parent().unwrap_or(Path::new(".")).to_owned(),
            arena: OnceCell::new(),
        })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A server with plugins that do harm, started when it is asked for first.
    ///
    /// # Errors
    /// Why there is none here.
    pub fn arena(&self) -> Result<&Arena, &String> {
        let open = || Arena::open(&self.built, &self.alice).map_err(|error| format!("{error:#}"));
        self.arena.get_or_init(open).as_ref()
    }

    /// `sample` where only a sample is asked for, else `all`.
    pub fn count(&self, sample: usize, all: usize) -> usize {
        match self.extent {
            Extent::Sample => sample,
            Extent::All => all,
        }
    }

    pub fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }
}
