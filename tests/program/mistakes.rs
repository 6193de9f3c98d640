//! Mistakes on the command line. Each one gets a short message with advice.

use crate::common::{Tool, render};

/// A call, the start of the message, and the advice. The advice is the end of the first line or a line
/// of its own.
struct Mistake {
    args: &'static str,
    message: &'static str,
    way_out: &'static str,
}

const fn mistake(args: &'static str, message: &'static str, way_out: &'static str) -> Mistake {
    Mistake {
        args,
        message,
        way_out,
    }
}

const HELP: &str = "for help: twilio-sip-allow --help";
const CHECK_HELP: &str = "for help: twilio-sip-allow check --help";
const VERBS: &str =
    "; use one of render, check, verify, dataset, explain, scan, list, completions, man";

#[rustfmt::skip]
const MISTAKES: &[Mistake] = &[
    // Values without their option.
    mistake("iptables", "'iptables' is a format, not a command", "try: twilio-sip-allow --format iptables"),
    mistake("nft", "'nft' is a format, not a command", "try: twilio-sip-allow --format nft"),
    mistake("tokyo", "'tokyo' is a region, not a command", "try: twilio-sip-allow --region tokyo"),
    mistake("東京", "'東京' is a region, not a command", "try: twilio-sip-allow --region 東京"),
    mistake("Europe", "'Europe' is a region, not a command", "try: twilio-sip-allow --region Europe"),
    mistake("global", "'global' is an edition, not a command", "try: twilio-sip-allow --edition global"),
    mistake("in", "'in' is a value of --direction, not a command", "try: twilio-sip-allow --direction in"),
    mistake("tcp", "'tcp' is a value of --transport, not a command", "try: twilio-sip-allow --transport tcp"),
    mistake("--region tokyo frankfurt", "'frankfurt' is a region, not a command; separate several values with commas", "try: --region tokyo,frankfurt"),
    mistake("-f nft -r tokyo frankfurt sydney", "'frankfurt' is a region, not a command; separate several values with commas", "try: --region tokyo,frankfurt,sydney"),
    mistake("-f nft --edition regional global", "'global' is an edition, not a command; separate several values with commas", "try: --edition regional,global"),
    mistake("-f nft --transport udp tls", "'tls' is a value of --transport, not a command; separate several values with commas", "try: --transport udp,tls"),
    mistake("-f nft --direction in out", "--direction accepts only one value; remove 'out'", HELP),
    mistake("--format nftables iptables", "--format accepts only one value; remove 'iptables'", HELP),
    mistake("render tokyo", "'tokyo' is a region; it must follow --region", "try: twilio-sip-allow render --region tokyo"),
    mistake("render check", "'render' accepts no arguments; remove 'check'", "for help: twilio-sip-allow render --help"),
    mistake("dataset show global", "'global' is an edition; it must follow --edition", "try: twilio-sip-allow dataset show --edition global"),
    mistake("check nftables rules.nft", "there is no file 'nftables'", "; to select the format, use --format nftables"),
    mistake("check -f nft --region tokyo frankfurt rules.nft", "there is no file 'frankfurt'", "; to select the region, use --region frankfurt"),
    mistake("check -f nft current rules.nft", "there is no file 'current'", "; to select the edition, use --edition current"),
    mistake("check -f nft regional-expanded rules.nft", "there is no file 'regional-expanded'", "; to select the edition, use --edition regional-expanded"),
    mistake("verify tokyo", "there is no file 'tokyo'", "; to select the region, use --region tokyo"),
    mistake("verify missing", "cannot read missing: No such file or directory", "; name an existing file, or '-' for standard input"),
    mistake("verify --format nft rules.nft", "--format is an option of 'render' and 'check', not of 'verify'", "for help: twilio-sip-allow verify --help"),
    mistake("verify --at bridge rules.nft", "--at: 'bridge' is not one of host, router", "for help: twilio-sip-allow verify --help"),
    mistake("verify --ignore all rules.nft", "--ignore: 'all' is not one of exposure, depends", "for help: twilio-sip-allow verify --help"),
    mistake("verify --peer x rules.nft", "--peer: 'x' is not an IPv4 network", "; write it as in 192.0.2.0/24 or 192.0.2.1"),
    mistake("explain tokyo", "'tokyo' is not an address", "; to select the region, use --region tokyo"),
    mistake("explain -e regional global 54.65.63.193", "'global' is not an address", "; to select the edition, use --edition global"),
    mistake("explain 54.65.63.193:70000", "port '70000' is out of range", "; ports go from 1 to 65535"),
    mistake("explain 54.65.63.193:5060/sctp", "'sctp' is not a protocol", "; use udp, tcp or tls"),
    mistake("scan tokyo", "there is no file 'tokyo'", "; to select the region, use --region tokyo"),
    // Words that are a part of another command.
    mistake("chek", "unknown command 'chek' (did you mean check?)", VERBS),
    mistake("prove", "unknown command 'prove'", VERBS),
    mistake("verfy rules.nft", "unknown command 'verfy' (did you mean verify?)", VERBS),
    mistake("-f nft extra", "unknown command 'extra'", VERBS),
    mistake("help chek", "unknown command 'chek' (did you mean check?)", VERBS),
    mistake("help help", "'help' is not a command", "try: twilio-sip-allow --help"),
    mistake("version", "'version' is not a command", "try: twilio-sip-allow --version"),
    mistake("regions", "'regions' is not a command", "try: twilio-sip-allow list regions"),
    mistake("zsh", "'zsh' is not a command", "try: twilio-sip-allow completions zsh"),
    mistake("diff rules.nft", "'diff' is not a command", "try: twilio-sip-allow dataset diff"),
    mistake("54.65.63.193", "'54.65.63.193' is not a command", "try: twilio-sip-allow explain 54.65.63.193"),
    mistake("rules.nft", "'rules.nft' is not a command", "try: twilio-sip-allow check --format FORMAT rules.nft"),
    mistake("-f nft rules.nft", "'rules.nft' is not a command", "try: twilio-sip-allow check --format nft rules.nft"),
    mistake(".", "'.' is not a command", "try: twilio-sip-allow scan ."),
    mistake("dataset shw", "unknown command 'dataset shw' (did you mean show?)", "; use one of show, diff, import"),
    mistake("dataset -q", "'dataset' requires one of show, diff, import", "for help: twilio-sip-allow dataset --help"),
    mistake("dataset diff a b rules.nft", "'dataset diff' accepts only 2 arguments; remove 'rules.nft'", "for help: twilio-sip-allow dataset diff --help"),
    mistake("list", "'list' requires one of regions, formats, editions", "for help: twilio-sip-allow list --help"),
    mistake("list region", "'region' is not one of regions, formats, editions", " (did you mean regions?)"),
    mistake("list regions formats", "'list' accepts only one KIND; remove 'formats'", "for help: twilio-sip-allow list --help"),
    mistake("man check", "'man' accepts no arguments; remove 'check'", "for help: twilio-sip-allow man --help"),
    mistake("completions", "'completions' requires one of bash, elvish, fish, powershell, zsh", "for help: twilio-sip-allow completions --help"),
    mistake("completions tcsh", "'tcsh' is not one of bash, elvish, fish, powershell, zsh", "for help: twilio-sip-allow completions --help"),
    // Missing input.
    mistake("check -f nft missing.nft", "cannot read missing.nft: No such file or directory", "; name an existing file, or '-' for standard input"),
    mistake("check -f nft", "cannot read stdin: it is closed, or a device such as /dev/null", "; pipe something into it, or name a file"),
    mistake("check -f nft .", "cannot read .: it is a folder", "; name a file"),
    mistake("scan missing", "cannot read missing: No such file or directory", "; name an existing file, or '-' for standard input"),
    mistake("explain", "cannot read stdin: it is closed, or a device such as /dev/null", "; pipe something into it, or name a file"),
    mistake("explain 54.65.63", "'54.65.63' is not an IPv4 network", "; write it as in 192.0.2.0/24 or 192.0.2.1"),
    mistake("check rules.nft", "no format is selected; use --format", ", such as --format nftables ('twilio-sip-allow list formats' prints all)"),
    mistake("-f nft -o missing/rules.nft", "cannot write missing/rules.nft: folder 'missing' does not exist", "; create it first"),
    mistake("-f nft --dataset missing.yaml", "cannot read missing.yaml: No such file or directory", "; name an existing file, or '-' for standard input"),
    mistake("-f nft -o .", "cannot write .: it is a folder", "; name a file"),
    mistake("-f nft --dataset rules.nft", "rules.nft:", ": expected the keys of an edition, not 'table inet filter { set twilio_sip_signa...'"),
    // Options in the wrong place.
    mistake("--format nftables check", "--format must follow 'check'", "try: twilio-sip-allow check --format nftables"),
    mistake("-fnft -rtokyo check rules.nft", "--region must follow 'check'", "try: twilio-sip-allow check --region tokyo"),
    mistake("--region tokyo render -f nft", "--region must follow 'render'", "try: twilio-sip-allow render --region tokyo"),
    mistake("-f nft list formats", "--format is an option of 'render' and 'check', not of 'list'", "for help: twilio-sip-allow list --help"),
    mistake("check --output x", "--output is an option of 'render', not of 'check'", CHECK_HELP),
    mistake("scan --format nft", "--format is an option of 'render' and 'check', not of 'scan'", "for help: twilio-sip-allow scan --help"),
    mistake("explain -f nft", "-f is an option of 'render' and 'check', not of 'explain'", "for help: twilio-sip-allow explain --help"),
    mistake("list regions --report json", "--report is an option of 'check', 'verify' and 'scan', not of 'list'", "for help: twilio-sip-allow list --help"),
    mistake("-f nft --print-repair", "--print-repair is an option of 'check', not of 'render'", HELP),
    mistake("--json", "--json is an option for reports and lists; for rules, use the format json", "try: twilio-sip-allow --format json"),
    // Unknown or misused options.
    mistake("--regions tokyo", "unknown option '--regions'", " (did you mean --region?)"),
    mistake("check --regions tokyo", "unknown option '--regions'", " (did you mean --region?)"),
    mistake("--fmt nft", "unknown option '--fmt'", " (did you mean --format?)"),
    mistake("--firewall nft", "unknown option '--firewall'", " (did you mean --format?)"),
    mistake("-f nft --rtp-ports 1-2", "unknown option '--rtp-ports'", " (did you mean --local-rtp-ports?)"),
    mistake("-f nft --protocol udp", "unknown option '--protocol'", " (did you mean --transport?)"),
    mistake("-f nft --dry-run", "unknown option '--dry-run'", HELP),
    mistake("check -v", "unknown option '-v'", CHECK_HELP),
    mistake("-region tokyo -f nft", "'-region' needs two hyphens: --region", HELP),
    mistake("check -format=nft rules.nft", "'-format=nft' needs two hyphens: --format", CHECK_HELP),
    mistake("check -f nft --json --report text rules.nft", "--json and --report cannot be used together; remove one of them", CHECK_HELP),
    mistake("--hepl", "unknown option '--hepl'", " (did you mean --help?)"),
    mistake("--vresion", "unknown option '--vresion'", " (did you mean --version or --region?)"),
    mistake("-f nft -f pf", "--format is repeated", "; use it only once"),
    mistake("-f nft --quiet=yes", "--quiet does not accept a value; remove 'yes'", HELP),
    // Missing or wrong values.
    mistake("-f", "--format requires a value; use one of nftables, iptables, ipset", HELP),
    mistake("--region", "--region requires a value; use one of all, virginia", HELP),
    mistake("-f nft --output", "--output requires a value, as in --output FILE", HELP),
    mistake("-f nft --limit", "--limit requires a value, as in --limit NAME=NUMBER", HELP),
    mistake("-f nft --limit rules", "--limit: 'rules' is not a limit", "; write NAME=NUMBER, as in rules=1000000"),
    mistake("-f nft --limit rules=many", "--limit: 'many' is not a number from 1 to 4294967295", "; it may end in K, M or G"),
    mistake("-f nft --limit files=1", "--limit: unknown limit 'files'; use one of input, list", HELP),
    mistake("-f nfttables", "--format: unknown format 'nfttables' (did you mean nftables", HELP),
    mistake("check -f csv rules.nft", "--format: check does not read csv", "use one of nftables, iptables"),
    mistake("check -f cidr list", "--format: check does not read cidr; use one of", ", or find Twilio addresses in any text with 'scan'"),
    mistake("-f nft --edition 2024", "unknown edition '2024'", "; use one of regional, regional-expanded, global, interconnect, current or upcoming"),
    mistake("-f nft --region atlantis", "unknown region 'atlantis'", "; use one of virginia, oregon"),
    mistake("-f nft --direction incoming", "--direction: 'incoming' is not one of in, out, both", HELP),
    mistake("-f nft --local-sip-port abc", "--local-sip-port: 'abc' is not a port", "; use a number from 1 to 65535"),
    mistake("-f nft --local-address 1.2.3", "--local-address: '1.2.3' is not an IPv4 network", "; write it as in 192.0.2.0/24 or 192.0.2.1"),
    mistake("dataset import --date 21.2.2024 rules.nft", "--date: '21.2.2024' is not a date", "; write YEAR-MONTH-DAY, as in 2024-02-21"),
];

