//! The values of search attributes: what their JSON says, by type.

use super::time;
use std::cmp::Ordering;
use steadfast_proto::enums::IndexedValueType as Type;

/// A value as it is compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SearchValue {
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    /// Nanoseconds since 1970.
    Moment(i64),
    List(Vec<String>),
}

impl SearchValue {
    /// Reads a value of a type. `None` if the JSON is none of it; a list of one stands for a single value.
    pub(crate) fn read(kind: Type, json: &[u8]) -> Option<Self> {
        let value = Json::read(json)?;
        if kind == Type::KeywordList {
            let Json::List(items) = value else { return None };
            let texts = items.into_iter().map(|item| match item {
                Json::Text(text) => Some(text),
                _ => None,
            });
            return texts.collect::<Option<_>>().map(Self::List);
        }
        let value = match value {
            Json::List(mut items) if items.len() == 1 => items.pop()?,
            single => single,
        };
        match (kind, value) {
            (Type::Text | Type::Keyword, Json::Text(text)) => Some(Self::Text(text)),
            (Type::Datetime, Json::Text(text)) => time::read_moment(&text).map(Self::Moment),
            (Type::Int, Json::Number(number)) => number.parse().ok().map(Self::Int),
            (Type::Double, Json::Number(number)) => number.parse().ok().map(Self::Double),
            (Type::Bool, Json::Bool(bool)) => Some(Self::Bool(bool)),
            _ => None,
        }
    }

    /// How two single values compare; `None` if they cannot.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Int(one), Self::Int(other)) | (Self::Moment(one), Self::Moment(other)) => Some(one.cmp(other)),
            (Self::Bool(one), Self::Bool(other)) => Some(one.cmp(other)),
            (Self::Int(_) | Self::Double(_), Self::Int(_) | Self::Double(_)) => {
                self.number()?.partial_cmp(&other.number()?)
            }
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "compared with a fraction")]
    fn number(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }
}

/// The words of a text, as searches see them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// How the original writes a JSON value in its messages.
pub(crate) fn shown(json: &[u8]) -> Option<String> {
    Json::read(json).map(|value| value.shown())
}

/// A text as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            letter if letter.is_ascii_control() => json.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}

/// The JSON that search attributes are made of.
#[derive(Debug, PartialEq)]
enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Self>),
    /// Anything with names in it is no value of a search attribute.
    Object,
}

impl Json {
    fn read(json: &[u8]) -> Option<Self> {
        let mut reader = Reader {
            rest: std::str::from_utf8(json).ok()?,
        };
        let value = reader.value(8)?;
        reader.rest.trim_start().is_empty().then_some(value)
    }

    fn shown(&self) -> String {
        match self {
            Self::Null => "<nil>".to_owned(),
            Self::Bool(bool) => bool.to_string(),
            Self::Number(number) => number
                .parse::<f64>()
                .map_or_else(|_| number.clone(), |number| number.to_string()),
            Self::Text(text) => text.clone(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::shown).collect();
                format!("[{}]", items.join(" "))
            }
            Self::Object => "map".to_owned(),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        let taken = self.rest.strip_prefix(token);
        self.rest = taken.unwrap_or(self.rest);
        taken.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        if self.take("null") {
            return Some(Json::Null);
        }
        if self.take("true") {
            return Some(Json::Bool(true));
        }
        if self.take("false") {
            return Some(Json::Bool(false));
        }
        if self.take("\"") {
            return self.text().map(Json::Text);
        }
        if self.take("[") {
            let mut items = Vec::new();
            if self.take("]") {
                return Some(Json::List(items));
            }
            loop {
                items.push(self.value(depth)?);
                if self.take("]") {
                    return Some(Json::List(items));
                }
                if !self.take(",") {
                    return None;
                }
            }
        }
        if self.take("{") {
            self.rest = "";
            return Some(Json::Object);
        }
        let end = self
            .rest
            .find(|letter: char| !matches!(letter, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end)?;
        number.parse::<f64>().ok()?;
        self.rest = rest;
        Some(Json::Number(number.to_owned()))
    }

    /// A text after its opening quote.
    fn text(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut letters = self.rest.chars();
        loop {
            match letters.next()? {
                '"' => break,
                '\\' => text.push(match letters.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => {
                        let unit = hex(&mut letters)?;
                        if (0xd800..0xdc00).contains(&unit) {
                            let (slash, u) = (letters.next()?, letters.next()?);
                            let low = hex(&mut letters)?;
                            if (slash, u) != ('\\', 'u') || !(0xdc00..0xe000).contains(&low) {
                                return None;
                            }
                            char::from_u32(0x10000_u32.checked_add(((unit & 0x3ff) << 10) | (low & 0x3ff))?)?
                        } else {
                            char::from_u32(unit)?
                        }
                    }
                    plain @ ('"' | '\\' | '/') => plain,
                    _ => return None,
                }),
                letter => text.push(letter),
            }
        }
        self.rest = letters.as_str();
        Some(text)
    }
}

fn hex(letters: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| Some((unit << 4) | letters.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_type_and_refused_otherwise() {
        let read = |kind, json: &str| SearchValue::read(kind, json.as_bytes());
        assert_eq!(read(Type::Int, " 5 "), Some(SearchValue::Int(5)));
        assert_eq!(read(Type::Int, "[5]"), Some(SearchValue::Int(5)));
        assert_eq!(read(Type::Int, "[5,6]"), None);
        assert_eq!(read(Type::Int, "1.5"), None);
        assert_eq!(read(Type::Double, "1"), Some(SearchValue::Double(1.0)));
        assert_eq!(read(Type::Bool, "\"true\""), None);
        assert_eq!(
            read(Type::Keyword, r#""a\"\u00e9\ud83d\ude00""#),
            Some(SearchValue::Text("a\"é😀".to_owned()))
        );
        assert_eq!(read(Type::Keyword, "5"), None);
        assert_eq!(read(Type::KeywordList, "\"a\""), None);
        assert_eq!(
            read(Type::KeywordList, "[\"a\", \"b\"]"),
            Some(SearchValue::List(vec!["a".to_owned(), "b".to_owned()]))
        );
        assert_eq!(
            read(Type::Datetime, "\"1970-01-01T00:00:01.5+00:00\""),
            Some(SearchValue::Moment(1_500_000_000))
        );
        assert_eq!(read(Type::Datetime, "\"1970-01-01\""), None);
        for broken in ["", "\"", "[1", "{", "tru", "1 2", "\"\\u12\"", "[[[[[[[[[[1]]]]]]]]]]"] {
            assert_eq!(read(Type::Keyword, broken), None, "{broken}");
        }
    }
}
