//! Measures the time and memory for rejecting a hostile input: at most a second and 256 MB.
//!
//! `cargo bench --bench hostile` uses the inputs of `tests/program/hostile_inputs.rs`.

#[allow(dead_code, reason = "only the tests use the expected answers")]
#[path = "../tests/common/hostile.rs"]
mod hostile;
mod measure;

use hostile::INPUTS;
use measure::folder;
use measure::job::{Job, fastest};
use measure::section::Section;
use measure::table::{Table, kib, millis};

const ROUNDS: usize = 3;

fn main() {
    let mut table = Table::new("input | ms | peak MB");
    for input in INPUTS {
        // Some calls create more files.
        let folder = folder("hostile");
        std::fs::write(folder.join("FILE"), (input.make)()).expect("the folder is writable");
        let program = env!("CARGO_BIN_EXE_twilio-sip-allow");
        // Most calls end with an error.
        let call = format!(
            "cd '{}' && {program} {} || true",
            folder.display(),
            input.args
        );
        let job = Job::new("sh -c").arg(call);
        let time = fastest(ROUNDS, &[&job])[0];
        table.row([input.name.to_owned(), millis(time), kib(job.peak(1))]);
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }
    let mut section = Section::new("hostile", "Hostile input");
    section.add(format_args!(
        "The inputs of `tests/program/hostile_inputs.rs`. Each must be processed or refused within a \
         second and 256 MB; fastest of {ROUNDS} runs:"
    ));
    section.add(table);
    section.write();
}
