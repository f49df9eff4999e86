//! The order of lists, kept as runs come, change and end, so that a page is found without looking at all of them.

use super::filter::{Comparison, Condition, Filter};
use crate::engine::{
    id::Uuid,
    namespace::NamespaceKey,
    run::{Run, RunKey},
    search_attribute::SearchAttributeTypes,
    search_value::SearchValue,
    time::Time,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use steadfast_proto::SmallSet;
use steadfast_proto::enums::{IndexedValueType as Type, WorkflowExecutionStatus as Status};

/// Where a run stands in lists: open ones last (lists go backwards), then by close and by start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The end of time if it is open.
    pub(super) closed: Time,
    pub(super) started: Time,
    pub(super) run: RunKey,
}

impl Place {
    const FIRST: Self = Self {
        closed: Time::from_nanos(0),
        started: Time::from_nanos(0),
        run: RunKey::FIRST,
    };

    const LAST: Self = Self {
        closed: Time::END,
        started: Time::END,
        run: RunKey::LAST,
    };
}

/// What runs are found by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shelf {
    WorkflowId(Arc<str>),
    Keyword(String, String),
    WorkflowType(String),
    Status(i32),
    All,
}

/// The places of all runs on all shelves.
#[derive(Debug, Default)]
pub(crate) struct Index {
    places: BTreeSet<(NamespaceKey, Shelf, Place)>,
    /// Where each run is, to take it away from there.
    of_run: BTreeMap<RunKey, (NamespaceKey, Place, Vec<Shelf>)>,
    /// Runs that are new or have changed, to be put where they belong before somebody looks.
    changed: Vec<RunKey>,
    /// How many there may be before those that are gone are left out.
    sweep_at: usize,
}

/// Fewer changed runs than these are never looked through for those that are gone.
const SWEEP_MIN: usize = 1024;

impl Index {
    /// A run is new, or what it is found by has changed: it is to be put before somebody looks.
    pub(crate) fn put_later(&mut self, run: RunKey, is_there: impl Fn(RunKey) -> bool) {
        if self.changed.len() >= self.sweep_at.max(SWEEP_MIN) {
            self.changed.sort_unstable();
            self.changed.dedup();
            self.changed.retain(|run| is_there(*run));
            self.sweep_at = self.changed.len().saturating_mul(2);
        }
        self.changed.push(run);
    }

    /// The runs that are to be put now; one may be there twice.
    pub(crate) fn take_changed(&mut self) -> Vec<RunKey> {
        std::mem::take(&mut self.changed)
    }

    /// Puts a run where it is found by what it is now.
    pub(crate) fn put(&mut self, run: &Run, types: &SearchAttributeTypes) {
        self.remove(run.is.key);
        let namespace = run.is.namespace;
        let place = Place {
            closed: run.close_time.unwrap_or(Time::END),
            started: run.is.start_time,
            run: run.is.key,
        };
        let mut shelves = vec![
            Shelf::WorkflowId(run.is.workflow_id.clone()),
            Shelf::WorkflowType(run.is.workflow_type.clone()),
            Shelf::Status(run.visible_status().into()),
            Shelf::All,
        ];
        for (name, value) in &run.search_attributes {
            let keywords = match types.of(name) {
                Some(kind @ (Type::Keyword | Type::KeywordList)) => SearchValue::read(kind, &value.data),
                _ => None,
            };
            match keywords {
                Some(SearchValue::Text(keyword)) => shelves.push(Shelf::Keyword(name.clone(), keyword)),
                Some(SearchValue::List(keywords)) => {
                    shelves.extend(
                        keywords
                            .into_iter()
                            .map(|keyword| Shelf::Keyword(name.clone(), keyword)),
                    );
                }
                _ => {}
            }
        }
        for shelf in &shelves {
            self.places.insert((namespace, shelf.clone(), place));
        }
        self.of_run.insert(run.is.key, (namespace, place, shelves));
    }

    pub(crate) fn remove(&mut self, key: RunKey) {
        if let Some((namespace, place, shelves)) = self.of_run.remove(&key) {
            for shelf in shelves {
                self.places.remove(&(namespace, shelf, place));
            }
        }
    }

    /// Where a run of the namespace stands in lists.
    pub(super) fn place_in(&self, namespace: NamespaceKey, run: RunKey) -> Option<Place> {
        let (of, place, _) = self.of_run.get(&run)?;
        (*of == namespace).then_some(*place)
    }

