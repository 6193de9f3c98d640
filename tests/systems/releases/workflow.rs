//! The release workflow on a runner: act runs its jobs as GitHub's runner does, here without containers. Scripts replace
//! the build of the program, and the actions that need GitHub.

use super::{VERSION, documented_files, read};
use crate::common::{has, python, skip};
use crate::release_server::write_script;
use crate::sources::{git, is_long, sources};

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_twilio-sip-allow");

/// The number of Debian's user and group without any files.
const NOBODY: u32 = 65534;

/// The replaced actions and their scripts. `$STORE` is the folder of the artifacts.
const ACTIONS: [(&str, &str); 3] = [
    (
        "upload-artifact",
        r#"mkdir "$STORE/$NAME"
        for file in $FILES; do
          [ ! -e "$file" ] || cp "$file" "$STORE/$NAME"
        done"#,
    ),
    (
        "download-artifact",
        r#"mkdir -p "$FILES"
        cp -r "$STORE"/* "$FILES"
        if [ "$MERGE" = true ]; then
          mv "$FILES"/*/* "$FILES"
          rmdir "$FILES"/*/
        fi"#,
    ),
    (
        "attest-build-provenance",
        r#"cp "$SUMS" "$STORE"
        cd "$(dirname "$SUMS")"
        sha256sum --strict --quiet --check "${SUMS##*/}""#,
    ),
];

/// A runner, the sources of a release with its tag, and the artifacts of the jobs.
struct Runner {
    act: PathBuf,
    sources: tempfile::TempDir,
    home: tempfile::TempDir,
}

impl Runner {
    fn new(act: PathBuf) -> Runner {
        let runner = Runner {
            act,
            sources: sources(),
            home: tempfile::tempdir().unwrap(),
        };
        let changelog = runner.sources.path().join("CHANGELOG.md");
        let text = fs::read_to_string(&changelog).unwrap();
        let (before, after) = text.split_once(&format!("\n## {VERSION} - ")).unwrap();
        let (_, after) = after.split_once('\n').unwrap();
        let dated = format!("{before}\n## {VERSION} - 2026-12-02\n{after}");
        fs::write(changelog, dated).unwrap();
        git(
            runner.sources.path(),
            &["commit", "--quiet", "--all", "--message", "Release"],
        );
        git(runner.sources.path(), &["tag", &format!("v{VERSION}")]);
        runner.add_programs();
        runner.add_actions();
        for system in [
            "aarch64-linux",
            "x86_64-macos",
            "aarch64-macos",
            "x86_64-windows",
        ] {
            runner.add_artifacts(system);
        }
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// A program that is built fast and is small, a cargo that builds it, and the programs that need a network.
    fn add_programs(&self) {
        let program = format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n");
        write_script(&self.path("program"), &program);
        let cargo = format!(
            r#"#!/bin/sh
case $1 in
    build)
        for target in "$@"; do :; done
        mkdir -p "target/$target/dist"
        cp '{program}' "target/$target/dist/twilio-sip-allow" ;;
    run)
        while [ "$1" != -- ]; do shift; done
        shift
        exec '{program}' "$@" ;;
    *) exec '{cargo}' "$@" --offline ;;
esac
"#,
            program = self.path("program").display(),
            cargo = env!("CARGO"),
        );
        write_script(&self.path("bin/cargo"), &cargo);
        for name in ["rustup", "sudo"] {
            let script = format!("#!/bin/sh\necho \"{name} $*\"\n");
            write_script(&self.path(&format!("bin/{name}")), &script);
        }
        write_script(
            &self.path("bin/gh"),
            "#!/bin/sh\n[ \"$1\" = release ] || exit 1\nprintf '%s\\n' \"$@\" \"$GH_REPO\" >\"$STORE/gh\"\ncat >\"$STORE/notes\"\n",
        );
    }

    fn add_actions(&self) {
        for (name, script) in ACTIONS {
            let action = format!(
                "name: {name}
description: Replaces the action
inputs: {{name: {{}}, path: {{}}, merge-multiple: {{}}, subject-checksums: {{}}}}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        NAME: ${{{{ inputs.name }}}}
        FILES: ${{{{ inputs.path }}}}
        MERGE: ${{{{ inputs.merge-multiple }}}}
        SUMS: ${{{{ inputs.subject-checksums }}}}
      run: |
        {script}
"
            );
            fs::write(self.path(&format!("{name}/action.yml")), action).unwrap();
        }
    }

    /// The files of a system whose job does not run here. Those for Linux contain the program of this machine.
    fn add_artifacts(&self, system: &str) {
        let of_system = |name: &String| {
            let is_package = name.ends_with("arm64.deb") || name.ends_with("aarch64.rpm");
            name.contains(system) || is_package && system == "aarch64-linux"
        };
        for name in documented_files().iter().filter(|name| of_system(name)) {
            let file = self.path(&format!("store/{system}/{name}"));
            match name.strip_suffix("-linux.tar.gz") {
                Some(_) => self.pack(&file),
                None => fs::write(file, format!("contents of {name}\n")).unwrap(),
            }
        }
    }

    /// Makes an archive for Linux with a program in its folder.
    fn pack(&self, archive: &Path) {
        let folder = archive.with_extension("").with_extension("");
        fs::create_dir(&folder).unwrap();
        fs::copy(self.path("program"), folder.join("twilio-sip-allow")).unwrap();
        let mut tar = Command::new("tar");
        tar.arg("-czf")
            .arg(archive)
            .arg(folder.file_name().unwrap());
        let done = tar.current_dir(folder.parent().unwrap()).status().unwrap();
        assert!(done.success());
        fs::remove_dir_all(folder).unwrap();
    }

    /// Runs the last job of the workflow and the jobs before it. Returns the status and the log.
    fn run(&self) -> (Option<i32>, String) {
        let rust = Path::new(env!("CARGO")).parent().unwrap();
        let path = [&self.path("bin"), rust].map(|folder| folder.display().to_string());
        let mut command = Command::new(&self.act);
        command
            .args(["push", "--workflows", ".github/workflows/release.yml"])
            .args(["--platform", "ubuntu-24.04=-self-hosted"])
            .args(["--matrix", "system:x86_64-linux", "--job", "draft"])
            .arg("--eventpath")
            .arg(self.path("event.json"))
            .args(self.variables())
            .args(self.replaced_actions())
            .current_dir(self.sources.path())
            .env("HOME", self.home.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("PATH", format!("{}:{}", path.join(":"), env!("PATH")));
        let event = format!(r#"{{"ref": "refs/tags/v{VERSION}"}}"#);
        fs::write(self.path("event.json"), event).unwrap();
        let output = command.stdin(Stdio::null()).output().unwrap();
        let log = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&log).into_owned(),
        )
    }

    fn variables(&self) -> Vec<String> {
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
        let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
        [
            format!("STORE={}", self.path("store").display()),
            format!("CARGO_HOME={}", cargo_home.unwrap().display()),
            "GITHUB_REPOSITORY=Owner/sip".to_owned(),
            "GITHUB_REPOSITORY_OWNER=Owner".to_owned(),
        ]
        .into_iter()
        .flat_map(|variable| ["--env".to_owned(), variable])
        .collect()
    }

    /// The actions of the workflow in `ACTIONS`, each with its folder.
    fn replaced_actions(&self) -> Vec<String> {
        let workflow = read(".github/workflows/release.yml");
        let used = workflow.lines().filter_map(|line| {
            let action = line.trim().strip_prefix("- uses: actions/")?;
            Some(action.split(' ').next().unwrap_or_default())
        });
        let replaced: BTreeSet<String> = used
            .filter_map(|action| {
                let name = action.split('@').next()?;
                let is_replaced = ACTIONS.iter().any(|(replaced, _)| *replaced == name);
                is_replaced.then(|| format!("actions/{action}={}", self.path(name).display()))
            })
            .collect();
        assert_eq!(replaced.len(), ACTIONS.len());
        replaced
            .into_iter()
            .flat_map(|action| ["--local-repository".to_owned(), action])
            .collect()
    }
}

