/// The relation between a set of addresses and Twilio's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Classification {
    /// All addresses are in force.
    Current,
    /// The addresses belong to another Twilio service. Some of them may be in force for SIP.
    OtherService,
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
    /// A use of addresses that Twilio advises against. It never causes exit status 1.
    Hint,
}

impl Classification {
    /// All classifications with their names.
    pub const ALL: [(Classification, &'static str); 8] = [
        (Classification::Current, "current"),
        (Classification::OtherService, "other-service"),
        (Classification::Narrower, "narrower"),
        (Classification::Superseded, "superseded"),
        (Classification::Wider, "wider"),
        (Classification::Unpublished, "unpublished"),
        (Classification::Missing, "missing"),
        (Classification::Hint, "hint"),
    ];

    /// True if some of the addresses are or were used for SIP.
    pub(super) fn is_sip(self) -> bool {
        !matches!(
            self,
            Classification::Unpublished | Classification::OtherService | Classification::Hint
        )
    }

    pub fn name(self) -> &'static str {
        let named = Classification::ALL
            .iter()
            .find(|(listed, _)| *listed == self);
        named.map_or("", |(_, name)| name)
    }
}
