//! The file that the module's parameter `address_file` names.

use super::group::{Entry, Group};
use crate::format::read::lines::lines;
use crate::format::read::number::is_number;
use crate::read_error::{ErrorCollector, ReadError};

/// The maximum length of a line. The module treats bytes after the 1023rd as another line.
const LINE_LIMIT: usize = 1_000;

const EXPECTED: &str = "expected lines with group, address, mask, port and tag, as in Kamailio's address_file, or \
                        the output of kamcmd for permissions.addressDump and permissions.subnetDump";

pub(super) fn read(text: &str, group: &mut Group) -> Result<(), Vec<ReadError>> {
    let mut errors = ErrorCollector::default();
    let mut is_empty = true;
    for (at, line) in lines(text).map_err(|error| vec![error])? {
        let read = match entry(line) {
            Ok(None) => Ok(()),
            Ok(Some(entry)) => {
                is_empty = false;
                group.add(at, entry)
            }
            Err(problem) => Err(problem),
        };
        errors.extend(read.err().map(|problem| ReadError::new(at, problem)));
        if errors.is_full() {
            break;
        }
    }
    if is_empty && errors.is_empty() {
        errors.add(ReadError::new(
            0,
            format!("the input has no address; {EXPECTED}"),
        ));
    }
    errors.finish(())
}

/// Reads the entry of a line; `None` for blanks and comments. The module ignores words after the tag.
fn entry(line: &str) -> Result<Option<Entry<'_>>, String> {
    if line.len() > LINE_LIMIT {
        return Err(format!(
            "the line is longer than {LINE_LIMIT} bytes, and Kamailio may read its end as another line; \
             shorten it"
        ));
    }
    let (line, _) = line.split_once('#').unwrap_or((line, ""));
    let mut words = line
        .split([' ', '\t', '\r'])
        .filter(|word| !word.is_empty());
    let Some(group) = words.next() else {
        return Ok(None);
    };
    if !is_number(group) {
        return Err(format!("'{group}' is not a group number; {EXPECTED}"));
    }
    let address = words
        .next()
        .ok_or("expected an address at the end of the line")?;
    let mut next = || words.next().unwrap_or_default();
    Ok(Some(Entry {
        group,
        address,
        mask: next(),
        port: next(),
    }))
}
