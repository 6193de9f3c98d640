//! Users' templates, with bounds on their length and work.

use std::fmt::{self, Write};

use minijinja::filters;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, ErrorKind, Output, State};

use super::engine::render_in;
use super::error::TemplateError;

/// The maximum length of a template in bytes.
const USER_TEMPLATE_MAX: usize = 64 * 1024;

/// A stack size in bytes that is enough for the deepest nesting in a template of that length.
const USER_TEMPLATE_STACK: usize = 64 * 1024 * 1024;

/// The maximum work of a template in the engine's units: one for each instruction and one for each
/// 64 bytes of text. Printing the context of all regions costs a few thousand.
const USER_TEMPLATE_FUEL: u64 = 1_000_000;

/// The maximum length of a printed value in bytes.
const LONGEST_VALUE: usize = 1 << 20;

/// The number of bytes that cost one unit of fuel.
const BYTES_PER_FUEL: u64 = 64;

/// The maximum indentation of the filter `tojson`.
const WIDEST_INDENT: usize = 16;

/// Renders a template from an untrusted source. Rejects a template that is too long or takes too
/// much work. Uses a thread with a large stack, because deep nesting would overflow the main one.
pub fn render_user_template(
    name: &str,
    source: &str,
    context: Value,
) -> Result<String, TemplateError> {
    let refuse = |reason: String| TemplateError::of_whole(name, reason);
    if source.len() > USER_TEMPLATE_MAX {
        let length = source.len();
        return Err(refuse(format!(
            "the template has {length} bytes; the maximum is {USER_TEMPLATE_MAX}"
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
        return Err(refuse("the template produces no text".to_owned()));
    }
    Ok(text)
}

/// Prints a value, and stops at [`LONGEST_VALUE`]. Without it, the engine would count the bytes of
/// a value only after printing all of them.
fn print_bounded(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    let mut bounded = Bounded {
        out,
        left: LONGEST_VALUE,
    };
    write!(bounded, "{value}").map_err(|_| too_large())
}

/// The engine's filter `tojson`, with bounds on the value and the indentation.
#[expect(clippy::needless_pass_by_value, reason = "the engine passes a value")]
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
            format!("the indentation of tojson must be at most {WIDEST_INDENT} spaces"),
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
        format!("the value is longer than {most} MiB as text"),
    )
}

/// A writer that fails when the text gets too long.
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
