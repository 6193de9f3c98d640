//! Tests of [`find`] with many notations.

use super::nearby::LONGEST_GAP;
use super::{find, invalid_addresses};
use crate::policy::notation;

fn found(text: &str) -> Vec<String> {
    let all = find(text.as_bytes()).map(|f| {
        let (meaning, written) = (notation(f.span), f.text(text.as_bytes()));
        if meaning == written {
            meaning
        } else {
            format!("{meaning} as {written}")
        }
    });
    all.collect()
}

#[test]
fn finds_addresses_and_networks_between_any_signs() {
    assert_eq!(
        found("a=192.0.2.1,\"192.0.2.0/24\" <192.0.2.7>:5060 旧192.0.2.9は 192.0.2.3. End"),
        [
            "192.0.2.1",
            "192.0.2.0/24",
            "192.0.2.7",
            "192.0.2.9",
            "192.0.2.3"
        ]
    );
    assert_eq!(
        found("192.0.2.77/24 192.0.2.1/33 192.0.2.1/path"),
        [
            "192.0.2.0/24 as 192.0.2.77/24",
            "192.0.2.1 as 192.0.2.1/33",
            "192.0.2.1"
        ]
    );
    assert_eq!(
        found("0.0.0.0 255.255.255.254/31"),
        ["0.0.0.0", "255.255.255.254/31"]
    );
}

