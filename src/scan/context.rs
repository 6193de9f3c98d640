//! The lines around an address: their topics, and the lists of addresses that they form.

mod line;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use super::comment::{comment_within, is_setting};
use super::find::Found;
use super::label::Labels;
use super::line_kind;
use super::line_mark::{LineMark, has_directive};
use super::lines::Lines;
use super::topic::{Topic, TopicWords};
use super::words::normalize_words;
use super::work::Work;
use crate::limits::Limits;

/// The maximum number of lines above a list that can make it a list of Twilio addresses.
const REACH: usize = 5;

/// The maximum number of consecutive lines without an address within a list.
const LONGEST_PAUSE: usize = 2;

/// The maximum number of bytes of a comment that are read.
const LONGEST_COMMENT: usize = 256;

/// The number of bytes of words in one step if all are ASCII. Otherwise each byte is one step.
const ASCII_IN_A_STEP: usize = 4;

/// All places in the same piece of a line share the nearby words. A piece has this many bytes.
const WORDS_STEP: usize = 64;

/// The lines of a text with addresses.
pub struct Context<'t> {
    lines: &'t Lines<'t>,
    rows: Vec<Row>,
    lists: usize,
    words: &'t TopicWords,
    /// The last line without addresses that was asked for. The flag is true if it has an ignore
    /// directive.
    other_line: Cell<(Option<usize>, bool)>,
    /// The nearby words of the last place that was asked for, and their range in the text.
    near_words: RefCell<(Range<usize>, Rc<str>)>,
    /// The last list whose words were compared, and these words.
    labels: RefCell<(Option<usize>, Labels)>,
    /// The steps for reading words and for classifying addresses.
    pub work: Work,
}

/// The topics of the headings of a list, and of the comments in it before a line.
#[derive(Clone, Copy)]
struct Topics {
    /// True if one of them mentions Twilio.
    twilio: bool,
    /// True if one of them names a region.
    region: bool,
}

struct Row {
    line: usize,
    /// The index of its list.
    list: usize,
    topics: Topics,
    /// True if the line before the list is a firewall rule.
    follows_rule: bool,
    /// True if the last comment in the list above this line is about something else.
    is_others: bool,
    mark: LineMark,
}

impl<'t> Context<'t> {
    /// Makes the context of the addresses that were found in a text.
    pub fn new(
        lines: &'t Lines<'t>,
        found: &[Found],
        words: &'t TopicWords,
        limits: Limits,
    ) -> Self {
        let mut context = Context {
            lines,
            rows: Vec::new(),
            lists: 0,
            words,
            other_line: Cell::default(),
            near_words: RefCell::new((0..0, "".into())),
            labels: RefCell::default(),
            work: Work::new(limits),
        };
        let mut lines: Vec<usize> = Vec::new();
        for one in found {
            lines.extend([one.place.start, one.place.end - 1].map(|at| context.lines.at(at)));
        }
        lines.dedup();
        let lists: Vec<&[usize]> = lines
            .chunk_by(|one, next| context.is_same_list(*one, *next))
            .collect();
        context.lists = lists.len();
        for (number, list) in lists.into_iter().enumerate() {
            context.add_rows(list, number);
        }
        context
    }

    /// Returns true if two consecutive lines with addresses belong to the same list.
    fn is_same_list(&self, line: usize, next: usize) -> bool {
        let mut between = line + 1..next;
        between.len() <= LONGEST_PAUSE
            && between.all(|line| self.lines.is_blank(line) || self.lines.is_comment(line))
    }

    /// Adds the lines of a list, each with the topics of the comments before it.
    fn add_rows(&mut self, lines: &[usize], list: usize) {
        let mut topics = self.head_topics(lines[0]);
        let follows_rule = self.head_is_rule(lines[0]);
        let mut is_others = false;
        let mut line = lines[0].saturating_sub(1);
        for row in lines {
            while line < *row {
                if self.lines.is_blank(line) {
                    is_others = false;
                } else if self.lines.is_comment(line) {
                    let topic = self.topic(line);
                    is_others = topic == Topic::Other;
                    if line >= lines[0] {
                        topics.twilio |= topic == Topic::Twilio;
                        topics.region |= topic == Topic::Region;
                    }
                }
                line += 1;
            }
            let mark = LineMark::of(self.lines.whole(*row));
            self.rows.push(Row {
                line: *row,
                list,
                topics,
                follows_rule,
                is_others,
                mark,
            });
            let ending = comment_within(&self.lines.beginning_text(*row)).is_some();
            topics.twilio |= ending && mark == LineMark::Twilio;
            line = line.max(row + 1);
        }
    }

