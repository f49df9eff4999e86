//! Random runs: whatever happens, in whatever order, a run kept in memory, one replayed from its start at every task and
//! one evicted now and then want the same and are in the same state.

mod server;

use super::{
    shard::{accept, handle, options, poll},
    update::request,
    *,
};
use crate::{
    ChildCancellation, Handled, Host, Input, LocalActivityOutcome, Notice, Output, Shard,
    testing::{Awaiting, State, activity, cancel_external, child, local_activity, signal_external, timer, wait_until},
};
use server::Server;
use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};
use steadfast_proto::{
    failure::{ApplicationFailureInfo, failure::FailureInfo},
    history::History,
    query::WorkflowQuery,
    workflowservice::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse, PollWorkflowTaskQueueResponse,
        RespondWorkflowTaskCompletedRequest,
    },
};

/// How many runs are played; the numbers below it are their seeds.
const RUNS: u64 = 200;
/// No run needs as many workflow tasks as this.
const MOST_TASKS: usize = 400;

/// A xorshift generator.
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

/// One thing that workflow code does.
#[derive(Debug, Clone, Copy)]
enum Step {
    Activity,
    /// An activity that is cancelled while another one runs.
    Background,
    Timer,
    /// An activity and a timer; the slower one is given up.
    Race,
    Local,
    /// Two local activities, in the order in which they end.
    Locals,
    Child,
    Signal,
    CancelOther,
    Patch,
    /// Random numbers decide.
    Chance,
    Condition,
}

const STEPS: [Step; 12] = [
    Step::Activity,
    Step::Background,
    Step::Timer,
    Step::Race,
    Step::Local,
    Step::Locals,
    Step::Child,
    Step::Signal,
    Step::CancelOther,
    Step::Patch,
    Step::Chance,
    Step::Condition,
];

/// What the workflow has seen.
#[derive(Debug, Default)]
struct Log {
    lines: Vec<String>,
    signals: usize,
    children: usize,
}

fn note(host: &Host, state: &State<Log>, line: impl Into<String>) {
    state.with(|log| log.lines.push(line.into()));
    host.state_changed();
}

async fn first_of(left: &mut Awaiting, right: &mut Awaiting) -> (bool, Resolution) {
    poll_fn(|context| {
        if let Poll::Ready(resolution) = Pin::new(&mut *left).poll(context) {
            return Poll::Ready((true, resolution));
        }
        Pin::new(&mut *right)
            .poll(context)
            .map(|resolution| (false, resolution))
    })
    .await
}

async fn take(step: Step, host: &Host, state: &State<Log>) {
    let seen = match step {
        Step::Activity => word(&activity(host, "work").await),
        Step::Background => {
            let background = activity(host, "background");
            let seen = word(&activity(host, "foreground").await);
            background.cancel();
            format!("{seen}, {}", word(&background.await))
        }
        Step::Timer => word(&timer(host, Duration::from_secs(5)).await),
        Step::Race => {
            let (mut work, mut limit) = (activity(host, "race"), timer(host, Duration::from_secs(3)));
            let (in_time, seen) = first_of(&mut work, &mut limit).await;
            format!("{in_time} {}", word(&seen))
        }
        Step::Local => word(&local_activity(host, "local").await),
        Step::Locals => {
            let (mut left, mut right) = (local_activity(host, "left"), local_activity(host, "right"));
            let (was_left, seen) = first_of(&mut left, &mut right).await;
            let other = if was_left { right.await } else { left.await };
            format!("{was_left} {} then {}", word(&seen), word(&other))
        }
        Step::Child => {
            let number = state.with(|log| {
                log.children += 1;
                log.children
            });
            let mut child = child(host, &format!("child-{number}"), ChildCancellation::Abandon);
            let start = word(&(&mut child).await);
            note(host, state, start);
            word(&child.await)
        }
        Step::Signal => word(&signal_external(host, "other", "hello").await),
        Step::CancelOther => word(&cancel_external(host, "other").await),
        Step::Patch => {
            let id = format!("patch-{}", state.with(|log| log.lines.len()) % 3);
            format!("{id} {}", host.patched(&id))
        }
        Step::Chance => match host.random() % 3 {
            0 => word(&activity(host, "lucky").await),
            1 => word(&timer(host, Duration::from_secs(1)).await),
            _ => "nothing".to_owned(),
        },
        Step::Condition => {
            let wanted = state.with(|log| log.signals) + 1;
            wait_until(host, state, |log| log.signals >= wanted).await;
            format!("{wanted} signals")
        }
    };
    note(host, state, format!("{step:?}: {seen}"));
}

fn plan(dice: &mut Dice, most: usize) -> Vec<Step> {
    let steps = 1 + dice.below(most);
    (0..steps).map(|_| STEPS[dice.below(STEPS.len())]).collect()
}

