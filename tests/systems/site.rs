//! The static site that `packaging/site` builds: feeds, the output of each format, and the page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::common::{CORE_FORMATS, Tool, facts, first_difference, has, head_commands, tell};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_twilio-sip-allow");

/// Some regions, so that the builds take seconds.
const REGIONS: [&str; 2] = ["all", "tokyo"];

/// A text that would be an element, end an attribute or end a script where it is not escaped.
const HOSTILE: &str = r#"'"></script><img src=x onerror=alert(1)>$title&"#;

/// `packaging/site` in an empty folder, where it writes the folder `site`.
struct Build {
    folder: tempfile::TempDir,
    command: Command,
}

impl Build {
    fn new(program: &Path) -> Build {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(Path::new(ROOT).join("packaging/site"));
        command.args(["site", "--program"]).arg(program);
        command.current_dir(folder.path()).stdin(Stdio::null());
        Build { folder, command }
    }

    /// A site of the edition in force, for [`REGIONS`].
    fn current() -> Build {
        let mut build = Build::new(Path::new(PROGRAM));
        build.command.args(["--edition", "current"]);
        for region in REGIONS {
            build.command.args(["--region", region]);
        }
        build
    }

    /// A site of the outputs of a shell script instead of the program.
    fn of_script(script: &str) -> Build {
        let build = Build::new(Path::new("program"));
        let path = build.folder.path().join("program");
        fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        build
    }

    fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    fn must_work(mut self) -> Build {
        let output = self.command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        self
    }

    /// The message of a build that must fail. It may leave nothing in its folder but `expected`.
    fn refused(mut self, expected: &[&str]) -> String {
        let output = self.command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let left: BTreeSet<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, expected.iter().map(Into::into).collect());
        String::from_utf8(output.stderr).unwrap()
    }
}

/// The files of the site of the edition in force, which several tests share. `None` without Python.
fn current(test: &str) -> Option<&'static BTreeMap<String, String>> {
    static FILES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    has("python3", test).then(|| FILES.get_or_init(|| files(&Build::current().must_work().site())))
}

/// The texts of all files below a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                files.insert(name.to_owned(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

/// The outputs that a script in `page/` gives to the page, by format.
fn given(script: &str) -> serde_json::Map<String, Value> {
    let call = script.strip_prefix("receive(").expect("a call");
    let arguments = call.strip_suffix(");\n").expect("one call");
    let [_, outputs]: [Value; 2] = serde_json::from_str(&format!("[{arguments}]")).unwrap();
    let Value::Object(outputs) = outputs else {
        panic!("{outputs}")
    };
    outputs
}

#[test]
fn the_feeds_contain_exactly_the_published_networks() {
    let test = "the_feeds_contain_exactly_the_published_networks";
    let Some(site) = current(test) else { return };
    let ports = facts::ports("global");
    for plane in ["signaling", "media"] {
        let networks = facts::cidrs(&facts::published("global", "all", plane));
        let list = &site[&format!("feeds/current/{plane}.txt")];
        assert_eq!(*list, networks.join("\n") + "\n");

        let rules: Value =
            serde_json::from_str(&site[&format!("feeds/current/{plane}.json")]).unwrap();
        let rules = rules["rules"].as_array().unwrap();
        let found: BTreeSet<&str> = rules
            .iter()
            .flat_map(|rule| rule["remote"]["networks"].as_array().unwrap())
            .map(|network| network["cidr"].as_str().unwrap())
            .collect();
        assert_eq!(found, networks.iter().map(String::as_str).collect());
        let incoming = rules.iter().filter(|rule| rule["direction"] == "in");
        let found: BTreeSet<(u64, u64)> = incoming
            .map(|rule| &rule["local"]["ports"])
            .map(|ports| {
                (
                    ports["first"].as_u64().unwrap(),
                    ports["last"].as_u64().unwrap(),
                )
            })
            .collect();
        let expected = match plane {
            "media" => vec![ports.media],
            _ => [ports.udp, ports.tcp, ports.tls]
                .map(|port| (port, port))
                .to_vec(),
        };
        let expected = expected
            .into_iter()
            .map(|(first, last)| (first.into(), last.into()));
        assert_eq!(found, expected.collect());
    }
}