    pub fn text(&self) -> &'t [u8] {
        self.lines.text()
    }

    fn row(&self, at: usize) -> Option<&Row> {
        self.row_number(at).map(|number| &self.rows[number])
    }

    /// Returns the words of a text in the form of [`normalize_words`]; empty if the steps are used
    /// up.
    fn words_of(&self, text: &str) -> String {
        if self.work.is_exceeded() {
            return String::new();
        }
        let words = normalize_words(text);
        self.work.add(if text.is_ascii() {
            words.len() / ASCII_IN_A_STEP
        } else {
            // Some characters are dropped, and some expand to words.
            text.len().max(words.len())
        });
        words
    }

    /// Returns the words at the beginning of a line in the form of [`normalize_words`].
    pub fn line_words(&self, line: usize) -> String {
        self.words_of(&self.lines.beginning_text(line))
    }

    /// Returns the words near a place in the form of [`normalize_words`]. Places that are close to
    /// each other share them.
    pub fn near_words(&self, at: usize) -> Rc<str> {
        let start = self.lines.start(self.lines.at(at));
        let step = start + (at - start) / WORDS_STEP * WORDS_STEP;
        let place = self.lines.around(step..step + WORDS_STEP);
        let mut near = self.near_words.borrow_mut();
        if near.0 != place {
            let words = self.words_of(&String::from_utf8_lossy(&self.lines.text()[place.clone()]));
            *near = (place, words.into());
        }
        near.1.clone()
    }

    /// Returns true if a line of a place has an ignore directive.
    pub fn is_ignored(&self, place: &Range<usize>) -> bool {
        let ignores = |at| match self.row(at) {
            Some(row) => row.mark == LineMark::Ignore,
            None => self.other_line_ignores(self.lines.at(at)),
        };
        ignores(place.start) || ignores(place.end - 1)
    }

    /// Returns true if a line without addresses has an ignore directive. The last result is cached,
    /// because a long line may have many places.
    fn other_line_ignores(&self, line: usize) -> bool {
        let (last, ignores) = self.other_line.get();
        if last == Some(line) {
            return ignores;
        }
        let ignores = has_directive(self.lines.whole(line));
        self.other_line.set((Some(line), ignores));
        ignores
    }

    /// Returns true if the line of a place mentions Twilio.
    pub fn mentions_twilio(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.mark == LineMark::Twilio)
    }

    /// Returns true if the words near a place mention Twilio or one of its regions.
    pub fn speaks(&self, at: usize) -> bool {
        self.words.speak(&self.near_words(at))
    }

    /// Returns true if the line of an address, or the one before its list, is a firewall rule.
    pub fn is_rule(&self, at: usize) -> bool {
        line_kind::is_rule(&self.near_words(at)) || self.row(at).is_some_and(|row| row.follows_rule)
    }

    /// Returns true if the line of a place has a word that names somebody else. Such a word occurs on no line of the list
    /// that has published addresses, or on no other line if there are none. `is_published` takes the number of a line with
    /// addresses.
    pub fn names_others(&self, at: usize, is_published: impl Fn(usize) -> bool) -> bool {
        let Some(row) = self.row(at) else {
            return false;
        };
        let mut labels = self.labels.borrow_mut();
        if labels.0 != Some(row.list) {
            let first = self.rows.partition_point(|other| other.list < row.list);
            let end = self.rows.partition_point(|other| other.list <= row.list);
            let all = || first..end;
            let has_published = all().any(&is_published);
            let numbers = all().filter(|number| !has_published || is_published(*number));
            let lines = numbers.map(|number| self.rows[number].line);
            let of_list = Labels::new(lines, |line| self.line_words(line));
            *labels = (Some(row.list), of_list);
        }
        labels
            .1
            .names_others(row.line, &self.near_words(at), self.words)
    }

    /// Returns the topic of the comment in a line, if any. Only the start of a long comment counts.
    pub fn comment(&self, at: usize) -> Option<Topic> {
        let near = String::from_utf8_lossy(self.lines.near(at));
        let comment = comment_within(&near)?.as_bytes();
        let start = &comment[..comment.len().min(LONGEST_COMMENT)];
        Some(self.topic_of(&String::from_utf8_lossy(start)))
    }

    fn topic(&self, line: usize) -> Topic {
        if has_directive(self.lines.beginning(line)) {
            return Topic::Neutral;
        }
        self.topic_of(&self.lines.beginning_text(line))
    }

    fn topic_of(&self, text: &str) -> Topic {
        self.words.topic(&self.words_of(text))
    }

    /// Returns the topics of the lines above a list.
    fn head_topics(&self, start: usize) -> Topics {
        let heads = |line| line + 1 == start && !is_setting(&self.lines.beginning_text(line));
        let headings = self
            .lines_above(start)
            .filter(|line| heads(*line) || self.lines.is_comment(*line));
        let found: Vec<Topic> = headings.map(|line| self.topic(line)).collect();
        Topics {
            twilio: found.contains(&Topic::Twilio),
            region: found.contains(&Topic::Region),
        }
    }

    /// Returns true if the line before a list is a firewall rule.
    fn head_is_rule(&self, start: usize) -> bool {
        let before = start.checked_sub(1);
        before.is_some_and(|line| {
            let words = self.line_words(line);
            line_kind::is_rule(&words) && !line_kind::is_sentence(&words)
        })
    }

    /// Returns the lines before a line up to a blank one, at most [`REACH`], starting with the closest.
    fn lines_above(&self, start: usize) -> impl Iterator<Item = usize> {
        let above = (start.saturating_sub(REACH)..start).rev();
        above.take_while(|line| !self.lines.is_blank(*line))
    }

    /// Returns the number of lists.
    pub fn lists(&self) -> usize {
        self.lists
    }

    /// Returns the index of a line among the lines with addresses.
    pub fn row_number(&self, at: usize) -> Option<usize> {
        let line = self.lines.at(at);
        self.rows.binary_search_by_key(&line, |row| row.line).ok()
    }

    /// Returns the number of lines with addresses.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Returns the index of the list that contains an address.
    pub fn list(&self, at: usize) -> Option<usize> {
        self.row(at).map(|row| row.list)
    }

    /// Returns true if a heading of the list, or a comment before the address, mentions Twilio.
    pub fn list_speaks(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.topics.twilio)
    }

    /// Returns true if a heading of the list, or a comment before the address, names a region.
    pub fn list_names_region(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.topics.region)
    }

    /// Returns true if the last comment before an address in its list is about something else.
    pub fn is_others(&self, at: usize) -> bool {
        self.row(at).is_some_and(|row| row.is_others)
    }
}
