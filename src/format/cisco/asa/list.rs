//! The lines of an access list.

use crate::format::read::words::Words;
use crate::read_error::ReadError;

#[derive(Default)]
pub(super) struct List<'a> {
    pub form: Option<Form>,
    pub entries: Vec<Listed<'a>>,
    /// The place of the list's head, and the number of elements that it announces.
    elements: Option<(u32, usize)>,
    /// The number of the last line. Lines without numbers are counted.
    last: u32,
}

/// An entry. Each of its lines is a place and the text after `extended`.
pub(super) struct Listed<'a> {
    pub number: u32,
    pub line: (u32, &'a str),
    /// The expanded elements of its objects and groups, as `show access-list` prints them.
    pub elements: Vec<(u32, &'a str)>,
}

/// The source of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A configuration.
    Configured,
    /// The output of `show access-list`.
    Shown,
}

impl<'a> List<'a> {
    /// Adds a line. `words` are the words after the list's name.
    pub fn add(&mut self, at: u32, mut words: Words<'a>) -> Result<(), String> {
        let number = words
            .next_if(|word| word == "line")
            .map(|_| words.need("the number of a line"))
            .transpose()?;
        let form = if number.is_some() {
            Form::Shown
        } else {
            Form::Configured
        };
        if self.form.replace(form).is_some_and(|known| known != form) {
            return Err(TWICE.to_owned());
        }
        let next = self.last + 1;
        let number = match number {
            None => next,
            Some(word) => {
                let number = word.parse().ok().filter(|n| [self.last, next].contains(n));
                number.ok_or_else(|| {
                    format!("expected line {next} of the access list, not '{word}'; provide the complete list")
                })?
            }
        };
        match words.need("extended or remark")? {
            "remark" if number == next => {
                words.need("the text of a remark")?;
            }
            "extended" if number == next => self.entries.push(Listed {
                number,
                line: (at, words.rest()),
                elements: Vec::new(),
            }),
            "extended" => {
                let entry = self.entries.last_mut().filter(|e| e.number == number);
                let entry = entry.ok_or_else(|| {
                    format!(
                        "line {number} of the access list is a remark, which has no elements; \
                         provide the complete list"
                    )
                })?;
                entry.elements.push((at, words.rest()));
            }
            "remark" => return Err(format!("expected line {next} of the access list")),
            "standard" | "ethertype" | "webtype" => return Err(OTHER_KIND.to_owned()),
            word => {
                return Err(format!("expected extended or remark, not '{word}'"));
            }
        }
        self.last = number;
        Ok(())
    }

    /// Reads the rest of a head, such as `; 8 elements; name hash: 0x12345678`.
    pub fn announce(&mut self, at: u32, mut words: Words) -> Result<(), String> {
        let count = words.next().and_then(|count| count.parse().ok());
        let is_head = words.next().is_some_and(|word| word.starts_with("element"));
        let count = count.filter(|_| is_head);
        let count = count.ok_or("expected the number of elements after the name")?;
        if self.form.is_some() {
            return Err(TWICE.to_owned());
        }
        self.form = Some(Form::Shown);
        self.elements = Some((at, count));
        Ok(())
    }

    /// Returns an error if there are fewer elements than the head announces. The head counts the elements
    /// of an entry with groups instead of the entry itself. It does not count remarks.
    pub fn is_short(&self) -> Option<ReadError> {
        let (at, announced) = self.elements?;
        let of_each = self.entries.iter().map(|entry| entry.elements.len().max(1));
        let found: usize = of_each.sum();
        let problem = format!(
            "the head announces {announced} elements, but {found} follow, so the input may have been cut off; \
             provide the complete list"
        );
        (found < announced).then(|| ReadError::new(at, problem))
    }
}

const TWICE: &str = "the input has this access list twice; provide each list once";

const OTHER_KIND: &str =
    "not an extended access list, so it cannot match ports; expected an extended list of this name";