#[test]
fn the_jobs_make_a_draft_with_every_file_from_a_tag() {
    let test = "the_jobs_make_a_draft_with_every_file_from_a_tag";
    let Some(python) = python(test) else { return };
    if !is_long(test) || !has("buildah", test) || !has("rpmbuild", test) {
        return;
    }
    let runner = Runner::new(python.with_file_name("act"));
    let (status, log) = runner.run();
    assert_eq!(status, Some(0), "{log}");

    let store = runner.path("store");
    let sums = fs::read_to_string(store.join("SHA256SUMS")).unwrap();
    let attested: BTreeSet<String> = sums.lines().map(|line| line[66..].to_owned()).collect();
    let mut documented = documented_files();
    documented.remove("SHA256SUMS");
    assert_eq!(attested, documented);

    let notes = fs::read_to_string(store.join("notes")).unwrap();
    assert!(notes.len() > 1000, "{notes}");
    let arguments = fs::read_to_string(store.join("gh")).unwrap();
    let arguments: Vec<&str> = arguments.lines().collect();
    let tag = format!("v{VERSION}");
    assert_eq!(arguments[..4], ["release", "create", &tag, "--draft"]);
    let start = arguments.iter().position(|text| *text == "--").unwrap();
    let [files @ .., repository] = &arguments[start + 1..] else {
        panic!("{arguments:?}");
    };
    assert_eq!(*repository, "Owner/sip");
    let files: BTreeSet<String> = files.iter().map(|&file| file.to_owned()).collect();
    assert_eq!(files, documented_files());
}

/// The user of a runner is not root.
#[test]
fn a_user_without_privileges_makes_the_image() {
    let test = "a_user_without_privileges_makes_the_image";
    let Some(python) = python(test) else { return };
    if !is_long(test) || !has("buildah", test) {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return skip(test, "root is needed to become another user");
    }
    let runner = Runner::new(python.with_file_name("act"));
    let packages = runner.sources.path().join("target/packages");
    fs::create_dir_all(&packages).unwrap();
    for system in ["x86_64-linux", "aarch64-linux"] {
        let name = format!("twilio-sip-allow-{VERSION}-{system}.tar.gz");
        runner.pack(&packages.join(name));
    }
    let mut chown = Command::new("chown");
    chown.args(["-R", &NOBODY.to_string()]);
    let done = chown.arg(runner.sources.path()).arg(runner.home.path());
    assert!(done.status().unwrap().success());

    let output = Command::new("packaging/container")
        .args(["x86_64-linux", "aarch64-linux"])
        .current_dir(runner.sources.path())
        .env("HOME", runner.home.path())
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .env("TMPDIR", runner.home.path())
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let image = packages.join(format!("twilio-sip-allow-{VERSION}-container.tar"));
    assert!(image.exists(), "{stderr}");
}
