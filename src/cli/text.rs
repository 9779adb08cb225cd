//! Texts from spans, fitted into columns of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const ELLIPSIS: &str = "…";

/// Replaces control characters, which could move the cursor or colour the terminal: spans are
/// written by anyone.
pub(super) fn printable(text: &str) -> String {
    let is_unsafe = |character: char| {
        let is_direction = matches!(character, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        character.is_control() || is_direction
    };
    let replaced = text.chars().map(|character| match is_unsafe(character) {
        true => char::REPLACEMENT_CHARACTER,
        false => character,
    });
    replaced.collect()
}

/// The columns that the text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Cuts the end off where the text is wider than `columns`.
pub(super) fn cut_end(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = take_columns(text.chars(), columns.saturating_sub(1));
    kept.push_str(ELLIPSIS);
    kept
}

/// Cuts the beginning off where the text is wider than `columns`.
pub(super) fn cut_start(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let kept = take_columns(text.chars().rev(), columns.saturating_sub(1));
    ELLIPSIS.chars().chain(kept.chars().rev()).collect()
}

/// Cuts the middle out where the text is wider than `columns`; more is left of its end, which tells
/// names of operations apart.
pub(super) fn cut_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let start = take_columns(text.chars(), room / 3);
    let end = take_columns(text.chars().rev(), room - width(&start));
    let end = end.chars().rev();
    start.chars().chain(ELLIPSIS.chars()).chain(end).collect()
}

/// Fills up with spaces at the end.
pub(super) fn pad_end(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// Fills up with spaces at the beginning.
pub(super) fn pad_start(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{}{text}", " ".repeat(missing))
}

fn take_columns(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut taken = 0;
    let fitting = characters.take_while(|character| {
        taken += character.width().unwrap_or(0);
        taken <= columns
    });
    fitting.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_padded_by_columns() {
        assert_eq!(cut_end("checkout", 8), "checkout");
        assert_eq!(cut_end("checkout", 5), "chec…");
        assert_eq!(cut_end("结账服务", 5), "结账…");
        assert_eq!(cut_start("0.1.2.3.4", 5), "….3.4");
        assert_eq!(cut_middle("shop.Cart/Get", 13), "shop.Cart/Get");
        assert_eq!(cut_middle("shop.Cart/Get", 10), "sho…rt/Get");
        assert_eq!(cut_middle("结账服务操作", 8), "结…操作");
        assert_eq!(cut_middle("cart", 1), "…");
        assert_eq!(pad_end("结账", 6), "结账  ");
        assert_eq!(pad_start("1 ms", 6), "  1 ms");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\u{fffd}c");
    }
}
