//! `stormdb plugin install`: a bundle from anywhere becomes one of the plugins here.

use std::path::PathBuf;

use jiff::Timestamp;
use stormdb_registry::{
    gate::gate, install::Staged, ledger::Admission, resolve::resolve, verify::verify,
};
use stormdb_run::exit::Exit;

use crate::{
    cli::PluginArgs,
    failure::CommandError,
    output::{note, print},
    places,
    vetting::{Vetting, accepted_as},
};

pub(crate) fn execute(bundles: &[PathBuf], plugins: &PluginArgs) -> Result<Exit, CommandError> {
    let folder = match plugins.folders.first() {
        Some(folder) => places::absolute(folder)?,
        None => places::plugins_folder()?,
    };
    for bundle in bundles {
        // Each sees what was installed before it.
        let mut vetting = Vetting::changing(plugins, Admission::Install)?;
        vetting.folders.retain(|folder| folder.exists());
        let staged = Staged::copy(&places::absolute(bundle)?, &folder)?;
        let catalog = vetting.catalog()?;
        let verified = verify(&staged.candidate()?, &vetting.authority, &vetting.policy)?;
        gate(resolve(&verified, &catalog)?)?;
        let path = staged.keep().map_err(|error| CommandError::making(&error))?;
        let new =
            vetting
                .authority
                .ledger_mut()
                .relock(&[&verified], Timestamp::now(), |_entry| false)?;
        new.iter().for_each(|entry| note(&accepted_as(entry)));
        print(&path.display().to_string())?;
    }
    Ok(Exit::Success)
}
