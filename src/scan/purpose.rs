//! Decides about the use of the addresses of a text, according to the text around them.
//!
//! The findings, the hints, the advice and `--fix` all use this decision.

mod around;
mod file_topics;
mod web_server;

use std::cell::OnceCell;

use self::around::evidence_around;
pub(super) use self::file_topics::FileTopics;
use self::web_server::filters_http;
use super::context::Context;
use super::evidence::{Evidence, Planes, Ports, Service};
use super::layout::{Element, Form, Layout, List};
use crate::policy::Direction;

/// The use of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purpose {
    pub service: Service,
    /// The planes that it serves, at least one.
    pub planes: Planes,
    /// True if the address is in a rule or a list of addresses that are not allowed.
    pub is_denied: bool,
    /// True if the text names the superseded media ports, 10000-20000, for the other side of a call. Then these ports are
    /// wrong too.
    pub has_old_ports: bool,
}

impl Default for Purpose {
    fn default() -> Self {
        Purpose {
            service: Service::default(),
            planes: Planes::ALL,
            is_denied: false,
            has_old_ports: false,
        }
    }
}

/// The purposes of all addresses of a text.
pub(super) struct Purposes<'t> {
    pub topics: FileTopics,
    layout: Layout<'t>,
    /// The text around elements, each with the first element to which it applies.
    surroundings: Vec<(usize, Surroundings)>,
    /// The purposes of the elements that are needed several times.
    known: Vec<Option<Purpose>>,
    /// True if the text has a list whose own line, or the text around it, names media alone.
    has_media_list: OnceCell<bool>,
}

/// The text around an element, apart from its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Surroundings {
    /// The lines above and below the block.
    around: Evidence,
    /// The last comment in the block that says something.
    section: Evidence,
}

impl Surroundings {
    fn service(&self) -> Option<Service> {
        if self.section.says_something() {
            self.section.service
        } else {
            self.around.service
        }
    }

    /// Returns the closest evidence of a plane.
    fn of_planes(&self) -> Evidence {
        let all = [self.section, self.around].into_iter();
        let mut named = all.filter(|evidence| evidence.is_of_a_plane());
        named.next().unwrap_or_default()
    }
}

impl<'t> Purposes<'t> {
    /// Reads the text around addresses. `is_frequent` returns true for addresses whose purpose is needed several times.
    pub(super) fn new(
        context: &Context,
        layout: Layout<'t>,
        topics: FileTopics,
        is_frequent: impl Fn(&Element) -> bool,
    ) -> Purposes<'t> {
        let mut purposes = Purposes {
            topics,
            surroundings: surroundings(context, &layout),
            known: vec![None; layout.elements.len()],
            has_media_list: OnceCell::new(),
            layout,
        };
        for at in 0..purposes.known.len() {
            let first = purposes.deciding(at);
            if purposes.known[first].is_none() && is_frequent(&purposes.layout.elements[at]) {
                purposes.known[first] = Some(purposes.read(context, first));
            }
        }
        purposes
    }

    /// Returns the purpose of the address that begins at a position, or of the last one before it.
    pub(super) fn of(&self, context: &Context, at: usize) -> Purpose {
        let Some(at) = self.layout.element_at(at) else {
            return Purpose::default();
        };
        let first = self.deciding(at);
        self.known[first].unwrap_or_else(|| self.read(context, first))
    }

    /// Returns the element that decides about an element. The first one of an inline list decides for all.
    fn deciding(&self, at: usize) -> usize {
        let list = &self.layout.lists[self.layout.elements[at].list];
        match (list.form, list.members.first()) {
            (Form::Inline, Some(first)) => *first,
            _ => at,
        }
    }

    fn read(&self, context: &Context, at: usize) -> Purpose {
        let element = &self.layout.elements[at];
        let list = &self.layout.lists[element.list];
        let own = self.own_evidence(context, element, list);
        let around = self.around(at);
        let of_planes = around.of_planes();
        let named = if own.is_of_a_plane() { own } else { of_planes };
        let names_sip = own.names_sip || around.section.names_sip || around.around.names_sip;
        let planes = if named.is_of_a_plane() {
            named.planes
        } else if names_sip && self.has_media_list(context) {
            Planes::SIGNALING
        } else {
            Planes::ALL
        };
        let from = (self.layout.word_before(element) == "from").then_some(Direction::In);
        let direction = own.direction.or(from).or(named.direction);
        let service = own.service.or(around.service());
        Purpose {
            service: service.unwrap_or(self.topics.service),
            planes,
            is_denied: own.is_denied || around.section.is_denied || around.around.is_denied,
            // The ports of incoming media are the user's own.
            has_old_ports: planes.media
                && named.ports == Ports::Superseded
                && direction != Some(Direction::In),
        }
    }

    fn around(&self, at: usize) -> Surroundings {
        let before = self.surroundings.partition_point(|(first, _)| *first <= at);
        let around = self.surroundings[..before].last();
        around.map_or_else(Surroundings::default, |(_, around)| *around)
    }

    fn has_media_list(&self, context: &Context) -> bool {
        *self.has_media_list.get_or_init(|| {
            self.layout.lists.iter().any(|list| {
                let first = list.members.first();
                first.is_some_and(|at| {
                    let own = self.own_evidence(context, &self.layout.elements[*at], list);
                    let named = if own.is_of_a_plane() {
                        own
                    } else {
                        self.around(*at).of_planes()
                    };
                    named.is_of_media_alone()
                })
            })
        })
    }

    /// Reads the line of an element, or the first and the last line of an inline list.
    fn own_evidence(&self, context: &Context, element: &Element, list: &List) -> Evidence {
        let start = element.place.start;
        let mut own = Evidence::of(&context.near_words(start));
        let last = list.members.last().filter(|_| list.form == Form::Inline);
        if let Some(last) = last {
            let last = self.layout.elements[*last].place.start;
            own = own.and(Evidence::of(&context.near_words(last)));
        }
        own.planes.signaling |= self.layout.word_before(element) == "match";
        if context.has_only_web_ports(start)
            || filters_http(&self.layout, element, list, self.topics)
        {
            own.service = own.service.or(Some(Service::Webhooks));
        }
        own
    }
}

/// Returns the text around elements, each with the first element to which it applies.
fn surroundings(context: &Context, layout: &Layout) -> Vec<(usize, Surroundings)> {
    let mut all: Vec<(usize, Surroundings)> = Vec::new();
    let mut last = Surroundings::default();
    let mut block = 0..0;
    for at in 0..layout.elements.len() {
        let own = &layout.lists[layout.elements[at].list].block;
        if *own == block {
            last.section = section(context, layout, at).unwrap_or(last.section);
        } else {
            block = own.clone();
            last = Surroundings {
                around: evidence_around(context, layout, &block),
                section: Evidence::default(),
            };
        }
        if all.last().is_none_or(|(_, known)| *known != last) {
            all.push((at, last));
        }
    }
    all
}

/// Returns the last comment between an element and the one before it that says something.
fn section(context: &Context, layout: &Layout, at: usize) -> Option<Evidence> {
    let before = &layout.elements[at.checked_sub(1)?];
    let first = layout.lines.at(before.place.end - 1) + 1;
    let rows = (first..layout.elements[at].row).rev();
    let mut said = rows.map(|row| Evidence::of(&context.line_words(row)));
    said.find(|said| said.says_something())
}
