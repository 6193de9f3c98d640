//! The example role for Ansible, with the real Ansible and real ssh. The hosts are network namespaces.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::lab::BackEnd;
use crate::common::namespace::Namespace;
use crate::common::{Tool, python, remove_variables, skip};
use crate::release_server::Releases;

const TEST: &str = "the role for Ansible";

const TOOLS: [&str; 8] = [
    "nft",
    "xtables-nft-multi",
    "xtables-legacy-multi",
    "ssh",
    "ssh-keygen",
    "sshd",
    "timeout",
    "unshare",
];

/// The hosts in the inventory of the example, with the selection for each.
const HOSTS: [(&str, BackEnd, &str); 3] = [
    ("pbx1", BackEnd::Nftables, ""),
    ("sbc1", BackEnd::IptablesNft, "--region tokyo,singapore"),
    (
        "sbc2",
        BackEnd::IptablesLegacy,
        "--direction in --local-rtp-ports 20000-29999",
    ),
];

const NONE: [&str; 0] = [];

/// Text that a listing contains only with the old edition, and text only with the new edition.
const OLD_MEDIA: &str = "54.65.63.192/26";
const NEW_MEDIA: &str = "168.86.128.0/18";

#[test]
fn the_role_installs_repairs_drift_and_changes_editions() {
    let Some(fleet) = Fleet::new() else { return };
    let change = [
        "-e",
        r#"{"twilio_sip_allow_editions": ["regional", "global"]}"#,
    ];

    let first = fleet.play(&change);
    first.assert_changed(&["pbx1", "sbc1", "sbc2"]);
    fleet.assert_in_sync("regional,global");
    for host in &fleet.hosts {
        let listing = fleet.listing(host);
        assert!(listing.contains(OLD_MEDIA), "{}: {listing}", host.name);
        assert!(listing.contains(NEW_MEDIA), "{}: {listing}", host.name);
    }

    let before = fleet.states();
    let second = fleet.play(&change);
    second.assert_changed(&[]);
    assert_eq!(fleet.states(), before);

    fleet.lose_rules_by_hand();
    let drifted = fleet.states();
    assert_ne!(drifted, before);
    let found = fleet.play(&[change[0], change[1], "--check"]);
    found.assert_changed(&["pbx1", "sbc1"]);
    let printed = found.task("Report the drift");
    let mut tellers = Play::changes(printed);
    tellers.sort_unstable();
    assert_eq!(tellers, ["pbx1", "sbc1"], "{printed}");
    for said in [
        "missing in  tcp from 54.65.63.192/30 to any port 5061 (signaling tls of tokyo",
        "missing out tcp from any to 54.65.63.192/30 port 5061 (signaling tls of tokyo",
        "INPUT has no jump to TWILIO-SIP-IN",
    ] {
        assert_eq!(printed.matches(said).count(), 1, "{said} in {printed}");
    }
    assert_eq!(fleet.states(), drifted, "check mode changed something");

    // If a host is down, the others are still repaired.
    fleet.controller.script("ip link set sbc2 down");
    let repaired = fleet.play(&change);
    fleet.controller.script("ip link set sbc2 up");
    repaired.assert_unreachable(&["sbc2"]);
    repaired.assert_changed(&["pbx1", "sbc1"]);
    assert_eq!(fleet.states(), before);

    let changed = fleet.play(&["-e", "batch=1"]);
    assert!(!changed.text.contains("reserved"), "{}", changed.text);
    changed.assert_changed(&["pbx1", "sbc1", "sbc2"]);
    changed.assert_host_by_host();
    fleet.assert_in_sync("global");
    for host in &fleet.hosts {
        let listing = fleet.listing(host);
        assert!(!listing.contains(OLD_MEDIA), "{}: {listing}", host.name);
        assert!(listing.contains(NEW_MEDIA), "{}: {listing}", host.name);
    }

    // First as at boot, and then as at a reload.
    for _ in 0..2 {
        fleet.boot();
        fleet.assert_in_sync("global");
    }
    fleet.assert_calls_are_verified();
}

