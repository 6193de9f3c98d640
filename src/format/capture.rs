//! stub
use crate::firewall::{Firewall, Routes};
use crate::format::read::ReadError;
use crate::limits::Limits;
use crate::packets::IntervalSet;
pub struct Machine<'a> {
    pub name: Option<&'a str>,
    pub firewall: Firewall<'a>,
    pub own: Option<IntervalSet>,
    pub routes: Routes,
    pub notes: Vec<String>,
}
pub fn collector() -> &'static str {
    ""
}
pub fn read<'a>(text: &'a str, limits: Limits) -> Result<Machine<'a>, Vec<ReadError>> {
    let firewall = super::whole::iptables_firewall(text, None, limits)?;
    Ok(Machine {
        name: None,
        firewall,
        own: None,
        routes: Routes::default(),
        notes: Vec::new(),
    })
}
