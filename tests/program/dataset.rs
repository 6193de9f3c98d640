//! `dataset`: pages that Twilio published, read, compared and imported.

use crate::common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{EDITIONS, Tool, facts, valid_json};
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pages")
        .join(name)
}

/// Files of a folder by name, sorted.
fn pages(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut pages: Vec<(String, Vec<u8>)> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap() != "REASONS")
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    pages.sort();
    pages
}

fn diff(options: &str, page: impl AsRef<[u8]>) -> common::Ran {
    Tool::line(&format!("dataset diff {options} page"))
        .file("page", page)
        .run()
}

#[test]
fn reads_every_layout_of_a_published_list_as_its_edition() {
    let whole = pages("whole");
    assert!(whole.len() >= 16, "{}", whole.len());
    for edition in EDITIONS {
        assert!(
            whole
                .iter()
                .any(|(name, _)| name.starts_with(&format!("{edition}."))),
            "{edition}"
        );
    }
    for (name, page) in whole {
        let edition = name.split('.').next().unwrap();
        let printed = diff("--any-edition", &page).ok();
        assert!(
            printed.starts_with(&format!("same: page equals edition {edition} (")),
            "{name}: {printed}"
        );
        assert_eq!(printed.lines().count(), 1, "{name}: {printed}");
        for other in EDITIONS {
            let ran = diff(&format!("--edition {other}"), &page);
            assert_eq!(ran.status, i32::from(other != edition), "{name} {ran}");
        }
    }
}

/// The expected differences between a page and an edition, from the facts. For each region and plane,
/// added networks, removed networks, and ports.
fn difference(page: &str, edition: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for region in facts::region_ids() {
        for plane in ["signaling", "media"] {
            let on_page = facts::published(page, &region, plane);
            let published = facts::published(edition, &region, plane);
            lines.extend(rows(&region, plane, &on_page, &published));
        }
        let (a, b) = (facts::ports(page), facts::ports(edition));
        if a.media != b.media {
            lines.push(format!(
                "changed {region} media {:?} {:?}",
                b.media, a.media
            ));
        }
    }
    lines.sort();
    lines
}

fn rows(
    region: &str,
    plane: &str,
    on_page: &[facts::Range],
    published: &[facts::Range],
) -> Vec<String> {
    let changes = |word: &str, ranges: Vec<facts::Range>| {
        let cidrs = facts::cidrs(&ranges).into_iter();
        cidrs
            .map(|cidr| format!("{word} {region} {plane} {cidr}"))
            .collect::<Vec<_>>()
    };
    [
        changes("added", without(on_page, published)),
        changes("removed", without(published, on_page)),
    ]
    .concat()
}

/// The addresses in `a` that are not in `b`.
fn without(a: &[facts::Range], b: &[facts::Range]) -> Vec<facts::Range> {
    let mut rest: Vec<(u64, u64)> = a
        .iter()
        .map(|(x, y)| (u64::from(*x), u64::from(*y) + 1))
        .collect();
    for (first, last) in b.iter().map(|(x, y)| (u64::from(*x), u64::from(*y) + 1)) {
        rest = rest
            .into_iter()
            .flat_map(|(x, y)| [(x, y.min(first)), (x.max(last), y)])
            .filter(|(x, y)| x < y)
            .collect();
    }
    rest.into_iter()
        .map(|(x, y)| (u32::try_from(x).unwrap(), u32::try_from(y - 1).unwrap()))
        .collect()
}

/// The changes in a JSON report, in the form of [`difference`].
fn reported_changes(json: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(json).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let range = |value: &Value| {
        let text = value.as_str().unwrap();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        (first.parse::<u16>().unwrap(), last.parse::<u16>().unwrap())
    };
    let mut lines: Vec<String> = report["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            let what = match change.get("network") {
                Some(network) => text(network),
                None if change["transport"].is_null() => {
                    format!(
                        "{:?} {:?}",
                        range(&change["edition_ports"]),
                        range(&change["page_ports"])
                    )
                }
                None => format!(
                    "{} {} {}",
                    text(&change["transport"]),
                    text(&change["edition_ports"]),
                    text(&change["page_ports"])
                ),
            };
            format!(
                "{} {} {} {what}",
                text(&change["change"]),
                text(&change["region"]),
                text(&change["plane"])
            )
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn reports_every_difference_between_editions_by_region_and_plane() {
    for (name, page) in pages("whole") {
        let of = name.split('.').next().unwrap();
        for edition in EDITIONS {
            let ran = diff(&format!("--json --edition {edition}"), &page);
            valid_json("dataset", "diff", &ran);
            assert_eq!(
                reported_changes(&ran.stdout),
                difference(of, edition),
                "{name} against {edition}"
            );
        }
    }
}

/// The layout of the project's source document, compared with the current edition. Only the media
/// networks of every region differ.
#[test]
fn the_source_document_differs_from_the_current_list_only_in_media() {
    let page = fs::read(folder("whole/regional.sections-ja.txt")).unwrap();
    let ran = diff("--json --edition current", &page);
    assert_eq!(ran.status, 1, "{ran}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut kinds: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for change in report["changes"].as_array().unwrap() {
        assert_eq!(change["plane"], "media", "{change}");
        let region = change["region"].as_str().unwrap().to_owned();
        kinds
            .entry(region)
            .or_default()
            .push(change["change"].as_str().unwrap());
    }
    assert_eq!(kinds.len(), 8);
    for (region, kinds) in kinds {
        for kind in ["added", "removed", "changed"] {
            assert!(kinds.contains(&kind), "{region} {kind}");
        }
    }
}

#[test]
fn the_text_report_lists_each_change_once_for_all_its_regions() {
    let page = fs::read_to_string(folder("whole/global.one-table-en.md")).unwrap();
    let page = page
        .replace("168.86.128.0/18", "168.86.128.0/17")
        .replace("54.65.63.195", "54.65.63.196");
    let ran = diff("", &page);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "different: page compared with edition global (in force since 2024-02-21): 2 added, 1 removed, 0 changed",
            "  added    media of all regions: 168.86.192.0/18 (lines 7 to 14)",
            "  added    signaling of tokyo: 54.65.63.196 (line 11)",
            "  removed  signaling of tokyo: 54.65.63.195",
        ]
    );
    assert_eq!(ran.status, 1);
}

