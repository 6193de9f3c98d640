//! Finds invalid addresses that differ from a Twilio address by one typing error.

use std::ops::Range;

use super::context::Context;
use super::find::invalid_addresses;
use super::published::Published;

/// An invalid address that was probably meant to be a Twilio address.
pub(super) struct Slip<'p> {
    pub place: Range<usize>,
    /// The spelling that was meant, and the index of its entry in the catalog.
    pub meant: &'p (String, usize),
}

/// Returns the invalid addresses in a text that differ from a Twilio address by one typing error.
pub(super) fn invalid_slips<'p>(
    published: &'p Published,
    context: &Context,
    text: &[u8],
) -> impl Iterator<Item = Slip<'p>> {
    invalid_addresses(text).filter_map(|place| {
        let written = String::from_utf8_lossy(&text[place.clone()]);
        let is_ignored = context.is_ignored(&place);
        let meant = (!is_ignored).then(|| published.one_slip_from(&written, &context.work))??;
        Some(Slip { place, meant })
    })
}
