//! Output of `asterisk -rx 'pjsip show identifies'`.

use super::criteria::Criteria;
use crate::format::read::error::ReadError;
use crate::format::read::lines::lines;

const EXPECTED: &str = "expected what asterisk -rx 'pjsip show identifies' prints, all of it";

/// True if a text is such a listing, or one of another command.
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

/// The part of a listing that has been read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    /// The head has said that criteria are listed.
    HeadOfCriteria,
    Sections,
    End,
}

#[derive(Default)]
struct Listing {
    place: Place,
    count: usize,
    /// True if the section that is read is of the endpoint.
    is_own: bool,
    is_there: bool,
}

/// Adds what identifies an endpoint; whether any section does.
pub(super) fn read(
    text: &str,
    endpoint: &str,
    criteria: &mut Criteria,
) -> Result<bool, Vec<ReadError>> {
    let mut listing = Listing::default();
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        let read = listing.line(at, line.trim(), endpoint, criteria);
        read.map_err(|problem| vec![ReadError::new(at, problem)])?;
    }
    if listing.place == Place::End {
        Ok(listing.is_there)
    } else {
        let problem = format!("it does not end in how many objects were found; {EXPECTED}");
        Err(vec![ReadError::new(0, problem)])
    }
}

impl Listing {
    fn line(
        &mut self,
        at: u32,
        line: &str,
        endpoint: &str,
        criteria: &mut Criteria,
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
            Place::End => return Err(format!("the list has ended before it; {EXPECTED}")),
            Place::Sections => {}
        }
        let (word, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        match word {
            "Objects found" if value == self.count.to_string() => self.place = Place::End,
            "Objects found" => {
                return Err(format!(
                    "{} sections are listed, and not {value}, so the text was cut off",
                    self.count
                ));
            }
            "Identify" => {
                self.count += 1;
                self.is_own = is_of(value, endpoint)?;
                self.is_there |= self.is_own;
            }
            "Match" | "Header" | "RequestURI" | "Transport" if self.count == 0 => {
                return Err(format!("no section before it has this; {EXPECTED}"));
            }
            "Match" | "Header" | "RequestURI" | "Transport" if !self.is_own => {}
            // Older versions list a header so too.
            "Match" if value.contains(": ") => {
                criteria.besides(at, format!("requests with the header {value}"))?;
            }
            "Match" => criteria.add(at, value)?,
            "Header" => criteria.besides(at, format!("requests with the header {value}"))?,
            "RequestURI" => criteria.besides(at, format!("requests to the URI {value}"))?,
            _ => return Err(format!("'{word}' is not understood; {EXPECTED}")),
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
            return Err(format!("it does not list what is matched; {EXPECTED}"));
        } else if !line.starts_with("Identify:  <") && !line.ends_with("CLI> pjsip show identifies")
        {
            return Err(format!("it is not of the head of such a list; {EXPECTED}"));
        }
        Ok(())
    }
}

/// True if `section/endpoint` is of an endpoint; both may have slashes.
fn is_of(value: &str, endpoint: &str) -> Result<bool, String> {
    let rest = value.strip_suffix(endpoint);
    let is_own = rest.is_some_and(|rest| rest.ends_with('/'));
    if is_own && value.matches('/').count() > 1 + endpoint.matches('/').count() {
        return Err(format!(
            "it is not known where the name of the endpoint begins in '{value}'"
        ));
    }
    Ok(is_own)
}
