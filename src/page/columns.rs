//! Interprets the columns of a table by their titles.

use crate::page::label::{Label, Topic, single_plane};
use crate::page::vocabulary::Vocabulary;
use crate::policy::Plane;

/// The meaning of the columns of a table.
pub struct Columns {
    kinds: Vec<Column>,
    /// The index of the column with regions.
    pub regions: Option<usize>,
    /// The index of the column with transports.
    pub protocol: Option<usize>,
    /// The plane, if the titles name only one.
    pub plane: Option<Plane>,
}

/// The content of a column. The plane is the one that its title names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Addresses(Option<Plane>),
    Ports(Option<Plane>),
    /// Regions, protocols, or the user's side.
    Other,
    /// The title has an unknown word or contradicts itself.
    Unknown,
}

impl Column {
    fn of(label: Option<&Label>) -> Column {
        let Some(label) = label else {
            return Column::Unknown;
        };
        let plane = single_plane(&label.planes);
        let names_plane_only = !label.has(Topic::Places) && !label.planes.is_empty();
        if label.planes.len() > 1 {
            Column::Unknown
        } else if label.has(Topic::OwnSide) {
            Column::Other
        } else if !label.is_of_twilio() {
            Column::Unknown
        } else if label.has(Topic::Ports) {
            Column::Ports(plane)
        } else if label.has(Topic::Addresses) || names_plane_only {
            Column::Addresses(plane)
        } else {
            Column::Other
        }
    }
}

impl Columns {
    /// Interprets the titles of a table.
    pub fn of(titles: &[String], vocabulary: &Vocabulary) -> Columns {
        let labels: Vec<Option<Label>> = titles.iter().map(|t| vocabulary.label(t)).collect();
        let kinds: Vec<Column> = labels.iter().map(|l| Column::of(l.as_ref())).collect();
        let names_regions = |label: &Option<Label>| {
            label
                .as_ref()
                .is_some_and(|l| l.has(Topic::Places) && !l.has(Topic::OwnSide))
        };
        let is_protocol = |title: &String| {
            matches!(
                title.to_lowercase().as_str(),
                "protocol" | "protocols" | "プロトコル"
            )
        };
        let mut planes: Vec<Plane> = labels
            .iter()
            .flatten()
            .flat_map(|label| label.planes.clone())
            .collect();
        planes.sort_unstable();
        planes.dedup();
        let mut columns = kinds.iter().zip(&labels);
        Columns {
            regions: columns
                .position(|(kind, label)| *kind == Column::Other && names_regions(label)),
            protocol: titles.iter().position(is_protocol),
            plane: single_plane(&planes),
            kinds,
        }
    }

    pub fn kind(&self, at: usize) -> Column {
        self.kinds.get(at).copied().unwrap_or(Column::Other)
    }

    pub fn has_addresses(&self) -> bool {
        let is_addresses = |kind: &Column| matches!(kind, Column::Addresses(_));
        self.kinds.iter().any(is_addresses)
    }

    pub fn has_ports(&self) -> bool {
        let is_ports = |kind: &Column| matches!(kind, Column::Ports(_));
        self.kinds.iter().any(is_ports)
    }

    /// Returns the index of the first column with an unknown title.
    pub fn unknown(&self) -> Option<usize> {
        self.kinds.iter().position(|kind| *kind == Column::Unknown)
    }
}
