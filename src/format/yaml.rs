//! The policy as YAML: the document of [`super::json`] in a readable layout, with comments.
//!
//! Strings are written as in JSON, which YAML reads the same way (YAML 1.2.2, section 1.3). So none is
//! mistaken for a number, a date or a boolean.

use minijinja::Value;
use serde::Serialize;

use super::json::Document;
use crate::format::error::FormatError;
use crate::format::interface::{Format, FormatInfo};
use crate::format::output_option::OutputOption;
use crate::format::render::header::{Commands, head};
use crate::format::unit::Unit;
use crate::policy::{Granularity, Policy};
use crate::template;

pub struct Yaml;

#[derive(Serialize)]
struct View<'a> {
    head: Vec<String>,
    document: Document<'a>,
}

static INFO: FormatInfo = FormatInfo {
    name: "yaml",
    aliases: &["yml", "rules-yaml"],
    summary: "Rules as YAML, for programs and people",
    documentation: "The output starts with comments. After them, it contains the same object as `json`, which follows \
         [policy.schema.json](policy.schema.json).",
    template: ("yaml.j2", include_str!("../../templates/yaml.j2")),
    is_stateless: true,
    options: &[OutputOption::Name],
    granularity: Granularity::Packet,
};

impl Format for Yaml {
    fn info(&self) -> &'static FormatInfo {
        &INFO
    }

    fn load_command(&self, _unit: &Unit) -> String {
        "yq . FILE".to_owned()
    }

    fn template_context(&self, policy: &Policy, unit: &Unit) -> Result<Value, FormatError> {
        Ok(template::value(&View {
            head: head(self, policy, unit, &Commands::default()),
            document: Document::new(policy, unit),
        }))
    }
}
