//! Lists and counts of runs. The filters understood so far are equalities joined by `AND`.

use super::{
    Engine,
    error::{Error, Result},
    id::Uuid,
    limits,
    namespace::NamespaceKey,
    run::Run,
};
use bytes::Bytes;
use std::collections::BTreeMap;
use steadfast_proto::{
    common::Payload,
    enums::WorkflowExecutionStatus as Status,
    workflow::WorkflowExecutionInfo,
    workflowservice::{count_workflow_executions_response::AggregationGroup, *},
};

/// A filter: what all of its conditions say.
#[derive(Debug, PartialEq)]
struct Filter {
    conditions: Vec<(Field, bool, Vec<String>)>,
}

/// What a condition is about.
#[derive(Debug, PartialEq)]
enum Field {
    WorkflowId,
    RunId,
    WorkflowType,
    ExecutionStatus,
    TaskQueue,
    Attribute(String),
}

const STATUSES: [(&str, Status); 7] = [
    ("Running", Status::Running),
    ("Completed", Status::Completed),
    ("Failed", Status::Failed),
    ("Canceled", Status::Canceled),
    ("Terminated", Status::Terminated),
    ("ContinuedAsNew", Status::ContinuedAsNew),
    ("TimedOut", Status::TimedOut),
];

fn status_name(status: Status) -> &'static str {
    STATUSES
        .iter()
        .find(|(_, known)| *known == status)
        .map_or("Unspecified", |(name, _)| name)
}

fn tokens(text: &str) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            c if c.is_whitespace() => {}
            quote @ ('\'' | '"' | '`') => {
                // A name may stand in back-ticks; a text keeps a mark of what it is.
                let mut token = if quote == '`' { String::new() } else { "'".to_owned() };
                loop {
                    match letters.next() {
                        Some(c) if c == quote => break,
                        Some(c) => token.push(c),
                        None => return Err(invalid("a quote is not closed")),
                    }
                }
                tokens.push(token);
            }
            '(' | ')' | ',' => tokens.push(letter.to_string()),
            '=' | '!' | '<' | '>' => {
                let mut token = letter.to_string();
                while let Some(c) = letters.next_if(|c| matches!(c, '=' | '>')) {
                    token.push(c);
                }
                tokens.push(token);
            }
            _ => {
                let mut token = letter.to_string();
                while let Some(c) =
                    letters.next_if(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '=' | '!' | '<' | '>'))
                {
                    token.push(c);
                }
                tokens.push(token);
            }
        }
    }
    Ok(tokens)
}

fn invalid(why: impl std::fmt::Display) -> Error {
    Error::invalid(format!("invalid query: {why}"))
}

impl Filter {
    fn read(text: &str, types: &super::search_attribute::SearchAttributeTypes) -> Result<Self> {
        let tokens = tokens(text)?;
        let mut rest = tokens.iter().map(String::as_str).peekable();
        let mut conditions = Vec::new();
        let unbuilt = "this server understands Field = 'x', Field != 'x' and Field IN ('x', …), joined by AND";
        while let Some(name) = rest.next() {
            let field = match name {
                "WorkflowId" => Field::WorkflowId,
                "RunId" => Field::RunId,
                "WorkflowType" => Field::WorkflowType,
                "ExecutionStatus" => Field::ExecutionStatus,
                "TaskQueue" => Field::TaskQueue,
                name if types.of(name).is_some() => Field::Attribute(name.to_owned()),
                name => {
                    return Err(invalid(format!(
                        "unexpected {name:?}: not a search attribute that can be filtered by here; {unbuilt}"
                    )));
                }
            };
            let mut values = Vec::new();
            let equal = match rest.next() {
                Some("=") => true,
                Some("!=" | "<>") => false,
                Some(word) if word.eq_ignore_ascii_case("in") => {
                    if rest.next() != Some("(") {
                        return Err(invalid("expected ( after IN"));
                    }
                    loop {
                        values.push(value(rest.next())?);
                        match rest.next() {
                            Some(",") => {}
                            Some(")") => break,
                            other => {
                                return Err(invalid(format!(
                                    "expected , or ) in a list, got {:?}",
                                    other.unwrap_or("the end")
                                )));
                            }
                        }
                    }
                    true
                }
                other => {
                    return Err(invalid(format!(
                        "unexpected {:?} after {name}; {unbuilt}",
                        other.unwrap_or("the end")
                    )));
                }
            };
            if values.is_empty() {
                values.push(value(rest.next())?);
            }
            if field == Field::ExecutionStatus {
                for value in &values {
                    if !STATUSES.iter().any(|(known, _)| known == value) {
                        return Err(invalid(format!("invalid ExecutionStatus value {value:?}")));
                    }
                }
            }
            conditions.push((field, equal, values));
            match rest.next() {
                None => break,
                Some(word) if word.eq_ignore_ascii_case("and") && rest.peek().is_some() => {}
                Some(word) => return Err(invalid(format!("unexpected {word:?}; {unbuilt}"))),
            }
        }
        Ok(Self { conditions })
    }

