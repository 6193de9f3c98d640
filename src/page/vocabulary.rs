//! Interprets the words of headings, labels and column titles in English and Japanese.

use std::collections::HashMap;

use super::label::{Label, Topic};
use crate::dataset::{ReferenceData, Region};
use crate::names::{normalize_name, normalize_within};
use crate::policy::{Plane, Transport};
use crate::select::names;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// The index in the reference data.
    Region(usize),
    /// The index in the reference data; `None` for a country.
    Continent(Option<usize>),
    AllRegions,
    Plane(Plane),
    Topic(Topic),
    Transport(Transport),
    /// A word without a meaning for lists.
    Filler,
}

#[rustfmt::skip]
const WORDS: &[(Word, &[&str])] = &[
    (Word::Plane(Plane::Signaling), &["signaling", "signalling", "シグナリング", "シグナル"]),
    (Word::Plane(Plane::Media), &["media", "rtp", "メディア"]),
    (Word::Topic(Topic::Ports), &["port", "ports", "ポート", "ポート番号"]),
    (Word::Topic(Topic::Addresses), &[
        "ip", "ips", "address", "addresses", "cidr", "cidrs", "network", "networks", "subnet", "subnets", "アドレス",
        "ネットワーク",
    ]),
    (Word::Topic(Topic::Places), &[
        "region", "regions", "edge", "edges", "location", "locations", "exchange", "exchanges", "gateway", "gateways",
        "リージョン", "地域", "エッジ", "ロケーション", "ゲートウェイ", "ゲートウェー", "ゲートウエイ",
    ]),
    (Word::AllRegions, &[
        "all regions", "all locations", "all edge locations", "all edges", "every region", "any region", "worldwide",
        "全リージョン", "すべてのリージョン", "全地域", "すべての地域", "全エッジ",
    ]),
    (Word::Topic(Topic::OwnSide), &["source", "送信元"]),
    (Word::Transport(Transport::Udp), &["udp"]),
    (Word::Transport(Transport::Tcp), &["tcp"]),
    (Word::Transport(Transport::Tls), &["tls"]),
    (Word::Topic(Topic::Addresses), &["cidr block", "cidr blocks", "ip block", "ip blocks", "address blocks"]),
    (Word::Continent(None), &[
        "united states", "usa", "united kingdom", "uk", "germany", "japan", "australia", "brazil", "california",
    ]),
    (Word::Filler, &[
        "a", "all", "allow", "and", "are", "as", "at", "back to top", "below", "by", "connection", "connections",
        "destination", "each", "entries", "firewall", "following", "for", "from", "global", "ice", "in", "individual",
        "interconnect", "internet", "into", "is", "ix", "list", "lists", "of", "on", "or", "over", "page anchor", "copy", "copied", "copy link",
        "code", "private", "protocol", "public", "published", "range", "ranges", "regional", "roaming", "gll", "gll ix",
        "secure", "server", "servers", "sip", "srtp", "stun", "the", "these", "link to this heading", "link to this section", "data center", "data centers", "ipv4", "current", "required", "this", "to", "traffic",
        "translates", "trunking", "elastic", "twilio", "twilio s", "use", "used", "uses", "using", "voice",
        "which", "with", "your",
        "の", "と", "は", "を", "に", "には", "で", "が", "へ", "使います", "使う", "使用します", "使用する", "利用する", "内訳", "ください", "してください", "用", "向け", "および", "及び", "以下", "次", "個別", "一覧", "リスト", "範囲", "レンジ",
        "グローバル", "セキュア", "プロトコル", "送信先", "宛先", "音声", "公開", "接続", "インターコネクト", "インターネット",
        "パブリック", "プライベート", "トラフィック", "許可", "許可する", "各", "です", "ます",
    ]),
];

/// The maximum number of bytes of a label, before and after normalizing. A longer text is prose.
const MAX_LABEL_BYTES: usize = 400;

