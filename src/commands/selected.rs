//! Reads the editions that the command line selects and creates the policy.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::data::DataInUse;
use crate::catalog::Catalog;
use crate::cli::{PublishedArgs, SelectionArgs, Source};
use crate::dataset::{Data, Edition, ReferenceData};
use crate::input::{self, name_of};
use crate::limits::{Limit, Limits};
use crate::output::Console;
use crate::policy::Policy;
use crate::select::{self, Notice};

/// Reads editions or the user's dataset.
pub(super) fn editions(
    source: Source,
    data: &Data,
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Vec<Edition>> {
    Ok(match source {
        Source::Editions(names) => select::editions(&names, data)?,
        Source::File(file) => {
            let text = input::text(&file, limits, Limit::List)?;
            let name = name_of(&file);
            vec![crate::dataset::parse_edition(&name, &text, reference_data)?]
        }
    })
}

pub(super) struct Selected {
    pub editions: Vec<Edition>,
    pub policy: Policy,
    pub notices: Vec<Notice>,
}

/// Reads the selected editions and creates their policy. The edition is `default` unless the user names
/// one.
pub(super) fn select(
    args: &SelectionArgs,
    default: &str,
    data: &DataInUse,
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Selected> {
    let source = args.published.source(default);
    let editions = editions(source, &data.data, limits, reference_data)?;
    let selection = args.selection();
    let policy = select::policy(&selection, &editions, reference_data)?;
    limits
        .check(Limit::Rules, policy.combinations())
        .context("the selection")?;
    let mut notices = edition_notices(&args.published, &editions, data)?;
    notices.extend(select::notices(
        &selection,
        &policy,
        &editions,
        reference_data,
    ));
    Ok(Selected {
        editions,
        policy,
        notices,
    })
}

/// The notices about the selected editions, and about the data.
pub(super) fn edition_notices(
    args: &PublishedArgs,
    editions: &[Edition],
    data: &DataInUse,
) -> Result<Vec<Notice>> {
    let named = args.named_source();
    let names = named.as_ref().map(Source::names);
    let mut notices = select::edition_notices(editions, names, &data.data);
    match editions {
        [own] if args.is_own_list() => notices.extend(data.notice_of_own(own)?),
        selected => notices.extend(data.notices(selected)?),
    }
    Ok(notices)
}

pub(super) fn print_notices(notices: &[Notice], console: Console) {
    for notice in notices {
        match notice {
            Notice::Warning(text) => console.warning(text),
            Notice::Note(text) => console.note(text),
        }
    }
}

/// The catalog of all editions and of the user's dataset, if there is one.
pub(super) fn catalog(
    args: &PublishedArgs,
    data: &Data,
    mut selected: Vec<Edition>,
    reference_data: &ReferenceData,
) -> Result<Catalog> {
    let names: Vec<Arc<str>> = selected
        .iter()
        .map(|edition| edition.name.clone())
        .collect();
    let own = if args.is_own_list() {
        selected.pop()
    } else {
        None
    };
    Ok(Catalog::new(
        data.editions()?,
        own,
        &names,
        data.services()?,
        reference_data,
    ))
}
