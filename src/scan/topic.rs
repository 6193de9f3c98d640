use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::technical::is_technical;
use super::words::{has_any, name_finder};
use crate::dataset::ReferenceData;
use crate::select::names;

/// The topic of a comment or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Twilio,
    /// One of Twilio's regions, and nothing else except for something neutral.
    Region,
    /// Something that also fits Twilio's addresses, such as a plane or a continent.
    Neutral,
    /// Something else.
    Other,
}

/// Other providers of telephony, whose addresses are often beside Twilio's.
const OTHER_PROVIDERS: [&str; 16] = [
    "anveo",
    "bandwidth",
    "didww",
    "flowroute",
    "messagebird",
    "nexmo",
    "plivo",
    "ringcentral",
    "signalwire",
    "sinch",
    "sipgate",
    "telnyx",
    "voip ms",
    "voipms",
    "vonage",
    "voxbone",
];

/// The words that determine the topic of a text.
pub struct TopicWords {
    twilio: Finder<'static>,
    /// The names of regions. Latin names count only as whole words.
    regions: Vec<Finder<'static>>,
    /// The names that AWS gives to the places of regions.
    aws_regions: Vec<Finder<'static>>,
    neutral: Vec<Finder<'static>>,
}

impl TopicWords {
    /// Collects the names of all regions. It excludes the places of Interconnect exchanges, such as
    /// London, because a text with such a name is more often about something else.
    pub fn new(reference_data: &ReferenceData) -> Self {
        let all = || reference_data.regions.iter();
        let regions = all().flat_map(|region| {
            let names = names::public_names_of(region).filter(|name| **name != *region.aws_region);
            names.chain([region.interconnect_edge.as_str()])
        });
        let aws_regions = all().map(|region| region.aws_region.as_str());
        let continents = reference_data.continents.iter();
        let continents = continents.flat_map(names::names_of_group);
        let planes = [
            "sip",
            "rtp",
            "srtp",
            "media",
            "signaling",
            "signalling",
            "voice",
            "trunk",
            "gateway",
            "メディア",
            "シグナリング",
        ];
        TopicWords {
            twilio: Finder::new("twilio"),
            regions: regions.map(name_finder).collect(),
            aws_regions: aws_regions.map(name_finder).collect(),
            neutral: continents.chain(planes).map(name_finder).collect(),
        }
    }

    /// Returns the topic of words in the form of
    /// [`normalize_words`](super::words::normalize_words).
    pub fn topic(&self, words: &str) -> Topic {
        if self.mentions_twilio(words) {
            return Topic::Twilio;
        }
        if names_other_provider(words) {
            return Topic::Other;
        }
        let rest = without(words, &self.regions);
        let names_region = rest.len() < words.len();
        if names_region && is_technical(&without(&rest, &self.neutral)) {
            Topic::Region
        } else if !names_region && has_any(words, &self.neutral) {
            Topic::Neutral
        } else {
            Topic::Other
        }
    }

    fn mentions_twilio(&self, words: &str) -> bool {
        self.twilio.find(words.as_bytes()).is_some()
    }

    /// Returns true if words mention Twilio or a region, among anything else.
    pub fn speak(&self, words: &str) -> bool {
        self.mentions_twilio(words)
            || has_any(words, &self.regions)
            || has_any(words, &self.aws_regions)
    }
}

/// Returns true if words in the form of [`normalize_words`](super::words::normalize_words) name another provider than
/// Twilio.
pub fn names_other_provider(words: &str) -> bool {
    static OTHERS: LazyLock<Vec<Finder>> =
        LazyLock::new(|| OTHER_PROVIDERS.into_iter().map(name_finder).collect());
    has_any(words, &OTHERS)
}

/// Returns words without some names.
fn without(words: &str, names: &[Finder]) -> String {
    let mut rest = words.to_owned();
    for name in names {
        if name.find(rest.as_bytes()).is_some() {
            let name = String::from_utf8_lossy(name.needle());
            rest = rest.replace(&*name, " ");
        }
    }
    rest
}