/// Punctuation without a meaning. Other marks, such as a cross, may have a meaning.
const PUNCTUATION: &str = ":：()（）,、，.。/&+-_・·•'’‘\"“”「」†*|";

fn is_punctuation(c: char) -> bool {
    c.is_whitespace() || PUNCTUATION.contains(c) || matches!(c, '\u{2010}'..='\u{2015}')
}

/// All words that may be in a label.
pub struct Vocabulary {
    /// Normalized spellings by their first character.
    words: HashMap<char, Vec<(String, Word)>>,
    /// The continent of each region, as an index in the reference data.
    continents: Vec<Option<usize>>,
}

impl Vocabulary {
    pub fn new(reference_data: &ReferenceData) -> Self {
        let mut words = names_in(reference_data);
        for (word, spellings) in WORDS {
            words.extend(spellings.iter().map(|text| (normalize(text), *word)));
        }
        let mut by_start: HashMap<char, Vec<(String, Word)>> = HashMap::new();
        for (text, word) in words {
            if let Some(first) = text.chars().next() {
                by_start.entry(first).or_default().push((text, word));
            }
        }
        let continent = |region: &Region| {
            let mut continents = reference_data.continents.iter();
            continents.position(|c| c.id == region.continent)
        };
        Vocabulary {
            words: by_start,
            continents: reference_data.regions.iter().map(continent).collect(),
        }
    }

    pub fn region_count(&self) -> usize {
        self.continents.len()
    }

    /// Returns the meaning of a text; `None` if it has an unknown word or contradicts itself.
    pub fn label(&self, text: &str) -> Option<Label> {
        if text.len() > MAX_LABEL_BYTES {
            return None;
        }
        let text = without_anchor(text);
        if !text
            .chars()
            .all(|c| c.is_alphanumeric() || is_punctuation(c))
        {
            return None;
        }
        let words = self.split_words(&letters(&normalize_within(text, MAX_LABEL_BYTES)?))?;
        let mut label = Label::default();
        let mut continents: Vec<Option<usize>> = Vec::new();
        for word in words {
            match word {
                Word::Region(at) => label.regions.push(at),
                Word::Continent(continent) => continents.push(continent),
                Word::AllRegions => label.all_regions = true,
                Word::Plane(plane) => label.planes.push(plane),
                Word::Topic(topic) => label.topics.push(topic),
                Word::Transport(transport) => label.transports.push(transport),
                Word::Filler => {}
            }
        }
        label.regions.sort_unstable();
        label.regions.dedup();
        label.planes.sort_unstable();
        label.planes.dedup();
        self.is_consistent(&label, &continents).then_some(label)
    }

    /// Returns false for a continent without one of its regions, a region with another continent,
    /// and media over TCP.
    fn is_consistent(&self, label: &Label, continents: &[Option<usize>]) -> bool {
        let is_in_all = |region: &usize| {
            continents
                .iter()
                .all(|continent| continent.is_none() || *continent == self.continents[*region])
        };
        let is_media_over_tcp =
            label.planes == [Plane::Media] && label.transports.iter().any(|t| *t != Transport::Udp);
        (continents.is_empty() || !label.regions.is_empty())
            && label.regions.iter().all(is_in_all)
            && !is_media_over_tcp
    }

    /// Splits a normalized text into the fewest known words; `None` if that is impossible. It tries
    /// every split, because Japanese has no spaces between words.
    fn split_words(&self, text: &str) -> Option<Vec<Word>> {
        // For each offset: the number of words from there to the end, and the first of these words.
        let mut best: Vec<Option<(usize, &str, Word)>> = vec![None; text.len() + 1];
        best[text.len()] = Some((0, "", Word::Filler));
        for (start, first) in text.char_indices().rev() {
            let rest = &text[start..];
            let words = self.words.get(&first).into_iter().flatten();
            let splits = words.filter_map(|(spelling, word)| {
                let (more, ..) = best[start + spelling.len().min(rest.len())]?;
                let is_next = rest.starts_with(spelling.as_str());
                is_next.then_some((more + 1, spelling.as_str(), *word))
            });
            // If several splits have the same number of words, use the first one in the vocabulary.
            best[start] = splits.min_by_key(|(count, ..)| *count);
        }
        let mut words = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let (_, spelling, word) = best[at]?;
            words.push(word);
            at += spelling.len();
        }
        Some(words)
    }
}

