use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::context::Context;
use super::error::ScanError;
use super::expected::Expected;
use super::find::{Found, find};
use super::finding::Finding;
use super::layout::Layout;
use super::line_mark::mentions_twilio;
use super::lines::Lines;
use super::published::Published;
use super::purpose::{FileTopics, Purposes};
use super::slips::{Slip, invalid_slips};
use super::topic::TopicWords;
use super::twilio_text::TwilioText;
use crate::catalog::Catalog;
use crate::dataset::ReferenceData;
use crate::limits::{Limit, Limits};
use crate::packets::Interval;

/// The text of a file.
#[derive(Clone, Copy, Debug)]
pub struct NamedText<'t> {
    /// The name of the file without its folder.
    pub name: &'t str,
    pub bytes: &'t [u8],
}

/// Scans texts for addresses, given the published and the expected networks.
pub struct Scanner<'a> {
    /// The limits for each text, and for the findings of all texts.
    pub limits: Limits,
    /// The number of findings so far.
    reported: AtomicUsize,
    published: Published<'a>,
    expected: Vec<Expected>,
    words: TopicWords,
}

impl<'a> Scanner<'a> {
    /// Makes a scanner for a catalog and the networks that a text must contain.
    pub fn new(
        catalog: &'a Catalog,
        expected: Vec<Expected>,
        reference_data: &ReferenceData,
        limits: Limits,
    ) -> Self {
        Scanner {
            limits,
            reported: AtomicUsize::new(0),
            published: Published::new(catalog),
            words: TopicWords::new(reference_data),
            expected,
        }
    }

    /// Returns the addresses in force.
    pub(super) fn in_force(&self) -> &[Interval] {
        &self.published.in_force
    }

    /// Returns the networks that a text must contain.
    pub(super) fn expected(&self) -> &[Expected] {
        &self.expected
    }

    /// Returns the findings that [`Scanner::scan`] reports. Returns `None` if there are more than `most` findings.
    pub(super) fn findings(
        &self,
        text: NamedText,
        most: usize,
    ) -> Result<Option<Vec<Finding>>, ScanError> {
        let findings = self.findings_again(text, most)?;
        if let Some(findings) = &findings {
            self.count(findings.len())?;
        }
        Ok(findings)
    }

    /// Does the same as [`Scanner::findings`] for a text that replaces one with counted findings.
    pub(super) fn findings_again(
        &self,
        text: NamedText,
        most: usize,
    ) -> Result<Option<Vec<Finding>>, ScanError> {
        let mut findings = Vec::new();
        let mut are_many = false;
        self.scan_uncounted(text, &mut |finding| {
            are_many |= findings.len() == most;
            if !are_many {
                findings.push(finding);
            }
            Ok(())
        })?;
        Ok((!are_many).then_some(findings))
    }

    fn count(&self, findings: usize) -> Result<(), ScanError> {
        let before = self.reported.fetch_add(findings, Ordering::Relaxed);
        let all = before.saturating_add(findings);
        Ok(self.limits.check(Limit::Addresses, all)?)
    }

    /// Reports all findings in the order of the text, followed by the missing networks. If there is
    /// an error, the findings are incomplete.
    pub fn scan(
        &self,
        text: NamedText,
        report: &mut dyn FnMut(Finding) -> io::Result<()>,
    ) -> Result<(), ScanError> {
        self.scan_uncounted(text, &mut |finding| {
            self.count(1)?;
            Ok(report(finding)?)
        })
    }

    fn scan_uncounted(
        &self,
        text: NamedText,
        report: &mut dyn FnMut(Finding) -> Result<(), ScanError>,
    ) -> Result<(), ScanError> {
        let NamedText { name, bytes: text } = text;
        let max = self.limits.max(Limit::Addresses);
        let mut all = find(text);
        let found: Vec<Found> = all.by_ref().take(max).collect();
        if found.is_empty() {
            return Ok(());
        }
        let mentions_twilio = mentions_twilio(text);
        let next = all.next();
        let is_twilios = |one: &Found| self.published.is_twilios(one.span);
        if !mentions_twilio
            && !found.iter().chain(&next).any(is_twilios)
            && !all.any(|one| is_twilios(&one))
        {
            return Ok(());
        }
        if next.is_some() {
            return Err(self.limits.exceeded(Limit::Addresses).into());
        }
        let lines = Lines::new(text);
        let context = Context::new(&lines, &found, &self.words, self.limits);
        let slips = invalid_slips(&self.published, &context, text);
        let slips: Vec<Slip> = slips.take(max + 1).collect();
        let layout = layout(&lines, &found, &slips);
        let purposes = Purposes::new(&context, layout, FileTopics::new(name, text), |element| {
            element
                .span
                .is_some_and(|span| self.published.contains_some(span))
        });
        let is_relevant =
            |one: &Found| !context.is_ignored(&one.place) && !context.is_called_version(&one.place);
        let found: Vec<Found> = found.into_iter().filter(is_relevant).collect();
        if !mentions_twilio && !found.iter().any(is_twilios) {
            return Ok(());
        }
        let text = TwilioText::new(
            &self.published,
            &self.expected,
            found,
            slips,
            context,
            purposes,
            mentions_twilio,
        );
        let work = text.work();
        text.report_findings(&mut |finding| {
            work.check()?;
            report(finding)
        })?;
        Ok(work.check()?)
    }
}

/// Returns the layout of the addresses that are valid, or differ from a Twilio address by one typing error.
fn layout<'t>(lines: &'t Lines<'t>, found: &[Found], slips: &[Slip]) -> Layout<'t> {
    let valid = found.iter().map(|one| {
        (
            one.place.clone(),
            (!one.has_invalid_prefix).then_some(one.span),
        )
    });
    let invalid = slips.iter().map(|slip| (slip.place.clone(), None));
    let mut places: Vec<_> = valid.chain(invalid).collect();
    places.sort_by_key(|(place, _)| place.start);
    Layout::new(lines, places.into_iter())
}
