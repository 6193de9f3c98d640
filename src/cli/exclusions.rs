//! Options that exclude each other.

/// Pairs of options, by their ids. If one is on the command line and the other is set by its environment
/// variable or the configuration file, the other is ignored.
pub(super) const MUTUALLY_EXCLUSIVE: [(&str, &str); 12] = [
    ("template", "format"),
    ("template", "table"),
    ("template", "separator"),
    ("template", "quote"),
    ("template", "no_header"),
    ("dataset", "edition"),
    ("any_edition", "edition"),
    ("any_edition", "dataset"),
    ("new", "edition"),
    ("new", "dataset"),
    ("new", "any_edition"),
    ("json", "report"),
];

/// The options that exclude an option.
pub(super) fn excluded_by(option: &str) -> impl Iterator<Item = &'static str> {
    let others = MUTUALLY_EXCLUSIVE.into_iter();
    others.filter_map(move |pair| match pair {
        (one, other) if one == option => Some(other),
        (one, other) if other == option => Some(one),
        _ => None,
    })
}
