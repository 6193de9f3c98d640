//! HTML as blocks: what a browser would show, as lines.

use html5gum::{DefaultEmitter, EndTag, HtmlString, StartTag, Token, Tokenizer};

use super::blocks::{Builder, STRUCK};

/// Elements that start and end lines (HTML Living Standard, section 15.3, "display: block").
const LINES: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "button",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "optgroup",
    "option",
    "p",
    "pre",
    "search",
    "section",
    "summary",
    "tbody",
    "tfoot",
    "thead",
    "ul",
    "caption",
];

/// Elements of which nothing is shown.
const HIDDEN: &[&str] = &["title", "script", "style", "template", "noscript"];

/// Hands a page, or a piece of one, to the builder; `offset` is its place in the source.
pub fn feed(text: &str, offset: usize, to: &mut Builder) {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut hidden: Option<String> = None;
    let mut preformatted = false;
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = name_of(&tag.name);
                if hidden.is_none() && HIDDEN.contains(&&*name) && !tag.self_closing {
                    hidden = Some(name.into_owned());
                } else if hidden.is_none() {
                    preformatted |= name == "pre";
                    start(&name, &tag, offset, to);
                }
            }
            Token::EndTag(EndTag { name, .. }) => {
                let name = name_of(&name);
                if hidden.as_deref() == Some(&*name) {
                    hidden = None;
                } else if hidden.is_none() {
                    preformatted &= name != "pre";
                    end(&name, to);
                }
            }
            Token::String(string) if hidden.is_none() => {
                let shown = String::from_utf8_lossy(&string.value);
                let at = offset + string.span.start;
                if preformatted {
                    to.lines(&shown, at);
                } else {
                    to.text(&shown, at);
                }
            }
            _ => {}
        }
    }
}

fn name_of(name: &HtmlString) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name)
}

fn start(name: &str, tag: &StartTag<usize>, offset: usize, to: &mut Builder) {
    let at = offset + tag.span.start;
    if tag.attributes.keys().any(|name| name.contains(&b'<')) {
        to.damaged(at, "a tag without its end swallows what stands behind it");
    }
    match name {
        "s" | "del" | "strike" => to.text(STRUCK, at),
        "table" => to.start_table(),
        "tr" => to.start_row(at),
        "td" | "th" => to.start_cell(span(tag, "colspan"), span(tag, "rowspan")),
        _ => match heading(name) {
            Some(level) => to.start_heading(level),
            None if LINES.contains(&name) => to.end_line(),
            None => {}
        },
    }
}

fn end(name: &str, to: &mut Builder) {
    match name {
        "table" => to.end_table(),
        "tr" => to.end_row(),
        "td" | "th" => to.end_cell(),
        _ if heading(name).is_some() => to.end_heading(),
        _ if LINES.contains(&name) => to.end_line(),
        _ => {}
    }
}

fn heading(name: &str) -> Option<u8> {
    let level = name.strip_prefix('h')?.parse().ok()?;
    (name.len() == 2 && (1..=6).contains(&level)).then_some(level)
}

fn span(tag: &StartTag<usize>, attribute: &str) -> usize {
    let value = tag.attributes.get(attribute.as_bytes());
    let number = value.and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
    number.unwrap_or(1)
}
