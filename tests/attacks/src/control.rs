//! Positive controls: a program without checks maps a library, and its canaries sing.

#![expect(unsafe_code, reason = "mapping a library runs its code; that is what is shown here")]

use std::{
    collections::BTreeSet,
    fs,
    future::Future,
    os::fd::AsFd as _,
    path::Path,
    pin::pin,
    process::Command,
    task::{Context, Poll, Waker},
};

use anyhow::{Context as _, Result, bail, ensure};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use stormdb_plugin_api::{
    abi::{
        error::AbiError,
        host::{Host, Host_TO, HostBox},
        rows::Response,
        session::{AbiSession, AbiSession_TO, Request, SessionBox},
        workload::{Call, Creation, Pending, Seat, SetupPart},
    },
    abi_stable::{
        sabi_trait::prelude::TD_Opaque,
        std_types::{RBox, RResult, RStr},
    },
};
use stormdb_registry::{
    loader::{Loaded, load},
    seal::{Sealed, Statement},
};

use crate::{
    canary::{FIXTURE, songs},
    ground::Ground,
    library::Recipe,
    manifest::Manifest,
    program::run,
    site::Site,
    trial::Trial,
    vetting::Vetting,
};

/// What of a control sang, and what should have.
#[derive(Debug)]
pub struct Control {
    pub place: String,
    pub sang: bool,
}

/// Every kind of canary, in a library that nothing is wrong with.
///
/// # Errors
/// A library cannot be made or a program not be run.
pub fn all(ground: &Ground) -> Result<(Vec<Control>, Vec<String>)> {
    let heard = driven(ground)?;
    let mut controls: Vec<Control> = FIXTURE
        .iter()
        .map(|place| Control { place: (*place).to_owned(), sang: heard.contains(*place) })
        .collect();
    let heard = sandboxed(ground)?;
    for place in SANDBOXED {
        controls.push(Control { place: format!("{place} (sandbox)"), sang: heard.contains(place) });
    }
    let mut skipped = Vec::new();
    if let Some(reason) = ground.compiler.missing() {
        skipped.push(format!("dt-init, ifunc: {reason}"));
        return Ok((controls, skipped));
    }
    let recipe =
        Recipe::plugin().with("INIT").linked("-Wl,-init=dt_init").with("IFUNC").with("FINI");
    let heard = mapped(ground, &ground.compiler.bytes(&recipe)?)?;
    for place in ["init-array", "dt-init", "ifunc", "fini-array"] {
        controls.push(Control { place: format!("{place} (C)"), sang: heard.contains(place) });
    }
    Ok((controls, skipped))
}

/// The places of the fixture whose code runs when the program itself loads it.
const SANDBOXED: [&str; 5] = ["init-array", "root-module", "tls", "describe", "create"];

/// What sings when nothing is wrong and the program under attack loads the good bundle: the sandbox does not silence the
/// canaries.
fn sandboxed(ground: &Ground) -> Result<BTreeSet<String>> {
    let site = Site::new(ground)?;
    let ended = run(&mut site.command(&Trial::commands(&site)[1]), site.path())?;
    ensure!(ended.code == Some(0), "the good bundle is refused: {}", ended.stderr);
    let mut heard = ground.canary.heard()?;
    heard.extend(songs(&ended.stderr));
    Ok(heard)
}

/// What sings when a process maps the library and ends.
///
/// # Errors
/// The process cannot be run.
pub fn mapped(ground: &Ground, library: &[u8]) -> Result<BTreeSet<String>> {
    let folder = tempfile::tempdir_in(ground.path())?;
    let path = folder.path().join("library.so");
    fs::write(&path, library)?;
    heard_of(ground, &["map", &path.display().to_string()], folder.path())
}

/// What sings when the good bundle is loaded as a load process does it, and each callback called.
fn driven(ground: &Ground) -> Result<BTreeSet<String>> {
    let site = Site::new(ground)?;
    let [plugins, store] = [site.plugins(), site.store()].map(|path| path.display().to_string());
    heard_of(ground, &["drive", &plugins, &store], site.path())
}

