//! The documents are correct.

use crate::common;

use std::fs;

use crate::common::{CLOCK, Tool, first_difference, is_blessing};

fn document(name: &str) -> String {
    fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The code blocks in one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// `BLESS=1 cargo test --test program documents::` replaces the outputs shown.
#[test]
fn demos_print_what_the_documents_show() {
    // With the number of demos that each must have.
    let documents = [
        ("README.md", 2),
        ("README.ja.md", 2),
        ("docs/check.md", 1),
        ("docs/explain.md", 1),
        ("docs/scan.md", 1),
        ("docs/verify.md", 1),
    ];
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_twilio-sip-allow"));
    let path = format!("{}:{}", program.parent().unwrap().display(), env!("PATH"));
    for (name, least) in documents {
        let text = document(name);
        let mut count = 0;
        let mut blessed = text.clone();
        for demo in blocks(&text, "console") {
            count += 1;
            let folder = tempfile::tempdir().unwrap();
            let (commands, shown): (Vec<&str>, Vec<&str>) =
                demo.lines().partition(|line| line.starts_with("$ "));
            let script: Vec<&str> = commands.iter().map(|command| &command[2..]).collect();
            let output = std::process::Command::new("sh")
                .args(["-c", &script.join("\n")])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env(CLOCK.0, CLOCK.1)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}");
            let printed = String::from_utf8(output.stdout).unwrap();
            if is_blessing() {
                let whole = format!("{}\n{}\n", commands.join("\n"), printed.trim_end());
                blessed = blessed.replace(demo, &whole);
            } else {
                assert_eq!(printed.trim_end(), shown.join("\n").trim_end(), "{name}");
            }
        }
        if is_blessing() {
            fs::write(format!("{}/{name}", env!("CARGO_MANIFEST_DIR")), blessed).unwrap();
        }
        assert!(count >= least, "{name}: {count}");
    }
}

/// Runs the jobs in the documents as a CI runner would. The folder contains the files that the jobs expect in a
/// repository, and `curl` prints a page of the tests.
#[test]
fn the_jobs_of_the_documents_work() {
    let [operation, explained] = ["docs/operations.md", "docs/explain.md"].map(document);
    let jobs =
        |text: &str| -> Vec<String> { blocks(text, "yaml").concat().lines().map(job).collect() };
    let shown_elsewhere = jobs(&explained);
    let jobs = jobs(&operation);
    assert_eq!(jobs.len(), 4);
    assert_eq!(shown_elsewhere.len(), 1);
    assert!(jobs.contains(&shown_elsewhere[0]));
    let rules = common::render("--edition current --format iptables");
    let page = document("tests/pages/whole/global.official-en.md");
    let peers = "# Tokyo\n54.65.63.192/30\n54.65.63.193:5060/udp\n";
    let good = [
        ("firewall/a.rules", rules.clone()),
        ("page.md", page.clone()),
        ("pbx/peers.txt", peers.to_owned()),
        ("pbx/.gitignore", String::new()),
    ];
    for job in &jobs {
        let (status, output) = run_job(job, &good);
        assert_eq!(status, 0, "{job}\n{output}");
    }
    let bad = [
        ("firewall/a.rules", rules),
        ("firewall/b.rules", good[0].1.replacen("5060", "5070", 1)),
        (
            "page.md",
            page.replace("168.86.128.0/18", "168.86.128.0/17"),
        ),
        ("pbx/peers.txt", format!("{peers}54.65.36.193\n")),
        (
            "terraform/main.tf",
            "# Twilio\n54.65.63.192/26\n".to_owned(),
        ),
    ];
    let output: Vec<String> = jobs
        .iter()
        .map(|job| {
            let (status, output) = run_job(job, &bad);
            assert_eq!(status, 1, "{job}\n{output}");
            output
        })
        .collect();
    for (output, wanted) in output.iter().zip([
        "::error title=drift%3A missing,file=firewall/b.rules",
        "::error title=Twilio%3A superseded,file=terraform/main.tf,line=2,col=1::54.65.63.192/26: media of tokyo,",
        "  added    media of all regions: 168.86.192.0/18 (line ",
        "54.65.36.193: not allowed by edition global: not on any list that Twilio has published\n",
    ]) {
        assert!(output.contains(wanted), "{output}");
    }
}

/// The command in a line `- run: COMMAND`, without quotes.
fn job(line: &str) -> String {
    let command = line.trim().strip_prefix("- run: ").unwrap();
    let unquoted = command
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    unquoted.unwrap_or(command).to_owned()
}

