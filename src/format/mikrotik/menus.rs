//! Menus of RouterOS, and the commands in them that an export never has.
//!
//! RouterOS documentation, "Command Line Interface", "Scripting" and "Configuration Management".

use super::words::{EXPORT, Words};

/// Commands in a menu: those of an export, and others that change no other menu.
pub(super) const COMMANDS: &[&str] = &[
    "add", "comment", "disable", "edit", "enable", "move", "print", "remove", "reset", "set",
    "unset",
];

/// Menus at the top; what else stands there is a command.
const TOP: &[&str] = &[
    "app",
    "caps-man",
    "certificate",
    "console",
    "container",
    "disk",
    "driver",
    "dude",
    "file",
    "interface",
    "iot",
    "ip",
    "ipv6",
    "isdn-channels",
    "lcd",
    "log",
    "lora",
    "metarouter",
    "mpls",
    "openflow",
    "partitions",
    "port",
    "ppp",
    "queue",
    "radius",
    "routing",
    "snmp",
    "special-login",
    "store",
    "system",
    "task",
    "tool",
    "tr069-client",
    "user",
    "user-manager",
    "zerotier",
];

/// Commands that run other commands, or change or replace other menus. RouterOS takes them cut short.
const RUNNING: &[&str] = &[
    "do",
    "downgrade",
    "execute",
    "export",
    "for",
    "foreach",
    "global",
    "if",
    "import",
    "load",
    "local",
    "parse",
    "put",
    "quit",
    "reboot",
    "redo",
    "reset-configuration",
    "restore",
    "run",
    "shutdown",
    "undo",
    "while",
];

/// Refuses a path that begins with a command, or has one in it that runs others.
pub(super) fn refuse_others(path: &[&str]) -> Result<(), String> {
    let is_top = |first: &&str| TOP.contains(first);
    let runs = |word: &str| {
        let mut commands = RUNNING.iter();
        // A name of a file has a dot, and a menu has none.
        word.contains('.') || commands.any(|command| command.starts_with(word))
    };
    let first = path.first().filter(|first| !is_top(first));
    let Some(word) = first.or_else(|| path.iter().find(|word| runs(word))) else {
        return Ok(());
    };
    Err(format!(
        "'{word}' is no menu, so it may be a command that changes the rules or the lists; {EXPORT}"
    ))
}

/// Refuses a word that RouterOS evaluates: `$name`, also in a string, and `[command]` other than
/// `[find ...]`. Says whether the next word is inside of `[find ...]`.
pub(super) fn refuse_execution(word: &str, rest: Words, in_find: bool) -> Result<bool, String> {
    let inside = word.strip_prefix('[').unwrap_or(word);
    let opens = inside.len() < word.len();
    if opens {
        let found = if inside.is_empty() {
            rest.peek()?
        } else {
            Some(inside)
        };
        if !matches!(found, Some("find" | "find]")) {
            return Err(format!(
                "'[' begins a command whose result is not known; {EXPORT}"
            ));
        }
    }
    let (mut in_string, mut escaped) = (false, false);
    for byte in inside.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'$' => {
                return Err(format!(
                    "'$' begins a variable whose value is not known; {EXPORT}"
                ));
            }
            b'[' if !in_string => {
                return Err(format!(
                    "'[' begins a command whose result is not known; {EXPORT}"
                ));
            }
            _ => {}
        }
    }
    Ok((in_find || opens) && !word.ends_with(']'))
}
