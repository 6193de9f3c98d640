//! The distributed packages: the crate, and the files of a release with their manual page and completions.

use crate::common;
use crate::sources;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use serde_json::Value;

use crate::common::{Tool, has, python};
use sources::{Environment, git, is_long, sources};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const NAME: &str = "twilio-sip-allow";

/// Runs a command that must succeed. Returns stdout and stderr.
fn done(command: &mut Command) -> (String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    (stdout, stderr)
}

// The crate.

#[test]
fn the_crate_contains_all_files_for_its_build_and_tests() {
    if !Path::new(ROOT).join(".git").exists() {
        return common::tell("LEFT OUT: what the crate leaves out: this is the crate");
    }
    let (files, _) = done(
        Command::new(env!("CARGO"))
            .args([
                "package",
                "--list",
                "--locked",
                "--offline",
                "--allow-dirty",
            ])
            .current_dir(ROOT),
    );
    let files: BTreeSet<&str> = files.lines().collect();
    let tracked = git(Path::new(ROOT), &["ls-files"]);
    let left_out = tracked.lines().filter(|file| !files.contains(file));
    let left_out: Vec<&str> = left_out.filter(|file| !file.starts_with("fuzz/")).collect();
    let meant = [
        ".ci/run",
        ".gitattributes",
        ".gitignore",
        "tests/scan/corpus/asterisk/current.conf",
    ];
    assert_eq!(left_out, meant);
}

#[test]
fn the_manifest_has_the_fields_that_crates_io_requires() {
    let (metadata, _) = done(
        Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--no-deps",
                "--offline",
                "--format-version",
                "1",
            ])
            .current_dir(ROOT),
    );
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let package = &metadata["packages"][0];
    let text = |key: &str| package[key].as_str().unwrap();
    assert_eq!(text("license"), "MIT OR Apache-2.0");
    assert!(Path::new(ROOT).join(text("readme")).exists());
    let description = text("description");
    assert!((20..80).contains(&description.len()), "{description}");
    let count = |key: &str| package[key].as_array().unwrap().len();
    assert!((1..=5).contains(&count("keywords")));
    assert!((1..=5).contains(&count("categories")));
}

// Output of the program for packages.

#[test]
fn groff_finds_no_fault_in_the_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.1");
    fs::write(&page, Tool::line("man").run_once()).unwrap();
    the_page_has_no_fault("groff_finds_no_fault_in_the_manual_page", &page);
}

fn the_page_has_no_fault(test: &str, page: &Path) {
    if !has("groff", test) {
        return;
    }
    let (shown, warnings) = done(
        Command::new("groff")
            .args(["-ww", "-man", "-Tutf8", "-P-cbou"])
            .arg(page),
    );
    assert_eq!(warnings, "");
    for wanted in [
        "Generate and check exact firewall rules for Twilio's SIP calls",
        "--local-sip-port <PORT>",
        "TWILIO-SIP-ALLOW CHECK",
        "superseded",
    ] {
        assert!(shown.contains(wanted), "{wanted}");
    }
}

/// A folder such as `/usr/share` with the completion scripts.
fn completions() -> tempfile::TempDir {
    let share = tempfile::tempdir().unwrap();
    for (shell, place) in SHELLS {
        let path = share.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, Tool::line(&format!("completions {shell}")).run_once()).unwrap();
    }
    share
}

/// The places where Debian's shells search for completions.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/twilio-sip-allow"),
    ("fish", "fish/vendor_completions.d/twilio-sip-allow.fish"),
    ("zsh", "zsh/vendor-completions/_twilio-sip-allow"),
];

/// The typed text and its expected completion.
const TYPED: [(&str, &str); 6] = [
    ("--fo", "--format"),
    ("--region to", "tokyo"),
    ("--region tokyo --format nf", "nftables"),
    ("check --region sao", "sao-paulo"),
    ("check --format nf", "nftables"),
    ("sc", "scan"),
];

#[test]
fn shells_complete_options_regions_formats_and_verbs() {
    shells_complete(
        "shells_complete_options_regions_formats_and_verbs",
        completions().path(),
    );
}

fn shells_complete(test: &str, share: &Path) {
    for (shell, complete) in [
        ("bash", bash as fn(&Path, &str) -> String),
        ("fish", fish),
        ("zsh", zsh),
    ] {
        if !has(shell, test) {
            continue;
        }
        for (typed, wanted) in TYPED {
            assert_eq!(complete(share, typed), wanted, "{shell}: {typed}");
        }
    }
}

