//! The reports of `explain`: text with a verdict on each question and a table, or JSON that
//! `docs/explain.schema.json` describes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::{Value, json};

use super::json_pieces::{after_opening_brace, around_elements};
use super::table::table;
use crate::catalog::{Catalog, NEVER_PUBLISHED};
use crate::explain::{Allowed, Answer, Explainer, Kind, Listed, Question};
use crate::policy::{
    ALL_REGIONS, Direction, Plane, Policy, RemoteNetwork, Scope, Transport, address_or_cidr,
};
use crate::terminal::{GREEN, RED, YELLOW, escape_hidden, json_escaped, painted};

/// The version of the JSON schema.
const VERSION: u32 = 3;

/// The maximum number of cached answers.
const MAX_KEPT: usize = 1_000;

/// The form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplanationForm {
    Text {
        /// True if the words of the verdicts are colored.
        colored: bool,
    },
    Json,
}

/// Writes the answers to questions.
pub struct Explanation<'a> {
    catalog: &'a Catalog,
    explainer: Explainer<'a>,
    scope: &'a Scope,
    form: ExplanationForm,
    /// Cached answers by the kind of the question.
    known: HashMap<Kind, Rc<str>>,
    all_allowed: bool,
}

impl<'a> Explanation<'a> {
    /// Explains addresses by a catalog and the selected policy.
    pub fn new(catalog: &'a Catalog, policy: &'a Policy, form: ExplanationForm) -> Self {
        Explanation {
            catalog,
            explainer: Explainer::new(catalog, policy),
            known: HashMap::new(),
            scope: &policy.scope,
            form,
            all_allowed: true,
        }
    }

    /// Returns true if the policy allows all addresses of all questions so far.
    pub fn all_allowed(&self) -> bool {
        self.all_allowed
    }

