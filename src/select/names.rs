//! Finds what a user means by a name.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::dataset::{Atlas, Region};

/// The name that stands for every region.
pub const ALL: &str = "all";

/// How many near names an error shows.
const NEAREST: usize = 3;

/// Two spellings of one name fold to the same text: case, accents, spaces, hyphens and
/// underscores make no difference, nor do full-width and half-width letters.
pub fn fold(name: &str) -> String {
    let joins = |c: &char| c.is_whitespace() || matches!(c, '-' | '_' | '\u{2010}'..='\u{2015}');
    name.nfkd()
        .filter(|c| !is_combining_mark(*c) && !joins(c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Every name of a region, the id first.
pub fn names_of(region: &Region) -> impl Iterator<Item = &str> {
    [
        &*region.id,
        &region.edge,
        &region.interconnect_edge,
        &region.legacy_id,
        &region.aws_region,
        &region.name,
        &region.name_ja,
        &region.place_ja,
    ]
    .into_iter()
    .chain(region.also.iter().map(String::as_str))
}

/// The regions that a name stands for: one, or those of a continent. Empty when the name is
/// unknown. [`ALL`] is the caller's, who knows which regions there are to choose from.
pub fn find<'a>(name: &str, atlas: &'a Atlas) -> Vec<&'a Region> {
    let wanted = fold(name);
    let named = |region: &&Region| names_of(region).any(|known| fold(known) == wanted);
    if let Some(region) = atlas.regions.iter().find(named) {
        return vec![region];
    }
    let continent = atlas.continents.iter().find(|continent| {
        let names = continent.names.iter().map(String::as_str);
        names
            .chain([continent.id.as_str()])
            .any(|known| fold(known) == wanted)
    });
    let within = |region: &&Region| continent.is_some_and(|c| c.id == region.continent);
    atlas.regions.iter().filter(within).collect()
}

/// Those of the known names that a slip of the keyboard could have turned into `name`, nearest
/// first.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = fold(name);
    let tolerance = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = known
        .map(|known| (strsim::damerau_levenshtein(&wanted, &fold(known)), known))
        .filter(|(distance, _)| *distance <= tolerance)
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.dedup_by(|a, b| fold(a.1) == fold(b.1));
    near.into_iter()
        .map(|(_, known)| known)
        .take(NEAREST)
        .collect()
}

/// The nearest names as a question to put into an error, empty when none is near.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = nearest(name, known);
    if near.is_empty() {
        String::new()
    } else {
        format!(" (did you mean {}?)", near.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset;

    #[test]
    fn no_name_stands_for_two_regions() {
        let atlas = dataset::atlas().unwrap();
        for region in &atlas.regions {
            for name in names_of(region) {
                let owners = atlas
                    .regions
                    .iter()
                    .filter(|other| names_of(other).any(|known| fold(known) == fold(name)));
                assert_eq!(owners.count(), 1, "{name}");
            }
        }
        for continent in &atlas.continents {
            for name in continent.names.iter().chain([&continent.id]) {
                let regions = find(name, &atlas);
                assert!(!regions.is_empty(), "{name}");
                assert!(
                    regions.iter().all(|r| r.continent == continent.id),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn spellings_fold_to_one() {
        for spelling in [
            "São Paulo",
            "sao_paulo",
            "SAO-PAULO",
            "sa\u{303}o paulo",
            "Ｓａｏ　Ｐａｕｌｏ",
        ] {
            assert_eq!(fold(spelling), "saopaulo", "{spelling}");
        }
        assert_eq!(fold("ﾄｳｷｮｳ"), fold("トウキョウ"));
    }
}
