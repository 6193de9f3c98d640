//! The system calls of the program, and its dependencies.

use crate::common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Tool, render};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_twilio-sip-allow");

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

// System calls.

/// Calls that change nothing outside the process and start no program.
const HARMLESS: &[&str] = &[
    "access",
    "arch_prctl",
    "brk",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fcntl",
    "fstat",
    "futex",
    "getcwd",
    "getdents64",
    "getpid",
    "getrandom",
    "gettid",
    "lseek",
    "lstat",
    "madvise",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "poll",
    "ppoll",
    "pread64",
    "prlimit64",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "stat",
    "statx",
];

/// Calls that change the file of a descriptor.
const WRITING: &[&str] = &["fchmod", "fchown", "fsync", "write", "writev"];

/// Calls that change the files in their arguments.
const NAMING: &[&str] = &[
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "chown",
    "fchownat",
];

/// Files that the dynamic loader and the standard library read.
const SYSTEM: &[&str] = &[
    "/etc/ld.so.",
    "/lib",
    "/usr/lib",
    "/proc/self/",
    "/proc/sys/vm/overcommit_memory",
    "/sys/fs/cgroup/",
];

/// The files that a call may change in addition to stdout and stderr.
#[derive(Clone, Copy, PartialEq)]
enum May {
    Nothing,
    /// Replace the file `rules`, using a temporary file in the same folder.
    Output,
    /// Store a report in an unnamed file in the folder `spool`.
    Spool,
    /// Start a second process of the program and communicate with it through pipes.
    Itself,
}

/// Calls for starting a second process.
const STARTING: &[&str] = &[
    "clone",
    "clone3",
    "dup2",
    "dup3",
    "pipe2",
    "setrlimit",
    "vfork",
    "wait4",
];

/// A line of strace output, with a call, its arguments and its result.
struct Call<'t> {
    name: &'t str,
    arguments: &'t str,
    result: &'t str,
}

impl Call<'_> {
    fn of(line: &str) -> Option<Call<'_>> {
        let (name, rest) = line.split_once('(')?;
        let at = rest.rfind(" = ")?;
        let arguments = rest[..at].trim_end().strip_suffix(')')?;
        let result = &rest[at + " = ".len()..];
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let whole = name.bytes().all(is_name) && !result.is_empty();
        whole.then_some(Call {
            name,
            arguments,
            result,
        })
    }

    /// The quoted texts.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.arguments.split('"').skip(1).step_by(2)
    }

    /// The descriptor in the first argument and its file, as `-y` prints them.
    fn file(&self) -> Option<(u32, &str)> {
        let first = self.arguments.split(", ").next()?;
        let first = first.strip_suffix("(deleted)").unwrap_or(first);
        let (descriptor, file) = first.strip_suffix('>')?.split_once('<')?;
        Some((descriptor.parse().ok()?, file))
    }
}

/// Checks the calls of a process in its folder.
struct Judge<'a> {
    folder: &'a Path,
    may: May,
}