/// A page with an old list differs from the current edition. The report names the old edition.
#[test]
fn compares_a_page_with_the_current_edition_and_names_an_equal_one() {
    for (name, page) in pages("whole") {
        let of = name.split('.').next().unwrap();
        let ran = diff("", &page);
        let report = diff("--json", &page);
        valid_json("dataset", "diff", &report);
        let json: Value = serde_json::from_str(&report.stdout).unwrap();
        assert_eq!(json["edition"], "global", "{name}");
        let status = i32::from(of != "global");
        assert_eq!((ran.status, report.status), (status, status), "{name}");
        let line = match of {
            "global" => {
                assert_eq!(json["equal_editions"], serde_json::json!([]), "{name}");
                assert_eq!(
                    ran.stdout,
                    "same: page equals edition global (in force since 2024-02-21)\n"
                );
                continue;
            }
            "interconnect" => "the page equals edition interconnect (in force)".to_owned(),
            old => format!("the page equals edition {old} (superseded on 2024-02-21 by global)"),
        };
        assert_eq!(json["equal_editions"], serde_json::json!([of]), "{name}");
        let mut lines = ran.stdout.lines();
        let first = "different: page compared with edition global (in force since 2024-02-21): ";
        assert!(lines.next().unwrap().starts_with(first), "{name}: {ran}");
        assert_eq!(lines.next(), Some(&*line), "{name}");
    }
    // Signaling is equal in three editions. A dataset of the user is a different edition.
    let page = fs::read(folder("whole/global.official-en.md")).unwrap();
    let own = Tool::line("dataset show").run_once();
    let own = own.replace("54.65.63.192/30", "54.65.63.192/31");
    let ran = Tool::line("dataset diff --dataset own --plane signaling page")
        .file("page", &page)
        .file("own", own.replace("edition: global", "edition: own"))
        .run();
    let old = "superseded on 2024-02-21 by global";
    let line = format!(
        "the page equals editions regional ({old}), regional-expanded ({old}), global (in force since 2024-02-21)"
    );
    assert_eq!(ran.stdout.lines().nth(1), Some(&*line), "{ran}");
    // A page that equals no edition is compared with the most similar one.
    let changed = fs::read_to_string(folder("whole/regional.sections-en.txt")).unwrap();
    let changed = changed.replacen("54.65.63.192", "54.65.63.191", 1);
    let ran = diff("--any-edition", &changed);
    assert!(
        ran.stdout.starts_with("different: page compared with edition regional (superseded on 2024-02-21 by global), the most similar edition: 1 added, 1 removed, 0 changed\n  "),
        "{ran}"
    );
}

/// Compares two lists in the directory with a page, a dataset in YAML and one in JSON of each edition.
fn diff_of_lists(options: &str, old: &str, new: &str) -> common::Ran {
    let mut tool = Tool::line(&format!("dataset diff {options} {old} {new}"));
    for (edition, page) in [
        ("regional", "regional.page-en.html"),
        ("regional-expanded", "regional-expanded.planes-en.md"),
        ("global", "global.official-ja.md"),
        ("interconnect", "interconnect.sections-en.txt"),
    ] {
        let show = format!("dataset show --edition {edition}");
        tool = tool
            .file(
                &format!("{edition}.page"),
                fs::read(folder("whole").join(page)).unwrap(),
            )
            .file(&format!("{edition}.yaml"), Tool::line(&show).run_once())
            .file(
                &format!("{edition}.json"),
                Tool::line(&format!("{show} --json")).run_once(),
            );
    }
    tool.run()
}

