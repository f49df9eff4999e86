//! Commands on their way: issued by code, then sent or matched with history.

use std::{collections::VecDeque, panic::Location};
use steadfast_proto::{
    command::{Command, command::Attributes},
    enums::CommandType,
    sdk::UserMetadata,
};

/// A command that code issued.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) what: What,
    /// The command as the server will see it; taken when it is sent.
    pub(crate) attributes: Option<Attributes>,
    pub(crate) user_metadata: Option<Box<UserMetadata>>,
    pub(crate) location: &'static Location<'static>,
    /// Taken back before it was sent: there is no event of it.
    pub(crate) withdrawn: bool,
}

/// What history must have at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    ScheduleActivity { slot: u32 },
    CancelActivity { slot: u32, scheduled_event_id: i64 },
    LocalActivity { slot: u32 },
    StartTimer { slot: u32, number: u64 },
    CancelTimer { slot: u32, number: u64 },
    StartChild { slot: u32 },
    SignalExternal { slot: u32 },
    CancelExternal { slot: u32 },
    ScheduleNexus { slot: u32 },
    CancelNexus { slot: u32, scheduled_event_id: i64 },
    Patch { id: String },
    ChangeVersions,
    UpsertSearchAttributes,
    UpsertMemo,
    AcceptUpdate { protocol_instance_id: String },
    CompleteUpdate { update_id: String },
    Terminal(Terminal),
}

/// The ways in which a run ends itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminal {
    Complete,
    Fail,
    Cancel,
    ContinueAsNew,
}

impl Terminal {
    pub(crate) fn of(attributes: &Attributes) -> Option<Self> {
        Some(match attributes {
            Attributes::CompleteWorkflowExecutionCommandAttributes(_) => Self::Complete,
            Attributes::FailWorkflowExecutionCommandAttributes(_) => Self::Fail,
            Attributes::CancelWorkflowExecutionCommandAttributes(_) => Self::Cancel,
            Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(_) => Self::ContinueAsNew,
            _ => return None,
        })
    }
}

impl What {
    /// Patch markers and what comes with them may be missing in history.
    pub(crate) fn may_be_missing(&self) -> bool {
        matches!(self, Self::Patch { .. } | Self::ChangeVersions)
    }
}

/// An empty queue keeps no more room than this.
const COMMANDS_KEPT: usize = 4;

/// The queue of commands, numbered from the first of the run.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    commands: VecDeque<Issued>,
    /// The number of the front command.
    base: u64,
}

impl Queue {
    /// The number that the next command gets.
    pub(crate) fn next_number(&self) -> u64 {
        self.base.saturating_add(self.commands.len() as u64)
    }

    pub(crate) fn push(&mut self, command: Issued) {
        // Most runs that wait in a cache have one command to match.
        if self.commands.capacity() == 0 {
            self.commands.reserve_exact(1);
        }
        self.commands.push_back(command);
    }

    pub(crate) fn withdraw(&mut self, number: u64) {
        let index = number
            .checked_sub(self.base)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(command) = index.and_then(|index| self.commands.get_mut(index)) {
            command.withdrawn = true;
            command.attributes = None;
        }
    }

    /// Withdraws all commands from `number` on.
    pub(crate) fn truncate(&mut self, number: u64) {
        let kept = number.saturating_sub(self.base);
        self.commands.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
    }

    /// The first command that isn't withdrawn.
    pub(crate) fn front(&mut self) -> Option<&Issued> {
        while self.commands.front().is_some_and(|command| command.withdrawn) {
            self.pop();
        }
        self.commands.front()
    }

    pub(crate) fn pop(&mut self) -> Option<Issued> {
        let command = self.commands.pop_front()?;
        self.base = self.base.saturating_add(1);
        if self.commands.is_empty() && self.commands.capacity() > COMMANDS_KEPT {
            self.commands = VecDeque::new();
        }
        Some(command)
    }

    /// The first few commands that aren't withdrawn.
    pub(crate) fn upcoming(&self) -> impl Iterator<Item = &Issued> {
        self.commands.iter().filter(|command| !command.withdrawn)
    }

    /// The commands to be sent. They stay in the queue to be matched with their events.
    pub(crate) fn send(&mut self) -> Vec<Command> {
        let mut commands = Vec::with_capacity(self.commands.len());
        for command in self.commands.iter_mut().filter(|command| !command.withdrawn) {
            if let Some(attributes) = command.attributes.take() {
                commands.push(Command {
                    command_type: i32::from(command_type(&attributes)),
                    user_metadata: command.user_metadata.take(),
                    attributes: Some(attributes),
                    ..Command::default()
                });
            }
        }
        commands
    }
}

fn command_type(attributes: &Attributes) -> CommandType {
    use Attributes as A;
    use CommandType as C;
    match attributes {
        A::ScheduleActivityTaskCommandAttributes(_) => C::ScheduleActivityTask,
        A::StartTimerCommandAttributes(_) => C::StartTimer,
        A::CompleteWorkflowExecutionCommandAttributes(_) => C::CompleteWorkflowExecution,
        A::FailWorkflowExecutionCommandAttributes(_) => C::FailWorkflowExecution,
        A::RequestCancelActivityTaskCommandAttributes(_) => C::RequestCancelActivityTask,
        A::CancelTimerCommandAttributes(_) => C::CancelTimer,
        A::CancelWorkflowExecutionCommandAttributes(_) => C::CancelWorkflowExecution,
        A::RequestCancelExternalWorkflowExecutionCommandAttributes(_) => C::RequestCancelExternalWorkflowExecution,
        A::RecordMarkerCommandAttributes(_) => C::RecordMarker,
        A::ContinueAsNewWorkflowExecutionCommandAttributes(_) => C::ContinueAsNewWorkflowExecution,
        A::StartChildWorkflowExecutionCommandAttributes(_) => C::StartChildWorkflowExecution,
        A::SignalExternalWorkflowExecutionCommandAttributes(_) => C::SignalExternalWorkflowExecution,
        A::UpsertWorkflowSearchAttributesCommandAttributes(_) => C::UpsertWorkflowSearchAttributes,
        A::ProtocolMessageCommandAttributes(_) => C::ProtocolMessage,
        A::ModifyWorkflowPropertiesCommandAttributes(_) => C::ModifyWorkflowProperties,
        A::ScheduleNexusOperationCommandAttributes(_) => C::ScheduleNexusOperation,
        A::RequestCancelNexusOperationCommandAttributes(_) => C::RequestCancelNexusOperation,
    }
}