/// The role uses the program of a release if its sum is right.
#[test]
fn the_role_downloads_the_program_and_verifies_its_sum() {
    let test = "the_role_downloads_the_program_and_verifies_its_sum";
    let Some(controller) = Controller::new(test, PROGRAM_PLAYBOOK) else {
        return;
    };
    let releases = Releases::of("0.2.0");
    let cache = controller.folder.path().join("cache");
    let play = |address: &str, more: &[&str]| {
        let address = format!("twilio_sip_allow_releases={address}");
        let cache = format!("twilio_sip_allow_cache={}", cache.display());
        controller.play(&[&["-e", &address, "-e", &cache], more].concat())
    };
    let address = releases.address();
    let archive = "twilio-sip-allow-0.2.0-x86_64-linux.tar.gz";
    let ran = format!(
        "The program is twilio-sip-allow {}",
        env!("CARGO_PKG_VERSION")
    );

    let wrong = format!("twilio_sip_allow_sum={}", "0".repeat(64));
    let (succeeded, text) = play(&address, &["-e", &wrong]);
    assert!(!succeeded && text.contains("did not match"), "{text}");
    assert!(!text.contains(&ran), "{text}");
    releases.requests();

    // In check mode too, because the report of the drift needs the program.
    for (more, requests) in [(&["--check"][..], &["SHA256SUMS", archive][..]), (&[], &[])] {
        let (succeeded, text) = play(&address, more);
        assert!(succeeded && text.contains(&ran), "{text}");
        assert!(text.contains("changed=0"), "{text}");
        assert_eq!(releases.requests(), requests);
    }

    let file = format!(
        "file://{}",
        releases.of_version("0.2.0").parent().unwrap().display()
    );
    let (succeeded, text) = play(&file, &[]);
    assert!(succeeded && text.contains(&ran), "{text}");
}

#[test]
fn the_role_names_an_unknown_variable_and_the_known_ones() {
    let test = "the_role_names_an_unknown_variable_and_the_known_ones";
    for tasks in ["main", "verify"] {
        let Some(controller) = Controller::new(test, &ROLE_PLAYBOOK.replace("TASKS", tasks)) else {
            return;
        };
        let (succeeded, text) = controller.play(&[
            "-e",
            r#"{"twilio_sip_allow_regoins": ["tokyo"], "twilio_sip_allow_regions": ["tokyo"]}"#,
        ]);
        assert!(!succeeded && text.contains("failed=1"), "{text}");
        let message = "twilio_sip_allow_regoins: no variable of the role has this name. The variables are twilio_sip_allow_format, twilio_sip_allow_editions, twilio_sip_allow_dataset, twilio_sip_allow_regions, ";
        assert!(text.contains(message), "{text}");
        assert!(text.contains(", twilio_sip_allow_peers\""), "{text}");
        assert!(!text.contains("Render the rules"), "{text}");
    }
}

#[test]
fn the_role_says_that_the_program_is_missing_and_what_to_do() {
    let test = "the_role_says_that_the_program_is_missing_and_what_to_do";
    for tasks in ["main", "verify"] {
        let Some(controller) = Controller::new(test, &ROLE_PLAYBOOK.replace("TASKS", tasks)) else {
            return;
        };
        let (succeeded, text) = controller.play(&["-e", "twilio_sip_allow_program=no-program"]);
        assert!(!succeeded && text.contains("failed=1"), "{text}");
        let message = "The controller cannot run 'no-program'. Install twilio-sip-allow on the controller, set twilio_sip_allow_program to its path, or set twilio_sip_allow_releases to the address of its releases\"";
        assert!(text.contains(message), "{text}");
    }
}

/// Ansible on this machine, with a playbook for it.
struct Controller {
    python: PathBuf,
    folder: tempfile::TempDir,
}

