//! A change request for a network team, as GitHub Flavored Markdown.

use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::output_option::OutputOption;
use crate::format::render::change_request::Request;
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy};
use crate::template;

pub struct Markdown;

#[derive(Serialize)]
struct View {
    request: Request,
}

static INFO: FormatInfo = FormatInfo {
    name: "markdown",
    aliases: &["md", "gfm", "change-request"],
    summary: "Change request for a network team, as Markdown",
    documentation: "The request lists the rules for each direction, with sources, destinations and ports, and then \
         the networks. It also explains what fails without the rules, how to verify the change, and where Twilio \
         publishes the addresses. Separate tables contain the rules for TCP return traffic, which only stateless \
         firewalls need. The tables use GitHub's syntax.",
    template: ("markdown.j2", include_str!("../../templates/markdown.j2")),
    is_stateless: true,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Markdown {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "pandoc -f gfm -o REQUEST.docx FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let request = Request::new(self, policy, unit, escaped);
        Ok(template::value(&View { request }))
    }

    fn is_typical_line(&self, line: &str) -> bool {
        line.starts_with("# Change request: let Twilio's SIP calls through")
    }
}

/// Escapes characters with a meaning within a line (CommonMark 0.31.2, section 2.4). The text never
/// begins a line.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_{}[]<>&#|~!$".contains(c) {
            result.push('\\');
        }
        result.push(c);
    }
    result
}
