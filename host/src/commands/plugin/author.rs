//! `stormdb plugin keygen|sign|pack`: what an author does.

use std::{collections::BTreeMap, path::Path};

use stormdb_registry::{
    pack::{Draft, Existing, pack},
    private_key::PrivateKey,
    sign::sign,
};
use stormdb_run::exit::Exit;

use crate::{
    cli::PackArgs,
    failure::CommandError,
    output::{note, print},
};

pub(crate) fn keygen(out: &Path, comment: &str) -> Result<Exit, CommandError> {
    let key = PrivateKey::generate(out, comment).map_err(|error| CommandError::making(&error))?;
    print(&format!("{}\n{}.pub", out.display(), out.display()))?;
    note(&format!("key {}; keep the private key to yourself", key.public_key().fingerprint()));
    note(&format!("operators trust it with: stormdb trust add AUTHOR {}.pub", out.display()));
    Ok(Exit::Success)
}

pub(crate) fn sign_bundle(bundle: &Path, key: &Path) -> Result<Exit, CommandError> {
    let key = read_key(key)?;
    let signature = sign(bundle, &key).map_err(|error| CommandError::making(&error))?;
    print(&signature.display().to_string())?;
    note(&format!("signed with key {}", key.public_key().fingerprint()));
    Ok(Exit::Success)
}

pub(crate) fn pack_bundle(arguments: &PackArgs) -> Result<Exit, CommandError> {
    let PackArgs { library, name, version, author, description, workloads, .. } = arguments;
    let PackArgs { expires, dependencies, out, key, .. } = arguments;
    let draft = Draft {
        name: name.clone(),
        version: version.clone(),
        author: author.clone(),
        description: description.clone(),
        api: stormdb_plugin_api::abi::API_VERSION.to_owned(),
        workloads: workloads.clone(),
        expires: expires.clone(),
        dependencies: needs(dependencies)?,
    };
    let key = key.as_deref().map(read_key).transpose()?;
    let bundle = pack(&draft, library, out, Existing::Replace)
        .map_err(|error| CommandError::making(&error))?;
    print(&bundle.display().to_string())?;
    match key {
        Some(key) => {
            sign(&bundle, &key).map_err(|error| CommandError::making(&error))?;
            note(&format!("signed with key {}", key.public_key().fingerprint()));
        }
        None => note(&format!("to sign it: stormdb plugin sign {} --key KEY", bundle.display())),
    }
    Ok(Exit::Success)
}

fn read_key(path: &Path) -> Result<PrivateKey, CommandError> {
    PrivateKey::read(path).map_err(|error| CommandError::making(&error))
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