impl Controller {
    /// Returns `None` and reports that the test is skipped if Ansible is missing.
    fn new(test: &str, playbook: &str) -> Option<Controller> {
        let python = python(test)?;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("playbook.yml"), playbook).unwrap();
        Some(Controller { python, folder })
    }

    /// Runs the playbook. Returns true if it succeeded, and all output.
    fn play(&self, arguments: &[&str]) -> (bool, String) {
        let roles = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ansible/roles");
        let mut command = Command::new(self.python.with_file_name("ansible-playbook"));
        remove_variables(&mut command, &["TWILIO_SIP_ALLOW_", "ANSIBLE_"]);
        let output = command
            .args(["-i", "localhost,", "-c", "local"])
            .args(arguments)
            .arg(self.folder.path().join("playbook.yml"))
            .env("ANSIBLE_ROLES_PATH", roles)
            .env("ANSIBLE_HOME", self.folder.path())
            .env("ANSIBLE_PYTHON_INTERPRETER", &self.python)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }
}

const ROLE_PLAYBOOK: &str = "
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: twilio_sip_allow
        tasks_from: TASKS
";

/// Runs the program that the role would use.
const PROGRAM_PLAYBOOK: &str = r#"
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: twilio_sip_allow
        tasks_from: program
        public: true
    - ansible.builtin.command:
        argv: ["{{ twilio_sip_allow_command }}", --version]
      register: printed
      check_mode: false
      changed_when: false
    - ansible.builtin.debug:
        msg: "The program is {{ printed.stdout }}"
"#;

struct Fleet {
    folder: tempfile::TempDir,
    controller: Namespace,
    hosts: Vec<Host>,
}

struct Host {
    name: &'static str,
    back_end: BackEnd,
    selection: &'static str,
    address: String,
    namespace: Namespace,
    sshd: Option<Child>,
}

/// The firewall that a user loads at boot.
const NFTABLES_CONF: &str = "\
flush ruleset
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		tcp dport 22 accept
	}
	chain output {
		type filter hook output priority filter; policy drop;
		ct state established,related accept
	}
}
";

/// The same for iptables.
const IPTABLES_RULES: &str = "\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
";

/// Additional rules on one host, for which the role does not manage the jump.
const OWN_HOOK: &str = "\
:TWILIO-SIP-IN - [0:0]
-A INPUT -i eth0 -j TWILIO-SIP-IN
";

/// Gives a host its own /etc, /run and /root, its kind of iptables, and its firewall, and then starts
/// sshd. Changes in /etc are visible in /run/upper.
const START: &str = r#"set -e
mount -t tmpfs tmpfs /root
mount -t tmpfs tmpfs /run
mkdir /run/sshd /run/upper /run/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
mkdir -p /etc/systemd/system/multi-user.target.wants /etc/iptables
cp "$1/nftables.conf" /etc/nftables.conf
case $3 in
nftables) nft -f /etc/nftables.conf ;;
*)
    for command in iptables iptables-save iptables-restore; do
        ln -sf "/usr/sbin/xtables-$3-multi" "/etc/alternatives/$command"
    done
    cp "$1/$3.rules" /etc/iptables/rules.v4
    iptables-restore /etc/iptables/rules.v4 ;;
esac
exec "$(command -v sshd)" -D -e -f "$1/sshd_config" -o HostKey="$1/$2" -o ListenAddress="$4"
"#;

impl Fleet {
    /// Returns `None` and reports that the test is skipped if a tool or root privileges are missing.
    fn new() -> Option<Fleet> {
        let ansible = python(TEST)?.with_file_name("ansible-playbook");
        if !ansible.exists() {
            skip(TEST, &format!("{} is missing", ansible.display()));
            return None;
        }
        let controller = Namespace::new(TEST, &TOOLS)?;
        let folder = tempfile::tempdir().unwrap();
        let mut hosts = Vec::new();
        for (number, (name, back_end, selection)) in (10..).zip(HOSTS) {
            hosts.push(Host {
                name,
                back_end,
                selection,
                address: format!("192.0.2.{number}"),
                namespace: Namespace::new(TEST, &TOOLS)?,
                sshd: None,
            });
        }
        let mut fleet = Fleet {
            folder,
            controller,
            hosts,
        };
        fleet.join();
        fleet.write_files();
        fleet.start();
        Some(fleet)
    }

