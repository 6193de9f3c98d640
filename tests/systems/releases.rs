//! How a release is made: its workflows, the scripts of `packaging/` that need no build, and the versions in files.

mod workflow;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_yaml::Value;

use crate::common::{has, python};
use crate::sources::git;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn workflow() -> Value {
    serde_yaml::from_str(&read(".github/workflows/release.yml")).unwrap()
}

/// The cells of the table in a document that follows a heading line. Code is without its backquotes.
fn table(document: &str, heading: &str) -> Vec<Vec<String>> {
    let text = read(document);
    let (_, rows) = text.split_once(&format!("{heading}\n")).unwrap();
    let rows = rows.lines().skip(1).map_while(|row| {
        let cells = row.trim().strip_prefix("| ")?.strip_suffix(" |")?;
        Some(
            cells
                .split(" | ")
                .map(|cell| cell.trim_matches('`').to_owned())
                .collect(),
        )
    });
    rows.collect()
}

/// The date of the data.
fn date() -> String {
    let text = read("data/bundle.yaml");
    let mut dates = text.lines().filter_map(|line| line.strip_prefix("date: "));
    dates.next().unwrap().to_owned()
}

/// The names of a release's files in its checklist.
fn documented_files() -> BTreeSet<String> {
    let rows = table("docs/releases.md", "| file | for |");
    rows.iter()
        .map(|row| row[0].replace("VERSION", VERSION).replace("DATE", &date()))
        .collect()
}

/// The scripts of `packaging/` in a folder of their own, with every file of a release. Programs that the scripts would
/// call on GitHub are replaced by scripts that print their arguments and input.
struct Release {
    folder: tempfile::TempDir,
}

impl Release {
    fn new() -> Release {
        let release = Release {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(release.path("target/packages")).unwrap();
        fs::create_dir_all(release.path("packaging")).unwrap();
        fs::create_dir_all(release.path("data")).unwrap();
        for file in ["Cargo.toml", "CHANGELOG.md", "data/bundle.yaml"] {
            fs::copy(Path::new(ROOT).join(file), release.path(file)).unwrap();
        }
        for script in scripts() {
            fs::copy(Path::new(ROOT).join(&script), release.path(&script)).unwrap();
        }
        fs::copy(
            Path::new(ROOT).join("packaging/settings"),
            release.path("packaging/settings"),
        )
        .unwrap();
        for name in documented_files() {
            if !["SHA256SUMS", "twilio-sip-allow.rb"].contains(&name.as_str()) {
                fs::write(release.file(&name), format!("contents of {name}\n")).unwrap();
            }
        }
        for program in ["gh", "skopeo"] {
            let path = release.path("bin").join(program);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "#!/bin/sh\nprintf '%s' \"${0##*/}\"; printf ' <%s>' \"$@\"; echo\n[ \"$2\" != create ] || cat\n").unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .unwrap();
        }
        release
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path of a file of the release.
    fn file(&self, name: &str) -> PathBuf {
        self.path("target/packages").join(name)
    }

    fn run(&self, script: &str, args: &[&str]) -> Output {
        Command::new(self.path("packaging").join(script))
            .args(args)
            .env(
                "PATH",
                format!("{}:{}", self.path("bin").display(), env!("PATH")),
            )
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("GITHUB_SERVER_URL", "https://git.example")
            .env("GITHUB_REPOSITORY", "Owner/sip")
            .env("GH_REPO", "Owner/sip")
            .output()
            .unwrap()
    }

    /// Runs a script that must succeed, and returns its stdout.
    fn done(&self, script: &str, args: &[&str]) -> String {
        let output = self.run(script, args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The paths of the scripts in `packaging/`.
fn scripts() -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(ROOT).join("packaging")).unwrap();
    let files = entries
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_file());
    let names = files.map(|entry| entry.file_name().into_string().unwrap());
    let paths = names.map(|name| format!("packaging/{name}"));
    paths.filter(|path| read(path).starts_with("#!")).collect()
}

#[test]
fn the_checklist_names_every_place_of_the_version() {
    let rows = table("docs/releases.md", "   | file | text |");
    for row in &rows {
        let text = row[1].replace("VERSION", VERSION);
        assert!(read(&row[0]).contains(&text), "{}: no '{text}'", row[0]);
    }
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let entry = format!("name = \"twilio-sip-allow\"\nversion = \"{VERSION}\"\n");
        assert!(read(lock).contains(&entry), "{lock}");
    }
    let changelog = read("CHANGELOG.md");
    let newest = changelog
        .lines()
        .find(|line| line.starts_with("## "))
        .unwrap();
    assert!(newest.starts_with(&format!("## {VERSION} - ")), "{newest}");

