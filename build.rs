//! Converts the YAML files of `data/` to JSON, which the program embeds. Parsing YAML at every
//! start would take longer than the rest of a run. Also embeds the names of the upcoming editions, and
//! the public keys of `data/keys/`. Tests check the content of the files.

#![forbid(unsafe_code)]

use std::path::Path;
use std::{env, error, fs};

#[allow(dead_code, reason = "the program needs more of it")]
#[path = "src/yaml.rs"]
mod yaml;

fn main() -> Result<(), Box<dyn error::Error>> {
    let out = env::var("OUT_DIR")?;
    println!("cargo::rerun-if-changed=src/yaml.rs");
    // The main thread of a Windows program has a stack of 1 MiB by default; on other systems it has 8 MiB.
    if env::var("CARGO_CFG_TARGET_ENV")? == "msvc" {
        println!("cargo::rustc-link-arg-bins=/STACK:8388608");
    }
    let mut upcoming = Vec::new();
    for folder in ["data", "data/editions"] {
        println!("cargo::rerun-if-changed={folder}");
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                let value = read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                let name = path.with_extension("json");
                let name = name.file_name().ok_or("a file without a name")?;
                fs::write(Path::new(&out).join(name), value.to_string())?;
                if value["upcoming"] == true {
                    upcoming.push(value["edition"].clone());
                }
            }
        }
    }
    let upcoming = serde_json::Value::from(upcoming);
    fs::write(Path::new(&out).join("upcoming.json"), upcoming.to_string())?;
    fs::write(Path::new(&out).join("keys.json"), keys()?)?;
    Ok(())
}

/// The names and contents of the files with public keys, as JSON.
fn keys() -> Result<String, Box<dyn error::Error>> {
    println!("cargo::rerun-if-changed=data/keys");
    let mut keys = Vec::new();
    for entry in fs::read_dir("data/keys")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pub") {
            let name = path.display().to_string();
            keys.push((name, fs::read_to_string(path)?));
        }
    }
    keys.sort();
    Ok(serde_json::to_string(&keys)?)
}

fn read(path: &Path) -> Result<serde_json::Value, Box<dyn error::Error>> {
    Ok(yaml::parse(&fs::read_to_string(path)?)?)
}
