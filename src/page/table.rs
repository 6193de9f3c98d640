//! Tables of addresses: columns by their headings, rows by the regions that they name.

use super::blocks::{Row, STRUCK};
use super::figures::{self, Dotted};
use super::list::{Places, Reader};
use super::words::{Label, Topic, Vocabulary};
use crate::policy::Plane;

impl Reader<'_> {
    pub fn table(&mut self, rows: &[Row]) {
        let Some((head, rows)) = rows.split_first() else {
            return;
        };
        let columns = Columns::of(&head.cells, &self.vocabulary);
        let has_addresses =
            |cell: &String| figures::dotted(cell).any(|d| d.is_whole() && !d.in_uri);
        for row in [head].into_iter().chain(rows) {
            for (at, cell) in row.cells.iter().enumerate() {
                let expected =
                    row.line != head.line && matches!(columns.kind(at), Column::Addresses(_));
                if !expected && has_addresses(cell) {
                    self.error(
                        row.line,
                        format!(
                            "'{}' stands in a column whose heading does not say addresses",
                            cell.replace('\n', " ")
                        ),
                    );
                }
            }
        }
        if !columns
            .kinds
            .iter()
            .any(|kind| matches!(kind, Column::Addresses(_)))
        {
            return;
        }
        for row in rows {
            self.row(row, &columns, head.line);
        }
        self.open = None;
    }

    fn row(&mut self, row: &Row, columns: &Columns, table: usize) {
        let line = row.line;
        let Some(regions) = self.regions_of_row(row, columns) else {
            return;
        };
        let labels = row
            .cells
            .iter()
            .enumerate()
            .filter(|(at, _)| columns.kind(*at) == Column::Other);
        let said: Vec<Plane> = labels
            .filter_map(|(_, cell)| self.vocabulary.label(cell))
            .flat_map(|label| label.planes)
            .collect();
        let row_plane = match said[..] {
            [plane] => Some(plane),
            _ => columns.plane,
        };
        for (at, cell) in row.cells.iter().enumerate() {
            let (plane, is_ports) = match columns.kind(at) {
                Column::Addresses(plane) => (plane, false),
                Column::Ports(plane) => (plane, true),
                Column::Other => continue,
            };
            let cell = cell.trim();
            if matches!(cell, "" | "-" | "–" | "—") {
                continue;
            }
            let plane = plane.or(row_plane).or_else(|| self.plane());
            let Some(plane) = plane else {
                self.error(
                    line,
                    format!("'{cell}': neither the table nor a heading says signaling or media"),
                );
                continue;
            };
            if is_ports {
                let protocol = columns.protocol.and_then(|at| row.cells.get(at));
                let text = format!("{cell} {}", protocol.map_or("", String::as_str));
                match figures::ports(&text) {
                    Ok(ports) => regions
                        .iter()
                        .for_each(|region| self.set_ports(line, ports, Some((*region, plane)))),
                    Err(problem) => self.error(
                        line,
                        format!("the ports '{}' are not understood: {problem}", text.trim()),
                    ),
                }
            } else {
                self.address_cell(line, cell, &regions, plane, table);
            }
        }
    }

    fn address_cell(
        &mut self,
        line: usize,
        cell: &str,
        regions: &[Option<usize>],
        plane: Plane,
        table: usize,
    ) {
        let found: Vec<Dotted> = figures::dotted(cell)
            .filter(|_| !cell.contains(STRUCK))
            .collect();
        match self.address_line(cell, &found) {
            Some((None, found, "")) => {
                let Some(networks) = self.networks(line, &found) else {
                    return;
                };
                for region in regions {
                    self.add(line, &networks, Some(((*region, plane), table)));
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
            return Some(vec![match self.region() {
                Some(Places::One(region)) => Some(region),
                _ => None,
            }]);
        };
        let mut regions: Vec<usize> = Vec::new();
        let mut everywhere = false;
        for part in cell.split(['\n', ',', ';', '、']) {
            let problem = match self.vocabulary.label(part) {
                Some(label) if label.regions.len() < 2 => {
                    everywhere |= label.everywhere;
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
        if everywhere || regions.len() == self.atlas.regions.len() {
            return Some(vec![None]);
        }
        Some(regions.into_iter().map(Some).collect())
    }
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
    Other,
}

impl Columns {
    fn of(head: &[String], vocabulary: &Vocabulary) -> Columns {
        let labels: Vec<Option<Label>> = head.iter().map(|cell| vocabulary.label(cell)).collect();
        let kinds = labels.iter().map(|label| match label {
            Some(label) if label.is_of(Topic::OwnSide) => Column::Other,
            Some(label) if label.is_of(Topic::Ports) => Column::Ports(one_plane(&label.planes)),
            Some(label)
                if label.is_of(Topic::Addresses)
                    || (!label.is_of(Topic::Places) && !label.planes.is_empty()) =>
            {
                Column::Addresses(one_plane(&label.planes))
            }
            _ => Column::Other,
        });
        let kinds: Vec<Column> = kinds.collect();
        let place = |at: &usize| {
            kinds[*at] == Column::Other
                && labels[*at]
                    .as_ref()
                    .is_some_and(|l| l.is_of(Topic::Places) && !l.is_of(Topic::OwnSide))
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
            plane: one_plane(&planes),
            kinds,
        }
    }

    fn kind(&self, at: usize) -> Column {
        self.kinds.get(at).copied().unwrap_or(Column::Other)
    }
}

fn one_plane(planes: &[Plane]) -> Option<Plane> {
    match planes {
        [plane] => Some(*plane),
        _ => None,
    }
}
