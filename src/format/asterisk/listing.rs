//! Output of `asterisk -rx 'pjsip show identifies'`.

use super::criteria::add_match;
use crate::format::read::address_list::AddressList;
use crate::format::read::lines::lines;
use crate::read_error::ReadError;

const EXPECTED: &str = "expected the complete output of asterisk -rx 'pjsip show identifies'";

/// True if a text is the output of this or another command of Asterisk.
pub(super) fn is_listing(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.is_some_and(|line| {
        [
            "Identify:",
            "Endpoint:",
            "No objects found",
            "Objects found:",
        ]
        .iter()
        .any(|start| line.starts_with(start))
            || line.contains("CLI> ")
    })
}

/// The position in a listing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    /// In the head, below the line that announces criteria.
    HeadOfCriteria,
    Sections,
    End,
}

#[derive(Default)]
struct Listing {
    place: Place,
    count: usize,
    /// True if the current section belongs to the endpoint.
    is_own: bool,
    is_there: bool,
}

/// Adds the criteria of an endpoint. Returns true if any section identifies the endpoint.
pub(super) fn read(
    text: &str,
    endpoint: &str,
    criteria: &mut AddressList,
) -> Result<bool, Vec<ReadError>> {
    let mut listing = Listing::default();
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        let read = listing.line(at, line.trim(), endpoint, criteria);
        read.map_err(|problem| vec![ReadError::new(at, problem)])?;
    }
    if listing.place == Place::End {
        Ok(listing.is_there)
    } else {
        let problem = format!("the number of objects at the end is missing; {EXPECTED}");
        Err(vec![ReadError::new(0, problem)])
    }
}

impl Listing {
    fn line(
        &mut self,
        at: u32,
        line: &str,
        endpoint: &str,
        criteria: &mut AddressList,
    ) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        match self.place {
            Place::Head if line == "No objects found." => {
                self.place = Place::End;
                return Ok(());
            }
            Place::Head | Place::HeadOfCriteria => return self.head(line),
            Place::End => {
                return Err(format!(
                    "unexpected line after the end of the listing; {EXPECTED}"
                ));
            }
            Place::Sections => {}
        }
        let (word, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        match word {
            "Objects found" if value == self.count.to_string() => self.place = Place::End,
            "Objects found" => {
                return Err(format!(
                    "the listing has {} sections instead of {value}, so the input may have been cut off; provide the \
                     complete input",
                    self.count
                ));
            }
            "Identify" => {
                self.count += 1;
                self.is_own = is_of(value, endpoint)?;
                self.is_there |= self.is_own;
            }
            "Match" | "Header" | "RequestURI" | "Transport" if self.count == 0 => {
                return Err(format!("the line is not in a section; {EXPECTED}"));
            }
            "Match" | "Header" | "RequestURI" | "Transport" if !self.is_own => {}
            // Older versions also list headers as matches.
            "Match" if value.contains(": ") => {
                criteria.accept_unmeasured(at, format!("requests with the header {value}"))?;
            }
            "Match" => add_match(criteria, at, value)?,
            "Header" => {
                criteria.accept_unmeasured(at, format!("requests with the header {value}"))?;
            }
            "RequestURI" => {
                criteria.accept_unmeasured(at, format!("requests to the URI {value}"))?;
            }
            _ => return Err(format!("unknown field '{word}'; {EXPECTED}")),
        }
        Ok(())
    }

    fn head(&mut self, line: &str) -> Result<(), String> {
        let is_rule = line.bytes().all(|byte| byte == b'=');
        if line.starts_with("Match:  <") {
            self.place = Place::HeadOfCriteria;
        } else if is_rule && self.place == Place::HeadOfCriteria {
            self.place = Place::Sections;
        } else if is_rule {
            return Err(format!("the listing has no criteria; {EXPECTED}"));
        } else if !line.starts_with("Identify:  <") && !line.ends_with("CLI> pjsip show identifies")
        {
            return Err(format!(
                "the line does not belong to the head of this listing; {EXPECTED}"
            ));
        }
        Ok(())
    }
}

/// True if the endpoint of `section/endpoint` is the given one. Both names may contain slashes.
fn is_of(value: &str, endpoint: &str) -> Result<bool, String> {
    let rest = value.strip_suffix(endpoint);
    let is_own = rest.is_some_and(|rest| rest.ends_with('/'));
    if is_own && value.matches('/').count() > 1 + endpoint.matches('/').count() {
        return Err(format!(
            "'{value}' has several slashes, so it is unclear which one ends the name of the section; rename the \
             section or the endpoint"
        ));
    }
    Ok(is_own)
}
