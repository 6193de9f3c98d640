//! Sends real packets of connections through a firewall, with their replies.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde::{Deserialize, Serialize};

use crate::common::lab::Lab;

/// The first packet of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opening {
    pub direction: &'static str,
    pub protocol: &'static str,
    /// The namespace of the PBX.
    pub from: &'static str,
    pub source: String,
    pub source_port: u16,
    pub destination: String,
    pub destination_port: u16,
}

/// A namespace, and the source and destination of a packet that arrived there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Arrival(pub String, pub String, pub u16, pub String, pub u16);

/// The arrivals of the first packet, of the reply, and of the packet after the reply.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Arrivals(
    pub Option<Arrival>,
    pub Option<Arrival>,
    pub Option<Arrival>,
);

/// A process that sends packets into the namespaces of a lab.
pub struct Exchange {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Exchange {
    pub fn new(lab: &Lab) -> Exchange {
        let program = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/peers/exchange_packets.py"
        );
        let mut child = std::process::Command::new("python3")
            .arg(program)
            .args(lab.namespaces())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Exchange {
            child,
            input: input.unwrap(),
            output: BufReader::new(output.unwrap()),
        }
    }

    pub fn exchange(&mut self, openings: &[Opening]) -> Vec<Arrivals> {
        let line = serde_json::to_string(openings).unwrap();
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        let arrivals: Vec<Arrivals> = serde_json::from_str(&answer).expect(&answer);
        assert_eq!(arrivals.len(), openings.len());
        arrivals
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