/// Every pair of editions, each in three of four forms: an edition's name, a page, YAML and JSON.
#[test]
fn compares_two_lists_of_any_kind() {
    let forms = ["", ".page", ".yaml", ".json"];
    for (a, old) in EDITIONS.iter().enumerate() {
        for (b, new) in EDITIONS.iter().enumerate() {
            for form in 0..3 {
                let old_list = format!("{old}{}", forms[(a + b + form) % 4]);
                let new_list = format!("{new}{}", forms[(a + 2 * form) % 4]);
                let ran = diff_of_lists("--json", &old_list, &new_list);
                valid_json("dataset", "diff", &ran);
                let expected = difference(new, old);
                assert_eq!(
                    reported_changes(&ran.stdout),
                    expected,
                    "{old_list} {new_list}"
                );
                assert_eq!(ran.status, i32::from(old != new), "{ran}");
                let report: Value = serde_json::from_str(&ran.stdout).unwrap();
                assert_eq!(report["page"], new_list, "{old_list}");
                let is_page = old_list.contains(".page");
                let name = if is_page { &old_list } else { *old };
                assert_eq!(report["edition"], name, "{new_list}");
                assert_eq!(report["status"].is_null(), is_page, "{old_list} {new_list}");
                for change in report["changes"].as_array().unwrap() {
                    let can_have_line = new_list.contains(".page") && change["change"] != "removed";
                    assert_eq!(change.get("line").is_some(), can_have_line, "{change}");
                }
            }
        }
    }
}

#[test]
fn the_report_names_both_lists() {
    let in_force = "edition global (in force since 2024-02-21)";
    let old = "edition regional (superseded on 2024-02-21 by global)";
    for (old_list, new_list, first) in [
        (
            "current",
            "global.yaml",
            format!("same: global.yaml equals {in_force}"),
        ),
        (
            "global",
            "current",
            format!("same: {in_force} equals {in_force}"),
        ),
        (
            "regional.page",
            "regional",
            format!("same: {old} equals regional.page"),
        ),
        (
            "regional",
            "global.page",
            format!(
                "different: global.page compared with {old}: 1 added, 10 removed, 1 changed\nthe page equals {in_force}"
            ),
        ),
        (
            "regional.page",
            "global.json",
            format!(
                "different: global.json compared with regional.page: 1 added, 10 removed, 1 changed\nglobal.json equals {in_force}"
            ),
        ),
        (
            "regional",
            "global",
            format!(
                "different: {in_force} compared with {old}: 1 added, 10 removed, 1 changed\n  added    media of all regions: 168.86.128.0/18"
            ),
        ),
    ] {
        let printed = diff_of_lists("", old_list, new_list).stdout;
        let same_lines = first.lines().count();
        let lines: Vec<&str> = printed.lines().take(same_lines).collect();
        assert_eq!(lines.join("\n"), first);
    }
    let part = diff_of_lists(
        "--region japan --plane signaling",
        "regional",
        "global.page",
    );
    assert_eq!(
        part.ok(),
        format!("same in signaling of tokyo: global.page equals {old}\n")
    );
}

/// A page must have everything that the other list has. A dataset may have fewer regions.
#[test]
fn two_lists_with_different_regions_differ_unless_one_is_an_incomplete_page() {
    let page = fs::read(folder("refused/cut-between-sections.txt")).unwrap();
    let own = Tool::line("dataset show --edition regional").run_once();
    let own = own
        .replace("    sydney:\n    - 54.252.254.64/30\n", "")
        .replace("    sydney:\n    - 54.252.254.64/26\n", "");
    let run = |line: &str| {
        Tool::line(line)
            .file("page", &page)
            .file("own", own.replace("edition: regional", "edition: own"))
            .run()
    };
    for line in ["dataset diff regional page", "dataset diff page own"] {
        let printed = run(line).refused();
        assert!(
            printed.contains("error: page: signaling of "),
            "{line}: {printed}"
        );
    }
    let removed = run("dataset diff regional own");
    assert_eq!(
        removed.stdout.lines().skip(1).collect::<Vec<_>>(),
        [
            "  removed  signaling of sydney: 54.252.254.64/30",
            "  removed  media of sydney: 54.252.254.64/26",
        ],
        "{removed}"
    );
    let added = run("dataset diff own regional");
    assert_eq!(
        added.stdout.lines().skip(1).collect::<Vec<_>>(),
        [
            "  added    signaling of sydney: 54.252.254.64/30",
            "  added    media of sydney: 54.252.254.64/26",
        ],
        "{added}"
    );
}

#[test]
fn a_second_list_overrides_the_variables_of_other_lists() {
    for variable in ["TWILIO_SIP_ALLOW_EDITION", "TWILIO_SIP_ALLOW_DATASET"] {
        let ran = Tool::line("dataset diff global current")
            .env(variable, "nowhere")
            .run();
        assert_eq!(ran.status, 0, "{variable} {ran}");
    }
}

/// An option on the command line takes precedence over the variable of an option that it excludes.
#[test]
fn edition_and_any_edition_override_the_variable_of_each_other() {
    let page = fs::read(folder("whole/regional.sections-en.txt")).unwrap();
    let ran = Tool::line("dataset diff --any-edition page")
        .env("TWILIO_SIP_ALLOW_EDITION", "global")
        .file("page", &page)
        .run();
    assert!(ran.ok().starts_with("same: page equals edition regional ("));
    let ran = Tool::line("dataset diff --edition global page")
        .env("TWILIO_SIP_ALLOW_ANY_EDITION", "true")
        .file("page", &page)
        .run();
    let start = "different: page compared with edition global (in force since 2024-02-21): ";
    assert!(ran.stdout.starts_with(start), "{ran}");
}

