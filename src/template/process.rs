//! A process of its own for a user's template, whose memory and time the system bounds.
//!
//! The engine's fuel bounds the work of a template. It does not bound the size of a value whose parts
//! are shared, and such a value grows exponentially with each step. Where the engine fails for lack of
//! memory, this process ends, and the caller gets an error.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use minijinja::value::Value;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::{FOREIGN_STACK, TemplateError, refused, render_foreign, value};

/// The program's name where it runs as such a process.
const NAME: &str = "twilio-sip-allow: template";

/// Bytes of memory that a template may take, besides the stack.
const MEMORY: u64 = 256 << 20;

/// Seconds of computing that a template may take.
const SECONDS: u64 = 2;

/// The longest text that a template may make, in bytes.
const LONGEST_TEXT: u64 = 64 << 20;

/// Everything that the process needs, as JSON on its stdin.
#[derive(Deserialize, Serialize)]
struct Job {
    name: String,
    source: String,
    view: serde_json::Value,
}

/// The process's answer as JSON on its stdout.
type Answer = Result<String, TemplateError>;

/// Renders a template as [`render_foreign`] does, in a process of its own.
pub fn render_apart(name: &str, source: &str, view: &Value) -> Answer {
    let refuse = |reason: String| refused(name, reason);
    let answer = ask(name, source, view)
        .map_err(|error| refuse(format!("cannot run the template engine: {error}")))?;
    if answer.len() as u64 > LONGEST_TEXT {
        let most = LONGEST_TEXT >> 20;
        return Err(refuse(format!(
            "the template makes more than {most} MiB of text; make it print less"
        )));
    }
    serde_json::from_slice(&answer).unwrap_or_else(|_| {
        let memory = MEMORY >> 20;
        Err(refuse(format!(
            "the template takes more than {memory} MiB of memory or {SECONDS} seconds, or is nested too \
             deeply; make it build fewer and smaller values"
        )))
    })
}

/// The answer, which is not whole if the process failed.
fn ask(name: &str, source: &str, view: &Value) -> io::Result<Vec<u8>> {
    let job = Job {
        name: name.to_owned(),
        source: source.to_owned(),
        view: serde_json::to_value(view)?,
    };
    let mut process = Command::new(std::env::current_exe()?)
        .arg0(NAME)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A process that fails for lack of memory says so there.
        .stderr(Stdio::null())
        .spawn()?;
    let mut answer = Vec::new();
    let asked = match process.stdin.take() {
        // The process reads all of its job before it writes.
        Some(mut stdin) => stdin.write_all(&serde_json::to_vec(&job)?),
        None => Ok(()),
    };
    if let Some(stdout) = process.stdout.take() {
        stdout.take(LONGEST_TEXT + 1).read_to_end(&mut answer)?;
    }
    process.wait()?;
    asked.map(|()| answer)
}

/// Does the job if the program was started for one; `None` if it was started by a user.
pub fn run() -> Option<ExitCode> {
    let name = std::env::args_os().next()?;
    (name == NAME).then(|| match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn answer() -> io::Result<()> {
    bound(Resource::As, MEMORY + FOREIGN_STACK as u64)?;
    bound(Resource::Cpu, SECONDS)?;
    bound(Resource::Core, 0)?;
    let job: Job = serde_json::from_reader(io::stdin().lock())?;
    let answer = render_foreign(&job.name, &job.source, value(&job.view));
    let mut stdout = io::stdout().lock();
    serde_json::to_writer(&mut stdout, &answer)?;
    stdout.flush()
}

/// Lowers a limit of this process.
fn bound(resource: Resource, most: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let lower = |limit: Option<u64>| Some(limit.map_or(most, |limit| limit.min(most)));
    setrlimit(
        resource,
        Rlimit {
            current: lower(now.current),
            maximum: lower(now.maximum),
        },
    )?;
    Ok(())
}
