//! Failures outside the program: disks, signals, streams, environments and file names.

use crate::common;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::oracle::Random;
use crate::common::{CLOCK, CORE_FORMATS, Tool, render};

const PROGRAM: &str = env!("CARGO_BIN_EXE_twilio-sip-allow");

/// Runs a shell script in a folder, with the program as `$TOOL`.
fn shell(folder: &Path, script: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-euc", script]);
    command.current_dir(folder).env("TOOL", PROGRAM);
    command.env(CLOCK.0, CLOCK.1);
    command.stdin(Stdio::null()).output().unwrap()
}

/// Runs such a script in its own mount namespace and returns its output.
///
/// Returns `None` and reports that the test is skipped if nothing can be mounted.
fn with_mounts(test: &str, folder: &Path, script: &str) -> Option<String> {
    let inside = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-euc", script]);
        command.current_dir(folder).env("TOOL", PROGRAM);
        command.env(CLOCK.0, CLOCK.1);
        command.stdin(Stdio::null()).output().unwrap()
    };
    let probe = inside("mount -t tmpfs tmpfs .");
    if !probe.status.success() {
        common::skip(
            test,
            &format!("cannot mount anything: {}", text(&probe.stderr)),
        );
        return None;
    }
    let output = inside(script);
    assert!(output.status.success(), "{script}\n{output:?}");
    Some(text(&output.stdout))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The sorted names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

const JSON_CHECK: &str =
    "check -q --edition regional --region tokyo -f iptables --report json deployed";

// Disks.

#[test]
fn a_full_disk_keeps_the_old_file_and_leaves_no_other_file() {
    let test = "a_full_disk_keeps_the_old_file_and_leaves_no_other_file";
    // A disk without free space, with space for the first of two pages, and without space for another
    // file.
    let fills = [
        ("size=64k", "head -c 99999 /dev/zero > disk/fill || true"),
        ("size=64k", "head -c 53248 /dev/zero > disk/fill"),
        ("nr_inodes=3", "touch disk/fill"),
    ];
    for (option, fill) in fills {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "mkdir disk; mount -t tmpfs -o {option} tmpfs disk
            printf old > disk/rules; {fill} 2> fill.err
            status=0
            $TOOL -q -f iptables --edition regional-expanded -o disk/rules 2> err || status=$?
            echo $status; cat err disk/rules; echo; ls -A disk"
        );
        let Some(printed) = with_mounts(test, folder.path(), &script) else {
            return;
        };
        let start = "2\ntwilio-sip-allow: error: cannot write disk/rules: No space left on device (os error 28)";
        assert!(printed.starts_with(start), "{fill}: {printed}");
        assert!(
            printed.ends_with("\nold\nfill\nrules\n"),
            "{fill}: {printed}"
        );
    }
    let needed = render("-f iptables --edition regional-expanded").len();
    assert!((4096 + 1..2 * 65536).contains(&needed), "{needed}");
}

#[test]
fn a_file_that_cannot_be_replaced_is_unchanged() {
    let test = "a_file_that_cannot_be_replaced_is_unchanged";
    // Root can write despite file modes, but not to a read-only mount. A file that is a mount point, as
    // in containers, cannot be replaced in one step.
    for (mount, message) in [
        ("mount -o remount,ro disk", "Read-only file system"),
        (
            "mount --bind disk/rules disk/rules",
            "Device or resource busy",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "mkdir disk; mount -t tmpfs tmpfs disk; printf old > disk/rules; {mount}
            for file in disk/rules disk/new; do
                status=0; $TOOL -q -f pf --edition regional -o $file 2> err || status=$?
                echo $status; cat err
            done
            cat disk/rules; echo; ls -A disk"
        );
        let Some(printed) = with_mounts(test, folder.path(), &script) else {
            return;
        };
        let error = format!("2\ntwilio-sip-allow: error: cannot write disk/rules: {message}");
        assert!(printed.starts_with(&error), "{printed}");
        let rest = match message {
            "Read-only file system" => {
                let new =
                    "2\ntwilio-sip-allow: error: cannot write disk/new: Read-only file system";
                assert!(printed.contains(new), "{printed}");
                "\nold\nrules\n"
            }
            _ => "\n0\nold\nnew\nrules\n",
        };
        assert!(printed.ends_with(rest), "{printed}");
    }
}