#[test]
fn an_imported_page_is_an_equivalent_dataset() {
    for (name, page) in pages("whole") {
        let edition = name.split('.').next().unwrap();
        let imported = Tool::line("dataset import --name own-list --date 2026-01-31 page")
            .file("page", &page)
            .run_once();
        assert!(
            imported.starts_with("edition: own-list\ntitle: Imported from page\n"),
            "{imported}"
        );
        assert!(
            imported.contains("\nsource: page\nin_force_since: 2026-01-31\n"),
            "{imported}"
        );
        let connection = if edition == "interconnect" {
            "interconnect"
        } else {
            "public"
        };
        assert!(
            imported.contains(&format!("\nconnection: {connection}\n")),
            "{imported}"
        );
        let same = Tool::line("dataset diff --dataset own page")
            .file("page", &page)
            .file("own", &imported)
            .run()
            .ok();
        assert_eq!(
            same,
            "same: page equals edition own-list (in force since 2026-01-31)\n"
        );
        let deployed = Tool::line("-q -f nft --dataset own")
            .file("own", &imported)
            .run_once();
        let check = format!("check -f nft --edition {edition} deployed");
        Tool::line(&check).file("deployed", deployed).run().ok();
    }
}

#[test]
fn an_import_has_the_name_and_source_that_the_user_gives() {
    let page = fs::read(folder("whole/regional.sections-en.txt")).unwrap();
    let args = [
        "dataset",
        "import",
        "--source",
        "https://example.com/a: #b",
        "--title",
        "Our \"list\"",
        "--connection",
        "interconnect",
        "--region",
        "europe",
        "page",
    ];
    let imported = Tool::new(args).file("page", page).run_once();
    let shown = Tool::line("dataset show --dataset own --json")
        .file("own", &imported)
        .run_once();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["source"], "https://example.com/a: #b");
    assert_eq!(shown["title"], "Our \"list\"");
    assert_eq!(shown["connection"], "interconnect");
    let regions: Vec<&String> = shown["signaling"]["networks"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(regions, ["ireland", "frankfurt"]);
}

#[test]
fn show_prints_a_valid_dataset() {
    for edition in EDITIONS {
        for form in ["", "--json"] {
            let shown = Tool::line(&format!("dataset show --edition {edition} {form}")).run_once();
            let rules = |options: &str| common::render(&format!("-f iptables {options}"));
            let own = Tool::line("-q -f iptables --dataset own")
                .file("own", &shown)
                .run_once();
            assert_eq!(
                own,
                rules(&format!("--edition {edition}")),
                "{edition} {form}"
            );
        }
    }
    let current = Tool::line("dataset show").run_once();
    assert!(current.starts_with("edition: global\n"), "{current}");
}

#[test]
fn show_prints_a_single_media_port_as_in_the_dataset() {
    let global = Tool::line("dataset show").run_once();
    assert!(global.contains("ports: 10000-60000\n"), "{global}");
    let own = global.replace("ports: 10000-60000", "ports: 10000-10000");
    let shown = Tool::line("dataset show --dataset own")
        .file("own", &own)
        .run_once();
    assert_eq!(shown, own);
}

/// The columns are `FILE | LINE | fault | message`. LINE is the line of the fault.
#[test]
fn rejects_a_damaged_or_foreign_page_with_reason_and_line() {
    let reasons = fs::read_to_string(folder("refused/REASONS")).unwrap();
    let rows: Vec<Vec<&str>> = reasons
        .lines()
        .map(|line| line.splitn(4, " | ").collect())
        .collect();
    let pages = pages("refused");
    assert!(pages.len() >= 140, "{}", pages.len());
    assert_eq!(rows.len(), pages.len());
    for (row, (name, page)) in rows.iter().zip(pages) {
        let [file, _, wrong, printed] = row[..] else {
            panic!("{row:?}")
        };
        assert_eq!(file, name);
        for options in ["", "--edition global", "--edition regional", "--json"] {
            let message = diff(options, &page).refused();
            let first = message.lines().next().unwrap();
            let first = first.strip_prefix("twilio-sip-allow: error: page").unwrap();
            // More lines with the same error.
            let first = first.split(" (also in line").next().unwrap();
            assert_eq!(first, printed, "{name}: {wrong}");
        }
        Tool::line("dataset import page")
            .file("page", &page)
            .run()
            .refused();
    }
}

