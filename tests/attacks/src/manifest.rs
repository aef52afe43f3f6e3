//! `plugin.toml`, written independently of the product.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// What a manifest says.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    pub author: String,
    pub api: String,
    pub target: String,
    pub workloads: Vec<String>,
    pub file: String,
    pub sha256: String,
    pub size: usize,
    /// Name and requirement.
    pub dependencies: Vec<(String, String)>,
}

impl Manifest {
    /// The manifest of a library that is the plugin `name`, and offers the workload `canary`.
    pub fn of(name: &str, version: &str, author: &str, library: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            author: author.to_owned(),
            api: "^1.0".to_owned(),
            target: stormdb_registry::verify::HOST_TARGET.to_owned(),
            workloads: vec!["canary".to_owned()],
            file: "libplugin.so".to_owned(),
            sha256: sha256(library),
            size: library.len(),
            dependencies: Vec::new(),
        }
    }

    /// The same with other bytes in the library.
    pub fn set_library(&mut self, library: &[u8]) {
        self.sha256 = sha256(library);
        self.size = library.len();
    }

    pub fn folder(&self) -> String {
        format!("{}-{}.stormplug", self.name, self.version)
    }

    pub fn text(&self) -> String {
        let Self {
            name,
            version,
            author,
            api,
            target,
            workloads,
            file,
            sha256,
            size,
            dependencies,
        } = self;
        let mut text = format!(
            "name = \"{name}\"\nversion = \"{version}\"\nauthor = \"{author}\"\ndescription = \"Says that it ran\"\n\
             api = \"{api}\"\ntarget = \"{target}\"\nworkloads = {workloads:?}\n\n\
             [library]\nfile = \"{file}\"\nsha256 = \"{sha256}\"\nsize = {size}\n"
        );
        if !dependencies.is_empty() {
            text.push_str("\n[dependencies]\n");
        }
        for (name, versions) in dependencies {
            // Writing to a String cannot fail.
            let _always_ok = writeln!(text, "\"{name}\" = \"{versions}\"");
        }
        text
    }
}

/// As `sha256sum` prints it.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _always_ok = write!(text, "{byte:02x}");
        text
    })
}
