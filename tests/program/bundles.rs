//! Bundles of data: their signatures, made by the program `minisign`, their content, and the notes about old
//! data.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{CLOCK, OPEN_LISTING, Ran, Tool, has, validate};

/// The name of the bundles, which agrees with [`DATE`].
const FILE: &str = "dataset-2030-01-02.yaml";

/// A date that is newer than the embedded data.
const DATE: &str = "2030-01-02";

/// A folder with keys, and with the files that they sign.
struct Signer(tempfile::TempDir);

impl Signer {
    /// Makes a key. `None` if minisign is missing.
    fn new(test: &str) -> Option<Signer> {
        if !has("minisign", test) {
            return None;
        }
        let signer = Signer(tempfile::tempdir().unwrap());
        signer.add_key("key");
        Some(signer)
    }

    /// Makes a key without a password.
    fn add_key(&self, name: &str) {
        self.minisign(&["-G", "-W", "-p", &format!("{name}.pub"), "-s", name]);
    }

    fn minisign(&self, arguments: &[&str]) {
        let output = Command::new("minisign")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes a file and signs it with a key.
    fn sign_with(&self, key: &str, name: &str, content: impl AsRef<[u8]>) {
        self.write(name, content);
        self.minisign(&["-S", "-s", key, "-m", name]);
    }

    fn sign(&self, name: &str, content: impl AsRef<[u8]>) {
        self.sign_with("key", name, content);
    }

    /// A call in this folder.
    fn tool(&self, line: &str) -> Tool {
        let mut tool = Tool::line(line);
        tool.command().current_dir(self.0.path());
        tool
    }

    /// Runs `dataset verify` on the file, with the first key.
    fn verify(&self, file: &str) -> Ran {
        self.tool(&format!("dataset verify --data-key key.pub {file}"))
            .run()
    }

    /// Returns the message of a refusal, which is the same for `dataset verify` and for `--data`.
    fn refusal(&self, options: &str, file: &str) -> String {
        let verified = self
            .tool(&format!("dataset verify {options} {file}"))
            .run()
            .refused();
        let used = self
            .tool(&format!("-f cidr --data {file} {options}"))
            .run()
            .refused();
        assert_eq!(verified, used, "{options} {file}");
        let line = verified.strip_prefix("twilio-sip-allow: error: ");
        line.unwrap_or_else(|| panic!("{verified}"))
            .trim_end()
            .to_owned()
    }
}

/// The embedded data as a bundle, as YAML.
fn embedded() -> String {
    Tool::line("dataset bundle").run().ok()
}

/// The embedded data as a bundle of [`DATE`], to be changed.
fn newer() -> Value {
    let mut bundle: Value = serde_yaml::from_str(&embedded()).unwrap();
    bundle["date"] = DATE.into();
    bundle
}

/// An edition of the bundle.
fn edition<'b>(bundle: &'b mut Value, name: &str) -> &'b mut Value {
    let editions = bundle["editions"].as_array_mut().unwrap();
    let mut named = editions
        .iter_mut()
        .filter(|edition| edition["edition"] == name);
    named.next().unwrap()
}

/// A bundle with a region and an upcoming edition that the program does not know.
fn with_new_names() -> Value {
    let mut bundle = newer();
    let mut region = bundle["reference"]["regions"][4].clone();
    assert_eq!(region["id"], "tokyo");
    for (key, value) in [
        ("id", "mumbai"),
        ("name", "Asia Pacific Mumbai"),
        ("edge", "mumbai"),
    ] {
        region[key] = value.into();
    }
    for (key, value) in [
        ("legacy_id", "in1"),
        ("aws_region", "ap-south-1"),
        ("place_ja", "ムンバイ"),
    ] {
        region[key] = value.into();
    }
    region["name_ja"] = "アジア太平洋ムンバイ".into();
    region["interconnect_edge"] = "mumbai-ix".into();
    bundle["reference"]["regions"]
        .as_array_mut()
        .unwrap()
        .push(region);
    edition(&mut bundle, "global")["signaling"]["networks"]["mumbai"] = json!(["192.0.2.0/30"]);
    let mut next = edition(&mut bundle, "global").clone();
    next["edition"] = "next".into();
    next["title"] = "The list after the change".into();
    next["upcoming"] = true.into();
    next["in_force_since"] = "2030-02-01".into();
    next["media"]["networks"]["all"] = json!(["203.0.113.0/24"]);
    bundle["editions"].as_array_mut().unwrap().push(next);
    bundle
}