/// A workflow that takes random steps, in its main routine and in what handles signals and updates.
fn wanderer(dice: &mut Dice) -> Scripts {
    let (main, on_signal, on_update) = (plan(dice, 8), plan(dice, 4), plan(dice, 4));
    Script::<Log>::new(move |host, state| {
        let main = main.clone();
        async move {
            for step in main {
                take(step, &host, &state).await;
            }
            Ok(Some(json_text(&state.with(|log| log.lines.join("; ")))))
        }
    })
    .signal("go", move |host, state, _| {
        let count = state.with(|log| {
            log.signals += 1;
            log.signals
        });
        host.state_changed();
        let step = on_signal[count % on_signal.len()];
        // Handlers that wait for signals would wait for ever, once there are enough of them.
        if count > 6 || matches!(step, Step::Condition) {
            return Handled::Done(Ok(()));
        }
        Handled::Routine(Box::pin(async move {
            take(step, &host, &state).await;
            Ok(())
        }))
    })
    .update("now", |host, state, update| {
        note(&host, &state, format!("update {}", update.id));
        Handled::Done(Ok(Some(json_text(&update.id))))
    })
    .validator("now", |_, state, _| match state.with(|log| log.lines.len() % 3) {
        0 => Err(Failure::application("Busy", "not now")),
        _ => Ok(()),
    })
    .update("work", move |host, state, update| {
        let step = on_update[update.id.len() % on_update.len()];
        Handled::Routine(Box::pin(async move {
            take(step, &host, &state).await;
            Ok(Some(json_text("worked")))
        }))
    })
    .query("log", |_, state| {
        Ok(Some(json_text(&state.with(|log| log.lines.join("; ")))))
    })
    .query("waits for", |host, _| {
        let pending: Vec<String> = host
            .pending_operations()
            .iter()
            .map(|pending| pending.what.to_string())
            .collect();
        Ok(Some(json_text(&pending.join(", "))))
    })
    .alone()
}

/// A worker's shard, and the history that the server has.
struct Worker {
    shard: Shard,
    /// The event up to which this worker knows the run.
    known: i64,
}

impl Worker {
    fn new(scripts: Scripts) -> Self {
        Self {
            shard: Shard::new(options(10), Box::new(scripts)),
            known: 0,
        }
    }

    /// Carries out a task from the poll to the answer. Equal dice give equal ends of local activities.
    fn carry_out(
        &mut self,
        server: &Server,
        after: i64,
        mut dice: Dice,
    ) -> (Box<RespondWorkflowTaskCompletedRequest>, String) {
        let task = task(server, after);
        let mut outputs = handle(&mut self.shard, Input::WorkflowTask(task, None));
        let mut running = Vec::new();
        loop {
            let mut next = Vec::new();
            for output in outputs {
                match output {
                    Output::Complete(key, request) => {
                        let ended = accept(&mut self.shard, key);
                        assert!(ended.iter().all(|output| matches!(output, Output::Notice(_))));
                        self.known = server.history.last_started_event_id();
                        let state = self.state(server, has_ended(&request));
                        return (request, state);
                    }
                    Output::FetchHistory(key, request) => {
                        let page = Box::new(page(server, &request));
                        next.extend(handle(&mut self.shard, Input::HistoryPage(key, Ok(page))));
                    }
                    Output::RunLocalActivity(task) => running.push(task),
                    Output::Notice(Notice::TaskFailed { message, .. }) => panic!("{message}"),
                    Output::Notice(_) => {}
                    _ => panic!("nothing else is expected"),
                }
            }
            if next.is_empty() {
                assert!(!running.is_empty(), "the task came to nothing");
                let ended = running.swap_remove(dice.below(running.len()));
                let outcome = if dice.one_in(4) {
                    LocalActivityOutcome::Failed(Box::new(final_failure()))
                } else {
                    LocalActivityOutcome::Completed(Some(json_text(&ended.attributes.activity_type)))
                };
                next = handle(&mut self.shard, Input::LocalActivity(ended.key, outcome));
            }
            outputs = next;
        }
    }
}

impl Worker {
    /// What a query of its own says of the run that was just worked on; those that have ended are gone.
    fn state(&mut self, server: &Server, has_ended: bool) -> String {
        if has_ended {
            return String::new();
        }
        let mut task = poll("r", &server.history, self.known);
        task.previous_started_event_id = task.started_event_id;
        task.started_event_id = 0;
        task.query = Some(Box::new(WorkflowQuery {
            query_type: "log".to_owned(),
            ..WorkflowQuery::default()
        }));
        for output in handle(&mut self.shard, Input::WorkflowTask(task, None)) {
            if let Output::AnswerQuery(_, answer) = output {
                assert_eq!(answer.error_message, "");
                return word(&Resolution::Completed(answer.query_result));
            }
        }
        panic!("the query was not answered");
    }
}

