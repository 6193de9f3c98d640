//! RouterOS menus, and the commands that an export never contains.
//!
//! RouterOS documentation, "Command Line Interface", "Scripting" and "Configuration Management".

use super::words::{EXPORT, Words};

/// Commands in a menu that change no other menu: those of an export, and some more.
pub(super) const COMMANDS: &[&str] = &[
    "add", "comment", "disable", "edit", "enable", "move", "print", "remove", "reset", "set",
    "unset",
];

/// Menus at the top level. Any other word there is a command.
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

/// Commands that run other commands, or that change or replace other menus. They may be abbreviated.
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

/// Refuses a path that begins with a command, or contains a command that runs others.
pub(super) fn refuse_others(path: &[&str]) -> Result<(), String> {
    let is_top = |first: &&str| TOP.contains(first);
    let runs = |word: &str| {
        let mut commands = RUNNING.iter();
        // A file name contains a dot, a menu does not.
        word.contains('.') || commands.any(|command| command.starts_with(word))
    };
    let first = path.first().filter(|first| !is_top(first));
    let Some(word) = first.or_else(|| path.iter().find(|word| runs(word))) else {
        return Ok(());
    };
    Err(format!(
        "'{word}' is not a menu, so it may be a command that changes rules or lists; {EXPORT}"
    ))
}

/// Refuses a word that RouterOS evaluates: `$name`, even in a string, and `[command]` except
/// `[find ...]`. Returns true if the next word is within `[find ...]`.
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
                "'[' begins a command, whose result is unknown; {EXPORT}"
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
                    "'$' begins a variable, whose value is unknown; {EXPORT}"
                ));
            }
            b'[' if !in_string => {
                return Err(format!(
                    "'[' begins a command, whose result is unknown; {EXPORT}"
                ));
            }
            _ => {}
        }
    }
    Ok((in_find || opens) && !word.ends_with(']'))
}
