//! The options of a rule, which follow its source and destination.

use super::ends::Operation;
use super::rule_reader::{RuleAction, RuleReader, State};
use super::tokens::{BRACES, PARENTHESES, Token, Tokens};
use crate::packets::{Condition, Flags, Protocols};

/// Options that restrict a rule by something that packet boxes do not model, with one value each.
const NARROWING: &[&str] = &["received-on", "tagged", "tos", "ttl", "prio"];

/// The options of [`NARROWING`] that may have a `!` before them.
const NEGATED: &[&str] = &["received-on", "tagged"];

/// Limits on states, with one number each. pf drops a packet above a limit instead of continuing with the
/// next rule.
const STATE_LIMITS: &[&str] = &["max", "max-src-nodes", "max-src-states", "max-src-conn"];

/// Options of a state that do not change which packets a rule passes.
const STATE_WITHOUT_EFFECT: &[&str] = &["no-sync", "if-bound", "floating", "sloppy", "pflow"];

/// Timeouts of a state, with a number of seconds each.
const TIMEOUTS: &[&str] = &[
    "tcp.first",
    "tcp.opening",
    "tcp.established",
    "tcp.closing",
    "tcp.finwait",
    "tcp.closed",
    "tcp.tsdiff",
    "udp.first",
    "udp.single",
    "udp.multiple",
    "icmp.first",
    "icmp.error",
    "other.first",
    "other.single",
    "other.multiple",
    "frag",
    "interval",
    "adaptive.start",
    "adaptive.end",
    "src.track",
];

/// Unsupported options, with which a rule does more than pass or block.
const UNSUPPORTED: &[&str] = &[
    "route-to",
    "reply-to",
    "dup-to",
    "fastroute",
    "rtable",
    "nat-to",
    "rdr-to",
    "binat-to",
    "af-to",
    "divert-to",
    "divert-reply",
    "divert-packet",
];

/// Reads one option.
pub(super) fn read(reader: &mut RuleReader, tokens: &mut Tokens) -> Result<(), String> {
    let word = match tokens.peek()? {
        Token::Word(word) => word,
        Token::Symbol('(') if reader.state == State::Kept => return reader.state_options(tokens),
        Token::Symbol('!') => {
            tokens.next()?;
            return reader.narrowed(tokens, NEGATED);
        }
        _ => return Err(tokens.unexpected("an option of a rule")),
    };
    if UNSUPPORTED.contains(&word) {
        return Err(format!(
            "'{word}' is not supported: it does more than pass or block packets"
        ));
    }
    if NARROWING.contains(&word) {
        return reader.narrowed(tokens, NARROWING);
    }
    if changes_packets(reader.action, tokens)? {
        return Ok(());
    }
    tokens.next()?;
    match word {
        "flags" => reader.flags(tokens),
        "keep" | "modulate" => reader.state(tokens, State::Kept),
        "no" => reader.state(tokens, State::None),
        "synproxy" => Err(
            "'synproxy state' is not supported: pf itself answers the connection; use 'keep state'"
                .to_owned(),
        ),
        "allow-opts" => Ok(()),
        "label" | "tag" | "ridentifier" | "tracker" => tokens.value("its value").map(drop),
        "probability" => reader.probability(tokens),
        "queue" => tokens.one_or_more(PARENTHESES, value),
        "dnpipe" | "dnqueue" => reader.pipe(tokens),
        "set" => tokens.one_or_more(PARENTHESES, setting),
        "scrub" => tokens.one_or_more(PARENTHESES, |tokens| {
            if changes_packets(reader.action, tokens)? {
                Ok(())
            } else {
                Err(tokens.unexpected("an option of scrub"))
            }
        }),
        _ => reader.narrowing(word, tokens),
    }
}

fn value(tokens: &mut Tokens) -> Result<(), String> {
    tokens.value("a value").map(drop)
}

