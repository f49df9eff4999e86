//! How large what a task sends may be.

use steadfast_proto::{
    command::{Command, command::Attributes},
    common::{Memo, Payloads},
    failure::Failure,
    prost::Message,
};

/// From where on a payload is worth a warning: it is in the history for good, and read in each replay.
const PAYLOAD_WARN_BYTES: usize = 512 * 1024;
/// As for payloads; memos come along in lists.
const MEMO_WARN_BYTES: usize = 2 * 1024;

/// How large what a task sends may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadLimits {
    /// From where on the payloads of a command are worth a warning: 512 KiB.
    pub payload_warn: usize,
    /// More fails the task, before the server does worse; the namespace says how much.
    pub payload_max: usize,
    /// From where on a memo is worth a warning: 2 KiB.
    pub memo_warn: usize,
    /// As `payload_max`, for memos.
    pub memo_max: usize,
}

impl Default for PayloadLimits {
    fn default() -> Self {
        Self {
            payload_warn: PAYLOAD_WARN_BYTES,
            payload_max: usize::MAX,
            memo_warn: MEMO_WARN_BYTES,
            memo_max: usize::MAX,
        }
    }
}

impl PayloadLimits {
    /// Something of this size.
    fn judge(self, what: &'static str, bytes: usize) -> Option<Size> {
        let (warn, max) = match what {
            MEMO => (self.memo_warn, self.memo_max),
            _ => (self.payload_warn, self.payload_max),
        };
        let (is_error, limit) = match (bytes > max, bytes > warn) {
            (true, _) => (true, max),
            (false, true) => (false, warn),
            (false, false) => return None,
        };
        Some(Size {
            what,
            bytes,
            limit,
            is_error,
        })
    }

    /// What of the answer to a query is too large.
    pub(super) fn of_answer(self, answer: Option<&Payloads>) -> Option<Size> {
        let size = self.judge("the answer", answer.map_or(0, Message::encoded_len));
        size.filter(|size| size.is_error)
    }

    /// Looks at all that a task sends: what is worth a warning, or the first that is too large.
    pub(super) fn of_commands(self, commands: &[Command]) -> Sizes {
        let mut sizes = Sizes::default();
        for command in commands {
            let Some(attributes) = &command.attributes else {
                continue;
            };
            measure(attributes, |what, bytes| {
                let Some(size) = self.judge(what, bytes) else { return };
                let message = format!(
                    "[TMPRL1103] {what} of {} has {bytes} bytes, {} {}; keep large data elsewhere, and pass on where it is",
                    of(attributes),
                    if size.is_error {
                        "more than the allowed"
                    } else {
                        "a warning is given above"
                    },
                    size.limit,
                );
                if size.is_error {
                    sizes.error.get_or_insert(message);
                } else {
                    sizes.warnings.push(message);
                }
            });
        }
        sizes
    }
}

const MEMO: &str = "the memo";

/// Something large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    what: &'static str,
    pub(super) bytes: usize,
    pub(super) limit: usize,
    is_error: bool,
}

/// What is large in a completion.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) warnings: Vec<String>,
    pub(super) error: Option<String>,
}

