//! One case while it is tried: inputs are built, given to the program, and its answers compared.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    canary::songs,
    case::{ACCEPTED, Case},
    control,
    ground::{Extent, Ground},
    program::{Ended, run},
    site::{NAME, Site},
    stopped,
};

/// The exit code of a refusal.
const REFUSED: i32 = 3;
/// The exit code where a verified plugin misbehaved.
const MISBEHAVED: i32 = 4;

/// Asks for the workload, on a port where no server is.
pub const RUN: &[&str] = &["run", "--workload", "canary", "--host", "127.0.0.1", "--port", "1"];
/// Asks for the plugin: loads it in the sandbox, without a server.
pub const HEALTH: &[&str] = &["--log-level", "debug", "plugin", "health", NAME];

/// A case and what came of its inputs.
pub struct Trial<'g> {
    pub ground: &'g Ground,
    case: &'static Case,
    inputs: usize,
    met: BTreeSet<&'static str>,
    failures: Vec<String>,
    skipped: Vec<String>,
}

/// What came of a case.
#[derive(Debug)]
pub struct Verdict {
    pub id: &'static str,
    pub what: &'static str,
    pub expect: &'static [&'static str],
    pub inputs: usize,
    pub failures: Vec<String>,
    /// Inputs that this machine cannot make, with the reason.
    pub skipped: Vec<String>,
    pub took: Duration,
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.failures.is_empty() && self.inputs > 0
    }

    /// Nothing of the case could be tried.
    pub fn is_skipped(&self) -> bool {
        self.failures.is_empty() && self.inputs == 0
    }
}

/// What is asked of a refusal besides its id.
#[derive(Clone, Copy, Default)]
pub struct Demand<'a> {
    /// The longest that the program may take; the quickest of three runs counts.
    pub within: Option<Duration>,
    /// Stands in the message.
    pub says: Option<&'a str>,
}

impl<'g> Trial<'g> {
    /// Tries a case.
    pub fn of(case: &'static Case, ground: &'g Ground) -> Verdict {
        let began = Instant::now();
        let mut trial = Self {
            ground,
            case,
            inputs: 0,
            met: BTreeSet::new(),
            failures: Vec::new(),
            skipped: Vec::new(),
        };
        if let Err(error) = (case.build)(&mut trial) {
            trial.fail("the attack cannot be built", &format!("{error:#}"));
        }
        let unmet = case.expect.iter().filter(|id| !trial.met.contains(*id));
        let unmet: Vec<&str> = unmet.copied().collect();
        if !unmet.is_empty() && trial.inputs > 0 && trial.skipped.is_empty() {
            trial.fail("the case as a whole", &format!("no input met {}", unmet.join(", ")));
        }
        let Self { inputs, failures, skipped, .. } = trial;
        let Case { id, what, expect, .. } = *case;
        Verdict { id, what, expect, inputs, failures, skipped, took: began.elapsed() }
    }