/// Each step of writing a file fails once, with an error that a disk can cause.
#[test]
fn a_failed_step_keeps_the_old_file_and_leaves_no_other_file() {
    if !common::has(
        "strace",
        "a_failed_step_keeps_the_old_file_and_leaves_no_other_file",
    ) {
        return;
    }
    for (calls, error, message) in [
        ("write", "EDQUOT", "Disk quota exceeded"),
        ("write", "EIO", "Input/output error"),
        ("fchmod", "EPERM", "Operation not permitted"),
        ("fsync", "EIO", "Input/output error"),
        ("/^rename", "EACCES", "Permission denied"),
        ("/^rename", "EXDEV", "Invalid cross-device link"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rules"), "old").unwrap();
        let script = format!(
            "strace -o trace -e inject='{calls}':error={error}:when=1 $TOOL -q -f pf -o rules"
        );
        let output = shell(folder.path(), &script);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{calls} {stderr}");
        let wanted = format!("twilio-sip-allow: error: cannot write rules: {message}");
        assert!(stderr.starts_with(&wanted), "{calls}: {stderr}");
        let trace = fs::read_to_string(folder.path().join("trace")).unwrap();
        assert_eq!(trace.matches("(INJECTED)").count(), 1, "{trace}");
        let rules = fs::read_to_string(folder.path().join("rules")).unwrap();
        assert_eq!(rules, "old", "{calls}");
        assert_eq!(names(folder.path()), ["rules", "trace"], "{calls}");
    }
}

#[test]
fn a_report_too_long_for_memory_needs_a_temporary_folder() {
    let test = "a_report_too_long_for_memory_needs_a_temporary_folder";
    let deployed = common::with_much_drift();
    let mut tool = Tool::line(JSON_CHECK).file("deployed", &deployed);
    let report = tool.run();
    assert_eq!(report.status, 1, "{}", report.stderr);
    assert!(report.stdout.len() > 4 << 20, "{}", report.stdout.len());
    assert_eq!(names(tool.folder()), ["deployed"]);
    // A short report does not need the folder.
    let mut tool = tool.env("TMPDIR", "/missing/folder");
    let cannot = "twilio-sip-allow: error: cannot write a temporary file in '/missing/folder' (TMPDIR): No such file or directory";
    let stderr = tool.run().refused();
    assert!(stderr.starts_with(cannot), "{stderr}");
    let short = render("--region tokyo --format iptables");
    Tool::line(JSON_CHECK)
        .file("deployed", short)
        .env("TMPDIR", "/missing/folder")
        .run_once();
    let script = format!(
        "mkdir disk; mount -t tmpfs -o size=1m tmpfs disk
        status=0; TMPDIR=$PWD/disk $TOOL {JSON_CHECK} > out 2> err || status=$?
        echo $status; cat out err; ls -A disk"
    );
    if let Some(printed) = with_mounts(test, tool.folder(), &script) {
        let folder = tool.folder().display();
        let wanted = format!(
            "2\ntwilio-sip-allow: error: cannot write a temporary file in '{folder}/disk' (TMPDIR): No space left on device (os error 28)\n"
        );
        assert_eq!(printed, wanted);
    }
}

// Templates, which a second process of the program renders.

#[test]
fn a_template_is_rendered_without_proc_and_without_the_program_file() {
    let test = "a_template_is_rendered_without_proc_and_without_the_program_file";
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.j2"), "{{ regions[0] }}\n").unwrap();
    let call = "-q --region tokyo --template own.j2";
    for (script, out) in [
        (format!("$TOOL {call} <&- >out"), "tokyo\n"),
        (format!("$TOOL {call} 2>&- <&- | cat >out"), "tokyo\n"),
        (format!("env -i $TOOL {call} >out"), "tokyo\n"),
        (format!("exec -a name $TOOL {call} >out"), "tokyo\n"),
    ] {
        let output = Command::new("bash")
            .args(["-euc", &script])
            .current_dir(&folder)
            .env("TOOL", PROGRAM)
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        assert_eq!(
            fs::read_to_string(folder.path().join("out")).unwrap(),
            out,
            "{script}"
        );
    }
    // While the program waits for its template, its file is removed or replaced.
    for change in [
        "rm copy",
        "cp /bin/false other; mv other copy",
        "mv copy moved",
    ] {
        let script = format!(
            "rm -f pipe moved; cp $TOOL copy; mkfifo pipe; ./copy -q --region tokyo --template pipe >out &
            exec 3>pipe; {change}; echo '{{{{ regions[0] }}}}' >&3; exec 3>&-; wait $!; cat out"
        );
        let output = shell(folder.path(), &script);
        assert_eq!(text(&output.stdout), "tokyo\n", "{change}: {output:?}");
    }
    // Without /proc, the program finds itself by the name that it was called with.
    let script = format!(
        "umount -l /proc; $TOOL {call}; cd /; PATH=${{TOOL%/*}}:$PATH ${{TOOL##*/}} -q --region tokyo --template $OLDPWD/own.j2"
    );
    if let Some(printed) = with_mounts(test, folder.path(), &script) {
        assert_eq!(printed, "tokyo\ntokyo\n");
    }
}

/// A program that drops or gains privileges starts itself with its current privileges.
#[test]
fn a_template_is_rendered_without_privileges_and_under_tight_limits() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.j2"), "{{ regions[0] }}\n").unwrap();
    let call = "$TOOL -q --region tokyo --template own.j2";
    let mut scripts = vec![
        format!("ulimit -c unlimited; {call}"),
        format!("ulimit -v 131072; {call}"),
        format!("ulimit -t 1; {call}"),
        format!("ulimit -n 16; {call}"),
    ];
    if text(&shell(folder.path(), "id -u").stdout) == "0\n" {
        scripts.push(format!(
            "cp $TOOL copy; chmod 4755 copy; chmod 755 .; setpriv --reuid 65534 --clear-groups {}",
            call.replace("$TOOL", "./copy")
        ));
        scripts.push(format!(
            "cp $TOOL copy; setpriv --no-new-privs --bounding-set -all --reuid 65534 --clear-groups {}",
            call.replace("$TOOL", "./copy")
        ));
    }
    for script in scripts {
        let output = shell(folder.path(), &script);
        assert_eq!(text(&output.stdout), "tokyo\n", "{script}: {output:?}");
    }
    let refused = shell(folder.path(), &format!("ulimit -v 60000; {call}"));
    let stderr = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.starts_with("twilio-sip-allow: error: own.j2:1: "),
        "{stderr}"
    );
}

