//! The AWS command line, which asks a moto server on the loopback.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The AWS command line and a moto server, which forget all when they are dropped.
pub struct Aws {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Aws {
    pub fn start(python: &Path) -> Aws {
        let mut child = Command::new(python)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/peers/aws_lines.py"
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Aws {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    /// What a command of `aws ec2` prints.
    pub fn run(&mut self, words: &[&str]) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{}", json!(words)).unwrap();
        let line = self.output.next().expect("the command succeeds");
        serde_json::from_str(&line.unwrap()).unwrap()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
