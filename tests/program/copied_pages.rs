//! `dataset diff` on text that was copied from a browser, or extracted from a page. The texts are made
//! here from the facts.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::common::oracle::Random;
use crate::common::{Ran, Tool, facts};

const TITLES: [&str; 6] = [
    "Secure Media (ICE/STUN/SRTP) Edge Locations",
    "Protocol",
    "Source IP",
    "Source Port †",
    "Destination IP Ranges",
    "Destination Port Range",
];

const TITLES_JA: [&str; 6] = [
    "セキュアメディア (ICE/STUN/SRTP) エッジロケーション",
    "プロトコル",
    "送信元IP",
    "送信元ポート †",
    "宛先IP範囲",
    "宛先ポート範囲",
];

const SIGNALING_PORTS: &str = "Ports: 5060 (UDP/TCP), 5061 (TLS)";

/// The separators in a copied table: between titles, between the lines of the first cell, before the
/// second cell, and between the other cells.
const SEPARATORS: [(&str, &str, &str, &str); 11] = [
    // Chrome and Firefox
    ("\t", "\n", "\t", "\t"),
    (" \t", "\n", " \t", " \t"),
    // Line breaks in a cell as spaces
    ("\t", " ", "\t", "\t"),
    // Each cell on a line of its own
    ("\n", "\n", "\n", "\n"),
    ("\n\n", "\n\n", "\n\n", "\n\n"),
    ("\n\t\n", "\n", "\n\t\n", "\n\t\n"),
    // Only spaces
    (" ", " ", " ", " "),
    ("      ", "\n", "      ", "      "),
    // Nothing between the cells
    ("", "\n", "\n", ""),
    ("", "", "", ""),
    ("", "\n", "\t", ""),
];

/// The forms of the list below the name of a gateway.
const LISTS: [&str; 8] = [
    "button",
    "indented",
    "numbers on lines",
    "numbers before lines",
    "numbers first",
    "bullets",
    "spaces",
    "commas",
];

