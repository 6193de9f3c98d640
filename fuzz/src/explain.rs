//! Fuzzes questions about addresses, one per line.

use std::sync::LazyLock;

use twilio_sip_allow::explain::Question;
use twilio_sip_allow::policy::Policy;
use twilio_sip_allow::report::{Explanation, ExplanationForm};

use crate::{CATALOG, assert_clean, everything, json, policy, text};

static POLICY: LazyLock<Policy> = LazyLock::new(|| policy(&["global"], &everything()));

pub fn try_out(data: &[u8]) {
    let text = text(data);
    let questions: Vec<(&str, Question)> = text
        .lines()
        .filter_map(|line| match line.parse::<Question>() {
            Ok(question) => Some((line, question)),
            Err(problem) => {
                assert!(!problem.is_empty());
                None
            }
        })
        .collect();
    let explained = |form: ExplanationForm| {
        let mut explanation = Explanation::new(&CATALOG, &POLICY, form);
        let mut report = Vec::new();
        explanation
            .write(questions.iter().copied(), &mut report)
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
