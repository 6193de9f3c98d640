use memchr::memchr_iter;

/// Computes lines and columns for positions in ascending order.
pub struct Positions<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    column: usize,
}

impl<'t> Positions<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        Positions {
            text,
            at: 0,
            line: 1,
            column: 1,
        }
    }

    /// Returns the line and the column of a position that is not before the previous one. Both
    /// start at 1. Columns are in characters.
    pub fn of(&mut self, at: usize) -> (usize, usize) {
        let passed = &self.text[self.at..at];
        let breaks = memchr_iter(b'\n', passed);
        let (count, last) = breaks.fold((0, None), |(count, _), at| (count + 1, Some(at)));
        self.line += count;
        let rest = match last {
            Some(end) => {
                self.column = 1;
                &passed[end + 1..]
            }
            None => passed,
        };
        self.column += String::from_utf8_lossy(rest).chars().count();
        self.at = at;
        (self.line, self.column)
    }
}
