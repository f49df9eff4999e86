//! Callbacks: what is told to somebody when a workflow ends, whichever run of its chain is the last one.

use super::{
    Engine,
    error::{Code, Error, Result},
    id::Uuid,
    limits,
    nexus::{
        failure,
        operation::Ending,
        task::{CALLBACK_TOKEN, CALLBACK_URL, unsuccessful},
    },
    run::{Run, RunKey},
    time::Time,
};
use steadfast_proto::{
    common::{self, callback::Variant},
    enums::{CallbackState, EventType, TimeoutType, WorkflowExecutionStatus as Status},
    failure::{ApplicationFailureInfo, Failure, TerminatedFailureInfo, failure::FailureInfo},
    link, nexus,
    workflow::{CallbackInfo, callback_info},
};

/// What a handler elsewhere says of an operation that went on after its answer.
#[derive(Debug)]
pub struct Completion {
    /// The token that came with the request to start it.
    pub token: String,
    /// What the handler calls the operation.
    pub operation_token: String,
    /// What the operation was, if it is over before the answer to the request came.
    pub links: Vec<nexus::Link>,
    /// What came out: a result, or how it failed.
    pub outcome: std::result::Result<Option<common::Payload>, nexus::UnsuccessfulOperationError>,
}

/// A callback that a run carries.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) callback: common::Callback,
    registered: Time,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// The workflow goes on.
    Standby,
    Succeeded {
        at: Time,
    },
    Failed {
        at: Time,
        failure: Box<Failure>,
    },
}

impl Callback {
    pub(crate) fn new(callback: common::Callback, registered: Time) -> Self {
        Self {
            callback,
            registered,
            state: State::Standby,
        }
    }

    fn token(&self) -> Option<&str> {
        match &self.callback.variant {
            Some(Variant::Nexus(nexus)) => nexus.header.get(CALLBACK_TOKEN).map(String::as_str),
            _ => None,
        }
    }

    pub(crate) fn describe(&self) -> CallbackInfo {
        let (state, at, failure) = match &self.state {
            State::Standby => (CallbackState::Standby, None, None),
            State::Succeeded { at } => (CallbackState::Succeeded, Some(*at), None),
            State::Failed { at, failure } => (CallbackState::Failed, Some(*at), Some((**failure).clone())),
        };
        CallbackInfo {
            callback: Some(self.callback.clone()),
            trigger: Some(callback_info::Trigger {
                variant: Some(callback_info::trigger::Variant::WorkflowClosed(
                    callback_info::WorkflowClosed {},
                )),
            }),
            registration_time: self.registered.wire(),
            state: state.into(),
            attempt: at.is_some().into(),
            last_attempt_complete_time: at.and_then(Time::wire),
            last_attempt_failure: failure,
            ..Default::default()
        }
    }
}

/// Checks callbacks of a request and brings them into the form in which they are kept.
pub(crate) fn check(callbacks: &mut [common::Callback]) -> Result<()> {
    if callbacks.len() > limits::CALLBACKS_MAX {
        return Err(Error::invalid(format!(
            "cannot attach more than {} callbacks to a workflow, got {}",
            limits::CALLBACKS_MAX,
            callbacks.len()
        )));
    }
    for callback in callbacks {
        let nexus = match &mut callback.variant {
            Some(Variant::Nexus(nexus)) => nexus,
            Some(Variant::Internal(_) | Variant::NexusHandler(_)) => {
                return Err(Error::invalid("unsupported callback variant: expected nexus"));
            }
            None => return Err(Error::unbuilt("a callback of an unknown variant")),
        };
        if nexus.url.len() > limits::NAME_BYTES_MAX {
            return Err(Error::invalid(format!(
                "invalid url: url length longer than max length allowed of {}",
                limits::NAME_BYTES_MAX
            )));
        }
        let scheme = nexus.url.split_once("://").map_or("", |(scheme, _)| scheme);
        match scheme {
            "temporal" if nexus.url == CALLBACK_URL => {}
            "temporal" | "http" | "https" => {
                return Err(Error::invalid(format!(
                    "invalid url: url does not match any configured callback address: {}",
                    nexus.url
                )));
            }
            _ => return Err(Error::invalid(format!("invalid url: unknown scheme: {}", nexus.url))),
        }
        if limits::header_bytes(&nexus.header) > limits::CALLBACK_HEADER_BYTES_MAX {
            return Err(Error::invalid(format!(
                "invalid header: header size longer than max allowed size of {}",
                limits::CALLBACK_HEADER_BYTES_MAX
            )));
        }
        let lower = |(key, value): (String, String)| (key.to_ascii_lowercase(), value);
        nexus.header = std::mem::take(&mut nexus.header).into_iter().map(lower).collect();
    }
    Ok(())
}