    if !Path::new(ROOT).join(".git").exists() {
        return;
    }
    let named: BTreeSet<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let version = VERSION.replace('.', "\\.");
    let places = format!("(version|バージョン|/v|@v|-|\\^)[ \"=]*{version}\\b");
    let found = git(
        Path::new(ROOT),
        &[
            "grep",
            "-lE",
            &places,
            "--",
            ":!*Cargo.lock",
            ":!tests",
            ":!fuzz/Cargo.toml",
        ],
    );
    let not_named: Vec<&str> = found.lines().filter(|file| !named.contains(file)).collect();
    assert_eq!(
        not_named,
        Vec::<&str>::new(),
        "add these files to docs/releases.md"
    );
}

#[test]
fn the_sums_cover_exactly_the_documented_files() {
    let release = Release::new();
    release.done("formula", &[]);
    release.done("sums", &[]);
    let sums = fs::read_to_string(release.file("SHA256SUMS")).unwrap();
    let listed: BTreeSet<String> = sums.lines().map(|line| line[66..].to_owned()).collect();
    let mut documented = documented_files();
    documented.remove("SHA256SUMS");
    assert_eq!(listed, documented);
    let checked = Command::new("sha256sum")
        .args(["--quiet", "--strict", "--check", "SHA256SUMS"])
        .current_dir(release.path("target/packages"))
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");

    // Again, with the file from before.
    release.done("sums", &[]);
    let missing = format!("twilio-sip-allow-{VERSION}-x86_64-windows.zip");
    fs::rename(release.file(&missing), release.file("other.zip")).unwrap();
    let output = release.run("sums", &[]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains(&format!("< target/packages/{missing}\n")),
        "{stdout}"
    );
    assert!(stdout.contains("> target/packages/other.zip\n"), "{stdout}");
    assert!(!release.file("SHA256SUMS").exists());
}

#[test]
fn the_formula_has_the_address_and_the_sum_of_each_archive() {
    let release = Release::new();
    release.done("formula", &[]);
    let formula = fs::read_to_string(release.file("twilio-sip-allow.rb")).unwrap();
    for (system, place) in [
        ("x86_64-linux", "on_linux do\n    on_intel do\n"),
        ("aarch64-linux", "on_linux do\n    on_arm do\n"),
        ("x86_64-macos", "on_macos do\n    on_intel do\n"),
        ("aarch64-macos", "on_macos do\n    on_arm do\n"),
    ] {
        let name = format!("twilio-sip-allow-{VERSION}-{system}.tar.gz");
        let sum = Command::new("sha256sum")
            .arg(release.file(&name))
            .output()
            .unwrap()
            .stdout;
        let sum = String::from_utf8(sum).unwrap();
        let block = format!(
            "  {place}      url \"https://git.example/Owner/sip/releases/download/v{VERSION}/{name}\"\n      sha256 \"{}\"\n",
            &sum[..64]
        );
        assert!(formula.contains(&block), "{block}\n{formula}");
    }
}

