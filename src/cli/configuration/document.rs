//! Parses and validates the configuration file. Its schema is `docs/config.schema.json`.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::options::{SELECTION, takes_list, validate};
use crate::dataset::visible_line;
use crate::names::did_you_mean;

/// The maximum number of checks in a file.
const MAX_CHECKS: usize = 200;

/// The maximum number of values of an option. A YAML alias can repeat the values in every check.
const MAX_VALUES: usize = 100;

/// The maximum length of a check's name, in characters.
const MAX_NAME: usize = 60;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "the keys 'selection' and 'checks'")]
pub(super) struct Document {
    #[serde(default)]
    pub selection: Settings,
    #[serde(default, deserialize_with = "checks")]
    pub checks: Vec<Check>,
}

/// A check that `check` runs if it gets neither a file nor a format.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a check with the keys name, format and files (optional: unit, table, selection)"
)]
pub(super) struct Check {
    #[serde(deserialize_with = "name")]
    pub name: String,
    #[serde(deserialize_with = "format")]
    pub format: Vec<String>,
    #[serde(deserialize_with = "files")]
    pub files: Vec<String>,
    #[serde(default, deserialize_with = "unit")]
    pub unit: Vec<String>,
    #[serde(default, deserialize_with = "table")]
    pub table: Vec<String>,
    #[serde(default)]
    pub selection: Settings,
}

/// Options by their long names, with values that each option accepts.
#[derive(Clone, Default)]
pub(super) struct Settings(pub Vec<(&'static str, Vec<String>)>);

impl Settings {
    pub fn has(&self, option: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == option)
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SettingsVisitor)
    }
}

struct SettingsVisitor;

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
            let values = map.next_value_seed(ValuesOf(name))?;
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
struct ValuesOf(&'static str);

impl<'de> DeserializeSeed<'de> for ValuesOf {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ValuesOf {
    fn value<E: de::Error>(self, text: String) -> Result<Vec<String>, E> {
        validate(self.0, &text).map_err(E::custom)?;
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
        if !takes_list(self.0) {
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

fn format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    ValuesOf("format").deserialize(deserializer)
}

fn unit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    ValuesOf("name").deserialize(deserializer)
}

fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    ValuesOf("table").deserialize(deserializer)
}

fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    ValuesOf("files").deserialize(deserializer)
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

fn checks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Check>, D::Error> {
    struct Checks;

    impl<'de> Visitor<'de> for Checks {
        type Value = Vec<Check>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of checks")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Check>, A::Error> {
            let mut checks: Vec<Check> = Vec::new();
            let mut names = HashSet::new();
            while let Some(check) = list.next_element::<Check>()? {
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
                checks.push(check);
            }
            Ok(checks)
        }
    }

    deserializer.deserialize_seq(Checks)
}
