use serde::Serialize;

/// One explanation for the whole drift of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    pub kind: DiagnosisKind,
    /// The explanation and what to do, on one line.
    pub text: String,
    /// The options to change so that the file is in sync. Empty if no options explain the drift.
    pub options: Vec<ChangedOption>,
}

/// The kind of an explanation, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosisKind {
    /// The input has none of the rules.
    NotDeployed,
    /// The rules are complete, but no packet gets to some of the units.
    NotHooked,
    /// The rules are those of another edition. The other kinds that follow name the changed option.
    OtherEdition,
    OtherRegions,
    OtherPlane,
    OtherDirection,
    OtherTransport,
    OtherPorts,
    /// The rules are those of several changed options.
    OtherOptions,
}

/// An option with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedOption {
    /// The long name, without hyphens at the start.
    pub name: &'static str,
    /// `None` means that the option must be removed.
    pub value: Option<String>,
}

impl Diagnosis {
    /// Returns true if one of the changed options has this name.
    pub fn changes(&self, option: &str) -> bool {
        self.options.iter().any(|changed| changed.name == option)
    }
}
