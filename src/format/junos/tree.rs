//! A configuration as a tree of words.

use std::collections::HashMap;

use super::edit::Edit;
use crate::format::read::error::ReadError;
use crate::format::read::lines::place;

/// Statements below a root, each word a node: `protocol tcp` and `protocol udp` are two nodes
/// below one.
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    /// The nodes that are there, by what is above them and their word.
    index: HashMap<(usize, &'a str), usize>,
}

struct Node<'a> {
    word: &'a str,
    at: u32,
    is_active: bool,
    is_removed: bool,
    /// In the order in which they were set.
    below: Vec<u32>,
}

const ROOT: usize = 0;

impl<'a> Tree<'a> {
    pub fn new() -> Self {
        let root = Node {
            word: "",
            at: 0,
            is_active: true,
            is_removed: false,
            below: Vec::new(),
        };
        Tree {
            nodes: vec![root],
            index: HashMap::new(),
        }
    }

    /// The number of words that were set, with those that were removed.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Does anything but set; whether there was something to do it to.
    pub fn change(&mut self, edit: Edit, path: &[&'a str]) -> bool {
        let Some(found) = self.find(path) else {
            return false;
        };
        match edit {
            Edit::Deactivate => self.nodes[found].is_active = false,
            Edit::Activate => self.nodes[found].is_active = true,
            Edit::Set | Edit::Ignore => {}
            Edit::Delete => self.remove(path, found),
        }
        true
    }

    /// Adds what is not there yet.
    pub fn set(&mut self, path: &[&'a str], at: u32) {
        let mut above = ROOT;
        for word in path {
            let next = self.nodes.len();
            let node = *self.index.entry((above, word)).or_insert(next);
            if node == next {
                self.nodes[above].below.push(place(next));
                self.nodes.push(Node {
                    word,
                    at,
                    is_active: true,
                    is_removed: false,
                    below: Vec::new(),
                });
            }
            above = node;
        }
    }

    fn find(&self, path: &[&'a str]) -> Option<usize> {
        path.iter()
            .try_fold(ROOT, |above, word| self.index.get(&(above, *word)).copied())
    }

    /// Removes a node. Nodes below it are not reached any more, either.
    fn remove(&mut self, path: &[&'a str], node: usize) {
        let above = path.split_last().and_then(|(_, above)| self.find(above));
        if let Some(above) = above {
            self.index.remove(&(above, self.nodes[node].word));
            self.nodes[node].is_removed = true;
        }
    }

    /// The statement of a path, active or not.
    pub fn get(&self, path: &[&'a str]) -> Option<Branch<'_, 'a>> {
        let node = self.find(path)?;
        Some(Branch { tree: self, node })
    }

    /// True if a statement and all that it is in are active.
    pub fn is_active(&self, path: &[&'a str]) -> bool {
        (1..=path.len()).all(|words| {
            let found = self.find(&path[..words]);
            found.is_some_and(|node| self.nodes[node].is_active)
        })
    }
}

/// A statement and what is below it.
#[derive(Clone, Copy)]
pub(super) struct Branch<'t, 'a> {
    tree: &'t Tree<'a>,
    node: usize,
}

impl<'t, 'a> Branch<'t, 'a> {
    pub fn word(self) -> &'a str {
        self.tree.nodes[self.node].word
    }

    pub fn at(self) -> u32 {
        self.tree.nodes[self.node].at
    }

    /// The active statements right below it.
    pub fn below(self) -> impl Iterator<Item = Branch<'t, 'a>> {
        let tree = self.tree;
        let all = tree.nodes[self.node].below.iter();
        let nodes = all.filter_map(|node| usize::try_from(*node).ok());
        let there = |node: &usize| tree.nodes[*node].is_active && !tree.nodes[*node].is_removed;
        nodes.filter(there).map(move |node| Branch { tree, node })
    }

    /// Something that is wrong with it.
    pub fn problem(self, problem: impl std::fmt::Display) -> ReadError {
        ReadError::new(self.at(), problem)
    }

    /// Refuses what is below it.
    pub fn leaf(self) -> Result<(), ReadError> {
        match self.below().next() {
            None => Ok(()),
            Some(more) => Err(more.problem(format!(
                "expected nothing after '{}', not '{}'",
                self.word(),
                more.word()
            ))),
        }
    }

    /// The values below it, of which there must be some.
    pub fn values(self) -> Result<Vec<Branch<'t, 'a>>, ReadError> {
        let values: Vec<_> = self.below().collect();
        if values.is_empty() {
            return Err(self.problem(format!("'{}' has no value", self.word())));
        }
        Ok(values)
    }

    /// The one value below it, which has nothing below it.
    pub fn value(self) -> Result<Branch<'t, 'a>, ReadError> {
        let values = self.values()?;
        let [value] = values[..] else {
            return Err(self.problem(format!("'{}' has more than one value", self.word())));
        };
        value.leaf()?;
        Ok(value)
    }
}
