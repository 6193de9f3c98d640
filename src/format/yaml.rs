//! The policy as YAML: the document of [`super::json`], laid out for people, with a head.
//!
//! Texts are written as JSON writes them, which YAML reads the same (YAML 1.2.2, section 1.3), so
//! that none is taken for a number, a date or a truth value.

use minijinja::Value;
use serde::Serialize;

use super::json::Document;
use super::{Dialect, FormatError, Unit, head};
use crate::policy::Policy;
use crate::template;

/// The row of the table of formats.
pub struct Yaml;

#[derive(Serialize)]
struct View<'a> {
    head: Vec<String>,
    document: Document<'a>,
}

impl Dialect for Yaml {
    fn name(&self) -> &'static str {
        "yaml"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["yml", "rules-yaml"]
    }

    fn about(&self) -> &'static str {
        "the rules as YAML, for programs and people"
    }

    fn contract(&self) -> &'static str {
        "The same object as `json`, of [policy.schema.json](policy.schema.json), with a head of comments."
    }

    fn load(&self, _unit: &Unit) -> String {
        "yq . FILE".to_owned()
    }

    fn is_stateless(&self) -> bool {
        true
    }

    fn template(&self) -> (&'static str, &'static str) {
        ("yaml.j2", include_str!("../../templates/yaml.j2"))
    }

    fn view(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        Ok(template::value(&View {
            head: head(self, policy, unit, &[]),
            document: Document::new(policy, unit),
        }))
    }
}
