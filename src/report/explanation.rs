//! What `explain` tells: as lines that each begin with the address, or as JSON of the shape of
//! `docs/explain.schema.json`.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::explain::{Allowed, Answer, Explainer, Question};
use crate::policy::{Direction, Policy, Scope, address_or_cidr};

/// Of the JSON's shape.
const VERSION: u32 = 1;

/// Writes answers, one after the other.
pub struct Explanation<'a> {
    catalog: &'a Catalog,
    explainer: Explainer<'a>,
    scope: &'a Scope,
    json: bool,
    /// Answers that were given before, by their kind.
    known: Vec<Option<Vec<String>>>,
}

impl<'a> Explanation<'a> {
    /// Of what was published, and what is selected.
    pub fn new(catalog: &'a Catalog, policy: &'a Policy, json: bool) -> Self {
        let explainer = Explainer::new(catalog, policy);
        Explanation {
            known: vec![None; explainer.kinds()],
            catalog,
            explainer,
            scope: &policy.scope,
            json,
        }
    }

    /// Answers all questions, each with the words that asked it.
    pub fn write<'q>(
        &mut self,
        questions: impl Iterator<Item = (&'q str, Question)>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        if self.json {
            let head = json!({"version": VERSION, "selected": selected(self.scope)}).to_string();
            write!(
                to,
                "{},\"addresses\":[",
                head.strip_suffix('}').unwrap_or(&head)
            )?;
        }
        let mut separator = "\n";
        for (asked, question) in questions {
            if self.json {
                to.write_all(separator.as_bytes())?;
                separator = ",\n";
            }
            let kind = self.explainer.kind(&question);
            let known = kind.and_then(|kind| self.known[kind].take());
            let parts = known.unwrap_or_else(|| self.parts(&question));
            for part in &parts {
                if self.json {
                    // A question's words are figures and letters: nothing to escape.
                    to.write_all(b"{\"address\":\"")?;
                    to.write_all(asked.as_bytes())?;
                    to.write_all(b"\",")?;
                } else {
                    to.write_all(asked.as_bytes())?;
                }
                to.write_all(part.as_bytes())?;
            }
            if let Some(kind) = kind {
                self.known[kind] = Some(parts);
            }
        }
        if self.json {
            to.write_all(b"\n]}\n")?;
        }
        to.flush()
    }

    /// What stands behind the words of a question, once for each time that they are written.
    fn parts(&self, question: &Question) -> Vec<String> {
        let answer = self.explainer.answer(question);
        if self.json {
            let value = self.value(question, &answer).to_string();
            return vec![value.strip_prefix('{').unwrap_or(&value).to_owned()];
        }
        let mut lines: Vec<String> = answer
            .published
            .iter()
            .map(|(entry, whole)| {
                let touches = if *whole { "" } else { "in part " };
                let network = address_or_cidr(entry.network);
                let standing = self.catalog.standing(entry);
                format!(
                    "  {touches}{} ({network}), {}: {standing}\n",
                    entry.subject(),
                    entry.ports
                )
            })
            .collect();
        if lines.is_empty() {
            lines.push("  in no edition\n".to_owned());
        }
        lines.push(self.verdict(&answer));
        lines
    }

    fn verdict(&self, answer: &Answer) -> String {
        let editions: Vec<&str> = self
            .scope
            .editions
            .iter()
            .map(|(name, _)| &**name)
            .collect();
        let by = format!("by edition {}", editions.join(" and "));
        let allowed = match answer.allowed {
            Allowed::No => return format!("  not allowed {by}\n"),
            Allowed::Partly => "partly allowed",
            Allowed::Yes => "allowed",
        };
        let way = |direction| {
            let rules: Vec<String> = answer
                .rules(direction)
                .map(|(rule, networks)| {
                    let networks: Vec<String> =
                        networks.iter().map(|n| address_or_cidr(*n)).collect();
                    format!("{} ({})", rule.subject(), networks.join(", "))
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

    fn value(&self, question: &Question, answer: &Answer) -> Value {
        let published = answer.published.iter().map(|(entry, whole)| {
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
                "region": entry.region.as_deref().unwrap_or("all regions"),
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
                "networks": networks,
            })
        });
        json!({
            "network": question.network,
            "port": question.port,
            "transport": question.transport,
            "published": published.collect::<Vec<_>>(),
            "allowed": match answer.allowed {
                Allowed::Yes => "yes",
                Allowed::Partly => "partly",
                Allowed::No => "no",
            },
            "rules": rules.collect::<Vec<_>>(),
        })
    }
}

fn selected(scope: &Scope) -> Value {
    let editions = scope.editions.iter().map(|(name, _)| name.to_string());
    json!({
        "editions": editions.collect::<Vec<_>>(),
        "regions": scope.regions,
        "directions": scope.directions,
        "planes": scope.planes,
        "transports": scope.transports,
    })
}
