//! Libraries made of one C template by the system's compiler, each with canaries where its code could run.

use std::{
    cell::Cell,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use stormdb_plugin_api::{
    abi::{API_VERSION, ROOT_SYMBOL, note},
    abi_stable::library::AbiHeader,
};

const TEMPLATE: &str = include_str!("library.c");

/// A library to be made.
#[derive(Clone, Debug)]
pub struct Recipe {
    macros: Vec<String>,
    arguments: Vec<String>,
    /// C code besides the template's.
    code: String,
}

impl Recipe {
    /// A library with a constructor and nothing else.
    pub fn plain() -> Self {
        Self { macros: Vec::new(), arguments: Vec::new(), code: String::new() }
    }

    /// One that looks like a plugin from the outside: the gate would let it pass.
    pub fn plugin() -> Self {
        let AbiHeader { abi_major, abi_minor, .. } = AbiHeader::VALUE;
        let [major, minor] = [("ABI_MAJOR", abi_major), ("ABI_MINOR", abi_minor)]
            .map(|(name, value)| format!("{name}={value}"));
        let api = format!("API_MAJOR={}", note::numbers(API_VERSION)[0]);
        Self::plain()
            .with("UNWINDS")
            .with("HEADER")
            .with("NOTE")
            .with(&api)
            .with(&major)
            .with(&minor)
            .linked("-lgcc_s")
    }

    /// With a part of the template.
    #[must_use]
    pub fn with(mut self, part: &str) -> Self {
        self.macros.push(part.to_owned());
        self
    }

    /// Without one that was asked for.
    #[must_use]
    pub fn without(mut self, part: &str) -> Self {
        self.macros.retain(|other| other.split('=').next() != Some(part));
        self
    }

    /// With an argument for the compiler.
    #[must_use]
    pub fn linked(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code.push_str(code);
        self.code.push('\n');
        self
    }
}

/// The system's C compiler, if there is one.
#[derive(Debug)]
pub struct Compiler {
    folder: PathBuf,
    canary: PathBuf,
    is_there: bool,
    made: Cell<usize>,
}

impl Compiler {
    pub fn find(folder: &Path, canary: &Path) -> Self {
        let is_there = Command::new("cc")
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success());
        Self { folder: folder.to_owned(), canary: canary.to_owned(), is_there, made: Cell::new(0) }
    }

    /// Why nothing can be compiled.
    pub fn missing(&self) -> Option<&'static str> {
        (!self.is_there).then_some("there is no C compiler (cc)")
    }

    /// # Errors
    /// The compiler refuses, or is not there.
    pub fn bytes(&self, recipe: &Recipe) -> Result<Vec<u8>> {
        let path = self.file(recipe, None)?;
        fs::read(&path).with_context(|| path.display().to_string())
    }

    /// Compiles into `path`, or a new file.
    ///
    /// # Errors
    /// As [`Compiler::bytes`].
    pub fn file(&self, recipe: &Recipe, path: Option<&Path>) -> Result<PathBuf> {
        let Recipe { macros, arguments, code } = recipe;
        let number = self.made.replace(self.made.get() + 1);
        let source = self.folder.join(format!("library-{number}.c"));
        let library =
            path.map_or_else(|| self.folder.join(format!("library-{number}.so")), Path::to_owned);
        fs::write(&source, format!("{TEMPLATE}\n{code}"))?;
        let mut define = OsString::from("-DCANARY=\"");
        define.push(&self.canary);
        define.push("\"");
        let mut command = Command::new("cc");
        command
            .args(["-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-z,noexecstack", "-s", "-o"])
            .arg(&library)
            .arg(define)
            .arg(format!("-DROOT={ROOT_SYMBOL}"))
            .args(macros.iter().map(|name| format!("-D{name}")))
            .arg(&source)
            .args(arguments);
        let output = command.output().context("the C compiler")?;
        ensure!(
            output.status.success(),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(library)
    }
}
