//! Templates of users, whose length and work are bounded.

use std::fmt::{self, Write};

use minijinja::filters;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind, Output, State};

use super::engine::render_in;
use super::error::TemplateError;

/// The longest template, in bytes.
const USER_TEMPLATE_MAX: usize = 64 * 1024;

/// A stack, in bytes, that suffices for the deepest nesting in a template of that length.
const USER_TEMPLATE_STACK: usize = 64 * 1024 * 1024;

/// The work of a template, in the engine's units: one for an instruction or for 64 bytes of
/// text. The context of all regions costs a few thousand.
const USER_TEMPLATE_FUEL: u64 = 1_000_000;

/// The longest text of one value that a template prints, in bytes.
const LONGEST_VALUE: usize = 1 << 20;

/// The bytes that one unit of fuel pays for.
const BYTES_PER_FUEL: u64 = 64;

/// The widest indentation of the filter `tojson`.
const WIDEST_INDENT: usize = 16;

/// Renders a template that may be anything. Refuses a long one, and one that takes too much work;
/// gives a deeply nested one a stack that suffices, where the main one would overflow.
pub fn render_user_template(
    name: &str,
    source: &str,
    context: Value,
) -> Result<String, TemplateError> {
    let refuse = |reason: String| TemplateError::of_whole(name, reason);
    if source.len() > USER_TEMPLATE_MAX {
        let length = source.len();
        return Err(refuse(format!(
            "the template has {length} bytes; at most {USER_TEMPLATE_MAX} are taken"
        )));
    }
    let text = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(USER_TEMPLATE_STACK)
            .spawn_scoped(scope, || {
                let mut environment = Environment::new();
                environment.set_fuel(Some(USER_TEMPLATE_FUEL));
                environment.set_formatter(print_bounded);
                environment.add_filter("tojson", to_json);
                render_in(environment, name, source, context)
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