/// The lines of a message, without the program's name.
fn lines(stderr: &str) -> Vec<&str> {
    let message = stderr.strip_prefix("twilio-sip-allow: error: ");
    message.unwrap_or(stderr).lines().collect()
}

#[test]
fn each_mistake_gets_a_short_message_with_advice() {
    assert!(MISTAKES.len() >= 60);
    let rules = render("-f nftables");
    let mut failures = Vec::new();
    for mistake in MISTAKES {
        let ran = Tool::line(mistake.args).file("rules.nft", &rules).run();
        let lines = lines(&ran.stderr);
        let message = lines.first().copied().unwrap_or_default();
        let right = ran.status == 2
            && ran.stdout.is_empty()
            && ran.stderr.starts_with("twilio-sip-allow: error: ")
            && lines.len() <= 3
            && message.starts_with(mistake.message)
            && (message.contains(mistake.way_out) || lines[1..].contains(&mistake.way_out));
        if !right {
            failures.push(format!(
                "wanted {:?} and {:?}\n{ran}",
                mistake.message, mistake.way_out
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The command after `try:` works.
#[test]
fn suggested_calls_work() {
    for line in [
        "regions",
        "zsh",
        "version",
        "54.65.63.193",
        "-f nftables rules.nft",
        "--json",
        "iptables",
    ] {
        let run = |line: &str| Tool::line(line).file("rules.nft", render("-f nft")).run();
        let stderr = run(line).refused();
        let (_, call) = stderr.split_once("try: twilio-sip-allow ").unwrap();
        assert_eq!(run(call).status, 0, "{line}: {call}");
    }
}

#[test]
fn a_message_names_the_variable_with_the_wrong_value() {
    let stderr = Tool::line("-f nft")
        .env("TWILIO_SIP_ALLOW_DIRECTION", "inn")
        .run()
        .refused();
    assert_eq!(
        lines(&stderr),
        [
            "--direction: 'inn' is not one of in, out, both (did you mean in?)",
            HELP,
            "note: set in the environment: TWILIO_SIP_ALLOW_DIRECTION",
        ]
    );
    let stderr = Tool::line("-f nft")
        .env("TWILIO_SIP_ALLOW_QUIET", "maybe")
        .run()
        .refused();
    assert_eq!(
        lines(&stderr)[0],
        "--quiet: 'maybe' is not a valid value; use yes or no"
    );
}

/// Some CI systems execute lines of a log that start with `::`.
#[test]
fn a_multiline_value_is_printed_on_one_line() {
    let stderr = Tool::new(["-f", "nft", "--direction", "in\n::error::x"])
        .run()
        .refused();
    assert_eq!(
        lines(&stderr),
        [
            r"--direction: 'in\n::error::x' is not one of in, out, both",
            HELP,
        ]
    );
}

#[test]
fn help_is_also_a_verb() {
    for (line, same) in [
        ("help", "--help"),
        ("help check", "check --help"),
        ("help dataset diff", "dataset diff --help"),
    ] {
        assert_eq!(
            Tool::line(line).run_once(),
            Tool::line(same).run_once(),
            "{line}"
        );
    }
}

#[test]
fn a_command_without_its_verb_prints_its_help() {
    let ran = Tool::line("dataset").run();
    let help = Tool::line("dataset -h").run_once();
    assert_eq!(ran.refused(), help);
}