#[test]
fn the_rules_of_the_site_are_those_of_the_golden_files() {
    let Some(site) = current("the_rules_of_the_site_are_those_of_the_golden_files") else {
        return;
    };
    let version = env!("CARGO_PKG_VERSION");
    for format in CORE_FORMATS {
        let golden = format!("{ROOT}/tests/golden/current.{format}");
        let golden = fs::read_to_string(golden).unwrap();
        let suffix = if format == "aws-sg" { "json" } else { "txt" };
        let name = format!("rules/current/all/both/{format}.{suffix}");
        let found = site[&name].replace(&format!("allow {version}"), "allow VERSION");
        assert_eq!(first_difference(&golden, &found), None, "{name}");
    }
}

/// Every region, direction and format has either an output in a file and on the page, or a reason.
#[test]
fn nothing_is_left_out_without_a_reason() {
    let test = "nothing_is_left_out_without_a_reason";
    let Some(site) = current(test) else { return };
    let listed = Tool::line("list formats --json").run_once();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let mut formats: BTreeSet<String> = listed["formats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|format| format["name"].as_str().unwrap().to_owned())
        .collect();
    for name in ["cidr", "aws-prefix-list"] {
        assert!(formats.remove(name));
        formats.extend([format!("{name}-signaling"), format!("{name}-media")]);
    }

    let mut reasons = BTreeSet::new();
    let mut in_files = 0;
    for region in REGIONS {
        for direction in ["both", "in", "out"] {
            let outputs = given(&site[&format!("page/current/{region}/{direction}.js")]);
            assert_eq!(outputs.keys().cloned().collect::<BTreeSet<_>>(), formats);
            for (format, output) in outputs {
                if let Some(reason) = output["reason"].as_str() {
                    reasons.insert((format, direction, reason.to_owned()));
                    continue;
                }
                let start = format!("rules/current/{region}/{direction}/{format}.");
                let (name, text) = site.range(start.clone()..).next().unwrap();
                assert!(name.starts_with(&start), "{name}");
                assert_eq!(output["text"], text.as_str(), "{name}");
                in_files += 1;
            }
        }
    }
    let of_rules = site
        .keys()
        .filter(|name| name.starts_with("rules/current/"));
    assert_eq!(
        of_rules.count(),
        in_files + 1,
        "with the page of the edition"
    );
    let listed = &site["rules/current/index.html"];
    let expected = [
        (
            "asterisk",
            "out",
            "asterisk cannot express --direction out: it matches only incoming requests; use --direction in",
        ),
        (
            "cisco-cube",
            "out",
            "cisco-cube cannot express --direction out: it matches only incoming requests; use --direction in",
        ),
        (
            "firewalld",
            "both",
            "firewalld cannot express both directions in one policy; render --direction in and --direction out separately",
        ),
        (
            "freeswitch",
            "out",
            "freeswitch cannot express --direction out: it matches only incoming requests; use --direction in",
        ),
        (
            "kamailio",
            "out",
            "kamailio cannot express --direction out: it matches only incoming requests; use --direction in",
        ),
        (
            "livekit",
            "out",
            "livekit cannot express --direction out: it matches only incoming requests; use --direction in",
        ),
    ];
    for (_, _, reason) in expected {
        assert!(listed.contains(&format!("<li>{reason}</li>")), "{reason}");
    }
    let expected =
        expected.map(|(format, way, reason)| (format.to_owned(), way, reason.to_owned()));
    assert_eq!(reasons, expected.into());
}

/// The commands next to an output are those in its comments. An output without comments has the load
/// command of its format.
#[test]
fn the_commands_on_the_page_are_those_of_the_outputs() {
    let test = "the_commands_on_the_page_are_those_of_the_outputs";
    let Some(site) = current(test) else { return };
    let outputs = given(&site["page/current/tokyo/in.js"]);
    let commands = |format: &str, step: &str| -> Vec<&str> {
        let steps = outputs[format]["steps"].as_array().unwrap();
        let of_step = steps.iter().filter(|pair| pair[0] == step);
        of_step.map(|pair| pair[1].as_str().unwrap()).collect()
    };
    for (format, steps) in [
        ("nftables", &["load", "hook", "boot", "remove"][..]),
        ("iptables", &["load", "hook", "boot", "remove"]),
        ("ipset", &["load", "hook", "boot", "remove"]),
        ("ufw", &["load", "remove"]),
        ("pf", &["load", "hook", "boot", "remove"]),
        ("junos", &["load", "hook", "remove"]),
        ("mikrotik", &["load", "hook", "remove"]),
        ("kamailio", &["load", "hook"]),
    ] {
        let text = outputs[format]["text"].as_str().unwrap();
        for step in steps {
            assert_eq!(
                commands(format, step),
                head_commands(text, step, Path::new("FILE"))
            );
        }
        assert_eq!(outputs[format]["steps"][0][0], "load", "{format}");
    }
    assert_eq!(
        commands("cisco", "hook"),
        ["interface INTERFACE", "ip access-group TWILIO-SIP-IN in"]
    );
    assert_eq!(
        commands("firewalld", "load"),
        ["install -m 644 FILE /etc/firewalld/policies/twilio-sip-in.xml"]
    );
    assert_eq!(commands("firewalld", "hook"), ["firewall-cmd --reload"]);
    assert_eq!(
        commands("freeswitch", "hook")[2],
        "fs_cli -x 'sofia profile PROFILE rescan'"
    );
    assert_eq!(
        commands("tfvars", "load"),
        ["terraform apply -var-file FILE (whose name ends in .tfvars.json)"]
    );
    assert_eq!(commands("livekit", "load"), ["lk sip inbound create FILE"]);
    assert_eq!(
        commands("aws-sg", "load"),
        ["aws ec2 authorize-security-group-ingress --group-id GROUP --cli-input-json file://FILE"]
    );
    let aws = |direction: &str| {
        given(&site[&format!("page/current/all/{direction}.js")])["aws-sg"].clone()
    };
    assert_eq!(
        aws("out")["steps"],
        json!([[
            "load",
            "aws ec2 authorize-security-group-egress --group-id GROUP --cli-input-json file://FILE"
        ]])
    );
    // An output for both directions cannot be loaded, and its note says so.
    assert_eq!(aws("both")["steps"], json!([]));
    let note = aws("both")["notes"][0].as_str().unwrap().to_owned();
    assert!(
        note.ends_with(
            "to authorize the rules, render --direction in and --direction out separately"
        ),
        "{note}"
    );

    for (format, output) in &outputs {
        assert_eq!(commands(format, "load").len(), 1, "{format}");
        let command = output["command"]
            .as_str()
            .unwrap()
            .strip_prefix("twilio-sip-allow ")
            .unwrap();
        let ran = Tool::line(command).run();
        assert_eq!(ran.stdout, output["text"].as_str().unwrap(), "{command}");
        let notes = output["notes"].as_array().unwrap().iter();
        let notes: Vec<&str> = notes.map(|note| note.as_str().unwrap()).collect();
        let printed = ran.stderr.lines();
        let printed = printed.map(|line| line.strip_prefix("twilio-sip-allow: note: ").unwrap());
        assert_eq!(notes, printed.collect::<Vec<_>>(), "{command}");
    }
}

/// The suffix of a file is the one that its load command requires.
#[test]
fn files_have_the_suffix_that_their_programs_require() {
    let test = "files_have_the_suffix_that_their_programs_require";
    let Some(site) = current(test) else { return };
    let outputs = given(&site["page/current/all/in.js"]);
    let mut count = 0;
    for (format, output) in outputs {
        let load = output["steps"][0][1].as_str().unwrap();
        let Some((_, rest)) = load.split_once(" in .") else {
            continue;
        };
        let suffix = rest.trim_end_matches(')');
        let name = format!("rules/current/all/in/{format}.{suffix}");
        assert!(site.contains_key(&name), "{name}");
        count += 1;
    }
    assert_eq!(count, 3, "terraform, tfvars and mikrotik");
}

/// The values of an attribute in a page.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let start = format!(" {name}=\"");
    let values = page.split(&start).skip(1);
    values.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The file that a link in a page leads to.
fn target(page: &str, link: &str) -> String {
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in link.split('/') {
        if part == ".." {
            path.pop().expect("inside the site");
        } else {
            path.push(part);
        }
    }
    path.join("/")
}

#[test]
fn every_link_leads_to_a_file_of_the_site() {
    let Some(site) = current("every_link_leads_to_a_file_of_the_site") else {
        return;
    };
    let mut linked = BTreeSet::new();
    for page in ["index.html", "rules/current/index.html"] {
        let text = &site[page];
        assert!(text.contains("content=\"default-src 'none'; "), "{page}");
        let ids = attributes(text, "id");
        for name in ["href", "src"] {
            for link in attributes(text, name) {
                if let Some(id) = link.strip_prefix('#') {
                    assert!(ids.contains(&id), "{page}: {link}");
                    continue;
                }
                let file = target(page, link);
                assert!(site.contains_key(&file), "{page}: {link}");
                linked.insert(file);
            }
        }
        for id in ["for", "aria-labelledby", "aria-describedby"]
            .map(|name| attributes(text, name))
            .concat()
        {
            assert!(ids.contains(&id), "{page}: {id}");
        }
        assert_eq!(
            ids.len(),
            ids.iter().collect::<BTreeSet<_>>().len(),
            "{page}"
        );
        for inline in [
            "<script>", "<style", " onclick", " style=", "http:", "https:",
        ] {
            assert!(!text.contains(inline), "{page}: {inline}");
        }
    }
    // The scripts with the outputs are loaded on demand.
    let unlinked = site
        .keys()
        .filter(|name| !linked.contains(*name) && !name.starts_with("page/current/"));
    assert_eq!(unlinked.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_site_does_not_depend_on_the_folder_the_environment_or_the_configuration() {
    let Some(site) =
        current("the_site_does_not_depend_on_the_folder_the_environment_or_the_configuration")
    else {
        return;
    };
    let mut build = Build::current();
    let configuration = "selection: {edition: regional, region: tokyo}\n";
    fs::write(
        build.folder.path().join("twilio-sip-allow.yaml"),
        configuration,
    )
    .unwrap();
    build.command.envs([
        ("TWILIO_SIP_ALLOW_LOCAL_SIP_PORT", "5080"),
        ("TWILIO_SIP_ALLOW_PLANE", "media"),
        ("TWILIO_SIP_ALLOW_COLOR", "always"),
        ("LC_ALL", "C"),
        ("TZ", "Asia/Tokyo"),
        ("PYTHONHASHSEED", "7"),
        ("SOURCE_DATE_EPOCH", "99999999999"),
    ]);
    let again = files(&build.must_work().site());
    assert_eq!(
        again.keys().collect::<Vec<_>>(),
        site.keys().collect::<Vec<_>>()
    );
    for (name, text) in site {
        assert_eq!(first_difference(text, &again[name]), None, "{name}");
    }
}

/// A folder with a signed bundle of a later year, which has an upcoming edition. `None` without minisign.
fn with_bundle(test: &str) -> Option<tempfile::TempDir> {
    if !has("minisign", test) {
        return None;
    }
    let mut bundle: Value = serde_yaml::from_str(&Tool::line("dataset bundle").run_once()).unwrap();
    bundle["date"] = "2100-01-01".into();
    let editions = bundle["editions"].as_array_mut().unwrap();
    let current = editions
        .iter()
        .find(|edition| edition["edition"] == "global");
    let mut next = current.unwrap().clone();
    next["edition"] = "next".into();
    next["upcoming"] = true.into();
    next["in_force_since"] = "2100-02-01".into();
    next["media"]["networks"]["all"] = json!(["203.0.113.0/24"]);
    editions.push(next);
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("dataset-2100-01-01.yaml"),
        bundle.to_string(),
    )
    .unwrap();
    for line in [
        "-G -W -p key.pub -s key",
        "-S -s key -m dataset-2100-01-01.yaml",
    ] {
        let mut command = Command::new("minisign");
        command.args(line.split(' ')).current_dir(folder.path());
        assert!(command.output().unwrap().status.success(), "{line}");
    }
    Some(folder)
}

#[test]
fn a_site_of_a_bundle_has_its_lists_and_names_it() {
    let test = "a_site_of_a_bundle_has_its_lists_and_names_it";
    if !has("python3", test) {
        return;
    }
    let Some(folder) = with_bundle(test) else {
        return;
    };
    let [bundle, key] = ["dataset-2100-01-01.yaml", "key.pub"].map(|name| folder.path().join(name));
    let mut build = Build::new(Path::new(PROGRAM));
    build
        .command
        .arg("--data")
        .arg(&bundle)
        .arg("--data-key")
        .arg(&key);
    build.command.args(["--region", "tokyo"]);
    for edition in ["current", "regional", "next"] {
        build.command.args(["--edition", edition]);
    }
    let site = files(&build.must_work().site());
    assert_eq!(site["feeds/current/media.txt"], "168.86.128.0/18\n");
    assert_eq!(site["feeds/next/media.txt"], "203.0.113.0/24\n");
    let index = &site["index.html"];
    for wanted in [
        " on this site from the bundle dataset-2100-01-01.yaml.",
        ">regional (superseded)</option>",
        ">next (upcoming)</option>",
        " colspan=\"2\">current (now global): in force since 2024-02-21</th>",
        " colspan=\"2\">regional: superseded on 2024-02-21 by global</th>",
        " colspan=\"2\">next: upcoming, in force from 2100-02-01</th>",
        "<br>UDP 5060, TCP 5060, TCP 5061 (TLS)</td>",
    ] {
        assert!(index.contains(wanted), "{wanted}\n{index}");
    }
    let output = given(&site["page/current/tokyo/out.js"])["nftables"].clone();
    assert_eq!(
        output["command"],
        "twilio-sip-allow --data dataset-2100-01-01.yaml --data-key key.pub --edition current --region tokyo \
         --direction out --format nftables"
    );
    assert_eq!(
        output["notes"].as_array().unwrap()[..2],
        [
            "the lists are those of the bundle 'dataset-2100-01-01.yaml', from 2100-01-01",
            "edition 'next' is upcoming, in force from 2100-02-01; use --edition current,upcoming to include it",
        ]
    );
    let path = folder.path().to_str().unwrap();
    let with_path = site.iter().find(|(_, text)| text.contains(path));
    assert_eq!(with_path, None);
}

#[test]
fn a_site_uses_no_bundle_that_its_options_do_not_name() {
    let test = "a_site_uses_no_bundle_that_its_options_do_not_name";
    if !has("python3", test) {
        return;
    }
    let Some(folder) = with_bundle(test) else {
        return;
    };
    let bundle = folder.path().join("dataset-2100-01-01.yaml");
    let mut build = Build::current();
    build.command.env("TWILIO_SIP_ALLOW_DATA", &bundle);
    build.command.args(["--edition", "next"]);
    assert_eq!(
        build.refused(&[]),
        "packaging/site: note: variables without effect: TWILIO_SIP_ALLOW_DATA; use --data and --data-key\n\
         packaging/site: there is no edition next; use one of current, regional, regional-expanded, global, interconnect\n"
    );
    let mut build = Build::current();
    build
        .command
        .arg("--data-key")
        .arg(folder.path().join("key.pub"));
    let message = build.refused(&[]);
    assert!(
        message.ends_with(
            "twilio-sip-allow: error: --data-key has no effect without a bundle; name the bundle with --data FILE, or \
             leave --data-key out\nfor help: twilio-sip-allow list --help\n"
        ),
        "{message}"
    );
    let mut build = Build::current();
    build.command.args(["--data", "missing.yaml"]);
    assert_eq!(
        build.refused(&[]),
        "packaging/site: there is no bundle missing.yaml\n"
    );
    let mut build = Build::current();
    build.command.arg("--data").arg(&bundle);
    build.command.arg("--data-key").arg(&bundle);
    let message = build.refused(&[]);
    assert!(
        message.contains("dataset-2100-01-01.yaml: this is not a public key of minisign"),
        "{message}"
    );
}

/// Arguments of a program that offers one edition, two regions and one format, and prints hostile text.
fn script(edition: &str, region: &str, render: &str) -> String {
    let ports = json!({"udp": 5060, "tcp": 5060, "tls": 5061});
    let editions = json!({"editions": [{
        "edition": edition, "connection": HOSTILE, "status": HOSTILE, "superseded": null, "upcoming": false,
        "signaling": {"ports": ports}, "media": {"ports": HOSTILE},
    }]});
    let regions = json!({"regions": [{"id": region, "name": HOSTILE}]});
    let formats = json!({"formats": [{
        "name": "plain", "family": HOSTILE, "summary": HOSTILE, "load": HOSTILE,
    }]});
    let rules = json!({"scope": {"editions": [{"name": edition}]}});
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let [editions, regions, formats, rules] =
        [editions, regions, formats, rules].map(|value| quoted(&value.to_string()));
    let hostile = quoted(HOSTILE);
    format!(
        "case \"$*\" in
        *'list editions'*) printf '%s' {editions} ;;
        *'list regions'*) printf '%s' {regions} ;;
        *'list formats'*) printf '%s' {formats} ;;
        *--version*) printf '%s\\n' {hostile} ;;
        *'--format json'*) printf '%s' {rules} ;;
        *'--format cidr'*) printf '%s\\n' {hostile} ;;
        *) {render} ;;
        esac\n"
    )
}

