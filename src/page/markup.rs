//! Converts plain text, Markdown or HTML to headings, lines and tables.

mod block;
mod builder;
mod element;
mod html;
mod line_buffer;
mod markdown;
mod table;

use std::collections::HashMap;

use super::addresses;
use super::error::PageError;
use builder::Builder;
use line_buffer::visible;

pub use block::{Block, Row, STRUCK};

/// Splits a page into blocks. Also returns errors about damaged markup and about addresses outside
/// all blocks.
pub fn parse(text: &str) -> (Vec<Block>, Vec<PageError>) {
    let mut builder = Builder::new(text);
    if is_html(text) {
        // Addresses in comments and scripts are not part of the page.
        html::feed(text, 0, &mut builder);
        builder.finish()
    } else {
        // Plain text is parsed as Markdown too.
        markdown::feed(text, &mut builder);
        let (blocks, mut errors) = builder.finish();
        errors.extend(lost_addresses(text, &blocks));
        (blocks, errors)
    }
}

/// Returns true for a page that starts with a tag. Markdown may also start with a tag, so a page
/// with typical lines of Markdown is not HTML.
fn is_html(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
        rest = rest.trim_start();
    }
    let opens = |c: char| c.is_ascii_alphabetic() || c == '!' || c == '?';
    let has_tag = rest
        .strip_prefix('<')
        .is_some_and(|tag| tag.starts_with(opens));
    let whole = ["<!doctype", "<html", "<?xml"];
    let is_whole = whole.iter().any(|start| {
        rest.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    });
    let is_markdown =
        |line: &str| line.starts_with('#') || line.starts_with("```") || line.starts_with("| ");
    has_tag && (is_whole || !rest.lines().any(is_markdown))
}

/// Finds addresses that Markdown does not show, such as the target of a link reference definition.
fn lost_addresses(text: &str, blocks: &[Block]) -> Vec<PageError> {
    let mut shown: HashMap<&str, usize> = HashMap::new();
    let texts = blocks.iter().flat_map(|block| match block {
        Block::Heading { text, .. } | Block::Line { text, .. } => vec![text],
        Block::Table(rows) => rows.iter().flat_map(|row| &row.cells).collect(),
    });
    for candidate in texts.flat_map(|text| addresses::candidates(text)) {
        *shown.entry(candidate.text).or_default() += 1;
    }
    let mut errors = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = visible(line);
        for candidate in addresses::candidates(&line).filter(|d| !d.in_uri) {
            match shown.get_mut(candidate.text) {
                Some(count) if *count > 0 => *count -= 1,
                _ => errors.push(PageError::at(
                    number + 1,
                    format!(
                        "{} is in a place that Markdown does not show; the page is damaged or has a new layout",
                        candidate.text
                    ),
                )),
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let (blocks, errors) = parse(text);
        assert_eq!(errors, []);
        let rows = |rows: &[Row]| {
            let rows = rows
                .iter()
                .map(|row| format!("{} {}", row.line, row.cells.join("|")));
            rows.collect::<Vec<_>>().join(" // ")
        };
        blocks
            .iter()
            .map(|block| match block {
                Block::Heading { line, level, text } => format!("h{level} {line} {text}"),
                Block::Line { line, text } => format!("{line} {text}"),
                Block::Table(table) => format!("table {}", rows(table)),
            })
            .collect()
    }

    #[test]
    fn plain_text_keeps_its_lines_with_any_indentation() {
        assert_eq!(
            shown("Title:\n\n    192.0.2.1\n    192.0.2.2\n\n192.0.2.3\n  • 192.0.2.4 \n"),
            [
                "1 Title:",
                "3 192.0.2.1",
                "4 192.0.2.2",
                "6 192.0.2.3",
                "7 • 192.0.2.4"
            ]
        );
    }

    #[test]
    fn markdown_has_headings_lists_code_and_tables() {
        assert_eq!(
            shown(
                "# One **bold**\n\n* a<br/>b\n\n```sh\n  x &amp; y\n\n  z\n```\n\n| A | B |\n|---|---|\n| 1<br />2 | `3` |\n"
            ),
            [
                "h1 1 One bold",
                "3 a",
                "3 b",
                "6 x &amp; y",
                "8 z",
                "table 11 A|B // 13 1\n2|3"
            ]
        );
    }

    #[test]
    fn html_becomes_the_text_that_a_browser_shows() {
        assert_eq!(
            shown(
                "<!-- 192.0.2.9 --><!doctype html><head><title>T</title><style>a{}</style></head>\n\
                 <h2>Two&nbsp;&ndash; words</h2><script>\"192.0.2.8\"</script>\n\
                 <p>one\n line<br>next</p><pre>a\nb</pre>\n\
                 <table><tr><th colspan=2>Title</th></tr>\n\
                 <tr><th>R</th><th>N</th></tr>\n\
                 <tr><td rowspan=2>x</td><td>1</td></tr>\n<tr><td>2</td></tr></table>tail"
            ),
            [
                "h2 2 Two – words",
                "3 one line",
                "4 next",
                "4 a",
                "5 b",
                "6 Title",
                "table 7 R|N // 8 x|1 // 9 x|2",
                "9 tail"
            ]
        );
    }

    #[test]
    fn reports_an_address_that_markdown_hides() {
        let (_, errors) = parse("text\n\n[tokyo]: 192.0.2.7\n");
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].line, Some(3));
        assert!(errors[0].problem.starts_with("192.0.2.7 is in a place"));
    }
}
