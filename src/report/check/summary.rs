use std::collections::BTreeSet;

use crate::firewall::Drift;
use crate::terminal::escape_hidden;

/// The maximum number of units that a summary names.
const MAX_UNITS: usize = 8;

/// The numbers of files and parts in a report.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub files: usize,
    pub drifted: usize,
    /// The missing parts in all files.
    pub missing: usize,
    /// The extra parts in all files, including the unmeasured ones.
    pub extra: usize,
    /// The units that no expected packet gets to, in all files.
    pub unhooked: usize,
    /// The names of the compared units; at most one more than the summary names.
    units: BTreeSet<String>,
}

impl Summary {
    /// Returns the summary of one file.
    pub fn of(drift: &Drift, units: &[&str]) -> Summary {
        Summary {
            files: 1,
            drifted: usize::from(!drift.is_none()),
            missing: drift.missing.len(),
            extra: drift.extra.len() + drift.unmeasured.len(),
            unhooked: drift.unhooked.len(),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
        }
    }

    /// Adds the numbers of other files.
    pub fn add(&mut self, more: Summary) {
        self.files += more.files;
        self.drifted += more.drifted;
        self.missing += more.missing;
        self.extra += more.extra;
        self.unhooked += more.unhooked;
        for unit in more.units {
            if self.units.len() <= MAX_UNITS {
                self.units.insert(unit);
            }
        }
    }

    /// Returns the names of the units for a message.
    pub fn units(&self) -> String {
        let named = self.units.iter().take(MAX_UNITS);
        let named: Vec<String> = named.map(|unit| escape_hidden(unit)).collect();
        let more = if self.units.len() > MAX_UNITS {
            " and others"
        } else {
            ""
        };
        format!("{}{more}", named.join(", "))
    }
}
