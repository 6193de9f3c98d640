//! FreeSWITCH: a list of `acl.conf.xml`.
//!
//! A SIP profile that applies the list accepts calls from its addresses (FreeSWITCH documentation, "ACL").
//! The list does not affect RTP.

use ipnet::Ipv4Net;
use minijinja::Value;
use serde::Serialize;

use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo, Listing, Parser};
use crate::format::output_option::OutputOption;
use crate::format::read::address_list::AddressList;
use crate::format::read::query::{ReadResult, UnitQuery};
use crate::format::recognition::starts_with_any;
use crate::format::render::address_list;
use crate::format::render::header::{Commands, head};
use crate::format::render::networks::Labelled;
use crate::format::render::output::supported;
use crate::format::unit::Unit;
use crate::format::unit_name::UnitName;
use crate::policy::{Granularity, Policy};
use crate::template;
use preprocessor::{DIRECTIVE, find_ignoring_case};

mod configuration;
mod list;
mod path;
mod preprocessor;

pub struct FreeSwitch;

/// The maximum length of a label in a comment, in characters.
const COMMENT_LIMIT: usize = 200;

/// A value of `apply-inbound-acl` that applies no list at all.
const NO_LIST: &str = "none";

/// The template context. All texts consist of names, dates and numbers. They need no escaping in XML, and
/// contain no `--`, which is not allowed in a comment.
#[derive(Serialize)]
struct View {
    head: Vec<String>,
    name: String,
    runs: Vec<Labelled>,
}

static INFO: FormatInfo = FormatInfo {
    name: "freeswitch",
    aliases: &["fs", "acl.conf", "acl.conf.xml"],
    summary: "FreeSWITCH: a list of acl.conf.xml, for incoming signaling",
    documentation: "Replace the whole file. The new list applies after a reload. The list contains the sources of \
         calls that a SIP profile accepts. It contains neither RTP nor outgoing traffic, so a selection without \
         incoming signaling is refused.",
    template: (
        "freeswitch.j2",
        include_str!("../../templates/freeswitch.j2"),
    ),
    is_stateless: false,
    options: &[OutputOption::Name],
    granularity: Granularity::RemoteAddress,
};

impl Format for FreeSwitch {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "fs_cli -x reloadacl (once acl.conf.xml includes FILE)".to_owned()
    }

    fn supported_part(&self, policy: &Policy, unit: &Unit) -> Result<Option<Policy>, FormatError> {
        if unit.name.to_string().eq_ignore_ascii_case(NO_LIST) {
            return Err(FormatError::Inexpressible {
                format: INFO.name,
                what: "the name 'none': a SIP profile that applies it accepts all calls; use another --name",
            });
        }
        if find_ignoring_case(&unit.name.to_string(), DIRECTIVE).is_some() {
            return Err(FormatError::Inexpressible {
                format: INFO.name,
                what: "a name with 'x-pre-process': it removes a line with this word; use another --name",
            });
        }
        let part = address_list::sip_sources(&INFO, policy)?;
        address_list::check_only_list(&INFO, &part)?;
        Ok(Some(part))
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        let head = head(self, policy, unit, &commands(&unit.name.to_string()));
        context(policy, unit, head)
    }

    fn is_typical_line(&self, line: &str) -> bool {
        let is_node = line.starts_with("<node ") && line.contains("type=");
        let is_list = line.starts_with("<list ") && line.contains("default=");
        let is_any = starts_with_any(
            line,
            &[
                "<network-lists",
                "<configuration name=",
                "<section name=\"configuration\"",
                "<document type=\"freeswitch/xml\"",
                "<X-PRE-PROCESS ",
            ],
        );
        is_node || is_list || is_any
    }

    fn parser(&self) -> Option<&dyn Parser> {
        Some(self)
    }
}

fn context(policy: &Policy, unit: &Unit, head: Vec<String>) -> Result<Value, FormatError> {
    let list = address_list::only_list(&INFO, policy, COMMENT_LIMIT, |n: Ipv4Net| n.to_string())?;
    Ok(template::value(&View {
        head,
        // The names of lists are case-sensitive.
        name: unit.name.to_string(),
        runs: Labelled::remote(&list.spelled),
    }))
}

/// The commands in the head. FreeSWITCH runs directives even within comments, so the directive that includes the
/// file is described without its angle brackets.
fn commands(name: &str) -> Commands {
    Commands {
        hook: vec![
            "in <network-lists> of acl.conf.xml, a line with the element X-PRE-PROCESS cmd=\"include\" data=\"FILE\""
                .to_owned(),
            format!(
                "in <settings> of the SIP profile, <param name=\"apply-inbound-acl\" value=\"{name}\"/>"
            ),
            "fs_cli -x 'sofia profile PROFILE rescan'".to_owned(),
        ],
        ..Commands::default()
    }
}

impl Parser for FreeSwitch {
    fn listing(&self) -> Listing {
        Listing {
            command: "fs_cli -x 'xml_locate configuration configuration name acl.conf'",
            without_rules: concat!(
                "<configuration name=\"acl.conf\" description=\"Network Lists\">\n",
                "  <network-lists></network-lists>\n",
                "</configuration>\n",
            ),
        }
    }

    fn parse(&self, text: &str, wanted: UnitQuery) -> ReadResult {
        let name = wanted.unit.name.to_string();
        let found = configuration::read(text, &name, wanted.limits)?;
        let (accepted, absent) = match found.list {
            Ok(list) => (list, None),
            Err(absent) => (AddressList::new(wanted.limits), Some(absent)),
        };
        Ok(vec![accepted.into_unit(format!("list {name}"), absent)])
    }

    /// A list that is part of a configuration is replaced there. A second list with the same name, in an included
    /// file, has no effect if it is the first one.
    fn stepwise_repair(
        &self,
        policy: &Policy,
        text: &str,
        wanted: UnitQuery,
    ) -> Option<Result<String, FormatError>> {
        let name = wanted.unit.name.to_string();
        let found = configuration::read(text, &name, wanted.limits).ok()?;
        found.is_in_configuration.then(|| {
            let part = supported(self, policy, wanted.unit)?;
            // The name becomes part of a comment.
            name.parse::<UnitName>()?;
            let mut commands = commands(&name);
            commands.hook.remove(0);
            let mut head = head(self, &part, wanted.unit, &commands);
            if let Some(load) = head.iter_mut().find(|line| line.starts_with("load: ")) {
                *load = format!(
                    "load: replace the element <list name=\"{name}\"> in acl.conf.xml, or the file that it includes; \
                     then fs_cli -x reloadacl"
                );
            }
            let (file, source) = INFO.template;
            let context = context(&part, wanted.unit, head)?;
            Ok(template::render(file, source, context)?)
        })
    }
}