/// Runs a job in a folder with the given files. Returns its status and stdout.
fn run_job(job: &str, files: &[(&str, String)]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let tools = folder.path().join(".git");
    fs::create_dir(&tools).unwrap();
    let curl = tools.join("curl");
    fs::write(&curl, "#!/bin/sh\ncat page.md\n").unwrap();
    fs::set_permissions(&curl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_twilio-sip-allow"))
        .parent()
        .unwrap();
    let path = format!("{}:{}:{}", tools.display(), program.display(), env!("PATH"));
    // These are the options of bash in GitHub's runner.
    let output = std::process::Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", job])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("PAGE", "https://example.com/page")
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// Every pipeline into `check` that the README and the document of operation show.
#[test]
fn the_checks_of_the_documents_work() {
    let documents = ["README.md", "docs/operations.md"].map(document);
    let piped: Vec<&str> = documents
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| {
            line.split_once("| twilio-sip-allow check ")
                .map(|(_, call)| call)
        })
        .map(|call| call.split(" 2>").next().unwrap())
        .map(|call| call.split('|').next().unwrap())
        .collect();
    assert_eq!(piped.len(), 10, "{piped:?}");
    for call in piped {
        let call = call.replace("--name \"$GROUP\"", "");
        let (_, format) = call.split_once("--format ").unwrap();
        let format = format.split_whitespace().next().unwrap();
        let way = if call.contains("--direction in") {
            "--direction in"
        } else {
            ""
        };
        let rules = common::render(&format!("--edition current {way} --format {format}"));
        let ran = Tool::line(&format!("check {call} deployed"))
            .file("deployed", rules)
            .run();
        assert_eq!(ran.status, 0, "{ran}");
    }
}

/// Every call of `verify` in blocks of commands, with a listing instead of the output of `ssh`.
#[test]
fn the_calls_of_verify_in_the_documents_work() {
    let documents = ["README.md", "docs/operations.md", "docs/verify.md"].map(document);
    let lines = documents
        .iter()
        .flat_map(|text| blocks(text, "sh"))
        .flat_map(str::lines);
    let calls: Vec<&str> = lines
        .filter_map(|line| {
            line.split_once("twilio-sip-allow verify ")
                .map(|(_, call)| call)
        })
        .collect();
    assert_eq!(calls.len(), 7, "{calls:?}");
    for call in calls {
        let call = call.split(['#', '>']).next().unwrap();
        let mut tool = Tool::line(&format!("verify --ignore exposure {call}"))
            .file("listing", common::OPEN_LISTING);
        let listing = fs::File::open(tool.folder().join("listing")).unwrap();
        tool.command().stdin(listing);
        let ran = tool.run();
        assert_eq!(ran.status, 0, "{ran}");
    }
}

#[test]
fn the_input_of_check_is_documented() {
    let text = document("docs/check.md");
    let (_, table) = text
        .split_once("| format | unit | input |\n|---|---|---|\n")
        .unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| `"));
    let formats: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
    assert_eq!(formats, common::READ_BY_CHECK);
}

/// Calls of the program between the words of a text, without the program's name.
fn inline_calls(text: &str) -> Vec<&str> {
    text.split('`')
        .filter_map(|part| part.strip_prefix("twilio-sip-allow "))
        .collect()
}

#[test]
fn every_call_of_the_program_in_the_readme_works() {
    let readme = document("README.md");
    let mut calls: Vec<&str> = blocks(&readme, "sh")
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| {
            line.strip_prefix("twilio-sip-allow ")
                .or(line.strip_prefix("cargo run --release -- "))
        })
        .collect();
    calls.extend(inline_calls(&readme));
    assert_eq!(calls.len(), 9, "{calls:?}");
    let page = document("tests/pages/whole/global.official-en.html");
    for call in calls {
        // Outputs go into the folder of the test.
        let call = call.split(['#', '>']).next().unwrap().replace("/etc/", "");
        Tool::line(&call).file("page.html", &page).run().ok();
    }
}

/// Each format is in one row, and the row says whether `check` reads it.
#[test]
fn the_readmes_table_of_formats_matches_list_formats() {
    let mut listed: Vec<(String, bool)> = list("formats")
        .iter()
        .map(|format| {
            (
                format["name"].as_str().unwrap().to_owned(),
                format["read_by_check"].as_bool().unwrap(),
            )
        })
        .collect();
    listed.sort();
    for (name, yes, no) in [
        ("README.md", "yes", "no"),
        ("README.ja.md", "対応", "非対応"),
    ] {
        let readme = document(name);
        let (_, table) = readme.split_once(" | `check` |\n|---|---|---|\n").unwrap();
        let mut shown = Vec::new();
        for row in table.lines().map_while(|line| line.strip_prefix("| ")) {
            let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
            let [_, formats, check] = cells[..] else {
                panic!("{row}");
            };
            assert!([yes, no].contains(&check), "{row}");
            for format in formats.split(", ") {
                shown.push((format.trim_matches('`').to_owned(), check == yes));
            }
        }
        shown.sort();
        assert_eq!(shown, listed, "{name}");
    }
}