/// Short pages. Each has one property that leaves the purpose of its list unclear.
#[test]
fn rejects_a_list_without_a_clear_purpose() {
    let table = |heading: &str, head: &str, row: &str| {
        let line = head.replace(|c: char| c != '|', "-");
        format!("{heading}\n\n{head}\n{line}\n{row}\n")
    };
    for (page, printed) in [
        (
            table("## Tokyo and Sydney", "| Signaling | Media |", "| 54.65.63.192/30 | 168.86.128.0/18 |"),
            ":5: the heading above the table names several regions",
        ),
        (
            table("# Addresses", "| Region | Address |", "| Tokyo | 54.65.63.192/30 |"),
            ":5: neither the table nor a heading says whether '54.65.63.192/30' is signaling or media",
        ),
        (
            table("# Signaling", "| Address |", "| 54.65.63.192/30 |"),
            ":5: neither the table nor a heading names a region",
        ),
        (
            "# Media\n\n## Tokyo and Sydney\n\n168.86.128.0/18\n".to_owned(),
            ":5: 168.86.128.0/18 is under a heading that names several regions",
        ),
        (
            "# Signaling\n\n## Tokyo\n\n### Sydney\n\n54.65.63.192/30\n".to_owned(),
            ":5: this label names a different region than the heading above it, 'tokyo'",
        ),
        (
            "# Media\n\n## All regions\n\n168.0.0.0/7\n".to_owned(),
            ":5: '168.0.0.0/7' is too wide for a list; use a prefix length of 8 or more",
        ),
        (
            "# Signaling\n\n## Tokyo\n\n54.65.63.192/30\n\nPorts: 5060 (UDP/UDP), 5061 (TLS)\n".to_owned(),
            ":7: cannot interpret these ports: a transport is repeated",
        ),
        (
            "# Media\n\n## All regions\n\n168.86.128.0/18\n\nPorts: 10000-60000 (UDP)\n\nPorts: 10000-20000 (UDP)\n".to_owned(),
            ":9: the ports of media of all regions are listed twice, first in line 7",
        ),
    ] {
        let message = Tool::line("dataset diff --edition global page.md")
            .file("page.md", &page)
            .run()
            .refused();
        let first = message.lines().next().unwrap();
        assert_eq!(first, format!("twilio-sip-allow: error: page.md{printed}"), "{page}");
    }
}

/// Complete pages with one addition that a reader must not ignore.
#[test]
fn never_ignores_text_that_changes_the_meaning_of_a_list() {
    for (page, from, to, message) in [
        (
            "regional.headings-en.md",
            "54.172.60.0",
            "<s>54.172.60.0</s>",
            "is struck out, so it may not apply any more",
        ),
        (
            "regional.headings-en.md",
            "54.172.60.0",
            "<span hidden>54.172.60.0</span>",
            "54.172.60.0 is in a place that Markdown does not show",
        ),
        (
            "regional.sections-en.txt",
            "54.172.60.2",
            "❌ 54.172.60.2",
            "cannot interpret '❌ 54.172.60.2'",
        ),
        (
            "regional.sections-en.txt",
            "54.172.60.2",
            "54.172.60.2 (TLS)",
            "' after 54.172.60.2",
        ),
        (
            "regional.sections-en.txt",
            "54.172.60.2",
            "54.172.60.2 (Germany)",
            "' after 54.172.60.2",
        ),
        (
            "regional.sections-en.txt",
            "Signaling IPs:",
            "Signaling IPs (TLS):",
            "is below 'Signaling IPs (TLS):'",
        ),
        (
            "regional.sections-en.txt",
            "Signaling IPs:",
            "Your source signaling IPs:",
            "is below 'Your source signaling IPs:'",
        ),
        (
            "regional.sections-en.txt",
            "Port Range: 10,000",
            "TCP Port Range: 10,000",
            "media ports use UDP only",
        ),
        (
            "regional.sections-en.txt",
            "Asia Pacific Tokyo Gateways",
            "Asia Pacific Tokyo Gateways: Europe",
            "'Asia Pacific Tokyo Gateways: Europe",
        ),
        (
            "global.one-table-en.md",
            "| Signaling IPs ",
            "| Signaling IPs (TLS) ",
            "cannot interpret the column heading 'Signaling IPs (TLS)'",
        ),
        (
            "global.one-table-en.md",
            "| Signaling IPs ",
            "| Signaling and media IPs ",
            "cannot interpret the column heading 'Signaling and media IPs'",
        ),
        (
            "global.one-table-en.md",
            "| Asia Pacific Tokyo ",
            "| Asia Pacific Tokyo (media) ",
            "'Asia Pacific Tokyo (media)' contains more than the name of a region",
        ),
        (
            "global.planes-en.txt",
            "All regions:",
            "All regions in the United States:",
            "168.86.128.0/18 is below 'All regions in the United States:'",
        ),
        (
            "global.official-en.md",
            "## Regional",
            "2600:1f18:100::/48\n\n## Regional",
            "contains IPv6, but Twilio's SIP service has only IPv4 addresses",
        ),
        (
            "global.official-en.md",
            "## Global media",
            "## Global media, retired\n\n| A |\n|---|\n",
            "is below",
        ),
        (
            "regional.page-en.html",
            "</main>",
            "<p hidden>x<p>Media IPs:<ul><li>198.51.100.0/24</ul></main>",
            "media is listed for all regions, but single regions have lists too",
        ),
        (
            "regional.page-en.html",
            "<h3",
            "<div hidden><h3",
            "hides or strikes out its content and is never closed",
        ),
        (
            "regional.page-en.html",
            "54.172.60.2<",
            "54.172.60.2<sup>1</sup><",
            "cannot interpret '1' after 54.172.60.2",
        ),
        (
            "regional.page-en.html",
            "54.172.60.2",
            "<span style='color: red; text-decoration: line-through'>54.172.60.2</span>",
            "is struck out, so it may not apply any more",
        ),
    ] {
        let whole = fs::read_to_string(folder("whole").join(page)).unwrap();
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{page} {from}");
        let printed = diff("", &changed).refused();
        assert!(printed.contains(message), "{page} {to}: {printed}");
    }
    // A version in a footer and a margin of 0 have no meaning.
    let page = fs::read_to_string(folder("whole/global.official-en.md")).unwrap();
    assert_eq!(
        diff(
            "",
            format!("Docs 2.7.1\n\n{page}\n\n## Help\n\nDocs 2.7.1 of 2026\n")
        )
        .status,
        0
    );
    let page = fs::read_to_string(folder("whole/regional.page-en.html")).unwrap();
    assert_eq!(
        diff(
            "--any-edition",
            page.replace("<h3", "<h3 style=\"margin:0\"")
        )
        .status,
        0
    );
}

