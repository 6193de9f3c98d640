//! Splits a JSON document whose elements are written one by one.

/// Returns the text before and after the elements of the last member `key`, which is an empty
/// array. For `{"version":2,"files":[]}`, this is `{"version":2,"files":[` and `]}`.
pub(super) fn around_elements<'d>(document: &'d str, key: &str) -> (&'d str, &'d str) {
    let member = document.rfind(&format!("\"{key}\":"));
    let array = member.and_then(|at| Some(at + document[at..].find("[]")?));
    array.map_or((document, ""), |at| document.split_at(at + 1))
}

/// Returns the members of an object and its closing brace: `"line":7}` for `{"line":7}`.
pub(super) fn after_opening_brace(object: &str) -> &str {
    object.strip_prefix('{').unwrap_or(object)
}
