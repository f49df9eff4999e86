//! Lists and counts of runs: what a request changed is seen by the next one.

mod filter;
mod index;
mod lexer;
mod literal;
mod row;

pub(crate) use filter::{Column, Columns, Query, unsupported};
pub(crate) use index::Index;
pub(crate) use row::{Cell, Row, attribute};

use super::{
    Engine,
    error::{Error, Result},
    limits,
    namespace::NamespaceKey,
    run::{Run, RunKey, RunKind},
    search_attribute,
    search_value::SearchValue,
    time::Time,
};
use bytes::Bytes;
use filter::{Comparison, Condition, Filter, invalid};
use index::{Place, Plan};
use literal::status_name;
use steadfast_proto::{
    SmallMap, SmallSet, common,
    enums::{IndexedValueType as Type, WorkflowExecutionStatus as Status},
    filter as wire,
    workflow::WorkflowExecutionInfo,
    workflowservice::{count_workflow_executions_response::AggregationGroup, *},
};

/// Rows that have one are seen only by those who ask for it.
const DIVISION: &str = "TemporalNamespaceDivision";

/// What a list asks for.
struct Listing {
    namespace: NamespaceKey,
    query: Query,
    page_size: i32,
    token: Bytes,
}

impl Listing {
    fn size(&self) -> usize {
        let asked = usize::try_from(self.page_size).ok().filter(|size| *size > 0);
        asked
            .unwrap_or(limits::VISIBILITY_PAGE_MAX)
            .min(limits::VISIBILITY_PAGE_MAX)
    }
}

impl Engine {
    fn query(&self, namespace: &str, query: &str) -> Result<(NamespaceKey, Query)> {
        let namespace = self.world.namespaces.find(namespace)?;
        Ok((
            namespace.key,
            Query::read(query.trim_end(), &namespace.search_attributes)?,
        ))
    }

    fn query_for(&self, kind: RunKind, namespace: &str, query: &str) -> Result<(NamespaceKey, Query)> {
        let namespace = self.world.namespaces.find(namespace)?;
        Ok((
            namespace.key,
            Query::read_for(kind, query, &namespace.search_attributes)?,
        ))
    }

