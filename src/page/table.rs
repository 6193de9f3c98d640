//! Tables of addresses: columns by their headings, rows by the regions that they name.

use super::addresses::{self, AddressCandidate};
use super::error::PageError;
use super::label::{Label, Topic, single_plane};
use super::list::{Places, Reader};
use super::markup::{Row, STRUCK};
use super::ports;
use super::vocabulary::Vocabulary;
use crate::policy::Plane;

impl Reader<'_> {
    pub fn table(&mut self, rows: &[Row]) {
        let Some((head, rows)) = rows.split_first() else {
            return;
        };
        let columns = Columns::of(&head.cells, &self.vocabulary);
        let has = |wanted: fn(&Column) -> bool| columns.kinds.iter().any(wanted);
        let has_addresses = has(|kind| matches!(kind, Column::Addresses(_)));
        let has_ports = has(|kind| matches!(kind, Column::Ports(_)));
        self.refuse_stray_addresses(head, rows, &columns);
        if !has_addresses {
            self.read_titles(head, rows);
            if has_ports {
                self.error(
                    head.line,
                    "a table of ports without a column whose heading says addresses",
                );
            }
            return;
        }
        if self.refuse_doubt(head.line, "a table of addresses") {
            return;
        }
        if let Some(at) = columns
            .kinds
            .iter()
            .position(|kind| *kind == Column::Unknown)
        {
            let heading = head.cells[at].replace('\n', " ");
            self.error(
                head.line,
                format!("the heading of a column, '{heading}', is not understood"),
            );
            return;
        }
        self.tables += 1;
        for row in rows {
            self.row(row, &columns);
        }
        self.open = None;
    }

    /// A table that lists nothing may be a title: a single cell is a line.
    fn read_titles(&mut self, head: &Row, rows: &[Row]) {
        for row in [head].into_iter().chain(rows) {
            let said: Vec<&String> = row
                .cells
                .iter()
                .filter(|cell| !cell.trim().is_empty())
                .collect();
            if let [title] = said[..] {
                self.line(row.line, &title.replace('\n', " "));
            }
        }
    }

    /// Addresses that a table has in its head, or in a column that is for something else.
    fn refuse_stray_addresses(&mut self, head: &Row, rows: &[Row], columns: &Columns) {
        let stray = |cell: &String| {
            addresses::has_ipv6(cell)
                || addresses::candidates(cell).any(|d| d.is_whole() && !d.in_uri)
        };
        let in_head = head
            .cells
            .iter()
            .filter(|cell| stray(cell))
            .map(|cell| (head.line, cell));
        let elsewhere = rows.iter().flat_map(|row| {
            let cells = row.cells.iter().enumerate();
            let others = cells.filter(|(at, _)| !matches!(columns.kind(*at), Column::Addresses(_)));
            others.map(|(_, cell)| (row.line, cell))
        });
        let found = in_head.chain(elsewhere.filter(|(_, cell)| stray(cell)));
        for (line, cell) in found.collect::<Vec<_>>() {
            let cell = cell.replace('\n', " ");
            self.error(
                line,
                format!("'{cell}' stands in a column whose heading does not say addresses"),
            );
        }
    }

    fn row(&mut self, row: &Row, columns: &Columns) {
        let line = row.line;
        if let Some(cell) = row.cells.iter().find(|cell| cell.contains(STRUCK)) {
            self.error(
                line,
                format!("'{}' is struck out", cell.replace(STRUCK, "").trim()),
            );
            return;
        }
        let Some(regions) = self.regions_of_row(row, columns) else {
            return;
        };
        let row_plane = match self.plane_of_row(row, columns, &regions) {
            Ok(plane) => plane,
            Err(error) => return self.errors.push(error),
        };
        let errors = self.errors.len();
        for (at, cell) in row.cells.iter().enumerate() {
            // One error a row: thousands of cells may be wrong, each for every region.
            if self.errors.len() > errors {
                return;
            }
            let (plane, is_ports) = match columns.kind(at) {
                Column::Addresses(plane) => (plane, false),
                Column::Ports(plane) => (plane, true),
                Column::Other | Column::Unknown => continue,
            };
            let cell = cell.trim();
            if is_empty(cell) {
                continue;
            }
            let plane = plane
                .or(row_plane)
                .or(columns.plane)
                .or_else(|| self.plane());
            let Some(plane) = plane else {
                self.error(
                    line,
                    format!("'{cell}': neither the table nor a heading says signaling or media"),
                );
                continue;
            };
            if is_ports {
                self.ports_cell(row, cell, &regions, plane, columns);
            } else {
                self.address_cell(line, cell, &regions, plane);
            }
        }
    }

    /// The plane that the other cells of a row speak of, if any.
    fn plane_of_row(
        &self,
        row: &Row,
        columns: &Columns,
        regions: &[Option<usize>],
    ) -> Result<Option<Plane>, PageError> {
        let mut planes: Vec<Plane> = Vec::new();
        for (at, cell) in row.cells.iter().enumerate() {
            if columns.kind(at) != Column::Other || is_empty(cell) || columns.places == Some(at) {
                continue;
            }
            let label = self.vocabulary.label(cell);
            let of_row = |label: &Label| {
                label
                    .regions
                    .iter()
                    .all(|region| regions.contains(&Some(*region)))
            };
            match label.filter(of_row) {
                // A second name of the same region, a protocol.
                Some(label) if label.planes.len() < 2 => planes.extend(label.planes),
                _ => {
                    let cell = cell.replace('\n', " ");
                    let problem = format!("'{cell}', beside the addresses, is not understood");
                    return Err(PageError::at(row.line, problem));
                }
            }
        }
        Ok(single_plane(&planes))
    }

    fn ports_cell(
        &mut self,
        row: &Row,
        cell: &str,
        regions: &[Option<usize>],
        plane: Plane,
        columns: &Columns,
    ) {
        let protocol = columns.protocol.and_then(|at| row.cells.get(at));
        let text = format!("{cell} {}", protocol.map_or("", String::as_str));
        match ports::parse(&text) {
            Ok(ports) => {
                for region in regions {
                    self.set_ports(row.line, ports, Some((*region, plane)));
                }
            }
            Err(problem) => {
                self.error(
                    row.line,
                    format!("the ports '{}' are not understood: {problem}", text.trim()),
                );
            }
        }
    }

    fn address_cell(&mut self, line: usize, cell: &str, regions: &[Option<usize>], plane: Plane) {
        let found: Vec<AddressCandidate> = addresses::candidates(cell).collect();
        match self.address_line(cell, &found) {
            Some((None, found, "")) => {
                let Some(networks) = self.networks(line, &found) else {
                    return;
                };
                for region in regions {
                    self.add(line, &networks, Some((*region, plane)));
                }
            }
            _ => self.error(
                line,
                format!("'{}' is not a list of addresses", cell.replace('\n', " ")),
            ),
        }
    }

    /// The regions of a row, `None` in it being every region; or an error.
    fn regions_of_row(&mut self, row: &Row, columns: &Columns) -> Option<Vec<Option<usize>>> {
        let Some(cell) = columns.places.and_then(|at| row.cells.get(at)) else {
            if let Some(Places::Several) = self.region() {
                self.error(
                    row.line,
                    "the heading above the table names several regions",
                );
                return None;
            }
            // Twilio's media may be one network for all regions; its signaling never was.
            return match self.region() {
                Some(Places::One(region)) => Some(vec![Some(region)]),
                None if columns.plane.or_else(|| self.plane()) == Some(Plane::Signaling) => {
                    self.error(row.line, "neither the table nor a heading names a region");
                    None
                }
                _ => Some(vec![None]),
            };
        };
        let mut regions: Vec<usize> = Vec::new();
        let mut everywhere = false;
        for part in cell.split(['\n', ',', ';', '、']) {
            let problem = match self.vocabulary.label(part) {
                Some(label) if !label.planes.is_empty() || !label.transports.is_empty() => {
                    "says more than a region"
                }
                Some(label) if label.regions.len() < 2 => {
                    everywhere |= label.all_regions;
                    regions.extend(label.regions);
                    continue;
                }
                Some(_) => "names two regions",
                None => "is not the name of a region that is known",
            };
            self.error(row.line, format!("'{part}' {problem}"));
            return None;
        }
        let count = regions.len();
        regions.sort_unstable();
        regions.dedup();
        if regions.len() < count || (regions.is_empty() && !everywhere) {
            let problem = if regions.is_empty() {
                "no region"
            } else {
                "a region twice"
            };
            self.error(
                row.line,
                format!("the row names {problem}: '{}'", cell.replace('\n', " ")),
            );
            return None;
        }
        if everywhere || regions.len() == self.reference_data.regions.len() {
            return Some(vec![None]);
        }
        Some(regions.into_iter().map(Some).collect())
    }
}