fn heard_of(ground: &Ground, arguments: &[&str], folder: &Path) -> Result<BTreeSet<String>> {
    ground.canary.heard()?;
    let mut command = Command::new(std::env::current_exe()?);
    let ended = run(command.args(arguments).env_clear(), folder)?;
    let mut heard = ground.canary.heard()?;
    heard.extend(songs(&ended.stderr));
    ensure!(
        ended.code == Some(0) || !heard.is_empty(),
        "{arguments:?} ended with {:?}: {}",
        ended.code,
        ended.stderr
    );
    Ok(heard)
}

/// In a process of its own: maps a library, checks nothing.
///
/// # Errors
/// The dynamic linker refuses the library.
pub fn map(library: &Path) -> Result<()> {
    // SAFETY: the library is one of this package's own, whose constructors write a line.
    let library = unsafe { Library::open(Some(library), RTLD_NOW | RTLD_LOCAL) }?;
    let _handle = library.into_raw();
    Ok(())
}

/// A plugin of a folder with what it needs, loaded through the registry.
fn loaded(plugins: &Path, store: &Path, name: &str) -> Result<Vec<Loaded>> {
    let mut vetting = Vetting::open(store)?;
    let catalog = vetting.catalog(plugins)?;
    Ok(vetting.sealed(&catalog, name)?.into_iter().map(load).collect::<Result<_, _>>()?)
}

/// Loads `count` plugins of different names in a process of its own, with a refusal after each, and hears from each its own
/// name.
///
/// # Errors
/// A plugin answers with another's name, or is not loaded.
pub fn many(site: &Site<'_>, count: usize) -> Result<()> {
    fs::remove_dir_all(site.bundle())?;
    for number in 0..count {
        let (name, library) = renamed(&site.ground.library, number)?;
        let manifest = Manifest::of(&name, "1.0.0", &site.ground.alice.name, &library);
        site.add(&manifest, &library, &site.ground.alice)?;
    }
    let [plugins, store] = [site.plugins(), site.store()].map(|path| path.display().to_string());
    let mut command = Command::new(std::env::current_exe()?);
    let ended = run(
        command.args(["load-many", &plugins, &store, &count.to_string()]).env_clear(),
        site.path(),
    )?;
    let said = ended
        .stderr
        .lines()
        .filter(|line| !line.contains("canary: "))
        .collect::<Vec<_>>()
        .join("\n");
    ensure!(ended.code == Some(0), "code {:?}: {said}", ended.code);
    Ok(())
}

/// The fixture under another name of the same length.
///
/// # Errors
/// The fixture does not name itself.
pub fn renamed(library: &[u8], number: usize) -> Result<(String, Vec<u8>)> {
    let (old, new) = (crate::site::NAME.as_bytes(), format!("acme-c{number:05}"));
    let places: Vec<usize> = library
        .windows(old.len())
        .enumerate()
        .filter(|(_, window)| *window == old)
        .map(|(at, _)| at)
        .collect();
    ensure!(!places.is_empty(), "the fixture does not name itself");
    let mut renamed = library.to_vec();
    for at in places {
        renamed[at..at + old.len()].copy_from_slice(new.as_bytes());
    }
    Ok((new, renamed))
}

