//! Fuzzes the command line and the environment, and the code that turns them into options. It
//! touches no file.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use twilio_sip_allow::cli::{
    Cli, DatasetVerb, Layout, PublishedArgs, RenderArgs, SelectionArgs, Source, Verb, parse_from,
};
use twilio_sip_allow::dataset::Data;
use twilio_sip_allow::format::{self, Unit};
use twilio_sip_allow::policy::Policy;
use twilio_sip_allow::select::{self, Notice};

use crate::{REFERENCE_DATA, explain};

/// Uses each line as an argument, except lines such as `TWILIO_SIP_ALLOW_REGION=tokyo`, which set
/// variables.
pub fn try_out(data: &[u8]) {
    let mut words = vec![OsString::from("twilio-sip-allow")];
    let mut variables = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        let parts = line
            .iter()
            .position(|byte| *byte == b'=')
            .map(|at| line.split_at(at));
        match parts {
            _ if line.contains(&0) => {}
            Some((name, value)) if name.starts_with(b"TWILIO_SIP_ALLOW_") => {
                let word = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
                variables.push((word(name), word(&value[1..])));
            }
            _ => words.push(OsString::from_vec(line.to_vec())),
        }
    }
    for (name, value) in &variables {
        // SAFETY: no other thread of a fuzz target reads the environment.
        unsafe { std::env::set_var(name, value) };
    }
    match parse_from(&words) {
        Ok(cli) => use_it(cli),
        Err(exit) => assert!(!exit.text().is_empty()),
    }
    for (name, _) in &variables {
        // SAFETY: no other thread of a fuzz target reads the environment.
        unsafe { std::env::remove_var(name) };
    }
}

fn use_it(cli: Cli) {
    let console = cli.console();
    cli.environment_note();
    match cli.command {
        None => render(&cli.render),
        Some(Verb::Render(args)) => render(&args),
        Some(Verb::Check(args)) => {
            args.report(console);
            let _ = args.files();
            if let (Ok(format), Some(policy)) = (args.format(), policy(&args.selection)) {
                render_policy(format, &policy, &args.unit());
            }
        }
        Some(Verb::Dataset(DatasetVerb::Show(args))) => {
            args.source();
        }
        Some(Verb::Dataset(DatasetVerb::Diff(args))) => published(&args.published),
        Some(Verb::Dataset(DatasetVerb::Import(args))) => {
            args.connection();
        }
        Some(Verb::Explain(args)) => {
            policy(&args.selection);
            if let Ok(Some(addresses)) = args.addresses() {
                explain::try_out(addresses.join("\n").as_bytes());
            }
        }
        Some(Verb::Verify(args)) => {
            policy(&args.selection);
            let _ = (args.files(), args.report());
        }
        Some(Verb::Scan(args)) => {
            published(&args.published);
            let _ = (args.files(), args.fails_on());
        }
        Some(Verb::Dataset(DatasetVerb::Verify(_) | DatasetVerb::Bundle)) => {}
        Some(Verb::List(_) | Verb::Completions(_) | Verb::Man) => {}
    }
}

fn render(args: &RenderArgs) {
    args.destination();
    if let (Ok(Layout::Format(format)), Some(policy)) = (args.layout(), policy(&args.selection)) {
        render_policy(format, &policy, &args.unit());
    }
}

fn render_policy(format: &dyn format::Format, policy: &Policy, unit: &Unit) {
    if let Err(error) = format::render(format, policy, unit) {
        assert!(!error.to_string().is_empty());
    }
}

fn policy(args: &SelectionArgs) -> Option<Policy> {
    published(&args.published);
    let Source::Editions(names) = args.published.source(select::DEFAULT_EDITION) else {
        return None;
    };
    let editions = select::editions(&names, &Data::Embedded).ok()?;
    let selection = args.selection();
    let policy = select::policy(&selection, &editions, &REFERENCE_DATA).ok()?;
    for notice in select::notices(&selection, &policy, &editions, &REFERENCE_DATA) {
        let (Notice::Warning(text) | Notice::Note(text)) = notice;
        assert!(!text.is_empty());
    }
    Some(policy)
}

fn published(args: &PublishedArgs) {
    args.planes();
    if let Err(error) = select::regions(args.regions(), &[], &REFERENCE_DATA) {
        assert!(!error.to_string().is_empty());
    }
}
