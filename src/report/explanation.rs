//! The reports of `explain`: as lines that each begin with the address, or as JSON by
//! `docs/explain.schema.json`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::{Value, json};

use super::json_pieces::{after_opening_brace, around_elements};
use crate::catalog::Catalog;
use crate::explain::{Allowed, Answer, Explainer, Kind, Question};
use crate::policy::{ALL_REGIONS, Direction, Policy, Scope, address_or_cidr};
use crate::terminal::json_escaped;

/// The version of the JSON's schema.
const VERSION: u32 = 2;

/// The most answers that are kept for further questions of their kind.
const MAX_KEPT: usize = 1_000;

/// Writes answers, one after the other.
pub struct Explanation<'a> {
    catalog: &'a Catalog,
    explainer: Explainer<'a>,
    scope: &'a Scope,
    json: bool,
    /// Answers that were given before, by their kind.
    known: HashMap<Kind, Rc<[String]>>,
    all_allowed: bool,
}

impl<'a> Explanation<'a> {
    /// Explanations by a catalog and the selected policy.
    pub fn new(catalog: &'a Catalog, policy: &'a Policy, json: bool) -> Self {
        Explanation {
            catalog,
            explainer: Explainer::new(catalog, policy),
            known: HashMap::new(),
            scope: &policy.scope,
            json,
            all_allowed: true,
        }
    }

    /// True if every network that was asked for so far is allowed completely.
    pub fn all_allowed(&self) -> bool {
        self.all_allowed
    }

    /// Answers all questions, each with the words that asked it.
    pub fn write<'q>(
        &mut self,
        questions: impl Iterator<Item = (&'q str, Question)>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        if self.json {
            let head = json!({
                "version": VERSION,
                "selected": selected(self.scope),
                "addresses": [],
            });
            let head = json_escaped(&head.to_string()).into_owned();
            to.write_all(around_elements(&head, "addresses").0.as_bytes())?;
        }
        let mut separator = "\n";
        for (asked, question) in questions {
            if self.json {
                to.write_all(separator.as_bytes())?;
                separator = ",\n";
            }
            for part in &*self.known_parts(&question) {
                if self.json {
                    // A question's words are figures and letters: nothing to escape.
                    to.write_all(b"{\"address\":\"")?;
                    to.write_all(asked.as_bytes())?;
                    write!(to, "\",\"network\":\"{}\",", question.network)?;
                } else {
                    to.write_all(asked.as_bytes())?;
                }
                to.write_all(part.as_bytes())?;
            }
        }
        if self.json {
            to.write_all(b"\n]}\n")?;
        }
        to.flush()
    }

    fn known_parts(&mut self, question: &Question) -> Rc<[String]> {
        let kind = self.explainer.kind(question);
        if let Some(known) = self.known.get(&kind) {
            return Rc::clone(known);
        }
        let parts: Rc<[String]> = self.parts(question).into();
        if self.known.len() == MAX_KEPT {
            self.known.clear();
        }
        self.known.insert(kind, Rc::clone(&parts));
        parts
    }

    /// The texts after the address of a question; the address is written before each.
    fn parts(&mut self, question: &Question) -> Vec<String> {
        let answer = self.explainer.answer(question);
        self.all_allowed &= answer.allowed == Allowed::Yes;
        if self.json {
            let value = self.json_answer(question, &answer).to_string();
            return vec![after_opening_brace(&json_escaped(&value)).to_owned()];
        }
        let mut lines: Vec<String> = answer
            .published
            .first
            .iter()
            .map(|(entry, whole)| {
                let touches = if *whole { "" } else { "in part " };
                let network = address_or_cidr(entry.network);
                let status = self.catalog.status(entry);
                format!(
                    "  {touches}{} ({network}), {}: {status}\n",
                    entry.subject(),
                    entry.ports
                )
            })
            .collect();
        if lines.is_empty() {
            lines.push("  in no edition\n".to_owned());
        }
        if answer.published.more > 0 {
            let more = answer.published.more;
            lines.push(format!("  and {more} more published networks\n"));
        }
        lines.push(self.allowed_line(&answer));
        lines
    }

    /// The last line of an answer: the rules that allow the network.
    fn allowed_line(&self, answer: &Answer) -> String {
        let by = format!("by {}", selection(self.scope));
        let allowed = match answer.allowed {
            Allowed::No => return format!("  not allowed {by}\n"),
            Allowed::Partly => "partly allowed",
            Allowed::Yes => "allowed",
        };
        let way = |direction| {
            let rules: Vec<String> = answer
                .rules(direction)
                .map(|(rule, networks)| {
                    let named: Vec<String> = networks
                        .first
                        .iter()
                        .map(|network| address_or_cidr(*network))
                        .collect();
                    let more = match networks.more {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    format!("{} ({}{more})", rule.subject(), named.join(", "))
                })
                .collect();
            rules.join(", ")
        };
        let ways = match (way(Direction::In), way(Direction::Out)) {
            (rules, out) if rules == out => format!("in and out: {rules}"),
            (rules, out) if out.is_empty() => format!("in: {rules}"),
            (rules, out) if rules.is_empty() => format!("out: {out}"),
            (rules, out) => format!("in: {rules}; out: {out}"),
        };
        format!("  {allowed} {by}, {ways}\n")
    }

    /// An answer as JSON, without the address and the network.
    fn json_answer(&self, question: &Question, answer: &Answer) -> Value {
        let published = answer.published.first.iter().map(|(entry, whole)| {
            let editions = entry.editions.iter().map(|at| {
                let edition = &self.catalog.editions[*at];
                json!({
                    "edition": edition.name,
                    "in_force_since": edition.in_force_since,
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
        let rules = answer.rules.iter().map(|(rule, networks)| {
            json!({
                "direction": rule.direction,
                "plane": rule.plane,
                "transport": rule.transport,
                "protocol": rule.protocol,
                "remote_ports": rule.remote.ports,
                "local_ports": rule.local.ports,
                "networks": networks.first,
                "more_networks": networks.more,
            })
        });
        json!({
            "port": question.port,
            "transport": question.transport,
            "published": published.collect::<Vec<_>>(),
            "more_published": answer.published.more,
            "allowed": match answer.allowed {
                Allowed::Yes => "yes",
                Allowed::Partly => "partly",
                Allowed::No => "no",
            },
            "rules": rules.collect::<Vec<_>>(),
        })
    }
}

/// `edition global`, or if that is not all, with the selected part: `edition global (media; tokyo; in)`
fn selection(scope: &Scope) -> String {
    let words = |list: Vec<String>| list.join(" and ");
    let all = |list: &[String], whole: usize| (list.len() < whole).then(|| list.join(" and "));
    let editions = scope
        .editions
        .iter()
        .map(|edition| edition.name.to_string());
    let planes: Vec<String> = scope.planes.iter().map(ToString::to_string).collect();
    let transports: Vec<String> = scope.transports.iter().map(ToString::to_string).collect();
    let directions: Vec<String> = scope.directions.iter().map(ToString::to_string).collect();
    let regions = (!scope.all_regions).then(|| scope.regions.join(", "));
    let transports = all(&transports, 3).filter(|_| !transports.is_empty());
    let parts = [all(&planes, 2), transports, regions, all(&directions, 2)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let edition = format!("edition {}", words(editions.collect()));
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