/// The cells of the media table. The first one has a line for each edge location.
fn media_cells(edition: &str) -> (Vec<String>, [&'static str; 5]) {
    let is_interconnect = edition == "interconnect";
    let mut places: Vec<String> = facts::regions()
        .iter()
        .map(|row| {
            if is_interconnect {
                format!("{} ({}-ix)", row[2], row[3])
            } else {
                format!("{} ({} )", row[1], row[3])
            }
        })
        .collect();
    let roaming = if is_interconnect { "gll-ix" } else { "gll " };
    places.push(format!("roaming ({roaming})"));
    let cells = ["UDP", "ANY", "ANY", "168.86.128.0/18", "10,000 - 60,000"];
    (places, cells)
}

fn media_table(edition: &str, titles: &[&str], form: usize) -> String {
    let (places, cells) = media_cells(edition);
    let (title, line, first, cell) = SEPARATORS[form];
    format!(
        "{}\n{}{first}{}\n",
        titles.join(title),
        places.join(line),
        cells.join(cell)
    )
}

/// The list of a gateway, with the name that Twilio prints above it.
fn gateway(edition: &str, region: &[String], form: &str) -> String {
    let signaling = facts::published(edition, &region[0], "signaling");
    let singles = signaling.iter().flat_map(|(first, last)| *first..=*last);
    let mut lines: Vec<String> = singles.map(|a| Ipv4Addr::from(a).to_string()).collect();
    let addresses = lines.clone();
    if edition != "interconnect" {
        lines.insert(0, format!("{}/30 which translates to:", lines[0]));
    }
    lines.push(SIGNALING_PORTS.to_owned());
    let numbered = |separator: &str, end: &str| -> String {
        let lines = lines.iter().enumerate();
        let lines: Vec<String> = lines
            .map(|(at, line)| format!("{}{separator}{line}{end}", at + 1))
            .collect();
        lines.concat()
    };
    let numbers: Vec<String> = (1..=lines.len()).map(|number| number.to_string()).collect();
    let list = match form {
        "button" => format!("Copy code block\n    {}", lines.join("\n    ")),
        "indented" => format!("\n    {}\n", lines.join("\n    ")),
        "numbers on lines" => format!("\nCopy code block\n\n{}", numbered("\n\n        ", "\n\n")),
        "numbers before lines" => format!("Copy code block\n{}", numbered("\t", "\n")),
        "numbers first" => format!("{}\n{}", numbers.join("\n"), lines.join("\n")),
        "bullets" => format!("• {}", lines.join("\n• ")),
        "spaces" => format!("{}\n{SIGNALING_PORTS}", addresses.join(" ")),
        _ => format!("{}\n{SIGNALING_PORTS}", addresses.join(", ")),
    };
    let name = match (edition, region[0].as_str()) {
        ("interconnect", "oregon") => "North America San Jose Interconnect Gateways".to_owned(),
        ("interconnect", "ireland") => "Europe London Interconnect Gateways".to_owned(),
        _ => format!("{} gateways", region[5]),
    };
    let anchor = name.to_lowercase().replace(' ', "-");
    format!("{name}\n{anchor} page anchor\n{list}\n\n")
}

/// A page with the media table, and a list of signaling addresses for each gateway.
fn page(edition: &str, media: &str, list: &str) -> String {
    let gateways: String = facts::regions()
        .iter()
        .map(|region| gateway(edition, region, list))
        .collect();
    format!(
        "Skip to contentSkip to navigationSkip to topbar\nOn this page\n\nIP addresses for SIP trunks\n\n\n\
         Global Media IP Gateways\n\nglobal-media-ip-gateways page anchor\n\nPositive FeedbackNegative Feedback\n\n\
         {media}\n\
         † A client takes any free port of its system, in most cases one from 1,024 to 65,535.\n\n\n\
         Regional Signaling IP Gateways\n\nip-list-2 page anchor\n\n\n(warning)\n\nWarning\n\
         These addresses are for firewalls. Send calls to the name of your domain instead.\n{gateways}\
         Rate this page:\n"
    )
}

/// A table with one row for each region. `join` separates the addresses in a cell.
fn rows(edition: &str, separator: &str, join: &str, title: &str) -> String {
    let titles = [
        "Region",
        "Signaling IPs",
        "Signaling ports",
        "Media IPs",
        "Media ports",
    ];
    let media_ports = if edition == "global" {
        "60,000"
    } else {
        "20,000"
    };
    let rows: Vec<String> = facts::regions()
        .iter()
        .map(|region| {
            let signaling = facts::published(edition, &region[0], "signaling");
            let signaling = signaling.iter().flat_map(|(first, last)| *first..=*last);
            let signaling: Vec<String> = signaling.map(|a| Ipv4Addr::from(a).to_string()).collect();
            let media = facts::cidrs(&facts::published(edition, &region[0], "media"));
            let cells = [
                region[5].clone(),
                signaling.join(join),
                "5060 (UDP/TCP), 5061 (TLS)".to_owned(),
                media.join(join),
                format!("10,000 - {media_ports}"),
            ];
            cells.join(separator)
        })
        .collect();
    format!(
        "All that a firewall has to let through, one row for each region.\n\n{}\n{}\n\nSend calls to names.\n",
        titles.join(title),
        rows.join("\n")
    )
}

fn diff(options: &str, text: &str) -> Ran {
    Tool::line(&format!("dataset diff {options} text"))
        .file("text", text)
        .run()
}

/// All texts that can be read, each with its edition.
fn readable() -> Vec<(&'static str, String)> {
    let mut texts = Vec::new();
    for edition in ["global", "interconnect"] {
        for form in 0..SEPARATORS.len() {
            let media = media_table(edition, &TITLES, form);
            texts.push((edition, page(edition, &media, LISTS[form % LISTS.len()])));
        }
        for list in LISTS {
            texts.push((
                edition,
                page(edition, &media_table(edition, &TITLES, 0), list),
            ));
        }
        let (places, cells) = media_cells(edition);
        let rule = "---|".repeat(6);
        let media = format!(
            "**{}**\n{}\n{}| {}\n",
            TITLES.join("**| **"),
            rule.trim_end_matches('|'),
            places.join("\n"),
            cells.join("| ")
        );
        texts.push((edition, page(edition, &media, "indented")));
    }
    for form in 0..SEPARATORS.len() {
        let media = media_table("global", &TITLES_JA, form);
        texts.push(("global", page("global", &media, "button")));
    }
    for edition in ["regional", "regional-expanded", "global"] {
        texts.push((edition, rows(edition, "\t", "\n", "\t")));
        texts.push((edition, rows(edition, "\t", ", ", "\t")));
        texts.push((edition, rows(edition, "\n", "\n", "\n")));
        texts.push((edition, rows(edition, " ", ", ", " ")));
    }
    texts
}

#[test]
fn reads_text_that_was_copied_from_a_browser() {
    let texts = readable();
    assert!(texts.len() >= 60, "{}", texts.len());
    for (edition, text) in texts {
        let ran = diff("--any-edition", &text);
        let start = format!("same: text equals edition {edition} (");
        assert!(ran.stdout.starts_with(&start), "{text}\n{ran}");
    }
}

/// `1955060` is `.195` and 5060, or `.19` and 55060.
#[test]
fn refuses_rows_that_can_be_split_in_several_ways() {
    for edition in ["regional", "global"] {
        let text = rows(edition, "", ", ", "");
        let message = diff("", &text).refused();
        assert_eq!(
            message.lines().collect::<Vec<_>>(),
            [
                "twilio-sip-allow: error: text:3: the rows below the column titles 'RegionSignaling IPsSignaling \
                 portsMedia IPsMedia ports' cannot be split into cells in exactly one way",
                "twilio-sip-allow: note: the page may be incomplete, damaged or in a new layout; if its text was \
                 copied from a browser, use its Markdown instead (the address of the page with .md at its end), or \
                 the HTML that the browser saves",
            ]
        );
    }
    let (places, _) = media_cells("global");
    let table = |cells: &str| {
        let media = format!("{}\n{}\n{cells}\n", TITLES.concat(), places.join("\n"));
        diff("", &page("global", &media, "button"))
    };
    assert_eq!(table("UDPANYANY168.86.128.0/1810,000 - 60,000").status, 0);
    for (cells, first) in [
        (
            "UDPANYANY168.86.128.0/1910,000 - 60,000",
            "  removed  media of all regions: 168.86.160.0/19",
        ),
        (
            "UDPANYANY168.86.128.010,000 - 60,000",
            "  removed  media of all regions: 168.86.128.1",
        ),
        (
            "UDPANYANY168.86.128.0/181,024 - 65,535",
            "  changed  media of all regions: ports 10000-60000 -> 1024-65535 (line 14)",
        ),
    ] {
        let ran = table(cells);
        assert_eq!(ran.stdout.lines().nth(1), Some(first), "{ran}");
        assert_eq!(ran.status, 1);
    }
    for cells in [
        // .1 with 25,000, or .12 with 5,000
        "UDPANYANY168.86.128.125,000 - 60,000",
        // A prefix length of 1 or 11 for an address that is not its network
        "UDPANYANY168.86.128.0/110,000 - 60,000",
        "UDPANYANY168.86.128.0/81,024 - 60,000",
        "UDPANYANY168.86.128.0/1810,000 - 60,000TCP",
        "UDPANY168.86.128.0/1810,000 - 60,000",
        "SCTPANYANY168.86.128.0/1810,000 - 60,000",
        "UDPANYANY168.86.128.0/18060,000 - 10,000",
    ] {
        let message = table(cells).refused();
        assert!(
            message.contains(" cannot be split into cells in exactly one way"),
            "{cells}: {message}"
        );
    }
}

/// Damages a text: removes, changes, joins, breaks, repeats or moves characters or lines.
fn damaged(text: &str, random: &mut Random) -> String {
    let mut below = |count: usize| {
        let last = u64::try_from(count).unwrap() - 1;
        usize::try_from(random.between(0, last)).unwrap()
    };
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let at = below(lines.len() - 1);
    let line = lines[at].clone();
    let letters: Vec<char> = line.chars().collect();
    let place = below(letters.len() + 1);
    let (before, after) = letters.split_at(place);
    let text_of = |letters: &[char]| letters.iter().collect::<String>();
    match below(12) {
        0 => lines[at] = text_of(before) + &text_of(after.get(1..).unwrap_or_default()),
        1 | 9 | 10 | 11 => {
            let digit = below(10).to_string();
            let changed = text_of(after).replacen(|c: char| c.is_ascii_digit(), &digit, 1);
            lines[at] = text_of(before) + &changed;
        }
        2 => drop(lines.remove(at)),
        3 => lines.insert(at, line),
        4 => lines.swap(at, at + 1),
        5 => {
            let next = lines.remove(at + 1);
            lines[at].push_str(&next);
        }
        6 => lines[at] = format!("{}\n{}", text_of(before), text_of(after)),
        7 => lines[at] = line.replace(['\t', ' ', ','], ""),
        _ => {
            let end = after.len().min(below(20));
            lines[at] = text_of(before) + &text_of(&after[end..]);
        }
    }
    lines.join("\n")
}

/// The addresses and networks that a text may contain: each run of digits, dots and slashes with all of
/// its starts and ends, because nothing may separate the cells.
fn contains_network(text: &str, network: &str) -> bool {
    let (address, bits) = network.split_once('/').unwrap();
    if bits == "32" {
        return text.contains(address);
    }
    let wanted = facts::network(network);
    let runs = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '/');
    let spellings = runs.flat_map(|run| (0..=run.len()).map(move |end| &run[..end]));
    spellings.filter(|run| is_network(run)).any(|run| {
        let (first, last) = facts::network(run);
        (first <= wanted.0 && wanted.1 <= last) || (wanted.0 <= first && last <= wanted.1)
    })
}