#[test]
fn hostile_texts_of_the_program_are_only_text() {
    if !has("python3", "hostile_texts_of_the_program_are_only_text") {
        return;
    }
    let quoted = format!("'{}'", HOSTILE.replace('\'', r"'\''"));
    let render = format!(
        "case \"$*\" in
        *'direction out'*) printf 'twilio-sip-allow: error: plain cannot express %s\\n' {quoted} >&2; exit 2 ;;
        *) printf 'twilio-sip-allow: note: %s\\n' {quoted} >&2; printf '# hook: %s\\n' {quoted} ;;
        esac"
    );
    let build = Build::of_script(&script("one", "somewhere", &render)).must_work();
    let site = files(&build.site());
    let escaped = "&#x27;&quot;&gt;&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;$title&amp;";
    for page in [
        "index.html",
        "rules/one/index.html",
        "rules/current/index.html",
    ] {
        let text = &site[page];
        assert!(text.contains(escaped), "{page}");
        let elements: Vec<&str> = text
            .matches("<img")
            .chain(text.matches("</script><"))
            .collect();
        assert!(elements.is_empty(), "{page}: {text}");
    }
    let outputs = given(&site["page/one/somewhere/in.js"]);
    let expected = json!({
        "command": "twilio-sip-allow --edition one --region somewhere --direction in --format plain",
        "notes": [HOSTILE],
        "steps": [["hook", HOSTILE]],
        "text": format!("# hook: {HOSTILE}\n"),
    });
    assert_eq!(outputs["plain"], expected);
    let left_out = given(&site["page/one/somewhere/out.js"]);
    assert_eq!(
        left_out["plain"],
        json!({"reason": format!("plain cannot express {HOSTILE}")})
    );
    assert!(!site.contains_key("rules/one/somewhere/out/plain.txt"));
}