    /// The runs that a query admits, in the order of lists.
    fn admitted<'a>(
        &'a self,
        namespace: NamespaceKey,
        query: &'a Query,
        after: Option<Place>,
    ) -> impl Iterator<Item = &'a Run> {
        let plan = Plan::of(&query.filter);
        let named: Option<SmallSet<Place>> = plan.run_ids.as_ref().map(|ids| {
            let keys = ids.iter().filter_map(|id| self.runs.by_id(*id));
            let places = keys.filter_map(|key| self.index.place_in(namespace, key));
            places
                .filter(|place| after.is_none_or(|after| *place < after))
                .collect()
        });
        let candidates = match named {
            None => Some(self.index.candidates(namespace, &plan, after)),
            Some(_) => None,
        };
        let named = named
            .into_iter()
            .flat_map(|places| places.into_iter().rev().map(|place| place.run));
        let kind = query.kind;
        let runs = named
            .chain(candidates.into_iter().flatten())
            .filter_map(|key| self.runs.get(key));
        runs.filter(move |run| run.kind() == kind)
            .filter(|run| query.names_division || !run.search_attributes.contains_key(DIVISION))
            .filter(|run| query.filter.admits(*run))
    }

    /// The workflows that a query admits, perhaps only those that run.
    pub(crate) fn executions_of(
        &mut self,
        namespace: &str,
        query: &str,
        only_open: bool,
    ) -> Result<Vec<common::WorkflowExecution>> {
        self.index_changes();
        let (namespace, query) = self.query(namespace, query)?;
        let runs = self
            .admitted(namespace, &query, None)
            .filter(|run| !only_open || run.is_open());
        Ok(runs.map(Run::execution).collect())
    }

    fn page(&mut self, listing: &Listing) -> Result<(Vec<WorkflowExecutionInfo>, Bytes)> {
        self.index_changes();
        let (runs, token) = self.page_of(listing)?;
        Ok((runs.into_iter().map(row).collect(), token))
    }

    /// A page of what has no workflow.
    pub(crate) fn page_without_workflow(
        &mut self,
        kind: RunKind,
        namespace: &str,
        query: &str,
        page_size: i32,
        token: Bytes,
    ) -> Result<(Vec<&Run>, Bytes)> {
        self.index_changes();
        let (namespace, query) = self.query_for(kind, namespace, query)?;
        self.page_of(&Listing {
            namespace,
            query,
            page_size,
            token,
        })
    }

    fn page_of(&self, listing: &Listing) -> Result<(Vec<&Run>, Bytes)> {
        let after = match listing.token.is_empty() {
            true => None,
            false => Some(read_token(&listing.token).ok_or_else(|| Error::invalid("Invalid NextPageToken."))?),
        };
        let mut runs = self.admitted(listing.namespace, &listing.query, after);
        let page: Vec<RunKey> = runs.by_ref().take(listing.size()).map(|run| run.is.key).collect();
        let more = runs.next().is_some();
        let last = page
            .last()
            .filter(|_| more)
            .and_then(|key| self.index.place_in(listing.namespace, *key));
        let token = last.map(token).unwrap_or_default();
        Ok((page.into_iter().filter_map(|key| self.runs.get(key)).collect(), token))
    }

    pub(crate) fn list_workflows(
        &mut self,
        request: ListWorkflowExecutionsRequest,
    ) -> Result<ListWorkflowExecutionsResponse> {
        let (namespace, query) = self.query(&request.namespace, &request.query)?;
        self.check_groups(namespace, &query.groups)?;
        let (executions, next_page_token) = self.page(&Listing {
            namespace,
            query,
            page_size: request.page_size,
            token: request.next_page_token,
        })?;
        Ok(ListWorkflowExecutionsResponse {
            executions,
            next_page_token,
        })
    }

    pub(crate) fn scan_workflows(
        &mut self,
        request: ScanWorkflowExecutionsRequest,
    ) -> Result<ScanWorkflowExecutionsResponse> {
        let (namespace, query) = self.query(&request.namespace, &request.query)?;
        self.check_groups(namespace, &query.groups)?;
        let (executions, next_page_token) = self.page(&Listing {
            namespace,
            query,
            page_size: request.page_size,
            token: request.next_page_token,
        })?;
        Ok(ScanWorkflowExecutionsResponse {
            executions,
            next_page_token,
        })
    }

    pub(crate) fn list_open_workflows(
        &mut self,
        request: ListOpenWorkflowExecutionsRequest,
    ) -> Result<ListOpenWorkflowExecutionsResponse> {
        use list_open_workflow_executions_request::Filters;
        let mut filter = equal("ExecutionStatus", SearchValue::Int(Status::Running as i64));
        filter = filter.and_within("StartTime", request.start_time_filter);
        filter = match request.filters {
            Some(Filters::ExecutionFilter(by)) => filter.and_execution(by),
            Some(Filters::TypeFilter(by)) => filter.and_type(by),
            None => filter,
        };
        let (executions, next_page_token) = self.page(&Listing {
            namespace: self.world.namespaces.find(&request.namespace)?.key,
            query: whole(filter),
            page_size: request.maximum_page_size,
            token: request.next_page_token,
        })?;
        Ok(ListOpenWorkflowExecutionsResponse {
            executions,
            next_page_token,
        })
    }

    pub(crate) fn list_closed_workflows(
        &mut self,
        request: ListClosedWorkflowExecutionsRequest,
    ) -> Result<ListClosedWorkflowExecutionsResponse> {
        use list_closed_workflow_executions_request::Filters;
        let mut filter = Filter::Is(column("CloseTime", Type::Datetime), Condition::NotNull);
        filter = filter.and_within("CloseTime", request.start_time_filter);
        filter = match request.filters {
            Some(Filters::ExecutionFilter(by)) => filter.and_execution(by),
            Some(Filters::TypeFilter(by)) => filter.and_type(by),
            Some(Filters::StatusFilter(by)) => {
                filter.and(equal("ExecutionStatus", SearchValue::Int(i64::from(by.status))))
            }
            None => filter,
        };
        let (executions, next_page_token) = self.page(&Listing {
            namespace: self.world.namespaces.find(&request.namespace)?.key,
            query: whole(filter),
            page_size: request.maximum_page_size,
            token: request.next_page_token,
        })?;
        Ok(ListClosedWorkflowExecutionsResponse {
            executions,
            next_page_token,
        })
    }

    /// Nothing is archived, as on the original unless it is set up for that.
    pub(crate) fn list_archived_workflows(
        &self,
        request: &ListArchivedWorkflowExecutionsRequest,
    ) -> Result<ListArchivedWorkflowExecutionsResponse> {
        self.world.namespaces.find(&request.namespace)?;
        Err(Error::invalid("Cluster is not configured for visibility archival."))
    }

    pub(crate) fn count_workflows(
        &mut self,
        request: &CountWorkflowExecutionsRequest,
    ) -> Result<CountWorkflowExecutionsResponse> {
        let (namespace, query) = self.query(&request.namespace, &request.query)?;
        let (count, groups) = self.count(namespace, &query)?;
        Ok(CountWorkflowExecutionsResponse { count, groups })
    }

    /// How much of what has no workflow a query admits.
    pub(crate) fn count_without_workflow(
        &mut self,
        kind: RunKind,
        namespace: &str,
        query: &str,
    ) -> Result<(i64, Vec<AggregationGroup>)> {
        let (namespace, query) = self.query_for(kind, namespace, query)?;
        self.count(namespace, &query)
    }

    fn count(&mut self, namespace: NamespaceKey, query: &Query) -> Result<(i64, Vec<AggregationGroup>)> {
        self.index_changes();
        self.check_groups(namespace, &query.groups)?;
        let mut counts: SmallMap<i32, i64> = SmallMap::new();
        for run in self.admitted(namespace, query, None) {
            let count = counts.entry(run.visible_status().into()).or_default();
            *count = count.saturating_add(1);
        }
        let count = counts.values().sum();
        let groups = match query.groups.is_empty() {
            true => Vec::new(),
            false => counts.into_iter().map(group).collect(),
        };
        Ok((count, groups))
    }

    fn check_groups(&self, namespace: NamespaceKey, groups: &[String]) -> Result<()> {
        let name = match groups {
            [] => return Ok(()),
            [name] => name,
            _ => return Err(unsupported("'GROUP BY' clause supports only a single field")),
        };
        let types = self
            .world
            .namespaces
            .get(namespace)
            .map(|namespace| &namespace.search_attributes);
        if types.and_then(|types| types.of_column(name)).is_none() {
            return Err(invalid(format!("invalid search attribute: {name}")));
        }
        if name != "ExecutionStatus" {
            return Err(unsupported(format!(
                "'GROUP BY' clause is not supported for search attribute {name}"
            )));
        }
        Ok(())
    }

    /// Lists will find a run by what it is now.
    pub(crate) fn reindex(&mut self, key: RunKey) {
        let Some(run) = self.runs.peek_mut(key).filter(|run| !run.is_indexed) else {
            return;
        };
        run.is_indexed = true;
        self.index.put_later(key, |key| self.runs.get(key).is_some());
    }

    /// Brings the index up to date. Done when somebody reads it: many a server is never asked for a list.
    pub(crate) fn index_changes(&mut self) {
        for key in self.index.take_changed() {
            if let Some(run) = self.runs.get(key)
                && let Some(namespace) = self.world.namespaces.get(run.is.namespace)
            {
                self.index.put(run, &namespace.search_attributes);
            }
        }
    }
}