#[test]
fn rejects_wrong_usage_of_dataset_with_advice() {
    for (line, message) in [
        (
            "dataset",
            "\nUsage: twilio-sip-allow dataset [OPTIONS] <COMMAND>\n",
        ),
        ("dataset diff nowhere", "cannot read nowhere: No such file"),
        ("dataset diff .", "cannot read .: it is a folder"),
        (
            "dataset diff --edition never page",
            "unknown edition 'never'",
        ),
        (
            "dataset diff --edition regional,global page",
            "'dataset diff' compares a page with one edition; name only one with --edition",
        ),
        (
            "dataset diff --region nowhere page",
            "unknown region 'nowhere'",
        ),
        (
            "dataset diff --edition global --dataset own page",
            "--dataset and --edition cannot be used together; remove one of them",
        ),
        (
            "dataset diff --edition global --any-edition page",
            "--any-edition and --edition cannot be used together; remove one of them",
        ),
        (
            "dataset diff --any-edition --dataset own page",
            "--any-edition and --dataset cannot be used together; remove one of them",
        ),
        (
            "dataset show --edition global,regional",
            "'dataset show' prints one edition; name only one with --edition",
        ),
        (
            "dataset diff --dataset - -",
            "--dataset and the page cannot both be read from stdin; use a file for one of them",
        ),
        (
            "dataset diff --direction in page",
            "--direction is an option of 'render', 'check', 'verify' and 'explain', not of 'dataset diff'",
        ),
        (
            "dataset diff page page third",
            "'dataset diff' accepts only 2 arguments; remove 'third'",
        ),
        (
            "dataset diff - -",
            "OLD and NEW cannot both be read from stdin; use a file for one of them",
        ),
        (
            "dataset diff --edition global regional page",
            "NEW and --edition cannot be used together; remove one of them",
        ),
        (
            "dataset diff --dataset own regional page",
            "NEW and --dataset cannot be used together; remove one of them",
        ),
        (
            "dataset diff --any-edition regional page",
            "NEW and --any-edition cannot be used together; remove one of them",
        ),
        (
            "dataset diff regionl global",
            "cannot read regionl: No such file",
        ),
        (
            "dataset diff regional broken",
            "error: broken:2:12: signaling: the key 'ports' is missing",
        ),
        (
            "dataset import --name Our page",
            "--name: 'Our' is not a name; use 1 to 32 lower-case letters and digits",
        ),
        (
            "dataset import --date 2024-02-30 page",
            "'2024-02-30' is not a date; write YEAR-MONTH-DAY, as in 2024-02-21",
        ),
        (
            "dataset import --connection vpn page",
            "--connection: 'vpn' is not one of public, interconnect",
        ),
        ("dataset import --title= page", "the text is empty"),
        (
            "dataset import --name global page",
            "the name 'global' is reserved, because --edition uses it; choose another --name",
        ),
        (
            "--edition global dataset diff page",
            "--edition must follow 'dataset diff'",
        ),
        ("dataset show --edition never", "unknown edition 'never'"),
        (
            "dataset show --edition global --dataset own",
            "--dataset and --edition cannot be used together; remove one of them",
        ),
        ("dataset show --dataset page", "page:"),
        (
            "--region tokyo dataset show",
            "--region is an option of 'render', 'check', 'verify', 'dataset diff', 'dataset import', 'explain' and 'scan', not of 'dataset show'",
        ),
    ] {
        let printed = Tool::line(line)
            .file("page", "nothing")
            .file("own", "{}")
            .file("broken", "edition: own\nsignaling: {}\n")
            .run()
            .refused();
        assert!(printed.contains(message), "{line}: {printed}");
    }
    let printed = Tool::new(["dataset", "import", "--source", "a\u{202e}b", "page"])
        .file("page", "")
        .run()
        .refused();
    assert!(
        printed
            .contains("contains the invisible character \\u{202e}; use one line of visible text"),
        "{printed}"
    );
    let misspelled = Tool::line("dataset diff page")
        .env("TWILIO_SIP_ALLOW_EDITON", "global")
        .file("page", "")
        .run();
    assert!(misspelled.refused().contains(
        "unknown environment variable 'TWILIO_SIP_ALLOW_EDITON' (did you mean EDITION?)"
    ));
    let page = fs::read(folder("whole/global.official-en.md")).unwrap();
    let named = Tool::line("dataset diff page")
        .env("TWILIO_SIP_ALLOW_EDITION", "regional")
        .file("page", &page)
        .run();
    assert!(
        named
            .stdout
            .starts_with("different: page compared with edition regional ("),
        "{named}"
    );
    let own = Tool::line("dataset diff --edition global page")
        .env("TWILIO_SIP_ALLOW_DATASET", "nowhere")
        .file("page", &page)
        .run();
    assert_eq!(own.status, 0, "{own}");
}