    /// Answers all questions. Each comes with its original text.
    pub fn write<'q>(
        &mut self,
        questions: impl Iterator<Item = (Cow<'q, str>, Question)>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        match self.form {
            ExplanationForm::Text { .. } => self.write_text(questions, to)?,
            ExplanationForm::Json => self.write_json(questions, to)?,
        }
        to.flush()
    }

    fn write_text<'q>(
        &mut self,
        questions: impl Iterator<Item = (Cow<'q, str>, Question)>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        for (asked, question) in questions {
            to.write_all(escape_hidden(&asked).as_bytes())?;
            to.write_all(self.known_answer(&question).as_bytes())?;
        }
        Ok(())
    }

    fn write_json<'q>(
        &mut self,
        questions: impl Iterator<Item = (Cow<'q, str>, Question)>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let head = json!({
            "version": VERSION,
            "selected": selected(self.scope),
            "addresses": [],
        });
        let head = json_escaped(&head.to_string()).into_owned();
        to.write_all(around_elements(&head, "addresses").0.as_bytes())?;
        let mut separator = "\n";
        for (asked, question) in questions {
            let networks: Vec<_> = question.span.networks().collect();
            let network = if let [only] = networks[..] {
                Some(only)
            } else {
                None
            };
            let asked =
                json!({"address": asked, "network": network, "networks": networks}).to_string();
            let asked = json_escaped(asked.trim_end_matches('}')).into_owned();
            write!(to, "{separator}{asked},")?;
            separator = ",\n";
            to.write_all(self.known_answer(&question).as_bytes())?;
        }
        to.write_all(b"\n]}\n")
    }

    /// Returns the answer, which follows the text of the question.
    fn known_answer(&mut self, question: &Question) -> Rc<str> {
        let kind = self.explainer.kind(question);
        if let Some(known) = self.known.get(&kind) {
            return Rc::clone(known);
        }
        let text: Rc<str> = self.answer(question).into();
        if self.known.len() == MAX_KEPT {
            self.known.clear();
        }
        self.known.insert(kind, Rc::clone(&text));
        text
    }

    fn answer(&mut self, question: &Question) -> String {
        let answer = self.explainer.answer(question);
        self.all_allowed &= answer.allowed == Allowed::Yes;
        match self.form {
            ExplanationForm::Text { colored } => {
                let verdict = self.verdict(&answer, colored);
                format!(": {verdict}\n{}", self.published(&answer))
            }
            ExplanationForm::Json => {
                let value = self.json_answer(question, &answer).to_string();
                after_opening_brace(&json_escaped(&value)).to_owned()
            }
        }
    }

    /// Returns text such as `allowed by edition global (in and out): signaling tls of tokyo
    /// (54.65.63.192/30)`.
    fn verdict(&self, answer: &Answer, colored: bool) -> String {
        let (word, color) = match answer.allowed {
            Allowed::Yes => ("allowed", GREEN),
            Allowed::Partly => ("partly allowed", YELLOW),
            Allowed::No => ("not allowed", RED),
        };
        let word = if colored {
            painted(word, color)
        } else {
            word.to_owned()
        };
        let [inward, outward] = [Direction::In, Direction::Out].map(|way| uses(answer, way));
        let (ways, uses) = match (&*inward, &*outward) {
            ("", "") if answer.is_unknown() => (None, NEVER_PUBLISHED.to_owned()),
            ("", "") => return format!("{word} by {}", selection(self.scope, None)),
            (_, "") => (Some("in"), inward),
            ("", _) => (Some("out"), outward),
            (one, other) if one == other => (Some("in and out"), inward),
            _ => (Some("in and out"), format!("in: {inward}; out: {outward}")),
        };
        format!("{word} by {}: {uses}", selection(self.scope, ways))
    }

    /// Returns a row for each edition of each published network, and for each network of a service, starting with editions
    /// in force.
    fn published(&self, answer: &Answer) -> String {
        let mut rows = Vec::new();
        for (entry, _) in &answer.published.first {
            for edition in entry.editions.iter().map(|at| &self.catalog.editions[*at]) {
                let region = entry.region.as_deref().unwrap_or(ALL_REGIONS);
                let row = vec![
                    format!("  {}", edition.name),
                    edition.status(),
                    entry.plane.to_string(),
                    region.to_owned(),
                    address_or_cidr(entry.network),
                    entry.ports.clone(),
                ];
                rows.push((edition.superseded.is_some(), row));
            }
        }
        rows.sort_by_key(|(superseded, _)| *superseded);
        let rows = rows.into_iter().map(|(_, row)| row);
        let rows: Vec<Vec<String>> = rows.chain(services(answer)).collect();
        let mut text = table(&rows);
        let more = answer.published.more + answer.services.more;
        if more > 0 {
            text += &format!("  and {more} more published networks\n");
        }
        text
    }

    /// Returns an answer as JSON, without the address and the network.
    fn json_answer(&self, question: &Question, answer: &Answer) -> Value {
        let published = answer.published.first.iter().map(|(entry, whole)| {
            let editions = entry.editions.iter().map(|at| {
                let edition = &self.catalog.editions[*at];
                json!({
                    "edition": edition.name,
                    "in_force_since": edition.in_force_since,
                    "upcoming": edition.upcoming,
                    "superseded": edition.superseded,
                })
            });
            json!({
                "plane": entry.plane,
                "region": entry.region.as_deref().unwrap_or(ALL_REGIONS),
                "network": entry.network,
                "ports": entry.ports,
                "whole": whole,
                "editions": editions.collect::<Vec<_>>(),
            })
        });
        let services = answer.services.first.iter().map(|(listed, whole)| {
            json!({
                "service": listed.service.id,
                "place": listed.place,
                "network": listed.network,
                "ports": listed.service.ports,
                "plane": listed.service.plane,
                "superseded": listed.service.superseded,
                "whole": whole,
            })
        });
        let rules = answer.rules.iter().map(|(rule, networks)| {
            json!({
                "direction": rule.direction,
                "plane": rule.plane,
                "transport": rule.transport,
                "protocol": rule.protocol,
                "remote_ports": rule.remote.ports,
                "local_ports": rule.local.ports,
                "networks": networks.first.iter().map(|remote| remote.network).collect::<Vec<_>>(),
                "more_networks": networks.more,
            })
        });
        json!({
            "port": question.port,
            "transport": question.transport,
            "published": published.collect::<Vec<_>>(),
            "more_published": answer.published.more,
            "services": services.collect::<Vec<_>>(),
            "more_services": answer.services.more,
            "allowed": match answer.allowed {
                Allowed::Yes => "yes",
                Allowed::Partly => "partly",
                Allowed::No => "no",
            },
            "rules": rules.collect::<Vec<_>>(),
        })
    }
}