#[test]
fn the_table_of_editions_matches_list_editions() {
    let text = document("docs/operations.md");
    for edition in list("editions") {
        let value = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let connection = match value(&edition["connection"]).as_str() {
            "public" => "public internet",
            _ => "Twilio Interconnect",
        };
        let row = format!(
            "| `{}` | {connection} | {} | {} |",
            value(&edition["edition"]),
            value(&edition["media"]["ports"]),
            value(&edition["status"])
        );
        assert!(text.contains(&row), "no row {row}");
    }
}

#[test]
fn the_readmes_state_the_version_and_the_edition_in_force() {
    let version = Tool::line("--version").run_once();
    let edition = version.split('\'').nth(1).unwrap();
    let since = version.trim_end().rsplit(' ').next().unwrap();
    for name in ["README.md", "README.ja.md"] {
        let readme = document(name);
        let status = readme
            .lines()
            .find(|line| line.contains(env!("CARGO_PKG_VERSION")))
            .unwrap();
        assert!(status.contains(&format!("`{edition}`")), "{status}");
        assert!(status.contains(since), "{status}");
    }
}

/// Without the name, cargo refuses a repository that contains several packages with programs, such as the fuzz targets.
#[test]
fn the_readme_names_the_package_that_cargo_installs_from_the_repository() {
    for name in ["README.md", "README.ja.md"] {
        let readme = document(name);
        let (_, command) = readme.split_once("`cargo install --locked --git ").unwrap();
        let command = command.split('`').next().unwrap();
        let package = command.rsplit(' ').next().unwrap();
        assert_eq!(package, env!("CARGO_PKG_NAME"), "{name}");
    }
}

/// The JSON output of `list regions`, `list formats` or `list editions`.
fn list(what: &str) -> Vec<serde_json::Value> {
    let list = Tool::line(&format!("list {what} --json")).run_once();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    list[what].as_array().unwrap().clone()
}

