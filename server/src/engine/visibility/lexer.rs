//! The words of a filter.

/// What a word of a filter is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A keyword or the name of a column.
    Word(String),
    /// A name in back-ticks, which is never a keyword.
    Name(String),
    /// A text in quotes.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// A sign.
    Sign(&'static str),
    /// What is no word, or a quote without its end.
    Bad(String),
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it ends, in bytes.
    pub(super) end: usize,
}

/// Longer ones first.
const SIGNS: [&str; 18] = [
    "<=", ">=", "<>", "!=", "&&", "||", "=", "<", ">", "!", "(", ")", ",", "+", "-", "*", "/", ";",
];

/// Splits a filter into words; the last one is its end.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let kind = lexer.next();
        let is_last = matches!(kind, Kind::End | Kind::Bad(_));
        let end = lexer.at.saturating_add(usize::from(kind == Kind::End));
        tokens.push(Token { kind, end });
        if is_last {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        self.skip(end);
        rest.get(..end).unwrap_or_default()
    }

    fn next(&mut self) -> Kind {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest().starts_with("--") {
                break;
            }
            self.take_while(|letter| letter != '\n');
        }
        let Some(first) = self.rest().chars().next() else {
            return Kind::End;
        };
        match first {
            '\'' | '"' | '`' => self.quoted(first),
            'a'..='z' | 'A'..='Z' | '_' => Kind::Word(
                self.take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '$'))
                    .to_owned(),
            ),
            '0'..='9' | '.' => self.number(),
            _ => {
                if let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) {
                    self.skip(sign.len());
                    return Kind::Sign(sign);
                }
                self.skip(first.len_utf8());
                Kind::Bad(first.to_string())
            }
        }
    }

    fn number(&mut self) -> Kind {
        let mut number = self
            .take_while(|letter| letter.is_alphanumeric() || letter == '.')
            .to_owned();
        if number.ends_with(['e', 'E']) && self.rest().starts_with(['+', '-']) {
            number.push_str(self.rest().get(..1).unwrap_or_default());
            self.skip(1);
            number.push_str(self.take_while(|letter| letter.is_ascii_digit()));
        }
        Kind::Number(number)
    }

    /// Texts have doubled quotes and back-slashes for what they could not have otherwise.
    fn quoted(&mut self, quote: char) -> Kind {
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                if letters.next_if(|(_, next)| *next == quote).is_none() {
                    self.skip(at.saturating_add(quote.len_utf8()));
                    return if quote == '`' {
                        Kind::Name(text)
                    } else {
                        Kind::Text(text)
                    };
                }
                text.push(quote);
            } else if letter == '\\' && quote != '`' {
                match letters.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, '0')) => text.push('\0'),
                    Some((_, plain)) => text.push(plain),
                    None => break,
                }
            } else {
                text.push(letter);
            }
        }
        self.at = self.text.len();
        Kind::Bad(text)
    }
}
