/// The relation between a set of addresses and Twilio's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Classification {
    /// All addresses are in force.
    Current,
    /// All addresses are in force, but they are only a part of a media network.
    Narrower,
    /// All addresses were published, but some only in superseded editions.
    Superseded,
    /// Some addresses were published, others never.
    Wider,
    /// No address was ever published.
    Unpublished,
    /// Selected addresses are not in a text that has other Twilio addresses.
    Missing,
}

impl Classification {
    /// All classifications with their names.
    pub const ALL: [(Classification, &'static str); 6] = [
        (Classification::Current, "current"),
        (Classification::Narrower, "narrower"),
        (Classification::Superseded, "superseded"),
        (Classification::Wider, "wider"),
        (Classification::Unpublished, "unpublished"),
        (Classification::Missing, "missing"),
    ];

    pub fn name(self) -> &'static str {
        let named = Classification::ALL
            .iter()
            .find(|(listed, _)| *listed == self);
        named.map_or("", |(_, name)| name)
    }
}
