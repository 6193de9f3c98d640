//! Markdown (CommonMark, with the tables of GitHub's) as blocks. Plain text is Markdown too, as
//! long as every line break counts.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::blocks::Builder;
use super::html;

/// Hands a text to the builder.
pub fn feed(text: &str, to: &mut Builder) {
    let mut in_code = false;
    // A comment or a script of a block may go over several lines.
    let mut block: Option<(usize, String)> = None;
    for (event, place) in
        Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
            .into_offset_iter()
    {
        let at = place.start;
        match event {
            Event::Start(Tag::Heading { level, .. }) => to.start_heading(level as u8),
            Event::End(TagEnd::Heading(_)) => to.end_heading(),
            Event::Start(Tag::Table(_)) => to.start_table(),
            Event::End(TagEnd::Table) => to.end_table(),
            Event::Start(Tag::TableHead | Tag::TableRow) => to.start_row(at),
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => to.end_row(),
            Event::Start(Tag::TableCell) => to.start_cell(1, 1, at),
            Event::End(TagEnd::TableCell) => to.end_cell(),
            Event::Start(Tag::Strikethrough) => to.strike(true),
            Event::End(TagEnd::Strikethrough) => to.strike(false),
            Event::Start(Tag::CodeBlock(_)) => {
                to.end_line();
                in_code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                to.end_line();
                in_code = false;
            }
            Event::Text(text) if in_code => to.lines(&text, at),
            Event::Text(text) | Event::Code(text) => to.text(&text, at),
            Event::Start(Tag::HtmlBlock) => {
                to.end_line();
                block = Some((at, String::new()));
            }
            Event::End(TagEnd::HtmlBlock) => {
                if let Some((at, text)) = block.take() {
                    html::feed(&text, at, to);
                }
                to.end_line();
            }
            Event::Html(fragment) => {
                if let Some((_, text)) = &mut block {
                    text.push_str(&fragment);
                }
            }
            Event::InlineHtml(fragment) => html::feed(&fragment, at, to),
            Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::Start(Tag::Paragraph | Tag::Item | Tag::BlockQuote(_))
            | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::BlockQuote(_)) => to.end_line(),
            _ => {}
        }
    }
}
