//! Renders a user's template in a process of its own, whose memory and CPU time the system bounds.
//!
//! The engine's fuel bounds the work of a template. It does not bound the size of a value with
//! shared parts, which can grow exponentially with each step. If the engine runs out of memory or
//! stack, only that process dies, and the caller gets an error.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};

use minijinja::value::Value;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::engine::value;
use super::error::TemplateError;
use super::user::render_user_template;
use crate::limits::{Limit, Limits};

/// The name (`argv[0]`) under which the program runs as such a process.
const NAME: &str = "twilio-sip-allow: template";

/// The maximum memory of the process in bytes, including the stack and the program itself.
const MEMORY: u64 = 192 << 20;

/// The maximum CPU time of the process in seconds.
const SECONDS: u64 = 1;

/// The first byte of an answer: `TEXT` precedes the text, `ERROR` precedes the error as JSON.
const TEXT: u8 = b'+';
const ERROR: u8 = b'-';

/// The input of the process, as JSON on its stdin.
#[derive(Deserialize, Serialize)]
struct Job {
    name: String,
    source: String,
    context: serde_json::Value,
}

/// Renders a template in a process of its own, as [`render_user_template`] does. [`Limit::Output`]
/// bounds the length of the text.
pub fn render_apart(
    name: &str,
    source: &str,
    context: &Value,
    limits: Limits,
) -> Result<String, TemplateError> {
    let refuse = |reason: String| TemplateError::of_whole(name, reason);
    let most = limits.max(Limit::Output);
    let answer = ask(name, source, context, most)
        .map_err(|error| refuse(format!("cannot run the template engine: {error}")))?;
    if answer.kind == TEXT {
        let fits = limits.check(Limit::Output, answer.bytes.len());
        fits.map_err(|exceeded| refuse(exceeded.to_string()))?;
    }
    let failed = || {
        let memory = MEMORY >> 20;
        refuse(format!(
            "the template needs more than {memory} MiB of memory or {SECONDS} second of CPU time, or is nested \
            too deeply; build fewer and smaller values in it"
        ))
    };
    match answer {
        Answer { whole: false, .. } => Err(failed()),
        Answer {
            kind: TEXT, bytes, ..
        } => String::from_utf8(bytes).map_err(|_| failed()),
        Answer { bytes, .. } => Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| failed())),
    }
}

/// The output of the process.
struct Answer {
    kind: u8,
    bytes: Vec<u8>,
    /// False if the process died early.
    whole: bool,
}

/// Returns the answer of the process. Reads at most one byte more than `most`.
fn ask(name: &str, source: &str, context: &Value, most: usize) -> io::Result<Answer> {
    let job = Job {
        name: name.to_owned(),
        source: source.to_owned(),
        context: serde_json::to_value(context)?,
    };
    let mut process = start()?;
    let asked = match process.stdin.take() {
        // The process reads its whole input before it writes.
        Some(mut stdin) => stdin.write_all(&serde_json::to_vec(&job)?),
        None => Ok(()),
    };
    let mut kind = Vec::new();
    let mut bytes = Vec::new();
    if let Some(mut stdout) = process.stdout.take() {
        stdout.by_ref().take(1).read_to_end(&mut kind)?;
        let most = (most as u64).saturating_add(1);
        stdout.take(most).read_to_end(&mut bytes)?;
    }
    let done = process.wait()?;
    asked?;
    Ok(Answer {
        kind: kind.first().copied().unwrap_or(ERROR),
        bytes,
        whole: done.success(),
    })
}

/// Starts this program again.
fn start() -> io::Result<Child> {
    let start = |program: PathBuf| {
        Command::new(program)
            .arg0(NAME)
            // A malloc arena for the engine's thread would reserve most of the memory.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A process that runs out of memory would print a message.
            .stderr(Stdio::null())
            .spawn()
    };
    if cfg!(not(target_os = "linux")) {
        return start(std::env::current_exe()?);
    }
    // This path refers to the running program, even if its file was deleted or replaced.
    match start(PathBuf::from("/proc/self/exe")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Without /proc, use the name by which the program was called.
            start(std::env::args_os().next().unwrap_or_default().into())
        }
        started => started,
    }
}

/// Renders a template if the program was started for this purpose; `None` if a user started it.
pub fn run() -> Option<ExitCode> {
    let name = std::env::args_os().next()?;
    (name == NAME).then(|| match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn answer() -> io::Result<()> {
    // On macOS, every process starts with gigabytes of address space, and the system refuses a lower limit.
    if cfg!(not(target_os = "macos")) {
        bound(Resource::As, MEMORY)?;
    }
    bound(Resource::Cpu, SECONDS)?;
    bound(Resource::Core, 0)?;
    let job: Job = serde_json::from_reader(io::stdin().lock())?;
    let answer = render_user_template(&job.name, &job.source, value(&job.context));
    let mut stdout = io::stdout().lock();
    match answer {
        Ok(text) => {
            stdout.write_all(&[TEXT])?;
            stdout.write_all(text.as_bytes())?;
        }
        Err(error) => {
            stdout.write_all(&[ERROR])?;
            serde_json::to_writer(&mut stdout, &error)?;
        }
    }
    stdout.flush()
}

/// Lowers a resource limit of this process.
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
