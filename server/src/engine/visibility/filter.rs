//! Filters: the grammar of lists, read into conditions on columns of known types.

use super::{
    lexer::{Kind, Token, tokens},
    literal::Literal,
};
use crate::engine::{
    error::{Error, Result},
    limits,
    run::RunKind,
    search_attribute::SearchAttributeTypes,
    search_value::SearchValue,
};
use std::cmp::Ordering;
use steadfast_proto::enums::IndexedValueType as Type;

/// A filter with what follows it.
#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    /// What rows are counted by.
    pub(crate) groups: Vec<String>,
    /// It speaks of the division, so that rows of all divisions are looked at.
    pub(super) names_division: bool,
    /// What it is about.
    pub(super) kind: RunKind,
}

/// What rows are admitted.
#[derive(Debug, PartialEq)]
pub(crate) enum Filter {
    All,
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Is(Column, Condition),
}

/// What a condition is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Type,
}

/// What a condition says of a column.
#[derive(Debug, PartialEq)]
pub(crate) enum Condition {
    Compare(Comparison, SearchValue),
    In(Vec<SearchValue>),
    NotIn(Vec<SearchValue>),
    Between(SearchValue, SearchValue),
    NotBetween(SearchValue, SearchValue),
    Null,
    NotNull,
    StartsWith(String),
    NotStartsWith(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    fn of(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "!=" | "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

pub(super) fn invalid(why: impl std::fmt::Display) -> Error {
    Error::invalid(format!("invalid query: {why}"))
}

pub(super) fn expression(why: impl std::fmt::Display) -> Error {
    invalid(format!("invalid expression: {why}"))
}

pub(crate) fn unsupported(what: impl std::fmt::Display) -> Error {
    invalid(format!("operation is not supported: {what}"))
}

/// What a filter may name.
pub(crate) trait Columns {
    /// The type of a column, or why a filter must not name it.
    fn kind(&self, name: &str) -> Result<Type>;
}

/// The columns of runs.
impl Columns for SearchAttributeTypes {
    fn kind(&self, name: &str) -> Result<Type> {
        let kind = self.of_column(name);
        kind.ok_or_else(|| invalid(format!("invalid search attribute: {name}")))
    }
}

/// The columns of standalone Nexus operations: those of runs, and what only operations have.
struct OperationColumns<'a>(&'a SearchAttributeTypes);

impl Columns for OperationColumns<'_> {
    fn kind(&self, name: &str) -> Result<Type> {
        match name {
            "Service" | "RequestId" => Ok(Type::Keyword),
            _ => self.0.kind(name),
        }
    }
}

fn check_length(text: &str) -> Result<()> {
    if text.len() > limits::FILTER_BYTES_MAX {
        return Err(invalid(format!(
            "its length {} exceeds the limit of {} bytes",
            text.len(),
            limits::FILTER_BYTES_MAX
        )));
    }
    Ok(())
}

impl Query {
    /// Reads a filter on these columns.
    pub(crate) fn read(text: &str, columns: &dyn Columns) -> Result<Self> {
        check_length(text)?;
        Self::parse(tokens(text), columns)
    }

    /// Reads a filter of what has no workflow, with names of its own for what all rows have.
    pub(super) fn read_for(kind: RunKind, text: &str, types: &SearchAttributeTypes) -> Result<Self> {
        check_length(text)?;
        let mut words = tokens(text);
        for word in &mut words {
            if let Kind::Word(name) | Kind::Name(name) = &mut word.kind {
                match (kind, name.as_str()) {
                    (RunKind::Activity, "ActivityId") | (RunKind::Operation, "OperationId") => {
                        "WorkflowId".clone_into(name);
                    }
                    (RunKind::Activity, "ActivityType") | (RunKind::Operation, "Operation") => {
                        "WorkflowType".clone_into(name);
                    }
                    (RunKind::Operation, "Endpoint") => "TaskQueue".clone_into(name),
                    _ => {}
                }
            }
        }
        let mut query = match kind {
            RunKind::Operation => Self::parse(words, &OperationColumns(types))?,
            RunKind::Activity | RunKind::Workflow => Self::parse(words, types)?,
        };
        query.kind = kind;
        Ok(query)
    }

