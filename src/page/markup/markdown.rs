//! Markdown (CommonMark with GitHub's tables) to blocks. Every line break counts, so that plain text
//! is Markdown too.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::builder::Builder;
use super::html;

/// Adds Markdown to the builder.
pub fn feed(text: &str, builder: &mut Builder) {
    let mut in_code = false;
    // The offset and the text of an HTML block, in which a comment or script may span several lines.
    let mut block: Option<(usize, String)> = None;
    for (event, place) in
        Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
            .into_offset_iter()
    {
        let at = place.start;
        match event {
            Event::Start(Tag::Heading { level, .. }) => builder.start_heading(level as u8),
            Event::End(TagEnd::Heading(_)) => builder.end_heading(),
            Event::Start(Tag::Table(_)) => builder.start_table(),
            Event::End(TagEnd::Table) => builder.end_table(),
            Event::Start(Tag::TableHead | Tag::TableRow) => builder.start_row(at),
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => builder.end_row(),
            Event::Start(Tag::TableCell) => builder.start_cell(1, 1, at),
            Event::End(TagEnd::TableCell) => builder.end_cell(),
            Event::Start(Tag::Strikethrough) => builder.start_strike(),
            Event::End(TagEnd::Strikethrough) => builder.end_strike(),
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
                block = Some((at, String::new()));
            }
            Event::End(TagEnd::HtmlBlock) => {
                if let Some((at, text)) = block.take() {
                    html::feed(&text, at, builder);
                }
                builder.end_line();
            }
            Event::Html(fragment) => {
                if let Some((_, text)) = &mut block {
                    text.push_str(&fragment);
                }
            }
            Event::InlineHtml(fragment) => html::feed(&fragment, at, builder),
            Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::Start(Tag::Paragraph | Tag::Item | Tag::BlockQuote(_))
            | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::BlockQuote(_)) => {
                builder.end_line();
            }
            _ => {}
        }
    }
}
