//! Rows: what a run has in a column, and whether a filter admits it.

use super::filter::{Column, Comparison, Condition, Filter};
use crate::engine::{
    run::{Run, RunKind},
    search_value::{SearchValue, words},
    time::Time,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use steadfast_proto::{common::Payload, enums::IndexedValueType as Type};

/// What is in a list: it has something, or nothing, in every column.
pub(crate) trait Row {
    fn cell(&self, column: &Column) -> Cell<'_>;
}

/// What a row has in a column.
pub(crate) enum Cell<'a> {
    Null,
    Text(Cow<'a, str>),
    Value(SearchValue),
}

impl Filter {
    /// Whether a row is admitted. What is neither so nor not so, for want of a value, is not.
    pub(crate) fn admits(&self, row: &impl Row) -> bool {
        self.holds(row) == Some(true)
    }

    /// Three-valued, as in SQL: `None` where a column has no value.
    fn holds(&self, row: &impl Row) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Not(filter) => filter.holds(row).map(|holds| !holds),
            Self::And(one, other) => match one.holds(row) {
                Some(false) => Some(false),
                one => match other.holds(row) {
                    Some(false) => Some(false),
                    other => one.and(other),
                },
            },
            Self::Or(one, other) => match one.holds(row) {
                Some(true) => Some(true),
                one => match other.holds(row) {
                    Some(true) => Some(true),
                    other => one.and(other),
                },
            },
            Self::Is(column, condition) => condition.holds(column.kind, &row.cell(column)),
        }
    }
}

impl Condition {
    fn holds(&self, kind: Type, cell: &Cell<'_>) -> Option<bool> {
        match self {
            Self::Null => return Some(matches!(cell, Cell::Null)),
            Self::NotNull => return Some(!matches!(cell, Cell::Null)),
            _ => {}
        }
        // Lists and texts are searched, so that what has no value just has not what is looked for.
        if matches!(kind, Type::KeywordList | Type::Text) {
            return Some(match self {
                Self::Compare(Comparison::NotEqual, value) => !cell.has(kind, value),
                Self::Compare(_, value) => cell.has(kind, value),
                Self::In(values) => values.iter().any(|value| cell.has(kind, value)),
                Self::NotIn(values) => !values.iter().any(|value| cell.has(kind, value)),
                _ => false,
            });
        }
        if matches!(cell, Cell::Null) {
            return None;
        }
        let equals = |value: &SearchValue| cell.compare(value).is_some_and(std::cmp::Ordering::is_eq);
        let lies = |low: &SearchValue, high: &SearchValue| {
            let above = cell.compare(low).is_some_and(std::cmp::Ordering::is_ge);
            above && cell.compare(high).is_some_and(std::cmp::Ordering::is_le)
        };
        let starts = |prefix: &str| cell.text().is_some_and(|text| text.starts_with(prefix));
        Some(match self {
            Self::Compare(comparison, value) => cell.compare(value).is_some_and(|order| comparison.holds(order)),
            Self::In(values) => values.iter().any(equals),
            Self::NotIn(values) => !values.iter().any(equals),
            Self::Between(low, high) => lies(low, high),
            Self::NotBetween(low, high) => !lies(low, high),
            Self::StartsWith(prefix) => starts(prefix),
            Self::NotStartsWith(prefix) => !starts(prefix),
            Self::Null | Self::NotNull => false,
        })
    }
}

impl Cell<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(SearchValue::Text(text)) => Some(text),
            Self::Value(_) | Self::Null => None,
        }
    }

    fn compare(&self, value: &SearchValue) -> Option<std::cmp::Ordering> {
        match (self, value) {
            (Self::Value(own), value) => own.compare(value),
            (Self::Text(own), SearchValue::Text(text)) => Some(own.as_ref().cmp(text.as_str())),
            (Self::Text(_) | Self::Null, _) => None,
        }
    }

    /// Whether a list has a keyword, or a text one of the words.
    fn has(&self, kind: Type, value: &SearchValue) -> bool {
        let SearchValue::Text(wanted) = value else { return false };
        match self {
            Self::Value(SearchValue::List(items)) => items.iter().any(|item| item == wanted),
            Self::Value(SearchValue::Text(text)) if kind == Type::Text => {
                let wanted: Vec<String> = words(wanted).collect();
                words(text).any(|word| wanted.contains(&word))
            }
            _ => false,
        }
    }
}

fn moment(time: Time) -> Cell<'static> {
    Cell::Value(SearchValue::Moment(i64::try_from(time.nanos()).unwrap_or(i64::MAX)))
}

fn int(number: i64) -> Cell<'static> {
    Cell::Value(SearchValue::Int(number))
}

impl Row for Run {
    fn cell(&self, column: &Column) -> Cell<'_> {
        cell(self, column)
    }
}

/// What a search attribute says.
pub(crate) fn attribute<'a>(attributes: &BTreeMap<String, Payload>, column: &Column) -> Cell<'a> {
    attributes
        .get(&column.name)
        .and_then(|payload| SearchValue::read(column.kind, &payload.data))
        .map_or(Cell::Null, Cell::Value)
}

fn cell<'a>(run: &'a Run, column: &Column) -> Cell<'a> {
    let text = |text: &'a str| Cell::Text(Cow::Borrowed(text));
    // Sizes are known when the run has ended.
    let at_end = |number: i64| if run.is_open() { Cell::Null } else { int(number) };
    match column.name.as_str() {
        "WorkflowId" => text(&run.is.workflow_id),
        "RunId" => Cell::Text(run.is.run_id.to_string().into()),
        "WorkflowType" => text(&run.is.workflow_type),
        "TaskQueue" => text(&run.is.task_queue),
        "ExecutionStatus" => int(i64::from(run.visible_status() as i32)),
        "StartTime" => moment(run.is.start_time),
        "ExecutionTime" => moment(run.is.execution_time),
        "CloseTime" => run.close_time.map_or(Cell::Null, moment),
        "ExecutionDuration" => run.close_time.map_or(Cell::Null, |closed| {
            let duration = closed.since(run.is.execution_time).as_nanos();
            int(i64::try_from(duration).unwrap_or(i64::MAX))
        }),
        "HistoryLength" => at_end(run.history.wire_len()),
        "HistorySizeBytes" => at_end(run.history.wire_bytes()),
        "StateTransitionCount" => at_end(run.state_transitions),
        "ParentWorkflowId" => match &run.is.parent {
            Some(parent) => text(&parent.execution.workflow_id),
            None => Cell::Null,
        },
        "ParentRunId" => match &run.is.parent {
            Some(parent) => text(&parent.execution.run_id),
            None => Cell::Null,
        },
        "RootWorkflowId" => match &run.is.root {
            Some(root) => text(&root.workflow_id),
            None => text(&run.is.workflow_id),
        },
        "RootRunId" => match &run.is.root {
            Some(root) => text(&root.run_id),
            None => Cell::Text(run.is.run_id.to_string().into()),
        },
        "BuildIds" if !run.search_attributes.contains_key("BuildIds") => match run.build_ids() {
            ids if ids.is_empty() => Cell::Null,
            ids => Cell::Value(SearchValue::List(ids)),
        },
        "Service" | "RequestId" if run.kind() == RunKind::Operation => match run.operation_event(1) {
            Some(scheduled) if column.name == "Service" => text(&scheduled.service),
            Some(_) => text(&run.is.start_request_id),
            None => Cell::Null,
        },
        _ => attribute(&run.search_attributes, column),
    }
}
