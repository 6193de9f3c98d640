use clap::Args;

/// The option `--table`, which several verbs share.
#[derive(Args)]
pub struct TableArg {
    /// For nftables only: the family and name of your table [default: inet filter]
    #[arg(
        id = "table",
        long = "table",
        value_name = "TABLE",
        env = "TWILIO_SIP_ALLOW_TABLE",
        hide_env = true
    )]
    pub name: Option<String>,
}
