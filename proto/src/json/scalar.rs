//! Scalars and the well-known types that are written as one.

use super::{
    error::JsonErrorKind,
    read::Reader,
    table::{EnumType, Kind, MessageType},
    wire::{push_key, push_varint},
};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::borrow::Cow;

/// Proto JSON takes both alphabets, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_FOR_URLS: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// The times that RFC 3339 can say: the years 1 to 9999.
pub(super) const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Ten thousand years, the longest that proto JSON allows.
pub(super) const DURATION_SECONDS: std::ops::RangeInclusive<i64> = -315_576_000_000..=315_576_000_000;

type Outcome = Result<(), JsonErrorKind>;

impl<'a> Reader<'a> {
    pub(super) fn text(&mut self, expected: &str) -> Result<Cow<'a, str>, JsonErrorKind> {
        match self.scanner.peek() {
            Some(b'"') => self.scanner.string(),
            _ => Err(self.not(self.scanner.at, expected)),
        }
    }

    pub(super) fn boolean(&mut self) -> Outcome {
        let value = match self.scanner.peek() {
            Some(b't') => self.scanner.word("true").map(|()| 1)?,
            Some(b'f') => self.scanner.word("false").map(|()| 0)?,
            _ => return Err(self.not(self.scanner.at, "true or false")),
        };
        push_varint(&mut self.wire, value);
        Ok(())
    }

    pub(super) fn bytes(&mut self) -> Outcome {
        let (start, text) = (self.start(), self.text("base64 in a string")?);
        let engine = if text.contains(['-', '_']) {
            &BASE64_FOR_URLS
        } else {
            &BASE64
        };
        let value_start = self.wire.len();
        if engine.decode_vec(text.as_bytes(), &mut self.wire).is_err() {
            return Err(self.not(start, "base64 in a string"));
        }
        super::wire::close(&mut self.wire, value_start);
        Ok(())
    }

    /// A whole number, bare or in quotes.
    pub(super) fn integer(&mut self, min: i64, max: i64, expected: &str) -> Outcome {
        let (start, digits) = (self.start(), self.digits()?);
        let number = digits
            .and_then(|digits| whole(&digits))
            .filter(|number| (min..=max).contains(number));
        let Some(number) = number else {
            return Err(self.not(start, expected));
        };
        push_varint(&mut self.wire, number as u64);
        Ok(())
    }

    pub(super) fn double(&mut self) -> Outcome {
        let number = self.fraction(f64::MAX)?;
        self.wire.extend_from_slice(&number.to_le_bytes());
        Ok(())
    }

    pub(super) fn float(&mut self) -> Outcome {
        let number = self.fraction(f64::from(f32::MAX))?;
        self.wire.extend_from_slice(&(number as f32).to_le_bytes());
        Ok(())
    }

    pub(super) fn enumeration(&mut self, enumeration: &'static EnumType) -> Outcome {
        if self.scanner.peek() != Some(b'"') {
            let expected = format!("a value of {} by name or number", enumeration.short_name());
            return self.integer(i64::from(i32::MIN), i64::from(i32::MAX), &expected);
        }
        let (start, name) = (self.start(), self.scanner.string()?);
        let Some(number) = enumeration.number(&name) else {
            self.scanner.at = start;
            return Err(JsonErrorKind::EnumValue {
                enumeration: enumeration.full_name(),
                found: self.scanner.shown(),
            });
        };
        push_varint(&mut self.wire, i64::from(number) as u64);
        Ok(())
    }

    pub(super) fn duration(&mut self) -> Outcome {
        const EXPECTED: &str = "a duration in seconds such as \"1.5s\"";
        let (start, text) = (self.start(), self.text(EXPECTED)?);
        let duration = text.parse::<prost_types::Duration>().ok();
        match duration.filter(|duration| DURATION_SECONDS.contains(&duration.seconds)) {
            Some(duration) => self.push_message(&duration),
            None => Err(self.not(start, EXPECTED)),
        }
    }

    pub(super) fn timestamp(&mut self) -> Outcome {
        const EXPECTED: &str = "a time such as \"2026-01-02T03:04:05.678Z\"";
        let (start, text) = (self.start(), self.text(EXPECTED)?);
        // A date without a time, or a time without a zone, would be guessed at.
        let (_, time) = text.split_once(['T', 't']).unwrap_or_default();
        let timestamp = match time.contains(['Z', 'z', '+', '-']) {
            true => text.parse::<prost_types::Timestamp>().ok(),
            false => None,
        };
        match timestamp.filter(|timestamp| TIMESTAMP_SECONDS.contains(&timestamp.seconds)) {
            Some(timestamp) => self.push_message(&timestamp),
            None => Err(self.not(start, EXPECTED)),
        }
    }

    /// `"oneField,other.field"` for the paths `one_field` and `other.field`.
    pub(super) fn field_mask(&mut self, message: &'static MessageType) -> Outcome {
        let text = self.text("the names of fields in a string, separated by commas")?;
        let Some(paths) = message.fields().first() else {
            return Ok(());
        };
        for path in text.split(',').filter(|path| !path.is_empty()) {
            push_key(&mut self.wire, paths.number(), Kind::Text);
            self.push_bytes(snake_case(path).as_bytes());
        }
        Ok(())
    }

    fn push_message(&mut self, message: &impl prost::Message) -> Outcome {
        message.encode(&mut self.wire).map_err(|error| JsonErrorKind::Wire {
            reason: error.to_string(),
        })
    }

    /// The text of a number, bare or in quotes; `None` if something else is next.
    fn digits(&mut self) -> Result<Option<Cow<'a, str>>, JsonErrorKind> {
        match self.scanner.peek() {
            Some(b'"') => self.scanner.string().map(Some),
            Some(b'-' | b'0'..=b'9') => self.scanner.number().map(|digits| Some(Cow::Borrowed(digits))),
            _ => Ok(None),
        }
    }

    /// A number, bare or in quotes, or the name of one that has no digits.
    fn fraction(&mut self, max: f64) -> Result<f64, JsonErrorKind> {
        let (start, digits) = (self.start(), self.digits()?);
        let number = match digits.as_deref() {
            Some("NaN") => Some(f64::NAN),
            Some("Infinity") => Some(f64::INFINITY),
            Some("-Infinity") => Some(f64::NEG_INFINITY),
            Some(digits) if is_number(digits) => digits.parse::<f64>().ok().filter(|number| number.abs() <= max),
            _ => None,
        };
        number.ok_or_else(|| self.not(start, "a number within the range of the field"))
    }

    /// Where the next token starts.
    fn start(&mut self) -> usize {
        self.scanner.peek();
        self.scanner.at
    }
}

