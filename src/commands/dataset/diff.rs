//! Compares two lists: pages, datasets or editions.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::refusal::refuse_page;
use crate::cli::DiffArgs;
use crate::commands::selected::editions;
use crate::commands::standard_input::note_terminal;
use crate::dataset::{self, Data, Edition, ReferenceData, Region};
use crate::input::{self, is_stdin, name_of};
use crate::limits::{Limit, Limits};
use crate::outcome::Outcome;
use crate::output::{Console, write_stdout};
use crate::page::difference::{Change, Extent, changes, missing};
use crate::page::{Page, PageError};
use crate::policy::{ALL_REGIONS, Plane};
use crate::report::{Compared, Comparison};
use crate::select::{self, CURRENT, names};

/// A list to compare.
struct List {
    /// The name of the file; `None` for an edition that the user named.
    file: Option<String>,
    lists: Page,
    /// The edition or dataset; `None` for a page.
    edition: Option<Edition>,
}

/// An old list, and the regions to compare.
struct Candidate<'a> {
    list: List,
    regions: Vec<&'a Region>,
}

/// The reason why a page cannot be compared.
struct Refusal<'a> {
    file: &'a str,
    errors: Vec<PageError>,
}

pub fn run(args: &DiffArgs, data: &Data, limits: Limits, console: Console) -> Result<Outcome> {
    let (old, new) = args.lists();
    if is_stdin(new) && args.published.reads_stdin() {
        bail!("--dataset and the page cannot both be read from stdin; use a file for one of them");
    }
    if is_stdin(new) && old.is_some_and(is_stdin) {
        bail!("OLD and NEW cannot both be read from stdin; use a file for one of them");
    }
    let reference_data = data.reference_data()?;
    let comparer = Comparer {
        args,
        data,
        limits,
        console,
        reference_data,
    };
    let editions = match old {
        Some(_) => Vec::new(),
        None => comparer.editions_to_compare()?,
    };
    let mut candidates = comparer.candidates(editions)?;
    let new = match comparer.read(new)? {
        Ok(new) => new,
        Err(refused) => return Ok(refused),
    };
    if let Some(old) = old {
        let old = match comparer.read(old)? {
            Ok(old) => old,
            Err(refused) => return Ok(refused),
        };
        candidates.push(comparer.candidate_of(old, &new)?);
    }
    comparer.compare_all(&new, &candidates)
}

/// The options and data of a comparison.
struct Comparer<'a> {
    args: &'a DiffArgs,
    data: &'a Data,
    limits: Limits,
    console: Console,
    reference_data: &'a ReferenceData,
}

impl<'a> Comparer<'a> {
    /// Returns the edition that the user named, or else the current one. With `--any-edition`, returns
    /// all.
    fn editions_to_compare(&self) -> Result<Vec<Edition>> {
        if self.args.any_edition {
            return Ok(self.data.editions()?);
        }
        let source = self.args.published.source(CURRENT);
        let editions = editions(source, self.data, self.limits, self.reference_data)?;
        if editions.len() != 1 {
            bail!("'dataset diff' compares a page with one edition; name only one with --edition");
        }
        Ok(editions)
    }

    /// Reads a page, a dataset or an edition. If it cannot be read, reports the errors and returns the
    /// outcome.
    fn read(&self, file: &Path) -> Result<Result<List, Outcome>> {
        let word = file.to_string_lossy();
        if !is_stdin(file) && names::is_edition(&word, self.data) && !file.exists() {
            let mut editions = select::editions(&[word.into_owned()], self.data)?;
            if let Some(edition) = editions.pop() {
                return Ok(Ok(self.list_of(None, edition)));
            }
        }
        note_terminal(&[file], "the page", self.console);
        let text = input::text(file, self.limits, Limit::List)?;
        let name = name_of(file);
        if dataset::is_dataset(&text) {
            let edition = dataset::parse_edition(&name, &text, self.reference_data)?;
            return Ok(Ok(self.list_of(Some(name), edition)));
        }
        Ok(match Page::read(&text, self.reference_data) {
            Ok(lists) => Ok(List {
                file: Some(name),
                lists,
                edition: None,
            }),
            Err(errors) => Err(refuse_page(self.console, &name, &errors)),
        })
    }

    fn list_of(&self, file: Option<String>, edition: Edition) -> List {
        List {
            file,
            lists: Page::of_edition(&edition, self.reference_data),
            edition: Some(edition),
        }
    }

