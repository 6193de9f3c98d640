//! The classification of addresses.

/// The relation of addresses in a text to Twilio's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Classification {
    /// All of it is in force.
    Current,
    /// In force, but a part of a media network of which the rest is not there.
    Narrower,
    /// Some of it is only in editions that are superseded.
    Superseded,
    /// Some of it was never published.
    Wider,
    /// None of it was ever published.
    Unpublished,
    /// Selected, but not in a text that has Twilio addresses.
    Missing,
}

impl Classification {
    /// All classifications, with their names.
    pub const ALL: [(Classification, &'static str); 6] = [
        (Classification::Current, "current"),
        (Classification::Narrower, "narrower"),
        (Classification::Superseded, "superseded"),
        (Classification::Wider, "wider"),
        (Classification::Unpublished, "unpublished"),
        (Classification::Missing, "missing"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = Classification::ALL
            .iter()
            .find(|(listed, _)| *listed == self);
        named.map_or("", |(_, name)| name)
    }
}