fn group((status, count): (i32, i64)) -> AggregationGroup {
    let name = status_name(Status::try_from(status).unwrap_or_default());
    AggregationGroup {
        group_values: vec![search_attribute::text(Type::Keyword, name)],
        count,
    }
}

/// A run as a row: sizes are there when it has ended.
fn row(run: &Run) -> WorkflowExecutionInfo {
    let mut info = run.info();
    if run.is_open() {
        info.history_length = 0;
        info.history_size_bytes = 0;
        info.state_transition_count = 0;
    }
    info.auto_reset_points = None;
    info.first_run_id = String::new();
    info
}

fn token(place: Place) -> Bytes {
    let Place { closed, started, run } = place;
    let (slot, generation) = run.parts();
    Bytes::from(format!(
        "{:x}.{:x}.{slot:x}.{generation:x}",
        closed.nanos(),
        started.nanos()
    ))
}

fn read_token(token: &[u8]) -> Option<Place> {
    let mut parts = std::str::from_utf8(token).ok()?.split('.');
    let mut time = || u64::from_str_radix(parts.next()?, 16).ok().map(Time::from_nanos);
    let (closed, started) = (time()?, time()?);
    let mut part = || u32::from_str_radix(parts.next()?, 16).ok();
    let run = RunKey::of(part()?, part()?);
    parts.next().is_none().then_some(Place { closed, started, run })
}

fn column(name: &str, kind: Type) -> Column {
    Column {
        name: name.to_owned(),
        kind,
    }
}

fn equal(name: &str, value: SearchValue) -> Filter {
    let kind = match value {
        SearchValue::Int(_) => Type::Int,
        _ => Type::Keyword,
    };
    Filter::Is(column(name, kind), Condition::Compare(Comparison::Equal, value))
}

fn whole(filter: Filter) -> Query {
    Query {
        filter,
        groups: Vec::new(),
        names_division: false,
        kind: RunKind::Workflow,
    }
}

impl Filter {
    fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    fn and_execution(self, by: wire::WorkflowExecutionFilter) -> Self {
        let filter = self.and(equal("WorkflowId", SearchValue::Text(by.workflow_id)));
        match by.run_id.is_empty() {
            true => filter,
            false => filter.and(equal("RunId", SearchValue::Text(by.run_id))),
        }
    }

    fn and_type(self, by: wire::WorkflowTypeFilter) -> Self {
        self.and(equal("WorkflowType", SearchValue::Text(by.name)))
    }

    fn and_within(mut self, name: &str, times: Option<wire::StartTimeFilter>) -> Self {
        let times = times.unwrap_or_default();
        let bounds = [
            (times.earliest_time, Comparison::AtLeast),
            (times.latest_time, Comparison::AtMost),
        ];
        for (time, comparison) in bounds {
            if let Some(time) = time.as_ref().and_then(Time::from_wire) {
                let moment = SearchValue::Moment(i64::try_from(time.nanos()).unwrap_or(i64::MAX));
                let condition = Condition::Compare(comparison, moment);
                self = self.and(Self::Is(column(name, Type::Datetime), condition));
            }
        }
        self
    }
}
