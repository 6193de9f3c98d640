//! Runs the AWS command line against a moto server on the loopback interface.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The AWS command line and a moto server. All data is lost when this value is dropped.
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

    /// The output of an `aws ec2` command.
    pub fn run(&mut self, words: &[&str]) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{}", json!(words)).unwrap();
        let line = self.output.next().expect("the command should succeed");
        serde_json::from_str(&line.unwrap()).unwrap()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