#[test]
fn the_draft_contains_the_files_and_the_section_of_the_changelog() {
    let release = Release::new();
    let changelog = format!(
        "# Changelog\n\n## {VERSION} - 2026-12-02\n\n- New.\n\n### Fixed\n\n- Old.\n\n## 0.1.9 - 2026-01-02\n\n- Older.\n"
    );
    fs::write(release.path("CHANGELOG.md"), changelog).unwrap();
    release.done("formula", &[]);
    release.done("sums", &[]);
    let files: Vec<String> = documented_files()
        .iter()
        .map(|name| format!("<{name}>"))
        .collect();
    assert_eq!(
        release.done("draft", &[]),
        format!(
            "gh <release> <create> <v{VERSION}> <--draft> <--verify-tag> <--title> <{VERSION}> <--notes-file> <-> <--> {}\n\
             \n- New.\n\n### Fixed\n\n- Old.\n\n",
            files.join(" ")
        )
    );
    fs::write(release.file("twilio-sip-allow.rb"), "changed").unwrap();
    let output = release.run("draft", &[]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "twilio-sip-allow.rb: FAILED\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_bundle_is_what_the_program_of_the_archive_prints() {
    let release = Release::new();
    let system = format!("{}-linux", std::env::consts::ARCH);
    let folder = format!("twilio-sip-allow-{VERSION}-{system}");
    let program = release.file(&folder).join("twilio-sip-allow");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "#!/bin/sh\necho \"$*\"\n").unwrap();
    fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(format!("{folder}.tar.gz")).arg(&folder);
    let done = tar.current_dir(release.path("target/packages")).status();
    assert!(done.unwrap().success());
    release.done("bundle", &[]);
    let bundle = fs::read_to_string(release.file(&format!("dataset-{}.yaml", date()))).unwrap();
    assert_eq!(bundle, "--no-config dataset bundle\n");
    assert!(!program.exists(), "no other file remains");
}