/// A shell without user settings. The program is in its path, and it only searches one folder for
/// completions.
fn shell(name: &str, share: &Path) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_twilio-sip-allow"));
    let path = format!("{}:{}", program.parent().unwrap().display(), env!("PATH"));
    let mut command = Command::new(name);
    command
        .env("PATH", path)
        .env("HOME", share)
        .env("XDG_DATA_DIRS", share)
        .current_dir(share.join("fish"));
    command
}

/// Uses the loader of Debian's bash-completion.
fn bash(share: &Path, typed: &str) -> String {
    let script = format!(
        "source /usr/share/bash-completion/bash_completion
        _completion_loader {NAME}
        function=$(complete -p {NAME} | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
        COMP_WORDS=({NAME} {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        $function {NAME} \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\" 2>/dev/null
        echo \"${{COMPREPLY[@]}}\""
    );
    let (shown, _) = done(shell("bash", share).args(["--norc", "-c", &script]));
    shown.trim_end().to_owned()
}

fn fish(share: &Path, typed: &str) -> String {
    let script = format!("complete -C'{NAME} {typed}'");
    let (shown, _) = done(shell("fish", share).args(["-c", &script]));
    let words = shown.lines().map(|line| line.split('\t').next().unwrap());
    words.collect::<Vec<_>>().join(" ")
}

/// Sends keys to a terminal: Tab, and then a key that shows the line.
fn zsh(share: &Path, typed: &str) -> String {
    let script = r#"
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell "PS1=; fpath=($1/zsh/{vendor-completions,site-functions} \$fpath); autoload -Uz compinit; compinit -D -u
        show() { print -r -- \"<\$BUFFER>\" }; zle -N show; bindkey '^X' show; print REA''DY"
        zpty -r shell shown '*READY*'
        zpty -w -n shell "$2"$'\t\C-x'
        zpty -r shell shown $'*<*>\r\n'
        print -r -- ${${shown##*<}%%>*}"#;
    let mut command = shell("zsh", share);
    command.args(["-f", "-c", script, "zsh"]);
    let line = format!("{NAME} {typed}");
    let (shown, _) = done(command.arg(share).arg(&line));
    let word = shown.split_whitespace().last().unwrap();
    word.trim_end_matches('=').to_owned()
}

// Complete builds.

/// The crate builds from its own files, and its tests find their files.
#[test]
fn the_crate_builds_and_tests_itself() {
    if !is_long("the_crate_builds_and_tests_itself") {
        return;
    }
    let source = sources();
    let environment = Environment::new();
    let mut cargo = environment.command(env!("CARGO"), source.path());
    let (_, printed) = done(cargo.args(["package", "--locked"]));
    let warnings: Vec<&str> = printed
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .collect();
    assert_eq!(
        warnings,
        ["warning: manifest has no documentation, homepage or repository"]
    );
    let crates = environment.built().join("package");
    let unpacked = crates.join(format!("{NAME}-{}", env!("CARGO_PKG_VERSION")));
    let program = [
        "--test=program",
        "--",
        "outputs::",
        "documents::",
        "scan::",
        "dataset::",
    ];
    for tests in [&["--lib"][..], &program] {
        let mut cargo = environment.command(env!("CARGO"), &unpacked);
        // The crate has no Python environment. All tests run in the repository.
        cargo.env_remove("TESTS_MUST_NOT_SKIP");
        done(cargo.args(["test", "--locked"]).args(tests));
    }
}

/// The system whose files of a release are built here.
const SYSTEM: &str = if cfg!(target_arch = "aarch64") {
    "aarch64-linux"
} else {
    "x86_64-linux"
};

/// Returns the folder with the files of a release for this system, which all tests share.
fn release() -> PathBuf {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        done(&mut packaging("all", &[SYSTEM]));
        done(&mut packaging("container", &[SYSTEM]));
        // The tests may run as root, but other builds do not.
        done(
            Command::new("chown")
                .args(["-R", "--reference=Cargo.toml", "target"])
                .current_dir(ROOT),
        );
    });
    Path::new(ROOT).join("target/packages")
}

/// A script of `packaging/`, with a fixed time and maintainer.
fn packaging(script: &str, args: &[&str]) -> Command {
    let mut command = Command::new(Path::new(ROOT).join("packaging").join(script));
    command
        .args(args)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .env("DEBFULLNAME", "Test")
        .env("DEBEMAIL", "test@example.com");
    command
}

/// The path of a file of the release, which its name follows after `twilio-sip-allow-VERSION`.
fn released(rest: &str) -> PathBuf {
    release().join(format!("{NAME}-{}{rest}", env!("CARGO_PKG_VERSION")))
}

#[test]
fn the_archive_contains_the_documented_files_and_a_program_that_needs_no_others() {
    let test = "the_archive_contains_the_documented_files_and_a_program_that_needs_no_others";
    if !is_long(test) {
        return;
    }
    let archive = released(&format!("-{SYSTEM}.tar.gz"));
    let (listed, _) = done(
        Command::new("tar")
            .args(["--utc", "--numeric-owner", "-tvzf"])
            .arg(&archive),
    );
    let top = format!("{NAME}-{}-{SYSTEM}", env!("CARGO_PKG_VERSION"));
    let wanted = [
        ("drwxr-xr-x", "/"),
        ("-rw-r--r--", "/LICENSE-APACHE"),
        ("-rw-r--r--", "/LICENSE-MIT"),
        ("-rw-r--r--", "/README.md"),
        ("drwxr-xr-x", "/completions/"),
        ("-rw-r--r--", "/completions/bash"),
        ("-rw-r--r--", "/completions/fish"),
        ("-rw-r--r--", "/completions/zsh"),
        ("-rw-r--r--", "/crates-licenses.gz"),
        ("-rwxr-xr-x", "/twilio-sip-allow"),
        ("-rw-r--r--", "/twilio-sip-allow.1"),
    ]
    .map(|(mode, file)| format!("{mode} 0/0 2023-11-14 22:13 {top}{file}"));
    let without_size = |line: &str| {
        let [mode, owner, _, date, time, file] = line.split_whitespace().collect::<Vec<_>>()[..]
        else {
            panic!("{line}");
        };
        format!("{mode} {owner} {date} {time} {file}")
    };
    let listed: Vec<String> = listed.lines().map(without_size).collect();
    assert_eq!(listed, wanted);

    let folder = tempfile::tempdir().unwrap();
    done(
        Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(folder.path()),
    );
    let unpacked = folder.path().join(&top);
    let empty = tempfile::tempdir().unwrap();
    fs::copy(unpacked.join(NAME), empty.path().join(NAME)).unwrap();
    works_alone(empty.path(), "/twilio-sip-allow");
    the_page_has_no_fault(test, &unpacked.join("twilio-sip-allow.1"));
    assert_licenses_are_complete(&gunzip(&unpacked.join("crates-licenses.gz")));
}

/// Runs a program in a root folder with nothing but it: prints rules, and checks them.
fn works_alone(root: &Path, program: &str) {
    let run = |line: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "chroot"]);
        done(command.arg(root).arg(program).args(line.split_whitespace())).0
    };
    let line = "--region tokyo --format nftables";
    let rules = run(&format!("{line} --quiet"));
    assert_eq!(rules, common::render(line));
    fs::write(root.join("rules"), rules).unwrap();
    let report = run(&format!("check {line} --quiet rules"));
    assert!(report.starts_with("in sync: "), "{report}");
    fs::remove_file(root.join("rules")).unwrap();
}

fn gunzip(file: &Path) -> String {
    done(Command::new("gzip").arg("-dc").arg(file)).0
}

#[test]
fn the_debian_package_is_installed_used_and_removed() {
    let test = "the_debian_package_is_installed_used_and_removed";
    if !is_long(test) || !has("dpkg-deb", test) || !has("lintian", test) {
        return;
    }
    let processor = if SYSTEM == "aarch64-linux" {
        "arm64"
    } else {
        "amd64"
    };
    let package = release().join(format!(
        "{NAME}_{}-1_{processor}.deb",
        env!("CARGO_PKG_VERSION")
    ));
    done(
        Command::new("lintian")
            .args(["--allow-root", "--fail-on", "error,warning"])
            // The package is not for Debian's own archive, and the license contains no year.
            .args([
                "--suppress-tags",
                "initial-upload-closes-no-bugs,copyright-without-copyright-notice",
            ])
            .arg(&package),
    );

    let system = tempfile::tempdir().unwrap();
    let dpkg = |args: &[&str]| {
        let mut command = Command::new("dpkg");
        command.arg("--force-not-root");
        command.arg(format!("--root={}", system.path().display()));
        done(command.args(args)).0
    };
    for folder in ["var/lib/dpkg/updates", "var/lib/dpkg/info"] {
        fs::create_dir_all(system.path().join(folder)).unwrap();
    }
    fs::write(system.path().join("var/lib/dpkg/status"), "").unwrap();
    dpkg(&["--install", package.to_str().unwrap()]);
    the_package_works(test, system.path());
    let documents = system.path().join("usr/share/doc").join(NAME);
    let copyright = fs::read_to_string(documents.join("copyright")).unwrap();
    let license = fs::read_to_string(Path::new(ROOT).join("LICENSE-MIT")).unwrap();
    for line in license.lines().skip(3).filter(|line| !line.is_empty()) {
        assert!(copyright.contains(&format!("\n {line}\n")), "{copyright}");
    }
    assert!(copyright.contains("License: Expat or Apache-2.0\n"));
    let files = dpkg(&["--listfiles", NAME]);
    assert!(files.contains("/usr/bin/twilio-sip-allow\n"), "{files}");
    dpkg(&["--remove", NAME]);
    assert_removed(&files, system.path());
}

#[test]
fn the_rpm_package_is_installed_used_and_removed() {
    let test = "the_rpm_package_is_installed_used_and_removed";
    if !is_long(test) || !has("rpm", test) {
        return;
    }
    let package = released(&format!("-1.{}.rpm", std::env::consts::ARCH));
    let system = tempfile::tempdir().unwrap();
    let rpm = |args: &[&str]| {
        let mut command = Command::new("rpm");
        command.arg("--root").arg(system.path());
        done(command.args(args)).0
    };
    rpm(&["--initdb"]);
    rpm(&["--install", package.to_str().unwrap()]);
    the_package_works(test, system.path());
    let query = "%{VERSION} %{LICENSE} %{BUILDTIME} %{BUILDHOST}";
    assert_eq!(
        rpm(&["--query", "--queryformat", query, NAME]),
        format!(
            "{} MIT OR Apache-2.0 1700000000 localhost",
            env!("CARGO_PKG_VERSION")
        )
    );
    let licenses = rpm(&["--query", "--licensefiles", NAME]);
    assert_eq!(
        licenses.lines().last(),
        Some("/usr/share/licenses/twilio-sip-allow/LICENSE-MIT")
    );
    let files = rpm(&["--query", "--list", NAME]);
    rpm(&["--erase", NAME]);
    assert_removed(&files, system.path());
}

/// None of the files with the name of the package is left.
fn assert_removed(files: &str, system: &Path) {
    for file in files.lines().filter(|file| file.contains(NAME)) {
        let left = system.join(file.trim_start_matches('/'));
        assert!(!left.exists(), "{}", left.display());
    }
}

/// The files of an installed package work.
fn the_package_works(test: &str, system: &Path) {
    works_alone(system, "/usr/bin/twilio-sip-allow");
    let share = system.join("usr/share");
    shells_complete(test, &share);
    let unpacked = system.join("page.1");
    fs::write(
        &unpacked,
        gunzip(&share.join("man/man1/twilio-sip-allow.1.gz")),
    )
    .unwrap();
    the_page_has_no_fault(test, &unpacked);
    let documents = share.join("doc").join(NAME);
    assert_licenses_are_complete(&gunzip(&documents.join("crates-licenses.gz")));
    for name in ["README.md", "SECURITY.md", "docs/operations.md"] {
        let document = fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
        assert_eq!(fs::read_to_string(documents.join(name)).unwrap(), document);
    }
}

/// The only layer of the image contains only the program, which runs without anything else.
#[test]
fn the_container_image_contains_only_the_program() {
    let test = "the_container_image_contains_only_the_program";
    if !is_long(test) {
        return;
    }
    let image = tempfile::tempdir().unwrap();
    done(
        Command::new("tar")
            .arg("-xf")
            .arg(released("-container.tar"))
            .arg("-C")
            .arg(image.path()),
    );
    let blob = |entry: &Value| {
        let digest = entry["digest"].as_str().unwrap();
        image.path().join("blobs").join(digest.replace(':', "/"))
    };
    let json = |path: PathBuf| -> Value {
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let index = json(image.path().join("index.json"));
    let variants = json(blob(&index["manifests"][0]));
    assert_eq!(variants["manifests"].as_array().unwrap().len(), 1);
    let manifest = json(blob(&variants["manifests"][0]));
    let settings = json(blob(&manifest["config"]));
    assert_eq!(settings["os"], "linux");
    assert_eq!(settings["created"], "2023-11-14T22:13:20Z");
    assert_eq!(settings["config"]["User"], "65534:65534");
    let program = "/usr/bin/twilio-sip-allow";
    assert_eq!(
        settings["config"]["Entrypoint"],
        serde_json::json!([program])
    );

    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    let layer = blob(&manifest["layers"][0]);
    let (files, _) = done(Command::new("tar").arg("-tzf").arg(&layer));
    let files: Vec<&str> = files.lines().filter(|file| !file.ends_with('/')).collect();
    assert_eq!(files, ["usr/bin/twilio-sip-allow"]);
    let root = tempfile::tempdir().unwrap();
    done(
        Command::new("tar")
            .arg("-xzf")
            .arg(&layer)
            .arg("-C")
            .arg(root.path()),
    );
    works_alone(root.path(), program);
}

/// The list of crates agrees with `cargo tree`, and is valid for the library of the `CycloneDX` project.
#[test]
fn the_bill_of_materials_is_valid_and_lists_the_crates_of_the_program() {
    let test = "the_bill_of_materials_is_valid_and_lists_the_crates_of_the_program";
    let Some(python) = python(test) else { return };
    if !is_long(test) {
        return;
    }
    let path = released(&format!("-{SYSTEM}.cdx.json"));
    let text = fs::read_to_string(&path).unwrap();
    let script = "import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)";
    done(Command::new(python).args(["-c", script]).arg(&path));

    let document: Value = serde_json::from_str(&text).unwrap();
    let components = document["components"].as_array().unwrap();
    let listed = |component: &Value| {
        let text = |key: &str| component[key].as_str().unwrap().to_owned();
        format!("{} {}", text("name"), text("version"))
    };
    let mut listed: BTreeSet<String> = components.iter().map(listed).collect();
    for library in ["std ", "glibc ", "libgcc "] {
        let place = listed
            .iter()
            .find(|name| name.starts_with(library))
            .cloned();
        listed.remove(&place.unwrap_or_else(|| panic!("{library}")));
    }
    let (tree, _) = done(
        Command::new(env!("CARGO"))
            .args(["tree", "--locked", "--offline", "--prefix=none"])
            .args(["--edges=normal,no-proc-macro", "--format={p}"])
            .current_dir(ROOT),
    );
    let crates: BTreeSet<String> = tree
        .lines()
        .filter(|line| !line.starts_with(NAME))
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            format!("{} {}", words[0], words[1].trim_start_matches('v'))
        })
        .collect();
    assert_eq!(listed, crates);

    let program = release().join(format!("{NAME}-{}-{SYSTEM}", env!("CARGO_PKG_VERSION")));
    let (sum, _) = done(Command::new("sha256sum").arg(program.join(NAME)));
    let hash = &document["metadata"]["component"]["hashes"][0]["content"];
    assert_eq!(hash, sum.split(' ').next().unwrap());
}

/// A license for each crate in the program, as in `docs/dependencies.md`, and for the libraries.
fn assert_licenses_are_complete(licenses: &str) {
    let tables = fs::read_to_string(Path::new(ROOT).join("docs/dependencies.md")).unwrap();
    let (_, tables) = tables.split_once("\n## Named in Cargo.toml\n").unwrap();
    let (tables, _) = tables.split_once("\n## At build time only\n").unwrap();
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| "));
    // The packages contain programs for Linux.
    let rows = rows.filter(|row| !row.contains("| only on Windows: "));
    let crates: Vec<&str> = rows
        .map(|row| row.split(' ').next().unwrap())
        .filter(|name| *name != "crate")
        .collect();
    assert!(crates.len() > 40, "{crates:?}");
    let without: Vec<&&str> = crates
        .iter()
        .filter(|name| !licenses.contains(&format!("\n---- {name}-")))
        .collect();
    assert!(without.is_empty(), "{without:?}");
    for library in [
        "Standard Library is dual-licensed",
        "GNU Lesser General Public",
        "GCC RUNTIME LIBRARY EXCEPTION",
    ] {
        assert!(licenses.contains(library), "{library}");
    }
}