/// Every rule of two editions for each of 80 zones, which is 5,600 lines.
#[test]
fn a_template_of_5000_lines_is_within_the_limits() {
    let template = "{% for zone in range(80) %}
{% for rule in rules + tcp_return %}
{% for network in rule.remote.networks %}
{% set ports = rule.local.ports if rule.direction == 'in' else rule.remote.ports %}
{% if not ports.any %}
-A ZONE-{{ zone }}-{{ rule.direction|upper }} -s {{ network.cidr|replace('/', ' / ') }} -p {{ rule.protocol }} --dport {{ ports.first }}:{{ ports.last }} -m comment --comment \"{{ rule.subject|title }} of {{ (network.label|default('any', true))[:20] }}\" -j ACCEPT
{% endif %}
{% endfor %}
{% endfor %}
{% endfor %}
";
    let text = Tool::line("-q --edition regional,global --template own.j2")
        .file("own.j2", template)
        .run_once();
    assert!(text.lines().count() > 5_000, "{}", text.lines().count());
    assert!(text.lines().all(|line| line.ends_with("-j ACCEPT")));
    assert!(text.contains("-A ZONE-79-IN -s 54.65.63.192 / 30 -p udp --dport 5060:5060 "));
}

// Signals.

/// The result of a call that was killed while it replaced `rules`.
struct Killed {
    status: ExitStatus,
    replaced: bool,
}

const OLD: &str = "the old file\n";