    /// Returns the editions, each with its selected regions.
    fn candidates(&self, editions: Vec<Edition>) -> Result<Vec<Candidate<'a>>> {
        let candidate = |edition: Edition| {
            let names = self.args.published.regions();
            let editions = std::slice::from_ref(&edition);
            let regions = select::regions(names, editions, self.reference_data)?;
            let list = self.list_of(None, edition);
            Ok(Candidate { list, regions })
        };
        editions.into_iter().map(candidate).collect()
    }

    /// Returns the old list with the selected regions, or else those that at least one of the two lists
    /// names.
    fn candidate_of(&self, list: List, new: &List) -> Result<Candidate<'a>> {
        let names = self.args.published.regions();
        let regions = if names.is_empty() {
            let is_named =
                |region: &&Region| list.lists.names(&region.id) || new.lists.names(&region.id);
            let regions: Vec<&Region> = self
                .reference_data
                .regions
                .iter()
                .filter(is_named)
                .collect();
            match &regions[..] {
                [] => self.reference_data.regions.iter().collect(),
                _ => regions,
            }
        } else {
            select::regions(names, &[], self.reference_data)?
        };
        Ok(Candidate { list, regions })
    }

    /// Compares with all candidates, and reports the most similar one.
    fn compare_all(&self, new: &List, candidates: &[Candidate]) -> Result<Outcome> {
        let compare = |candidate| self.compare(new, candidate);
        let compared: Vec<_> = match candidates.iter().map(compare).collect() {
            Ok(compared) => compared,
            Err(Refusal { file, errors }) => return Ok(refuse_page(self.console, file, &errors)),
        };
        let Some((changes, nearest)) = compared.into_iter().min_by_key(distance) else {
            bail!("there is no edition to compare with");
        };
        let equal = if changes.is_empty() {
            Vec::new()
        } else {
            self.equal_editions(new)?
        };
        let comparison = Comparison {
            new: new.compared(),
            old: nearest.list.compared(),
            chosen: self.args.any_edition,
            changes: &changes,
            equal: &equal,
            regions: self.reference_data.regions.len(),
            part: self.compared_part(&nearest.regions),
        };
        report(self.args, &comparison)
    }

    /// Compares with a candidate. Returns errors if a page lacks selected regions.
    fn compare<'c>(
        &self,
        new: &'c List,
        candidate: &'c Candidate<'c>,
    ) -> Result<(Vec<Change>, &'c Candidate<'c>), Refusal<'c>> {
        let is_old_edition = candidate.list.edition.is_some() && candidate.list.file.is_none();
        let extent = Extent {
            regions: &candidate.regions,
            planes: &self.args.published.planes(),
            others: self.args.published.regions().is_empty() && is_old_edition,
        };
        for list in [&candidate.list, new] {
            let (Some(file), None) = (&list.file, &list.edition) else {
                continue;
            };
            let errors = missing(&list.lists, extent);
            if !errors.is_empty() {
                return Err(Refusal { file, errors });
            }
        }
        let changes = changes(
            &candidate.list.lists,
            &new.lists,
            self.reference_data,
            extent,
        );
        Ok((changes, candidate))
    }

    /// Returns the editions that equal the list in the compared part, other than the list
    /// itself.
    fn equal_editions(&self, new: &List) -> Result<Vec<Edition>> {
        let own: Option<&Arc<str>> = new.edition.as_ref().map(|edition| &edition.name);
        let candidates = self.candidates(self.data.editions()?)?;
        let is_equal = |candidate: &Candidate| {
            let compared = self.compare(new, candidate);
            compared.is_ok_and(|(changes, _)| changes.is_empty())
        };
        let equal = candidates.into_iter().filter(is_equal);
        let equal = equal.filter_map(|candidate| candidate.list.edition);
        Ok(equal
            .filter(|edition| new.file.is_some() || own != Some(&edition.name))
            .collect())
    }

    /// Describes the compared part, such as `media of tokyo`. `None` if everything was compared.
    fn compared_part(&self, regions: &[&Region]) -> Option<String> {
        let planes = self.args.published.planes();
        let names_regions = !self.args.published.regions().is_empty();
        if !names_regions && planes.len() == Plane::ALL.len() {
            return None;
        }
        let regions = if names_regions {
            let ids: Vec<&str> = regions.iter().map(|region| &*region.id).collect();
            ids.join(", ")
        } else {
            ALL_REGIONS.to_owned()
        };
        let planes: Vec<String> = planes.iter().map(ToString::to_string).collect();
        Some(format!("{} of {regions}", planes.join(" and ")))
    }
}

impl List {
    fn compared(&self) -> Compared<'_> {
        Compared {
            file: self.file.as_deref(),
            edition: self.edition.as_ref(),
        }
    }
}

/// A sort key: the fewest changes first. Among equals, editions in force precede superseded ones.
fn distance((changes, candidate): &(Vec<Change>, &Candidate)) -> (usize, bool) {
    let edition = candidate.list.edition.as_ref();
    let is_superseded = edition.is_some_and(|edition| edition.superseded.is_some());
    (changes.len(), is_superseded)
}

fn report(args: &DiffArgs, comparison: &Comparison) -> Result<Outcome> {
    let text = if args.json {
        comparison.json()
    } else {
        comparison.text()
    };
    let verdict = if comparison.changes.is_empty() {
        Outcome::Done
    } else {
        Outcome::Drift
    };
    verdict.after_writing(write_stdout(&text))
}