/// In a process of its own: one load after the other, a refusal between.
///
/// # Errors
/// A plugin answers with another's name, or is not loaded; a refusal is none.
pub fn load_many(plugins: &Path, store: &Path, count: usize) -> Result<()> {
    let mut vetting = Vetting::open(store)?;
    let catalog = vetting.catalog(plugins)?;
    let mut kept = Vec::new();
    for plugin in catalog.verified() {
        let name = &plugin.manifest().name;
        for sealed in vetting.sealed(&catalog, name)? {
            // A descriptor that is closed gives its number away.
            let wrong = Statement { name: "acme-other".to_owned(), ..sealed.statement().clone() };
            let copy = Sealed::inherit(sealed.as_fd().try_clone_to_owned()?, wrong)?;
            ensure!(
                load(copy).is_err_and(|error| error.id() == "abi-identity-mismatch"),
                "{name}: another name was taken"
            );
            let loaded = load(sealed)?;
            ensure!(
                loaded.description.name == *name,
                "{name} answers as {}",
                loaded.description.name
            );
            kept.push(loaded);
        }
    }
    ensure!(kept.len() == count, "{} of {count} were loaded", kept.len());
    Ok(())
}

/// In a process of its own: loads the fixture and calls every callback.
///
/// # Errors
/// A callback fails.
pub fn drive(plugins: &Path, store: &Path) -> Result<()> {
    let loaded = loaded(plugins, store, crate::site::NAME)?;
    let module = loaded.first().context("no plugin was loaded")?.module;
    let nothing = || RStr::from_str("none");
    module.get_extension()(nothing());
    let host: HostBox = Host_TO::<'static, RBox<()>>::from_value(NoHost, TD_Opaque);
    let asked = Creation {
        workload: RStr::from_str("canary"),
        mode: RStr::from_str("canary"),
        variant: RStr::from_str(""),
        scale: 1,
        seed: 1,
        config: RStr::from_str("{}"),
    };
    let workload = ok("create", module.create()(host, asked))?;
    let session: SessionBox = AbiSession_TO::from_value(NoSession, TD_Opaque);
    let part = SetupPart { stage: 0, part: 0, parts: 1 };
    ok("setup", now(workload.setup(part, &session))?)?;
    ok("attach", now(workload.attach(&session))?)?;
    ok("check", now(workload.check(&session))?)?;
    workload.get_extension(nothing());
    let mut worker = ok("worker", workload.worker(Seat { worker: 0, workers: 1, seed: 1 }))?;
    worker.get_extension(nothing());
    let call = Call { operation: 0, seed: 1, sequence: 0 };
    ok("execute", now(worker.execute(call, &session))?)?;
    drop(worker);
    ok("teardown", now(workload.teardown(&session))?)?;
    drop(workload);
    Ok(())
}

fn ok<T>(callback: &str, answer: RResult<T, AbiError>) -> Result<T> {
    match answer {
        RResult::ROk(value) => Ok(value),
        RResult::RErr(error) => bail!("{callback}: {}", error.message),
    }
}

/// The fixture waits for nothing, so its futures are ready at once.
fn now<T>(future: Pending<'_, T>) -> Result<RResult<T, AbiError>> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Ok(answer),
        Poll::Pending => bail!("a callback of the fixture waits"),
    }
}

/// A host that a plugin can ask nothing.
struct NoHost;

impl Host for NoHost {
    fn statement(&self, _sql: RStr<'_>) -> u32 {
        0
    }

    fn log_level(&self) -> u8 {
        0
    }

    fn log(&self, _level: u8, _target: RStr<'_>, _message: RStr<'_>) {}

    fn progress(&self, _done: u64, _total: u64, _unit: RStr<'_>) {}

    fn report(&self, _kind: RStr<'_>, _json: RStr<'_>) {}

    fn service(&self, _plugin: RStr<'_>, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}

/// A connection that answers nothing.
struct NoSession;

type Answer = RResult<Response, AbiError>;

impl AbiSession for NoSession {
    fn start(
        &self,
        _context: &mut async_ffi::FfiContext<'_>,
        _request: Request<'_>,
    ) -> async_ffi::FfiPoll<Answer> {
        async_ffi::FfiPoll::Pending
    }

    fn poll(&self, _context: &mut async_ffi::FfiContext<'_>) -> async_ffi::FfiPoll<Answer> {
        async_ffi::FfiPoll::Pending
    }

    fn abandon(&self) {}

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}
