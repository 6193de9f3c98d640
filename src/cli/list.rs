use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

#[derive(Args)]
pub struct ListArgs {
    /// The kind of list
    #[arg(value_enum, ignore_case = true, value_name = "KIND")]
    pub what: ListWhat,
    /// Also print all names, domains, sources and load commands
    #[arg(
        short, long, env = "TWILIO_SIP_ALLOW_LONG", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub long: bool,
    /// Print JSON, with all details of --long
    #[arg(
        long, env = "TWILIO_SIP_ALLOW_JSON", hide_env = true,
        value_parser = BoolishValueParser::new()
    )]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ListWhat {
    /// Twilio's regions
    Regions,
    /// Firewalls and file formats
    Formats,
    /// Lists that Twilio published
    Editions,
}