    /// The runs that a filter may admit, in the order of lists, after `after`.
    pub(super) fn candidates<'a>(
        &'a self,
        namespace: NamespaceKey,
        plan: &Plan,
        after: Option<Place>,
    ) -> impl Iterator<Item = RunKey> + use<'a> {
        use std::ops::Bound;
        let (from, to) = (plan.from, plan.to);
        let mut sources: Vec<_> = plan
            .shelves
            .iter()
            .filter(|_| from <= to)
            .map(|shelf| {
                let from = Bound::Included((namespace, shelf.clone(), from));
                let upto = match after {
                    Some(after) if after <= to => Bound::Excluded(after.max(plan.from)),
                    _ => Bound::Included(to),
                };
                let places = self
                    .places
                    .range((from, upto.map(|place| (namespace, shelf.clone(), place))));
                places.rev().map(|(_, _, place)| *place).peekable()
            })
            .collect();
        std::iter::from_fn(move || {
            let latest = sources.iter_mut().filter_map(|source| source.peek().copied()).max()?;
            // A run may stand on several shelves.
            for source in &mut sources {
                source.next_if_eq(&latest);
            }
            Some(latest.run)
        })
    }
}

/// Where to look for what a filter admits.
#[derive(Debug)]
pub(super) struct Plan {
    shelves: SmallSet<Shelf>,
    /// The filter names runs, so that there is nothing to look for.
    pub(super) run_ids: Option<Vec<Uuid>>,
    from: Place,
    to: Place,
}

impl Plan {
    pub(super) fn of(filter: &Filter) -> Self {
        let mut plan = Self {
            shelves: SmallSet::from([Shelf::All]),
            run_ids: None,
            from: Place::FIRST,
            to: Place::LAST,
        };
        plan.narrow(filter);
        plan
    }

    /// All parts of a conjunction have to hold: the narrowest shelf is taken, and all bounds.
    fn narrow(&mut self, filter: &Filter) {
        match filter {
            Filter::And(one, other) => {
                self.narrow(one);
                self.narrow(other);
            }
            Filter::Is(column, condition) => {
                self.narrow_by(&column.name, column.kind, condition);
            }
            Filter::All | Filter::Or(..) | Filter::Not(_) => {}
        }
    }

    fn narrow_by(&mut self, name: &str, kind: Type, condition: &Condition) {
        if matches!(name, "CloseTime" | "StartTime") {
            return self.bound(name, condition);
        }
        let is_open = |value: &SearchValue| [Status::Running, Status::Paused].map(number_of).contains(value);
        let before_open = Time::END.minus(std::time::Duration::from_nanos(1));
        let running = number_of(Status::Running);
        let others: Vec<SearchValue> = (0..=i32::from(STATUS_MAX))
            .map(|status| SearchValue::Int(i64::from(status)))
            .filter(|status| *status != running)
            .collect();
        let values = match condition {
            Condition::Compare(Comparison::NotEqual, value) if name == "ExecutionStatus" && *value == running => {
                others.as_slice()
            }
            Condition::Compare(Comparison::Equal, value) => std::slice::from_ref(value),
            Condition::In(values) => values,
            _ => return,
        };
        if name == "RunId" {
            let ids = values.iter().filter_map(|value| match value {
                SearchValue::Text(text) => Uuid::parse(text),
                _ => None,
            });
            self.run_ids = Some(ids.collect());
            return;
        }
        let shelves: Option<SmallSet<Shelf>> = values.iter().map(|value| shelf(name, kind, value)).collect();
        let Some(shelves) = shelves else { return };
        if name == "ExecutionStatus" {
            if values.iter().all(is_open) {
                self.from.closed = Time::END;
            } else if !values.iter().any(is_open) {
                self.to.closed = self.to.closed.min(before_open);
            }
        }
        // Shelves are ordered by how few runs stand on one.
        if shelves.first() < self.shelves.first() {
            self.shelves = shelves;
        }
    }

    /// Bounds of time. What closed before a moment also started before it.
    fn bound(&mut self, name: &str, condition: &Condition) {
        let moment = |value: &SearchValue| match value {
            SearchValue::Moment(nanos) => Some(Time::from_nanos(u64::try_from(*nanos).unwrap_or(0))),
            _ => None,
        };
        let (low, high) = match condition {
            Condition::Compare(Comparison::Equal, value) => (moment(value), moment(value)),
            Condition::Compare(Comparison::Greater | Comparison::AtLeast, value) => (moment(value), None),
            Condition::Compare(Comparison::Less | Comparison::AtMost, value) => (None, moment(value)),
            Condition::Between(low, high) => (moment(low), moment(high)),
            _ => (None, None),
        };
        if let Some(low) = low {
            self.from.closed = self.from.closed.max(low);
        }
        if let Some(high) = high.filter(|_| name == "CloseTime") {
            self.to.closed = self.to.closed.min(high);
        }
    }
}

/// The highest number of a status.
const STATUS_MAX: u8 = 8;

fn number_of(status: Status) -> SearchValue {
    SearchValue::Int(i64::from(status as i32))
}

