//! A configuration as a tree of words.

use std::collections::HashMap;

use super::edit::Edit;
use crate::format::read::lines::place;
use crate::read_error::ReadError;

/// A tree with one node for each word: `protocol tcp` and `protocol udp` are two nodes below
/// `protocol`.
pub(super) struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    /// The existing nodes, by parent and word.
    index: HashMap<(usize, &'a str), usize>,
}

struct Node<'a> {
    word: &'a str,
    at: u32,
    is_active: bool,
    is_removed: bool,
    /// The children, in the order of creation.
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

    /// The number of nodes ever created, including removed ones.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Applies any edit except `Set`. Returns false if the path does not exist.
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

    /// Creates the nodes of a path that do not exist yet.
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

    /// Removes a node, and thereby the nodes below it.
    fn remove(&mut self, path: &[&'a str], node: usize) {
        let above = path.split_last().and_then(|(_, above)| self.find(above));
        if let Some(above) = above {
            self.index.remove(&(above, self.nodes[node].word));
            self.nodes[node].is_removed = true;
        }
    }

    /// Returns the statement with a path, active or not.
    pub fn get(&self, path: &[&'a str]) -> Option<Branch<'_, 'a>> {
        let node = self.find(path)?;
        Some(Branch { tree: self, node })
    }

    /// True if a statement and all statements around it are active.
    pub fn is_active(&self, path: &[&'a str]) -> bool {
        (1..=path.len()).all(|words| {
            let found = self.find(&path[..words]);
            found.is_some_and(|node| self.nodes[node].is_active)
        })
    }
}

/// A statement in the tree.
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

    /// The active child statements.
    pub fn below(self) -> impl Iterator<Item = Branch<'t, 'a>> {
        let tree = self.tree;
        let all = tree.nodes[self.node].below.iter();
        let nodes = all.filter_map(|node| usize::try_from(*node).ok());
        let there = |node: &usize| tree.nodes[*node].is_active && !tree.nodes[*node].is_removed;
        nodes.filter(there).map(move |node| Branch { tree, node })
    }

    /// Returns an error at this statement.
    pub fn problem(self, problem: impl std::fmt::Display) -> ReadError {
        ReadError::new(self.at(), problem)
    }

    /// Refuses child statements.
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

    /// Returns the values of the statement, at least one.
    pub fn values(self) -> Result<Vec<Branch<'t, 'a>>, ReadError> {
        let values: Vec<_> = self.below().collect();
        if values.is_empty() {
            return Err(self.problem(format!("'{}' has no value", self.word())));
        }
        Ok(values)
    }

    /// Returns the only value of the statement. The value has no children.
    pub fn value(self) -> Result<Branch<'t, 'a>, ReadError> {
        let values = self.values()?;
        let [value] = values[..] else {
            return Err(self.problem(format!("'{}' has more than one value", self.word())));
        };
        value.leaf()?;
        Ok(value)
    }
}
