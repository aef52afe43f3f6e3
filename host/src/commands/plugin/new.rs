//! `stormdb plugin new`: the crate of a plugin, complete and ready to build.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use stormdb_registry::pack::Draft;
use stormdb_run::exit::Exit;

use crate::{
    cli::author::NewArgs,
    failure::CommandError,
    output::{note, print},
    places,
    template::{self, Values},
};

/// Where the crates come from when no checkout is named: any version that this host loads.
const PUBLISHED: &str = r#"version = "1""#;
/// The generator's service, from the folder of `stormdb-plugin-api`.
const DATAGEN: &str = "../plugins/datagen-service";

pub(crate) fn execute(arguments: &NewArgs) -> Result<Exit, CommandError> {
    let NewArgs { name, workload, author, api_path } = arguments;
    let author = author_name(author.as_deref())?;
    // What the bundle would be refused for is refused before there is anything to rename.
    let draft = Draft {
        name: name.clone(),
        version: "0.1.0".to_owned(),
        author: author.clone(),
        description: String::new(),
        api: stormdb_plugin_api::abi::API_VERSION.to_owned(),
        workloads: vec![workload.clone(), format!("{workload}_write")],
        expires: None,
        dependencies: BTreeMap::new(),
    };
    draft.check().map_err(|error| CommandError::making(&error))?;
    let (api, datagen) = match api_path {
        None => (PUBLISHED.to_owned(), PUBLISHED.to_owned()),
        Some(path) => (by_path(path)?, by_path(&path.join(DATAGEN))?),
    };
    let values = Values { name, workload, author: &author, api: &api, datagen: &datagen };
    let folder = PathBuf::from(name);
    template::write(&folder, &values)?;
    print(&folder.display().to_string())?;
    note(&format!(
        "next, in {name}: cargo build --release, then stormdb plugin pack --sign; its README.md says \
         what to change"
    ));
    Ok(Exit::Success)
}

/// The author who is named, or the login name, which is a name that a trust store can hold.
fn author_name(named: Option<&str>) -> Result<String, CommandError> {
    named
        .map(str::to_owned)
        .or_else(|| places::variable("LOGNAME"))
        .or_else(|| places::variable("USER"))
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            let message = "no login name is set; say who you are with --author you@example.org";
            CommandError::usage("usage", message)
        })
}

/// A dependency's table of a crate in this folder.
fn by_path(folder: &Path) -> Result<String, CommandError> {
    let folder = folder
        .canonicalize()
        .map_err(|source| CommandError::named_file("find the crate", folder, &source))?;
    if !folder.join("Cargo.toml").is_file() {
        let message = format!(
            "{} holds no Cargo.toml; name the folder plugin-api of a checkout of StormDB",
            folder.display()
        );
        return Err(CommandError::usage("usage", message));
    }
    // A text in JSON is one in TOML.
    let quoted = serde_json::Value::from(folder.display().to_string());
    Ok(format!("path = {quoted}"))
}
