//! The two sides of matches (nft(8), "Expressions" and "Data types").

use super::statement_reader::StatementReader;
use crate::format::nftables::key::{Key, Keys, Operator};
use crate::format::nftables::token::Token;
use crate::format::nftables::value::{Element, Scalar, Value, integer};
use crate::format::nftables::words::is_listed;

/// Headers whose fields a match can compare.
pub(super) const HEADERS: &str = "ip ip6 tcp udp udplite sctp dccp th icmp icmpv6 ether vlan mld";

/// Extension headers of IPv6, except `rt`, which may also be the route of a packet.
const EXTENSION_HEADERS: &str = "frag hbh dst mh rt0 rt2 rt4 srh";

const TCP_OPTION_FIELDS: &str = "
    kind length size count left right tsval tsecr subtype
";

impl<'a> StatementReader<'a> {
    /// Reads an operator, if there is one.
    pub fn operator(&mut self) -> Result<Operator, String> {
        let (Token::Sign(word) | Token::Word(word)) = self.token else {
            return Ok(Operator::Implicit);
        };
        match Operator::named(word) {
            None | Some(Operator::Implicit) => Ok(Operator::Implicit),
            Some(operator) => {
                self.advance()?;
                Ok(operator)
            }
        }
    }

    /// Reads one key or a concatenation of keys; `word` is the first word.
    pub fn keys(&mut self, word: &str) -> Result<Keys, String> {
        let mut keys = Keys::one(self.key(word)?);
        while self.sign(".")? {
            let word = self.word("a key")?;
            keys.others.push(self.key(word)?);
        }
        Ok(keys)
    }

    pub fn key(&mut self, word: &str) -> Result<Key, String> {
        match word {
            "meta" => Key::meta(self.word("a key of meta")?),
            "ct" => self.connection_key(),
            "fib" => self.route_key(),
            "rt" => self.routing_key(),
            "exthdr" => Key::ipv6_extension(self.word("an extension header")?, None),
            "tcp" if self.keyword("option")? => self.tcp_option(),
            // Fast path for the most common headers, which are in none of the other lists.
            "ip" | "tcp" | "udp" | "th" => Key::payload(word, self.word("a field")?),
            _ if is_listed(EXTENSION_HEADERS, word) => {
                Key::ipv6_extension(word, Some(self.word("a field")?))
            }
            "socket" => {
                if self.one_of(&["transparent", "mark", "wildcard", "cgroupv2"])? == "cgroupv2" {
                    self.one_of(&["level"])?;
                    self.number()?;
                }
                Ok(Key::unmodeled())
            }
            "numgen" => {
                self.one_of(&["inc", "random"])?;
                self.one_of(&["mod"])?;
                self.number()?;
                if self.keyword("offset")? {
                    self.number()?;
                }
                Ok(Key::unmodeled())
            }
            _ if is_listed(HEADERS, word) => Key::payload(word, self.word("a field")?),
            _ if Key::is_bare_meta(word) => Key::meta(word),
            _ => Err(format!(
                "'{word}' is unknown or not supported; expected a match or a statement of nft(8)"
            )),
        }
    }

    /// Reads a property of a route, or a field of the routing header of IPv6.
    fn routing_key(&mut self) -> Result<Key, String> {
        const PROPERTIES: [&str; 3] = ["classid", "nexthop", "mtu"];
        if self.keyword("ip6")? {
            self.one_of(&PROPERTIES)?;
            return Ok(Key::ipv6_route());
        }
        if !self.keyword("ip")? {
            let field = self.word("a property of a route")?;
            if !PROPERTIES.contains(&field) {
                return Key::ipv6_extension("rt", Some(field));
            }
            return Ok(Key::unmodeled());
        }
        self.one_of(&PROPERTIES)?;
        Ok(Key::unmodeled())
    }

    /// Reads the name or number of a TCP option, and its field if there is one.
    pub fn tcp_option(&mut self) -> Result<Key, String> {
        self.word("an option of TCP")?;
        if matches!(self.token, Token::Word(field) if is_listed(TCP_OPTION_FIELDS, field)) {
            self.advance()?;
        }
        Ok(Key::tcp_option())
    }

    fn connection_key(&mut self) -> Result<Key, String> {
        let directed = self.keyword("original")? || self.keyword("reply")?;
        match self.word("a key of ct")? {
            family @ ("ip" | "ip6") => {
                let field = self.word("a field")?;
                Key::ct(&format!("{family} {field}"), directed)
            }
            key => Key::ct(key, directed),
        }
    }

    /// `fib saddr . iif oif`
    fn route_key(&mut self) -> Result<Key, String> {
        const SELECTORS: [&str; 5] = ["saddr", "daddr", "mark", "iif", "oif"];
        let mut selector = self.one_of(&SELECTORS)?;
        let is_single = self.token != Token::Sign(".");
        while self.sign(".")? {
            selector = match (selector, self.one_of(&SELECTORS)?) {
                ("saddr", "mark" | "iif") => "saddr",
                _ => "",
            };
        }
        let result = self.one_of(&["oif", "oifname", "type"])?;
        Ok(match (selector, result) {
            ("daddr", "type") if is_single => Key::destination_type(),
            ("saddr", "type") if is_single => Key::source_type(),
            ("saddr", "oif" | "oifname") => Key::way_back(),
            _ => Key::unmodeled(),
        })
    }

    /// Reads the mask after `&`.
    pub fn mask(&mut self, keys: &mut Keys) -> Result<(), String> {
        if !keys.others.is_empty() {
            return Err("a mask in a concatenation is not supported".to_owned());
        }
        let mask = if self.sign("(")? {
            self.union_to_parenthesis()?
        } else {
            Value::One(self.scalar()?)
        };
        keys.first = keys.first.masked(&mask)?;
        Ok(())
    }