impl Judge<'_> {
    /// The lines of one thread with calls that are not allowed.
    fn faults(&self, trace: &str, is_first: bool) -> Vec<String> {
        let mut lines = trace.lines();
        if is_first {
            let first = lines.next().and_then(Call::of);
            assert!(
                first.is_some_and(|call| call.name == "execve" && call.result == "0"),
                "{trace}"
            );
        }
        let bad = lines.filter(|line| !self.allows(line));
        bad.map(str::to_owned).collect()
    }

    fn allows(&self, line: &str) -> bool {
        if line.starts_with("--- SIGCHLD ") {
            return self.may == May::Itself;
        }
        if let Some(end) = line.strip_prefix("+++ exited with ") {
            return end.ends_with(" +++");
        }
        let Some(call) = Call::of(line) else {
            return false;
        };
        match call.name {
            name if HARMLESS.contains(&name) => true,
            "execve" => {
                self.may == May::Itself && call.arguments.starts_with(r#""/proc/self/exe", "#)
            }
            name if STARTING.contains(&name) && self.may == May::Itself => true,
            "open" | "openat" => self.allows_open(&call),
            "clone" | "clone3" => call.arguments.contains("|CLONE_THREAD|"),
            "ioctl" => {
                call.arguments.contains(", TCGETS, ") || call.arguments.contains(", TIOCGWINSZ, ")
            }
            name if WRITING.contains(&name) => call.file().is_some_and(|(fd, file)| {
                fd == 1 || fd == 2 || self.is_new(file) || self.is_own_pipe(file)
            }),
            name if NAMING.contains(&name) => call
                .names()
                .all(|name| self.is_new(name) || self.is_output(name)),
            _ => false,
        }
    }

    fn allows_open(&self, call: &Call) -> bool {
        let name = call.names().next().unwrap_or_default();
        let flags = &call.arguments[call.arguments.rfind('"').map_or(0, |at| at + 1)..];
        let has = |flag: &str| flags.contains(flag);
        if has("O_TMPFILE") {
            return self.may == May::Spool && self.path(name) == self.folder.join("spool");
        }
        if has("O_CREAT") {
            return has("O_EXCL") && self.is_new(name);
        }
        if name == "/dev/null" && self.may == May::Itself {
            return true;
        }
        if has("O_WRONLY") || has("O_RDWR") {
            // The program tests if the file is writable, without writing.
            return self.is_output(name) && !has("O_TRUNC");
        }
        let is_system = SYSTEM.iter().any(|start| name.starts_with(start));
        let is_ignore_file = name.ends_with("/.gitignore") || name.ends_with("/.git/info/exclude");
        has("O_RDONLY") && (is_system || is_ignore_file || self.path(name).starts_with(self.folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).components().collect()
    }

    fn is_output(&self, name: &str) -> bool {
        self.may == May::Output && self.path(name) == self.folder.join("rules")
    }

    fn is_own_pipe(&self, name: &str) -> bool {
        self.may == May::Itself && name.starts_with("pipe:[")
    }

    /// A file that the program has created and that no other program knows yet.
    fn is_new(&self, name: &str) -> bool {
        let path = self.path(name);
        let Ok(own) = path.strip_prefix(self.folder) else {
            return false;
        };
        let own = own.to_str().unwrap_or_default();
        match self.may {
            May::Nothing | May::Itself => false,
            May::Output => own.starts_with(".twilio-sip-allow-") && !own.contains('/'),
            May::Spool => own.starts_with("spool/#"),
        }
    }
}

/// Runs a program in a folder. Returns its status and the forbidden calls of its threads and children.
fn traced(folder: &Path, may: May, program: &[&str]) -> (i32, Vec<String>) {
    let traces = tempfile::tempdir().unwrap();
    let prefix = traces.path().join("trace");
    let output = Command::new("strace")
        .args(["-ff", "-qq", "-y", "-s", "0", "-o"])
        .arg(&prefix)
        .args(program)
        .current_dir(folder)
        .env("TMPDIR", folder.join("spool"))
        // With this variable of cargo, the loader would search cargo's folders for libraries.
        .env_remove("LD_LIBRARY_PATH")
        .stdin(fs::File::open(folder.join("stdin")).unwrap())
        .output()
        .unwrap();
    let mut threads: Vec<(u32, String)> = fs::read_dir(traces.path())
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let number = path.extension().unwrap().to_str().unwrap();
            // File names can contain anything.
            let trace = fs::read(&path).unwrap();
            (number.parse().unwrap(), String::from_utf8(trace).unwrap())
        })
        .collect();
    threads.sort_unstable();
    assert!(!threads.is_empty(), "{output:?}");
    let folder = folder.canonicalize().unwrap();
    let judge = Judge {
        folder: &folder,
        may,
    };
    let first = threads
        .iter()
        .position(|(_, trace)| trace.starts_with("execve("))
        .expect("strace should report the start of the program");
    let faults = threads.iter().enumerate();
    let faults = faults.flat_map(|(at, (_, trace))| judge.faults(trace, at == first));
    (output.status.code().unwrap_or(-1), faults.collect())
}

