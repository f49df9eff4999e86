//! Queries: questions that change nothing.

use super::{
    Engine,
    backlog::Urgency,
    error::{Code, Error, Result},
    limits,
    request::{Handled, Reply, expiry},
    run::{Run, RunKey},
    task_queue::{Task, Work},
    token::TaskToken,
    waiter::{Wait, WaiterId},
    world::World,
};
use std::collections::BTreeMap;
use std::time::Duration;
use steadfast_proto::{
    SmallMap, common,
    enums::{QueryRejectCondition, QueryResultType, WorkflowExecutionStatus as Status},
    history::History,
    query::{QueryRejected, WorkflowQuery, WorkflowQueryResult},
    workflowservice::*,
};

/// A question and who asks it.
#[derive(Debug)]
pub(crate) struct Query {
    query: WorkflowQuery,
    waiter: WaiterId,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It waits for the next workflow task.
    Buffered,
    /// A workflow task has it.
    Attached,
    /// It is a task of its own, on the sticky queue or the normal one.
    Direct { is_on_sticky: bool },
    /// A worker has it as a task of its own.
    Held,
}

/// The open queries of a run.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    all: SmallMap<u64, Query>,
}

impl Queries {
    pub(crate) fn is_held(&self) -> bool {
        !self.all.is_empty() && self.all.values().any(|query| query.state == State::Held)
    }

    /// What a workflow task takes along.
    pub(crate) fn attach(&mut self) -> BTreeMap<String, WorkflowQuery> {
        let buffered = self.all.iter_mut().filter(|(_, query)| query.state == State::Buffered);
        buffered
            .map(|(id, query)| {
                query.state = State::Attached;
                (id.to_string(), query.query.clone())
            })
            .collect()
    }

    /// The task that took queries along failed: the next one takes them.
    pub(crate) fn detach(&mut self) {
        for query in self.all.values_mut() {
            if query.state == State::Attached {
                query.state = State::Buffered;
            }
        }
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<WaiterId> {
        self.all.remove(&id).map(|query| query.waiter)
    }

    pub(crate) fn is_waiting(&self, id: u64) -> bool {
        self.all
            .get(&id)
            .is_some_and(|query| matches!(query.state, State::Direct { .. }))
    }
}

impl Run {
    /// Answers the queries that a workflow task took along; those that it left unanswered become tasks of their own,
    /// unless there is another workflow task for them.
    pub(crate) fn answer_queries(&mut self, world: &mut World, results: BTreeMap<String, WorkflowQueryResult>) {
        if self.queries.all.is_empty() {
            return;
        }
        for (id, result) in results {
            let Some(waiter) = id.parse().ok().and_then(|id| self.queries.remove(id)) else {
                continue;
            };
            let failed = result.result_type() == QueryResultType::Failed;
            world.waiters.answer(
                waiter,
                reply(failed, result.answer, result.error_message, result.failure),
            );
        }
        self.queries.detach();
    }

    /// With no workflow task to take them along, buffered queries go on their own.
    pub(crate) fn direct_queries(&mut self, world: &mut World) {
        if self.queries.all.is_empty() || !self.task.is_none() {
            return;
        }
        let buffered = self
            .queries
            .all
            .iter()
            .filter(|(_, query)| query.state == State::Buffered);
        let buffered: Vec<u64> = buffered.map(|(id, _)| *id).collect();
        for id in buffered {
            if self.last_completed_event_id == 0 {
                if !self.is_open()
                    && let Some(waiter) = self.queries.remove(id)
                {
                    world.waiters.answer(waiter, Err(not_ready()));
                }
            } else {
                self.dispatch_query(world, id);
            }
        }
    }

    fn dispatch_query(&mut self, world: &mut World, id: u64) {
        let real = world.real;
        let sticky = self.sticky.as_ref().filter(|_| self.is_open());
        let sticky = sticky.map(|sticky| world.queue(self.is.namespace, Work::Workflow, &sticky.queue));
        let sticky = sticky.filter(|key| {
            world
                .queues
                .get(*key)
                .is_some_and(|queue| queue.polled_within(limits::STICKY_POLLER_WINDOW, real))
        });
        let version = self.target_version(world);
        let queue = sticky.unwrap_or_else(|| {
            world.version_queue(self.is.namespace, Work::Workflow, &self.is.task_queue, version.as_ref())
        });
        if let Some(query) = self.queries.all.get_mut(&id) {
            query.state = State::Direct {
                is_on_sticky: sticky.is_some(),
            };
        }
        world.queues.add(
            queue,
            Task::Query {
                run: self.is.key,
                query: id,
            },
            Urgency::of(&self.is.priority),
            real,
        );
    }

    /// The sticky queue that a query is on is gone.
    pub(crate) fn redirect_query(&mut self, world: &mut World, id: u64) {
        self.sticky = None;
        if self.queries.is_waiting(id) {
            self.dispatch_query(world, id);
        }
    }