/// A page whose regions have different ports can be compared, but a dataset cannot express it.
#[test]
fn reports_ports_that_differ_between_regions_and_does_not_import_them() {
    let page = fs::read_to_string(folder("whole/regional.sections-en.txt")).unwrap();
    let page =
        page.replacen("5061 (TLS)", "5071 (TLS)", 1)
            .replacen("20,000 (UDP)", "30,000 (UDP)", 1);
    let ran = diff("--json --any-edition", &page);
    assert_eq!(
        reported_changes(&ran.stdout),
        [
            "changed virginia media (10000, 20000) (10000, 30000)",
            "changed virginia signaling tls 5061 5071"
        ]
    );
    let printed = Tool::line("dataset import page")
        .file("page", &page)
        .run()
        .refused();
    assert!(
        printed.contains(": the signaling ports of virginia and oregon differ, but a dataset has one set of ports"),
        "{printed}"
    );
    let alone = Tool::line("dataset import --region virginia page")
        .file("page", &page)
        .run_once();
    assert!(
        alone.contains("    tls: 5071\n") && alone.contains("  ports: 10000-30000\n"),
        "{alone}"
    );
}

#[test]
fn compares_a_part_of_a_page() {
    let page = fs::read_to_string(folder("refused/cut-between-sections.txt")).unwrap();
    let part = "--region europe,virginia,oregon,tokyo";
    let printed = diff(&format!("{part} --any-edition"), &page).ok();
    assert_eq!(
        printed,
        "same in signaling and media of virginia, oregon, ireland, frankfurt, tokyo: page equals edition regional (superseded on 2024-02-21 by global)\n"
    );
    let ran = diff(part, &page);
    let first = "different in signaling and media of virginia, oregon, ireland, frankfurt, tokyo: page compared with edition global (in force since 2024-02-21): ";
    assert!(ran.stdout.starts_with(first), "{ran}");
    let second = "the page equals edition regional (superseded on 2024-02-21 by global)";
    assert_eq!(ran.stdout.lines().nth(1), Some(second), "{ran}");
    // Only named regions and planes are compared.
    let moved = fs::read_to_string(folder("whole/global.official-en.md"))
        .unwrap()
        .replace("54.65.63.19", "54.65.64.19");
    assert_eq!(diff("--region sydney --edition current", &moved).status, 0);
    assert_eq!(diff("--region tokyo --edition current", &moved).status, 1);
    let printed = diff("--region europe,sydney", &page).refused();
    assert!(
        printed.contains("page: signaling of sydney is missing"),
        "{printed}"
    );
    let page = fs::read_to_string(folder("refused/media-only.md")).unwrap();
    assert_eq!(diff("--plane media", &page).status, 0);
    assert!(
        diff("--plane signaling", &page)
            .refused()
            .contains("signaling of virginia, oregon")
    );
}

/// A digit of the list and its position.
struct Figure {
    line: usize,
    at: usize,
}

/// The digits of the addresses and ports in the list.
fn figures(text: &str) -> Vec<Figure> {
    let published: Vec<String> = EDITIONS
        .iter()
        .flat_map(|edition| {
            ["signaling", "media"].map(|plane| facts::published(edition, "all", plane))
        })
        .flatten()
        .flat_map(|range| [range.0, range.0 + 1, range.0 + 2, range.0 + 3])
        .map(|address| std::net::Ipv4Addr::from(address).to_string())
        .collect();
    let mut found = Vec::new();
    let mut offset = 0;
    let (mut hidden, mut number) = (false, 0);
    for line in text.split_inclusive(['\n', '>']) {
        hidden |= line.contains("<script") || line.contains("<style");
        if hidden {
            hidden = !line.contains("</script") && !line.contains("</style");
            offset += line.len();
            number += line.matches('\n').count();
            continue;
        }
        let words = line
            .match_indices(|c: char| c.is_ascii_digit())
            .map(|(at, _)| at);
        for at in words {
            let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '/' | ',');
            let start = line[..at]
                .rfind(|c| !is_part(c))
                .map_or(0, |i| i + line[i..].chars().next().unwrap().len_utf8());
            let end = at + line[at..].find(|c| !is_part(c)).unwrap_or(line.len() - at);
            let word = line[start..end].trim_end_matches(['.', ',']);
            let address = word.split('/').next().unwrap();
            let is_port = ["5060", "5061", "10,000", "20,000", "60,000"].contains(&word);
            if at < start + word.len() && (published.iter().any(|a| a == address) || is_port) {
                found.push(Figure {
                    line: number + 1,
                    at: offset + at,
                });
            }
        }
        offset += line.len();
        number += line.matches('\n').count();
    }
    found
}

fn changed(text: &str, figure: &Figure, by: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[figure.at] = b'0' + (bytes[figure.at] - b'0' + by) % 10;
    String::from_utf8(bytes).unwrap()
}

