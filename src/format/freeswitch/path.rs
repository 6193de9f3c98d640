//! The elements that lead to a list, and the places where other text could change the list.

use std::ops::Range;

use roxmltree::Node;

use crate::format::read::xml::unshifted;

/// The elements around a list, from the outermost one, which is the whole input. The last one is the list itself,
/// or the last one that exists.
pub(super) struct Path<'a, 'd>(Vec<Level<'a, 'd>>);

/// One of these elements.
struct Level<'a, 'd> {
    node: Node<'a, 'd>,
    /// The elements inside.
    children: Vec<Range<u32>>,
    /// The number of the next one among them.
    chosen: Option<usize>,
    /// True if the element contains the lists. Of two lists with the same name, FreeSWITCH uses the last one.
    /// In other elements, it uses the first one with a name.
    has_lists: bool,
}

impl<'a, 'd> Path<'a, 'd> {
    pub fn new(whole: Node<'a, 'd>) -> Self {
        Path(vec![Level::new(whole)])
    }

    /// Adds an element inside the last one.
    pub fn push(&mut self, node: Node<'a, 'd>) {
        let start = range(node).start;
        if let Some(last) = self.0.last_mut() {
            let number = last.children.partition_point(|child| child.start < start);
            last.chosen = Some(number);
        }
        self.0.push(Level::new(node));
    }

    /// Marks the last element as the one that contains the lists.
    pub fn mark_lists(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.has_lists = true;
        }
    }

    /// Returns the element that contains the lists.
    pub fn lists(&self) -> Option<Node<'a, 'd>> {
        let level = self.0.iter().find(|level| level.has_lists);
        level.map(|level| level.node)
    }

    /// True if other elements at a place could change the list, or the choice of an element around it.
    pub fn is_open_at(&self, at: u32) -> bool {
        for level in &self.0 {
            let next = level.children.partition_point(|child| child.end <= at);
            let is_inside = level.children.get(next).is_some_and(|c| c.start <= at);
            match level.chosen {
                Some(chosen) if is_inside && next == chosen => {}
                Some(_) if is_inside => return false,
                Some(chosen) if level.has_lists => return next > chosen,
                Some(chosen) => return next <= chosen,
                // Within the list, all text counts.
                None => return level.node.has_tag_name("list") || !is_inside,
            }
        }
        true
    }
}

impl<'a, 'd> Level<'a, 'd> {
    fn new(node: Node<'a, 'd>) -> Self {
        Level {
            node,
            children: elements(node).map(range).collect(),
            chosen: None,
            has_lists: false,
        }
    }
}

/// Returns the place of a node in the input.
pub(super) fn range(node: Node) -> Range<u32> {
    let range = node.range();
    unshifted(range.start)..unshifted(range.end)
}

pub(super) fn elements<'a, 'd>(parent: Node<'a, 'd>) -> impl Iterator<Item = Node<'a, 'd>> {
    parent.children().filter(Node::is_element)
}
