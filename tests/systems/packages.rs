//! The distributed packages: the crate, the Debian package, its manual page and its completions.

use crate::common;
use crate::sources;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Tool, has};
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
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
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
        zpty -w shell "PS1=; fpath=($1/zsh/vendor-completions \$fpath); autoload -Uz compinit; compinit -D -u
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

#[test]
fn the_debian_package_is_installed_used_and_removed() {
    let test = "the_debian_package_is_installed_used_and_removed";
    if !is_long(test) || !has("cargo-deb", test) || !has("lintian", test) {
        return;
    }
    let source = sources();
    let environment = Environment::new();
    let package = source.path().join("package.deb");
    done(
        environment
            .command("packaging/deb", source.path())
            .env("DEBFULLNAME", "Test")
            .env("DEBEMAIL", "test@example.com")
            .arg("--output")
            .arg(&package),
    );
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
        // The system with only this package lacks its dependency, the C library.
        command.args(["--force-depends", "--force-not-root"]);
        command.arg(format!("--root={}", system.path().display()));
        done(command.args(args)).0
    };
    for folder in ["var/lib/dpkg/updates", "var/lib/dpkg/info"] {
        fs::create_dir_all(system.path().join(folder)).unwrap();
    }
    fs::write(system.path().join("var/lib/dpkg/status"), "").unwrap();
    dpkg(&["--install", package.to_str().unwrap()]);
    the_package_works(test, system.path());
    let files = dpkg(&["--listfiles", NAME]);
    assert!(files.contains("/usr/bin/twilio-sip-allow\n"), "{files}");
    dpkg(&["--remove", NAME]);
    for file in files.lines().filter(|file| file.contains(NAME)) {
        let left = system.path().join(file.trim_start_matches('/'));
        assert!(!left.exists(), "{}", left.display());
    }
}

/// The files below a folder.
fn the_package_works(test: &str, system: &Path) {
    let program = system.join("usr/bin").join(NAME);
    let mut command = Command::new(program);
    let line = "--region tokyo --format nftables --quiet";
    let (rules, _) = done(command.args(line.split_whitespace()));
    assert_eq!(rules, common::render("--region tokyo --format nftables"));

    let share = system.join("usr/share");
    shells_complete(test, &share);
    let page = share.join("man/man1/twilio-sip-allow.1.gz");
    let (text, _) = done(Command::new("gzip").arg("-dc").arg(page));
    let unpacked = system.join("page.1");
    fs::write(&unpacked, text).unwrap();
    the_page_has_no_fault(test, &unpacked);

    let documents = share.join("doc").join(NAME);
    let copyright = fs::read_to_string(documents.join("copyright")).unwrap();
    let license = fs::read_to_string(Path::new(ROOT).join("LICENSE-MIT")).unwrap();
    for line in license.lines().skip(3).filter(|line| !line.is_empty()) {
        assert!(copyright.contains(&format!("\n {line}\n")), "{copyright}");
    }
    assert!(copyright.contains("License: Expat or Apache-2.0\n"));
    let (licenses, _) = done(
        Command::new("gzip")
            .arg("-dc")
            .arg(documents.join("crates-licenses.gz")),
    );
    assert_licenses_are_complete(&licenses);
}

/// A license for each crate in the program, as in `docs/dependencies.md`.
fn assert_licenses_are_complete(licenses: &str) {
    let tables = fs::read_to_string(Path::new(ROOT).join("docs/dependencies.md")).unwrap();
    let (_, tables) = tables.split_once("\n## Named in Cargo.toml\n").unwrap();
    let (tables, _) = tables.split_once("\n## At build time only\n").unwrap();
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| "));
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
}