fn is_network(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
    let bits = bits
        .parse::<u32>()
        .ok()
        .filter(|bits| (8..=32).contains(bits));
    address.parse::<Ipv4Addr>().is_ok_and(|address| {
        bits.is_some_and(|bits| u64::from(u32::from(address)) % (1 << (32 - bits)) == 0)
    })
}

/// The figures that make up a list, however they are separated.
fn has_all_figures(edition: &str, text: &str) -> bool {
    let digits = text.replace([',', ' '], "");
    let media_ports = if edition.starts_with("regional") {
        "10000-20000"
    } else {
        "10000-60000"
    };
    let has_signaling = |region: &String| {
        let signaling = facts::published(edition, region, "signaling");
        let mut singles = signaling.iter().flat_map(|(first, last)| *first..=*last);
        let cidr = &facts::cidrs(&signaling)[0];
        text.contains(cidr) || singles.all(|a| text.contains(&Ipv4Addr::from(a).to_string()))
    };
    let has_media = |region: &String| {
        let media = facts::cidrs(&facts::published(edition, region, "media"));
        media.iter().all(|cidr| text.contains(cidr))
    };
    let regions = facts::region_ids();
    regions.iter().all(has_signaling)
        && regions.iter().all(has_media)
        && digits.contains(media_ports)
        && text.matches("5060 (UDP/TCP)").count() + text.matches("5060(UDP/TCP)").count() >= 8
}

