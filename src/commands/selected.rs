//! Reads the editions that the command line selects and creates the policy.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::catalog::Catalog;
use crate::cli::{PublishedArgs, SelectionArgs, Source};
use crate::dataset::{Edition, ReferenceData};
use crate::input::{self, name_of};
use crate::limits::{Limit, Limits};
use crate::output::Console;
use crate::policy::Policy;
use crate::select::{self, Notice};

/// Reads embedded editions or the user's dataset.
pub(super) fn editions(
    source: Source,
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Vec<Edition>> {
    Ok(match source {
        Source::Editions(names) => select::embedded_editions(&names)?,
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
    limits: Limits,
    reference_data: &ReferenceData,
) -> Result<Selected> {
    let editions = editions(args.published.source(default), limits, reference_data)?;
    let selection = args.selection();
    let policy = select::policy(&selection, &editions, reference_data)?;
    limits
        .check(Limit::Rules, policy.combinations())
        .context("the selection")?;
    let named = args.published.named_source().is_some();
    let notices = select::edition_notices(&editions, named)
        .chain(select::notices(
            &selection,
            &policy,
            &editions,
            reference_data,
        ))
        .collect();
    Ok(Selected {
        editions,
        policy,
        notices,
    })
}

pub(super) fn print_notices(notices: &[Notice], console: Console) {
    for notice in notices {
        match notice {
            Notice::Warning(text) => console.warning(text),
            Notice::Note(text) => console.note(text),
        }
    }
}

/// The catalog of all embedded editions and of the user's dataset, if there is one.
pub(super) fn catalog(
    args: &PublishedArgs,
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
        crate::dataset::editions()?,
        own,
        &names,
        crate::dataset::services()?,
        reference_data,
    ))
}