/// `startToCloseTimeout` is `start_to_close_timeout`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `start_to_close_timeout` is `startToCloseTimeout`.
pub(super) fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut is_after_underscore = false;
    for letter in name.chars() {
        if letter == '_' {
            is_after_underscore = true;
            continue;
        }
        camel.push(if is_after_underscore {
            letter.to_ascii_uppercase()
        } else {
            letter
        });
        is_after_underscore = false;
    }
    camel
}

/// Whether the names survive the way to JSON and back.
pub(super) fn is_reversible(name: &str) -> bool {
    !name.contains(',') && snake_case(&camel_case(name)) == name
}

/// A number's text as a whole number; `1e3` and `2.0` are.
fn whole(digits: &str) -> Option<i64> {
    /// Below it every whole number has a double of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if !is_number(digits) {
        return None;
    }
    digits.parse::<i64>().ok().or_else(|| {
        let number = digits.parse::<f64>().ok()?;
        (number.fract() == 0.0 && number.abs() <= EXACT_MAX).then_some(number as i64)
    })
}

/// Whether the text has nothing but what a number of JSON has, so that `+1`, `inf` and ` 1` are none.
fn is_number(digits: &str) -> bool {
    let mut scanner = super::scan::Scanner::new(digits);
    scanner.number().is_ok_and(|number| number == digits)
}