fn shelf(name: &str, kind: Type, value: &SearchValue) -> Option<Shelf> {
    Some(match (name, value) {
        ("WorkflowId", SearchValue::Text(text)) => Shelf::WorkflowId(text.as_str().into()),
        ("WorkflowType", SearchValue::Text(text)) => Shelf::WorkflowType(text.clone()),
        ("ExecutionStatus", SearchValue::Int(status)) => Shelf::Status(i32::try_from(*status).ok()?),
        // What is on no shelf of its own; the last two are of standalone Nexus operations.
        (
            "TaskQueue" | "ParentWorkflowId" | "ParentRunId" | "RootWorkflowId" | "RootRunId" | "BuildIds" | "Service"
            | "RequestId",
            _,
        ) => return None,
        (name, SearchValue::Text(text)) if matches!(kind, Type::Keyword | Type::KeywordList) => {
            Shelf::Keyword(name.to_owned(), text.clone())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::filter::Query;
    use super::*;
    use crate::engine::{Config, Engine, Request};
    use steadfast_proto::{
        common::{WorkflowExecution, WorkflowType},
        taskqueue::TaskQueue,
        workflowservice::{StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest},
    };

    /// An engine with runs of ten types, one after each step, of which every hundredth has ended.
    fn engine(runs: u64, step_nanos: u64) -> Engine {
        let mut engine = Engine::new(&Config::default());
        for number in 0..runs {
            let now = Time::from_nanos(step_nanos * (number + 1));
            let workflow_id = format!("workflow {number}");
            let start = StartWorkflowExecutionRequest {
                namespace: "default".to_owned(),
                workflow_id: workflow_id.clone(),
                workflow_type: Some(WorkflowType {
                    name: format!("Type {}", number % 10),
                }),
                task_queue: Some(TaskQueue {
                    name: "queue".to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            };
            assert!(
                engine
                    .handle(now, Request::StartWorkflowExecution(Box::new(start)).into())
                    .is_ok()
            );
            if number % 100 == 0 {
                let end = TerminateWorkflowExecutionRequest {
                    namespace: "default".to_owned(),
                    workflow_execution: Some(WorkflowExecution {
                        workflow_id,
                        ..Default::default()
                    }),
                    ..Default::default()
                };
                assert!(
                    engine
                        .handle(now, Request::TerminateWorkflowExecution(Box::new(end)).into())
                        .is_ok()
                );
            }
        }
        engine
    }

    #[test]
    fn a_filter_looks_at_no_more_runs_than_its_narrowest_condition_admits() {
        let mut engine = engine(2000, 1_000_000_000);
        engine.index_changes();
        let namespace = engine.world.namespaces.find("default").unwrap();
        let looked_at = |query: &str| {
            let query = Query::read(query, &namespace.search_attributes).unwrap();
            let plan = Plan::of(&query.filter);
            engine.index.candidates(namespace.key, &plan, None).count()
        };
        for (query, expected) in [
            ("", 2000),
            ("WorkflowId = 'workflow 7' AND ExecutionStatus = 'Running'", 1),
            ("WorkflowId IN ('workflow 7', 'workflow 8', 'none')", 2),
            ("WorkflowType = 'Type 3'", 200),
            ("ExecutionStatus = 'Terminated'", 20),
            ("ExecutionStatus = 'Terminated' AND WorkflowType = 'Type 0'", 20),
            ("ExecutionStatus = 'Completed'", 0),
            ("CloseTime BETWEEN '1970-01-01T00:00:00Z' AND '1970-01-01T00:05:00Z'", 3),
            ("CloseTime > '1970-01-01T00:30:00Z' AND ExecutionStatus != 'Running'", 2),
            ("StartTime > '1970-01-01T00:31:42Z'", 1980),
        ] {
            assert_eq!(looked_at(query), expected, "{query}");
        }
    }

    #[test]
    fn among_a_hundred_thousand_runs_a_filter_looks_at_as_few() {
        let mut engine = engine(100_000, 10_000_000);
        engine.index_changes();
        let namespace = engine.world.namespaces.find("default").unwrap();
        for (query, expected) in [
            ("WorkflowId = 'workflow 7' AND ExecutionStatus = 'Running'", 1),
            ("WorkflowId IN ('workflow 7', 'workflow 8', 'none')", 2),
            ("ExecutionStatus = 'Terminated'", 1000),
            ("CloseTime BETWEEN '1970-01-01T00:00:00Z' AND '1970-01-01T00:00:03Z'", 3),
        ] {
            let query = Query::read(query, &namespace.search_attributes).unwrap();
            let looked_at = engine
                .index
                .candidates(namespace.key, &Plan::of(&query.filter), None)
                .count();
            assert_eq!(looked_at, expected);
        }
    }
}