#[test]
fn a_bundle_of_the_embedded_data_changes_no_output() {
    let test = "bundles::a_bundle_of_the_embedded_data_changes_no_output";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    let bundle = embedded();
    let date = bundle
        .lines()
        .find_map(|line| line.strip_prefix("date: "))
        .unwrap();
    let file = format!("dataset-{date}.yaml");
    signer.sign(&file, &bundle);
    let data = format!("--data {file} --data-key key.pub");
    for call in [
        "--format nftables",
        "--format json --edition regional,global",
        "list regions --long",
        "list editions --json",
        "dataset show --edition interconnect",
        "dataset bundle",
        "explain 54.65.63.193 34.203.254.1 8.8.8.8",
    ] {
        let expected = Tool::line(call).run();
        let found = signer.tool(&format!("{call} {data}")).run();
        assert_eq!(found.status, 0, "{found}");
        assert_eq!(found.stdout, expected.stdout, "{call}");
        let note = used(&file, date);
        assert_eq!(found.stderr.replace(&note, ""), expected.stderr, "{call}");
    }
}

/// The note that names the bundle in use.
fn used(file: &str, date: &str) -> String {
    format!("twilio-sip-allow: note: the lists are those of the bundle '{file}', from {date}\n")
}

#[test]
fn every_command_uses_the_names_and_networks_of_a_bundle() {
    let test = "bundles::every_command_uses_the_names_and_networks_of_a_bundle";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    signer.sign(FILE, with_new_names().to_string());
    let call = |line: &str| {
        let tool = signer.tool(line).env("TWILIO_SIP_ALLOW_DATA", FILE);
        tool.env("TWILIO_SIP_ALLOW_DATA_KEY", "key.pub")
    };
    let rules = call("-q -f iptables --edition current --region mumbai --direction in")
        .run()
        .ok();
    assert!(rules.contains("-s 192.0.2.0/30 "), "{rules}");
    let check = "check -q -f iptables --edition current --region mumbai --direction in rules";
    signer.write("rules", &rules);
    call(check).run().ok();
    signer.write("rules", rules.replace("192.0.2.0/30", "192.0.2.4/30"));
    assert_eq!(call(check).run().status, 1);
    signer.write("rules", rules.replace("--edition current", ""));

    signer.write(
        "twilio-sip-allow.yaml",
        "selection: {edition: next, region: mumbai}",
    );
    let configured = call("-q -f cidr --plane media --direction in").run();
    assert_eq!(networks(&configured), ["203.0.113.0/24"]);
    signer.write("twilio-sip-allow.yaml", "selection: {region: mars}");
    let refused = call("-f cidr").run().refused();
    assert!(
        refused.contains("error: unknown region 'mars'"),
        "{refused}"
    );
    fs::remove_file(signer.path("twilio-sip-allow.yaml")).unwrap();

    let regions = call("list regions").run().ok();
    assert!(
        regions.contains("\nmumbai     Asia Pacific Mumbai "),
        "{regions}"
    );
    let editions = call("list editions").run().ok();
    assert!(
        editions.contains(" upcoming, in force from 2030-02-01\n"),
        "{editions}"
    );
    let explained = call("explain 203.0.113.7").run().ok();
    assert!(
        explained.contains("next  upcoming, in force from 2030-02-01  media"),
        "{explained}"
    );
    let shown = call("dataset show --edition next").run().ok();
    assert!(shown.contains("upcoming: true\n"), "{shown}");
    signer.write("next.yaml", &shown);
    let diff = call("dataset diff next.yaml --edition next").run().ok();
    assert!(
        diff.starts_with("same: next.yaml equals edition next (upcoming"),
        "{diff}"
    );
    let diff = call("dataset diff current next").run();
    assert_eq!(diff.status, 1, "{diff}");
    assert!(diff.stdout.contains("203.0.113.0/24"), "{diff}");
    signer.write(
        "twilio.conf",
        "permit=192.0.2.0/30\npermit=203.0.113.0/24\n",
    );
    let scanned =
        call("scan -q --report lines --list-current --fail-on superseded,unpublished twilio.conf")
            .run();
    assert_eq!(scanned.status, 0, "{scanned}");
    assert_eq!(
        scanned.stdout.matches(": current: ").count(),
        2,
        "{scanned}"
    );
    signer.write("open", OPEN_LISTING);
    let verified = call("verify -q --report json --edition next --region mumbai open").run();
    assert!(verified.stdout.contains("\"next\""), "{verified}");
}

/// The lines of an output that are no comments.
fn networks(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.status, 0, "{ran}");
    let lines = ran.stdout.lines();
    lines.filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn upcoming_adds_editions_that_are_not_in_force_yet() {
    let test = "bundles::upcoming_adds_editions_that_are_not_in_force_yet";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    signer.sign(FILE, with_new_names().to_string());
    let render = |edition: &str| {
        let line = "-f cidr --plane media --direction in";
        signer
            .tool(&format!(
                "{line} --edition {edition} --data {FILE} --data-key key.pub"
            ))
            .run()
    };
    let both = render("current,upcoming");
    assert_eq!(networks(&both), ["168.86.128.0/18", "203.0.113.0/24"]);
    assert_eq!(both.stderr, used(FILE, DATE));
    let current = render("current");
    assert_eq!(networks(&current), ["168.86.128.0/18"]);
    assert_eq!(current.stderr, used(FILE, DATE) + NOT_SELECTED);
    let upcoming = render("upcoming");
    assert_eq!(networks(&upcoming), ["203.0.113.0/24"]);
    assert_eq!(upcoming.stderr, ALONE.to_owned() + &used(FILE, DATE));
}