#[test]
fn only_a_tag_of_this_version_with_a_date_in_the_changelog_is_accepted() {
    let release = Release::new();
    let tag = format!("v{VERSION}");
    fs::write(
        release.path("CHANGELOG.md"),
        format!("## {VERSION} - 2026-12-02\n"),
    )
    .unwrap();
    release.done("tag", &[&tag]);
    for other in ["v0.1.0", VERSION, "v9", "$(touch hit)"] {
        let output = release.run("tag", &[other]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        let wanted = format!("the tag is '{other}', but the version in Cargo.toml is {VERSION}:");
        assert!(stderr.contains(&wanted), "{stderr}");
        assert_eq!(output.status.code(), Some(1));
    }
    fs::write(
        release.path("CHANGELOG.md"),
        format!("## {VERSION} - unreleased\n"),
    )
    .unwrap();
    let output = release.run("tag", &[&tag]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains(&format!("no heading '## {VERSION} - DATE'")),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_image_is_verified_before_it_is_pushed() {
    let release = Release::new();
    let printed = release.done("push", &["registry.example/Owner/sip"]);
    let lines: Vec<&str> = printed.lines().collect();
    let [download, verify, by_version, latest] = lines[..] else {
        panic!("{printed}");
    };
    let file = format!("twilio-sip-allow-{VERSION}-container.tar");
    assert!(
        download.starts_with(&format!("gh <release> <download> <v{VERSION}> <--dir> ")),
        "{download}"
    );
    assert!(
        download.ends_with(&format!(" <--pattern> <{file}>")),
        "{download}"
    );
    assert!(
        verify.starts_with("gh <attestation> <verify> <"),
        "{verify}"
    );
    assert!(
        verify.ends_with(&format!("/{file}> <--repo> <Owner/sip>")),
        "{verify}"
    );
    for (copy, tag) in [(by_version, VERSION), (latest, "latest")] {
        assert!(
            copy.starts_with("skopeo <copy> <--all> <oci-archive:/"),
            "{copy}"
        );
        let ending = format!("/{file}:{VERSION}> <docker://registry.example/owner/sip:{tag}>");
        assert!(copy.ends_with(&ending), "{copy}");
    }
}

#[test]
fn the_workflow_builds_every_system_and_uploads_every_file() {
    let workflow = workflow();
    let builds = &workflow["jobs"]["build"];
    let matrix = builds["strategy"]["matrix"]["include"]
        .as_sequence()
        .unwrap();
    let systems: BTreeSet<&str> = matrix
        .iter()
        .map(|entry| entry["system"].as_str().unwrap())
        .collect();
    let archives: Vec<String> = documented_files()
        .into_iter()
        .filter(|name| name.ends_with("cdx.json"))
        .collect();
    let documented: BTreeSet<&str> = archives
        .iter()
        .map(|name| {
            name.strip_prefix(&format!("twilio-sip-allow-{VERSION}-"))
                .unwrap()
        })
        .map(|name| name.strip_suffix(".cdx.json").unwrap())
        .collect();
    assert_eq!(systems, documented);

    let steps = builds["steps"].as_sequence().unwrap();
    let uploaded = steps.last().unwrap()["with"]["path"].as_str().unwrap();
    let endings: Vec<&str> = uploaded
        .lines()
        .map(|line| line.strip_prefix("target/packages/*").unwrap())
        .collect();
    let made_later = [
        "SHA256SUMS",
        "twilio-sip-allow.rb",
        &format!("twilio-sip-allow-{VERSION}-container.tar"),
        &format!("dataset-{}.yaml", date()),
    ];
    for name in documented_files() {
        let is_uploaded = endings.iter().any(|ending| name.ends_with(ending));
        assert_eq!(is_uploaded, !made_later.contains(&name.as_str()), "{name}");
    }
}

/// Each script is in the table of its document, and each one that the workflows call exists.
#[test]
fn the_scripts_are_documented_and_called() {
    let rows = table("packaging/README.md", "| script | makes | needs |");
    let documented: BTreeSet<String> = rows
        .iter()
        .map(|row| format!("packaging/{}", row[0].split(' ').next().unwrap()))
        .collect();
    assert_eq!(documented, scripts());
    let workflows = read(".github/workflows/release.yml") + &read(".github/workflows/publish.yml");
    let called: BTreeSet<String> = workflows
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- run: packaging/"))
        .map(|call| format!("packaging/{}", call.split(' ').next().unwrap()))
        .collect();
    let called: Vec<&str> = called.iter().map(String::as_str).collect();
    let wanted = [
        "all",
        "bundle",
        "container",
        "draft",
        "formula",
        "push",
        "sums",
        "tag",
    ];
    assert_eq!(called, wanted.map(|name| format!("packaging/{name}")));
}

/// The placeholders of cargo-binstall's documentation, with the values that the crate target-lexicon gives them.
#[test]
fn binstall_finds_the_archive_of_each_target() {
    let manifest = read("Cargo.toml");
    let (_, binstall) = manifest
        .split_once("[package.metadata.binstall]\n")
        .unwrap();
    let mut sections = binstall.split("[package.metadata.binstall.overrides.");
    let common = sections.next().unwrap();
    let overrides: Vec<(&str, &str)> = sections
        .map(|section| section.split_once("]\n").unwrap())
        .collect();
    let documented = documented_files();
    for (target, arch, family, system) in [
        (
            "x86_64-unknown-linux-gnu",
            "x86_64",
            "linux",
            "x86_64-linux",
        ),
        (
            "x86_64-unknown-linux-musl",
            "x86_64",
            "linux",
            "x86_64-linux",
        ),
        (
            "aarch64-unknown-linux-gnu",
            "aarch64",
            "linux",
            "aarch64-linux",
        ),
        (
            "aarch64-unknown-linux-musl",
            "aarch64",
            "linux",
            "aarch64-linux",
        ),
        ("x86_64-apple-darwin", "x86_64", "darwin", "x86_64-macos"),
        ("aarch64-apple-darwin", "aarch64", "darwin", "aarch64-macos"),
        (
            "x86_64-pc-windows-msvc",
            "x86_64",
            "windows",
            "x86_64-windows",
        ),
    ] {
        let own = overrides
            .iter()
            .find(|(name, _)| *name == target)
            .map_or("", |(_, own)| own);
        let is_windows = family == "windows";
        let value = |key: &str| {
            let start = format!("{key} = \"");
            let mut lines = own.lines().chain(common.lines());
            let text = lines
                .find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'))
                .unwrap();
            let suffix = if is_windows { ".zip" } else { ".tar.gz" };
            text.replace("{ name }", "twilio-sip-allow")
                .replace("{ bin }", "twilio-sip-allow")
                .replace("{ version }", VERSION)
                .replace("{ target-arch }", arch)
                .replace("{ target-family }", family)
                .replace("{ archive-suffix }", suffix)
                .replace("{ binary-ext }", if is_windows { ".exe" } else { "" })
        };
        let url = value("pkg-url");
        let name = url
            .strip_prefix(&format!("{{ repo }}/releases/download/v{VERSION}/"))
            .unwrap();
        assert!(documented.contains(name), "{target}: {name}");
        assert!(name.contains(system), "{target}: {name}");
        let program = if is_windows {
            "twilio-sip-allow.exe"
        } else {
            "twilio-sip-allow"
        };
        assert_eq!(
            value("bin-dir"),
            format!("twilio-sip-allow-{VERSION}-{system}/{program}")
        );
        assert_eq!(value("pkg-fmt"), if is_windows { "zip" } else { "tgz" });
    }
}

/// The workflows of this repository and of the examples, and the action.
fn workflows() -> Vec<String> {
    let files = [
        "action.yml",
        ".github/workflows/*.yml",
        "examples/github/*.yml",
    ];
    let listed = git(Path::new(ROOT), &[&["ls-files", "--"][..], &files].concat());
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn linters_find_no_fault_in_the_workflows() {
    let Some(python) = python("linters_find_no_fault_in_the_workflows") else {
        return;
    };
    let tool = |name: &str, args: &[&str], files: &[String]| {
        let output = Command::new(python.with_file_name(name))
            .args(args)
            .args(files)
            .current_dir(ROOT)
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&printed)
        );
    };
    let all = workflows();
    assert!(all.len() > 3, "{all:?}");
    let own: Vec<String> = all
        .iter()
        .filter(|file| !file.starts_with("examples/"))
        .cloned()
        .collect();
    let runs: Vec<String> = all
        .iter()
        .filter(|file| *file != "action.yml")
        .cloned()
        .collect();
    tool("actionlint", &["-no-color", "-oneline"], &runs);
    tool(
        "check-jsonschema",
        &["--builtin-schema=vendor.github-workflows"],
        &runs,
    );
    tool(
        "check-jsonschema",
        &["--builtin-schema=vendor.github-actions"],
        &["action.yml".to_owned()],
    );
    tool("zizmor", &["--offline", "--no-progress", "--quiet"], &own);
}

#[test]
fn shellcheck_finds_no_fault_in_the_scripts() {
    if !has("shellcheck", "shellcheck_finds_no_fault_in_the_scripts") {
        return;
    }
    // The other files are samples of users' scripts.
    let files = git(Path::new(ROOT), &["ls-files", "--", ":!tests/scan"]);
    let is_script = |file: &&str| {
        let bytes = fs::read(Path::new(ROOT).join(file)).unwrap_or_default();
        let first = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        first.starts_with(b"#!") && (first.ends_with(b"bash") || first.ends_with(b"sh"))
    };
    let scripts: Vec<&str> = files.lines().filter(is_script).collect();
    assert!(scripts.len() > 15, "{scripts:?}");
    let output = Command::new("shellcheck")
        .args(&scripts)
        .current_dir(ROOT)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, "");
    assert!(output.status.success());
}