#[test]
fn a_slash_may_be_escaped_and_a_path_is_not_a_prefix() {
    assert_eq!(
        found(r#"["192.0.2.0\/24"] x=192.0.2.0%2F24"#),
        [
            r"192.0.2.0/24 as 192.0.2.0\/24",
            "192.0.2.0/24 as 192.0.2.0%2F24"
        ]
    );
    assert_eq!(
        found("http://192.0.2.2/8/x 192.0.2.2/8/x 192.0.2.2/8.1 192.0.2.0/24."),
        ["192.0.2.2", "192.0.2.2", "192.0.2.2", "192.0.2.0/24"]
    );
}

#[test]
fn an_end_that_is_too_far_away_does_not_belong_to_the_range() {
    let text = format!(
        "{{\"start\": \"192.0.2.1\", \"x\": \"{}\", \"end\": \"192.0.2.100\"}}",
        "y".repeat(230)
    );
    assert_eq!(found(&text), ["192.0.2.1", "192.0.2.100"]);
}

#[test]
fn too_many_blanks_end_a_set() {
    for (before, behind, set) in [
        ("", "- 192.0.2.7", "192.0.2.1-192.0.2.7"),
        ("", "to 192.0.2.7", "192.0.2.1-192.0.2.7"),
        ("range ", "192.0.2.7", "192.0.2.1-192.0.2.7"),
        ("", "255.255.255.254", "192.0.2.0/31"),
        ("", "mask 255.255.255.254", "192.0.2.0/31"),
        ("", "/31", "192.0.2.0/31"),
        ("1 ", "31", "192.0.2.0/31"),
    ] {
        let first = |blanks: usize| {
            let text = format!("{before}192.0.2.1{}{behind}", "\t".repeat(blanks));
            let first = find(text.as_bytes()).next().unwrap();
            (notation(first.span), first.place.len() > "192.0.2.1".len())
        };
        assert_eq!(first(LONGEST_GAP), (set.to_owned(), true), "{behind}");
        let alone = ("192.0.2.1".to_owned(), false);
        assert_eq!(first(100 * LONGEST_GAP), alone, "{behind}");
    }
}

#[test]
fn a_mask_after_the_next_line_does_not_belong_to_the_address() {
    for mask in ["netmask: 255.255.255.0", "prefix: 24", "mask 24"] {
        let first = |breaks: usize| {
            let text = format!("ip: 192.0.2.0{}{mask}", "\r\n".repeat(breaks));
            found(&text).swap_remove(0)
        };
        assert_eq!(first(1), "192.0.2.0/24", "{mask}");
        assert_eq!(first(2), "192.0.2.0", "{mask}");
        assert_eq!(first(20), "192.0.2.0", "{mask}");
    }
}

#[test]
fn finds_four_numbers_that_are_not_a_valid_address() {
    let text =
        b"192.0.2.256/24, 192.0.2.1922 192.0.02.1 192.0.2.1 1.3.6.1.4 v1.2.3.400 192.0.2.19222";
    let seen: Vec<&[u8]> = invalid_addresses(text).map(|place| &text[place]).collect();
    assert_eq!(
        seen,
        [&b"192.0.2.256/24"[..], b"192.0.2.1922", b"192.0.02.1"]
    );
}

#[test]
fn versions_names_and_malformed_numbers_are_not_addresses() {
    for text in [
        "1.3.6.1.4.1.9",
        ".1.3.6.1",
        "v1.2.3.4",
        "1.2.3.4b",
        "192.0.2.256",
        "192.0.02.1",
        "2024.02.21",
        "192.0.2",
        "1.2.3.4.example",
        "1.2.3.4_5",
        "A1.2.3.4",
        "1.2.3.4.5.6.7.8",
        "x.1.2.3.4",
        "1..2.3.4",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn finds_ranges_in_every_notation() {
    let range = "192.0.2.1-192.0.2.7";
    for text in [
        "192.0.2.1-192.0.2.7",
        "192.0.2.1 - 192.0.2.7",
        "192.0.2.1–192.0.2.7",
        "192.0.2.1..192.0.2.7",
        "192.0.2.1 to 192.0.2.7",
        "192.0.2.1 through 192.0.2.7",
        "192.0.2.1-7",
        "range 192.0.2.1 192.0.2.7",
        "192.0.2.1～192.0.2.7",
        "set start-ip 192.0.2.1\n  set end-ip 192.0.2.7\n",
        "<from>192.0.2.1</from><to>192.0.2.7</to>",
        "{\"first\": \"192.0.2.1\",\n \"last\": \"192.0.2.7\"}",
        "begin=192.0.2.1 end=192.0.2.7",
        "192.0.2.1~192.0.2.7",
        "192.0.2.1 To 192.0.2.7",
        "{\"rangeStart\": \"192.0.2.1\", \"rangeEnd\": \"192.0.2.7\"}",
        "--start-ip-address 192.0.2.1 --end-ip-address 192.0.2.7",
    ] {
        let all = found(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        assert!(all[0].starts_with(range), "{text}: {all:?}");
    }
    for text in [
        "from 192.0.2.1 to 192.0.2.7",
        "192.0.2.7-192.0.2.1",
        "192.0.2.1, 192.0.2.7",
        "start-ip 192.0.2.1\nother\nend-ip 192.0.2.7",
        "first 192.0.2.1 last 192.0.2.7",
        "From: 54.172.60.0\nTo: 54.244.51.0",
        "snat 10.0.0.5 to 192.0.2.7",
        "{\"from\":\"10.0.0.5\",\"to\":\"192.0.2.7\"}",
        "10.0.0.5 - 192.0.2.7 [21/Feb/2024:10:00:00 +0000]",
        "192.0.2.0 - 192.0.2.128/26",
    ] {
        assert_eq!(found(text).len(), 2, "{text}");
    }
    assert_eq!(
        found("192.0.2.5-3 192.0.2.5-1.2"),
        ["192.0.2.5", "192.0.2.5"]
    );
}

#[test]
fn finds_masks_and_prefixes_in_every_notation() {
    for text in [
        "192.0.2.0/24",
        "192.0.2.0 255.255.255.0",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0 0.0.0.255",
        "192.0.2.0 netmask 255.255.255.0",
        "\"address\": \"192.0.2.0\", \"netmask\": \"255.255.255.0\"",
        "host=\"192.0.2.0\" mask=\"255.255.255.0\"",
        "ip: 192.0.2.0\n  prefix: 24",
        "192.0.2.0 mask 24",
        "(1,'192.0.2.0', 24,5060)",
        "INSERT INTO address VALUES (1,'192.0.2.0',24,0)",
        "1 192.0.2.0 24 0",
        "twilio,192.0.2.0,255.255.255.0",
        "| 192.0.2.0 | 255.255.255.0 |",
        "192.0.2.0 /24",
        "INSERT INTO a (ip, mask) VALUES ('192.0.2.0',24)",
        "192.0.2.0 mask-length 24",
        "1;GRP;192.0.2.0;24;0;Name",
        "192.0.2.0,24",
        "twilio,192.0.2.0,24,udp",
        "\"192.0.2.0\",\"24\"",
        "[\"192.0.2.0\", 24]",
        "192.0.2.0\t24\tudp",
        "| 192.0.2.0 | 24 |",
        "192.0.2.0 24",
        "network 192.0.2.0 /24 zone WAN",
        "192.0.2.0 / 24",
        "192.0.2.0 / 24 # Twilio",
        "ip: 192.0.2.0\n  bits: 24",
        "{\"net\": \"192.0.2.0\", \"bits\": 24}",
    ] {
        let all = found(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        assert!(all[0].starts_with("192.0.2.0/24"), "{text}: {all:?}");
    }
    assert_eq!(
        found("192.0.2.9 0.0.0.0 any"),
        ["192.0.2.9 as 192.0.2.9 0.0.0.0"]
    );
    assert_eq!(found("192.0.2.9 255.0.255.0"), ["192.0.2.9", "255.0.255.0"]);
    assert_eq!(
        found("('192.0.2.9', 7)\nconnect('192.0.2.9', 24) s.f(('192.0.2.9', 22))"),
        ["192.0.2.9", "192.0.2.9", "192.0.2.9"]
    );
    for text in [
        "192.0.2.0;5060;0",
        "192.0.2.9;24;0",
        "192.0.2.0,24.5",
        "192.0.2.0 24 calls",
        "192.0.2.0 / 24 of them",
        "192.0.2.0, 24-26 May",
        "192.0.2.0;33;0",
        "connect(\"192.0.2.0\", 24)",
        "192.0.2.9\n bits: 24",
    ] {
        let address = text.split([';', ',', ' ', '\n']).next().unwrap();
        let address = address.trim_start_matches("connect(").trim_matches('"');
        assert_eq!(found(text), [address], "{text}");
    }
    assert_eq!(found("host: 192.0.2.193\n prefix: 11"), ["192.0.2.193"]);
    assert_eq!(
        found("192.0.2.0 / 8 channels, 192.0.2.0 /25 calls"),
        ["192.0.2.0", "192.0.2.0"]
    );
    assert_eq!(
        found("INSERT INTO gw (ip, weight) VALUES ('192.0.2.0', 20)"),
        ["192.0.2.0"]
    );
    assert_eq!(
        found(r#""192.0.2.0/24\n192.0.2.1\t192.0.2.2""#),
        ["192.0.2.0/24", "192.0.2.1", "192.0.2.2"]
    );
    assert_eq!(
        found("0.0.0.0/0 0.0.0.0/0.0.0.0"),
        ["0.0.0.0/0", "0.0.0.0/0 as 0.0.0.0/0.0.0.0"]
    );
}
