//! The template of a plugin's crate, carried by the program: what `sdk-template` holds, filled in as
//! `cargo generate` fills it in.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use crate::failure::CommandError;

/// One file of the template.
struct Source {
    path: &'static str,
    text: &'static str,
    is_program: bool,
}

macro_rules! source {
    ($path:literal) => {
        source!($path, false)
    };
    ($path:literal, $is_program:literal) => {
        Source {
            path: $path,
            text: include_str!(concat!("../../sdk-template/", $path)),
            is_program: $is_program,
        }
    };
}

/// All files but `cargo-generate.toml`, which `cargo generate` does not copy either.
const SOURCES: &[Source] = &[
    source!(".cargo/config.toml"),
    source!(".cargo/remap-paths.sh", true),
    source!(".github/workflows/ci.yml"),
    source!(".gitignore"),
    source!("Cargo.toml"),
    source!("README.md"),
    source!("src/data.rs"),
    source!("src/lib.rs"),
    source!("src/operations.rs"),
    source!("src/tests.rs"),
];

/// What stands in the places that the template leaves open.
pub(crate) struct Values<'a> {
    pub(crate) name: &'a str,
    pub(crate) workload: &'a str,
    pub(crate) author: &'a str,
    /// Where the crate `stormdb-plugin-api` comes from, as in a dependency's table.
    pub(crate) api: &'a str,
    /// The same of `datagen-service`.
    pub(crate) datagen: &'a str,
}

impl Values<'_> {
    fn of(&self, place: &str) -> Option<String> {
        Some(match place {
            "project-name" => self.name.to_owned(),
            "crate_name" => self.name.replace('-', "_"),
            "workload" => self.workload.to_owned(),
            "author" => self.author.to_owned(),
            "api" => self.api.to_owned(),
            "datagen" => self.datagen.to_owned(),
            _ => return None,
        })
    }
}

/// Writes the crate into `folder`, which must not be there yet.
pub(crate) fn write(folder: &Path, values: &Values<'_>) -> Result<(), CommandError> {
    fs::create_dir(folder).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => {
            let folder = folder.display();
            let message = format!("{folder} is there already; choose another name or remove it");
            CommandError::usage("already-exists", message)
        }
        _ => CommandError::named_file("create", folder, &source),
    })?;
    for Source { path, text, is_program } in SOURCES {
        let path = folder.join(path);
        let mode = if *is_program { 0o755 } else { 0o644 };
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, fill_in(text, values)))
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .map_err(|source| CommandError::file("write", &path, &source))?;
    }
    Ok(())
}

/// The two constructs of Liquid that the template uses: `{{name}}`, and raw blocks, whose content
/// stays as it is. What has no value stays as well.
fn fill_in(template: &str, values: &Values<'_>) -> String {
    const RAW: (&str, &str) = ("{% raw %}", "{% endraw %}");
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        rest = if let Some((raw, after)) =
            after.strip_prefix(RAW.0).and_then(|raw| raw.split_once(RAW.1))
        {
            text.push_str(raw);
            after
        } else if let Some((value, after)) = value_at(after, values) {
            text.push_str(&value);
            after
        } else {
            text.push('{');
            &after[1..]
        };
    }
    text + rest
}

fn value_at<'t>(text: &'t str, values: &Values<'_>) -> Option<(String, &'t str)> {
    let (place, after) = text.strip_prefix("{{")?.split_once("}}")?;
    Some((values.of(place.trim())?, after))
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    use super::{SOURCES, Values, fill_in};

    const VALUES: Values<'_> = Values {
        name: "acme-orders",
        workload: "orders",
        author: "you@example.org",
        api: r#"version = "1""#,
        datagen: r#"version = "1""#,
    };

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn the_program_carries_every_file_of_the_template() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk-template");
        let mut found = Vec::new();
        files(&root, &mut found);
        let found: BTreeSet<_> = found
            .iter()
            .map(|path| path.strip_prefix(&root).unwrap().display().to_string())
            .collect();
        let mut carried: BTreeSet<_> =
            SOURCES.iter().map(|source| source.path.to_owned()).collect();
        carried.insert("cargo-generate.toml".to_owned());
        assert_eq!(carried, found);
    }

    /// `cargo generate` asks for what its file declares, and knows two names by itself.
    #[test]
    fn every_open_place_has_a_value_in_both_ways() {
        let declared = include_str!("../../sdk-template/cargo-generate.toml");
        for source in SOURCES {
            let mut rest = source.text;
            while let Some((_, after)) = rest.split_once("{{") {
                let (place, after) = after.split_once("}}").unwrap();
                rest = after;
                let is_raw = source.path.ends_with("ci.yml") && place.starts_with(' ');
                let asked = declared.contains(&format!("[placeholders.{place}]"))
                    || ["project-name", "crate_name"].contains(&place);
                assert!(
                    is_raw || (asked && VALUES.of(place).is_some()),
                    "{}: {place}",
                    source.path
                );
            }
        }
    }

    #[test]
    fn what_is_filled_in_has_no_open_place_and_is_toml() {
        for source in SOURCES {
            let text = fill_in(source.text, &VALUES);
            assert!(!text.contains("{%"), "{}", source.path);
            let open = text.replace("${{", "").contains("{{");
            assert!(!open, "{}: {text}", source.path);
        }
    }

    #[test]
    fn raw_blocks_and_unknown_places_stay_as_they_are() {
        let filled = |text| fill_in(text, &VALUES);
        assert_eq!(filled("a {{ workload }} {{author}}"), "a orders you@example.org");
        assert_eq!(filled("{% raw %}${{ workload }}{% endraw %}!"), "${{ workload }}!");
        assert_eq!(filled("{ {{api}} } {x}"), r#"{ version = "1" } {x}"#);
        assert_eq!(filled("{{unknown}} {{"), "{{unknown}} {{");
    }
}
