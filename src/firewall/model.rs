//! The model of everything that the listings of one machine contain.

use super::chains::Chains;

/// The firewall of one machine.
#[derive(Default)]
pub struct Firewall<'a> {
    pub tables: Vec<Table<'a>>,
}

/// A table, whose rules are read when a question needs them.
pub struct Table<'a> {
    pub chains: Box<dyn Chains<'a> + 'a>,
    /// The place of the listing of this table in the whole input. The places of rules are relative to it.
    pub offset: u32,
    /// The place of the same table in the listing that shows the order in which tables were created, if this is another
    /// listing.
    pub created: Option<u32>,
    /// True if only `iptables-legacy` changes this table, because `iptables` may be the command of another back end.
    pub needs_legacy: bool,
}
