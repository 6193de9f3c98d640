//! What the words of headings, labels and columns mean, in English and Japanese.

use std::collections::HashMap;

use crate::dataset::{ReferenceData, Region};
use crate::names::{normalize_name, normalize_within};
use crate::policy::{Plane, Transport};
use crate::select::names;

/// What a label says. A text with any other word in it is no label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Positions in the reference data, ascending, without repetition.
    pub regions: Vec<usize>,
    /// All regions at once.
    pub everywhere: bool,
    /// Signaling, media, or both.
    pub planes: Vec<Plane>,
    /// What else it speaks of.
    pub topics: Vec<Topic>,
    /// Of SIP; media has one alone.
    pub transports: Vec<Transport>,
}

/// What the figures below a label, or in its column, are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Ports,
    Addresses,
    /// Regions, edges, exchanges.
    Places,
    /// The user's own side.
    OwnSide,
}

impl Label {
    pub fn is_of(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Region(usize),
    /// By its position in the reference data; `None` for a country.
    Continent(Option<usize>),
    Everywhere,
    Plane(Plane),
    Topic(Topic),
    Transport(Transport),
    /// Says nothing that matters here.
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
    (Word::Everywhere, &[
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

/// A text of more bytes is prose, and so is one that has more once it is folded.
const LONGEST: usize = 400;

/// Marks that say nothing. Others, such as a cross, may.
fn may_stand_in_label(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            ':' | '：'
                | '('
                | ')'
                | '（'
                | '）'
                | ','
                | '、'
                | '，'
                | '.'
                | '。'
                | '/'
                | '&'
                | '+'
                | '-'
                | '_'
        )
        || matches!(
            c,
            '\u{2010}'
                ..='\u{2015}'
                    | '・'
                    | '·'
                    | '•'
                    | '\''
                    | '’'
                    | '‘'
                    | '"'
                    | '“'
                    | '”'
                    | '「'
                    | '」'
                    | '†'
                    | '*'
                    | '|'
        )
}

/// The words that a page may use in its labels.
pub struct Vocabulary {
    /// Without blanks, marks and case; by their first characters.
    words: HashMap<char, Vec<(String, Word)>>,
    /// Of each region.
    continents: Vec<Option<usize>>,
}

impl Vocabulary {
    pub fn new(reference_data: &ReferenceData) -> Self {
        let mut words: Vec<(String, Word)> = Vec::new();
        for (at, region) in reference_data.regions.iter().enumerate() {
            let names = names::names_of(region).map(str::to_owned);
            let names = names.chain(interconnect_names(region));
            words.extend(names.map(|name| (plain(&name), Word::Region(at))));
        }
        for (at, continent) in reference_data.continents.iter().enumerate() {
            let names = names::names_of_continent(continent);
            words.extend(names.map(|name| (plain(name), Word::Continent(Some(at)))));
        }
        let continent = |region: &Region| {
            reference_data
                .continents
                .iter()
                .position(|c| c.id == region.continent)
        };
        let continents = reference_data.regions.iter().map(continent).collect();
        for (word, spellings) in WORDS {
            words.extend(spellings.iter().map(|text| (plain(text), *word)));
        }
        let mut by_start: HashMap<char, Vec<(String, Word)>> = HashMap::new();
        for (text, word) in words {
            if let Some(first) = text.chars().next() {
                by_start.entry(first).or_default().push((text, word));
            }
        }
        Vocabulary {
            words: by_start,
            continents,
        }
    }

    /// What a text says, if it consists of words that are known and no others.
    pub fn label(&self, text: &str) -> Option<Label> {
        if text.len() > LONGEST {
            return None;
        }
        let text = without_anchor(text);
        if text
            .chars()
            .any(|c| !c.is_alphanumeric() && !may_stand_in_label(c))
        {
            return None;
        }
        let words = self.words_of(&letters(&normalize_within(text, LONGEST)?))?;
        let mut label = Label::default();
        let mut parts: Vec<Option<usize>> = Vec::new();
        for word in words {
            match word {
                Word::Region(at) => label.regions.push(at),
                Word::Continent(part) => parts.push(part),
                Word::Everywhere => label.everywhere = true,
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
        // A part of the world by itself names a place that is not known, and media over TCP is
        // something else.
        let no_place = !parts.is_empty() && label.regions.is_empty();
        let is_there = |region: &usize| {
            parts
                .iter()
                .all(|part| part.is_none() || *part == self.continents[*region])
        };
        let elsewhere = !label.regions.iter().all(is_there);
        let odd_media =
            label.planes == [Plane::Media] && label.transports.iter().any(|t| *t != Transport::Udp);
        (!no_place && !elsewhere && !odd_media).then_some(label)
    }

    /// The fewest known words that together are the text; `None` where it has others. Japanese is
    /// written without blanks, so no mark in the text says where a word ends.
    fn words_of(&self, text: &str) -> Option<Vec<Word>> {
        // For each place, how many words lead from there to the end, and the first of them.
        let mut best: Vec<Option<(usize, &str, Word)>> = vec![None; text.len() + 1];
        best[text.len()] = Some((0, "", Word::Filler));
        for (start, first) in text.char_indices().rev() {
            let rest = &text[start..];
            let ways = self.words.get(&first).into_iter().flatten();
            let ways = ways.filter_map(|(spelling, word)| {
                let (more, ..) = best[start + spelling.len().min(rest.len())]?;
                let leads = rest.starts_with(spelling.as_str());
                leads.then_some((more + 1, spelling.as_str(), *word))
            });
            // The first of those that are equally short.
            best[start] = ways.min_by_key(|(count, ..)| *count);
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

/// The exchange's place, and the legacy id with the mark of Interconnect.
fn interconnect_names(region: &Region) -> [String; 2] {
    let edge = &region.interconnect_edge;
    [
        edge.strip_suffix("-ix").unwrap_or(edge).to_owned(),
        format!("{}-ix", region.legacy_id),
    ]
}

/// Letters and digits alone, folded.
fn plain(text: &str) -> String {
    letters(&normalize_name(text))
}

/// The letters and digits of a text.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Without the name that a heading of MDX ends in: `Title [#name]`.
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
    fn labels_say_regions_planes_and_columns_and_nothing_else() {
        let reference_data = dataset::reference_data().unwrap();
        let vocabulary = Vocabulary::new(&reference_data);
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
            words.extend(label.everywhere.then(|| "everywhere".to_owned()));
            for (topic, word) in [
                (Topic::Ports, "ports"),
                (Topic::Addresses, "addresses"),
                (Topic::Places, "places"),
                (Topic::OwnSide, "own"),
            ] {
                words.extend(label.is_of(topic).then(|| word.to_owned()));
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