#[test]
fn refuses_names_that_could_leave_their_folder_or_their_attribute() {
    if !has(
        "python3",
        "refuses_names_that_could_leave_their_folder_or_their_attribute",
    ) {
        return;
    }
    for name in [
        "../one", "/etc", "a/b", "a b", "<b>", "", "A", "a\nb", "東京",
    ] {
        for script in [
            script(name, "somewhere", "exit 1"),
            script("one", name, "exit 1"),
        ] {
            let message = Build::of_script(&script).refused(&["program"]);
            assert!(
                message.starts_with("packaging/site: the name "),
                "{message}"
            );
            assert!(
                message.ends_with(
                    "has characters other than lower-case letters, digits and single hyphens\n"
                ),
                "{message}"
            );
        }
    }
}

#[test]
fn a_failure_of_the_program_leaves_no_site() {
    if !has("python3", "a_failure_of_the_program_leaves_no_site") {
        return;
    }
    let call = "'twilio-sip-allow --edition current --region all --direction both --format plain' failed: ";
    for (render, wanted) in [
        ("echo 'no memory' >&2; exit 2", format!("{call}no memory\n")),
        ("echo 'twilio-sip-allow: error: other cannot express it' >&2; exit 2", format!("{call}twilio-sip-allow: error: other cannot express it\n")),
        ("echo 'twilio-sip-allow: error: plain cannot express it' >&2; exit 101", format!("{call}twilio-sip-allow: error: plain cannot express it\n")),
        ("echo trouble >&2; echo rules", "the program printed a message that is not a note or a warning: trouble\n".to_owned()),
        ("printf '\\377'", "the program printed text that is not UTF-8: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte\n".to_owned()),
    ] {
        let message = Build::of_script(&script("one", "somewhere", render)).refused(&["program"]);
        assert_eq!(message, format!("packaging/site: {wanted}"));
    }
}

