//! Values that shell completion suggests for an option.

use std::ffi::OsStr;

use clap::Command;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::dataset::{self, RegionGroup};
use crate::select::{CURRENT, UPCOMING, names};

/// Accepts any text and suggests values for shell completion. [`crate::select`] validates the text later,
/// because its errors suggest the nearest names.
#[derive(Clone)]
pub(super) struct SuggestedValues(fn() -> Vec<PossibleValue>);

impl SuggestedValues {
    /// The values of `--region`.
    pub(super) const REGIONS: SuggestedValues = SuggestedValues(regions);
    /// The values of `--edition`.
    pub(super) const EDITIONS: SuggestedValues = SuggestedValues(editions);
}

impl TypedValueParser for SuggestedValues {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter()))
    }
}

fn regions() -> Vec<PossibleValue> {
    let mut values = vec![PossibleValue::new(names::ALL).help("Every region")];
    if let Ok(reference_data) = dataset::reference_data() {
        let regions = reference_data
            .regions
            .iter()
            .map(|r| (r.id.to_string(), r.name.clone()));
        let groups = reference_data
            .continents
            .iter()
            .chain(&reference_data.countries);
        // A country with one region can have the name of that region.
        let is_new = |group: &&RegionGroup| {
            let mut regions = reference_data.regions.iter();
            regions.all(|region| *region.id != group.id)
        };
        let groups = groups
            .filter(is_new)
            .map(|group| (group.id.clone(), group.names[0].clone()));
        let named = regions
            .chain(groups)
            .map(|(id, name)| PossibleValue::new(id).help(name));
        values.extend(named);
    }
    values
}

fn editions() -> Vec<PossibleValue> {
    let names = [CURRENT, UPCOMING]
        .into_iter()
        .chain(dataset::edition_names());
    names.map(PossibleValue::new).collect()
}
