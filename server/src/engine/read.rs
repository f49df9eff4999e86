//! Reads of history, at once or as events come.

use super::{
    Engine,
    error::{Error, Result},
    limits,
    request::{Handled, Reply, expiry},
    run::{Run, RunKey},
    runs::Runs,
    signal::check_execution,
    token::HistoryToken,
    waiter::{Wait, WaiterId},
    workflow_task::{Kind, WorkflowTask},
    world::World,
};
use bytes::Bytes;
use std::{ops::Bound, time::Duration};
use steadfast_proto::{
    enums::HistoryEventFilterType as Filter,
    history::{History, HistoryEvent},
    workflowservice::*,
};

fn reply(events: Vec<HistoryEvent>, next_page_token: Bytes) -> Reply {
    Reply::GetWorkflowExecutionHistory(Box::new(GetWorkflowExecutionHistoryResponse {
        history: Some(History { events }),
        next_page_token,
        ..Default::default()
    }))
}

fn page_size(asked: i32) -> usize {
    match usize::try_from(asked) {
        Ok(size) if size > 0 => size.min(limits::HISTORY_PAGE_MAX),
        _ => limits::HISTORY_PAGE_MAX,
    }
}

impl Engine {
    pub(crate) fn read_history(
        &mut self,
        mut request: GetWorkflowExecutionHistoryRequest,
        patience: Option<Duration>,
    ) -> Result<Handled> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.execution.take().unwrap_or_default();
        check_execution(&execution)?;
        let token = match request.next_page_token.is_empty() {
            true => None,
            false => Some(HistoryToken::read(&request.next_page_token)?),
        };
        let key = match &token {
            Some(token) => self
                .runs
                .by_id(token.run_id())
                .ok_or_else(|| Error::invalid("Invalid NextPageToken."))?,
            None => self.find(namespace, &execution)?,
        };
        let run = self.runs.touch(key)?;
        if *run.is.workflow_id != *execution.workflow_id {
            return Err(Error::invalid("Invalid NextPageToken."));
        }
        let close_only = request.history_event_filter_type() == Filter::CloseEvent;
        let next_event_id = token.as_ref().map_or(1, |token| token.next_event_id.max(1));
        let end_event_id = token.as_ref().map_or(0, |token| token.end_event_id);
        if close_only {
            if !run.is_open() || !request.wait_new_event {
                return Ok(Handled::Reply(reply(last_event(run), Bytes::new())));
            }
        } else {
            let size = page_size(request.maximum_page_size);
            let first = token.is_none();
            let has_news = next_event_id < run.history.next_event_id();
            if has_news || first || !run.is_open() || !request.wait_new_event {
                return Ok(Handled::Reply(read(
                    run,
                    next_event_id,
                    end_event_id,
                    size,
                    request.wait_new_event,
                )));
            }
        }
        let expires = expiry(self.world.real, patience, limits::LONG_POLL_MAX);
        let waiter = self.world.waiters.add(
            Wait::History {
                run: key,
                next_event_id,
                close_only,
            },
            expires,
        );
        run.readers.insert(waiter);
        Ok(Handled::Wait(waiter))
    }

    pub(crate) fn read_history_reverse(
        &mut self,
        request: &GetWorkflowExecutionHistoryReverseRequest,
    ) -> Result<GetWorkflowExecutionHistoryReverseResponse> {
        let namespace = self.world.namespaces.find(&request.namespace)?.key;
        let execution = request.execution.clone().unwrap_or_default();
        check_execution(&execution)?;
        let token = match request.next_page_token.is_empty() {
            true => None,
            false => Some(HistoryToken::read(&request.next_page_token)?),
        };
        let key = match &token {
            Some(token) => self
                .runs
                .by_id(token.run_id())
                .ok_or_else(|| Error::invalid("Invalid NextPageToken."))?,
            None => self.find(namespace, &execution)?,
        };
        let run = self.runs.touch(key)?;
        let before = token.map_or_else(|| run.history.next_event_id(), |token| token.next_event_id);
        let size = i64::try_from(page_size(request.maximum_page_size)).unwrap_or(i64::MAX);
        let from = before.saturating_sub(size).max(1);
        let mut events = run.history.range(from, before).to_vec();
        events.reverse();
        let next_page_token = if from > 1 {
            HistoryToken::new(run.is.run_id, from, 0).bytes()
        } else {
            Bytes::new()
        };
        Ok(GetWorkflowExecutionHistoryReverseResponse {
            history: Some(History { events }),
            next_page_token,
        })
    }
}

/// A page of history, with the tail that so far only a worker sees.
fn read(run: &Run, next_event_id: i64, end_event_id: i64, size: usize, follows: bool) -> Reply {
    let end = if end_event_id > 0 {
        end_event_id
    } else {
        run.history.next_event_id()
    };
    let (mut events, mut token) = run.page(next_event_id, end, size, end_event_id);
    if token.is_empty() {
        if let (false, WorkflowTask::Scheduled(scheduled)) = (follows, &run.task)
            && scheduled.kind == Kind::Transient
            // Its place may be another event's by now.
            && scheduled.event_id == run.history.next_event_id()
        {
            events.extend(run.unrecorded_task(scheduled, None));
        }
        if let WorkflowTask::Started(scheduled, started) = &run.task
            && (end_event_id > 0 || (!follows && scheduled.kind == Kind::Transient))
            && scheduled.kind != Kind::Normal
        {
            events.extend(run.unrecorded_task(scheduled, Some(started)));
        }
        if follows && run.is_open() {
            token = HistoryToken::new(run.is.run_id, run.history.next_event_id(), 0).bytes();
        }
    }
    reply(events, token)
}

fn last_event(run: &Run) -> Vec<HistoryEvent> {
    match run.is_open() {
        true => Vec::new(),
        false => run.history.last().cloned().into_iter().collect(),
    }
}

/// Answers those who wait for what a run has now.
pub(crate) fn answer_readers(runs: &mut Runs, world: &mut World, key: RunKey) {
    let Some(run) = runs.peek_mut(key) else { return };
    let mut after = None;
    while let Some(waiter) = run
        .readers
        .range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
        .next()
        .copied()
    {
        after = Some(waiter);
        let Some(Wait::History {
            next_event_id,
            close_only,
            ..
        }) = world.waiters.get(waiter)
        else {
            run.readers.remove(&waiter);
            continue;
        };
        let answer = match close_only {
            true if run.is_open() => continue,
            true => reply(last_event(run), Bytes::new()),
            false if run.is_open() && *next_event_id >= run.history.next_event_id() => continue,
            false => read(run, *next_event_id, 0, limits::HISTORY_PAGE_MAX, true),
        };
        run.readers.remove(&waiter);
        world.waiters.answer(waiter, Ok(answer));
    }
}

pub(crate) fn leave(runs: &mut Runs, key: RunKey, waiter: WaiterId) {
    if let Ok(run) = runs.touch(key) {
        run.readers.remove(&waiter);
    }
}

/// The wait for events is over without any: the caller may go on from the same place.
pub(crate) fn nothing_yet(runs: &Runs, key: RunKey, next_event_id: i64) -> Reply {
    let token = runs
        .get(key)
        .map(|run| HistoryToken::new(run.is.run_id, next_event_id, 0).bytes());
    reply(Vec::new(), token.unwrap_or_default())
}
