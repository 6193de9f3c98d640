//! The one minijinja environment. Templates lay out what Rust has decided.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use thiserror::Error;

/// The longest template of a user's, and a stack that suffices for whatever is nested in one.
const FOREIGN_LIMIT: usize = 64 * 1024;
const FOREIGN_STACK: usize = 512 * 1024 * 1024;

/// What a user's template may spend on work and memory, in minijinja's units: a loop without end
/// and a text of gigabytes are errors. One unit pays for 64 bytes, so this is 256 MB, or less than a
/// second. The context of all regions costs a few thousand.
const FOREIGN_FUEL: u64 = 4_000_000;

/// Why a template gives no text.
#[derive(Debug, Error)]
#[error("{name}:{line}: {reason}")]
pub struct TemplateError {
    /// The template's file name.
    name: String,
    /// Counted from 1.
    line: usize,
    /// What is wrong there.
    reason: String,
}

/// A view as a template reads it.
pub fn value(view: &impl Serialize) -> Value {
    Value::from(Serde(view))
}

/// Renders the template `source`; `name` is only named in errors.
///
/// An undefined variable is an error, blocks leave no blank lines, and the last newline stays.
pub fn render(name: &str, source: &str, view: Value) -> Result<String, TemplateError> {
    render_in(Environment::new(), name, source, view)
}

fn render_in(
    mut environment: Environment,
    name: &str,
    source: &str,
    view: Value,
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
            .render(view)
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

/// Renders a template that may be anything: a long one is refused, as is one that works without end,
/// and one that nests deeply finds a stack for it, where the main one would overflow.
pub fn render_foreign(name: &str, source: &str, view: Value) -> Result<String, TemplateError> {
    let refuse = |reason: String| TemplateError {
        name: name.to_owned(),
        line: 1,
        reason,
    };
    if source.len() > FOREIGN_LIMIT {
        let length = source.len();
        return Err(refuse(format!(
            "the template has {length} bytes; at most {FOREIGN_LIMIT} are taken"
        )));
    }
    let text = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(FOREIGN_STACK)
            .spawn_scoped(scope, || {
                let mut environment = Environment::new();
                environment.set_fuel(Some(FOREIGN_FUEL));
                render_in(environment, name, source, view)
            })
            .map_err(|error| refuse(format!("cannot start a thread: {error}")))?
            .join()
            .unwrap_or_else(|_| Err(refuse("the template engine failed".to_owned())))
    })?;
    if text.trim().is_empty() {
        return Err(refuse("the template gives no text".to_owned()));
    }
    Ok(text)
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