    fn parse(tokens: Vec<Token>, columns: &dyn Columns) -> Result<Self> {
        let mut parser = Parser {
            tokens,
            at: 0,
            columns,
            depth: 0,
            names_division: false,
        };
        let filter = match parser.peek() {
            Kind::End => Filter::All,
            _ if parser.is_clause() => Filter::All,
            _ => parser.or()?,
        };
        let groups = parser.clauses()?;
        match parser.peek() {
            Kind::End => Ok(Self {
                filter,
                groups,
                names_division: parser.names_division,
                kind: RunKind::Workflow,
            }),
            _ => Err(parser.syntax()),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    columns: &'a dyn Columns,
    depth: usize,
    names_division: bool,
}

impl Parser<'_> {
    fn peek(&self) -> &Kind {
        self.tokens.get(self.at).map_or(&Kind::End, |token| &token.kind)
    }

    /// Passes over the word at hand.
    fn skip(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn next(&mut self) -> Kind {
        let kind = self.peek().clone();
        if kind != Kind::End {
            self.skip();
        }
        kind
    }

    fn is_word(&self, keyword: &str) -> bool {
        matches!(self.peek(), Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let is_next = self.is_word(keyword);
        if is_next {
            self.skip();
        }
        is_next
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.peek(), Kind::Sign(next) if *next == sign);
        if is_next {
            self.skip();
        }
        is_next
    }

    fn is_clause(&self) -> bool {
        ["group", "order", "limit"]
            .into_iter()
            .any(|clause| self.is_word(clause))
    }

    /// The word at hand is not one that can stand there. The original counts from the head of a statement that it
    /// puts before the filter.
    fn syntax(&self) -> Error {
        const HEAD: usize = "select * from table1 where ".len();
        let token = self.tokens.get(self.at).or_else(|| self.tokens.last());
        let is_word = usize::from(token.is_some_and(|token| token.kind != Kind::End));
        let position = token
            .map_or(0, |token| token.end)
            .saturating_add(HEAD)
            .saturating_add(is_word);
        let near = match token.map(|token| &token.kind) {
            Some(Kind::Word(word)) if is_keyword(word) => format!(" near '{}'", word.to_ascii_lowercase()),
            Some(Kind::Word(text) | Kind::Name(text) | Kind::Text(text) | Kind::Number(text) | Kind::Bad(text)) => {
                format!(" near '{text}'")
            }
            Some(Kind::Sign(_) | Kind::End) | None => String::new(),
        };
        invalid(format!(
            "malformed SQL query: syntax error at position {position}{near}"
        ))
    }

    fn or(&mut self) -> Result<Filter> {
        let mut filter = self.and()?;
        while self.take_word("or") || self.take_sign("||") {
            filter = Filter::Or(Box::new(filter), Box::new(self.and()?));
        }
        Ok(filter)
    }

    fn and(&mut self) -> Result<Filter> {
        let mut filter = self.not()?;
        while self.take_word("and") || self.take_sign("&&") {
            filter = Filter::And(Box::new(filter), Box::new(self.not()?));
        }
        Ok(filter)
    }

    fn not(&mut self) -> Result<Filter> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > limits::FILTER_DEPTH_MAX {
            return Err(invalid(format!(
                "it is nested deeper than {}",
                limits::FILTER_DEPTH_MAX
            )));
        }
        let filter = if self.take_word("not") {
            Filter::Not(Box::new(self.not()?))
        } else if self.take_sign("(") {
            let inner = self.or()?;
            if !self.take_sign(")") {
                return Err(self.syntax());
            }
            inner
        } else {
            self.condition()?
        };
        self.depth = self.depth.saturating_sub(1);
        Ok(filter)
    }

    fn column(&mut self) -> Result<Column> {
        let not_a_column = |what: &str| Err(expression(format!("must be a column name but was *sqlparser.{what}")));
        let name = match self.peek() {
            Kind::Word(word) if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {
                return Err(unsupported("expression of type sqlparser.BoolVal"));
            }
            Kind::Word(word) if is_keyword(word) => return Err(self.syntax()),
            Kind::Word(name) | Kind::Name(name) => name.clone(),
            Kind::Text(_) | Kind::Number(_) => return not_a_column("SQLVal"),
            Kind::Sign("!" | "-" | "+") => return not_a_column("UnaryExpr"),
            Kind::Sign(_) | Kind::Bad(_) | Kind::End => return Err(self.syntax()),
        };
        self.skip();
        if matches!(self.peek(), Kind::Sign("+" | "-" | "*" | "/")) {
            return not_a_column("BinaryExpr");
        }
        let kind = self.columns.kind(&name)?;
        self.names_division |= name == "TemporalNamespaceDivision";
        Ok(Column { name, kind })
    }

    fn condition(&mut self) -> Result<Filter> {
        let column = self.column()?;
        if let Kind::Sign(sign) = *self.peek()
            && let Some(comparison) = Comparison::of(sign)
        {
            self.skip();
            let value = self.value(&column)?;
            if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
                column.check_operator(comparison.sign(), &[Type::Text, Type::KeywordList])?;
            }
            return Ok(Filter::Is(column, Condition::Compare(comparison, value)));
        }
        if self.take_word("is") {
            let is_null = !self.take_word("not");
            if !self.take_word("null") {
                return Err(self.syntax());
            }
            let condition = if is_null { Condition::Null } else { Condition::NotNull };
            return Ok(Filter::Is(column, condition));
        }
        let is_not = self.take_word("not");
        let Kind::Word(operator) = self.peek() else {
            return Err(
                if is_not || matches!(self.peek(), Kind::Text(_) | Kind::Number(_) | Kind::Name(_)) {
                    self.syntax()
                } else {
                    expression("incomplete expression")
                },
            );
        };
        let operator = operator.to_ascii_uppercase();
        let condition = match operator.as_str() {
            "IN" => self.listed(&column, is_not)?,
            "BETWEEN" => self.between(&column, is_not)?,
            "STARTS_WITH" | "LIKE" | "REGEXP" => {
                self.skip();
                let value = self.value(&column)?;
                let operator = format!("{}{operator}", if is_not { "NOT " } else { "" });
                match value {
                    SearchValue::Text(prefix) if column.kind == Type::Keyword && operator.ends_with("STARTS_WITH") => {
                        if is_not {
                            Condition::NotStartsWith(prefix)
                        } else {
                            Condition::StartsWith(prefix)
                        }
                    }
                    _ => return Err(column.no_operator(&operator)),
                }
            }
            "AND" | "OR" | "GROUP" | "ORDER" | "LIMIT" if !is_not => return Err(expression("incomplete expression")),
            _ => return Err(self.syntax()),
        };
        Ok(Filter::Is(column, condition))
    }

