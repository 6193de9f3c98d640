//! Fuzzes questions about addresses, one per line.

use std::borrow::Cow;
use std::sync::LazyLock;

use twilio_sip_allow::explain::{Question, parse_questions};
use twilio_sip_allow::policy::Policy;
use twilio_sip_allow::report::{Explanation, ExplanationForm};

use crate::{CATALOG, assert_clean, everything, json, policy, text};

static POLICY: LazyLock<Policy> = LazyLock::new(|| policy(&["global"], &everything()));

pub fn try_out(data: &[u8]) {
    let text = text(data);
    let questions: Vec<(Cow<str>, Question)> = text
        .lines()
        .flat_map(|line| {
            parse_questions(line).unwrap_or_else(|problem| {
                assert!(!problem.is_empty());
                Vec::new()
            })
        })
        .collect();
    let explained = |form: ExplanationForm| {
        let mut explanation = Explanation::new(&CATALOG, &POLICY, form);
        let mut report = Vec::new();
        explanation
            .write(questions.iter().cloned(), &mut report)
            .unwrap();
        (
            String::from_utf8(report).unwrap(),
            explanation.all_allowed(),
        )
    };
    let (lines, allowed) = explained(ExplanationForm::Text { colored: false });
    assert_clean(&lines);
    let (report, allowed_too) = explained(ExplanationForm::Json);
    assert_eq!(allowed, allowed_too);
    let addresses = json(&report)["addresses"].as_array().map(Vec::len);
    assert_eq!(addresses, Some(questions.len()));
}
