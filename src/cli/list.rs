//! The options of `list`.

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

/// The options of `list`.
#[derive(Args)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, ignore_case = true)]
    pub what: ListWhat,
    /// With every name, domain, source and technical fact
    #[arg(
        short, long, env = "TWILIO_SIP_ALLOW_LONG", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub long: bool,
    /// As JSON, with everything that --long has
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
}

/// The things that `list` prints.
#[derive(Clone, Copy, ValueEnum)]
pub enum ListWhat {
    /// Twilio's regions
    Regions,
    /// Firewalls' languages
    Formats,
    /// Published lists
    Editions,
}
