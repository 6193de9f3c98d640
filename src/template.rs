//! The one minijinja environment. Templates lay out what Rust has decided.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use thiserror::Error;

/// Why a template gives no text.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// minijinja's reason, with its kind.
    #[error("{name}:{line}: {reason}")]
    Template {
        /// The template's file name.
        name: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

/// A view as a template reads it.
pub fn value(view: &impl Serialize) -> Value {
    Value::from(Serde(view))
}

/// Renders the template `source`; `name` is only named in errors.
///
/// An undefined variable is an error, blocks leave no blank lines, and the last newline stays.
pub fn render(name: &str, source: &str, view: Value) -> Result<String, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    let rendered = syntax.and_then(|syntax| {
        environment.set_syntax(syntax);
        environment
            .template_from_named_str(name, source)?
            .render(view)
    });
    rendered.map_err(|error| TemplateError::Template {
        name: name.to_owned(),
        line: error.line().unwrap_or(1),
        reason: match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render_one(source: &str) -> Result<String, String> {
        let view = value(&std::collections::BTreeMap::from([("name", "tokyo")]));
        render("own.j2", source, view).map_err(|e| e.to_string())
    }

    #[test]
    fn blocks_leave_no_blank_lines_and_the_last_newline_stays() {
        let text = render_one(
            "{% for i in [1, 2] %}\n  {% if i %}\n{{ i }} {{ name }}\n  {% endif %}\n{% endfor %}\n",
        );
        assert_eq!(text.unwrap(), "1 tokyo\n2 tokyo\n");
    }

    #[test]
    fn errors_name_file_line_and_reason() {
        for (source, message) in [
            ("a\n{{ nmae }}\n", "own.j2:2: undefined value"),
            (
                "a\nb\n{% for x in %}\n",
                "own.j2:3: syntax error: unexpected end of block",
            ),
            (
                "{{ name | shout }}",
                "own.j2:1: unknown filter: filter shout is unknown",
            ),
            (
                "{{ name.first }}{{ name.first.x }}",
                "own.j2:1: undefined value",
            ),
        ] {
            assert_eq!(render_one(source).unwrap_err(), message);
        }
    }
}
