//! Runs a program and measures its time, peak memory and instructions. Tests its exit status.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::program::launcher;

/// A process with its command line and a file for its stdin. Its output is discarded.
#[derive(Clone)]
pub struct Job {
    words: Vec<String>,
    stdin: PathBuf,
    has_environment: bool,
    status: i32,
}

impl Job {
    /// Makes a job from a command line without quotes.
    pub fn new(line: &str) -> Job {
        Job {
            words: line.split_whitespace().map(str::to_owned).collect(),
            stdin: "/dev/null".into(),
            has_environment: true,
            status: 0,
        }
    }

    /// Makes a job that runs our own program with these arguments.
    pub fn own(arguments: &str) -> Job {
        let program = Job::new("").arg(env!("CARGO_BIN_EXE_twilio-sip-allow"));
        arguments.split_whitespace().fold(program, Job::arg)
    }

    pub fn arg(mut self, argument: impl AsRef<Path>) -> Job {
        self.words.push(argument.as_ref().display().to_string());
        self
    }

    pub fn args<'a>(self, arguments: impl IntoIterator<Item = &'a PathBuf>) -> Job {
        arguments.into_iter().fold(self, Job::arg)
    }

    pub fn stdin(mut self, file: PathBuf) -> Job {
        self.stdin = file;
        self
    }

    /// Runs the job with an empty environment.
    pub fn without_environment(mut self) -> Job {
        self.has_environment = false;
        self
    }

    /// Sets the expected exit status, which is 0 by default.
    pub fn ends_with(mut self, status: i32) -> Job {
        self.status = status;
        self
    }

    /// Returns true if the job can run here and succeeds.
    pub fn works(&self) -> bool {
        self.command(&[])
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// Returns the output of the job.
    pub fn output(&self) -> String {
        let output = self.run(&[]);
        String::from_utf8(output.stdout).expect("output is UTF-8")
    }

    /// Returns the wall-clock time of the job.
    pub fn time(&self) -> Duration {
        let mut command = self.command(&[]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status();
        let time = start.elapsed();
        assert!(
            status.is_ok_and(|status| status.code() == Some(self.status)),
            "{:?} fails",
            self.words
        );
        time
    }

    /// Returns the peak memory in KiB, the highest of several runs.
    pub fn peak(&self, runs: usize) -> u64 {
        let peaks = (0..runs).map(|_| self.memory()[0]);
        peaks.max().expect("one run at least")
    }

    /// Returns the page faults that need no disk, the highest of several runs.
    pub fn page_faults(&self, runs: usize) -> u64 {
        let faults = (0..runs).map(|_| self.memory()[1]);
        faults.max().expect("one run at least")
    }

    /// Returns the peak memory in KiB and the page faults of one run.
    fn memory(&self) -> [u64; 2] {
        let output = self.run(&[launcher()]);
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers = text.split_whitespace().map(|number| number.parse().ok());
        let numbers: Option<Vec<u64>> = numbers.collect();
        let numbers = numbers.and_then(|numbers| numbers.try_into().ok());
        numbers.expect("the launcher prints two numbers")
    }

    /// Returns the instructions of all threads, counted by callgrind; `None` without valgrind.
    pub fn instructions(&self) -> Option<u64> {
        if !Job::new("valgrind --version").works() {
            return None;
        }
        let tool = [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
        ];
        let output = String::from_utf8_lossy(&self.run(&tool).stderr).into_owned();
        let collected = output.split("Collected :").nth(1);
        let number = collected.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        Some(number.unwrap_or_else(|| panic!("callgrind prints no number: {output}")))
    }

    fn run(&self, before: &[&str]) -> Output {
        let output = self.command(before).output();
        let output = output.unwrap_or_else(|error| panic!("{:?}: {error}", self.words));
        assert!(
            output.status.code() == Some(self.status),
            "{before:?} {:?}: {}\n{}",
            self.words,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    fn command(&self, before: &[&str]) -> Command {
        let mut words = before
            .iter()
            .copied()
            .chain(self.words.iter().map(String::as_str));
        let mut command = Command::new(words.next().expect("a job has a program"));
        let stdin = File::open(&self.stdin).expect("the job's input is there");
        command.args(words).stdin(stdin);
        if !self.has_environment {
            command.env_clear();
        }
        command
    }
}

/// Returns the shortest time of each job. The jobs run alternately.
pub fn fastest(rounds: usize, jobs: &[&Job]) -> Vec<Duration> {
    let minimum = |times: Vec<Duration>| times.into_iter().min();
    let times = alternating(rounds, jobs).into_iter().map(minimum);
    times.collect::<Option<_>>().expect("one round at least")
}

/// Returns the median time of each job. The jobs run alternately, and warm up for a tenth of the
/// rounds.
pub fn medians(rounds: usize, jobs: &[&Job]) -> Vec<Duration> {
    alternating(rounds / 10, jobs);
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    alternating(rounds, jobs).into_iter().map(median).collect()
}

fn alternating(rounds: usize, jobs: &[&Job]) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::with_capacity(rounds); jobs.len()];
    for _ in 0..rounds {
        for (job, times) in jobs.iter().zip(&mut times) {
            times.push(job.time());
        }
    }
    times
}