    /// An input that is refused with `id` before any of its code runs.
    ///
    /// # Errors
    /// The input cannot be built, or the program not be run.
    pub fn refused(
        &mut self,
        input: &str,
        id: &'static str,
        spoil: impl FnOnce(&mut Site<'g>) -> Result<()>,
    ) -> Result<()> {
        self.refused_as(input, id, Demand::default(), spoil)
    }

    /// The same with more asked.
    ///
    /// # Errors
    /// As [`Trial::refused`].
    pub fn refused_as(
        &mut self,
        input: &str,
        id: &'static str,
        demand: Demand<'_>,
        spoil: impl FnOnce(&mut Site<'g>) -> Result<()>,
    ) -> Result<()> {
        let mut site = Site::new(self.ground)?;
        spoil(&mut site)?;
        self.input(input, id);
        for arguments in Self::commands(&site) {
            let ended = quickest(&site, &arguments, demand.within)?;
            self.judge(input, &arguments, &ended, id, demand.says);
            if let Some(limit) = demand.within.filter(|limit| ended.took > *limit) {
                self.fail(
                    input,
                    &format!("{} took {:?}, more than {limit:?}", arguments.join(" "), ended.took),
                );
            }
        }
        if self.runs_all() && self.ground.untraceable.is_none() {
            let started = stopped::calls(&site, &Self::commands(&site)[1], "execve")?;
            if started.len() != 1 {
                self.fail(input, &format!("a process was started to load it: {started:?}"));
            }
        }
        self.silent(input)
    }

    /// An input that verifies, and is refused with `id` by commands such as [`RUN`] and [`HEALTH`].
    ///
    /// # Errors
    /// As [`Trial::refused`].
    pub fn refused_by(
        &mut self,
        input: &str,
        loads: &[&[&str]],
        id: &'static str,
        spoil: impl FnOnce(&mut Site<'g>) -> Result<()>,
    ) -> Result<()> {
        let mut site = Site::new(self.ground)?;
        spoil(&mut site)?;
        self.input(input, id);
        for arguments in loads {
            let ended = quickest(&site, arguments, None)?;
            self.judge(input, arguments, &ended, id, None);
        }
        self.silent(input)
    }

    /// An input that the program must bear: it verifies and loads the plugin.
    ///
    /// # Errors
    /// As [`Trial::refused`].
    pub fn accepted(
        &mut self,
        input: &str,
        prepare: impl FnOnce(&mut Site<'g>) -> Result<()>,
    ) -> Result<()> {
        let mut site = Site::new(self.ground)?;
        prepare(&mut site)?;
        self.input(input, ACCEPTED);
        for arguments in Self::commands(&site) {
            let ended = quickest(&site, &arguments, None)?;
            if ended.code != Some(0) {
                self.fail(
                    input,
                    &format!(
                        "{} ended with {:?}: {}",
                        arguments.join(" "),
                        ended.code,
                        ended.stderr
                    ),
                );
            }
        }
        // An accepted plugin may sing; the next input begins in silence.
        self.ground.canary.heard()?;
        Ok(())
    }

    /// A plugin that is verified, misbehaves when it is loaded, and is contained: exit code 4 with `id`, and no file of the
    /// canaries.
    ///
    /// # Errors
    /// As [`Trial::refused`].
    pub fn contained(
        &mut self,
        input: &str,
        id: &'static str,
        prepare: impl FnOnce(&mut Site<'g>) -> Result<()>,
    ) -> Result<()> {
        let mut site = Site::new(self.ground)?;
        prepare(&mut site)?;
        self.input(input, id);
        let ended = quickest(&site, HEALTH, None)?;
        if (ended.code, ended.id().as_deref()) != (Some(MISBEHAVED), Some(id)) {
            let (code, found) = (ended.code, ended.id());
            self.fail(
                input,
                &format!("{found:?} and code {code:?}, expected {id} and 4: {}", ended.stderr),
            );
        }
        self.silent(input)
    }

    /// Counts an input that a case runs by itself.
    pub fn input(&mut self, input: &str, id: &'static str) {
        self.inputs += 1;
        if self.case.expect.contains(&id) {
            self.met.insert(id);
        } else {
            self.fail(input, &format!("{id} is not among the ids of the case"));
        }
    }

    /// Compares a refusal.
    pub fn judge(
        &mut self,
        input: &str,
        arguments: &[&str],
        ended: &Ended,
        id: &str,
        says: Option<&str>,
    ) {
        let typed = arguments.join(" ");
        let found = ended.id();
        if ended.code != Some(REFUSED) || found.as_deref() != Some(id) {
            let found = found.unwrap_or_else(|| "no id".to_owned());
            let (out, err) = (ended.stdout.trim_end(), ended.stderr.trim_end());
            self.fail(
                input,
                &format!(
                    "{typed}: {found} and code {:?}, expected {id} and 3\n{out}\n{err}",
                    ended.code
                ),
            );
        }
        if let Some(words) =
            says.filter(|words| !ended.stderr.contains(*words) && !ended.stdout.contains(*words))
        {
            self.fail(input, &format!("{typed}: {words:?} is not in {}", ended.stderr));
        }
        let sung: Vec<String> = songs(&ended.stderr).collect();
        if !sung.is_empty() {
            self.fail(input, &format!("{typed}: code ran: {sung:?} on stderr"));
        }
        if ended.stderr.chars().any(|c| c.is_control() && c != '\n')
            || ended.error_lines().count() > 1
        {
            self.fail(
                input,
                &format!("{typed}: the refusal is no single plain line: {:?}", ended.stderr),
            );
        }
    }

    /// No canary sang.
    ///
    /// # Errors
    /// The canaries' file cannot be read.
    pub fn silent(&mut self, input: &str) -> Result<()> {
        let sung = self.ground.canary.heard()?;
        if !sung.is_empty() {
            self.fail(input, &format!("code ran: {sung:?}"));
        }
        Ok(())
    }

    /// A library that code would have run of: mapped by a program that checks nothing, its canaries sing.
    ///
    /// # Errors
    /// The program that maps it cannot be run.
    pub fn control(&mut self, input: &str, library: &[u8], places: &[&str]) -> Result<()> {
        let heard = control::mapped(self.ground, library)?;
        let silent: Vec<&&str> = places.iter().filter(|place| !heard.contains(**place)).collect();
        if !silent.is_empty() {
            self.fail(
                input,
                &format!(
                    "the case proves nothing: {silent:?} did not sing when mapped, only {heard:?}"
                ),
            );
        }
        Ok(())
    }

    /// Compiles, and notes it as skipped where that is not possible.
    ///
    /// # Errors
    /// The compiler refuses the library.
    pub fn compile(
        &mut self,
        input: &str,
        recipe: &crate::library::Recipe,
    ) -> Result<Option<Vec<u8>>> {
        if let Some(reason) = self.ground.compiler.missing() {
            self.skip(input, reason);
            return Ok(None);
        }
        Ok(Some(self.ground.compiler.bytes(recipe)?))
    }

    /// An input that cannot be made here.
    pub fn skip(&mut self, input: &str, reason: &str) {
        self.skipped.push(format!("{input}: {reason}"));
    }

    /// Says what went wrong with an input.
    pub fn fail(&mut self, input: &str, what: &str) {
        self.failures.push(format!("{input}: {what}"));
    }

    pub fn runs_all(&self) -> bool {
        self.ground.extent == Extent::All
    }

    /// The command lines that each input is given to: to verify, and to load.
    pub fn commands<'s>(site: &'s Site<'_>) -> [Vec<&'s str>; 2] {
        [
            vec!["plugin", "verify", &site.asked, "--json"],
            vec!["--log-level", "debug", "plugin", "health", &site.asked],
        ]
    }
}

/// Runs once; where a time is demanded, the quickest of three.
fn quickest(site: &Site<'_>, arguments: &[&str], within: Option<Duration>) -> Result<Ended> {
    let mut ended = run(&mut site.command(arguments), site.path())?;
    for _ in 0..2 {
        if within.is_none_or(|limit| ended.took <= limit) {
            break;
        }
        let again = run(&mut site.command(arguments), site.path())?;
        if again.took < ended.took {
            ended = again;
        }
    }
    Ok(ended)
}
