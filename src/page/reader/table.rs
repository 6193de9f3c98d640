//! Reads the rows of tables with addresses.

use super::line_text::AddressLine;
use super::partial::{ListingKey, Origin, PartialListings};
use super::scope::RegionScope;
use crate::page::addresses::{self, AddressCandidate};
use crate::page::columns::{Column, Columns};
use crate::page::error::PageError;
use crate::page::label::{Label, single_plane};
use crate::page::markup::{Row, STRUCK};
use crate::page::ports;
use crate::page::vocabulary::Vocabulary;
use crate::policy::Plane;

pub struct TableReader<'a> {
    pub vocabulary: &'a Vocabulary,
    pub columns: &'a Columns,
    /// The number of the table on the page.
    pub number: usize,
    /// The plane in the titles, or in a heading above the table.
    pub plane: Option<Plane>,
    /// The regions in a heading above the table.
    pub regions: Option<RegionScope>,
}

/// The regions of a row as indices in the reference data; `None` means all regions.
type RowRegions = Vec<Option<usize>>;

impl TableReader<'_> {
    /// Adds the networks and ports of a row to the listings. Stops at the first cell with errors,
    /// because each of thousands of cells could have an error for every region.
    pub fn read_row(&self, row: &Row, listings: &mut PartialListings) -> Result<(), Vec<String>> {
        if let Some(cell) = row.cells.iter().find(|cell| cell.contains(STRUCK)) {
            let text = cell.replace(STRUCK, "");
            return Err(vec![format!(
                "'{}' is struck out, so it may not apply any more",
                text.trim()
            )]);
        }
        let regions = self.regions_of_row(row).map_err(|e| vec![e])?;
        let row_plane = self.plane_of_row(row, &regions).map_err(|e| vec![e])?;
        for (at, cell) in row.cells.iter().enumerate() {
            let cell = cell.trim();
            let column = self.columns.kind(at);
            let (Column::Addresses(plane) | Column::Ports(plane)) = column else {
                continue;
            };
            if is_empty(cell) {
                continue;
            }
            let Some(plane) = plane.or(row_plane).or(self.plane) else {
                return Err(vec![format!(
                    "neither the table nor a heading says whether '{cell}' is signaling or media"
                )]);
            };
            let keys = regions.iter().map(|region| ListingKey {
                region: *region,
                plane,
            });
            if matches!(column, Column::Ports(_)) {
                self.read_ports(row, cell, keys, listings)?;
            } else {
                self.read_addresses(row.line, cell, keys, listings)?;
            }
        }
        Ok(())
    }

    fn read_ports(
        &self,
        row: &Row,
        cell: &str,
        keys: impl Iterator<Item = ListingKey>,
        listings: &mut PartialListings,
    ) -> Result<(), Vec<String>> {
        let protocol = self.columns.protocol.and_then(|at| row.cells.get(at));
        let text = format!("{cell} {}", protocol.map_or("", String::as_str));
        let ports = ports::parse(&text).map_err(|problem| {
            let text = text.trim();
            vec![format!("cannot interpret the ports '{text}': {problem}")]
        })?;
        let origin = Origin::Table(self.number);
        all_ok(keys.map(|key| listings.set_ports(key, row.line, ports, origin)))
    }

    fn read_addresses(
        &self,
        line: usize,
        cell: &str,
        keys: impl Iterator<Item = ListingKey>,
        listings: &mut PartialListings,
    ) -> Result<(), Vec<String>> {
        let candidates: Vec<AddressCandidate> = addresses::candidates(cell).collect();
        let parsed = AddressLine::parse(cell, &candidates, self.vocabulary);
        if !parsed.is_some_and(|parsed| parsed.label.is_none() && parsed.note.is_empty()) {
            let cell = on_one_line(cell);
            return Err(vec![format!("'{cell}' is not a list of addresses")]);
        }
        let networks = addresses::networks(&candidates)?;
        let origin = Origin::Table(self.number);
        all_ok(keys.map(|key| listings.add_networks(key, line, &networks, origin)))
    }

    /// Returns the plane in the other cells of a row, if any.
    fn plane_of_row(&self, row: &Row, regions: &RowRegions) -> Result<Option<Plane>, String> {
        let is_of_row = |label: &Label| label.regions.iter().all(|at| regions.contains(&Some(*at)));
        let mut planes: Vec<Plane> = Vec::new();
        for (at, cell) in row.cells.iter().enumerate() {
            let is_other = self.columns.kind(at) == Column::Other;
            if !is_other || is_empty(cell) || self.columns.regions == Some(at) {
                continue;
            }
            match self.vocabulary.label(cell).filter(is_of_row) {
                // The cell has a protocol, or a second name of the same region.
                Some(label) if label.planes.len() < 2 => planes.extend(label.planes),
                _ => {
                    let cell = on_one_line(cell);
                    return Err(format!("cannot interpret '{cell}' next to the addresses"));
                }
            }
        }
        Ok(single_plane(&planes))
    }

    fn regions_of_row(&self, row: &Row) -> Result<RowRegions, String> {
        match self.columns.regions.and_then(|at| row.cells.get(at)) {
            Some(cell) => self.regions_of_cell(cell),
            None => self.regions_of_heading(),
        }
    }

    fn regions_of_heading(&self) -> Result<RowRegions, String> {
        match self.regions {
            Some(RegionScope::One(region)) => Ok(vec![Some(region)]),
            Some(RegionScope::Several) => {
                Err("the heading above the table names several regions".to_owned())
            }
            // Twilio's media may use one network for all regions, but signaling never did.
            None if self.plane == Some(Plane::Signaling) => {
                Err("neither the table nor a heading names a region".to_owned())
            }
            Some(RegionScope::All) | None => Ok(vec![None]),
        }
    }

    fn regions_of_cell(&self, cell: &str) -> Result<RowRegions, String> {
        let mut regions: Vec<usize> = Vec::new();
        let mut all_regions = false;
        for part in cell.split(['\n', ',', ';', '、']) {
            let problem = match self.vocabulary.label(part) {
                Some(label) if !label.planes.is_empty() || !label.transports.is_empty() => {
                    "contains more than the name of a region"
                }
                Some(label)
                    if label.regions.len() < 2
                        || label.regions.len() == self.vocabulary.region_count() =>
                {
                    all_regions |= label.all_regions;
                    regions.extend(label.regions);
                    continue;
                }
                Some(_) => "names two regions",
                None => "is not a known region",
            };
            return Err(format!("'{part}' {problem}"));
        }
        let cell = on_one_line(cell);
        let count = regions.len();
        regions.sort_unstable();
        regions.dedup();
        if regions.len() < count {
            Err(format!("the row names a region twice: '{cell}'"))
        } else if regions.is_empty() && !all_regions {
            Err(format!("the row names no region: '{cell}'"))
        } else if all_regions || regions.len() == self.vocabulary.region_count() {
            Ok(vec![None])
        } else {
            Ok(regions.into_iter().map(Some).collect())
        }
    }
}

