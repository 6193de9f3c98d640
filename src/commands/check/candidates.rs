//! Lists the selections that may explain a drift.

use super::observed::{LocalPorts, Observed};
use crate::dataset::{Connection, Data, Edition, ReferenceData};
use crate::packets::Interval;
use crate::policy::{Direction, Plane, PortRange, Scope};
use crate::report::ChangedOption;
use crate::select::{Selection, editions, names};

/// The maximum number of selections to compare with the deployed rules.
pub(super) const MAX_CANDIDATES: u32 = 64;

/// The selection whose rules are expected.
pub(super) struct Expected<'a> {
    pub selection: &'a Selection,
    pub editions: &'a [Edition],
    /// True for `--dataset`.
    pub is_own_list: bool,
    /// The part of the selection that the format can express.
    pub scope: &'a Scope,
    pub reference_data: &'a ReferenceData,
}

/// Regions to try: the value of `--region`, and the ids that it means.
struct Regions<'a> {
    names: Vec<String>,
    ids: Vec<&'a str>,
}

/// Another selection, with the options that distinguish it from the expected one.
pub(super) struct Candidate<'a> {
    pub editions: &'a [Edition],
    pub selection: Selection,
    pub changed: Vec<ChangedOption>,
}

impl Candidate<'_> {
    pub fn changes_same_options(&self, other: &Candidate) -> bool {
        let names = |candidate: &Candidate| -> Vec<&str> {
            let changed = candidate.changed.iter();
            changed.map(|option| option.name).collect()
        };
        names(self) == names(other)
    }
}

/// Returns the editions, and the pairs of which at least one is not superseded.
pub(super) fn edition_sets(data: &Data) -> Vec<Vec<Edition>> {
    let Ok(all) = data.editions() else {
        return Vec::new();
    };
    let is_valid = |edition: &Edition| edition.superseded.is_none();
    let mut sets: Vec<Vec<String>> = Vec::new();
    for (number, edition) in all.iter().enumerate() {
        sets.push(vec![edition.name.to_string()]);
        let others = all[number + 1..].iter();
        let others = others.filter(|other| is_valid(edition) || is_valid(other));
        sets.extend(others.map(|other| vec![edition.name.to_string(), other.name.to_string()]));
    }
    let editions = sets.iter().map(|names| editions(names, data));
    editions.filter_map(Result::ok).collect()
}

