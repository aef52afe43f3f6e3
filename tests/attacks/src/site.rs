//! A fresh home with a trust store and one good bundle, and the tools to spoil it.

use std::{
    fs::{self, File, Permissions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::{author::Author, ground::Ground, manifest::Manifest, sshsig::Sshsig};

pub const MANIFEST: &str = "plugin.toml";
pub const SIGNATURE: &str = "plugin.toml.sig";
pub const LIBRARY: &str = "libplugin.so";
/// The plugin that is asked for.
pub const NAME: &str = "acme-canary";

/// The place of one attack.
pub struct Site<'g> {
    pub ground: &'g Ground,
    folder: TempDir,
    /// What the good bundle says; rewritten by [`Site::sign`].
    pub manifest: Manifest,
    /// The plugin that the program is asked for.
    pub asked: String,
    /// Set for the program besides the homes.
    pub environment: Vec<(String, String)>,
    /// Where the program is started.
    pub current: PathBuf,
    /// Put before the program, such as a tracer and its arguments.
    pub before: Vec<String>,
    /// Put behind the command line of the program.
    pub flags: Vec<String>,
}

impl<'g> Site<'g> {
    /// A home in which alice is trusted and her bundle is good.
    ///
    /// # Errors
    /// Files cannot be made.
    pub fn new(ground: &'g Ground) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("site-").tempdir_in(ground.path())?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let manifest = Manifest::of(NAME, "1.0.0", &ground.alice.name, &ground.library);
        let current = folder.path().join("home");
        let site = Self {
            ground,
            folder,
            manifest,
            asked: NAME.to_owned(),
            environment: Vec::new(),
            current,
            before: Vec::new(),
            flags: Vec::new(),
        };
        for folder in [
            site.current.clone(),
            site.plugins(),
            site.store().parent().unwrap_or(Path::new("/")).to_owned(),
        ] {
            fs::create_dir_all(&folder)?;
        }
        site.trust(ground.alice.line(""))?;
        site.add(&site.manifest, &ground.library, &ground.alice)?;
        Ok(site)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that the program looks into by itself.
    pub fn plugins(&self) -> PathBuf {
        self.path().join("data/stormdb/plugins")
    }

    /// The good bundle.
    pub fn bundle(&self) -> PathBuf {
        self.plugins().join("acme-canary-1.0.0.stormplug")
    }

    /// A file of the good bundle.
    pub fn file(&self, name: &str) -> PathBuf {
        self.bundle().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.path().join("config/stormdb/allowed_signers")
    }

    /// Writes the trust store anew.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn trust(&self, lines: impl AsRef<[u8]>) -> Result<()> {
        write(&self.store(), lines.as_ref(), 0o600)
    }

    /// Makes a bundle and signs it.
    ///
    /// # Errors
    /// Files cannot be written.
    pub fn add(&self, manifest: &Manifest, library: &[u8], author: &Author) -> Result<PathBuf> {
        self.add_in(&self.plugins(), manifest, library, author)
    }

    /// The same in another plugin folder.
    ///
    /// # Errors
    /// Files cannot be written.
    pub fn add_in(
        &self,
        folder: &Path,
        manifest: &Manifest,
        library: &[u8],
        author: &Author,
    ) -> Result<PathBuf> {
        let bundle = folder.join(manifest.folder());
        fs::create_dir_all(&bundle)?;
        let text = manifest.text();
        write(&bundle.join(&manifest.file), library, 0o644)?;
        write(&bundle.join(MANIFEST), text.as_bytes(), 0o644)?;
        write(&bundle.join(SIGNATURE), author.sign(text.as_bytes()).text().as_bytes(), 0o644)?;
        Ok(bundle)
    }

    /// Replaces a file of the bundle.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        write(&self.file(name), content.as_ref(), 0o644)
    }

    /// # Errors
    /// The file cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        fs::remove_file(self.file(name)).with_context(|| name.to_owned())
    }

    /// Writes the bundle's manifest as any bytes, and alice's good signature of them.
    ///
    /// # Errors
    /// Files cannot be written.
    pub fn sign(&self, manifest: impl AsRef<[u8]>) -> Result<()> {
        self.write(MANIFEST, manifest.as_ref())?;
        self.write(SIGNATURE, self.ground.alice.sign(manifest.as_ref()).text())
    }

    /// Replaces `from` in the manifest, and signs it.
    ///
    /// # Errors
    /// `from` is not there, or files cannot be written.
    pub fn edit(&self, from: &str, to: &str) -> Result<()> {
        let text = self.manifest.text();
        ensure!(text.contains(from), "{from:?} is not in {text}");
        self.sign(text.replacen(from, to, 1))
    }

    /// Writes another library into the bundle, with a signed manifest that states it.
    ///
    /// # Errors
    /// Files cannot be written.
    pub fn library(&mut self, library: &[u8]) -> Result<()> {
        self.manifest.set_library(library);
        self.write(LIBRARY, library)?;
        self.sign(self.manifest.text())
    }

    /// Writes a signature that is alice's but for what `spoil` does to it.
    ///
    /// # Errors
    /// Files cannot be written.
    pub fn signature(&self, spoil: impl FnOnce(&mut Sshsig)) -> Result<()> {
        let mut signature = self.ground.alice.sign(self.manifest.text().as_bytes());
        spoil(&mut signature);
        self.write(SIGNATURE, signature.text())
    }

    /// # Errors
    /// The mode cannot be changed.
    pub fn mode(&self, path: &Path, mode: u32) -> Result<()> {
        Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
    }

    /// The program with this home and nothing of the caller's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = self.ground.program.display().to_string();
        let words: Vec<&str> =
            self.before.iter().map(String::as_str).chain([program.as_str()]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(arguments).args(&self.flags);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path().join("home"))
            .env("XDG_DATA_HOME", self.path().join("data"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.current);
        command
    }
}

/// Writes a file with a mode that no umask changes.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let open = File::options().write(true).create(true).truncate(true).mode(mode).open(path);
    let mut file = open.with_context(|| path.display().to_string())?;
    file.write_all(content)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(())
}