/// `BLESS=1 cargo test --test program documents::` updates the document.
#[test]
fn formats_md_matches_the_table_of_formats() {
    let mut made = FORMATS_HEAD.to_owned();
    let mut family = String::new();
    for format in list("formats") {
        let text = |key: &str| format[key].as_str().unwrap().to_owned();
        if text("family") != family {
            family = text("family");
            made += &format!("\n## {family}\n");
        }
        let aliases = format["aliases"].as_array().unwrap().iter();
        let aliases: Vec<String> = aliases
            .map(|alias| format!("`{}`", alias.as_str().unwrap()))
            .collect();
        let yes = |key: &str| format[key].as_bool().unwrap();
        let mut facts = vec![format!("Loaded by: `{}`", text("load"))];
        if !aliases.is_empty() {
            facts.push(format!("Other names: {}", aliases.join(", ")));
        }
        facts.push(format!(
            "`check` reads it: {}",
            if yes("read_by_check") { "yes" } else { "no" }
        ));
        let options = format["options"].as_array().unwrap().iter();
        let options: Vec<String> = options
            .map(|option| format!("`{}`", option.as_str().unwrap()))
            .collect();
        if !options.is_empty() {
            facts.push(format!("Options: {}", options.join(", ")));
        }
        made += &format!(
            "\n### {}\n\n{}. {}\n\n- {}\n",
            text("name"),
            text("summary"),
            text("documentation"),
            facts.join("\n- ")
        );
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/formats.md");
    if is_blessing() {
        std::fs::write(path, &made).unwrap();
    }
    let difference = first_difference(&made, &document("docs/formats.md"));
    assert!(difference.is_none(), "{}", difference.unwrap());
}

const FORMATS_HEAD: &str = "\
# Formats

A test writes this page from the program's table of formats, which `twilio-sip-allow list formats --json` also
prints. `FILE` stands for the file that contains the output. A *plane* is signaling (SIP) or media (RTP).

These statements apply to every format:

- The same options and input files always give the same output, byte for byte.
- The rules only accept packets, and set no default policy. `cisco`, `cisco-asa` and `junos` are the exception: an
  applied access list or filter denies everything that it does not permit.
- The program stops with status 2 if the system does not accept a name, or if the format cannot express the
  selection exactly.
";

/// Both READMEs have the same sections, code and links.
#[test]
fn the_japanese_readme_has_the_same_calls_and_tables() {
    let [english, japanese] = ["README.md", "README.ja.md"].map(document);
    for language in ["sh", "nft", "crontab", "yaml"] {
        // Comments are translated, the commands are not.
        let commands = |text: &str| -> Vec<String> {
            blocks(text, language)
                .into_iter()
                .flat_map(str::lines)
                .map(|line| line.split(" #").next().unwrap().trim_end().to_owned())
                .collect()
        };
        assert_eq!(commands(&japanese), commands(&english), "{language}");
    }
    assert_eq!(inline_calls(&japanese), inline_calls(&english));
    let levels = |text: &str| -> Vec<usize> {
        let lines = text.lines();
        let marks = lines.map(|line| line.len() - line.trim_start_matches('#').len());
        marks.filter(|marks| *marks > 0).collect()
    };
    assert_eq!(levels(&japanese), levels(&english));
    let links = |text: &str| -> Vec<String> {
        let targets = text.split("](").skip(1);
        let targets = targets.map(|rest| rest.split(')').next().unwrap().to_owned());
        targets
            .filter(|target| !target.starts_with("README"))
            .collect()
    };
    assert_eq!(links(&japanese), links(&english));
    for region in list("regions") {
        let text = |key: &str| region[key].as_str().unwrap();
        let name = format!("`{}`({})", text("id"), text("name_ja"));
        assert!(japanese.contains(&name), "no {name}");
        let name = format!("`{}`", text("id"));
        assert!(english.contains(&name), "no {name}");
    }
}

#[test]
fn links_of_the_readmes_lead_to_files_and_headings() {
    for name in [
        "README.md",
        "README.ja.md",
        "docs/operations.md",
        "docs/explain.md",
        "docs/verify.md",
    ] {
        let text = document(name);
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = root.join(name).parent().unwrap().to_owned();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = folder.join(path);
            assert!(path.exists(), "{name}: {link}");
            if !heading.is_empty() {
                let target = fs::read_to_string(path).unwrap();
                let headings = target.lines().filter_map(|line| line.strip_prefix("## "));
                let mut anchors = headings.map(anchor);
                assert!(anchors.any(|anchor| anchor == heading), "{name}: {link}");
            }
        }
    }
}

/// The fragment of a heading's address, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase().replace(' ', "-");
    lower
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
        .collect()
}

#[test]
fn every_option_of_the_rules_is_documented() {
    let text = document("docs/operations.md");
    let help = Tool::line("-h").run_once();
    let options = help.split_whitespace().filter(|word| {
        word.starts_with("--")
            && word
                .bytes()
                .skip(2)
                .all(|b| b.is_ascii_lowercase() || b == b'-')
    });
    for option in options.filter(|o| !matches!(*o, "--help" | "--version")) {
        assert!(text.contains(&format!("`{option}")), "{option}");
    }
}

#[test]
fn every_option_of_verify_is_documented() {
    let text = document("docs/verify.md");
    let help = Tool::line("verify -h").run_once();
    let (_, own) = help.split_once("\nVerify:\n").unwrap();
    let own = own.split("\n\n").next().unwrap();
    let names = own
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--"));
    let names: Vec<&str> = names
        .map(|line| line.split([' ', '=']).next().unwrap())
        .collect();
    assert_eq!(names.len(), 9, "{names:?}");
    for name in names {
        assert!(text.contains(&format!("--{name}")), "{name}");
    }
}

#[test]
fn the_table_of_limits_matches_the_help() {
    let text = document("docs/limits.md");
    let (_, table) = text
        .split_once("| limit | default | what is counted |\n|---|---|---|\n")
        .unwrap();
    let rows: Vec<&str> = table
        .lines()
        .map_while(|line| line.strip_prefix("| `"))
        .collect();
    let help = Tool::line("--help").run_once();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for row in &rows {
        let (name, rest) = row.split_once("` | ").unwrap();
        let (default, _) = rest.split_once([' ', '|']).unwrap();
        let stated = format!(" {name}={default} ");
        assert!(help.contains(&stated), "{stated}");
    }
    assert_eq!(rows.len(), 8);
}

