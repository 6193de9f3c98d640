//! The structure that `docs/architecture.md` describes: existing files, imports without cycles, and few modules that
//! depend on the operating system. The language is the one of Rust 1.85.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The files of `src` by module, such as `src/format/pf.rs` for `format::pf`.
fn modules() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = path.strip_prefix(&root).unwrap().with_extension("");
            let name = file.to_str().unwrap().replace('/', "::");
            let name = name.strip_suffix("::mod").unwrap_or(&name).to_owned();
            modules.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    modules
}

/// Removes comments and tests.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    let lines = text[..end].lines();
    let lines = lines.map(|line| line.split("//").next().unwrap_or_default());
    let code = lines.collect::<Vec<_>>().join(" ");
    // A visibility is not an import.
    code.replace("(in crate::format)", "")
}

/// The paths after `crate::` or `super::` in the text. A group in braces is several paths.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let is_start =
                !code[..at].ends_with([':', '_']) && !code[..at].ends_with(char::is_alphanumeric);
            if is_start {
                expand(&code[at..], "", &mut paths);
            }
        }
    }
    paths
}

/// Adds the paths at the start of the text, such as `a::b` and `a::c::d` for `a::{b, c::d}`.
fn expand<'t>(text: &'t str, before: &str, paths: &mut Vec<String>) -> &'t str {
    let of_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let end = text.find(|c| !of_path(c)).unwrap_or(text.len());
    let path = format!("{before}{}", &text[..end]);
    let mut rest = &text[end..];
    if !path.ends_with("::") || !rest.starts_with('{') {
        paths.push(path);
        return rest;
    }
    rest = &rest[1..];
    loop {
        rest = expand(rest.trim_start(), &path, paths).trim_start();
        let alias = rest.strip_prefix("as ").map(str::trim_start);
        rest = alias.map_or(rest, |rest| rest.trim_start_matches(of_path).trim_start());
        match rest.strip_prefix(',') {
            Some(more) if !more.trim_start().starts_with('}') => rest = more,
            Some(more) => return more.trim_start().trim_start_matches('}'),
            None => return rest.strip_prefix('}').unwrap_or(rest),
        }
    }
}

/// The module that defines a path, for a path in another module.
fn target(path: &str, module: &str, modules: &BTreeMap<String, String>) -> Option<String> {
    let mut base: Vec<&str> = module.split("::").collect();
    let mut rest = path;
    if let Some(absolute) = rest.strip_prefix("crate::") {
        (base, rest) = (Vec::new(), absolute);
    }
    while let Some(above) = rest.strip_prefix("super::") {
        base.pop();
        rest = above;
    }
    base.extend(rest.split("::"));
    (1..=base.len())
        .rev()
        .map(|length| base[..length].join("::"))
        .find(|name| modules.contains_key(name))
}

/// The imports of each module.
fn imports(modules: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let of = |(module, text): (&String, &String)| {
        let targets = paths(&code(text)).into_iter();
        let targets = targets.filter_map(|path| target(&path, module, modules));
        let own = reexports(text).filter_map(|path| {
            let path = format!("crate::{module}::{path}");
            target(&path, module, modules)
        });
        let all = targets.chain(own).filter(|target| target != module);
        (module.clone(), all.collect())
    };
    modules.iter().map(of).collect()
}

/// The names that a module re-exports from its children.
fn reexports(text: &str) -> impl Iterator<Item = String> {
    let code = code(text);
    let children = code.split("mod ").skip(1).filter_map(|rest| {
        let name = rest.split(';').next()?;
        name.chars()
            .all(|c| c.is_alphanumeric() || c == '_')
            .then(|| name.to_owned())
    });
    let children: BTreeSet<String> = children.collect();
    let used = move |name: &String| {
        ["use ", " ", "(", "&", "<", "!", "|"]
            .iter()
            .any(|before| code.contains(&format!("{before}{name}::")))
    };
    children.into_iter().filter(used)
}