    fn listed(&mut self, column: &Column, is_not: bool) -> Result<Condition> {
        self.skip();
        if !self.take_sign("(") {
            return Err(self.syntax());
        }
        let mut values = vec![self.value(column)?];
        while self.take_sign(",") {
            values.push(self.value(column)?);
        }
        if !self.take_sign(")") {
            return Err(self.syntax());
        }
        column.check_operator(if is_not { "NOT IN" } else { "IN" }, &[Type::Text])?;
        Ok(if is_not {
            Condition::NotIn(values)
        } else {
            Condition::In(values)
        })
    }

    fn between(&mut self, column: &Column, is_not: bool) -> Result<Condition> {
        self.skip();
        let low = self.value(column)?;
        if !self.take_word("and") {
            return Err(self.syntax());
        }
        let high = self.value(column)?;
        if matches!(column.kind, Type::Text | Type::KeywordList) {
            return Err(expression(format!(
                "cannot do range condition on search attribute '{}' of type {}",
                column.name,
                column.type_name()
            )));
        }
        Ok(if is_not {
            Condition::NotBetween(low, high)
        } else {
            Condition::Between(low, high)
        })
    }

    /// The value that a column is compared with.
    fn value(&mut self, column: &Column) -> Result<SearchValue> {
        let negative = self.take_sign("-");
        let literal = match self.peek() {
            Kind::Number(digits) => Literal::number(digits, negative)?,
            _ if negative => return Err(self.syntax()),
            Kind::Text(text) => Literal::Text(text.clone()),
            Kind::Word(word) if word.eq_ignore_ascii_case("true") => Literal::Bool(true),
            Kind::Word(word) if word.eq_ignore_ascii_case("false") => Literal::Bool(false),
            Kind::Word(word) if word.eq_ignore_ascii_case("null") => {
                return Err(expression("unexpected value type *sqlparser.NullVal"));
            }
            Kind::Word(word) if is_keyword(word) => return Err(self.syntax()),
            Kind::Word(name) | Kind::Name(name) => {
                return Err(unsupported(format!(
                    "column name on the right side of comparison expression (did you forget to quote \"{name}\"?)"
                )));
            }
            Kind::Sign(_) | Kind::Bad(_) | Kind::End => return Err(self.syntax()),
        };
        self.skip();
        if matches!(self.peek(), Kind::Sign("+" | "-" | "*" | "/")) {
            return Err(expression("unexpected value type *sqlparser.BinaryExpr"));
        }
        literal.of(column)
    }

    /// What may follow a filter: `GROUP BY` alone.
    fn clauses(&mut self) -> Result<Vec<String>> {
        let mut groups = Vec::new();
        if self.take_word("group") {
            if !self.take_word("by") {
                return Err(self.syntax());
            }
            loop {
                match self.next() {
                    Kind::Word(name) if !is_keyword(&name) => groups.push(name),
                    Kind::Name(name) => groups.push(name),
                    _ => {
                        self.at = self.at.saturating_sub(1);
                        return Err(self.syntax());
                    }
                }
                if !self.take_sign(",") {
                    break;
                }
            }
        }
        if self.is_word("order") {
            return Err(unsupported("'ORDER BY' clause"));
        }
        if self.is_word("limit") {
            return Err(unsupported("'LIMIT' clause"));
        }
        Ok(groups)
    }
}

impl Column {
    pub(super) fn type_name(&self) -> &'static str {
        crate::engine::search_attribute::type_name(self.kind)
    }

    fn check_operator(&self, operator: &str, refused: &[Type]) -> Result<()> {
        if refused.contains(&self.kind) {
            return Err(self.no_operator(operator));
        }
        Ok(())
    }

    fn no_operator(&self, operator: &str) -> Error {
        unsupported(format!(
            "operator '{operator}' not supported for {} type search attribute '{}'",
            self.type_name(),
            self.name
        ))
    }
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 17] = [
        "and",
        "or",
        "not",
        "in",
        "is",
        "null",
        "between",
        "like",
        "regexp",
        "starts_with",
        "group",
        "order",
        "by",
        "limit",
        "xor",
        "true",
        "false",
    ];
    KEYWORDS.into_iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
