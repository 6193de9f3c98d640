//! The trusted list of a Cisco Unified Border Element. The reader follows the Cisco Unified CME Command Reference.

use std::net::Ipv4Addr;

use super::{published_signaling, signaling_in_alone};
use crate::common::facts::{self, Range};
use crate::common::mutate::{self, assert_none_is_missed};

/// The addresses of the list, after commands that are entered into a router without a list.
pub fn list(text: &str) -> Result<Vec<Range>, String> {
    let (mut is_service, mut is_list) = (false, false);
    let mut networks: Vec<(u32, Range)> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with('!'))
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            ["voice", "service", "voip"] => (is_service, is_list) = (true, false),
            ["ip", "address", "trusted", "list"] if is_service => is_list = true,
            ["no", "ip", "address", "trusted", "list"] if is_service => {
                networks.clear();
                is_list = false;
            }
            ["no", "ip", "address", "trusted", "authenticate"] => {
                return Err("any address is accepted".to_owned());
            }
            ["ipv4", ref entry @ ..] if is_list => {
                let (address, range) = entry_range(entry).ok_or_else(|| line.to_owned())?;
                let known = networks.iter().find(|(known, _)| *known == address);
                if known.is_some_and(|(_, known)| *known != range) {
                    return Err(format!("an address twice: {line}"));
                }
                networks.push((address, range));
            }
            // Another command ends the mode.
            _ if !line.starts_with(' ') => (is_service, is_list) = (false, false),
            _ => {}
        }
    }
    Ok(facts::united(
        networks.into_iter().map(|(_, range)| range).collect(),
    ))
}

/// The words after `ipv4`: an address and an optional netmask.
fn entry_range(words: &[&str]) -> Option<(u32, Range)> {
    let number = |word: &str| word.parse::<Ipv4Addr>().ok().map(u32::from);
    let (address, mask) = match words {
        [address] => (number(address)?, u32::MAX),
        [address, mask] => (number(address)?, number(mask)?),
        _ => return None,
    };
    let is_mask = mask.leading_ones() + mask.trailing_zeros() >= 32;
    is_mask.then_some((address, (address & mask, address | !mask)))
}

#[test]
fn a_load_replaces_the_previous_list() {
    let first = crate::common::render("--edition regional-expanded --format cisco-cube");
    let second = crate::common::render("--region tokyo --format cisco-cube");
    assert_eq!(list(&[&*first, &second].concat()), list(&second));
    assert_eq!(list(&second.repeat(2)), list(&second));
    assert_eq!(list(&second).unwrap(), [facts::network("54.65.63.192/30")]);
}

#[test]
fn check_finds_every_mutant_of_a_trusted_list() {
    assert_none_is_missed(
        "cisco-cube",
        2000,
        signaling_in_alone,
        |mutant, selected| {
            let found = mutate::read(|| list(mutant))??;
            if found == published_signaling(selected) {
                Ok(())
            } else {
                Err(format!("{found:?}\n{mutant}"))
            }
        },
    );
}
