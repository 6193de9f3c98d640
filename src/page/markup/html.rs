//! Converts HTML to blocks that contain the text that a browser shows.

use html5gum::{DefaultEmitter, EndTag, HtmlString, StartTag, Token, Tokenizer};

use super::builder::Builder;
use super::element::Effect;

/// Elements that start and end a line (HTML Living Standard, section 15.3, "display: block").
#[rustfmt::skip]
const LINES: &[&str] = &[
    "address", "article", "aside", "blockquote", "body", "br", "button", "center", "dd", "details",
    "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header",
    "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p",
    "pre", "search", "section", "summary", "ul", "caption",
];

/// Elements that browsers never show, or show only if they do not support a feature.
const HIDDEN: &[&str] = &[
    "title", "script", "style", "template", "noscript", "noframes", "datalist", "object", "audio",
    "video", "canvas", "iframe",
];

/// Elements without an end tag (HTML Living Standard, section 13.1.2, "void elements").
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// Elements that end at the next element with the same name (section 13.1.2.4, "optional tags").
const ENDED_BY_THE_NEXT: &[&str] = &["p", "li", "dt", "dd", "td", "th", "tr", "option", "tbody"];

/// Adds HTML to the builder. `offset` is the byte offset of `text` in the source.
pub fn feed(text: &str, offset: usize, builder: &mut Builder) {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut preformatted = false;
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = name_of(&tag.name).into_owned();
                let is_void = VOID.contains(&&*name) || (tag.self_closing && name == "svg");
                if !is_void {
                    let effect = effect(&name, &tag);
                    builder.enter(
                        &name,
                        effect,
                        ENDED_BY_THE_NEXT.contains(&&*name),
                        offset + tag.span.start,
                    );
                }
                if !builder.hides() {
                    preformatted |= name == "pre";
                    start(&name, &tag, offset, builder);
                }
            }
            Token::EndTag(EndTag { name, .. }) => {
                let name = name_of(&name);
                if !builder.hides() {
                    preformatted &= name != "pre";
                    end(&name, builder);
                }
                builder.leave(&name);
            }
            Token::String(string) => {
                // A browser shows a tab as a space.
                let shown = String::from_utf8_lossy(&string.value).replace('\t', " ");
                let at = offset + string.span.start;
                if preformatted {
                    builder.lines(&shown, at);
                } else {
                    builder.text(&shown, at);
                }
            }
            _ => {}
        }
    }
}

/// Returns the effect of an element on its content, from its name and attributes.
fn effect(name: &str, tag: &StartTag<usize>) -> Option<Effect> {
    let has = |attribute: &str| tag.attributes.contains_key(attribute.as_bytes());
    let style = tag.attributes.get(&b"style"[..]);
    let style = style.map(|style| String::from_utf8_lossy(style).to_ascii_lowercase());
    let style: String = style.unwrap_or_default().split_whitespace().collect();
    let styled = |wanted: &[&str]| style.split(';').any(|rule| wanted.contains(&rule));
    let closed = name == "dialog" && !has("open");
    let unseen = [
        "display:none",
        "visibility:hidden",
        "opacity:0",
        "font-size:0",
    ];
    if HIDDEN.contains(&name) || closed || has("hidden") || styled(&unseen) {
        Some(Effect::Hides)
    } else if matches!(name, "s" | "del" | "strike") || style.contains("line-through") {
        Some(Effect::Strikes)
    } else {
        None
    }
}

fn name_of(name: &HtmlString) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name)
}

fn start(name: &str, tag: &StartTag<usize>, offset: usize, builder: &mut Builder) {
    let at = offset + tag.span.start;
    let odd = |b: &u8| matches!(b, b'<' | b'"' | b'\'');
    if tag.attributes.keys().any(|name| name.iter().any(odd)) {
        builder.damaged(at, "a tag is not closed and includes the text after it");
    }
    match name {
        // Separate a footnote mark from the number before it.
        "sup" | "sub" => builder.text(" ", at),
        "table" => builder.start_table(),
        "tr" => builder.start_row(at),
        "thead" | "tbody" | "tfoot" => builder.end_row_group(),
        "td" | "th" => builder.start_cell(span(tag, "colspan"), span(tag, "rowspan"), at),
        _ => match heading(name) {
            Some(level) => builder.start_heading(level),
            None if LINES.contains(&name) => builder.end_line(),
            None => {}
        },
    }
}

fn end(name: &str, builder: &mut Builder) {
    match name {
        "table" => builder.end_table(),
        "tr" => builder.end_row(),
        "td" | "th" => builder.end_cell(),
        "thead" | "tbody" | "tfoot" => builder.end_row_group(),
        _ if heading(name).is_some() => builder.end_heading(),
        _ if LINES.contains(&name) => builder.end_line(),
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
