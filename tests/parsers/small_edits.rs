//! Small edits of correct rulesets. If `check` finds no drift in an edited ruleset, the independent readers
//! and the packets of the packet tests must confirm it.

use crate::common::lab::iptables_names;
use crate::common::mutate;
use crate::common::namespace::Namespace;
use crate::common::oracle::{Selected, Tcp};
use crate::common::readers;

/// The number of cases for each format.
const MUTANTS: usize = 2_400;

/// Checks edited rulesets in which `check` finds no drift.
struct Checks {
    format: &'static str,
    /// A namespace that loads the texts that the reader does not support.
    namespace: Option<Namespace>,
    folder: tempfile::TempDir,
    names: String,
}

impl Checks {
    fn new(format: &'static str) -> Option<Checks> {
        let folder = tempfile::tempdir().unwrap();
        let (namespace, names) = match format {
            "nftables" => (
                Some(Namespace::new("no_mutant_of_nftables_is_missed", &["nft"])?),
                String::new(),
            ),
            "iptables" => (
                Some(Namespace::new(
                    "no_mutant_of_iptables_is_missed",
                    &["nft", "xtables-nft-multi"],
                )?),
                iptables_names(folder.path(), "nft"),
            ),
            _ => (None, String::new()),
        };
        Some(Checks {
            format,
            namespace,
            folder,
            names,
        })
    }

    /// True if, according to the independent readers, every packet of the packet tests has the verdict
    /// that follows from the published networks and ports.
    fn means_the_same(&self, text: &str, selected: &Selected) -> Result<(), String> {
        let clauses = match self.clauses(&readable(self.format, text, selected)) {
            Ok(clauses) => clauses,
            Err(why) => self.clauses(&self.listed(text).ok_or(why)??)?,
        };
        let tcp = match self.format {
            "pf" => Tcp::Opening,
            "cisco" => Tcp::WayBack,
            _ => Tcp::Any,
        };
        mutate::pass_as_published(&clauses, selected, tcp)
    }

    fn clauses(&self, text: &str) -> Result<Vec<readers::Clause>, String> {
        mutate::read(|| readers::clauses(self.format, text))
    }

    /// The text as the kernel prints it; `None` for a format without a kernel.
    fn listed(&self, text: &str) -> Option<Result<String, String>> {
        let namespace = self.namespace.as_ref()?;
        let file = self.folder.path().join("mutant");
        std::fs::write(&file, text).unwrap();
        let (load, list) = match self.format {
            "nftables" => ("nft -f", "nft list ruleset"),
            _ => ("iptables-restore --noflush", "iptables-save -t filter"),
        };
        let (ok, printed) = namespace.try_script(&format!(
            "{}\nnft flush ruleset\n{load} {}\n{list}",
            self.names,
            file.display()
        ));
        Some(if !ok {
            Err(format!("it does not load: {printed}"))
        } else if self.format == "nftables" {
            Ok(readers::unit_blocks(&printed))
        } else {
            // An empty chain may be missing.
            let lines = readers::unit_lines(&printed);
            let rules: Vec<&str> = lines.lines().filter(|l| l.starts_with("-A")).collect();
            let chains = ":TWILIO-SIP-IN - [0:0]\n:TWILIO-SIP-OUT - [0:0]";
            Ok(format!("*filter\n{chains}\n{}\nCOMMIT\n", rules.join("\n")))
        })
    }
}

/// The text in the form that the reader expects. The reader of security groups takes the direction from
/// descriptions, which `check` ignores.
fn readable(format: &str, text: &str, selected: &Selected) -> String {
    let Ok(mut group) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.to_owned();
    };
    if format != "aws-sg" {
        return text.to_owned();
    }
    for (key, permissions) in group.as_object_mut().into_iter().flatten() {
        let way = match (selected.direction, key.as_str()) {
            ("out", _) | (_, "IpPermissionsEgress") => " out, ",
            _ => " in, ",
        };
        for permission in permissions.as_array_mut().into_iter().flatten() {
            for range in permission["IpRanges"].as_array_mut().into_iter().flatten() {
                range["Description"] = way.into();
            }
        }
    }
    group.to_string()
}

fn no_mutant_is_missed(format: &'static str) {
    if let Some(judges) = Checks::new(format) {
        mutate::assert_none_is_missed(
            format,
            MUTANTS,
            |_| (),
            |text, selected| judges.means_the_same(text, selected),
        );
    }
}

#[test]
fn no_mutant_of_iptables_is_missed() {
    no_mutant_is_missed("iptables");
}

#[test]
fn no_mutant_of_nftables_is_missed() {
    no_mutant_is_missed("nftables");
}

#[test]
fn no_mutant_of_pf_is_missed() {
    no_mutant_is_missed("pf");
}

#[test]
fn no_mutant_of_aws_sg_is_missed() {
    no_mutant_is_missed("aws-sg");
}

#[test]
fn no_mutant_of_cisco_is_missed() {
    no_mutant_is_missed("cisco");
}
