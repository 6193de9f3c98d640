//! Keeps track of the headings and labels that apply to a place on the page.

use super::partial::ListingKey;
use crate::dataset::ReferenceData;
use crate::page::label::Label;
use crate::policy::Plane;

/// The level of labels in the text, which is below all headings.
pub const LABEL_LEVEL: u8 = 7;

/// The headings and labels that apply at the current place, the outermost first.
///
/// A heading applies to everything below it. There are labels for regions and labels for planes. A
/// label ends the previous label of the same kind, and all labels after that one.
pub struct Scopes<'a> {
    reference_data: &'a ReferenceData,
    scopes: Vec<Scope>,
}

#[derive(Clone, Copy)]
struct Scope {
    level: u8,
    subject: Subject,
}

#[derive(Clone, Copy)]
enum Subject {
    Region(RegionScope),
    /// `None` for a label that names both planes.
    Plane(Option<Plane>),
}

/// The regions that a heading or label names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RegionScope {
    /// The index in the reference data.
    One(usize),
    All,
    /// Several regions, but not all. No listing can belong to them.
    Several,
}

impl<'a> Scopes<'a> {
    pub fn new(reference_data: &'a ReferenceData) -> Self {
        Scopes {
            reference_data,
            scopes: Vec::new(),
        }
    }

    /// Ends the headings of this level and below.
    pub fn leave(&mut self, level: u8) {
        self.scopes.retain(|scope| scope.level < level);
    }

    /// Starts the regions and planes that a heading or label names.
    pub fn enter(&mut self, level: u8, label: &Label) {
        if let Some(regions) = self.region_scope(label) {
            self.start(level, Subject::Region(regions));
        }
        match label.planes[..] {
            [] => {}
            [plane] => self.start(level, Subject::Plane(Some(plane))),
            _ => self.start(level, Subject::Plane(None)),
        }
    }

    fn start(&mut self, level: u8, subject: Subject) {
        let new = Scope { level, subject };
        let same = |old: &Scope| old.level == level && old.is_region() == new.is_region();
        if let Some(at) = self.scopes.iter().position(same) {
            self.scopes.truncate(at);
        }
        self.scopes.push(new);
    }

    /// Returns the id of the region in the heading above if a label names a different one.
    pub fn contradicted_region(&self, level: u8, label: &Label) -> Option<&'a str> {
        let regions = self.region_scope(label)?;
        let mut outer = self.scopes.iter().rev().filter(|s| s.level < level);
        match outer.find_map(Scope::regions)? {
            RegionScope::One(other) if regions != RegionScope::One(other) => {
                Some(&self.reference_data.regions[other].id)
            }
            _ => None,
        }
    }

    fn region_scope(&self, label: &Label) -> Option<RegionScope> {
        match label.regions[..] {
            [] => label.all_regions.then_some(RegionScope::All),
            [one] => Some(RegionScope::One(one)),
            _ if label.regions.len() == self.reference_data.regions.len() => Some(RegionScope::All),
            _ => Some(RegionScope::Several),
        }
    }

    /// Returns the current plane; `None` if no heading names one, or if the innermost one names
    /// both.
    pub fn plane(&self) -> Option<Plane> {
        let innermost = self.scopes.iter().rev().find_map(|s| match s.subject {
            Subject::Plane(plane) => Some(plane),
            Subject::Region(_) => None,
        });
        innermost.flatten()
    }

    /// Returns the current regions; `None` if no heading or label names any.
    pub fn regions(&self) -> Option<RegionScope> {
        self.scopes.iter().rev().find_map(Scope::regions)
    }

    /// Returns true if the outermost heading or label names a plane.
    pub fn plane_is_outermost(&self) -> bool {
        self.scopes.first().is_some_and(|scope| !scope.is_region())
    }

    /// Returns the listing for numbers at this place. The error continues a sentence about them.
    pub fn listing_key(&self) -> Result<ListingKey, &'static str> {
        let plane = self
            .plane()
            .ok_or("is not under a heading that names either signaling or media")?;
        let region = match self.regions() {
            Some(RegionScope::One(region)) => Some(region),
            // Twilio's media may use one network for all regions, but signaling never did.
            None if plane == Plane::Signaling => {
                return Err("is not under a heading that names a region");
            }
            Some(RegionScope::All) | None => None,
            Some(RegionScope::Several) => {
                return Err("is under a heading that names several regions");
            }
        };
        Ok(ListingKey { region, plane })
    }
}

impl Scope {
    fn is_region(&self) -> bool {
        self.regions().is_some()
    }

    fn regions(&self) -> Option<RegionScope> {
        match self.subject {
            Subject::Region(regions) => Some(regions),
            Subject::Plane(_) => None,
        }
    }
}