/// Returns errors about addresses in titles, and in columns that are not for addresses.
pub fn stray_addresses(head: &Row, rows: &[Row], columns: &Columns) -> Vec<PageError> {
    let has_address = |cell: &str| {
        let mut candidates = addresses::candidates(cell);
        addresses::has_ipv6(cell) || candidates.any(|c| c.is_whole() && !c.in_uri)
    };
    let titles = head.cells.iter().map(|cell| (head.line, cell));
    let others = rows.iter().flat_map(|row| {
        let cells = row.cells.iter().enumerate();
        let others = cells.filter(|(at, _)| !matches!(columns.kind(*at), Column::Addresses(_)));
        others.map(|(_, cell)| (row.line, cell))
    });
    let stray = titles.chain(others).filter(|(_, cell)| has_address(cell));
    let error = |(line, cell): (usize, &String)| {
        let cell = on_one_line(cell);
        let problem = format!("'{cell}' is in a column that is not for addresses");
        PageError::at(line, problem)
    };
    stray.map(error).collect()
}

/// Returns the text of a row that has only one cell with text.
pub fn only_text(row: &Row) -> Option<String> {
    let mut cells = row.cells.iter().filter(|cell| !cell.trim().is_empty());
    match (cells.next(), cells.next()) {
        (Some(cell), None) => Some(on_one_line(cell)),
        _ => None,
    }
}

pub fn on_one_line(cell: &str) -> String {
    cell.replace('\n', " ")
}

fn is_empty(cell: &str) -> bool {
    matches!(
        cell.trim().to_ascii_lowercase().as_str(),
        "" | "-" | "–" | "—" | "any"
    )
}

/// Evaluates all results, and returns the errors among them.
fn all_ok(results: impl Iterator<Item = Result<(), String>>) -> Result<(), Vec<String>> {
    let errors: Vec<String> = results.filter_map(Result::err).collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}
