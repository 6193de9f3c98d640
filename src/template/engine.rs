//! The template engine and its settings.

use std::collections::BTreeSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, filters};
use serde::Serialize;

use super::error::TemplateError;
use crate::names::did_you_mean;

/// Converts the context of a template to the engine's type.
pub fn value(context: &impl Serialize) -> Value {
    Value::from(Serde(context))
}

/// Renders the template `source`. `name` appears only in errors.
///
/// An undefined variable is an error. A line with only a block leaves no blank line. The newline at
/// the end of the template is kept.
pub fn render(name: &str, source: &str, context: Value) -> Result<String, TemplateError> {
    render_in(our_environment(), name, source, context)
}

/// Does the same as [`render`], and escapes every value for HTML.
pub fn render_html(name: &str, source: &str, context: Value) -> Result<String, TemplateError> {
    let mut environment = our_environment();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    render_configured(environment, name, source, context)
}

/// An environment with the filters of the templates in `templates/`. Registering every filter of the engine would take
/// longer than running most of these templates.
fn our_environment<'a>() -> Environment<'a> {
    let mut environment = Environment::empty();
    environment.add_filter("join", filters::join);
    environment.add_filter("length", filters::length);
    environment.add_filter("tojson", filters::tojson);
    environment
}

/// Does the same as [`render`] in the caller's environment.
pub(super) fn render_in(
    mut environment: Environment,
    name: &str,
    source: &str,
    context: Value,
) -> Result<String, TemplateError> {
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    render_configured(environment, name, source, context)
}

fn render_configured(
    mut environment: Environment,
    name: &str,
    source: &str,
    context: Value,
) -> Result<String, TemplateError> {
    // Errors then name the expression that is undefined.
    environment.set_debug(true);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    let names = context.clone();
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
        TemplateError {
            name: name.to_owned(),
            line,
            reason: format!("{} in '{text}'", reason(&error, &names)),
        }
    })
}

/// The cause of an error of the engine.
fn reason(error: &Error, context: &Value) -> String {
    let undefined = error
        .detail()
        .filter(|_| error.kind() == ErrorKind::UndefinedError);
    if let Some((expression, place)) = undefined.and_then(undefined_expression) {
        let (depth, name) = match expression.rsplit_once('.') {
            Some((_, field)) => (usize::MAX, field),
            None => (1, expression),
        };
        let mut known = BTreeSet::new();
        fields(context, depth, &mut known);
        let near = did_you_mean(name, known.iter().map(String::as_str));
        return format!("'{expression}' is undefined{place}{near}");
    }
    if error.kind() == ErrorKind::OutOfFuel {
        return "the template takes too many steps or produces too much text; simplify its loops and filters"
            .to_owned();
    }
    match error.detail() {
        Some(detail) => format!("{}: {}", error.kind(), detail.replace('`', "'")),
        None => error.kind().to_string(),
    }
}

/// Returns the expression that the engine reports as undefined, and the text after it. The text names the line that
/// defines the value if that is another line.
fn undefined_expression(detail: &str) -> Option<(&str, &str)> {
    detail.strip_prefix('`')?.split_once("` is undefined")
}

/// Adds the names of a value's fields, and of their fields down to a depth. The items of a list have the
/// same fields.
fn fields(value: &Value, depth: usize, names: &mut BTreeSet<String>) {
    if depth == 0 {
        return;
    }
    let Ok(mut items) = value.try_iter() else {
        return;
    };
    match value.kind() {
        ValueKind::Seq => {
            if let Some(first) = items.next() {
                fields(&first, depth, names);
            }
        }
        ValueKind::Map => {
            for name in items {
                if let Ok(inner) = value.get_item(&name) {
                    fields(&inner, depth - 1, names);
                }
                names.insert(name.to_string());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render_one(source: &str) -> Result<String, String> {
        let context = value(&serde_json::json!({
            "name": "tokyo",
            "rules": [{ "remote": { "networks": ["192.0.2.0/24"] } }],
        }));
        render("own.j2", source, context).map_err(|e| e.to_string())
    }

    #[test]
    fn blocks_leave_no_blank_lines_and_the_last_newline_is_kept() {
        let text = render_one(
            "{% for i in [1, 2] %}\n  {% if i %}\n{{ i }} {{ name }}\n  {% endif %}\n{% endfor %}\n",
        );
        assert_eq!(text.unwrap(), "1 tokyo\n2 tokyo\n");
    }

    #[test]
    fn errors_name_the_file_the_line_and_the_reason() {
        for (source, message) in [
            (
                "a\n{{ nmae }}\n",
                "own.j2:2: 'nmae' is undefined (did you mean name?) in '{{ nmae }}'",
            ),
            (
                "{% set absent = name.first %}\n{{ absent }}",
                "own.j2:2: 'name.first' is undefined (from line 1) in '{{ absent }}'",
            ),
            (
                "a\nb\n{% for x in %}\n",
                "own.j2:3: syntax error: unexpected end of block in '{% for x in %}'",
            ),
            (
                "{{ rules[0].remote.netwroks }}",
                "own.j2:1: 'rules[0].remote.netwroks' is undefined (did you mean networks?) in '{{ rules[0].remote.netwroks }}'",
            ),
            // A variable gets no suggestion from the names of fields.
            (
                "{% for rule in netwroks %}{% endfor %}",
                "own.j2:1: 'netwroks' is undefined in '{% for rule in netwroks %}{% endfor %}'",
            ),
            (
                "{{ absent + 1 }}",
                "own.j2:1: invalid operation: tried to use + operator on unsupported types undefined and number ('absent' is undefined) in '{{ absent + 1 }}'",
            ),
            (
                "{{ name | shout }}",
                "own.j2:1: unknown filter: filter shout is unknown in '{{ name | shout }}'",
            ),
            (
                "{{ name.first }}{{ name.first.x }}",
                "own.j2:1: 'name.first' is undefined in '{{ name.first }}{{ name.first.x }}'",
            ),
        ] {
            assert_eq!(render_one(source).unwrap_err(), message);
        }
    }
}