/// Reads a setting after `set`, such as a priority.
fn setting(tokens: &mut Tokens) -> Result<(), String> {
    match tokens.value("prio, tos or queue")? {
        "prio" | "tos" | "queue" => tokens.one_or_more(PARENTHESES, value),
        other => Err(format!(
            "'set {other}' is not supported; expected prio, tos or queue"
        )),
    }
}

/// Reads an option that changes packets but not their destination, if one comes next. Returns true if it
/// did.
fn changes_packets(action: RuleAction, tokens: &mut Tokens) -> Result<bool, String> {
    let Token::Word(word) = tokens.peek()? else {
        return Ok(false);
    };
    match word {
        "no-df" | "random-id" => drop(tokens.next()?),
        "min-ttl" | "max-mss" | "set-tos" => {
            tokens.next()?;
            value(tokens)?;
        }
        "reassemble" => {
            tokens.next()?;
            tokens.expect_word("tcp")?;
        }
        // In a rule other than scrub, `fragment` restricts the packets.
        "fragment" if action == RuleAction::Scrub => {
            tokens.next()?;
            tokens.take_word("no")?;
            let ways = ["reassemble", "crop", "drop-ovl"];
            let way = tokens.value("reassemble, crop or drop-ovl")?;
            if !ways.contains(&way) {
                return Err(format!(
                    "expected reassemble, crop or drop-ovl, not '{way}'"
                ));
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Reads a rate such as `100/10`.
fn rate(tokens: &mut Tokens) -> Result<(), String> {
    tokens.value("a number")?;
    tokens.expect_symbol('/')?;
    tokens.value("a number of seconds").map(drop)
}

impl RuleReader {
    /// Reads one of the `known` options of [`NARROWING`] and its value.
    fn narrowed(&mut self, tokens: &mut Tokens, known: &[&str]) -> Result<(), String> {
        self.matches.condition = Condition::Unknown;
        match tokens.peek()? {
            Token::Word(word) if known.contains(&word) => {
                tokens.next()?;
                tokens.value("its value").map(drop)
            }
            _ => Err(tokens.unexpected(&known.join(" or "))),
        }
    }

    /// Reads `50%` or `0.5`.
    fn probability(&mut self, tokens: &mut Tokens) -> Result<(), String> {
        let text = tokens.value("a probability")?;
        let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |n| (n, 100.0));
        let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let number = number.parse::<f64>().ok().filter(|_| plain);
        let number = number.filter(|number| *number <= whole).ok_or_else(|| {
            format!("expected a probability from 0 to 1 or from 0% to 100%, not '{text}'")
        })?;
        self.matches.condition &= Condition::true_if(number >= whole);
        Ok(())
    }

    /// Reads a dummynet pipe, which drops packets above its bandwidth. A match rule sends the packets of
    /// later rules through the pipe, which is an error.
    fn pipe(&mut self, tokens: &mut Tokens) -> Result<(), String> {
        if self.action == RuleAction::Match {
            return Err(
                "'dnpipe' or 'dnqueue' in a match rule limits the packets of later rules; write the option in those rules"
                    .to_owned(),
            );
        }
        self.may_drop = true;
        tokens.one_or_more(PARENTHESES, value)
    }

    /// Reads another option that restricts the rule by something that packet boxes do not model.
    fn narrowing(&mut self, word: &str, tokens: &mut Tokens) -> Result<(), String> {
        self.matches.condition = Condition::Unknown;
        match word {
            "once" => Ok(()),
            "fragment" => {
                self.fragments = true;
                Ok(())
            }
            // pf drops packets above the rate.
            "max-pkt-rate" => {
                self.may_drop = true;
                rate(tokens)
            }
            "user" | "group" => tokens.one_or_more(BRACES, |tokens| {
                Operation::read(tokens, "a user or a group").map(drop)
            }),
            "icmp-type" | "icmp6-type" => tokens.one_or_more(BRACES, |tokens| {
                tokens.value("an ICMP type")?;
                if tokens.take_word("code")? {
                    tokens.value("an ICMP code")?;
                }
                Ok(())
            }),
            _ => Err(format!("expected an option of a rule, not '{word}'")),
        }
    }

    /// Reads flags: `S/SA`, `/SA` or `any`.
    fn flags(&mut self, tokens: &mut Tokens) -> Result<(), String> {
        if self.flags.is_some() {
            return Err("the rule has 'flags' twice".to_owned());
        }
        if tokens.take_word("any")? {
            self.flags = Some(Flags::ALL);
            return Ok(());
        }
        if !self.protocols.holds(Protocols::TCP) {
            return Err("'flags' needs 'proto tcp'".to_owned());
        }
        let mut set = FlagBits::default();
        if tokens.peek()? != Token::Symbol('/') {
            set = FlagBits::read(tokens.value("TCP flags or 'any'")?)?;
        }
        tokens.expect_symbol('/')?;
        let mask = FlagBits::read(tokens.value("TCP flags after the slash")?)?;
        if set.known & !mask.known != 0 || set.other & !mask.other != 0 {
            return Err(
                "no packet matches these flags: each flag before the slash must also follow it"
                    .to_owned(),
            );
        }
        if mask.other != 0 {
            self.matches.condition = Condition::Unknown;
        }
        self.flags = Some(Flags::masked(mask.known, set.known));
        Ok(())
    }

    fn state(&mut self, tokens: &mut Tokens, state: State) -> Result<(), String> {
        tokens.expect_word("state")?;
        if self.state != State::Implied {
            return Err("the rule has a state option twice".to_owned());
        }
        if state == State::Kept && self.action != RuleAction::Pass {
            return Err("only a pass rule keeps state".to_owned());
        }
        self.state = state;
        Ok(())
    }

    fn state_options(&mut self, tokens: &mut Tokens) -> Result<(), String> {
        tokens.one_or_more(PARENTHESES, |tokens| self.state_option(tokens))
    }

    fn state_option(&mut self, tokens: &mut Tokens) -> Result<(), String> {
        let option = tokens.value("an option of a state")?;
        if STATE_WITHOUT_EFFECT.contains(&option) {
            return Ok(());
        }
        if TIMEOUTS.contains(&option) {
            return tokens.value("a number of seconds").map(drop);
        }
        self.may_drop = true;
        match option {
            "source-track" => {
                let _of_what = tokens.take_word("rule")? || tokens.take_word("global")?;
                Ok(())
            }
            "max-src-conn-rate" => rate(tokens),
            "overload" => {
                tokens.table_name()?;
                if tokens.take_word("flush")? {
                    tokens.take_word("global")?;
                }
                Ok(())
            }
            _ if STATE_LIMITS.contains(&option) => tokens.value("a number").map(drop),
            _ => Err(format!("expected an option of a state, not '{option}'")),
        }
    }
}

/// The bits of the TCP flags that [`Flags`] models, and of the other flags.
#[derive(Clone, Copy, Default)]
struct FlagBits {
    known: u8,
    other: u8,
}

impl FlagBits {
    fn read(letters: &str) -> Result<FlagBits, String> {
        let mut bits = FlagBits::default();
        if letters.is_empty() {
            return Err("expected TCP flags (FSRPAUEW), not an empty text".to_owned());
        }
        for letter in letters.chars() {
            match letter {
                'F' => bits.known |= Flags::FIN,
                'S' => bits.known |= Flags::SYN,
                'R' => bits.known |= Flags::RST,
                'A' => bits.known |= Flags::ACK,
                'P' => bits.other |= 1,
                'U' => bits.other |= 2,
                'E' => bits.other |= 4,
                'W' => bits.other |= 8,
                _ => return Err(format!("expected TCP flags (FSRPAUEW), not '{letters}'")),
            }
        }
        Ok(bits)
    }
}