/// A folder with all files of the calls below.
fn workplace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    let unit = render("-f iptables");
    write("much", common::with_much_drift().as_bytes());
    write("unit", unit.as_bytes());
    write("rules", b"old\n");
    write("listing", common::OPEN_LISTING.as_bytes());
    write("own.yaml", Tool::line("dataset show").run_once().as_bytes());
    write("own.j2", b"rules\n");
    write(
        "checks.yaml",
        b"checks: [{name: a, format: iptables, files: unit}]",
    );
    write(
        "bundle.yaml",
        Tool::line("dataset bundle").run_once().as_bytes(),
    );
    sign(&folder.path().join("bundle.yaml"));
    write("stdin", b"54.65.63.193\n");
    write(
        "page",
        read("tests/pages/whole/global.official-en.md").as_bytes(),
    );
    write(".gitignore", b"hidden\n");
    for name in ["spool", "tree", "tree/below"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for name in ["tree/a", "tree/b", "tree/below/c", "tree/hidden"] {
        write(name, unit.as_bytes());
    }
    folder
}

/// Signs a file with a new key, if minisign is there.
fn sign(file: &Path) {
    let script = "! command -v minisign || { minisign -G -W -p \"$1.pub\" -s \"$1.key\" && minisign -S -s \"$1.key\" -m \"$1\"; }";
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

const CALLS: [(&str, i32, May); 32] = [
    ("-f iptables", 0, May::Nothing),
    ("render -f iptables", 0, May::Nothing),
    ("check --config checks.yaml", 0, May::Nothing),
    ("-f nftables --dataset own.yaml", 0, May::Nothing),
    ("--template own.j2", 0, May::Itself),
    ("-f pf --output rules", 0, May::Output),
    ("-f pf --output .twilio-sip-allow-new", 0, May::Output),
    ("-f bogus --output rules", 2, May::Nothing),
    ("check -f iptables unit", 0, May::Nothing),
    (
        "check -f iptables unit unit unit unit unit unit",
        0,
        May::Nothing,
    ),
    (
        "check -f iptables --edition current --print-repair unit",
        1,
        May::Nothing,
    ),
    (
        "check -f iptables --region tokyo --report json much",
        1,
        May::Spool,
    ),
    ("check -f iptables rules", 2, May::Nothing),
    ("explain 54.65.63.193:5061/tls 192.0.2.1", 0, May::Nothing),
    ("explain --json -", 0, May::Nothing),
    ("verify listing listing", 1, May::Nothing),
    ("verify --report html listing", 1, May::Nothing),
    ("scan unit", 1, May::Nothing),
    ("scan --report sarif tree", 1, May::Nothing),
    ("scan .", 1, May::Nothing),
    ("dataset show", 0, May::Nothing),
    ("dataset diff --edition current page", 0, May::Nothing),
    ("dataset bundle", 0, May::Nothing),
    (
        "dataset verify --data-key bundle.yaml.pub bundle.yaml",
        0,
        May::Nothing,
    ),
    (
        "-f pf --data bundle.yaml --data-key bundle.yaml.pub",
        0,
        May::Nothing,
    ),
    ("dataset import --name own page", 0, May::Nothing),
    ("list regions", 0, May::Nothing),
    ("list editions --json", 0, May::Nothing),
    ("man", 0, May::Nothing),
    ("completions bash", 0, May::Nothing),
    ("--help", 0, May::Nothing),
    ("--version", 0, May::Nothing),
];

#[test]
fn no_verb_uses_the_network_starts_programs_or_writes_other_files() {
    let test = "no_verb_uses_the_network_starts_programs_or_writes_other_files";
    if !common::has("strace", test) || !common::has("minisign", test) {
        return;
    }
    for (line, status, may) in CALLS {
        let folder = workplace();
        let program: Vec<&str> = [PROGRAM].into_iter().chain(line.split(' ')).collect();
        let (found, faults) = traced(folder.path(), may, &program);
        assert_eq!(found, status, "{line}");
        assert!(faults.is_empty(), "{line}:\n{}", faults.join("\n"));
    }
    // The calls include every verb.
    let help = Tool::line("--help").run_once();
    let commands = help.split("Commands:\n").nth(1).expect("commands");
    let verbs = commands.lines().take_while(|line| line.starts_with("  "));
    let verbs: BTreeSet<&str> = verbs
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(verbs.len() >= 7, "{verbs:?}");
    for verb in verbs {
        assert!(
            CALLS
                .iter()
                .any(|(line, ..)| line.split(' ').next() == Some(verb)),
            "{verb}"
        );
    }
}

/// The check finds the calls of other programs, and calls that are only allowed to other verbs.
#[test]
fn the_test_finds_network_access_started_programs_and_written_files() {
    if !common::has(
        "strace",
        "the_test_finds_network_access_started_programs_and_written_files",
    ) {
        return;
    }
    let shell = |script: &'static str| vec!["bash", "-c", script];
    let own = |line: &'static str| [PROGRAM].into_iter().chain(line.split(' ')).collect();
    for (program, may, wanted) in [
        (
            shell("exec 3<>/dev/tcp/127.0.0.1/9"),
            May::Output,
            "socket(",
        ),
        (
            shell("exec 3<>/dev/udp/127.0.0.1/9"),
            May::Output,
            "connect(",
        ),
        (shell("exec true"), May::Output, "execve("),
        (shell("exec true"), May::Itself, "execve("),
        (own("--template own.j2"), May::Nothing, "execve("),
        (own("-f pf --output rules"), May::Itself, "O_CREAT"),
        (shell("true | true"), May::Output, "clone("),
        (shell("sleep 9 & kill $!"), May::Output, "kill("),
        (
            shell(": > made"),
            May::Output,
            "made\", O_WRONLY|O_CREAT|O_TRUNC",
        ),
        (
            shell(": > rules"),
            May::Output,
            "rules\", O_WRONLY|O_CREAT|O_TRUNC",
        ),
        (
            shell(": >> rules"),
            May::Output,
            "rules\", O_WRONLY|O_CREAT|O_APPEND",
        ),
        (
            shell("read line < /etc/passwd"),
            May::Output,
            "\"/etc/passwd\", O_RDONLY",
        ),
        (vec!["rm", "rules"], May::Nothing, "unlink"),
        (vec!["rm", "unit"], May::Output, "unlink"),
        (vec!["mv", "unit", "rules"], May::Output, "rename"),
        (vec!["chmod", "600", "rules"], May::Output, "fchmodat("),
        (vec!["mkdir", "made"], May::Output, "mkdir("),
        (vec!["ln", "-s", "rules", "made"], May::Output, "symlinkat("),
        (
            vec!["truncate", "-s", "0", "rules"],
            May::Output,
            "ftruncate(",
        ),
        (
            own("-f pf --output rules"),
            May::Nothing,
            ".twilio-sip-allow-",
        ),
        (own("-f pf --output rules"), May::Nothing, "rename"),
        (own("-f pf --output unit"), May::Output, "unit\", O_WRONLY"),
        (
            own("check -f iptables --region tokyo --report json much"),
            May::Nothing,
            "O_TMPFILE",
        ),
        (
            own("check -f iptables --region tokyo --report json much"),
            May::Output,
            "write(",
        ),
    ] {
        let folder = workplace();
        let (_, faults) = traced(folder.path(), may, &program);
        let found = faults.iter().any(|fault| fault.contains(wanted));
        assert!(found, "{program:?}: no {wanted} in\n{}", faults.join("\n"));
    }
    let folder = Path::new("/folder");
    let judge = Judge {
        folder,
        may: May::Nothing,
    };
    for odd in [
        "",
        "read(3",
        "read(3, \"\", 1) = ",
        "<... read resumed>\"\", 1) = 0",
        "+++ killed by SIGKILL +++",
        "--- SIGSEGV {si_signo=SIGSEGV} ---",
        "clone3({flags=CLONE_VM|CLONE_VFORK}, 88) = 7",
    ] {
        assert!(!judge.allows(odd), "{odd}");
    }
    assert!(judge.allows("read(3, \"\", 1) = 0"));
}

// Code.

/// The root files of everything that a user runs, including the build script.
#[test]
fn unsafe_code_is_forbidden() {
    // In main.rs, a macro of `ctor` allows unsafe code in the code that it generates.
    let main = read("src/main.rs");
    assert!(main.contains("#![deny(unsafe_code)]"));
    assert_eq!(main.matches("allow(").count(), 0);
    assert_eq!(main.matches("unsafe").count(), 3, "{main}");
    for root in ["src/lib.rs", "build.rs"] {
        let source = read(root);
        let attribute = source.lines().find(|line| line.starts_with("#!["));
        assert_eq!(attribute, Some("#![forbid(unsafe_code)]"), "{root}");
        // No module can override it, because the compiler rejects that.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lib.rs");
        let code =
            "#[allow(unsafe_code)] pub fn f() { unsafe { std::hint::unreachable_unchecked() } }";
        fs::write(&path, format!("{}\n{code}\n", attribute.unwrap())).unwrap();
        let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
        let output = Command::new(rustc)
            .args([
                "--crate-type",
                "lib",
                "--emit",
                "metadata",
                "--out-dir",
                ".",
            ])
            .arg(&path)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let stderr = text(&output.stderr);
        assert!(
            !output.status.success() && stderr.contains("E0453"),
            "{stderr}"
        );
    }
}

// Crates.

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// Crates by name, with their license and the crates that depend on them.
type Crates = BTreeMap<String, (String, BTreeSet<String>)>;

/// The output of `cargo tree`, optionally without macro crates and their dependencies.
fn tree(edges: &str, target: &str, with_macros: bool) -> Crates {
    let mut crates = Crates::new();
    let mut path: Vec<String> = Vec::new();
    let mut left_out = usize::MAX;
    let format = [
        "tree",
        "--edges",
        edges,
        "--target",
        target,
        "--no-dedupe",
        "--prefix",
        "depth",
        "--format",
        "|{p}|{l}",
    ];
    for line in cargo(&format).lines().filter(|line| line.contains('|')) {
        let [depth, package, license] = line.split('|').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let depth: usize = depth.parse().unwrap();
        if depth > left_out {
            continue;
        }
        left_out = usize::MAX;
        if package.ends_with("(proc-macro)") && !with_macros {
            left_out = depth;
            continue;
        }
        let name = package.split(' ').next().unwrap().to_owned();
        path.truncate(depth);
        if let Some(parent) = path.last() {
            let entry = crates.entry(name.clone());
            let (known, parents) = entry.or_insert_with(|| (license.to_owned(), BTreeSet::new()));
            assert_eq!(known, license, "{name}");
            parents.insert(parent.clone());
        }
        path.push(name);
    }
    crates
}

/// The rows of the table under a heading of `docs/dependencies.md`, by their first cells.
fn table(heading: &str) -> BTreeMap<String, Vec<String>> {
    let text = read("docs/dependencies.md");
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with(heading));
    let rows = section
        .expect(heading)
        .lines()
        .filter(|line| line.starts_with('|'));
    let mut table = BTreeMap::new();
    for row in rows.skip(2) {
        let cells = row.trim_matches('|').split('|');
        let mut cells = cells.map(|cell| cell.trim().to_owned());
        let name = cells.next().unwrap();
        let cells: Vec<String> = cells.collect();
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
        assert!(
            table.insert(name, cells).is_none(),
            "{row} is in the table twice"
        );
    }
    table
}