/// Inspects a folder. It may only contain `rules`, the files in `others`, and after a kill, a file with
/// a part of the new text.
fn killed(status: ExitStatus, folder: &Path, new: &str, others: &[&str]) -> Killed {
    let rules = fs::read_to_string(folder.join("rules")).unwrap();
    assert!(rules == OLD || rules == new, "{} bytes", rules.len());
    let mut left = names(folder);
    left.retain(|name| name != "rules" && !others.contains(&&name[..]));
    assert!(
        left.len() <= usize::from(status.signal().is_some()),
        "{left:?}"
    );
    assert!(
        left.iter()
            .all(|name| name.starts_with(".twilio-sip-allow-")),
        "{left:?}"
    );
    Killed {
        status,
        replaced: rules == new,
    }
}

/// A call of the program under strace that replaces an old file.
fn traced(inject: Option<String>) -> (tempfile::TempDir, ExitStatus) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules"), OLD).unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "trace"]);
    if let Some(inject) = inject {
        command.args(["-e", &inject]);
    }
    let status = command
        .args([PROGRAM, "-q", "-f", "nftables", "-o", "rules"])
        .current_dir(folder.path())
        // With this variable of cargo, the loader would search many folders.
        .env_remove("LD_LIBRARY_PATH")
        .status()
        .unwrap();
    (folder, status)
}

