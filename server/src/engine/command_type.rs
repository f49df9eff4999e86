//! Types of commands: their names, and the cause of failure that belongs to each.

use super::command::BadCommand;
use steadfast_proto::{
    capitals,
    command::Command,
    enums::{CommandType, WorkflowTaskFailedCause as Cause},
};

/// As texts name it: `StartTimer`.
pub(crate) fn name(kind: CommandType) -> String {
    capitals(kind.as_str_name(), "COMMAND_TYPE_")
}

/// The names of a list's commands.
pub(crate) fn names(commands: &[Command]) -> String {
    let names: Vec<String> = commands.iter().map(|command| name(command.command_type())).collect();
    names.join(", ")
}

/// A command without its attributes.
pub(crate) fn without_attributes(command_type: i32) -> BadCommand {
    let kind = CommandType::try_from(command_type).unwrap_or_default();
    let text = match kind {
        CommandType::ScheduleNexusOperation => "empty ScheduleNexusOperationCommandAttributes".to_owned(),
        CommandType::RequestCancelNexusOperation => "empty CancelNexusOperationCommandAttributes".to_owned(),
        _ => format!("{0}CommandAttributes is not set on {0}Command.", name(kind)),
    };
    BadCommand::new(cause(kind), text)
}

fn cause(kind: CommandType) -> Cause {
    match kind {
        CommandType::ScheduleActivityTask => Cause::BadScheduleActivityAttributes,
        CommandType::RequestCancelActivityTask => Cause::BadRequestCancelActivityAttributes,
        CommandType::StartTimer => Cause::BadStartTimerAttributes,
        CommandType::CancelTimer => Cause::BadCancelTimerAttributes,
        CommandType::RecordMarker => Cause::BadRecordMarkerAttributes,
        CommandType::CompleteWorkflowExecution => Cause::BadCompleteWorkflowExecutionAttributes,
        CommandType::FailWorkflowExecution => Cause::BadFailWorkflowExecutionAttributes,
        CommandType::CancelWorkflowExecution => Cause::BadCancelWorkflowExecutionAttributes,
        CommandType::ContinueAsNewWorkflowExecution => Cause::BadContinueAsNewAttributes,
        CommandType::StartChildWorkflowExecution => Cause::BadStartChildExecutionAttributes,
        CommandType::SignalExternalWorkflowExecution => Cause::BadSignalWorkflowExecutionAttributes,
        CommandType::RequestCancelExternalWorkflowExecution => {
            Cause::BadRequestCancelExternalWorkflowExecutionAttributes
        }
        CommandType::UpsertWorkflowSearchAttributes => Cause::BadSearchAttributes,
        CommandType::ModifyWorkflowProperties => Cause::BadModifyWorkflowPropertiesAttributes,
        CommandType::ScheduleNexusOperation => Cause::BadScheduleNexusOperationAttributes,
        CommandType::RequestCancelNexusOperation => Cause::BadRequestCancelNexusOperationAttributes,
        CommandType::ProtocolMessage => Cause::BadUpdateWorkflowExecutionMessage,
        _ => Cause::UnhandledCommand,
    }
}