/// The expected rows, without the column that people write.
fn rows(crates: &Crates) -> BTreeMap<String, Vec<String>> {
    let row = |(license, parents): &(String, BTreeSet<String>)| {
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        vec![parents.join(", "), license.clone()]
    };
    let rows = crates.iter();
    rows.map(|(name, facts)| (name.clone(), row(facts)))
        .collect()
}

#[test]
fn every_dependency_is_documented() {
    let linux = "x86_64-unknown-linux-gnu";
    let mut program = tree("normal", linux, false);
    let mut built = tree("normal,build", linux, true);
    let mut elsewhere = tree("normal,build", "all", true);
    elsewhere.retain(|name, _| !built.contains_key(name));
    built.retain(|name, _| !program.contains_key(name));

    let package: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let mut direct = BTreeMap::new();
    for dependency in package["packages"][0]["dependencies"].as_array().unwrap() {
        let name = dependency["name"].as_str().unwrap();
        let requirement = dependency["req"].as_str().unwrap().trim_start_matches('^');
        let features = dependency["features"].as_array().unwrap();
        let mut features: Vec<&str> = features.iter().map(|f| f.as_str().unwrap()).collect();
        features.sort_unstable();
        let features = match (&features[..], dependency["uses_default_features"] == true) {
            ([], true) => "default".to_owned(),
            ([], false) => "none".to_owned(),
            _ => features.join(", "),
        };
        if dependency["kind"].is_null() {
            let known = program.remove(name).or_else(|| elsewhere.remove(name));
            let (license, _) = known.expect(name);
            direct.insert(
                name.to_owned(),
                vec![requirement.to_owned(), features, license],
            );
        } else {
            // The program also depends on the crates of the build script.
            assert_eq!(dependency["kind"], "build");
            assert!(
                table("Named in Cargo.toml")[name][3].contains("build script"),
                "{name}"
            );
        }
    }
    for (heading, wanted) in [
        ("Named in Cargo.toml", direct),
        ("Also in the program", rows(&program)),
        ("At build time only", rows(&built)),
        ("On other systems only", rows(&elsewhere)),
    ] {
        let mut written = table(heading);
        for cells in written.values_mut() {
            let people = if heading.starts_with("Named") { 2 } else { 1 };
            cells.truncate(cells.len() - people);
        }
        assert_eq!(written, wanted, "{heading}");
        assert!(!wanted.is_empty());
    }
    let locked = read("Cargo.lock");
    let headings = ["Named", "Also in the program", "At build", "On other"];
    let explained: usize = headings.iter().map(|heading| table(heading).len()).sum();
    assert_eq!(explained, locked.matches("\nname = ").count() - 1);
}