impl Expected<'_> {
    /// Returns the selections that the deployed rules may come from, at most [`MAX_CANDIDATES`]. Those that
    /// change the fewest options are first. Among these, the editions in force are first.
    pub fn candidates<'c>(
        &'c self,
        sets: &'c [Vec<Edition>],
        observed: &Observed,
    ) -> Vec<Candidate<'c>> {
        let others = sets.iter().map(Vec::as_slice);
        let others = others.filter(|set| self.is_own_list || !same_editions(set, self.editions));
        let mut found = Vec::new();
        for editions in std::iter::once(self.editions).chain(others) {
            for planes in self.plane_choices() {
                for regions in self.region_choices(editions, &planes, observed) {
                    found.extend(self.variants(editions, &planes, &regions, observed));
                }
            }
        }
        found.retain(|candidate| !candidate.changed.is_empty());
        found.sort_by_key(|candidate| (candidate.changed.len(), self.rank(candidate.editions)));
        found.truncate(MAX_CANDIDATES as usize);
        found
    }

    /// Orders editions by how probable they are: first those of the expected connection, those in force, and
    /// single ones.
    fn rank(&self, editions: &[Edition]) -> (bool, bool, usize) {
        let connection = |editions: &[Edition]| -> Option<Connection> {
            editions.first().map(|edition| edition.connection)
        };
        let is_superseded = editions.iter().any(|edition| edition.superseded.is_some());
        let other_connection = connection(editions) != connection(self.editions);
        (other_connection, is_superseded, editions.len())
    }

    /// Returns the planes to try. A format that cannot express every selected plane leaves no choice.
    fn plane_choices(&self) -> Vec<Vec<Plane>> {
        let selected = &self.selection.planes;
        if self.scope.planes != *selected {
            return vec![selected.clone()];
        }
        let all = [
            selected.clone(),
            Plane::ALL.to_vec(),
            vec![Plane::Signaling],
            vec![Plane::Media],
        ];
        distinct(all.into())
    }

    /// Returns the regions to try: the selected ones, all, and those whose networks are deployed.
    fn region_choices(
        &self,
        editions: &[Edition],
        planes: &[Plane],
        observed: &Observed,
    ) -> Vec<Regions<'_>> {
        let planes = if self.scope.planes == self.selection.planes {
            planes
        } else {
            &self.scope.planes
        };
        let known = self.reference_data.regions.iter();
        let all: Vec<&str> = known.map(|region| &*region.id).collect();
        let is_deployed = |region: &&str| {
            let listed = networks(editions, planes, region);
            let mut own = listed.filter(|(_, own)| *own).peekable();
            own.peek().is_some() && observed.holds(own.map(|(network, _)| network))
        };
        let deployed: Vec<&str> = all.iter().copied().filter(is_deployed).collect();
        let names = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
        let mut choices = vec![
            Regions {
                names: self.selection.regions.clone(),
                ids: self.scope.regions.iter().map(|id| &**id).collect(),
            },
            Regions {
                names: vec![names::ALL.to_owned()],
                ids: all,
            },
            Regions {
                names: names(&deployed),
                ids: deployed,
            },
        ];
        let mut tried: Vec<Vec<&str>> = Vec::new();
        choices.retain(|choice| {
            if tried.contains(&choice.ids) {
                return false;
            }
            tried.push(choice.ids.clone());
            let listed = choice
                .ids
                .iter()
                .flat_map(|id| networks(editions, planes, id));
            !choice.ids.is_empty() && observed.may_be(listed.map(|(network, _)| network).collect())
        });
        choices
    }

    /// Returns a candidate for each choice of the other options.
    fn variants<'c>(
        &self,
        editions: &'c [Edition],
        planes: &[Plane],
        regions: &Regions,
        observed: &Observed,
    ) -> Vec<Candidate<'c>> {
        let mut found = Vec::new();
        for directions in self.direction_choices(observed) {
            for transports in distinct(vec![self.selection.transports.clone(), None]) {
                for ports in self.port_choices(editions, observed) {
                    let mut selection = Selection {
                        regions: regions.names.clone(),
                        directions: directions.clone(),
                        planes: planes.to_vec(),
                        transports: transports.clone(),
                        local_addresses: self.selection.local_addresses.clone(),
                        local_sip_port: ports.sip,
                        local_tls_port: ports.tls,
                        local_rtp_ports: ports.rtp,
                    };
                    self.remove_without_effect(&mut selection);
                    found.push(Candidate {
                        editions,
                        changed: self.changed(editions, regions, &selection),
                        selection,
                    });
                }
            }
        }
        found
    }

    /// Removes options that the other options of a candidate make ineffective, because they are an error.
    fn remove_without_effect(&self, selection: &mut Selection) {
        let has_signaling = selection.planes.contains(&Plane::Signaling);
        let has_media = selection.planes.contains(&Plane::Media);
        let comes_in = |directions: &[Direction]| directions.contains(&Direction::In);
        let lost_in = comes_in(&self.selection.directions) && !comes_in(&selection.directions);
        if !has_signaling {
            selection.transports = None;
        }
        if !has_signaling || lost_in {
            selection.local_sip_port = None;
            selection.local_tls_port = None;
        }
        if !has_media || lost_in {
            selection.local_rtp_ports = None;
        }
    }

    fn direction_choices(&self, observed: &Observed) -> Vec<Vec<Direction>> {
        let selected = &self.selection.directions;
        let mut choices = vec![selected.clone()];
        if self.scope.directions == *selected && !observed.directions.is_empty() {
            choices.push(observed.directions.clone());
        }
        distinct(choices)
    }

    /// Returns the local ports to try: the given ones, those of the deployed rules, and the defaults.
    fn port_choices(&self, editions: &[Edition], observed: &Observed) -> Vec<LocalPorts> {
        let given = LocalPorts {
            sip: self.selection.local_sip_port,
            tls: self.selection.local_tls_port,
            rtp: self.selection.local_rtp_ports,
        };
        let deployed = observed
            .ports
            .map(|ports| without_defaults(ports, editions));
        let choices = std::iter::once(given).chain(deployed);
        distinct(choices.chain([LocalPorts::default()]).collect())
    }

    fn changed(
        &self,
        editions: &[Edition],
        regions: &Regions,
        selection: &Selection,
    ) -> Vec<ChangedOption> {
        let mut changed = Vec::new();
        let mut add = |name, is_same: bool, value: Option<String>| {
            if !is_same {
                changed.push(ChangedOption { name, value });
            }
        };
        let old = self.selection;
        let is_same = regions
            .ids
            .iter()
            .copied()
            .eq(self.scope.regions.iter().map(|id| &**id));
        add("region", is_same, Some(regions.names.join(",")));
        let is_same = std::ptr::eq(editions, self.editions);
        let names: Vec<&str> = editions.iter().map(|edition| &*edition.name).collect();
        add("edition", is_same, Some(names.join(",")));
        add("dataset", is_same || !self.is_own_list, None);
        add(
            "plane",
            selection.planes == old.planes,
            Some(one_or_both(&selection.planes)),
        );
        let is_same = selection.directions == old.directions;
        add(
            "direction",
            is_same,
            Some(one_or_both(&selection.directions)),
        );
        add("transport", selection.transports == old.transports, None);
        let port = |port: Option<u16>| port.map(|port| port.to_string());
        let is_same = selection.local_sip_port == old.local_sip_port;
        add("local-sip-port", is_same, port(selection.local_sip_port));
        let is_same = selection.local_tls_port == old.local_tls_port;
        add("local-tls-port", is_same, port(selection.local_tls_port));
        let is_same = selection.local_rtp_ports == old.local_rtp_ports;
        let ports = selection.local_rtp_ports.map(|ports| ports.to_string());
        add("local-rtp-ports", is_same, ports);
        changed
    }
}