/// Every changed digit of a list causes a difference or an error.
#[test]
fn finds_a_changed_digit_on_every_page() {
    let mut count = 0;
    for (name, page) in pages("whole") {
        let text = String::from_utf8(page).unwrap();
        let figures = figures(&text);
        assert!(figures.len() > 100, "{name}: {}", figures.len());
        for (number, figure) in figures.iter().enumerate().step_by(figures.len() / 40) {
            let by = u8::try_from(number % 9).unwrap() + 1;
            let ran = diff("--any-edition", changed(&text, figure, by));
            assert_ne!(ran.status, 0, "{name}:{} {ran}", figure.line);
            count += 1;
        }
    }
    assert!(count >= 600, "{count}");
}

/// 200 changes on a page of sections. An independent reader determines the meaning of each.
#[test]
fn reports_each_of_two_hundred_changed_digits_correctly() {
    let page = fs::read_to_string(folder("whole/regional.sections-en.txt")).unwrap();
    let figures = figures(&page);
    let (mut differ, mut refused) = (0, 0);
    for number in 0..200 {
        let figure = &figures[number * 7919 % figures.len()];
        let by = u8::try_from(number % 9).unwrap() + 1;
        let text = changed(&page, figure, by);
        let ran = diff("--json --edition regional", &text);
        if let Some(listed) = read(&text) {
            assert_eq!(ran.status, 1, "line {} {ran}", figure.line);
            assert_eq!(
                reported_changes(&ran.stdout),
                listed,
                "line {} {ran}",
                figure.line
            );
            differ += 1;
        } else {
            let message = ran.refused();
            let lines = figure.line.saturating_sub(4)..=figure.line + 4;
            let near = lines
                .into_iter()
                .any(|line| message.contains(&format!("page:{line}: ")));
            assert!(near, "line {}: {message}", figure.line);
            refused += 1;
        }
    }
    assert!(differ >= 80 && refused >= 40, "{differ} {refused}");
}

/// The difference between a page of sections and `regional`. `None` if the page is invalid.
fn read(text: &str) -> Option<Vec<String>> {
    let names: Vec<(String, String)> = facts::regions()
        .iter()
        .map(|row| (row[5].clone(), row[0].clone()))
        .collect();
    let (mut region, mut plane) = (String::new(), "");
    let mut listed: BTreeMap<(String, &str), Vec<facts::Range>> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some((_, id)) = names
            .iter()
            .find(|(name, _)| line.starts_with(&format!("{name} Gateways")))
        {
            (region, plane) = (id.clone(), "");
        } else if line.starts_with("Signaling IP") {
            plane = "signaling";
        } else if line.starts_with("Media IP") {
            plane = "media";
        } else if let Some(ports) = line.strip_prefix("Ports: ") {
            let numbers: Vec<u16> = numbers(ports)?;
            let (sip, tls) = (numbers[0], numbers[1]);
            for (transport, published, found) in
                [("udp", 5060, sip), ("tcp", 5060, sip), ("tls", 5061, tls)]
            {
                if found != published {
                    lines.push(format!(
                        "changed {region} signaling {transport} {published} {found}"
                    ));
                }
            }
            // The same port for two transports is a typing error and not a change.
            if sip == tls {
                return None;
            }
        } else if let Some(ports) = line.strip_prefix("Port Range: ") {
            let numbers = numbers(ports)?;
            let range = (numbers[0], numbers[1]);
            if range.0 > range.1 {
                return None;
            }
            if range != (10000, 20000) {
                lines.push(format!("changed {region} media (10000, 20000) {range:?}"));
            }
        } else if line.starts_with(|c: char| c.is_ascii_digit()) && !plane.is_empty() {
            listed
                .entry((region.clone(), plane))
                .or_default()
                .push(network(line)?);
        }
    }
    for ((region, plane), ranges) in listed {
        let mut sorted = ranges.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[1].0 <= pair[0].1) {
            return None;
        }
        let published = facts::published("regional", &region, plane);
        lines.extend(rows(&region, plane, &facts::united(ranges), &published));
    }
    lines.sort();
    Some(lines)
}

fn numbers(text: &str) -> Option<Vec<u16>> {
    let words = text
        .split(|c: char| !c.is_ascii_digit() && c != ',')
        .map(|w| w.trim_end_matches(','));
    let numbers = words.filter(|word| !word.is_empty()).map(|word| {
        let number: u16 = word.replace(',', "").parse().ok()?;
        (number > 0).then_some(number)
    });
    numbers.collect()
}

/// Parses as [`facts::network`] does, but returns `None` for invalid text.
fn network(text: &str) -> Option<facts::Range> {
    let (address, bits) = text.split_once('/').unwrap_or((text, "32"));
    let bits: u32 = bits.parse().ok()?;
    let right = address
        .split('.')
        .all(|part| part.parse::<u8>().is_ok_and(|n| n.to_string() == part));
    if !right || !(8..=32).contains(&bits) || text.contains("/0") {
        return None;
    }
    let size = 1u64 << (32 - bits);
    (u64::from(facts::address(address)) % size == 0)
        .then(|| facts::network(&format!("{address}/{bits}")))
}
