//! Decides whether the text around an address presents it as Twilio's.

use super::TwilioText;
use crate::scan::neighbors::Beside;
use crate::scan::topic::Topic;

impl TwilioText<'_> {
    /// Returns true if the text around an address presents it as Twilio's.
    pub(super) fn is_presented_as_twilios(&self, number: usize) -> bool {
        let one = &self.found[number];
        let neighbors = &self.neighbors;
        let series = neighbors.series[number];
        let at = one.place.start;
        let context = &self.context;
        // An address on the same line as a Twilio address belongs to the other side.
        let beside = context
            .row_number(at)
            .map_or(Beside::None, |row| neighbors.rows[row]);
        if !matches!(beside, Beside::None) && beside != Beside::Series(series)
            || !neighbors.has_twilios && !neighbors.is_in_list(context.list(at))
            || context.names_a_set(at)
            || self.topics.is_test
            || context.is_log(at)
            || context.is_trace(at)
            || context.is_version(&one.place)
            || context.is_own(at)
            || context.has_only_other_ports(at)
        {
            return false;
        }
        let comment = context.comment(at);
        let near_published = neighbors.has_published(context.list(at));
        if context.mentions_twilio(at) && !context.is_sentence(at)
            || matches!(comment, Some(Topic::Twilio | Topic::Region))
            || near_published && context.speaks(at)
        {
            return true;
        }
        let is_others = match comment {
            Some(topic) => topic == Topic::Other,
            None => context.is_others(at),
        };
        let in_twilios_list =
            context.list_speaks(at) || near_published && context.list_names_region(at);
        // Comments and words on a line with published addresses describe all of them.
        let is_of_others =
            || is_others || context.names_others(at, |row| neighbors.rows[row] != Beside::None);
        (in_twilios_list || neighbors.is_mostly_published(context.list(at), series))
            && (beside == Beside::Series(series) || !is_of_others())
    }
}
