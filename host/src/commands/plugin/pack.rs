//! `stormdb plugin pack`: from a built crate to a bundle.

use std::{collections::BTreeMap, path::PathBuf};

use stormdb_registry::pack::{Draft, Existing, pack};
use stormdb_run::exit::Exit;

use super::{
    author::{own_key, read_key, sign_with},
    package::Package,
    reproducible,
};
use crate::{
    cli::author::PackArgs,
    failure::CommandError,
    output::{note, print},
};

pub(crate) fn execute(arguments: &PackArgs) -> Result<Exit, CommandError> {
    let (draft, library) = contents(arguments)?;
    // The names are refused before a key is made for them.
    draft.check().map_err(|error| CommandError::making(&error))?;
    let key = match &arguments.key {
        Some(path) => Some(read_key(path)?),
        None if arguments.sign => Some(own_key(&draft.author)?),
        None => None,
    };
    let bundle = pack(&draft, &library, &arguments.out, Existing::Replace)
        .map_err(|error| CommandError::making(&error))?;
    print(&bundle.display().to_string())?;
    match key {
        Some(key) => sign_with(&bundle, &key).map(drop)?,
        None => note(&format!("to sign it: stormdb plugin sign {}", bundle.display())),
    }
    Ok(Exit::Success)
}

/// What the bundle says, and its library: by flags, and by the crate for what no flag says.
fn contents(arguments: &PackArgs) -> Result<(Draft, PathBuf), CommandError> {
    let PackArgs { package: folder, library, name, version, author, description, .. } = arguments;
    let PackArgs { workloads, expires, dependencies, verify_reproducible, .. } = arguments;
    let needs = needs(dependencies)?;
    if let (Some(library), Some(name), Some(version), Some(author)) =
        (library, name, version, author)
    {
        let draft = Draft {
            name: name.clone(),
            version: version.clone(),
            author: author.clone(),
            description: description.clone().unwrap_or_default(),
            api: stormdb_plugin_api::abi::API_VERSION.to_owned(),
            workloads: workloads.clone(),
            expires: expires.clone(),
            dependencies: needs,
        };
        return Ok((draft, library.clone()));
    }
    let package = Package::read(folder)?;
    let library = match library {
        Some(library) => library.clone(),
        None if *verify_reproducible => reproducible::build(&package)?,
        None => package.built()?,
    };
    let api = package.api()?;
    let Some(author) = author.clone().or(package.declared.author) else {
        let message = "the crate names no author; add `author` to [package.metadata.stormdb], or give --author";
        return Err(CommandError::usage("usage", message));
    };
    let or_declared = |given: &Option<String>, declared: String| given.clone().unwrap_or(declared);
    let draft = Draft {
        name: or_declared(name, package.name),
        version: or_declared(version, package.version),
        author,
        description: or_declared(description, package.description),
        api,
        workloads: if workloads.is_empty() {
            package.declared.workloads
        } else {
            workloads.clone()
        },
        expires: expires.clone(),
        dependencies: if needs.is_empty() { package.declared.dependencies } else { needs },
    };
    Ok((draft, library))
}

fn needs(dependencies: &[String]) -> Result<BTreeMap<String, String>, CommandError> {
    let split = |text: &String| {
        text.split_once('=')
            .map(|(name, versions)| (name.to_owned(), versions.to_owned()))
            .ok_or_else(|| {
                let message =
                    format!("`--needs {text}` is not NAME=VERSIONS, such as stormdb-datagen=^1");
                CommandError::usage("usage", message)
            })
    };
    dependencies.iter().map(split).collect()
}