#[test]
fn a_kill_before_any_system_call_leaves_the_old_or_the_new_file() {
    if !common::has(
        "strace",
        "a_kill_before_any_system_call_leaves_the_old_or_the_new_file",
    ) {
        return;
    }
    let new = render("-f nftables");
    let (folder, _) = traced(None);
    let trace = fs::read_to_string(folder.path().join("trace")).unwrap();
    let name = |line: &str| {
        Some(
            line.split_once('(')?
                .0
                .split_whitespace()
                .nth(1)?
                .to_owned(),
        )
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for name in trace
        .lines()
        .filter_map(name)
        .filter(|name| name != "execve")
    {
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        let (folder, status) = traced(Some(format!("inject={name}:signal=KILL:when={count}")));
        // The load address differs between runs, and so do the calls at the start.
        if status.signal() == Some(9) {
            let killed = killed(status, folder.path(), &new, &["trace"]);
            found.push((name, killed.replaced));
        }
    }
    let replaced = found.iter().position(|(_, replaced)| *replaced);
    let replaced = replaced.expect("a kill should happen after the file is replaced");
    assert!(found[replaced - 1].0.starts_with("rename"), "{found:?}");
    assert!(
        found[replaced..].iter().all(|(_, replaced)| *replaced),
        "{found:?}"
    );
    for name in ["openat", "write", "fsync", "exit_group"] {
        assert!(
            found.iter().any(|(found, _)| found == name),
            "{name}: {found:?}"
        );
    }
}

/// A dataset whose rules take some time to print and to write.
fn long_list() -> String {
    let networks: Vec<String> = (0..2_000)
        .map(|n| format!("20.{}.{}.1", n / 200, n % 200))
        .collect();
    format!(
        "edition: own\ntitle: Own\nconnection: public\nsource: nowhere\n\
        signaling:\n  ports: {{udp: 5060, tcp: 5060, tls: 5061}}\n  networks: {{tokyo: [192.0.2.0/30]}}\n\
        media:\n  ports: 10000-20000\n  networks: {{tokyo: [{}]}}\n",
        networks.join(", ")
    )
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_or_the_new_file() {
    let line = "-q -f iptables --dataset own.yaml";
    let new = Tool::line(line).file("own.yaml", long_list()).run_once();
    let mut tool = Tool::line(&format!("{line} -o rules")).file("own.yaml", long_list());
    let folder = tool.folder().to_owned();
    let began = Instant::now();
    for _ in 0..5 {
        tool.run().ok();
    }
    let whole = u64::try_from(began.elapsed().as_nanos() / 5).unwrap();
    let mut random = Random::new(u64::from(std::process::id()));
    let (mut signalled, mut replaced) = (0, 0);
    for round in 0..140 {
        fs::write(folder.join("rules"), OLD).unwrap();
        for left in names(&folder) {
            if left.starts_with(".twilio-sip-allow-") {
                fs::remove_file(folder.join(left)).unwrap();
            }
        }
        let mut child = tool.command().spawn().unwrap();
        std::thread::sleep(Duration::from_nanos(random.between(0, whole * 5 / 4)));
        if round < 100 {
            child.kill().unwrap();
        } else {
            let signal = ["-TERM", "-INT"][round % 2];
            let pid = child.id().to_string();
            Command::new("kill").args([signal, &pid]).status().unwrap();
        }
        let killed = killed(child.wait().unwrap(), &folder, &new, &["own.yaml"]);
        assert!(killed.status.signal().is_some() || killed.status.success());
        signalled += usize::from(killed.status.signal().is_some());
        replaced += usize::from(killed.replaced);
    }
    common::tell(&format!(
        "{signalled} of 140 killed, {replaced} files replaced"
    ));
    let proved = signalled >= 20 && (5..=135).contains(&replaced);
    assert!(
        proved,
        "the kills do not cover enough moments: {signalled} killed, {replaced} replaced"
    );
}

#[test]
fn files_of_a_killed_call_do_not_disturb_the_next_call() {
    let half = ".twilio-sip-allow-aB3dE6";
    let mut tool = Tool::line("-q -f pf -o rules").file(half, "pass in");
    tool.run().ok();
    assert_eq!(names(tool.folder()), [half, "rules"]);
    let rules = fs::read_to_string(tool.folder().join("rules")).unwrap();
    assert_eq!(rules, render("-f pf"));
    assert_eq!(
        fs::read_to_string(tool.folder().join(half)).unwrap(),
        "pass in"
    );
}

// Streams.

/// Every verb, with its usual status and its status if stdout is a closed pipe.
const CALLS: [(&str, i32, i32); 21] = [
    ("-f iptables", 0, 2),
    ("check -f nftables --edition regional in-sync", 0, 0),
    ("check -f nftables --edition current in-sync", 1, 1),
    ("check -f nftables --report json in-sync missing", 2, 2),
    ("explain 54.65.63.193 192.0.2.1", 0, 2),
    ("explain --all-allowed --json 192.0.2.1", 1, 1),
    ("verify listing", 1, 1),
    ("verify --ignore exposure --report html listing", 0, 0),
    ("verify --print-collector linux", 0, 2),
    ("scan in-sync", 1, 1),
    ("scan --report sarif .", 1, 1),
    ("list regions --long", 0, 2),
    ("list formats --json", 0, 2),
    ("dataset show", 0, 2),
    ("dataset diff --edition current page", 0, 0),
    ("dataset diff --edition regional page", 1, 1),
    ("dataset import --name own page", 0, 2),
    ("man", 0, 2),
    ("completions zsh", 0, 2),
    ("--help", 0, 2),
    ("-f bogus", 2, 2),
];

/// A page with the current list.
const PAGE: &str = include_str!("../pages/whole/global.official-en.md");

/// A call in a folder with the files that [`CALLS`] name.
fn call(line: &str) -> Tool {
    Tool::line(line)
        .file("in-sync", render("-f nftables"))
        .file("listing", common::OPEN_LISTING)
        .file("page", PAGE)
}

#[test]
fn a_closed_stderr_or_stdin_has_no_other_effect() {
    for (line, status, _) in CALLS {
        let mut tool = call(line);
        let whole = tool.run();
        assert_eq!(whole.status, status, "{whole}");
        for closed in ["2>&-", "<&- 2>&-"] {
            let output = shell(tool.folder(), &format!("exec $TOOL {line} {closed}"));
            assert_eq!(output.status.code(), Some(status), "{line} {closed}");
            assert_eq!(text(&output.stdout), whole.stdout, "{line} {closed}");
            assert_eq!(text(&output.stderr), "", "{line} {closed}");
        }
    }
}

#[test]
fn a_closed_stdout_is_an_error_if_something_is_written_to_it() {
    let error = "twilio-sip-allow: error: cannot write to stdout: it is closed\n";
    for (line, status, _) in CALLS {
        let tool = call(line);
        for closed in [">&-", "<&- >&-"] {
            let output = shell(tool.folder(), &format!("exec $TOOL {line} {closed}"));
            assert_eq!(output.status.code(), Some(2), "{line} {closed}");
            let stderr = text(&output.stderr);
            assert_eq!(stderr.ends_with(error), status != 2, "{line}: {stderr}");
        }
        let output = shell(tool.folder(), &format!("exec $TOOL {line} >&- 2>&-"));
        assert_eq!(output.status.code(), Some(2), "{line}");
    }
    let output = shell(Path::new("/"), "exec $TOOL -f pf -o /dev/stdout >&-");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), error);
    // Some programs use `/dev/null`. The standard library also opens it in place of a closed stdout.
    for null in [">/dev/null", "1<>/dev/null"] {
        let output = shell(Path::new("/"), &format!("exec $TOOL -f pf {null}"));
        assert_eq!(output.status.code(), Some(0), "{null}");
    }
}

