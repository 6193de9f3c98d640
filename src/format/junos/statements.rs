//! Configurations with braces: statements that end in a semicolon or have a block.

use super::edit::{Edit, Editor};
use super::levels::level_above;
use super::terminal::is_idle;
use super::tokens::{List, Token, Tokens};
use crate::limits::{Limit, Limits};
use crate::read_error::{ErrorCollector, ReadError};

pub(super) struct Statements<'a, 'e, E> {
    tokens: Tokens<'a>,
    editor: &'e mut E,
    /// The words of all open blocks and of the current statement.
    path: Vec<&'a str>,
    open: Vec<Block>,
    statement: Statement<'a>,
    errors: ErrorCollector,
    limits: Limits,
}

struct Block {
    /// The number of words in the path before the block's own words.
    outside: usize,
    at: u32,
    /// True if the block, or one around it, was refused. Then errors within it are not reported.
    is_refused: bool,
}

/// The current statement.
#[derive(Default)]
struct Statement<'a> {
    /// The place of the first word, if there is one.
    at: Option<u32>,
    /// The number of words in the path before the statement's own words.
    outside: usize,
    list: List<'a>,
    inactive: bool,
    /// True if a comment says that Junos ignores the statement.
    is_ignored: bool,
}

impl<'a, 'e, E: Editor<'a>> Statements<'a, 'e, E> {
    pub fn new(text: &'a str, limits: Limits, editor: &'e mut E) -> Self {
        Statements {
            tokens: Tokens::of(text),
            editor,
            path: Vec::new(),
            open: Vec::new(),
            statement: Statement::default(),
            errors: ErrorCollector::default(),
            limits,
        }
    }

    pub fn read(mut self) -> Result<(), Vec<ReadError>> {
        let structure = self.all();
        self.errors.extend(structure.err());
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(self.errors.into_errors())
        }
    }

    /// Reads until the end, or until a syntax error.
    fn all(&mut self) -> Result<(), ReadError> {
        self.skip_terminal();
        while !self.errors.is_full() {
            let at = self.tokens.place();
            let token = self.tokens.next();
            let token = token.map_err(|problem| ReadError::new(at, problem))?;
            let Some((at, token)) = token else {
                return self.finish();
            };
            let place = self.statement.at.unwrap_or(at);
            let taken = self.token(token, at);
            taken.map_err(|problem| ReadError::new(place, problem))?;
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), ReadError> {
        match self.open.last() {
            None => Ok(()),
            Some(block) => Err(ReadError::new(
                block.at,
                "the block that begins here has no '}', so the input may have been cut off; provide the complete input",
            )),
        }
    }

    fn token(&mut self, token: Token<'a>, at: u32) -> Result<(), String> {
        match token {
            Token::Word(word) if self.statement.at.is_none() => self.first(word, at),
            Token::Word(word) => {
                let list = &mut self.statement.list;
                list.word(word, &mut self.path, self.limits)
            }
            Token::ListStart => self.statement.list.start(),
            Token::ListEnd => self.statement.list.end(),
            Token::BlockStart => self.block(),
            Token::BlockEnd => self.close(),
            Token::End => self.end(),
            Token::Newline if self.statement.at.is_some() && !self.statement.list.is_open() => {
                Err("expected ';' or '{' at the end of the line".to_owned())
            }
            Token::Newline => Ok(()),
        }
    }

    /// Reads the first word of a statement, or a tag before it.
    fn first(&mut self, word: &'a str, at: u32) -> Result<(), String> {
        match word {
            "inactive:" => self.statement.inactive = true,
            "protect:" => {}
            "replace:" | "delete:" | "unprotect:" | "active:" | "rename:" | "insert:" => {
                return Err(format!(
                    "'{word}' occurs only in files to load; expected the output of 'show configuration'"
                ));
            }
            _ => {
                self.statement.is_ignored = self.tokens.take_ignored();
                self.statement.at = Some(at);
                self.statement.outside = self.path.len();
                if self.open.is_empty() {
                    self.path.extend(level_above(word));
                }
                self.path.push(word);
            }
        }
        Ok(())
    }

    fn block(&mut self) -> Result<(), String> {
        if self.statement.list.is_there() {
            return Err("expected ';' after a list".to_owned());
        }
        self.limits.check(Limit::Depth, self.open.len() + 1)?;
        let block = self.take("{")?;
        self.open.push(block);
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let statement = self.take(";")?;
        self.path.truncate(statement.outside);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        if self.statement.at.is_some() {
            return Err("expected ';' before '}'".to_owned());
        }
        let block = self.open.pop().ok_or("unexpected '}' outside of a block")?;
        self.path.truncate(block.outside);
        if self.open.is_empty() {
            self.skip_terminal();
        }
        Ok(())
    }

    /// Ends a statement, and passes it to the editor.
    fn take(&mut self, end: &str) -> Result<Block, String> {
        let Statement {
            at,
            outside,
            list,
            inactive,
            is_ignored,
        } = std::mem::take(&mut self.statement);
        let at = at.ok_or_else(|| {
            format!(
                "expected a statement before '{end}'; if Junos omitted a part, provide the output of 'show \
                 configuration \
                 | display omit'"
            )
        })?;
        let mut is_refused = self.open.last().is_some_and(|block| block.is_refused);
        let (editor, errors) = (&mut *self.editor, &mut self.errors);
        list.each(&mut self.path, |path| {
            if is_refused {
                return Ok(());
            }
            let mut done = editor.edit(Edit::Set, path, at);
            if inactive {
                done = done.and_then(|()| editor.edit(Edit::Deactivate, path, at));
            }
            if is_ignored {
                done = done.and_then(|()| editor.edit(Edit::Ignore, path, at));
            }
            is_refused = done.is_err();
            errors.extend(done.err().map(|problem| ReadError::new(at, problem)));
            Ok(())
        })?;
        Ok(Block {
            outside,
            at,
            is_refused,
        })
    }

    /// Skips lines that a terminal shows between listings.
    fn skip_terminal(&mut self) {
        self.tokens.skip_lines(is_idle);
    }
}