    fn admits(&self, run: &Run) -> bool {
        self.conditions.iter().all(|(field, equal, values)| {
            let listed = |text: &str| values.iter().any(|value| value == text);
            let is_listed = match field {
                Field::WorkflowId => listed(&run.is.workflow_id),
                Field::RunId => listed(&run.is.run_id.to_string()),
                Field::WorkflowType => listed(&run.is.workflow_type),
                Field::ExecutionStatus => listed(status_name(run.status)),
                Field::TaskQueue => listed(&run.is.task_queue),
                Field::Attribute(name) => match run.search_attributes.get(name) {
                    Some(payload) => values.iter().any(|value| holds(&payload.data, value)),
                    // A condition on what is not there is not met, whatever it says.
                    None => return false,
                },
            };
            is_listed == *equal
        })
    }
}

/// Whether a JSON value is `value`, or a list that has it.
fn holds(json: &[u8], value: &str) -> bool {
    let json = String::from_utf8_lossy(json);
    let inner = json.trim().trim_start_matches('[').trim_end_matches(']');
    inner.split(',').any(|item| item.trim().trim_matches('"') == value)
}

fn value(token: Option<&str>) -> Result<String> {
    match token {
        None | Some("(" | ")" | "," | "=") => Err(invalid("expected a value")),
        Some(token) => Ok(token.strip_prefix('\'').unwrap_or(token).to_owned()),
    }
}

impl Engine {
    fn filtered(&self, namespace: &str, query: &str) -> Result<(NamespaceKey, Filter)> {
        let namespace = self.world.namespaces.find(namespace)?;
        Ok((namespace.key, Filter::read(query, &namespace.search_attributes)?))
    }

    fn rows(
        &self,
        namespace: &str,
        query: &str,
        page_size: i32,
        token: &Bytes,
    ) -> Result<(Vec<WorkflowExecutionInfo>, Bytes)> {
        let (namespace, filter) = self.filtered(namespace, query)?;
        let after = match token.is_empty() {
            true => None,
            false => Some(
                std::str::from_utf8(token)
                    .ok()
                    .and_then(Uuid::parse)
                    .ok_or_else(|| Error::invalid("Invalid NextPageToken."))?,
            ),
        };
        let size = usize::try_from(page_size)
            .ok()
            .filter(|size| *size > 0)
            .unwrap_or(limits::VISIBILITY_PAGE_MAX);
        let size = size.min(limits::VISIBILITY_PAGE_MAX);
        let runs = self
            .runs
            .newest_first(namespace)
            .skip_while(|run| after.is_some_and(|after| run.is.run_id != after));
        let mut runs = runs.skip(usize::from(after.is_some())).filter(|run| filter.admits(run));
        let page: Vec<&Run> = runs.by_ref().take(size).collect();
        let more = runs.next().is_some();
        let token = page
            .last()
            .filter(|_| more)
            .map(|run| Bytes::from(run.is.run_id.to_string()));
        Ok((page.into_iter().map(Run::info).collect(), token.unwrap_or_default()))
    }

    pub(crate) fn list_workflows(
        &mut self,
        request: &ListWorkflowExecutionsRequest,
    ) -> Result<ListWorkflowExecutionsResponse> {
        let (executions, next_page_token) = self.rows(
            &request.namespace,
            &request.query,
            request.page_size,
            &request.next_page_token,
        )?;
        Ok(ListWorkflowExecutionsResponse {
            executions,
            next_page_token,
        })
    }

    pub(crate) fn scan_workflows(
        &mut self,
        request: &ScanWorkflowExecutionsRequest,
    ) -> Result<ScanWorkflowExecutionsResponse> {
        let (executions, next_page_token) = self.rows(
            &request.namespace,
            &request.query,
            request.page_size,
            &request.next_page_token,
        )?;
        Ok(ScanWorkflowExecutionsResponse {
            executions,
            next_page_token,
        })
    }

    pub(crate) fn count_workflows(
        &mut self,
        request: &CountWorkflowExecutionsRequest,
    ) -> Result<CountWorkflowExecutionsResponse> {
        let words: Vec<&str> = request.query.split_whitespace().collect();
        let grouped = words.iter().position(|word| word.eq_ignore_ascii_case("group"));
        let (condition, is_grouped) = match grouped {
            Some(at) => {
                if words
                    .get(at + 1..)
                    .is_none_or(|rest| rest.len() != 2 || !rest.contains(&"ExecutionStatus"))
                {
                    return Err(invalid("'GROUP BY' is supported for ExecutionStatus alone"));
                }
                (words.get(..at).unwrap_or_default().join(" "), true)
            }
            None => (request.query.clone(), false),
        };
        let (namespace, filter) = self.filtered(&request.namespace, &condition)?;
        let mut counts: BTreeMap<&'static str, i64> = BTreeMap::new();
        for run in self.runs.newest_first(namespace).filter(|run| filter.admits(run)) {
            *counts.entry(status_name(run.status)).or_default() += 1;
        }
        let count = counts.values().sum();
        let group = |(name, count): (&'static str, i64)| {
            let mut value = Payload::encoded("json/plain", format!("\"{name}\""));
            value.metadata.insert("type".to_owned(), Bytes::from_static(b"Keyword"));
            AggregationGroup {
                group_values: vec![value],
                count,
            }
        };
        let groups = if is_grouped {
            counts.into_iter().map(group).collect()
        } else {
            Vec::new()
        };
        Ok(CountWorkflowExecutionsResponse { count, groups })
    }
}
