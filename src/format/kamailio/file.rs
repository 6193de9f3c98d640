//! The file that the module's parameter `address_file` names.

use super::group::{Entry, Group};
use crate::format::read::error::{ErrorCollector, ReadError};
use crate::format::read::lines::lines;
use crate::format::read::number::is_number;

/// The module takes what is beyond 1023 bytes for a line of its own.
const LINE_LIMIT: usize = 1_000;

const EXPECTED: &str = "expected lines of group, address, mask, port and tag, as Kamailio's address_file \
                        has them, or what kamcmd prints of permissions.addressDump and .subnetDump";

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
            format!("there is no address in it; {EXPECTED}"),
        ));
    }
    errors.finish(())
}

/// The entry of a line, unless it has nothing but a comment. The module ignores words after the tag.
fn entry(line: &str) -> Result<Option<Entry<'_>>, String> {
    if line.len() > LINE_LIMIT {
        return Err(format!(
            "the line has more than {LINE_LIMIT} bytes, and Kamailio takes the end of a long one for \
             another line"
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
        return Err(format!(
            "'{group}' is not the number of a group; {EXPECTED}"
        ));
    }
    let address = words.next().ok_or("it ends where an address is expected")?;
    let mut next = || words.next().unwrap_or_default();
    Ok(Some(Entry {
        group,
        address,
        mask: next(),
        port: next(),
    }))
}
