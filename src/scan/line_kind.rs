//! Distinguishes the kinds of lines with addresses: sentences, logs, traces, and firewall rules.

use std::sync::LazyLock;

use super::words::{Finders, finders, has_any};

/// The minimum number of words in a sentence.
const WORDS_OF_SENTENCE: usize = 6;

/// Words of sentences, in the form of [`normalize_words`](super::words::normalize_words).
static SENTENCES: Finders = LazyLock::new(|| {
    finders(&[
        " the ", " an ", " your ", " our ", " my ", " is ", " are ", " was ", " we ", " you ",
        " it ", " this ", " they ", " these ", " will ", " be ", " its ", " that ",
    ])
});

/// Words of firewall rules.
static RULES: Finders = LazyLock::new(|| {
    finders(&[
        " accept ",
        " allow ",
        " allowed ",
        " permit ",
        " pass ",
        " cidr ",
        " cidrs ",
        " cidripv4 ",
        " cidrip ",
        " ingress ",
        " source ",
        " sourceranges ",
        " loadbalancersourceranges ",
        " match ",
        " trusted ",
        " whitelist ",
        " allowlist ",
        " allow list ",
        " iptables ",
        " ufw ",
        " set address ",
    ])
});

/// Words about the user's own networks in a cloud, which may contain published addresses by chance.
static OWN_NETWORKS: Finders = LazyLock::new(|| finders(&[" vpc ", " subnet cidr "]));

/// Words about an address of the user or a neighbor.
static OWN: Finders = LazyLock::new(|| {
    finders(&[
        " externip ",
        " externaddr ",
        " external ",
        " ext ",
        " advertise ",
        " advertised ",
        " bind ",
        " listen ",
        " nameserver ",
        " resolver ",
        " dns ",
        " via ",
        " nexthop ",
        " webhook ",
        " webhooks ",
        " callback ",
        " url ",
        " your ",
        " our ",
        " my ",
        " wan ",
        " local ",
        " publicip ",
        " public ip ",
        " sip ip ",
        " rtp ip ",
        " self ",
        " ssh ",
        " scp ",
        " origination ",
    ])
});

/// Returns true if a line with these words is a sentence.
pub(super) fn is_sentence(words: &str) -> bool {
    let is_word = |word: &&str| word.bytes().all(|b| b.is_ascii_alphabetic());
    words
        .split(' ')
        .filter(|word| !word.is_empty())
        .filter(is_word)
        .nth(WORDS_OF_SENTENCE - 1)
        .is_some()
        && has_any(words, &SENTENCES)
}

/// Returns true if a line with these words is about an address of the user or a neighbor.
pub(super) fn is_own(words: &str) -> bool {
    has_any(words, &OWN)
}

/// Returns true if a line with these words is a firewall rule.
pub(super) fn is_rule(words: &str) -> bool {
    has_any(words, &RULES) && !has_any(words, &OWN_NETWORKS)
}

/// Returns true if a line is part of a log, because it contains a time of day.
pub(super) fn is_log(line: &[u8]) -> bool {
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let is_time = |w: &[u8]| {
        w[2] == b':' && w[5] == b':' && digits(&w[..2]) && digits(&w[3..5]) && digits(&w[6..8])
    };
    line.windows(8).any(is_time)
}

/// Returns true if a line is part of a SIP or SDP message.
pub(super) fn is_trace(line: &[u8]) -> bool {
    static SIGNS: Finders = LazyLock::new(|| finders(&["SIP/2.0", "IN IP4 ", "<sip:", "<sips:"]));
    SIGNS.iter().any(|sign| sign.find(line).is_some())
}

/// Returns true if a line reports what was done: it has a check mark.
pub(super) fn is_report(line: &[u8]) -> bool {
    static MARKS: Finders = LazyLock::new(|| finders(&["✅", "✔", "☑", "[x] ", "[X] "]));
    MARKS.iter().any(|mark| mark.find(line).is_some())
}

/// Returns true if a line prints a text, and writes it to no file or program.
pub(super) fn is_output(line: &[u8]) -> bool {
    const COMMANDS: [&[u8]; 7] = [
        b"echo ",
        b"printf ",
        b"print(",
        b"console.log(",
        b"Write-Host ",
        b"logger.info(",
        b"logging.info(",
    ];
    let start = line.trim_ascii_start();
    let prints = COMMANDS.iter().any(|command| start.starts_with(command));
    prints && !start.iter().any(|b| matches!(b, b'>' | b'|'))
}

/// Returns true if a line searches for the text between `before` and `after` in another text.
pub(super) fn is_search(before: &[u8], after: &[u8]) -> bool {
    static SEARCHES: Finders =
        LazyLock::new(|| finders(&["grep ", ".includes(", ".contains(", ".indexOf("]));
    let quote = after.iter().find(|b| matches!(b, b'"' | b'\''));
    let closing = quote.and_then(|quote| memchr::memchr(*quote, after));
    let next = closing.map_or(&b""[..], |closing| &after[closing + 1..]);
    let is_needle = next.starts_with(b" in ") || next.starts_with(b" not in ");
    is_needle || SEARCHES.iter().any(|sign| sign.find(before).is_some())
}

/// Returns true if a line before an address is a commented-out element of a list in quotes.
pub(super) fn is_commented_out(before: &[u8]) -> bool {
    let before = before.trim_ascii_start();
    // Comments that document Rust may contain examples.
    if before.starts_with(b"///") || before.starts_with(b"//!") {
        return true;
    }
    let rest = ["#", "//", ";", "--"]
        .iter()
        .find_map(|sign| before.strip_prefix(sign.as_bytes()));
    rest.is_some() && (before.ends_with(b"\"") || before.ends_with(b"'"))
}