/// The note about the upcoming edition of [`with_new_names`], before its planned day.
const NOT_SELECTED: &str = "twilio-sip-allow: note: edition 'next' is upcoming, in force from 2030-02-01; use --edition \
                            current,upcoming to include it\n";

/// The note about a selection of upcoming editions alone.
const ALONE: &str = "twilio-sip-allow: note: edition 'next' is upcoming; calls before 2030-02-01 also need the list in \
                     force\n";

#[test]
fn a_note_names_an_upcoming_edition_until_its_planned_day_and_says_when_that_day_has_come() {
    let test = "bundles::a_note_names_an_upcoming_edition_until_its_planned_day_and_says_when_that_day_has_come";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    signer.sign(FILE, with_new_names().to_string());
    let overdue = format!(
        "twilio-sip-allow: note: '{FILE}' still lists edition 'next' as upcoming, although its planned day, \
         2030-02-01, has come; compare it with Twilio's page with 'dataset diff', and use a newer bundle"
    );
    let not_selected = overdue.clone() + "; until then, use --edition current,upcoming\n";
    let selected = overdue + "\n";
    let run = |line: &str, days: u32| {
        let mut tool = signer
            .tool(&format!("{line} --data {FILE} --data-key key.pub"))
            .env(CLOCK.0, seconds(DATE, days));
        tool.run()
    };
    let render = "-f cidr --plane media --direction in --edition";
    let used = used(FILE, DATE);
    // The day after 29 days is 2030-01-31.
    for (line, before, after) in [
        ("current", NOT_SELECTED, not_selected.as_str()),
        ("global,next", "", &selected),
        ("upcoming", "", &selected),
    ] {
        let alone = if line == "upcoming" { ALONE } else { "" };
        let call = format!("{render} {line}");
        let [early, late] = [29, 30].map(|days| run(&call, days));
        assert_eq!(early.stdout, late.stdout, "{line}");
        assert_eq!(early.stderr, format!("{alone}{used}{before}"), "{line}");
        assert_eq!(late.stderr, format!("{alone}{used}{after}"), "{line}");
        assert_eq!(run(&format!("-q {call}"), 30).stderr, "", "{line}");
    }
    let private = run(&format!("{render} interconnect"), 30);
    assert!(!private.stderr.contains("'next'"), "{private}");

    let rules = run("-q -f iptables --direction in --edition current", 0).ok();
    signer.write("rules", rules);
    signer.write("open", OPEN_LISTING);
    for (line, status) in [
        (
            "check -f iptables --direction in --edition current rules",
            0,
        ),
        ("scan rules", 0),
        ("explain 203.0.113.7", 0),
        ("verify open", 1),
    ] {
        for (days, note) in [(29, NOT_SELECTED), (30, &not_selected)] {
            let ran = run(line, days);
            assert_eq!(ran.status, status, "{ran}");
            assert!(ran.stderr.ends_with(&format!("{used}{note}")), "{ran}");
        }
    }
    let own = run("-q dataset show --edition global", 0).ok();
    signer.write("own.yaml", own.replace("edition: global", "edition: ours"));
    let own = run(
        "-f cidr --plane media --direction in --dataset own.yaml",
        30,
    );
    assert_eq!(own.stderr, "");
}

/// The bundle has an upcoming edition whose media network is wider than the one in force.
#[test]
fn scan_accepts_the_whole_list_in_force_inside_a_wider_upcoming_network() {
    let test = "bundles::scan_accepts_the_whole_list_in_force_inside_a_wider_upcoming_network";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    let mut bundle = with_new_names();
    edition(&mut bundle, "next")["media"]["networks"]["all"] = json!(["168.86.128.0/17"]);
    signer.sign(FILE, bundle.to_string());
    let scan = |list: &str| {
        signer.write("list", format!("# Twilio media\n{list}\n"));
        let line = "scan -q --report lines --list-current --plane media --data-key key.pub --data";
        let ran = signer.tool(&format!("{line} {FILE} list")).run();
        (ran.status, ran.stdout)
    };
    let upcoming = "media of all regions (upcoming, in force from 2030-02-01)";
    for (list, status, expected) in [
        (
            "168.86.128.0/18",
            0,
            vec![format!(
                "2:1: current: 168.86.128.0/18: media of all regions, {upcoming}"
            )],
        ),
        (
            "168.86.128.0/19\n168.86.160.0/19",
            0,
            vec![
                format!("2:1: current: 168.86.128.0/19: media of all regions, {upcoming}"),
                format!("3:1: current: 168.86.160.0/19: media of all regions, {upcoming}"),
            ],
        ),
        (
            "168.86.128.0/17",
            0,
            vec![format!(
                "2:1: current: 168.86.128.0/17: media of all regions, {upcoming}"
            )],
        ),
        (
            "168.86.128.0/19",
            1,
            vec![
                "2:1: narrower: 168.86.128.0/19: media of all regions is 168.86.128.0/18"
                    .to_owned(),
            ],
        ),
        (
            "168.86.128.0/18\n168.86.192.0/19",
            1,
            vec![
                format!("2:1: current: 168.86.128.0/18: media of all regions, {upcoming}"),
                format!("3:1: narrower: 168.86.192.0/19: {upcoming} is 168.86.128.0/17"),
            ],
        ),
    ] {
        let (found, text) = scan(list);
        let lines = text.lines().filter_map(|line| line.strip_prefix("list:"));
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines, expected, "{list}");
        assert_eq!(found, status, "{list}");
    }

    // A part of the network in force is too narrow, even if it is all of an upcoming one.
    edition(&mut bundle, "next")["media"]["networks"]["all"] = json!(["168.86.128.0/19"]);
    signer.sign(FILE, bundle.to_string());
    let (status, text) = scan("168.86.128.0/19");
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains(": narrower: 168.86.128.0/19: media of all regions is 168.86.128.0/18\n"),
        "{text}"
    );
}