/// Returns a row for each network of a service.
fn services(answer: &Answer) -> impl Iterator<Item = Vec<String>> {
    answer.services.first.iter().map(|(listed, _)| {
        let service = listed.service;
        let plane = service.plane.map(|plane| plane.to_string());
        vec![
            format!("  {}", service.id),
            service.status(),
            plane.unwrap_or_else(|| "not SIP".to_owned()),
            listed.place.to_owned(),
            address_or_cidr(listed.network),
            service.ports.clone(),
        ]
    })
}

/// Describes the traffic that the rules of one direction allow, as in `signaling udp and tcp of
/// tokyo (54.65.63.192/30)`. Returns an empty text if there are no rules.
fn uses(answer: &Answer, direction: Direction) -> String {
    let mut uses: Vec<(Plane, String, Vec<String>)> = Vec::new();
    for (rule, networks) in answer.rules(direction) {
        let regions = by_region(networks);
        let transport = rule.transport.map(|transport| transport.to_string());
        let same =
            |(plane, known, _): &&mut (Plane, String, _)| *plane == rule.plane && *known == regions;
        match uses.iter_mut().find(same) {
            Some((.., transports)) => transports.extend(transport),
            None => uses.push((rule.plane, regions, transport.into_iter().collect())),
        }
    }
    let words = uses.into_iter().map(|(plane, regions, transports)| {
        let transports = match &transports[..] {
            [] => String::new(),
            [one] => format!(" {one}"),
            [others @ .., last] => format!(" {} and {last}", others.join(", ")),
        };
        format!("{plane}{transports} of {regions}")
    });
    words.collect::<Vec<_>>().join("; ")
}

/// Returns text such as `tokyo (54.65.63.192/30), sydney (54.252.254.64/30) and 4 more networks`.
fn by_region(networks: &Listed<&RemoteNetwork>) -> String {
    let mut regions: Vec<(String, Vec<String>)> = Vec::new();
    for remote in &networks.first {
        let (region, network) = (remote.label(false), address_or_cidr(remote.network));
        match regions.iter_mut().find(|(known, _)| *known == region) {
            Some((_, networks)) => networks.push(network),
            None => regions.push((region, vec![network])),
        }
    }
    let words = regions
        .into_iter()
        .map(|(region, networks)| format!("{region} ({})", networks.join(", ")));
    let words = words.collect::<Vec<_>>().join(", ");
    match networks.more {
        0 => words,
        more => format!("{words} and {more} more networks"),
    }
}

/// Describes the selection, as in `edition global` or `edition global (media; tokyo; in)`. `ways`
/// are the directions that it allows. Without them, the selected directions are named unless both
/// are selected.
fn selection(scope: &Scope, ways: Option<&str>) -> String {
    let part = |list: Vec<String>, whole: usize| (list.len() < whole).then(|| list.join(" and "));
    let editions = scope.editions.iter().map(|edition| &*edition.name);
    let planes = scope.planes.iter().map(ToString::to_string).collect();
    let transports: Vec<String> = scope.transports.iter().map(ToString::to_string).collect();
    let directions = scope.directions.iter().map(ToString::to_string).collect();
    let parts = [
        part(planes, Plane::ALL.len()),
        part(transports, Transport::ALL.len()).filter(|words| !words.is_empty()),
        (!scope.all_regions).then(|| scope.regions.join(", ")),
        ways.map_or_else(|| part(directions, 2), |ways| Some(ways.to_owned())),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let edition = format!("edition {}", editions.collect::<Vec<_>>().join(" and "));
    if parts.is_empty() {
        edition
    } else {
        format!("{edition} ({})", parts.join("; "))
    }
}

fn selected(scope: &Scope) -> Value {
    let editions = scope
        .editions
        .iter()
        .map(|edition| edition.name.to_string());
    json!({
        "editions": editions.collect::<Vec<_>>(),
        "regions": scope.regions,
        "directions": scope.directions,
        "planes": scope.planes,
        "transports": scope.transports,
    })
}
