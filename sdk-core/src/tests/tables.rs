//! Every machine's states and inputs, as text: a test, and the machine's documentation.

use crate::{
    ActivityCancellation, ChildCancellation, NexusCancellation,
    history::event::PatchMarker,
    machines::{Unexpected, activity, child, external, local_activity, nexus, patch, timer, update},
};
use std::fmt::{Debug, Write};

fn table<S, I, E>(states: &[S], inputs: &[I], on: impl Fn(S, I) -> Result<(S, E), Unexpected>) -> String
where
    S: Debug + Copy,
    I: Debug + Copy,
    E: Debug,
{
    let mut text = String::new();
    for state in states {
        for input in inputs {
            let next = match on(*state, *input) {
                Ok((next, effect)) => format!("{next:?}, {effect:?}"),
                Err(Unexpected) => "-".to_owned(),
            };
            writeln!(text, "{state:?} + {input:?} = {next}").unwrap();
        }
    }
    text
}

fn assert_table(actual: &str, committed: &str) {
    assert!(
        actual == committed,
        "the table changed; if that is meant, commit this:\n{actual}"
    );
}

#[test]
fn timers_move_as_the_table_says() {
    use timer::{Input as I, State as S};
    let states = [S::Created, S::Withdrawn, S::Started, S::CancelIssued, S::Closed];
    let inputs = [I::Cancel, I::Started, I::Fired, I::Canceled];
    assert_table(&table(&states, &inputs, S::on), include_str!("tables/timer.txt"));
}

#[test]
fn activities_move_as_the_table_says() {
    use ActivityCancellation as C;
    use activity::{Input as I, State as S};
    let states = [
        S::Created,
        S::Withdrawn,
        S::Scheduled,
        S::Started,
        S::CancelIssued,
        S::CancelRequested,
        S::Abandoned,
        S::Closed,
    ];
    let inputs = [
        I::Cancel(C::TryCancel),
        I::Cancel(C::WaitCancellationCompleted),
        I::Cancel(C::Abandon),
        I::Scheduled,
        I::Started,
        I::CancelRequested,
        I::Completed,
        I::Failed,
        I::TimedOut,
        I::Canceled,
    ];
    assert_table(&table(&states, &inputs, S::on), include_str!("tables/activity.txt"));
}

#[test]
fn local_activities_move_as_the_table_says() {
    use ActivityCancellation as C;
    use local_activity::{Input as I, State as S};
    let states = [
        S::Created,
        S::Running,
        S::Cancelling,
        S::Replayed,
        S::ReplayedCancelled,
        S::MarkerIssued,
        S::MarkerSeen,
        S::Closed,
    ];
    let inputs = [
        I::Cancel(C::TryCancel),
        I::Cancel(C::WaitCancellationCompleted),
        I::Cancel(C::Abandon),
        I::Run,
        I::Ended,
        I::Seen,
        I::ReplayOver,
        I::Recorded,
    ];
    let committed = include_str!("tables/local_activity.txt");
    assert_table(&table(&states, &inputs, S::on), committed);
}

#[test]
fn children_move_as_the_table_says() {
    use ChildCancellation as C;
    use child::{Input as I, State as S};
    let states = [
        S::Created,
        S::Withdrawn,
        S::Initiated,
        S::Started,
        S::CancelledEarly,
        S::Cancelled,
        S::Closed,
    ];
    let inputs = [
        I::Cancel(C::Abandon),
        I::Cancel(C::TryCancel),
        I::Cancel(C::WaitCancellationRequested),
        I::Cancel(C::WaitCancellationCompleted),
        I::Initiated,
        I::StartFailed,
        I::Started,
        I::CancelRequested(C::WaitCancellationRequested),
        I::CancelRequested(C::WaitCancellationCompleted),
        I::Closed,
    ];
    assert_table(&table(&states, &inputs, S::on), include_str!("tables/child.txt"));
}

#[test]
fn nexus_operations_move_as_the_table_says() {
    use NexusCancellation as C;
    use nexus::{Input as I, State as S};
    let states = [
        S::Created,
        S::Withdrawn,
        S::Scheduled,
        S::Started,
        S::CancelledEarly,
        S::Cancelled,
        S::Closed,
    ];
    let inputs = [
        I::Cancel(C::Abandon),
        I::Cancel(C::TryCancel),
        I::Cancel(C::WaitCancellationRequested),
        I::Cancel(C::WaitCancellationCompleted),
        I::Scheduled,
        I::Started,
        I::CancelRequested,
        I::CancelRequestCompleted(C::WaitCancellationRequested),
        I::CancelRequestCompleted(C::WaitCancellationCompleted),
        I::CancelRequestFailed(C::WaitCancellationRequested),
        I::CancelRequestFailed(C::WaitCancellationCompleted),
        I::Closed,
    ];
    assert_table(&table(&states, &inputs, S::on), include_str!("tables/nexus.txt"));
}

/// The two machines that are no machines with states: a patch's answers, and how its marker meets the code.
#[test]
fn patches_answer_and_meet_as_the_table_says() {
    use patch::{Call, Patch, meet};
    let mut text = String::new();
    for recorded in [false, true] {
        for issued in [false, true] {
            for answer in [None, Some(false), Some(true)] {
                for call in [Call::Patched, Call::DeprecatePatch] {
                    for replaying in [false, true] {
                        let known = Patch {
                            recorded,
                            issued,
                            answer,
                        };
                        let mut after = known;
                        let given = after.call(call, replaying);
                        let when = if replaying { "replayed" } else { "new" };
                        writeln!(
                            text,
                            "recorded {recorded}, issued {issued}, answered {answer:?} + {call:?}, {when} = {}{}",
                            given.value,
                            if given.issue { ", issue" } else { "" }
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
    let marker = |deprecated| PatchMarker {
        id: "p".to_owned(),
        deprecated,
    };
    for event in [None, Some(marker(false)), Some(marker(true))] {
        for call in [None, Some("p"), Some("other")] {
            let shown = match &event {
                None => "another event",
                Some(marker) if marker.deprecated => "deprecated marker p",
                Some(_) => "marker p",
            };
            let call_shown = call.map_or_else(|| "another command".to_owned(), |id| format!("call of {id}"));
            writeln!(text, "{shown} + {call_shown} = {:?}", meet(event.as_ref(), call)).unwrap();
        }
    }
    assert_table(&text, include_str!("tables/patch.txt"));
}

#[test]
fn what_is_done_to_other_workflows_moves_as_the_table_says() {
    use external::{Input as I, State as S};
    let states = [S::Created, S::Withdrawn, S::Initiated, S::Closed];
    let inputs = [I::Cancel, I::Initiated, I::Delivered, I::Failed];
    assert_table(&table(&states, &inputs, S::on), include_str!("tables/external.txt"));
}

#[test]
fn updates_move_as_the_table_says() {
    use update::{Input as I, State as S};
    let states = [S::Requested, S::Rejected, S::Accepted, S::Completed];
    let inputs = [I::Reject, I::Accept, I::Complete];
    assert_table(&table(&states, &inputs, S::on), include_str!("tables/update.txt"));
}