#[test]
fn messages_for_a_closed_stream_never_end_up_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let script = "$TOOL -f pf -o rules <&- >&- 2>&-";
    assert!(shell(folder.path(), script).status.success());
    let rules = fs::read_to_string(folder.path().join("rules")).unwrap();
    assert_eq!(rules, render("-f pf"));
}

#[test]
fn a_closed_pipe_causes_no_message_and_changes_no_verdict() {
    for (line, _, status) in CALLS.iter().filter(|(_, usual, _)| *usual != 2) {
        let mut tool = call(&format!("{line} --quiet"));
        let child = tool
            .command()
            .stdout(common::a_pipe_without_reader())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stderr), "", "{line}");
        assert_eq!(output.status.code(), Some(*status), "{line}");
    }
    // In the middle of a long report.
    let tool = Tool::line("").file("deployed", common::with_much_drift());
    let script =
        format!("{{ status=0; $TOOL {JSON_CHECK} || status=$?; echo $status >&2; }} | head -c 1");
    let output = shell(tool.folder(), &script);
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"{"[..], &b"1\n"[..])
    );
}

#[test]
fn every_verb_reports_a_full_device() {
    for (line, usual, _) in CALLS.iter().filter(|(_, usual, _)| *usual != 2) {
        let tool = call("");
        let output = shell(tool.folder(), &format!("exec $TOOL {line} > /dev/full"));
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line} ({usual}): {stderr}");
        let wanted = "twilio-sip-allow: error: cannot write to stdout: No space left on device (os error 28)\n";
        assert!(stderr.contains(wanted), "{line}: {stderr}");
    }
    // The repair must not get lost, but the report may.
    let tool = call("");
    let line = "check -q -f nftables --edition current --print-repair in-sync";
    let output = shell(tool.folder(), &format!("exec $TOOL {line} > /dev/full"));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot write to stdout: No space left on device"));
    let output = shell(tool.folder(), &format!("exec $TOOL {line} 2> /dev/full"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stdout),
        render("-f nftables --edition current")
    );
}

// The environment.

#[test]
fn output_does_not_depend_on_the_environment() {
    let settings = [
        "HOME=",
        "HOME=/missing",
        "PATH=",
        "TMPDIR=/missing",
        "LC_ALL=C",
        "LC_ALL=POSIX",
        "LC_ALL=tr_TR.UTF-8",
        "LC_ALL=ja_JP.SJIS",
        "LC_ALL=../nonsense\u{1}",
        "LANG=de_DE@euro LANGUAGE=de:fr",
        "TZ=Nowhere/Nothing",
        "TZ=:/etc/passwd",
        "TERM=dumb COLUMNS=1 LINES=1",
        "RUST_BACKTRACE=full RUST_LOG=trace",
    ];
    let formats = CORE_FORMATS.map(|format| format!("--format {format}"));
    let lines = CALLS.iter().map(|(line, ..)| *line);
    for line in lines.chain(formats.iter().map(|line| &line[..])) {
        let mut tool = call(line);
        let usual = tool.run();
        let mut run = |setting: &str| {
            let pairs = setting.split(' ').filter_map(|pair| pair.split_once('='));
            let output = tool.command().env_clear().envs(pairs).output().unwrap();
            assert_eq!(output.status.code(), Some(usual.status), "{line} {setting}");
            assert_eq!(text(&output.stdout), usual.stdout, "{line} {setting}");
            assert_eq!(text(&output.stderr), usual.stderr, "{line} {setting}");
        };
        run("");
        settings.into_iter().for_each(run);
    }
}

