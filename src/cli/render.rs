//! The options of rendering, which has no verb.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::format_parser::{ASK_FOR_FORMAT, FormatParser};
use super::selection::SelectionArgs;
use super::table::TableArg;
use crate::format::{Format, Unit, UnitName};
use crate::input::is_stdin;
use crate::output::Destination;

/// The options of rendering.
#[derive(Args)]
pub struct RenderArgs {
    /// The packets to allow.
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// The firewall's language
    #[arg(
        short, long, value_name = "FORMAT", value_parser = FormatParser::ALL,
        env = "TWILIO_SIP_ALLOW_FORMAT", hide_env = true
    )]
    format: Option<&'static dyn Format>,
    /// Your own template instead of a format
    ///
    /// A Jinja template with the context that templates/README.md describes; "-" is stdin.
    #[arg(
        long, value_name = "FILE", env = "TWILIO_SIP_ALLOW_TEMPLATE", hide_env = true, value_hint = ValueHint::FilePath
    )]
    template: Option<PathBuf>,
    /// The file to write, replaced in one step; "-" is stdout
    #[arg(
        short, long, value_name = "FILE", default_value = "-", env = "TWILIO_SIP_ALLOW_OUTPUT",
        hide_env = true, value_hint = ValueHint::FilePath
    )]
    output: PathBuf,
    /// The name of what the output makes in the firewall
    ///
    /// Each format spells it its own way: `twilio_sip_in`, `TWILIO-SIP-IN`. A load replaces what has
    /// the same name; give a second set of rules a name of its own.
    #[arg(
        long,
        value_name = "NAME",
        default_value_t,
        env = "TWILIO_SIP_ALLOW_NAME",
        hide_env = true
    )]
    name: UnitName,
    #[command(flatten)]
    table: TableArg,
}

/// The layout of the output.
pub enum Layout {
    /// One of [`crate::format::registry::FORMATS`].
    Format(&'static dyn Format),
    /// A user's own template.
    Template(PathBuf),
}

impl RenderArgs {
    /// The layout of the output.
    pub fn layout(&self) -> anyhow::Result<Layout> {
        match (self.output.format, &self.output.template) {
            (Some(format), _) => Ok(Layout::Format(format)),
            (None, Some(file)) if is_stdin(file) && self.selection.published.reads_stdin() => {
                anyhow::bail!(
                    "--dataset and --template cannot both be read from stdin; give one of them as a file"
                )
            }
            (None, Some(file)) => Ok(Layout::Template(file.clone())),
            (None, None) => anyhow::bail!("{ASK_FOR_FORMAT}, or give a --template"),
        }
    }

    /// The unit of the firewall that the output makes.
    pub fn unit(&self) -> Unit {
        Unit {
            name: self.output.name.clone(),
            table: self.output.table.name.clone(),
        }
    }

    /// The file that the output is written to, or stdout.
    pub fn destination(&self) -> Destination {
        if self.output.output.as_os_str() == OsStr::new("-") {
            Destination::Stdout
        } else {
            Destination::File(self.output.output.clone())
        }
    }
}
