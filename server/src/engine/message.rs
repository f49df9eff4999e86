//! Messages of a completed task: what the worker says about updates.

use super::{command::BadCommand, run::Run, update::State};
use steadfast_proto::{
    SmallSet, enums::WorkflowTaskFailedCause as Cause, prost::Message as _, protocol::Message, update,
};

/// What a message says about an update.
#[derive(Debug)]
pub(crate) enum Said {
    Accepted(Box<update::Acceptance>),
    Rejected(Box<update::Rejection>),
    Completed(Box<update::Response>),
}

/// Reads the body of a message.
pub(crate) fn read_message(message: &Message) -> Option<Said> {
    let body = message.body.as_ref()?;
    match body.type_url.rsplit('/').next()? {
        "temporal.api.update.v1.Acceptance" => update::Acceptance::decode(&*body.value)
            .ok()
            .map(|said| Said::Accepted(Box::new(said))),
        "temporal.api.update.v1.Rejection" => update::Rejection::decode(&*body.value)
            .ok()
            .map(|said| Said::Rejected(Box::new(said))),
        "temporal.api.update.v1.Response" => update::Response::decode(&*body.value)
            .ok()
            .map(|said| Said::Completed(Box::new(said))),
        _ => None,
    }
}

/// Whether messages fit the updates that they are about.
pub(crate) fn check_messages(run: &Run, messages: &[Message]) -> Result<(), BadCommand> {
    let bad = |message: String| Err(BadCommand::new(Cause::BadUpdateWorkflowExecutionMessage, message));
    let mut accepted: SmallSet<&str> = SmallSet::new();
    for message in messages {
        let id = message.protocol_instance_id.as_str();
        let Some(said) = read_message(message) else {
            let kind = message.body.as_ref().map_or("no body", |body| body.type_url.as_str());
            return bad(format!(
                "message {} of update {id} can't be read: expected an acceptance, a rejection or a response, got {kind}",
                message.id
            ));
        };
        let Some(update) = run.updates.get(id) else {
            return bad(format!(
                "Update {id} wasn't found on the server. This is most likely a transient error which will be resolved automatically by retries"
            ));
        };
        let fits = match (&said, &update.state) {
            (Said::Accepted(_) | Said::Rejected(_), State::Sent { .. }) => true,
            (Said::Completed(_), State::Accepted { .. }) => true,
            (Said::Completed(_), State::Sent { .. }) => accepted.contains(id),
            _ => false,
        };
        if !fits {
            return bad(format!("message {} does not fit the state of update {id}", message.id));
        }
        if matches!(said, Said::Accepted(_)) {
            accepted.insert(id);
        }
    }
    Ok(())
}
