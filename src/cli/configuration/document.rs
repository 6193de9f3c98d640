//! Parses and validates the configuration file. Its schema is `docs/config.schema.json`.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::options::{SELECTION, known_names, takes_list, validate};
use crate::dataset::visible_line;
use crate::names::did_you_mean;

/// The maximum number of checks in a file.
const MAX_CHECKS: usize = 200;

/// The maximum number of values of an option. A YAML alias can repeat the values in every check.
const MAX_VALUES: usize = 100;

/// The maximum length of a check's name, in characters.
const MAX_NAME: usize = 60;

/// The content of the file. With `ANY_NAME`, regions and editions can have any name, because a bundle may have
/// more of them than the embedded data. Their names are then checked when the bundle is read.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "the keys 'selection' and 'checks'")]
pub(super) struct Document<const ANY_NAME: bool> {
    #[serde(default, deserialize_with = "settings::<_, ANY_NAME>")]
    pub selection: Settings,
    #[serde(default, deserialize_with = "checks::<_, ANY_NAME>")]
    pub checks: Vec<Check>,
}

/// A check that `check` runs if it gets neither a file nor a format.
pub(super) struct Check {
    pub name: String,
    pub format: Vec<String>,
    pub files: Vec<String>,
    pub unit: Vec<String>,
    pub table: Vec<String>,
    pub selection: Settings,
}

/// The same, while it is read.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a check with the keys name, format and files (optional: unit, table, selection)"
)]
struct ReadCheck<const ANY_NAME: bool> {
    #[serde(deserialize_with = "name")]
    name: String,
    #[serde(deserialize_with = "format")]
    format: Vec<String>,
    #[serde(deserialize_with = "files")]
    files: Vec<String>,
    #[serde(default, deserialize_with = "unit")]
    unit: Vec<String>,
    #[serde(default, deserialize_with = "table")]
    table: Vec<String>,
    #[serde(default, deserialize_with = "settings::<_, ANY_NAME>")]
    selection: Settings,
}

impl<const ANY_NAME: bool> From<ReadCheck<ANY_NAME>> for Check {
    fn from(read: ReadCheck<ANY_NAME>) -> Check {
        Check {
            name: read.name,
            format: read.format,
            files: read.files,
            unit: read.unit,
            table: read.table,
            selection: read.selection,
        }
    }
}

/// Options by their long names, with values that each option accepts.
#[derive(Clone, Default)]
pub(super) struct Settings(pub Vec<(&'static str, Vec<String>)>);

impl Settings {
    pub fn has(&self, option: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == option)
    }
}

fn settings<'de, D: Deserializer<'de>, const ANY_NAME: bool>(
    deserializer: D,
) -> Result<Settings, D::Error> {
    deserializer.deserialize_map(SettingsVisitor { any_name: ANY_NAME })
}

struct SettingsVisitor {
    any_name: bool,
}

impl<'de> Visitor<'de> for SettingsVisitor {
    type Value = Settings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the options of a selection ({})", SELECTION.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Settings, A::Error> {
        let mut settings = Settings::default();
        while let Some(OptionName(name)) = map.next_key()? {
            if settings.has(name) {
                return Err(de::Error::custom(format!(
                    "the key '{name}' is repeated; use it only once"
                )));
            }
            let values = map.next_value_seed(ValuesOf {
                option: name,
                any_name: self.any_name,
            })?;
            settings.0.push((name, values));
        }
        if settings.has("edition") && settings.has("dataset") {
            return Err(de::Error::custom(
                "'edition' and 'dataset' cannot be used together; remove one of them",
            ));
        }
        Ok(settings)
    }
}

/// The long name of an option of the selection.
struct OptionName(&'static str);

impl<'de> Deserialize<'de> for OptionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = OptionName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an option")
            }

            // An error that is returned here contains the line of the key.
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OptionName, E> {
                match SELECTION.iter().find(|name| **name == text) {
                    Some(name) => Ok(OptionName(name)),
                    None => Err(E::custom(format!(
                        "'{text}' is not an option of a selection{}; use one of {}",
                        did_you_mean(text, SELECTION.into_iter()),
                        SELECTION.join(", ")
                    ))),
                }
            }
        }

        deserializer.deserialize_identifier(Name)
    }
}

/// Deserializes a value or a list of values of the option.
#[derive(Clone, Copy)]
struct ValuesOf {
    option: &'static str,
    /// True if regions and editions can have any name.
    any_name: bool,
}

impl<'de> DeserializeSeed<'de> for ValuesOf {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ValuesOf {
    fn value<E: de::Error>(self, text: String) -> Result<Vec<String>, E> {
        validate(self.option, &text).map_err(E::custom)?;
        if !self.any_name {
            known_names(self.option, &text).map_err(E::custom)?;
        }
        Ok(vec![text])
    }
}

impl<'de> Visitor<'de> for ValuesOf {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list of values")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
        self.value(text.to_owned())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Vec<String>, E> {
        Err(E::custom(
            "the value is missing; add one, or remove the key",
        ))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Vec<String>, E> {
        self.value(number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Vec<String>, E> {
        self.value(number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<String>, A::Error> {
        if !takes_list(self.option) {
            return Err(de::Error::custom(
                "the option accepts only one value; replace the list by a value",
            ));
        }
        let mut values = Vec::new();
        while let Some(more) = list.next_element_seed(self)? {
            values.extend(more);
            // A value can itself be a list with commas.
            let count: usize = values.iter().map(|text| text.split(',').count()).sum();
            if count > MAX_VALUES {
                return Err(de::Error::custom(format!(
                    "the list has more than {MAX_VALUES} values"
                )));
            }
        }
        if values.is_empty() {
            return Err(de::Error::custom(
                "the list is empty; add a value, or remove the key",
            ));
        }
        Ok(values)
    }
}

/// Deserializes the values of an option that is not about regions or editions.
fn values_of<'de, D: Deserializer<'de>>(
    option: &'static str,
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let any_name = true;
    ValuesOf { option, any_name }.deserialize(deserializer)
}

fn format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    values_of("format", deserializer)
}

fn unit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    values_of("name", deserializer)
}

fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    values_of("table", deserializer)
}

fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    values_of("files", deserializer)
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if name.chars().count() > MAX_NAME {
        return Err(de::Error::custom(format!(
            "the name has more than {MAX_NAME} characters"
        )));
    }
    visible_line(&name).map_err(de::Error::custom)
}

fn checks<'de, D: Deserializer<'de>, const ANY_NAME: bool>(
    deserializer: D,
) -> Result<Vec<Check>, D::Error> {
    struct Checks<const ANY_NAME: bool>;

    impl<'de, const ANY_NAME: bool> Visitor<'de> for Checks<ANY_NAME> {
        type Value = Vec<Check>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of checks")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Check>, A::Error> {
            let mut checks: Vec<Check> = Vec::new();
            let mut names = HashSet::new();
            while let Some(check) = list.next_element::<ReadCheck<ANY_NAME>>()? {
                if !names.insert(check.name.clone()) {
                    return Err(de::Error::custom(format!(
                        "two checks have the name '{}'; use a different name for each",
                        check.name
                    )));
                }
                if checks.len() == MAX_CHECKS {
                    return Err(de::Error::custom(format!(
                        "the file has more than {MAX_CHECKS} checks; split it"
                    )));
                }
                checks.push(check.into());
            }
            Ok(checks)
        }
    }

    deserializer.deserialize_seq(Checks::<ANY_NAME>)
}