#[test]
fn rejects_its_own_variables_if_they_are_not_unicode() {
    let odd = OsStr::from_bytes(b"tokyo\xff");
    let mut tool = Tool::line("-q -f pf --region tokyo").env("ODD", odd);
    tool.command().env(OsStr::from_bytes(b"\xff"), odd);
    assert_eq!(tool.run_once(), render("-f pf --region tokyo"));
    let ran = Tool::line("-f pf")
        .env("TWILIO_SIP_ALLOW_REGION", odd)
        .run();
    let stderr = ran.refused();
    let wanted = "twilio-sip-allow: error: an argument or environment variable is not valid UTF-8;";
    assert!(stderr.starts_with(wanted), "{stderr}");
}

#[test]
fn a_deleted_folder_affects_only_calls_that_need_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        let script = format!("mkdir gone; cd gone; rmdir ../gone; exec $TOOL {line}");
        let output = shell(folder.path(), &script);
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let rules = render("-f nftables");
    let here = folder.path().display();
    fs::write(folder.path().join("in-sync"), &rules).unwrap();
    let done = (Some(0), rules.clone(), String::new());
    assert_eq!(run("-q -f nftables --edition regional"), done);
    let written = run(&format!(
        "-q -f nftables --edition regional -o {here}/rules"
    ));
    assert_eq!(written, (Some(0), String::new(), String::new()));
    let written = fs::read_to_string(folder.path().join("rules")).unwrap();
    assert_eq!(written, rules);
    let (status, stdout, _) = run(&format!("check -q -f nftables {here}/in-sync"));
    assert_eq!(status, Some(0));
    assert!(stdout.starts_with("in sync"), "{stdout}");
    let (status, stdout, _) = run(&format!("scan {here}"));
    assert_eq!(status, Some(1));
    assert!(
        stdout.contains("/in-sync\n  ") && stdout.contains("superseded"),
        "{stdout}"
    );
    for (line, message) in [
        ("-q -f pf -o rules", "cannot write rules: "),
        ("check -f pf deployed", "cannot read deployed: No such file"),
    ] {
        let (status, stdout, stderr) = run(line);
        assert_eq!((status, &stdout[..]), (Some(2), ""), "{line}: {stderr}");
        let wanted = format!("twilio-sip-allow: error: {message}");
        assert!(stderr.starts_with(&wanted), "{line}: {stderr}");
        assert!(stderr.contains("No such file or directory"), "{stderr}");
    }
}

// File names.

#[test]
fn accepts_any_file_name() {
    let name = OsString::from_vec(b"a \xff\x1b\n'$x".to_vec());
    let rules = render("-f nftables --edition current");
    let edition = Tool::line("dataset show").run_once();
    let template = "rules\n";
    for (line, content, status, start) in [
        (
            "check -q -f nftables --edition current",
            rules.as_bytes(),
            0,
            "in sync",
        ),
        ("scan", rules.as_bytes(), 0, "1 file with Twilio addresses"),
        ("-q -f nftables --dataset", edition.as_bytes(), 0, "#"),
        ("-q --template", template.as_bytes(), 0, "rules"),
        (
            "dataset diff --edition current",
            PAGE.as_bytes(),
            0,
            "same: ",
        ),
        (
            "dataset import --name own",
            PAGE.as_bytes(),
            0,
            "edition: own",
        ),
        ("-q -f nftables --edition current -o", b"", 0, ""),
    ] {
        let mut tool = Tool::line(line);
        let path = tool.folder().join(&name);
        fs::write(&path, content).unwrap();
        tool.command().arg(&name);
        let ran = tool.run();
        assert_eq!(ran.status, status, "{ran}");
        assert!(ran.stdout.starts_with(start), "{ran}");
        // No control characters for terminals.
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
            "{ran}"
        );
        if line.ends_with("-o") {
            assert_eq!(fs::read_to_string(&path).unwrap(), rules);
        }
    }
    for format in ["json", "sarif"] {
        let mut tool = Tool::line(&format!("scan --list-current --report {format} folder"));
        let folder = tool.folder().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(&name), &rules).unwrap();
        let ran = tool.run();
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(report.to_string().contains("54.65.63.192"), "{ran}");
    }
}