    /// Creates a bridge in the namespace of the controller, with a port for each host.
    fn join(&self) {
        self.controller.script(
            "ip link set lo up
ip link add bridge type bridge
ip addr add 192.0.2.1/24 dev bridge
ip link set bridge up",
        );
        for Host {
            name,
            address,
            namespace,
            ..
        } in &self.hosts
        {
            let netns = namespace.name();
            self.controller.script(&format!(
                "ip link add {name} type veth peer name eth0 netns {netns}
ip link set {name} master bridge up"
            ));
            namespace.script(&format!(
                "ip link set lo up
ip addr add {address}/24 dev eth0
ip link set eth0 up"
            ));
        }
    }

    fn write_files(&self) {
        let folder = self.folder.path().display();
        let mut known_hosts = String::new();
        let mut inventory = "all:\n  hosts:\n".to_owned();
        self.make_key("client");
        for Host { name, address, .. } in &self.hosts {
            let key = self.make_key(name);
            known_hosts.push_str(&format!("{address} {key}"));
            inventory.push_str(&format!("    {name}: {{ansible_host: {address}}}\n"));
        }
        let files = [
            ("known_hosts", known_hosts),
            ("inventory.yml", inventory),
            ("nftables.conf", NFTABLES_CONF.to_owned()),
            ("nft.rules", IPTABLES_RULES.to_owned()),
            (
                "legacy.rules",
                IPTABLES_RULES.replace("COMMIT\n", &format!("{OWN_HOOK}COMMIT\n")),
            ),
            (
                "ssh_config",
                format!(
                    "User root
IdentityFile {folder}/client
IdentitiesOnly yes
UserKnownHostsFile {folder}/known_hosts
StrictHostKeyChecking yes
BatchMode yes
ConnectTimeout 5
"
                ),
            ),
            (
                "sshd_config",
                format!(
                    "PidFile none
AuthorizedKeysFile {folder}/client.pub
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
UsePAM no
"
                ),
            ),
            (
                "ansible.cfg",
                format!(
                    "[defaults]
remote_user = root
remote_tmp = /run/ansible
local_tmp = {folder}/local
interpreter_python = /usr/bin/python3
nocolor = true
[ssh_connection]
ssh_args = -F {folder}/ssh_config
pipelining = true
"
                ),
            ),
        ];
        for (name, content) in files {
            std::fs::write(self.folder.path().join(name), content).unwrap();
        }
    }

    /// Creates a key pair and returns the public key.
    fn make_key(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(&path)
            .status()
            .unwrap();
        assert!(made.success());
        std::fs::read_to_string(path.with_extension("pub")).unwrap()
    }

    fn start(&mut self) {
        let folder = self.folder.path();
        for host in &mut self.hosts {
            let kind = match host.back_end {
                BackEnd::Nftables => "nftables",
                BackEnd::IptablesNft => "nft",
                BackEnd::IptablesLegacy => "legacy",
            };
            let log = std::fs::File::create(folder.join(format!("{}.log", host.name))).unwrap();
            // Every program here replaces its parent with exec, so this child is sshd itself.
            let sshd = host
                .namespace
                .command("unshare")
                .args(["--mount", "sh", "-c", START, "sh"])
                .arg(folder)
                .args([host.name, kind, &host.address])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn();
            host.sshd = Some(sshd.unwrap());
        }
        for host in &self.hosts {
            self.wait_for(host);
        }
    }