#[test]
fn options_about_a_bundle_are_refused_without_a_bundle() {
    for (line, verb) in [
        ("-f cidr", ""),
        ("render -f cidr", "render "),
        ("list editions", "list "),
        ("dataset bundle", "dataset bundle "),
        ("check -f iptables rules", "check "),
        ("scan .", "scan "),
    ] {
        for (given, option) in [
            ("--data-key missing.pub", "--data-key"),
            ("--data-allow-older", "--data-allow-older"),
        ] {
            let refused = Tool::line(&format!("{line} {given}")).run().refused();
            assert_eq!(
                refused,
                format!(
                    "twilio-sip-allow: error: {option} has no effect without a bundle; name the bundle with --data FILE, \
                     or leave {option} out\nfor help: twilio-sip-allow {verb}--help\n"
                )
            );
        }
    }
    // People set the variables for all commands of a machine.
    let call = "-f cidr --plane media --direction in --edition current";
    let mut tool = Tool::line(call)
        .env("TWILIO_SIP_ALLOW_DATA_KEY", "missing.pub")
        .env("TWILIO_SIP_ALLOW_DATA_ALLOW_OLDER", "yes");
    assert_eq!(networks(&tool.run()), ["168.86.128.0/18"]);
}

#[test]
fn a_key_on_the_command_line_applies_to_the_bundle_of_the_variable() {
    let test = "bundles::a_key_on_the_command_line_applies_to_the_bundle_of_the_variable";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    signer.sign(FILE, newer().to_string());
    let call = "-f cidr --plane media --direction in --edition current --data-key key.pub";
    let ran = signer.tool(call).env("TWILIO_SIP_ALLOW_DATA", FILE).run();
    assert_eq!(networks(&ran), ["168.86.128.0/18"]);
    assert_eq!(ran.stderr, used(FILE, DATE));
}

#[test]
fn upcoming_without_such_an_edition_is_a_note_or_an_error_on_its_own() {
    let call = "-f cidr --plane media --direction in --edition";
    let both = Tool::line(&format!("{call} current,upcoming")).run();
    assert_eq!(networks(&both), ["168.86.128.0/18"]);
    assert_eq!(
        both.stderr,
        "twilio-sip-allow: note: no edition is upcoming, so 'upcoming' selects nothing\n"
    );
    let quiet = Tool::line(&format!("-q {call} current,upcoming")).run();
    assert_eq!(quiet.stderr, "");
    let alone = Tool::line(&format!("{call} upcoming")).run().refused();
    assert_eq!(
        alone,
        "twilio-sip-allow: error: no edition is upcoming; use --edition current,upcoming to select the list in force \
         and upcoming lists, if there are any\n"
    );
}