/// What says which operation a callback completes.
pub(crate) fn token(run_id: Uuid, scheduled_event_id: i64, request_id: &str) -> String {
    format!("{run_id}/{scheduled_event_id}/{request_id}")
}

fn read_token(token: &str) -> Option<(Uuid, i64, &str)> {
    let mut parts = token.splitn(3, '/');
    Some((Uuid::parse(parts.next()?)?, parts.next()?.parse().ok()?, parts.next()?))
}

/// How an operation ends that was a workflow.
pub(crate) fn ending(status: Status, result: Option<common::Payloads>, failure: Option<Failure>) -> Ending {
    match status {
        Status::Completed => {
            let first = result.and_then(|result| result.payloads.into_iter().next());
            let nothing = || common::Payload::encoded("binary/null", bytes::Bytes::new());
            Ending::Completed(Some(first.unwrap_or_else(nothing)))
        }
        Status::Canceled => Ending::Canceled(failure::canceled("operation canceled", result)),
        Status::TimedOut => Ending::Failed(failure::timed_out(
            "operation exceeded internal timeout",
            TimeoutType::Unspecified,
        )),
        Status::Terminated => Ending::Failed(Failure {
            message: "operation terminated".to_owned(),
            failure_info: Some(FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo::default())),
            ..Failure::default()
        }),
        _ => Ending::Failed(failure.unwrap_or_default()),
    }
}

impl Run {
    pub(crate) fn add_callbacks(&mut self, callbacks: &[common::Callback], registered: Time) {
        let added = callbacks
            .iter()
            .map(|callback| Callback::new(callback.clone(), registered));
        self.callbacks.extend(added);
    }
}

impl Engine {
    /// A workflow has ended: everybody who asked is told.
    pub(super) fn call_back(&mut self, key: RunKey, ending: &Ending) {
        let Some(run) = self.runs.get(key) else { return };
        let started = run.link(1, EventType::WorkflowExecutionStarted);
        let tokens: Vec<Option<String>> = run
            .callbacks
            .iter()
            .map(|callback| callback.token().map(str::to_owned))
            .collect();
        for (at, token) in tokens.iter().enumerate() {
            let told = self.complete_operation(token.as_deref(), ending.clone(), String::new(), vec![started.clone()]);
            let time = self.world.now();
            let callback = self.runs.peek_mut(key).and_then(|run| run.callbacks.get_mut(at));
            if let Some(callback) = callback {
                callback.state = match told {
                    Ok(()) => State::Succeeded { at: time },
                    Err(error) => State::Failed {
                        at: time,
                        failure: Box::new(refused(&error)),
                    },
                };
            }
        }
    }

    /// Ends an operation as its handler elsewhere says, at the real time `now`.
    ///
    /// # Errors
    /// If the token names no operation, or one that has ended.
    pub fn complete(&mut self, now: Time, completion: Completion) -> Result<()> {
        self.proceed(now);
        let ending = match completion.outcome {
            Ok(result) => Ok(Ending::Completed(result)),
            Err(error) => unsuccessful(&error).map_err(|failure| Error::invalid(failure.message)),
        };
        let completed = ending.and_then(|ending| {
            let links = link::from_nexus(&completion.links);
            self.complete_operation(Some(&completion.token), ending, completion.operation_token, links)
        });
        self.settle();
        completed
    }

    /// Ends the operation that a token names. One whose handler has not answered yet counts as started before.
    fn complete_operation(
        &mut self,
        token: Option<&str>,
        ending: Ending,
        operation_token: String,
        links: Vec<common::Link>,
    ) -> Result<()> {
        let gone = || Error::not_found("operation not found");
        let (run_id, event_id, request_id) = token
            .and_then(read_token)
            .ok_or_else(|| Error::invalid("invalid callback token"))?;
        let key = self.runs.by_id(run_id).ok_or_else(gone)?;
        let key = self.latest_reset(key);
        let Self { runs, world, .. } = self;
        let run = runs.touch(key).map_err(|_| gone())?;
        if !run.is_open() {
            return Err(Error::not_found("workflow execution already completed"));
        }
        let is_meant = run
            .operation_event(event_id)
            .is_some_and(|scheduled| scheduled.request_id == request_id);
        let operation = run.operations.get(&event_id).filter(|_| is_meant).ok_or_else(gone)?;
        if operation.started.is_none() {
            run.note_operation_start(world, event_id, operation_token, links);
        }
        run.end_operation(world, event_id, ending, Vec::new());
        Ok(())
    }
}

/// A callback was not taken, said as the handler of one does.
fn refused(error: &Error) -> Failure {
    let kind = match error.code {
        Code::NotFound => "NOT_FOUND",
        _ => "BAD_REQUEST",
    };
    Failure {
        message: format!("handler error ({kind}): {}", error.message),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            non_retryable: true,
            ..Default::default()
        })),
        ..Failure::default()
    }
}
