//! HTML as blocks: what a browser would show, as lines.

use html5gum::{DefaultEmitter, EndTag, HtmlString, StartTag, Token, Tokenizer};

use super::blocks::Builder;

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
    "ul",
    "caption",
];

/// Elements of which nothing is shown, or nothing where the rest is supported.
const HIDDEN: &[&str] = &[
    "title", "script", "style", "template", "noscript", "noframes", "datalist", "dialog", "object",
    "audio", "video", "canvas", "iframe", "svg",
];

/// Elements without an end tag (HTML Living Standard, section 13.1.2, "void elements").
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// An element that changes what is shown in it.
struct Special {
    name: String,
    /// Elements of the same name within it.
    nested: usize,
    hides: bool,
}

/// Hands a page, or a piece of one, to the builder; `offset` is its place in the source.
pub fn feed(text: &str, offset: usize, to: &mut Builder) {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut specials: Vec<Special> = Vec::new();
    let mut preformatted = false;
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        let is_hidden = specials.iter().any(|special| special.hides);
        match token {
            Token::StartTag(tag) => {
                let name = name_of(&tag.name).into_owned();
                if !VOID.contains(&&*name) {
                    match specials.last_mut() {
                        Some(special) if special.name == name => special.nested += 1,
                        _ => specials.extend(special(&name, &tag, to)),
                    }
                }
                if !is_hidden && !specials.iter().any(|special| special.hides) {
                    preformatted |= name == "pre";
                    start(&name, &tag, offset, to);
                }
            }
            Token::EndTag(EndTag { name, .. }) => {
                let name = name_of(&name);
                if !is_hidden {
                    preformatted &= name != "pre";
                    end(&name, to);
                }
                match specials.last_mut() {
                    Some(special) if special.name == *name && special.nested > 0 => {
                        special.nested -= 1;
                    }
                    Some(special) if special.name == *name => {
                        if !special.hides {
                            to.end_line();
                            to.strike(false);
                        }
                        specials.pop();
                    }
                    _ => {}
                }
            }
            Token::String(string) if !is_hidden => {
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
    // An element that goes on behind this piece of a page of Markdown strikes out nothing there.
    for _ in specials.iter().filter(|special| !special.hides) {
        to.strike(false);
    }
}

/// What an element does to what is in it, if anything.
fn special(name: &str, tag: &StartTag<usize>, to: &mut Builder) -> Option<Special> {
    let style = tag
        .attributes
        .get(&b"style"[..])
        .map(|style| String::from_utf8_lossy(style).to_ascii_lowercase());
    let style: String = style.unwrap_or_default().split_whitespace().collect();
    let styled = |wanted: &[&str]| wanted.iter().any(|rule| style.contains(rule));
    let hides = HIDDEN.contains(&name)
        || tag.attributes.contains_key(&b"hidden"[..])
        || styled(&["display:none", "visibility:hidden"]);
    let strikes = matches!(name, "s" | "del" | "strike") || styled(&["line-through"]);
    if !hides && strikes {
        to.strike(true);
    }
    (hides || strikes).then(|| Special {
        name: name.to_owned(),
        nested: 0,
        hides,
    })
}

fn name_of(name: &HtmlString) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name)
}

fn start(name: &str, tag: &StartTag<usize>, offset: usize, to: &mut Builder) {
    let at = offset + tag.span.start;
    let odd = |b: &u8| matches!(b, b'<' | b'"' | b'\'');
    if tag.attributes.keys().any(|name| name.iter().any(odd)) {
        to.damaged(at, "a tag without its end swallows what stands behind it");
    }
    match name {
        // A mark at a figure is none of its digits.
        "sup" | "sub" => to.text(" ", at),
        "table" => to.start_table(),
        "tr" => to.start_row(at),
        "td" | "th" => to.start_cell(span(tag, "colspan"), span(tag, "rowspan"), at),
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
        "thead" | "tbody" | "tfoot" => to.end_row_group(),
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