    pub fn scalar(&mut self) -> Result<Scalar<'a>, String> {
        self.string("a value").map(Scalar::Word)
    }

    /// `syn | ack)`
    fn union_to_parenthesis(&mut self) -> Result<Value<'a>, String> {
        let mut scalars = vec![self.scalar()?];
        while self.sign("|")? {
            scalars.push(self.scalar()?);
        }
        self.expect_sign(")")?;
        Ok(Value::Union(scalars))
    }

    /// Reads the value for flags or states. It may include a mask, as in `syn / syn,ack`.
    pub fn bits(&mut self, keys: &mut Keys, operator: &mut Operator) -> Result<Value<'a>, String> {
        if let Token::Sign("{" | "@") = self.token {
            return self.set_or_name();
        }
        if self.sign("(")? {
            return self.union_to_parenthesis();
        }
        let value = self.bit_list()?;
        if self.sign("/")? {
            if keys.first.is_masked() {
                return Err("the match has two masks".to_owned());
            }
            keys.first = keys.first.masked(&self.bit_list()?)?;
            if *operator == Operator::Implicit {
                *operator = Operator::Equal;
            }
        }
        Ok(value)
    }

    /// `syn`, `syn,ack` or `syn | ack`
    fn bit_list(&mut self) -> Result<Value<'a>, String> {
        let first = self.scalar()?;
        let Token::Sign(separator @ ("," | "|")) = self.token else {
            return Ok(Value::One(first));
        };
        let mut scalars = vec![first];
        while self.sign(separator)? {
            scalars.push(self.scalar()?);
        }
        Ok(match separator {
            "," => Value::List(scalars),
            _ => Value::Union(scalars),
        })
    }

    /// Reads the value for a key that packet boxes do not model. Skips it unless it is a single one.
    pub fn unmodeled(&mut self) -> Result<Value<'a>, String> {
        if let Token::Sign("{" | "@") = self.token {
            return self.set_or_name();
        }
        if self.sign("(")? {
            return self.union_to_parenthesis();
        }
        let first = self.scalar()?;
        let mut value = Value::One(first);
        while let Token::Sign("," | "|" | "-" | "/" | ":") = self.token {
            self.advance()?;
            self.scalar()?;
            value = Value::Other;
        }
        Ok(value)
    }

    /// Reads the value for modeled keys other than flags and states.
    pub fn value(&mut self) -> Result<Value<'a>, String> {
        match self.token {
            Token::Sign("{" | "@") => self.set_or_name(),
            _ => self.concatenation(),
        }
    }

    /// `{ ... }` or `@name`
    pub fn set_or_name(&mut self) -> Result<Value<'a>, String> {
        if self.sign("@")? {
            return self.name("the name of a set", &[',']).map(Value::Named);
        }
        self.expect_sign("{")?;
        let mut elements = Vec::new();
        self.elements(&mut elements)?;
        Ok(Value::Set(elements))
    }

    /// Reads a value, or a concatenation with a value for each key.
    fn concatenation(&mut self) -> Result<Value<'a>, String> {
        let first = self.single_value()?;
        if self.token != Token::Sign(".") {
            return Ok(first);
        }
        let mut values = vec![first];
        while self.sign(".")? {
            values.push(self.single_value()?);
        }
        Ok(Value::Concatenation(values))
    }

    /// Reads a value, a range, a prefix or several bits.
    pub fn single_value(&mut self) -> Result<Value<'a>, String> {
        if self.sign("(")? {
            return self.union_to_parenthesis();
        }
        let first = self.scalar()?;
        match self.token {
            Token::Sign("-") => {
                self.advance()?;
                Ok(Value::Range(first, self.scalar()?))
            }
            Token::Sign("/") => {
                self.advance()?;
                let length = self.word("a prefix length")?;
                let bits = integer(length)
                    .ok_or_else(|| format!("'{first}/{length}' has no prefix length"))?;
                Ok(Value::Prefix(first, bits.into()))
            }
            Token::Sign("|") => {
                let mut scalars = vec![first];
                while self.sign("|")? {
                    scalars.push(self.scalar()?);
                }
                Ok(Value::Union(scalars))
            }
            _ => Ok(Value::One(first)),
        }
    }

    /// Reads the elements of a set or a map up to the closing brace.
    pub fn elements(&mut self, elements: &mut Vec<Element<'a>>) -> Result<(), String> {
        loop {
            let at = Some(self.place());
            let value = self.concatenation()?;
            let mut expires = self.element_options()?;
            let mut decision = None;
            if self.sign(":")? {
                let word = self.word("a verdict")?;
                decision = Some(self.verdict(word, &[','])?);
                expires |= self.element_options()?;
            }
            elements.push(Element {
                value,
                decision,
                expires,
                at,
            });
            let more = self.sign(",")?;
            if self.sign("}")? {
                return Ok(());
            }
            if !more {
                return self.expected("',' or '}'");
            }
        }
    }

    /// Reads the options of an element. Returns true if it expires.
    fn element_options(&mut self) -> Result<bool, String> {
        let mut expires = false;
        while let Token::Word(option) = self.token {
            match option {
                "comment" => {
                    self.advance()?;
                    self.string("a comment")?;
                }
                "counter" => {
                    self.advance()?;
                    self.counter()?;
                }
                "timeout" | "expires" => {
                    self.advance()?;
                    self.word("a duration")?;
                    expires = true;
                }
                _ => return Ok(expires),
            }
        }
        Ok(expires)
    }
}
