//! Converts Markdown (CommonMark with GitHub's tables) to blocks. Every line break counts, so that
//! plain text works too.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::builder::Builder;
use super::html;

/// Adds Markdown to the builder.
pub fn feed(text: &str, builder: &mut Builder) {
    let mut in_code = false;
    // The offset and the text of an HTML block. A comment or script in it may span several lines.
    let mut html_block: Option<(usize, String)> = None;
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let at = range.start;
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                builder.end_line();
                in_code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                builder.end_line();
                in_code = false;
            }
            Event::Text(text) if in_code => builder.lines(&text, at),
            Event::Text(text) | Event::Code(text) => builder.text(&text, at),
            Event::Start(Tag::HtmlBlock) => {
                builder.end_line();
                html_block = Some((at, String::new()));
            }
            Event::End(TagEnd::HtmlBlock) => {
                if let Some((at, text)) = html_block.take() {
                    html::feed(&text, at, builder);
                }
                builder.end_line();
            }
            Event::Html(fragment) => {
                if let Some((_, text)) = &mut html_block {
                    text.push_str(&fragment);
                }
            }
            Event::InlineHtml(fragment) => html::feed(&fragment, at, builder),
            Event::SoftBreak | Event::HardBreak | Event::Rule => builder.end_line(),
            Event::Start(tag) => start(&tag, at, builder),
            Event::End(tag) => end(tag, builder),
            _ => {}
        }
    }
}

fn start(tag: &Tag, at: usize, builder: &mut Builder) {
    match tag {
        Tag::Heading { level, .. } => builder.start_heading(*level as u8),
        Tag::Table(_) => builder.start_table(),
        Tag::TableHead | Tag::TableRow => builder.start_row(at),
        Tag::TableCell => builder.start_cell(1, 1, at),
        Tag::Strikethrough => builder.start_strike(),
        Tag::Paragraph | Tag::Item | Tag::BlockQuote(_) => builder.end_line(),
        _ => {}
    }
}

fn end(tag: TagEnd, builder: &mut Builder) {
    match tag {
        TagEnd::Heading(_) => builder.end_heading(),
        TagEnd::Table => builder.end_table(),
        TagEnd::TableHead | TagEnd::TableRow => builder.end_row(),
        TagEnd::TableCell => builder.end_cell(),
        TagEnd::Strikethrough => builder.end_strike(),
        TagEnd::Paragraph | TagEnd::Item | TagEnd::BlockQuote(_) => builder.end_line(),
        _ => {}
    }
}
