use memchr::memmem::Finder;

use super::words::{has_any, name_finder};
use crate::dataset::ReferenceData;
use crate::select::names;

/// The topic of a comment or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Twilio or one of its regions.
    Twilio,
    /// Something that also fits Twilio's addresses, such as a plane or a continent.
    Neutral,
    /// Something else.
    Other,
}

/// The words that determine the topic of a text.
pub struct TopicWords {
    /// Twilio and its regions. Latin names count only as whole words.
    twilio: Vec<Finder<'static>>,
    neutral: Vec<Finder<'static>>,
}

impl TopicWords {
    /// Collects the names of all regions. It excludes the places of Interconnect exchanges, such as
    /// London, because a text with such a name is more often about something else.
    pub fn new(reference_data: &ReferenceData) -> Self {
        let regions = reference_data.regions.iter().flat_map(|region| {
            names::public_names_of(region).chain([region.interconnect_edge.as_str()])
        });
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
            twilio: std::iter::once(Finder::new("twilio"))
                .chain(regions.map(name_finder))
                .collect(),
            neutral: continents.chain(planes).map(name_finder).collect(),
        }
    }

    /// Returns the topic of words in the form of
    /// [`normalize_words`](super::words::normalize_words).
    pub fn topic(&self, words: &str) -> Topic {
        if has_any(words, &self.twilio) {
            Topic::Twilio
        } else if has_any(words, &self.neutral) {
            Topic::Neutral
        } else {
            Topic::Other
        }
    }
}