#[test]
fn refuses_an_unknown_edition_an_existing_folder_and_a_missing_program() {
    if !has(
        "python3",
        "refuses_an_unknown_edition_an_existing_folder_and_a_missing_program",
    ) {
        return;
    }
    let mut build = Build::current();
    build.command.args(["--edition", "newest"]);
    assert_eq!(
        build.refused(&[]),
        "packaging/site: there is no edition newest; use one of current, regional, regional-expanded, global, interconnect\n"
    );
    let build = Build::current();
    fs::create_dir(build.site()).unwrap();
    assert_eq!(
        build.refused(&["site"]),
        "packaging/site: site exists; name a new folder\n"
    );
    let message = Build::new(Path::new("missing")).refused(&[]);
    assert!(
        message.starts_with("packaging/site: cannot run /"),
        "{message}"
    );
    assert!(message.contains("/missing: "), "{message}");
}

/// The page as a browser shows it. The fragment of the address makes a selection.
fn shown(index: &Path, fragment: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=5000",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args([
            "--dump-dom",
            &format!("file://{}#{fragment}", index.display()),
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The site of the edition in force in a folder. `None` without Python or Chromium, which no package of the tests
/// installs.
fn on_a_disk(test: &str) -> Option<tempfile::TempDir> {
    if Command::new("chromium").arg("--version").output().is_err() {
        tell(&format!("LEFT OUT: {test}: chromium is missing"));
        return None;
    }
    let site = current(test)?;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in site {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Some(folder)
}

#[test]
fn chromium_shows_the_selected_output_with_its_commands() {
    let Some(folder) = on_a_disk("chromium_shows_the_selected_output_with_its_commands") else {
        return;
    };
    let index = folder.path().join("index.html");
    let page = shown(
        &index,
        "edition=current&region=tokyo&direction=in&format=iptables",
    );
    for wanted in [
        "role=\"status\">Output for edition current, region tokyo, direction in, format iptables: 22 lines.</p>",
        "-A TWILIO-SIP-IN -s 54.65.63.192/30 -p tcp -m tcp --dport 5061 ",
        "<code>iptables-restore --noflush FILE</code>",
        "<code>iptables -C INPUT -j TWILIO-SIP-IN 2&gt;/dev/null || iptables -I INPUT -j TWILIO-SIP-IN</code>",
        "<li>1 of 8 regions selected, but Twilio asks you to allow all of them",
        "href=\"rules/current/tokyo/in/iptables.txt\"",
        "<p id=\"unknown\" role=\"alert\"></p>",
    ] {
        assert!(page.contains(wanted), "{wanted}\n{page}");
    }
    let page = shown(&index, "format=firewalld&region=%3Cscript%3E&edition=../..");
    let reason = "There is no output for this selection: firewalld cannot express both directions in one policy";
    assert!(page.contains(reason), "{page}");
    assert!(page.contains("<div id=\"result\" hidden=\"\">"), "{page}");
    let unknown = "role=\"alert\">The address of this page contains region=&lt;script&gt;, edition=../.., which this site \
                   does not have. It shows edition=current, region=all, direction=both, format=firewalld instead.</p>";
    assert!(page.contains(unknown), "{page}");
}

/// Without HTTPS, a page has no `navigator.clipboard`, and the browser copies the selected text.
#[test]
fn chromium_copies_the_whole_output_without_https() {
    let Some(folder) = on_a_disk("chromium_copies_the_whole_output_without_https") else {
        return;
    };
    let script = folder.path().join("page/script.js");
    let copying = r#"
Object.defineProperty(navigator, "clipboard", { value: undefined });
setTimeout(async () => {
  const copied = [];
  for (const shown of document.querySelectorAll("pre")) {
    await copy(shown, "text");
    const event = new ClipboardEvent("copy", { clipboardData: new DataTransfer() });
    document.dispatchEvent(event);
    copied.push(event.clipboardData.getData("text/plain"));
  }
  document.getElementById("notes").textContent = `copied ${JSON.stringify(copied)} end`;
}, 1000);
"#;
    let text = fs::read_to_string(&script).unwrap();
    fs::write(script, text + copying).unwrap();
    let page = shown(
        &folder.path().join("index.html"),
        "edition=current&region=tokyo&direction=in&format=cidr-media",
    );
    let (_, copied) = page.split_once("<ul id=\"notes\">copied ").unwrap();
    let (copied, _) = copied.split_once(" end</ul>").unwrap();
    let copied: Vec<String> = serde_json::from_str(copied).unwrap();
    let file = folder.path().join("rules/current/tokyo/in/cidr-media.txt");
    let expected = [
        fs::read_to_string(file).unwrap(),
        "grep -v '^#' FILE".to_owned(),
        "twilio-sip-allow --edition current --region tokyo --direction in --plane media --format cidr".to_owned(),
    ];
    assert!(expected[0].ends_with("\n168.86.128.0/18\n"));
    assert_eq!(copied, expected);
}
