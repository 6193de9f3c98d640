use anyhow::Result;

use super::data::DataInUse;
use super::selected::{Selected, print_notices, select};
use crate::cli::{Layout, RenderArgs};
use crate::format::{self, registry};
use crate::input;
use crate::limits::{Limit, Limits};
use crate::output::Console;
use crate::select::{DEFAULT_EDITION, Notice};
use crate::template;

pub(super) fn run(
    args: &RenderArgs,
    data: &DataInUse,
    limits: Limits,
    console: Console,
) -> Result<()> {
    let layout = args.layout()?;
    let reference_data = data.data.reference_data()?;
    let Selected {
        policy,
        mut notices,
        ..
    } = select(
        &args.selection,
        DEFAULT_EDITION,
        data,
        limits,
        reference_data,
    )?;
    let unit = args.unit();
    let text = match layout {
        Layout::Format(format) => {
            registry::check_options(format, &unit)?;
            let part = format::supported(format, &policy, &unit)?;
            let narrowing = format::narrowing(format, &policy, &part);
            let notes = narrowing.into_iter().chain(format.notices(&policy, &unit));
            notices.extend(notes.map(Notice::Note));
            format::render(format, &policy, &unit)?
        }
        Layout::Template(file) => {
            let source = input::text(&file, limits, Limit::List)?;
            let context = format::template_context(&policy, &unit)?;
            template::render_apart(&file.display().to_string(), &source, &context, limits)?
        }
    };
    args.destination().write(&text)?;
    print_notices(&notices, console);
    Ok(())
}
