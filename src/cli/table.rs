//! The option for the table of a unit.

use clap::Args;

/// The table of a unit, for firewalls that have tables.
#[derive(Args)]
pub struct TableArg {
    /// nftables: the family and name of your table [default: inet filter]
    #[arg(
        id = "table",
        long = "table",
        value_name = "TABLE",
        env = "TWILIO_SIP_ALLOW_TABLE",
        hide_env = true
    )]
    pub name: Option<String>,
}
