//! The options of `render`, which is the default verb.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueHint};

use super::format_parser::{FormatParser, USE_FORMAT};
use super::selection::SelectionArgs;
use super::table::TableArg;
use crate::format::{Format, ListStyle, Separator, Unit, UnitName};
use crate::input::is_stdin;
use crate::output::Destination;

#[derive(Args)]
pub struct RenderArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// The firewall, or the file format to write
    #[arg(
        short, long, value_name = "FORMAT", value_parser = FormatParser::ALL,
        env = "TWILIO_SIP_ALLOW_FORMAT", hide_env = true
    )]
    format: Option<&'static dyn Format>,
    /// Use your own template instead of a format
    ///
    /// A Jinja template; templates/README.md describes its variables. "-" reads it from stdin.
    #[arg(
        long, value_name = "FILE", env = "TWILIO_SIP_ALLOW_TEMPLATE", hide_env = true, value_hint = ValueHint::FilePath
    )]
    template: Option<PathBuf>,
    /// The file to write; "-" is stdout
    ///
    /// An existing file is replaced in one step. Other programs never see it incomplete.
    #[arg(
        short, long, value_name = "FILE", default_value = "-", env = "TWILIO_SIP_ALLOW_OUTPUT",
        hide_env = true, value_hint = ValueHint::FilePath
    )]
    output: PathBuf,
    /// The name of the chains, lists or groups to create
    ///
    /// Each format writes the name in its own style, such as `twilio_sip_in` or `TWILIO-SIP-IN`. Loading
    /// rules replaces existing rules with the same name, so give each set of rules its own name.
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
    /// For cidr only: the text between two networks [default: a line feed]
    ///
    /// For example, "," or ", ". "\n" is a line feed, and "\t" is a tab.
    #[arg(
        long,
        value_name = "TEXT",
        env = "TWILIO_SIP_ALLOW_SEPARATOR",
        hide_env = true
    )]
    separator: Option<Separator>,
    /// For cidr only: put each network in double quotes
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_QUOTE", hide_env = true, value_parser = BoolishValueParser::new()
    )]
    quote: bool,
    /// For cidr only: leave out the comments at the start
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_NO_HEADER", hide_env = true, value_parser = BoolishValueParser::new()
    )]
    no_header: bool,
}

/// The layout of the output.
pub enum Layout {
    /// One of [`crate::format::registry::FAMILIES`].
    Format(&'static dyn Format),
    /// A template that the user wrote.
    Template(PathBuf),
}

impl RenderArgs {
    /// The layout of the output.
    ///
    /// # Errors
    ///
    /// If there is neither `--format` nor `--template`, or if stdin would be read twice.
    pub fn layout(&self) -> anyhow::Result<Layout> {
        match (self.output.format, &self.output.template) {
            (Some(format), _) => Ok(Layout::Format(format)),
            (None, Some(file)) if is_stdin(file) && self.selection.published.reads_stdin() => {
                anyhow::bail!(
                    "--dataset and --template cannot both be read from stdin; use a file for one of them"
                )
            }
            (None, Some(file)) => Ok(Layout::Template(file.clone())),
            (None, None) => {
                anyhow::bail!("no format is selected; {USE_FORMAT}, or use --template")
            }
        }
    }

    /// The part of the firewall that the output creates.
    pub fn unit(&self) -> Unit {
        Unit {
            name: self.output.name.clone(),
            table: self.output.table.name.clone(),
            list_style: ListStyle {
                separator: self.output.separator.clone().unwrap_or_default(),
                is_quoted: self.output.quote,
                has_header: !self.output.no_header,
            },
        }
    }

    pub fn destination(&self) -> Destination {
        if self.output.output.as_os_str() == OsStr::new("-") {
            Destination::Stdout
        } else {
            Destination::File(self.output.output.clone())
        }
    }
}