#[test]
fn verify_shows_the_key_the_date_and_the_editions() {
    let Some(signer) = Signer::new("bundles::verify_shows_the_key_the_date_and_the_editions")
    else {
        return;
    };
    signer.sign(FILE, with_new_names().to_string());
    let shown = signer.verify(FILE).ok();
    let key = fs::read_to_string(signer.path("key.pub")).unwrap();
    let key = key.lines().nth(1).unwrap();
    for part in [
        &format!("the signature of {FILE} is valid\nkey                  {key} (key.pub)\n"),
        ", file:dataset-2030-01-02.yaml, hashed\ndate                 2030-01-02\n",
        "\neditions\n  regional           superseded on 2024-02-21 by global\n",
        "\n  next               upcoming, in force from 2030-02-01\n",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn a_changed_byte_in_the_bundle_or_the_signature_is_refused() {
    let test = "bundles::a_changed_byte_in_the_bundle_or_the_signature_is_refused";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    let bundle = newer().to_string();
    signer.sign(FILE, &bundle);
    let mismatch = format!(
        "{FILE}: the signature does not match the bundle, so one of the two files was changed or is incomplete; \
         download both again"
    );
    let whole = bundle.as_bytes();
    for at in [0, 1, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.to_vec();
        changed[at] ^= 1;
        signer.write(FILE, &changed);
        assert_eq!(
            signer.refusal("--data-key key.pub", FILE),
            mismatch,
            "byte {at}"
        );
    }
    let with_mark = [b"\xef\xbb\xbf", whole].concat();
    let with_line = [whole, b"\n"].concat();
    for other in [
        &whole[..whole.len() - 1],
        &[],
        &with_line,
        &with_mark,
        b"\xff\xfe\0",
    ] {
        signer.write(FILE, other);
        assert_eq!(signer.refusal("--data-key key.pub", FILE), mismatch);
    }
    signer.write(FILE, whole);
    signer.verify(FILE).ok();
    let signature = format!("{FILE}.minisig");
    let good = fs::read_to_string(signer.path(&signature)).unwrap();
    signer.write(&signature, good.replace("file:dataset", "file:another"));
    assert_eq!(signer.refusal("--data-key key.pub", FILE), mismatch);
    for bad in [
        "",
        "hello\n",
        &good[..good.len() / 2],
        "a\nb\nc\nd\n",
        "ä\nä\nä\nä\n",
    ] {
        signer.write(&signature, bad);
        assert_eq!(
            signer.refusal("--data-key key.pub", FILE),
            format!(
                "{FILE}: this is not a signature of minisign; sign the bundle with 'minisign -S', or download the \
                 signature again"
            )
        );
    }
    fs::remove_file(signer.path(&signature)).unwrap();
    assert_eq!(
        signer.refusal("--data-key key.pub", FILE),
        format!(
            "there is no signature '{signature}'; download it too, or sign your own bundle with 'minisign -S'"
        )
    );
}

#[test]
fn only_the_named_keys_are_accepted() {
    let Some(signer) = Signer::new("bundles::only_the_named_keys_are_accepted") else {
        return;
    };
    signer.add_key("other");
    signer.sign(FILE, newer().to_string());
    assert_eq!(
        signer.refusal("--data-key other.pub", FILE),
        format!(
            "{FILE}: another key signed the bundle; the accepted keys are other.pub, and --data-key names another one"
        )
    );
    // During a rotation, the old and the new key are accepted.
    for name in ["key", "other"] {
        signer.sign_with(name, FILE, newer().to_string());
        let shown = signer
            .tool(&format!(
                "dataset verify --data-key key.pub --data-key other.pub {FILE}"
            ))
            .run()
            .ok();
        assert!(shown.contains(&format!("({name}.pub)")), "{shown}");
    }
    for (name, content) in [
        (
            "secret.pub",
            fs::read_to_string(signer.path("key")).unwrap(),
        ),
        ("empty.pub", String::new()),
        (
            "signature.pub",
            fs::read_to_string(signer.path(&format!("{FILE}.minisig"))).unwrap(),
        ),
    ] {
        signer.write(name, content);
        assert_eq!(
            signer.refusal(&format!("--data-key {name}"), FILE),
            format!(
                "{name}: this is not a public key of minisign; a key is a file of two lines, such as 'minisign -G' \
                 writes to minisign.pub"
            )
        );
    }
}

/// As long as `data/keys` has no key.
#[test]
fn without_a_key_no_bundle_is_accepted() {
    let mut keys = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/data/keys")).unwrap();
    if keys.any(|entry| entry.unwrap().path().extension() == Some("pub".as_ref())) {
        return;
    }
    let refused = Tool::line("dataset verify bundle.yaml")
        .file("bundle.yaml", embedded())
        .run()
        .refused();
    assert_eq!(
        refused,
        "twilio-sip-allow: error: this program contains no public key to verify a bundle with; name the key with \
         --data-key FILE\n"
    );
}

#[test]
fn an_older_or_renamed_bundle_is_refused() {
    let Some(signer) = Signer::new("bundles::an_older_or_renamed_bundle_is_refused") else {
        return;
    };
    let mut old = newer();
    old["date"] = "2020-02-29".into();
    signer.sign("old.yaml", old.to_string());
    let refused = signer.refusal("--data-key key.pub", "old.yaml");
    assert!(
        refused.starts_with(
            "old.yaml: the bundle is from 2020-02-29, and the data in the program is newer, from 20"
        ),
        "{refused}"
    );
    assert!(
        refused.ends_with("; use a newer bundle, or --data-allow-older to use this one"),
        "{refused}"
    );
    let forced =
        "--data old.yaml --data-key key.pub --data-allow-older -q --edition current -f cidr";
    let ran = signer.tool(forced).run();
    assert!(ran.stdout.contains("168.86.128.0/18"), "{ran}");
    assert!(
        ran.stderr.starts_with(
            "twilio-sip-allow: warning: 'old.yaml' is from 2020-02-29, and the data in the program is newer, from 20"
        ),
        "{ran}"
    );
    for suffix in ["", ".minisig"] {
        fs::copy(
            signer.path(&format!("old.yaml{suffix}")),
            signer.path(&format!("{FILE}{suffix}")),
        )
        .unwrap();
    }
    assert_eq!(
        signer.refusal("--data-key key.pub --data-allow-older", FILE),
        format!(
            "{FILE}: the bundle is from 2020-02-29, although its name says 2030-01-02; download it again"
        )
    );
}

/// Changes of a bundle that make it invalid, with the ends of the messages.
fn invalid() -> Vec<(Value, &'static str)> {
    type Change = (fn(&mut Value), &'static str);
    let changes: [Change; 26] = [
        (
            |b| drop(b["services"].as_array_mut().unwrap().remove(0)),
            "services: the service 'stun-turn' is missing; a bundle must contain every service that this program knows",
        ),
        (
            |b| {
                b["bundle"] = 2.into();
                b["new"] = "in version 2".into();
            },
            "bundle: version 2 of the format is unknown, this program reads version 1; update the program",
        ),
        (
            |b| b["extra"] = 1.into(),
            ": unknown key 'extra'; use one of bundle, date, reference, sip, editions, services",
        ),
        (
            |b| drop(b.as_object_mut().unwrap().remove("date")),
            ": the key 'date' is missing",
        ),
        (
            |b| b["date"] = "2030-02-30".into(),
            "'2030-02-30' is not a date; write YEAR-MONTH-DAY, as in 2024-02-21",
        ),
        (
            |b| drop(b["editions"].as_array_mut().unwrap().remove(0)),
            "editions: the edition 'regional' is missing; a bundle must contain every edition that this program knows",
        ),
        (
            |b| {
                let e = b["editions"][0].clone();
                b["editions"].as_array_mut().unwrap().push(e);
            },
            "editions: 'regional' is listed twice",
        ),
        (
            |b| edition(b, "global")["superseded"] = json!({"date": "2029-01-01", "by": "nothing"}),
            "editions.global.superseded.by: there is no edition 'nothing'",
        ),
        (
            |b| {
                edition(b, "global")["superseded"] =
                    json!({"date": "2029-01-01", "by": "interconnect"});
            },
            "editions: 0 editions for the public internet are in force; exactly one must be",
        ),
        (
            |b| {
                drop(
                    edition(b, "regional")
                        .as_object_mut()
                        .unwrap()
                        .remove("superseded"),
                );
            },
            "editions: 2 editions for the public internet are in force; exactly one must be",
        ),
        (
            |b| edition(b, "regional")["upcoming"] = true.into(),
            "editions.regional.upcoming: a superseded edition cannot be upcoming; remove one of the two keys",
        ),
        (
            |b| edition(b, "global")["page_sha256"] = "ABC".into(),
            "'ABC' is not a SHA-256 sum; use 64 digits from 0 to 9 and a to f",
        ),
        (
            |b| edition(b, "global")["media"]["networks"]["all"] = json!(["0.0.0.0/0"]),
            "'0.0.0.0/0' is too wide; use a prefix length of 8 or more",
        ),
        (
            |b| edition(b, "global")["title"] = "x\"\n# allow all".into(),
            "contains the invisible character \\u{a}; use one line of visible text",
        ),
        (
            |b| edition(b, "global")["source"] = "a".repeat(1001).into(),
            "editions.global.source: the text has more than 1000 bytes",
        ),
        (
            |b| edition(b, "global")["edition"] = "x; reboot".into(),
            "'x; reboot' is not a name; use 1 to 32 lower-case letters and digits, with single hyphens between them",
        ),
        (
            |b| edition(b, "global")["signaling"]["networks"]["mars"] = json!(["192.0.2.1"]),
            "signaling.networks.mars: unknown region; use all or one of virginia, oregon, ireland, frankfurt, tokyo, singapore, sydney, sao-paulo",
        ),
        (
            |b| b["reference"]["regions"][4]["id"] = "tokyo\u{1b}[2J".into(),
            "reference.regions.tokyo\\u{1b}[2J.id: 'tokyo\\u{1b}[2J' is not a name; use 1 to 32 lower-case letters and digits, with single hyphens between them",
        ),
        (
            |b| b["reference"]["regions"][4]["id"] = "all".into(),
            "reference.regions.all.id: 'all' means every region",
        ),
        (
            |b| b["reference"]["regions"][4]["edge"] = "$(id)".into(),
            "reference.regions.tokyo.edge: '$(id)' is not a name; use 1 to 32 lower-case letters and digits, with single hyphens between them",
        ),
        (
            |b| b["reference"]["regions"][4]["also"] = json!(["\u{202e}x"]),
            "reference.regions.tokyo.also: '\\u{202e}x' contains the invisible character \\u{202e}; use one line of visible text",
        ),
        (
            |b| b["reference"]["regions"][4]["country"] = "mars".into(),
            "reference.regions.tokyo.country: there is no country 'mars'",
        ),
        (
            |b| b["reference"]["regions"][0]["failover"] = "mars".into(),
            "reference.regions.virginia.failover: there is no region 'mars'",
        ),
        (
            |b| b["reference"]["regions"] = json!([]),
            "reference.regions: there is no region",
        ),
        (
            |b| b["reference"]["countries"][0]["names"] = json!([]),
            "reference.countries.usa.names: there is no name",
        ),
        (
            |b| b["services"][0]["name"] = "a\u{7}".into(),
            "services.stun-turn.name: 'a\\u{7}' contains the invisible character \\u{7}; use one line of visible text",
        ),
    ];
    let changed = changes.map(|(change, message)| {
        let mut bundle = newer();
        change(&mut bundle);
        (bundle, message)
    });
    changed.to_vec()
}

#[test]
fn a_signed_bundle_with_invalid_content_is_refused() {
    let Some(signer) = Signer::new("bundles::a_signed_bundle_with_invalid_content_is_refused")
    else {
        return;
    };
    for (bundle, message) in invalid() {
        signer.sign(FILE, bundle.to_string());
        let refused = signer.refusal("--data-key key.pub", FILE);
        assert!(
            refused.starts_with(FILE) && refused.ends_with(message),
            "{refused}\n{message}"
        );
    }
    let aliases = embedded().replace("- North America\n", "- &name North America\n    - *name\n");
    let deep = "[".repeat(100_000);
    for (text, message) in [
        ("", ": the key 'bundle' is missing"),
        ("- 1", ":1:1: expected the keys of a bundle, not a list"),
        (
            &aliases,
            ":8:1: an alias, such as '*name', is not allowed here; repeat the value, or quote the text",
        ),
        (&deep, "nested"),
    ] {
        signer.sign(FILE, text);
        let refused = signer.refusal("--data-key key.pub", FILE);
        assert!(refused.contains(message), "{refused}\n{message}");
    }
}

#[test]
fn lists_in_a_bundle_have_a_maximum() {
    let Some(signer) = Signer::new("bundles::lists_in_a_bundle_have_a_maximum") else {
        return;
    };
    let mut many_names = newer();
    let names: Vec<String> = (0..101).map(|n| format!("n{n}")).collect();
    many_names["reference"]["regions"][4]["also"] = json!(names);
    let mut many_networks = newer();
    let networks: Vec<String> = (0..4_960)
        .map(|n| format!("10.{}.{}.0/24", n / 250, n % 250))
        .collect();
    many_networks["services"][0]["networks"]["tokyo"] = json!(networks);
    let mut many_regions = newer();
    let regions = many_regions["reference"]["regions"].as_array_mut().unwrap();
    for n in 0..100 {
        let mut region = regions[0].clone();
        region["id"] = format!("r{n}").into();
        regions.push(region);
    }
    for (bundle, message) in [
        (
            many_names,
            "reference.regions.tokyo.also: more than 100, which is the maximum",
        ),
        (
            many_networks,
            "services: more than 5000 networks, which is the maximum",
        ),
        (
            many_regions,
            "reference.regions: more than 100, which is the maximum",
        ),
    ] {
        signer.sign(FILE, bundle.to_string());
        let refused = signer.refusal("--data-key key.pub", FILE);
        assert_eq!(refused, format!("{FILE}: {message}"));
    }
}

#[test]
fn the_size_of_a_bundle_and_its_signature_is_limited() {
    let Some(signer) = Signer::new("bundles::the_size_of_a_bundle_and_its_signature_is_limited")
    else {
        return;
    };
    let huge = " ".repeat((2 << 20) + 1);
    signer.sign(FILE, &huge);
    assert_eq!(
        signer.refusal("--data-key key.pub", FILE),
        format!(
            "cannot read {FILE}: it has more than 2097152 bytes; raise the limit with --limit list=NUMBER"
        )
    );
    signer.sign(FILE, newer().to_string());
    signer.write(&format!("{FILE}.minisig"), &huge);
    assert!(
        signer
            .refusal("--data-key key.pub", FILE)
            .contains(".minisig: it has more than 2097152 bytes")
    );
}

#[test]
fn a_bundle_can_be_a_link_or_a_pipe_with_a_signature_beside_it() {
    let test = "bundles::a_bundle_can_be_a_link_or_a_pipe_with_a_signature_beside_it";
    let Some(signer) = Signer::new(test) else {
        return;
    };
    let bundle = newer().to_string();
    signer.sign(FILE, &bundle);
    for suffix in ["", ".minisig"] {
        symlink(
            format!("{FILE}{suffix}"),
            signer.path(&format!("link.yaml{suffix}")),
        )
        .unwrap();
    }
    signer.verify("link.yaml").ok();
    let pipe = signer.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    symlink(format!("{FILE}.minisig"), signer.path("pipe.minisig")).unwrap();
    // Nobody can read a pipe twice.
    let writer = std::thread::spawn(move || {
        fs::OpenOptions::new()
            .write(true)
            .open(pipe)
            .unwrap()
            .write_all(bundle.as_bytes())
    });
    signer.verify("pipe").ok();
    writer.join().unwrap().unwrap();
    for (file, message) in [
        (
            "-",
            "a bundle cannot be read from stdin, because its signature is in another file; name a file",
        ),
        (".", "cannot read .: it is a folder; name a file"),
        (
            "/dev/zero",
            "cannot read /dev/zero: it is a device, not a file",
        ),
    ] {
        assert_eq!(signer.refusal("--data-key key.pub", file), message);
    }
}

#[test]
fn a_bundle_matches_its_schema() {
    let test = "bundles::a_bundle_matches_its_schema";
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bundle.schema.json");
    for bundle in [newer(), with_new_names()] {
        validate(
            test,
            "Draft202012Validator",
            schema.to_str().unwrap(),
            &bundle.to_string(),
        );
    }
}

/// The seconds since 1970 of a number of days after a date, according to the program `date`.
fn seconds(date: &str, days: u32) -> String {
    let text = format!("{date} + {days} days");
    let output = Command::new("date")
        .args(["-u", "-d", &text, "+%s"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_note_says_that_the_data_is_older_than_180_days() {
    let bundle: Value = serde_yaml::from_str(&embedded()).unwrap();
    let date = bundle["date"].as_str().unwrap();
    let stderr = |line: &str, days: u32| {
        let mut tool = Tool::line(line).env(CLOCK.0, seconds(date, days));
        let ran = tool.run();
        assert_eq!(ran.status, 0, "{ran}");
        ran.stderr
    };
    let note = format!(
        "twilio-sip-allow: note: the data in the program is from {date}, 181 days ago; compare it with Twilio's page \
         with 'dataset diff', and update the program or use a newer bundle with --data if they differ \
         (--data-max-age 0 turns this note off)\n"
    );
    let render = "-f cidr --edition current --plane media --direction in";
    assert_eq!(stderr(render, 180), "");
    assert_eq!(stderr(render, 181), note);
    assert_eq!(stderr("explain 54.65.63.193", 181), note);
    for quiet in ["-q", "--data-max-age 0", "--data-max-age 181"] {
        assert_eq!(stderr(&format!("{render} {quiet}"), 181), "", "{quiet}");
    }
    assert_eq!(
        stderr(&format!("{render} --data-max-age 30"), 31),
        note.replace("181", "31")
    );
    assert_eq!(stderr("list regions", 900), "");
    let mut early = Tool::line(render).env(CLOCK.0, "0");
    assert_eq!(early.run().stderr, "");
    for wrong in ["", "x", "1e9", "99999999999999999999"] {
        let refused = Tool::line(render).env(CLOCK.0, wrong).run().refused();
        assert_eq!(
            refused,
            format!(
                "twilio-sip-allow: error: SOURCE_DATE_EPOCH: '{wrong}' is not a number of seconds since 1970; correct \
                 it, or unset the variable\n"
            )
        );
    }
}

#[test]
fn the_note_about_old_data_names_a_bundle_or_an_own_list() {
    let Some(signer) =
        Signer::new("bundles::the_note_about_old_data_names_a_bundle_or_an_own_list")
    else {
        return;
    };
    signer.sign(FILE, newer().to_string());
    let call = "-f cidr --plane media --direction in";
    let stderr = |line: &str| {
        signer
            .tool(&format!("{call} {line}"))
            .env(CLOCK.0, seconds(DATE, 200))
            .run()
            .stderr
    };
    assert_eq!(
        stderr(&format!(
            "--edition current --data {FILE} --data-key key.pub"
        )),
        format!(
            "twilio-sip-allow: note: '{FILE}' is from {DATE}, 200 days ago; compare it with Twilio's page with 'dataset \
             diff', and use a newer bundle if they differ (--data-max-age 0 turns this note off)\n"
        )
    );
    let own = Tool::line("dataset show")
        .run()
        .ok()
        .replace("edition: global", "edition: ours");
    signer.write("own.yaml", &own);
    assert_eq!(stderr("--dataset own.yaml"), "");
    signer.write(
        "own.yaml",
        own.replace(
            "in_force_since",
            &format!("retrieved: {DATE}\nin_force_since"),
        ),
    );
    assert_eq!(
        stderr("--dataset own.yaml"),
        format!(
            "twilio-sip-allow: note: list 'ours' is from {DATE}, 200 days ago; compare it with Twilio's page with \
             'dataset diff', and import a new page if they differ (--data-max-age 0 turns this note off)\n"
        )
    );
}