    /// Hands a query to a worker as a task of its own.
    pub(crate) fn start_query(&mut self, world: &mut World, id: u64) -> Option<PollWorkflowTaskQueueResponse> {
        let query = self.queries.all.get_mut(&id)?;
        let State::Direct { is_on_sticky } = query.state else {
            return None;
        };
        query.state = State::Held;
        let wire_query = query.query.clone();
        let (events, next_page_token) = if is_on_sticky {
            Default::default()
        } else {
            self.page(
                1,
                self.history.next_event_id(),
                limits::HISTORY_PAGE_MAX,
                self.history.next_event_id(),
            )
        };
        Some(PollWorkflowTaskQueueResponse {
            task_token: TaskToken::new(self.is.run_id, 0, 0, id).bytes(),
            workflow_execution: Some(self.execution()),
            workflow_type: Some(common::WorkflowType {
                name: self.is.workflow_type.clone(),
            }),
            previous_started_event_id: self.previous_started_event_id,
            history: Some(History { events }),
            next_page_token,
            query: Some(Box::new(wire_query)),
            workflow_execution_task_queue: Some(self.queue()),
            scheduled_time: self.now(world).wire(),
            started_time: self.now(world).wire(),
            ..Default::default()
        })
    }

    fn rejects(&self, condition: QueryRejectCondition) -> bool {
        match condition {
            QueryRejectCondition::NotOpen => !self.is_open(),
            QueryRejectCondition::NotCompletedCleanly => !matches!(self.status, Status::Running | Status::Completed),
            QueryRejectCondition::Unspecified | QueryRejectCondition::None => false,
        }
    }
}

fn not_ready() -> Error {
    Error::not_ready("Workflow execution closed before WorkflowTaskStarted event")
}

fn reply(
    failed: bool,
    query_result: Option<common::Payloads>,
    message: String,
    failure: Option<steadfast_proto::failure::Failure>,
) -> Result<Reply> {
    if failed {
        return Err(Error::query_failed(message, failure));
    }
    Ok(Reply::QueryWorkflow(Box::new(QueryWorkflowResponse {
        query_result,
        ..Default::default()
    })))
}

impl Engine {
    pub(crate) fn query_workflow(
        &mut self,
        request: QueryWorkflowRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let condition = request.query_reject_condition();
        let Some(query) = request.query.filter(|query| !query.query_type.is_empty()) else {
            return Err(Error::invalid("QueryType is not set on request."));
        };
        let key = self.find(namespace, &request.execution.unwrap_or_default())?;
        let Self { runs, world, .. } = self;
        let run = runs.touch(key)?;
        if run.is_paused() || run.rejects(condition) {
            let query_rejected = Some(QueryRejected {
                status: run.visible_status().into(),
            });
            let response = QueryWorkflowResponse {
                query_rejected,
                ..Default::default()
            };
            return Ok(Handled::Reply(Reply::QueryWorkflow(Box::new(response))));
        }
        if !run.is_open() && run.last_completed_event_id == 0 {
            return Err(not_ready());
        }
        if run.next_attempt >= limits::FAIL_FAST_ATTEMPT {
            return Err(Error::not_ready(
                "Unable to query workflow due to Workflow Task in failed state.",
            ));
        }
        let waits = expiry(world.real, patience, limits::QUERY_WAIT_MAX);
        if let Some((due, _)) = run.backoff
            && due.since(run.now(world)) > waits.since(world.real)
        {
            return Err(Error::not_ready("Workflow task is not scheduled yet."));
        }
        if run.queries.all.len() >= limits::BUFFERED_QUERIES_MAX {
            return Err(Error::new(Code::ResourceExhausted, "query buffer is full"));
        }
        let is_direct = run.task.is_none() && run.last_completed_event_id > 0;
        if is_direct {
            let window = limits::QUERY_POLLER_WINDOW;
            let seen = |name: &str| {
                let queue = world.queues.find(namespace, Work::Workflow, name);
                queue.is_some_and(|queue| queue.polled_within(window, world.real))
            };
            let is_seen = seen(&run.is.task_queue) || run.sticky.as_ref().is_some_and(|sticky| seen(&sticky.queue));
            if !is_seen {
                return Err(Error::new(
                    Code::FailedPrecondition,
                    format!(
                        "no poller seen for task queue recently, worker may be down (task queue: {})",
                        run.is.task_queue
                    ),
                ));
            }
        }
        let id = world.next_stamp();
        let waiter = world.waiters.add(Wait::Query { run: key, query: id }, waits);
        run.queries.all.insert(
            id,
            Query {
                query,
                waiter,
                state: State::Buffered,
            },
        );
        if is_direct {
            run.dispatch_query(world, id);
        }
        Ok(Handled::Wait(waiter))
    }

    pub(crate) fn respond_query(
        &mut self,
        request: RespondQueryTaskCompletedRequest,
    ) -> Result<RespondQueryTaskCompletedResponse> {
        self.world.namespaces.find(&request.namespace)?;
        let token = TaskToken::read(&request.task_token)?;
        let missing = || Error::not_found("query task not found, or already expired");
        let key = self.runs.by_id(token.run_id()).ok_or_else(missing)?;
        let run = self.runs.touch(key)?;
        let waiter = run.queries.remove(token.stamp).ok_or_else(missing)?;
        let failed = request.completed_type() == QueryResultType::Failed;
        let answer = reply(failed, request.query_result, request.error_message, request.failure);
        self.world.waiters.answer(waiter, answer);
        Ok(RespondQueryTaskCompletedResponse {})
    }

    pub(crate) fn query_expired(&mut self, key: RunKey, id: u64) -> Error {
        if let Ok(run) = self.runs.touch(key) {
            run.queries.remove(id);
        }
        Error::new(
            Code::DeadlineExceeded,
            "query timed out before a worker could process it",
        )
    }
}
