//! The one minijinja environment. Templates lay out what Rust has decided.

mod process;

pub use process::{render_apart, run as run_process};

use std::fmt::{self, Write};

use minijinja::filters;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest template of a user's, and a stack that suffices for whatever is nested in one.
const FOREIGN_LIMIT: usize = 64 * 1024;
const FOREIGN_STACK: usize = 64 * 1024 * 1024;

/// The work of a user's template, in the engine's units: one for an instruction or for 64 bytes of
/// text. The context of all regions costs a few thousand.
const FOREIGN_FUEL: u64 = 1_000_000;

/// The longest text of one value that a user's template prints, in bytes.
const LONGEST_VALUE: usize = 1 << 20;

/// The bytes that one unit of fuel pays for.
const BYTES_PER_FUEL: u64 = 64;

/// The widest indentation of the filter `tojson`.
const WIDEST_INDENT: usize = 16;

/// Why a template gives no text.
#[derive(Debug, Deserialize, Error, Serialize)]
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
    let refuse = |reason: String| refused(name, reason);
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
                environment.set_formatter(print_bounded);
                environment.add_filter("tojson", to_json);
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

/// The error of a template as a whole.
fn refused(name: &str, reason: String) -> TemplateError {
    TemplateError {
        name: name.to_owned(),
        line: 1,
        reason,
    }
}

/// Prints a value, and stops where it is longer than [`LONGEST_VALUE`]: the engine counts the bytes
/// of a value after it printed all of them.
fn print_bounded(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    let mut bounded = Bounded {
        out,
        left: LONGEST_VALUE,
    };
    write!(bounded, "{value}").map_err(|_| too_large())
}

/// The engine's filter `tojson`, for a bounded value and with a bounded indentation.
#[expect(clippy::needless_pass_by_value, reason = "the engine passes it so")]
fn to_json(
    state: &State,
    value: &Value,
    indent: Option<Value>,
    options: Kwargs,
) -> Result<Value, Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => options.get("indent")?,
    };
    options.assert_all_used()?;
    let width = indent.as_ref().and_then(Value::as_usize);
    if width.is_some_and(|width| width > WIDEST_INDENT) {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("tojson indents by at most {WIDEST_INDENT} spaces"),
        ));
    }
    let mut length = Bounded {
        out: &mut String::new(),
        left: LONGEST_VALUE,
    };
    write!(length, "{value:?}").map_err(|_| too_large())?;
    let none: Kwargs = std::iter::empty::<(&str, Value)>().collect();
    let json = filters::tojson(value, indent, none)?;
    let length = json.len().unwrap_or_default() as u64;
    state.consume_fuel(length / BYTES_PER_FUEL)?;
    Ok(json)
}

fn too_large() -> Error {
    let most = LONGEST_VALUE >> 20;
    Error::new(
        ErrorKind::InvalidOperation,
        format!("the value has more than {most} MiB as text"),
    )
}

/// A text that fails when it gets too long.
struct Bounded<'a, W: ?Sized> {
    out: &'a mut W,
    left: usize,
}

impl<W: Write> Write for Bounded<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        self.out.write_str(text)
    }
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
