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
pub fn read<'a>(_text: &'a str, _limits: Limits) -> Result<Machine<'a>, Vec<ReadError>> {
    Ok(Machine {
        name: None,
        firewall: Firewall::default(),
        own: None,
        routes: Routes::default(),
        notes: Vec::new(),
    })
}
