//! Steps through the text of JSON, one token at a time.
//!
//! Tokens are slices of the text where they can be: numbers keep their digits, a payload's shorthand its spelling, and
//! a place in the text can be gone back to.

use super::error::JsonErrorKind;
use std::borrow::Cow;

/// How much of a wrong value an error shows.
const SHOWN_CHARS_MAX: usize = 40;

/// A place in the text of JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    pub(super) at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // Editors on Windows begin files with a byte order mark.
        let at = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        Self { text, at }
    }

    /// The first byte of the next token, with the place moved to it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.rest().bytes();
        self.at += rest
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.byte()
    }

    /// Goes past this byte if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.at += 1;
        }
        is_next
    }

    /// Goes past this byte, which has to be next.
    pub(super) fn require(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonErrorKind> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.syntax(expected))
        }
    }

    /// Whether there is another element or member before `close`; goes past the comma or `close`.
    pub(super) fn next_item(&mut self, is_first: &mut bool, close: u8) -> Result<bool, JsonErrorKind> {
        if self.take(close) {
            return Ok(false);
        }
        if !std::mem::replace(is_first, false) {
            let expected = if close == b'}' { "a comma or }" } else { "a comma or ]" };
            self.require(b',', expected)?;
        }
        Ok(true)
    }

    /// The name of a member, with the colon after it.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, JsonErrorKind> {
        let name = self.string()?;
        self.require(b':', "a colon")?;
        Ok(name)
    }

    /// The string that is next.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, JsonErrorKind> {
        self.require(b'"', "a string")?;
        let mut whole = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f))
                .count();
            // The byte after `plain` is ASCII or the end, so this is a boundary of characters.
            let piece = rest.get(..plain).unwrap_or_default();
            self.at += plain;
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(if whole.is_empty() {
                        Cow::Borrowed(piece)
                    } else {
                        Cow::Owned(whole + piece)
                    });
                }
                Some(b'\\') => {
                    whole.push_str(piece);
                    self.at += 1;
                    whole.push(self.escaped()?);
                }
                _ => return Err(self.syntax("the end of the string")),
            }
        }
    }

    /// The number that is next, as it is written.
    pub(super) fn number(&mut self) -> Result<&'a str, JsonErrorKind> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.byte() == Some(b'0');
        if self.digits()? > 1 && leading_zero {
            return Err(self.syntax("a number without leading zeros"));
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Goes past `null` if it is next.
    pub(super) fn take_null(&mut self) -> Result<bool, JsonErrorKind> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    /// Goes past `true`, `false` or `null`.
    pub(super) fn word(&mut self, word: &'static str) -> Result<(), JsonErrorKind> {
        let rest = self.rest();
        let letters = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if rest.get(..letters) != Some(word) {
            return Err(self.syntax("a value"));
        }
        self.at += letters;
        Ok(())
    }

    /// Goes past any value, however deep, and gives its text.
    pub(super) fn skip(&mut self) -> Result<&'a str, JsonErrorKind> {
        self.peek();
        let start = self.at;
        let mut open: Vec<u8> = Vec::new();
        loop {
            let mut is_first = false;
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    open.push(b'}');
                    is_first = true;
                }
                Some(b'[') => {
                    self.at += 1;
                    open.push(b']');
                    is_first = true;
                }
                _ => self.skip_scalar()?,
            }
            while let Some(close) = open.last().copied() {
                if self.next_item(&mut is_first, close)? {
                    if close == b'}' {
                        self.name()?;
                    }
                    break;
                }
                open.pop();
                is_first = false;
            }
            if open.is_empty() {
                return Ok(self.text.get(start..self.at).unwrap_or_default());
            }
        }
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), JsonErrorKind> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(self.syntax("nothing more"))
        }
    }

    /// The beginning of what is next, for an error.
    pub(super) fn shown(&mut self) -> String {
        if self.peek().is_none() {
            return "the end".to_owned();
        }
        let mut ahead = *self;
        let value = ahead.skip().unwrap_or_else(|_| self.rest());
        match value.as_bytes().first() {
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "an array".to_owned(),
            _ => match value.char_indices().nth(SHOWN_CHARS_MAX) {
                Some((end, _)) => format!("{}...", value.get(..end).unwrap_or_default()),
                None => value.to_owned(),
            },
        }
    }

    /// Line and column, from 1.
    pub(super) fn position(&self) -> (usize, usize) {
        let before = self.text.get(..self.at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    pub(super) fn syntax(&mut self, expected: &'static str) -> JsonErrorKind {
        let found = match self.rest().chars().next() {
            Some(next) => format!("{next:?}"),
            None => "the end".to_owned(),
        };
        JsonErrorKind::Syntax { expected, found }
    }

    fn skip_scalar(&mut self) -> Result<(), JsonErrorKind> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number().map(|_| ()),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            _ => self.word("null"),
        }
    }

    /// How many digits are next, at least one.
    fn digits(&mut self) -> Result<usize, JsonErrorKind> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        if count == 0 {
            Err(self.syntax("a digit"))
        } else {
            Ok(count)
        }
    }

    /// What stands after a backslash.
    fn escaped(&mut self) -> Result<char, JsonErrorKind> {
        let escaped = match self.byte() {
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.syntax("an escape")),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// The character of `\uXXXX`, or of two of them that are a pair of surrogates.
    fn unicode(&mut self) -> Result<char, JsonErrorKind> {
        let first = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.rest().starts_with("\\u") {
                return Err(self.syntax("the second half of a surrogate pair"));
            }
            self.at += 2;
            let second = self.four_digits()?;
            match second.checked_sub(0xdc00) {
                Some(low) if low < 0x400 => 0x10000 + ((first - 0xd800) << 10) + low,
                _ => return Err(self.syntax("the second half of a surrogate pair")),
            }
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.syntax("the first half of a surrogate pair"))
    }

    fn four_digits(&mut self) -> Result<u32, JsonErrorKind> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(code) = code else {
            return Err(self.syntax("four hexadecimal digits"));
        };
        self.at += 4;
        Ok(code)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
