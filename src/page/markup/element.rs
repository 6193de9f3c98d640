//! Elements that hide or strike out their content.

/// The effect of an element on its content.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Hides,
    Strikes,
}

/// An open element with an effect.
pub struct Element {
    pub name: String,
    /// The byte offset of the start tag.
    pub at: usize,
    effect: Effect,
    /// The number of nested open elements with the same name.
    nested: usize,
}

/// The open elements with an effect, the outermost first.
#[derive(Default)]
pub struct OpenElements {
    open: Vec<Element>,
    /// The number of elements that hide their content.
    hiding: usize,
    /// The number of elements and Markdown marks that strike out their content.
    striking: usize,
}

impl OpenElements {
    pub fn hide(&self) -> bool {
        self.hiding > 0
    }

    pub fn strike(&self) -> bool {
        self.striking > 0
    }

    pub fn start_strike(&mut self) {
        self.striking += 1;
    }

    pub fn end_strike(&mut self) {
        self.striking = self.striking.saturating_sub(1);
    }

    /// Starts an element. If `ended_by_next`, this ends an open element with the same name.
    /// Returns true if struck-out text ends.
    pub fn enter(
        &mut self,
        name: &str,
        effect: Option<Effect>,
        ended_by_next: bool,
        at: usize,
    ) -> bool {
        let mut ends_strike = false;
        if let Some(element) = self.open.last_mut().filter(|element| element.name == name) {
            if !ended_by_next {
                element.nested += 1;
                return false;
            }
            ends_strike = self.pop();
        }
        if let Some(effect) = effect {
            match effect {
                Effect::Hides => self.hiding += 1,
                Effect::Strikes => self.start_strike(),
            }
            self.open.push(Element {
                name: name.to_owned(),
                at,
                effect,
                nested: 0,
            });
        }
        ends_strike
    }

    /// Ends an element. Returns true if struck-out text ends.
    pub fn leave(&mut self, name: &str) -> bool {
        match self.open.last_mut() {
            Some(element) if element.name == name && element.nested > 0 => {
                element.nested -= 1;
                false
            }
            Some(element) if element.name == name => self.pop(),
            _ => false,
        }
    }

    fn pop(&mut self) -> bool {
        match self.open.pop().map(|element| element.effect) {
            Some(Effect::Hides) => {
                self.hiding = self.hiding.saturating_sub(1);
                false
            }
            Some(Effect::Strikes) => {
                self.end_strike();
                true
            }
            None => false,
        }
    }

    /// Returns the elements that were never closed.
    pub fn into_unclosed(self) -> Vec<Element> {
        self.open
    }
}