/// Returns the normalized names of all regions and continents.
fn names_in(reference_data: &ReferenceData) -> Vec<(String, Word)> {
    let mut words = Vec::new();
    for (at, region) in reference_data.regions.iter().enumerate() {
        let names = names::names_of(region);
        words.extend(names.map(|name| (normalize(&name), Word::Region(at))));
    }
    for (at, continent) in reference_data.continents.iter().enumerate() {
        let names = names::names_of_group(continent);
        words.extend(names.map(|name| (normalize(name), Word::Continent(Some(at)))));
    }
    words
}

/// Returns the normalized letters and digits of a title; `None` if it is too long for one.
pub fn letters_of(title: &str) -> Option<String> {
    let normalized = normalize_within(title, MAX_LABEL_BYTES)?;
    Some(letters(&normalized))
}

/// Returns the normalized letters and digits of a text.
fn normalize(text: &str) -> String {
    letters(&normalize_name(text))
}

/// Returns the letters and digits of a text.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Removes the anchor at the end of an MDX heading, as in `Title [#name]`.
fn without_anchor(text: &str) -> &str {
    match text.rfind("[#") {
        Some(at) if text.ends_with(']') => &text[..at],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset;

    #[test]
    fn labels_name_regions_planes_and_topics_and_have_no_unknown_words() {
        let reference_data = dataset::reference_data().unwrap();
        let vocabulary = Vocabulary::new(reference_data);
        let said = |text: &str| {
            let Some(label) = vocabulary.label(text) else {
                return "-".to_owned();
            };
            let mut words: Vec<String> = Vec::new();
            words.extend(
                label
                    .regions
                    .iter()
                    .map(|at| reference_data.regions[*at].id.to_string()),
            );
            words.extend(label.planes.iter().map(ToString::to_string));
            words.extend(label.all_regions.then(|| "everywhere".to_owned()));
            for (topic, word) in [
                (Topic::Ports, "ports"),
                (Topic::Addresses, "addresses"),
                (Topic::Places, "places"),
                (Topic::OwnSide, "own"),
            ] {
                words.extend(label.has(topic).then(|| word.to_owned()));
            }
            words.join(" ")
        };
        for (text, meaning) in [
            ("北米バージニアゲートウェイ:", "virginia places"),
            ("南アメリカ サンパウロゲートウェイ", "sao-paulo places"),
            ("シグナリングIP:", "signaling addresses"),
            (
                "Use the following IP addresses for Asia-Pacific Tokyo gateways:",
                "tokyo addresses places",
            ),
            (
                "North America San Jose Interconnect Gateways",
                "oregon places",
            ),
            ("Europe (London)", "ireland"),
            (
                "Signalling IP Addresses using Twilio Interconnect [#IP-addresses-tnx]",
                "signaling addresses",
            ),
            (
                "Secure Media (ICE/STUN/SRTP) Edge Locations",
                "media places",
            ),
            ("Source Port †", "ports own"),
            ("Destination Port Range", "ports"),
            (
                "tokyo (jp1)\nashburn (us1)\nroaming (gll)",
                "virginia tokyo",
            ),
            ("Media IPs (all regions)", "media everywhere addresses"),
            ("SIP signaling and RTP media", "signaling media"),
            ("", ""),
            ("Asia Pacific Gateways", "-"),
            ("Europe Tokyo", "-"),
            ("Ashburn, Virginia, United States", "virginia"),
            ("Asia Pacific Mumbai Gateways", "-"),
            ("Asia Pacific Tokio Gateways", "-"),
            ("Signaling IPs until 2025", "-"),
        ] {
            assert_eq!(said(text), meaning, "{text}");
        }
    }
}