fn measure(attributes: &Attributes, mut found: impl FnMut(&'static str, usize)) {
    let payloads = |payloads: &Option<Payloads>| payloads.as_ref().map_or(0, Message::encoded_len);
    let memo = |memo: &Option<Memo>| memo.as_ref().map_or(0, Message::encoded_len);
    let failure = |failure: &Option<Failure>| failure.as_ref().map_or(0, Message::encoded_len);
    match attributes {
        Attributes::ScheduleActivityTaskCommandAttributes(command) => found("the input", payloads(&command.input)),
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(command) => {
            found("the input", payloads(&command.input));
        }
        Attributes::StartChildWorkflowExecutionCommandAttributes(command) => {
            found("the input", payloads(&command.input));
            found(MEMO, memo(&command.memo));
        }
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command) => {
            found("the input", payloads(&command.input));
            found(MEMO, memo(&command.memo));
        }
        Attributes::ModifyWorkflowPropertiesCommandAttributes(command) => found(MEMO, memo(&command.upserted_memo)),
        Attributes::CompleteWorkflowExecutionCommandAttributes(command) => {
            found("the result", payloads(&command.result));
        }
        Attributes::CancelWorkflowExecutionCommandAttributes(command) => {
            found("the details", payloads(&command.details));
        }
        Attributes::FailWorkflowExecutionCommandAttributes(command) => found("the failure", failure(&command.failure)),
        Attributes::RecordMarkerCommandAttributes(command) => {
            let details = command.details.values().map(Message::encoded_len);
            found("the details", details.fold(0, usize::saturating_add));
            found("the failure", failure(&command.failure));
        }
        Attributes::ScheduleNexusOperationCommandAttributes(command) => {
            found("the input", command.input.as_ref().map_or(0, Message::encoded_len));
        }
        Attributes::UpsertWorkflowSearchAttributesCommandAttributes(command) => {
            let attributes = command.search_attributes.as_ref();
            found("the search attributes", attributes.map_or(0, Message::encoded_len));
        }
        _ => {}
    }
}

/// What a command is about, for people.
fn of(attributes: &Attributes) -> String {
    match attributes {
        Attributes::ScheduleActivityTaskCommandAttributes(command) => {
            let name = command.activity_type.as_ref().map_or("", |kind| kind.name.as_str());
            format!("activity `{name}` ({})", command.activity_id)
        }
        Attributes::StartChildWorkflowExecutionCommandAttributes(command) => {
            format!("child workflow \"{}\"", command.workflow_id)
        }
        Attributes::SignalExternalWorkflowExecutionCommandAttributes(command) => {
            format!("signal `{}`", command.signal_name)
        }
        Attributes::RecordMarkerCommandAttributes(command) => format!("marker `{}`", command.marker_name),
        Attributes::ScheduleNexusOperationCommandAttributes(command) => {
            format!("Nexus operation `{}`", command.operation)
        }
        Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(_) => "the next run".to_owned(),
        _ => "the workflow".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadfast_proto::{
        command::{CompleteWorkflowExecutionCommandAttributes, ModifyWorkflowPropertiesCommandAttributes},
        common::Payload,
    };

    const LIMITS: PayloadLimits = PayloadLimits {
        payload_warn: 100,
        payload_max: 1_000,
        memo_warn: 10,
        memo_max: 1_000,
    };

    fn payload(bytes: usize) -> Payload {
        Payload {
            data: vec![0; bytes].into(),
            ..Payload::default()
        }
    }

    fn completing(bytes: usize) -> Command {
        let attributes = CompleteWorkflowExecutionCommandAttributes {
            result: Some(Payloads {
                payloads: vec![payload(bytes)],
            }),
        };
        Command {
            attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(
                attributes.into(),
            )),
            ..Command::default()
        }
    }

    #[test]
    fn what_is_small_is_not_worth_a_word() {
        assert_eq!(LIMITS.of_commands(&[completing(50)]), Sizes::default());
    }

    #[test]
    fn what_is_large_is_worth_a_warning() {
        let sizes = LIMITS.of_commands(&[completing(200)]);
        assert_eq!((sizes.warnings.len(), sizes.error), (1, None));
    }

    #[test]
    fn what_is_too_large_is_named_with_its_size() {
        let error = LIMITS.of_commands(&[completing(2_000)]).error.unwrap();
        assert!(
            error.starts_with("[TMPRL1103] the result of the workflow has 20"),
            "{error}"
        );
        assert!(error.contains("more than the allowed 1000"), "{error}");
    }

    #[test]
    fn memos_have_limits_of_their_own() {
        let mut memo = Memo::default();
        memo.fields.insert("note".to_owned(), payload(20));
        let attributes = ModifyWorkflowPropertiesCommandAttributes {
            upserted_memo: Some(memo),
        };
        let command = Command {
            attributes: Some(Attributes::ModifyWorkflowPropertiesCommandAttributes(attributes.into())),
            ..Command::default()
        };
        assert_eq!(LIMITS.of_commands(&[command]).warnings.len(), 1);
    }
}
