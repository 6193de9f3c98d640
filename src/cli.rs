//! The command line: its definitions, and reading it into plain options.

mod after_help;
mod check;
mod command_line;
mod completions;
mod configuration;
mod dataset;
mod definitions;
mod exclusions;
mod exit;
mod explain;
mod format_parser;
mod known_values;
mod list;
mod mistakes;
mod parse;
mod parsed;
mod render;
mod scan;
mod selection;
mod suggested_values;
mod table;
mod unknown_words;
mod variables;
mod verify;

pub use check::CheckArgs;
pub use completions::CompletionsArgs;
pub use dataset::{DatasetVerb, DiffArgs, ImportArgs, ShowArgs, VerifyBundleArgs};
pub use definitions::{Cli, ConfiguredCheck, DataOptions, Verb, command, help_sections};
pub use exit::CliExit;
pub use explain::ExplainArgs;
pub use list::{ListArgs, ListWhat};
pub use parse::{parse, parse_from};
pub use render::{Layout, RenderArgs};
pub use scan::{FindingsReport, FixMode, ScanArgs};
pub use selection::{PublishedArgs, SelectionArgs, Source};
pub use verify::{PositionArg, System, VerifyArgs, VerifyReport};