#[test]
fn the_example_dataset_loads() {
    let readme = document("data/README.md");
    let example = blocks(&readme, "yaml")[0];
    let ran = Tool::line("-f iptables --dataset own.yaml")
        .file("own.yaml", example)
        .run();
    assert_eq!(
        ran.stderr,
        "twilio-sip-allow: note: edition 'our-list' was superseded on 2025-07-01 by 'our-next-list'\n\
         twilio-sip-allow: note: 2 of 8 regions selected, but Twilio asks you to allow all of \
         them, because other regions may serve your numbers\n"
    );
    let text = ran.ok();
    for wanted in [
        "192.0.2.0/30",
        "192.0.2.8/31",
        "192.0.2.10/32",
        "198.51.100.0/24",
        "# regions: tokyo, sydney\n",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
}

#[test]
fn the_example_template_renders() {
    let readme = document("templates/README.md");
    let [list, example] = blocks(&readme, "jinja")[..] else {
        panic!("{readme}");
    };
    assert_eq!(list, document("examples/templates/freeswitch-acl.xml.j2"));
    let text = Tool::line(
        "-q --region tokyo --edition global --direction in --name pbx --template own.j2",
    )
    .file("own.j2", example)
    .run_once();
    assert_eq!(
        text,
        format!(
            "# pbx, made by twilio-sip-allow {}\n\
             # global, in force since 2024-02-21\n\
             in,udp,54.65.63.192/30,5060-5060,tokyo\n\
             in,tcp,54.65.63.192/30,5060-5060,tokyo\n\
             in,tcp,54.65.63.192/30,5061-5061,tokyo\n\
             in,udp,168.86.128.0/18,10000-60000,all regions\n",
            env!("CARGO_PKG_VERSION")
        )
    );
}

/// Each variable in the document exists and has the documented meaning.
#[test]
fn the_variables_of_templates_are_as_documented() {
    let template = "{{ tool }} {{ regions }} {{ all_regions }} {{ directions }} {{ planes }} {{ transports }}\n\
        {% for plane in planes %}{% for n in networks[plane] %}{{ plane }} {{ n.cidr }} {{ n.label }}\n{% endfor %}{% endfor %}\
        {% for rule in rules + tcp_return %}\
        {{ rule.direction }} {{ rule.plane }} {{ rule.protocol }} {{ rule.transport }} {{ rule.established }} {{ rule.subject }} \
        {{ rule.remote.ports.any }} {{ rule.remote.ports.first }} {{ rule.local.ports.last }} {{ rule.local.networks | length }}\
        {% for n in rule.remote.networks %} {{ n.cidr }} {{ n.address }} {{ n.prefix }} {{ n.netmask }} {{ n.wildcard }} {{ n.last }} {{ n.label }}{% endfor +%}\n\
        {% endfor %}";
    let text = Tool::line("-q --region tokyo --direction out --transport tls --local-address 192.0.2.1 --edition regional,global --template own.j2")
        .file("own.j2", template)
        .run_once();
    assert_eq!(
        text,
        "twilio-sip-allow ['tokyo'] False ['out'] ['signaling', 'media'] ['tls']\n\
         signaling 54.65.63.192/30 tokyo (regional, global)\n\
         media 54.65.63.192/26 tokyo (regional)\n\
         media 168.86.128.0/18 all regions (global)\n\
         out signaling tcp tls False signaling tls False 5061 65535 1 54.65.63.192/30 54.65.63.192 30 255.255.255.252 0.0.0.3 54.65.63.195 tokyo (regional, global)\n\
         out media udp None False media False 10000 65535 1 54.65.63.192/26 54.65.63.192 26 255.255.255.192 0.0.0.63 54.65.63.255 tokyo (regional)\n\
         out media udp None False media False 10000 65535 1 168.86.128.0/18 168.86.128.0 18 255.255.192.0 0.0.63.255 168.86.191.255 all regions (global)\n\
         out signaling tcp tls True signaling tls True 0 5061 1 54.65.63.192/30 54.65.63.192 30 255.255.255.252 0.0.0.3 54.65.63.195 tokyo (regional, global)\n"
    );
}

#[test]
fn the_stated_rust_version_is_the_highest_that_dependencies_require() {
    let output = std::process::Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--offline",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let version = |package: &serde_json::Value| -> Vec<u32> {
        let text = package["rust_version"].as_str().unwrap_or("1.0");
        let parts = text.split('.').map(|part| part.parse().unwrap());
        parts.chain(std::iter::repeat(0)).take(3).collect()
    };
    let (own, others): (Vec<_>, Vec<_>) = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .partition(|package| package["name"] == env!("CARGO_PKG_NAME"));
    let highest = others.into_iter().map(version).max().unwrap();
    assert_eq!(version(own[0]), highest);
}