    fn wait_for(&self, host: &Host) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let output = self.ssh(host, "true");
            if output.status.success() {
                return;
            }
            let log = self.folder.path().join(format!("{}.log", host.name));
            let log = std::fs::read_to_string(log).unwrap();
            assert!(
                Instant::now() < deadline,
                "{}: {log}\n{output:?}",
                host.name
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn ssh(&self, host: &Host, script: &str) -> Output {
        self.controller
            .command("ssh")
            .arg("-F")
            .arg(self.folder.path().join("ssh_config"))
            .args([&host.address, &format!("set -e\n{script}")])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a script on a host and returns its output. Fails if the script fails.
    fn on(&self, host: &Host, script: &str) -> String {
        let output = self.ssh(host, script);
        assert!(
            output.status.success(),
            "{}: {script}\n{output:?}",
            host.name
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn host(&self, name: &str) -> &Host {
        self.hosts.iter().find(|host| host.name == name).unwrap()
    }

    /// Runs the playbook of the example with the inventory of the example, without changes.
    fn play(&self, arguments: &[&str]) -> Play {
        self.playbook("site.yml", arguments)
    }

    /// Verifies the calls of all hosts, then opens the firewall of one host and blocks the calls of another.
    fn assert_calls_are_verified(&self) {
        let interface = ["-e", "twilio_sip_allow_interface=eth0"];
        let before = self.states();
        let good = self.playbook("verify.yml", &interface);
        good.assert_changed(&[]);
        let passes = "calls get through; no one else reaches SIP";
        assert_eq!(good.text.matches(passes).count(), 3, "{}", good.text);
        let rule = "iptables -I INPUT -p udp --dport 5060 -j";
        self.on(self.host("sbc1"), &format!("{rule} ACCEPT"));
        self.on(self.host("sbc2"), &format!("{rule} DROP"));
        let damaged = self.playbook("verify.yml", &interface);
        assert_eq!(
            damaged.hosts_with("failed"),
            ["sbc1", "sbc2"],
            "{}",
            damaged.text
        );
        for said in [
            "calls get through; others reach SIP",
            "-A INPUT -p udp -m udp --dport 5060 -j ACCEPT",
            "calls do NOT get through: 1 blocked; no one else reaches SIP",
            "-A INPUT -p udp -m udp --dport 5060 -j DROP",
        ] {
            assert!(damaged.text.contains(said), "{said} in {}", damaged.text);
        }
        let undo = "iptables -D INPUT 1";
        self.on(self.host("sbc1"), undo);
        self.on(self.host("sbc2"), undo);
        assert_eq!(self.states(), before);
    }

    fn playbook(&self, playbook: &str, arguments: &[&str]) -> Play {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ansible");
        let program = Path::new(env!("CARGO_BIN_EXE_twilio-sip-allow"));
        let ansible = python(TEST).unwrap().with_file_name("ansible-playbook");
        let path = format!("{}:{}", program.parent().unwrap().display(), env!("PATH"));
        let mut command = self.controller.command("timeout");
        remove_variables(&mut command, &["TWILIO_SIP_ALLOW_", "ANSIBLE_"]);
        let output = command
            .arg("120")
            .arg(ansible)
            .arg("-i")
            .arg(example.join("inventory.yml"))
            .arg("-i")
            .arg(self.folder.path().join("inventory.yml"))
            .args(arguments)
            .arg(example.join(playbook))
            .env("ANSIBLE_CONFIG", self.folder.path().join("ansible.cfg"))
            .env("ANSIBLE_HOME", self.folder.path())
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        Play {
            text: String::from_utf8(text).unwrap(),
        }
    }

    /// The listing of a host's firewall.
    fn listing(&self, host: &Host) -> String {
        self.on(
            host,
            match host.back_end {
                BackEnd::Nftables => "nft list ruleset",
                _ => "iptables-save",
            },
        )
    }

    /// The firewall of each host, and all changes in its /etc.
    fn states(&self) -> Vec<String> {
        let files = r"cd /run/upper
find . -type f -printf '%p %m ' -exec cksum {} ';' | sort
find . -type l -printf '%p %l\n' | sort";
        let state = |host: &Host| {
            let rules = match host.back_end {
                BackEnd::Nftables => "nft list ruleset",
                _ => "iptables -S",
            };
            self.on(host, &format!("{rules}\n{files}"))
        };
        self.hosts.iter().map(state).collect()
    }

    /// Checks that each host has its selected rules, and one jump to each of its chains in use. On one
    /// host, the jump is the user's own, with its condition.
    fn assert_in_sync(&self, edition: &str) {
        for host in &self.hosts {
            let listing = self.listing(host);
            let call = format!(
                "check --edition {edition} {} --format {} listing",
                host.selection,
                host.back_end.format()
            );
            let ran = Tool::line(&call).file("listing", &listing).run();
            assert_eq!(ran.status, 0, "{}: {ran}", host.name);
            let jumps = ["jump twilio_sip_", "-j TWILIO-SIP-"]
                .iter()
                .flat_map(|jump| listing.match_indices(jump));
            let wanted = if host.selection.contains("--direction in") {
                1
            } else {
                2
            };
            assert_eq!(jumps.count(), wanted, "{}: {listing}", host.name);
            let own = listing.matches(OWN_HOOK.lines().last().unwrap()).count();
            assert_eq!(own, usize::from(host.name == "sbc2"), "{listing}");
        }
    }

    /// Removes a rule on two of the hosts, and a jump on one of them.
    fn lose_rules_by_hand(&self) {
        self.on(
            self.host("pbx1"),
            "handle=$(nft -a list chain inet filter twilio_sip_in | sed -n 's/.*5061.* handle //p')
nft delete rule inet filter twilio_sip_in handle $handle",
        );
        self.on(
            self.host("sbc1"),
            "rule=$(iptables -S TWILIO-SIP-OUT | sed -n '/tokyo .*tls/s/^-A/-D/p')
eval iptables $rule
iptables -D INPUT -j TWILIO-SIP-IN",
        );
    }

    /// Each host loads its own firewall again, and then the files of the role.
    fn boot(&self) {
        for host in &self.hosts {
            self.on(
                host,
                match host.back_end {
                    BackEnd::Nftables => "nft -f /etc/nftables.conf",
                    _ => {
                        "iptables-restore /etc/iptables/rules.v4
cd /etc/systemd/system/multi-user.target.wants
sed -n 's/^ExecStart=//p' twilio-sip-allow-twilio-sip.service | sh -e"
                    }
                },
            );
        }
    }
}

/// Stops sshd before its namespace is removed.
impl Drop for Host {
    fn drop(&mut self) {
        if let Some(sshd) = &mut self.sshd {
            let _ = sshd.kill();
            let _ = sshd.wait();
        }
    }
}

/// The output of Ansible.
struct Play {
    text: String,
}

impl Play {
    /// The hosts whose count is not 0.
    fn hosts_with(&self, count: &str) -> Vec<&str> {
        let (_, recap) = self.text.split_once("PLAY RECAP").expect(&self.text);
        let lines = recap.lines().filter_map(|line| line.split_once(" : "));
        let lines: Vec<(&str, &str)> = lines.collect();
        assert_eq!(lines.len(), HOSTS.len(), "{}", self.text);
        let has = |counts: &str| {
            let prefix = format!("{count}=");
            let mut numbers = counts.split(' ').filter_map(|c| c.strip_prefix(&prefix));
            numbers.next().expect(counts) != "0"
        };
        lines
            .iter()
            .filter(|(_, counts)| has(counts))
            .map(|(host, _)| host.trim())
            .collect()
    }

    /// Fails unless nothing failed and exactly these hosts changed.
    fn assert_changed(&self, hosts: &[&str]) {
        assert_eq!(self.hosts_with("failed"), NONE, "{}", self.text);
        assert_eq!(self.hosts_with("changed"), hosts, "{}", self.text);
    }

    fn assert_unreachable(&self, hosts: &[&str]) {
        assert_eq!(self.hosts_with("unreachable"), hosts, "{}", self.text);
    }

    /// The output of one task.
    fn task(&self, name: &str) -> &str {
        let heading = format!("TASK [twilio_sip_allow : {name}]");
        let (_, rest) = self.text.split_once(&heading).expect(&self.text);
        rest.split("\nTASK ").next().unwrap()
    }

    /// The hosts in lines "changed: [host]", in order.
    fn changes(text: &str) -> Vec<&str> {
        let lines = text.lines().filter_map(|l| l.strip_prefix("changed: ["));
        lines.map(|line| line.split(']').next().unwrap()).collect()
    }

    /// Fails unless the hosts were processed one after the other.
    fn assert_host_by_host(&self) {
        let mut hosts = Play::changes(&self.text);
        hosts.dedup();
        assert_eq!(hosts, HOSTS.map(|(name, ..)| name), "{}", self.text);
    }
}
