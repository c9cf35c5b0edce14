//! Children of a chore. Each has a process group of its own: an interruption ends the whole group, and the
//! chore lives on to clean up after itself.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

static STATE: Mutex<State> = Mutex::new(State { interrupted_by: None, child: None });

struct State {
    /// The first signal that asked this chore to stop. Nothing new is started after it but cleaning up.
    interrupted_by: Option<i32>,
    /// The group of the child that runs now.
    child: Option<Pid>,
}

/// From now on Ctrl-C and its kin end the running child, not this process: its errors unwind, and what was
/// started is stopped on the way out. A second signal ends the child the hard way.
pub(crate) fn watch_signals() -> Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).context("watching for signals")?;
    thread::spawn(move || signals.forever().for_each(interrupt));
    Ok(())
}

/// What this process ends with after an error: 128 + the signal's number if one caused it, else 1.
pub(crate) fn exit_code() -> ExitCode {
    let signal = state().interrupted_by.and_then(|signal| u8::try_from(signal).ok());
    ExitCode::from(signal.map_or(1, |signal| 128_u8.saturating_add(signal)))
}

/// Whether a signal asked this chore to stop.
pub(crate) fn is_interrupted() -> bool {
    state().interrupted_by.is_some()
}

/// Runs a command to its end, its output going where ours goes.
pub(crate) fn run(command: impl Into<Command>) -> Result<()> {
    let mut command = command.into();
    let output = supervise(&mut command)?;
    ensure!(output.status.success(), "`{}` failed ({})", describe(&command), output.status);
    Ok(())
}

/// Runs a command to its end without a word; what it printed is part of the error if it fails.
pub(crate) fn run_quietly(mut command: Command) -> Result<()> {
    let output = supervise(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    check_quiet(&command, &output)
}

/// Like [`run_quietly`], but runs after an interruption as well, and is not ended by one.
pub(crate) fn clean_up(mut command: Command) -> Result<()> {
    let output =
        command.process_group(0).output().with_context(|| format!("starting `{}`", describe(&command)))?;
    check_quiet(&command, &output)
}

fn supervise(command: &mut Command) -> Result<Output> {
    let child = start(command).with_context(|| format!("starting `{}`", describe(command)))?;
    let output = child.wait_with_output();
    let interrupted_by = {
        let mut state = state();
        state.child = None;
        state.interrupted_by
    };
    if let Some(signal) = interrupted_by {
        bail!("interrupted by signal {signal} during `{}`", describe(command));
    }
    output.with_context(|| format!("waiting for `{}`", describe(command)))
}

/// Starts and registers a child under one lock, so that no signal falls between the two.
fn start(command: &mut Command) -> Result<Child> {
    let mut state = state();
    if let Some(signal) = state.interrupted_by {
        bail!("interrupted by signal {signal}");
    }
    let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
    state.child = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok(child)
}

fn interrupt(signal: i32) {
    let mut state = state();
    let sent = if state.interrupted_by.is_some() { Signal::KILL } else { Signal::TERM };
    state.interrupted_by.get_or_insert(signal);
    if let Some(group) = state.child {
        // A group that is gone already is what was asked for.
        let _ = kill_process_group(group, sent);
    }
}

fn check_quiet(command: &Command, output: &Output) -> Result<()> {
    ensure!(
        output.status.success(),
        "`{}` failed ({})\n{}{}",
        describe(command),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A panic elsewhere must not keep the children of this process alive: a poisoned state is as good as any.
fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