/// Returns the networks of a region, each with the flag of [`crate::dataset::Networks::of`].
fn networks<'a>(
    editions: &'a [Edition],
    planes: &'a [Plane],
    region: &'a str,
) -> impl Iterator<Item = (Interval, bool)> + 'a {
    let lists = editions
        .iter()
        .flat_map(|edition| planes.iter().map(|plane| edition.networks(*plane)));
    lists.flat_map(move |list| list.of(region).map(|(network, own)| (network.into(), own)))
}

/// Removes the ports that are the published ones of every edition.
fn without_defaults(ports: LocalPorts, editions: &[Edition]) -> LocalPorts {
    let is_default = |is: &dyn Fn(&Edition) -> bool| editions.iter().all(is);
    let other = |port: &u16| !is_default(&|edition| edition.signaling.ports.udp == *port);
    let other_tls = |port: &u16| !is_default(&|edition| edition.signaling.ports.tls == *port);
    let other_rtp = |ports: &PortRange| !is_default(&|edition| edition.media.ports == *ports);
    LocalPorts {
        sip: ports.sip.filter(other),
        tls: ports.tls.filter(other_tls),
        rtp: ports.rtp.filter(other_rtp),
    }
}

fn same_editions(one: &[Edition], other: &[Edition]) -> bool {
    one.len() == other.len() && one.iter().all(|e| other.iter().any(|o| o.name == e.name))
}

fn one_or_both(values: &[impl ToString]) -> String {
    match values {
        [one] => one.to_string(),
        _ => "both".to_owned(),
    }
}

/// Removes repeated choices.
fn distinct<T: PartialEq>(choices: Vec<T>) -> Vec<T> {
    let mut found: Vec<T> = Vec::new();
    for choice in choices {
        if !found.contains(&choice) {
            found.push(choice);
        }
    }
    found
}