/// Runs the `cargo-deny` that `tests/run` installs with a configuration. Returns its message if it
/// fails.
fn denied(cargo_deny: &Path, configuration: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deny.toml");
    fs::write(&file, configuration).unwrap();
    let output = Command::new(cargo_deny)
        .args(["--locked", "--offline", "--config"])
        .arg(&file)
        .args(["check", "licenses", "bans", "sources"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
    let judged =
        printed.contains("bans ") && printed.contains("licenses ") && printed.contains("sources ");
    assert!(judged, "{printed}");
    (!output.status.success()).then_some(printed)
}

#[test]
fn licenses_duplicates_and_sources_are_allowed() {
    let test = "licenses_duplicates_and_sources_are_allowed";
    let Some(python) = common::python(test) else {
        return;
    };
    let cargo_deny = python.with_file_name("cargo-deny");
    let rules = read("deny.toml");
    assert_eq!(denied(&cargo_deny, &rules), None);
    // Each part of the configuration can cause a failure.
    for (rule, stricter, wanted) in [
        (", \"Zlib\"", "", "foldhash"),
        ("deny = []", "deny = [{ crate = \"log\" }]", "log"),
        (
            "https://github.com/rust-lang/crates.io-index",
            "https://example.org/index",
            "source",
        ),
    ] {
        assert!(rules.contains(rule), "{rule}");
        let printed = denied(&cargo_deny, &rules.replace(rule, stricter)).expect(rule);
        assert!(printed.contains(wanted), "{printed}");
    }
}
