//! The outputs of `aws ec2 describe-...` commands in an input, one after the other.

use crate::format::read::json_node::{Node, Others};
use crate::limits::Limits;
use crate::read_error::ReadError;

pub(super) const GROUPS: &str = "SecurityGroups";
pub(super) const INTERFACES: &str = "NetworkInterfaces";
pub(super) const RESERVATIONS: &str = "Reservations";
pub(super) const ACLS: &str = "NetworkAcls";

/// A list, with the document that contains it.
pub(super) type List<'a> = (Node<'a>, Node<'a>);

/// The documents of an input.
pub(super) struct Documents<'a> {
    /// The document with the security groups. It may also be a single group or a rendered file.
    pub group: Node<'a>,
    pub interfaces: Vec<List<'a>>,
    /// The lists of `describe-instances`.
    pub reservations: Vec<List<'a>>,
    pub acls: Vec<List<'a>>,
}

impl<'a> Documents<'a> {
    /// Reads an input with security groups and any number of other lists, in any order.
    pub fn read(text: &'a str, limits: Limits) -> Result<Self, ReadError> {
        let mut group = None;
        let mut last = None;
        let (mut interfaces, mut reservations, mut acls) = (Vec::new(), Vec::new(), Vec::new());
        for document in Node::documents(text, limits)? {
            let [groups, others @ ..] = lists(document)?;
            if groups.is_some() || others.iter().all(Option::is_none) {
                if group.is_some() {
                    return Err(document.problem(ONE_GROUP));
                }
                group = Some(document);
            }
            for (found, known) in
                others
                    .into_iter()
                    .zip([&mut interfaces, &mut reservations, &mut acls])
            {
                known.extend(found.map(|list| (document, list)));
            }
            last = Some(document);
        }
        let Some(group) = group else {
            let missing = "the input has no 'SecurityGroups'; add the output of 'aws ec2 describe-security-groups'";
            return Err(
                last.map_or_else(|| ReadError::new(0, missing), |last| last.problem(missing))
            );
        };
        Ok(Documents {
            group,
            interfaces,
            reservations,
            acls,
        })
    }
}

const ONE_GROUP: &str = "expected one list of security groups, but here is another one; after it, the input may contain \
                         the outputs of 'aws ec2 describe-network-interfaces', 'describe-instances' and \
                         'describe-network-acls'";

/// Returns the lists of a document, which must be complete. A document without lists is a group or a rendered file.
fn lists(document: Node) -> Result<[Option<Node>; 4], ReadError> {
    let keys = [GROUPS, INTERFACES, RESERVATIONS, ACLS];
    let found = document.fields(keys, Others::NotLookedAt)?;
    if found.iter().all(Option::is_none) {
        return Ok(found);
    }
    let [one, two, three, four] = keys;
    let keys = [one, two, three, four, "NextToken", "ResponseMetadata"];
    let [groups, .., next, _] = document.fields(keys, Others::Refused)?;
    if next.is_some_and(|next| !next.is_null()) {
        let what = if groups.is_some() {
            "the list of groups is incomplete: 'NextToken' is set; provide all groups, or select one with --group-ids"
        } else {
            "the list is incomplete: 'NextToken' is set; provide the whole list"
        };
        return Err(document.problem(what));
    }
    Ok(found)
}
