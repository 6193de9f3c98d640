//! Writes data to stdout or a file, which it replaces atomically, and messages to stderr.

mod console;
mod destination;
mod problems;
mod replace;
mod spool;
mod stdout;

pub use console::{Color, Console, print_note};
pub use destination::Destination;
pub use problems::Problems;
pub use replace::{change_file, check_changeable};
pub use spool::{Kept, Spool};
pub use stdout::{find_closed_stdout, is_closed_pipe, stdout, write_stdout};