fn has_ended(answer: &RespondWorkflowTaskCompletedRequest) -> bool {
    let mut commands = answer.commands.iter();
    commands.any(|command| {
        matches!(
            command.attributes,
            Some(Attributes::CompleteWorkflowExecutionCommandAttributes(_))
        )
    })
}

/// A failure that is not retried.
fn final_failure() -> Failure {
    let info = ApplicationFailureInfo {
        non_retryable: true,
        ..ApplicationFailureInfo::default()
    };
    Failure {
        message: "bad luck".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Failure::default()
    }
}

/// The open task, with the events after one of them, and the updates.
fn task(server: &Server, after: i64) -> Box<PollWorkflowTaskQueueResponse> {
    let mut task = poll("r", &server.history, after);
    task.messages = server
        .requests
        .iter()
        .map(|(id, name)| request(id, name, server.history.last_started_event_id() - 1))
        .collect();
    task
}

/// Seven events of the history, from the one that the token names.
fn page(server: &Server, request: &GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse {
    let events = server.history.clone().history().events;
    let from: usize = match request.next_page_token.is_empty() {
        true => 0,
        false => String::from_utf8_lossy(&request.next_page_token).parse().unwrap(),
    };
    let to = (from + 7).min(events.len());
    GetWorkflowExecutionHistoryResponse {
        next_page_token: if to < events.len() {
            to.to_string().into()
        } else {
            Default::default()
        },
        history: Some(History {
            events: events[from..to].to_vec(),
        }),
        ..Default::default()
    }
}

/// Plays one run to its end; gives its history.
fn play(seed: u64) -> HistoryBuilder {
    let mut dice = Dice::new(seed);
    let of_this_run = dice.clone();
    let scripts = || wanderer(&mut of_this_run.clone());
    let _ = plan(&mut dice, 8);
    let mut server = Server::new();
    let (mut cached, mut forgetful) = (Worker::new(scripts()), Worker::new(scripts()));
    for task in 0..MOST_TASKS {
        let what = format!("run {seed}, task {task}");
        server.open_task(&mut dice);
        let luck = dice.clone();
        dice.below(2);
        let (kept, state) = cached.carry_out(&server, cached.known, luck.clone());
        let replayed = Worker::new(scripts()).carry_out(&server, 0, luck.clone());
        let known = forgetful.known;
        if dice.one_in(3) {
            forgetful = Worker::new(scripts()); // it has to fetch what it once knew
        }
        let resumed = forgetful.carry_out(&server, known, luck);
        for ((other, other_state), who) in [(replayed, "replayed"), (resumed, "evicted")] {
            assert_eq!(kept.commands, other.commands, "commands, {who}: {what}");
            assert_eq!(kept.messages, other.messages, "messages, {who}: {what}");
            assert_eq!(state, other_state, "state, {who}: {what}");
        }
        server.record(&kept);
        if server.is_closed {
            let mut whole = replay(server.history.clone().history(), "default", &scripts()).unwrap();
            assert_eq!(show(&whole), "", "the whole of it: {what}");
            let state = word(&Resolution::Completed(whole.query("log", None).unwrap()));
            assert_eq!(
                show_command(kept.commands.last().unwrap().attributes.as_ref()),
                format!("complete {state}"),
                "state at the end: {what}"
            );
            return server.history;
        }
        server.go_on(&mut dice);
    }
    let mut whole = replay(server.history.clone().task_scheduled().history(), "default", &scripts()).unwrap();
    let pending = word(&Resolution::Completed(whole.query("waits for", None).unwrap()));
    panic!("run {seed} should have ended by now; it waits for {pending}");
}

#[test]
fn a_run_kept_a_run_replayed_and_a_run_evicted_now_and_then_want_the_same() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..RUNS {
        let events = play(seed).history().events;
        kinds.extend(events.iter().map(|event| event.event_type().as_str_name()));
    }
    for kind in [
        "ACTIVITY_TASK_CANCELED",
        "ACTIVITY_TASK_FAILED",
        "ACTIVITY_TASK_TIMED_OUT",
        "CHILD_WORKFLOW_EXECUTION_COMPLETED",
        "EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED",
        "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED",
        "MARKER_RECORDED",
        "TIMER_CANCELED",
        "TIMER_FIRED",
        "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
        "WORKFLOW_TASK_TIMED_OUT",
    ] {
        assert!(
            kinds.contains(format!("EVENT_TYPE_{kind}").as_str()),
            "no run had {kind}"
        );
    }
}