/// True if one module imports another, directly or indirectly.
fn leads(from: &str, to: &str, imports: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for next in &imports[module] {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

#[test]
fn imports_have_no_cycles() {
    let modules = modules();
    let imports = imports(&modules);
    let mut circles = BTreeSet::new();
    for (module, targets) in &imports {
        for target in targets
            .iter()
            .filter(|target| leads(target, module, &imports))
        {
            circles.insert(format!("{module} -> {target}"));
        }
    }
    let circles: Vec<String> = circles.into_iter().collect();
    assert!(
        circles.is_empty(),
        "imports in a circle:\n{}",
        circles.join("\n")
    );
}

#[test]
fn only_cli_and_commands_import_the_table_of_formats() {
    let modules = modules();
    let users: Vec<String> = imports(&modules)
        .into_iter()
        .filter(|(_, targets)| targets.contains("format::registry"))
        .map(|(module, _)| module)
        .collect();
    let may = |module: &str| module.starts_with("cli") || module.starts_with("commands");
    assert!(users.iter().all(|module| may(module)), "{users:?}");
    assert!(users.len() > 2, "{users:?}");
}

/// The modules whose code contains one of the texts.
fn users_of(texts: &[&str]) -> Vec<String> {
    let uses = |text: &String| texts.iter().any(|wanted| code(text).contains(wanted));
    let modules = modules().into_iter();
    let users = modules.filter(|(_, text)| uses(text));
    users.map(|(module, _)| module).collect()
}

#[test]
fn only_one_module_reads_the_clock() {
    assert_eq!(users_of(&["::now("]), ["commands::clock"]);
}

/// With a bundle, the embedded data must have no influence, except on the help and on completions.
#[test]
fn only_the_command_line_uses_the_embedded_data_directly() {
    let users = users_of(&[
        "dataset::reference_data(",
        "dataset::edition(",
        "dataset::editions(",
        "dataset::edition_names(",
        "dataset::services(",
    ]);
    assert!(users.contains(&"cli::known_values".to_owned()), "{users:?}");
    assert!(
        users.iter().all(|module| module.starts_with("cli")),
        "{users:?}"
    );
}

#[test]
fn only_a_few_modules_depend_on_the_operating_system() {
    let of_system = [
        "std::os::",
        "rustix",
        "winapi_util",
        "cfg(unix",
        "cfg(windows",
        "cfg(target",
        "cfg(not(",
        "cfg!",
    ];
    assert_eq!(
        users_of(&of_system),
        [
            "system",
            "system::unix",
            "system::windows",
            "template",
            "template::process",
        ]
    );
}

/// The paths of files and folders in a document.
fn named_paths(document: &str) -> BTreeSet<String> {
    let of_path = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let words = document.split(|c| !of_path(c));
    let starts = [
        "src/",
        "tests/",
        "templates/",
        "data/",
        "parsers/",
        "program/",
        "systems/",
        "common/",
    ];
    let named = words.filter(|word| starts.iter().any(|start| word.starts_with(start)));
    named
        .map(|word| word.trim_end_matches('.').to_owned())
        .collect()
}

#[test]
fn documents_about_the_structure_name_existing_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (document, folder, least) in [
        ("docs/architecture.md", "", 40),
        ("CONTRIBUTING.md", "", 10),
        ("tests/README.md", "tests", 40),
    ] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let named = named_paths(&text);
        assert!(named.len() >= least, "{document}: {}", named.len());
        for path in named {
            let is_there = [folder, ""]
                .iter()
                .any(|folder| root.join(folder).join(&path).exists());
            assert!(
                is_there || path.contains("NAME"),
                "{document} names {path}, which does not exist"
            );
        }
    }
}

/// A script can only find the worst sentences. A reader has to find the others.
#[test]
fn comments_and_messages_avoid_headless_clauses_and_private_words() {
    let starts = ["What ", "Whether ", "Where "];
    let words = ["told", "mend", "mends", "mended", "mending"];
    for (module, text) in modules() {
        for line in text.lines().map(str::trim_start) {
            let comment = line.trim_start_matches('/').trim_start_matches('!').trim();
            let is_comment = line.starts_with("//");
            let is_headless = is_comment && starts.iter().any(|start| comment.starts_with(start));
            let mut parts = line.split(|c: char| !c.is_alphanumeric());
            assert!(
                !is_headless && !parts.any(|part| words.contains(&part)),
                "{module}: {line}"
            );
        }
    }
}

/// The places of `if let` and `while let` that Rust 1.85 does not know: in the guard of a match arm, and beside `&&`.
/// Later compilers accept both, whatever the `rust-version` of the crate is.
fn newer_conditions(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let code: Vec<&str> = lines.filter(|line| !line.starts_with("//")).collect();
    let code = code.join(" ").replace("'\"'", "''").replace("'{'", "''");
    let excerpt = |at: usize| code[at..].chars().take(60).collect::<String>();
    let chained = code.match_indices("&& let ").map(|(at, _)| excerpt(at));
    let conditions = ["if let ", "while let "].map(|start| code.match_indices(start));
    let newer = conditions
        .into_iter()
        .flatten()
        .filter(|(at, _)| is_newer(&code[*at..]));
    chained.chain(newer.map(|(at, _)| excerpt(at))).collect()
}

/// True if the condition at the start of the text has a `&&` outside of brackets, or is a guard.
fn is_newer(condition: &str) -> bool {
    let (_, value) = condition.split_once(" = ").unwrap_or_default();
    let (mut depth, mut is_quoted) = (0, false);
    for (at, sign) in value.char_indices() {
        match sign {
            '"' if !value[..at].ends_with('\\') => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '{' if depth == 0 => return false,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '&' if depth == 0 && value[at..].starts_with("&& ") => return true,
            '=' if depth == 0 && value[at..].starts_with("=> ") => return true,
            _ => {}
        }
    }
    false
}

#[test]
fn the_sources_use_the_language_of_the_oldest_compiler() {
    for newer in [
        "if ready && let Some(a) = b { a }",
        "if let Some(a) = b(\"{\", |x| { x }) && a { a }",
        "while let Some(A { a }) = b.last() && a { c(); }",
        "match a { b if let Some(c) = d(b) => c, _ => e }",
    ] {
        assert_eq!(newer_conditions(newer).len(), 1, "{newer}");
    }
    let older = "if let Some(a) = b.filter(|b| c && d) { match a { _ if e && f => g } }
        // if let Some(a) = b && c";
    assert_eq!(newer_conditions(older), Vec::<String>::new());

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut left: Vec<_> = ["src", "tests", "benches", "build.rs"]
        .map(|name| root.join(name))
        .into();
    let mut files = 0;
    while let Some(path) = left.pop() {
        if path.is_dir() && !path.is_symlink() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with(file!())
        {
            let found = newer_conditions(&fs::read_to_string(&path).unwrap());
            assert_eq!(found, Vec::<String>::new(), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 200, "{files}");
}
