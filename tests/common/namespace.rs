//! An isolated network namespace for a test.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use super::CLOCK;

pub struct Namespace {
    name: String,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);
static SWEPT: Once = Once::new();

impl Namespace {
    /// Returns `None` and reports that the test is skipped if a tool or root privileges are missing.
    pub fn new(test: &str, tools: &[&str]) -> Option<Namespace> {
        for tool in ["ip"].iter().chain(tools) {
            let found = Command::new("sh")
                .args([
                    "-c",
                    &format!("PATH=$PATH:/usr/sbin:/sbin; command -v {tool}"),
                ])
                .stdout(Stdio::null())
                .status();
            if !found.is_ok_and(|status| status.success()) {
                super::skip(test, &format!("{tool} is missing"));
                return None;
            }
        }
        SWEPT.call_once(sweep);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tsa-{}-{number}", std::process::id());
        let made = Command::new("ip")
            .args(["netns", "add", &name])
            .env("PATH", path())
            .output()
            .unwrap();
        if made.status.success() {
            return Some(Namespace { name });
        }
        let reason = String::from_utf8_lossy(&made.stderr).trim().to_owned();
        super::skip(
            test,
            &format!("cannot create a network namespace (this needs root): {reason}"),
        );
        None
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that runs in the namespace. The caller adds its arguments.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.name, program])
            .env("PATH", path())
            .env(CLOCK.0, CLOCK.1);
        command
    }

    /// Runs a shell script in the namespace. Fails if a command fails.
    pub fn script(&self, script: &str) -> String {
        let (ok, out) = self.try_script(script);
        assert!(ok, "{script}\n---\n{out}");
        out
    }

    /// Runs a shell script in the namespace. Returns true if it succeeded, and stdout followed by
    /// stderr.
    pub fn try_script(&self, script: &str) -> (bool, String) {
        let mut child = self
            .command("sh")
            .arg("-s")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let script = format!("set -e\nexec 2>&1\n{script}");
        child
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text)
    }
}

/// Removes the namespaces that killed test runs left behind.
fn sweep() {
    let listed = Command::new("ip")
        .args(["netns", "list"])
        .env("PATH", path())
        .output()
        .unwrap();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let name = line.split(' ').next().unwrap_or_default();
        let pid = name
            .strip_prefix("tsa-")
            .and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !std::path::Path::new("/proc").join(pid).exists()) {
            delete(name);
        }
    }
}

fn delete(name: &str) {
    let _ = Command::new("ip")
        .args(["netns", "del", name])
        .env("PATH", path())
        .status();
}

fn path() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin:/sbin")
}

impl Drop for Namespace {
    fn drop(&mut self) {
        delete(&self.name);
    }
}
