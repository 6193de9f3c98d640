//! The template engine, as every template uses it.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::error::TemplateError;

/// The context of a template, as the engine reads it.
pub fn value(context: &impl Serialize) -> Value {
    Value::from(Serde(context))
}

/// Renders the template `source`; `name` appears in errors only.
///
/// An undefined variable is an error, blocks leave no blank lines, and the last newline stays.
pub fn render(name: &str, source: &str, context: Value) -> Result<String, TemplateError> {
    render_in(Environment::new(), name, source, context)
}

/// As [`render`], in an environment of the caller's.
pub(super) fn render_in(
    mut environment: Environment,
    name: &str,
    source: &str,
    context: Value,
) -> Result<String, TemplateError> {
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
            .render(context)
    });
    rendered.map_err(|error| {
        let line = error.line().unwrap_or(1);
        let text = source
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default()
            .trim();
        let reason = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        TemplateError {
            name: name.to_owned(),
            line,
            reason: format!("{reason} in '{text}'"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render_one(source: &str) -> Result<String, String> {
        let context = value(&std::collections::BTreeMap::from([("name", "tokyo")]));
        render("own.j2", source, context).map_err(|e| e.to_string())
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
            (
                "a\n{{ nmae }}\n",
                "own.j2:2: undefined value in '{{ nmae }}'",
            ),
            (
                "a\nb\n{% for x in %}\n",
                "own.j2:3: syntax error: unexpected end of block in '{% for x in %}'",
            ),
            (
                "{{ name | shout }}",
                "own.j2:1: unknown filter: filter shout is unknown in '{{ name | shout }}'",
            ),
            (
                "{{ name.first }}{{ name.first.x }}",
                "own.j2:1: undefined value in '{{ name.first }}{{ name.first.x }}'",
            ),
        ] {
            assert_eq!(render_one(source).unwrap_err(), message);
        }
    }
}