/// What stands in a cell that says nothing.
fn is_empty(cell: &str) -> bool {
    matches!(
        cell.trim().to_ascii_lowercase().as_str(),
        "" | "-" | "–" | "—" | "any"
    )
}

/// What the columns of a table hold.
struct Columns {
    kinds: Vec<Column>,
    places: Option<usize>,
    protocol: Option<usize>,
    /// The plane that the head speaks of, if it is one.
    plane: Option<Plane>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Addresses(Option<Plane>),
    Ports(Option<Plane>),
    /// Regions, protocols, the user's own side.
    Other,
    /// Its heading is not understood.
    Unknown,
}

impl Columns {
    fn of(head: &[String], vocabulary: &Vocabulary) -> Columns {
        let labels: Vec<Option<Label>> = head.iter().map(|cell| vocabulary.label(cell)).collect();
        let kinds = labels.iter().map(|label| match label {
            Some(label) if label.planes.len() > 1 => Column::Unknown,
            Some(label) if label.has(Topic::OwnSide) => Column::Other,
            Some(label) if !label.is_of_twilio() => Column::Unknown,
            Some(label) if label.has(Topic::Ports) => Column::Ports(single_plane(&label.planes)),
            Some(label)
                if label.has(Topic::Addresses)
                    || (!label.has(Topic::Places) && !label.planes.is_empty()) =>
            {
                Column::Addresses(single_plane(&label.planes))
            }
            Some(_) => Column::Other,
            None => Column::Unknown,
        });
        let kinds: Vec<Column> = kinds.collect();
        let place = |at: &usize| {
            kinds[*at] == Column::Other
                && labels[*at]
                    .as_ref()
                    .is_some_and(|l| l.has(Topic::Places) && !l.has(Topic::OwnSide))
        };
        let is_protocol = |cell: &String| {
            matches!(
                cell.to_lowercase().as_str(),
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
        Columns {
            places: (0..kinds.len()).find(place),
            protocol: head.iter().position(is_protocol),
            plane: single_plane(&planes),
            kinds,
        }
    }

    fn kind(&self, at: usize) -> Column {
        self.kinds.get(at).copied().unwrap_or(Column::Other)
    }
}