/// Each of 300 damaged texts is refused, or has the figures of its edition, or differs by figures that
/// the text really contains.
#[test]
fn never_misreads_a_damaged_text() {
    let texts = readable();
    let mut random = Random::new(20_260_101);
    let mut counts = [0; 3];
    for number in 0..300 {
        let (edition, text) = &texts[number * 7 % texts.len()];
        let text = damaged(text, &mut random);
        let ran = diff(&format!("--json --edition {edition}"), &text);
        counts[usize::try_from(ran.status).unwrap()] += 1;
        match ran.status {
            0 => assert!(has_all_figures(edition, &text), "{text}\n{ran}"),
            1 => {
                let report: Value = serde_json::from_str(&ran.stdout).unwrap();
                for change in report["changes"].as_array().unwrap() {
                    let is_real =
                        match (&change["change"], &change["network"], &change["page_ports"]) {
                            (Value::String(kind), Value::String(network), _) if kind == "added" => {
                                contains_network(&text, network)
                            }
                            (_, _, Value::String(ports)) => {
                                let digits = text.replace([',', ' '], "");
                                digits.contains(ports.as_str())
                            }
                            _ => true,
                        };
                    assert!(is_real, "{change}\n{text}");
                }
            }
            _ => drop(ran.refused()),
        }
    }
    let [same, different, refused] = counts;
    assert!(same >= 40 && different >= 15 && refused >= 80, "{counts:?}");
}
