//! Whatever is asked of it, in whatever order, the server answers, and its histories stay histories.

use crate::wire;
use prost::Message;
use std::{sync::LazyLock, time::Duration};
use steadfast_proto::{
    common::WorkflowExecution,
    enums::{EventType, WorkflowExecutionStatus},
    workflowservice as w,
};
use steadfast_server::{
    SearchAttributeType,
    engine::{Call, Code, Config, Engine, Handled, Reply, Request, Time, WaiterId},
};

/// What callers ask, one after the other.
#[derive(Clone, PartialEq, Message)]
pub struct Input {
    #[prost(bool, tag = "1")]
    pub is_virtual: bool,
    #[prost(message, repeated, tag = "2")]
    pub steps: Vec<Step>,
}

/// A request, after some time.
#[derive(Clone, PartialEq, Message)]
pub struct Step {
    /// Which method.
    #[prost(uint32, tag = "1")]
    pub method: u32,
    /// The encoded request. A field of the bytes `\0T` and a digit is the task token of that number, counted from the
    /// latest; with `R` it is a run id, with `P` a page token, with `W` a workflow id that was started.
    #[prost(bytes = "vec", tag = "2")]
    pub request: Vec<u8>,
    /// How much time passes before.
    #[prost(uint64, tag = "3")]
    pub millis: u64,
    /// How long the caller waits; zero: it doesn't say.
    #[prost(uint64, tag = "4")]
    pub patience_millis: u64,
    /// Whether the caller goes away if it has to wait.
    #[prost(bool, tag = "5")]
    pub gives_up: bool,
}

macro_rules! methods {
    ($($number:literal $name:ident;)*) => {
        /// The request of a method, and how many methods there are.
        fn request(method: u32, body: &[u8]) -> Option<Request> {
            const COUNT: u32 = [$($number),*].len() as u32;
            match method % COUNT {
                $($number => Some(Request::$name(Box::new(Message::decode(body).ok()?))),)*
                _ => None,
            }
        }

        /// The numbers of the methods.
        #[allow(non_upper_case_globals, reason = "they are the names of the methods")]
        pub mod method {
            $(pub const $name: u32 = $number;)*
        }
    };
}

methods! {
    0 GetSystemInfo;
    1 DescribeNamespace;
    2 RegisterNamespace;
    3 ListNamespaces;
    4 GetClusterInfo;
    5 GetSearchAttributes;
    6 StartWorkflowExecution;
    7 SignalWithStartWorkflowExecution;
    8 ExecuteMultiOperation;
    9 GetWorkflowExecutionHistory;
    10 GetWorkflowExecutionHistoryReverse;
    11 PollWorkflowTaskQueue;
    12 RespondWorkflowTaskCompleted;
    13 RespondWorkflowTaskFailed;
    14 PollActivityTaskQueue;
    15 RecordActivityTaskHeartbeat;
    16 RecordActivityTaskHeartbeatById;
    17 RespondActivityTaskCompleted;
    18 RespondActivityTaskCompletedById;
    19 RespondActivityTaskFailed;
    20 RespondActivityTaskFailedById;
    21 RespondActivityTaskCanceled;
    22 RespondActivityTaskCanceledById;
    23 RequestCancelWorkflowExecution;
    24 SignalWorkflowExecution;
    25 TerminateWorkflowExecution;
    26 RespondQueryTaskCompleted;
    27 ResetWorkflowExecution;
    28 DeleteWorkflowExecution;
    29 PauseActivity;
    30 UnpauseActivity;
    31 ResetActivity;
    32 UpdateActivityOptions;
    33 QueryWorkflow;
    34 UpdateWorkflowExecution;
    35 PollWorkflowExecutionUpdate;
    36 DescribeWorkflowExecution;
    37 ListWorkflowExecutions;
    38 ScanWorkflowExecutions;
    39 ListOpenWorkflowExecutions;
    40 ListClosedWorkflowExecutions;
    41 CountWorkflowExecutions;
    42 ResetStickyTaskQueue;
    43 ShutdownWorker;
    44 RecordWorkerHeartbeat;
    45 DescribeTaskQueue;
    46 PollNexusTaskQueue;
    47 AddSearchAttributes;
    48 RemoveSearchAttributes;
    49 ListSearchAttributes;
    50 ListClusters;
    51 LockTimeSkipping;
    52 UnlockTimeSkipping;
    53 Sleep;
    54 SleepUntil;
    55 UnlockTimeSkippingWithSleep;
    56 GetCurrentTime;
    57 CreateSchedule;
    58 DescribeSchedule;
    59 UpdateSchedule;
    60 PatchSchedule;
    61 ListScheduleMatchingTimes;
    62 DeleteSchedule;
    63 ListSchedules;
    64 CountSchedules;
    65 StartBatchOperation;
    66 StopBatchOperation;
    67 DescribeBatchOperation;
    68 ListBatchOperations;
    69 ListTaskQueuePartitions;
    70 UpdateNamespace;
    71 DeprecateNamespace;
    72 DeleteNamespace;
}

/// More time than this never passes at once: a year.
const STEP_MILLIS_MAX: u64 = 366 * 24 * 3600 * 1000;
/// Longer inputs say nothing new.
const STEPS_MAX: usize = 60;

struct World {
    engine: Engine,
    now: Time,
    task_tokens: Vec<Vec<u8>>,
    page_tokens: Vec<Vec<u8>>,
    run_ids: Vec<Vec<u8>>,
    workflow_ids: Vec<Vec<u8>>,
}

/// With `SHOW=1` in the environment a run tells what was asked and answered.
fn show(what: &str, shown: &impl std::fmt::Debug) {
    static IS_ON: LazyLock<bool> = LazyLock::new(|| std::env::var_os("SHOW").is_some());
    if *IS_ON {
        eprintln!("{what} {shown:?}");
    }
}

/// Asks an engine, and looks at its histories in the end.
pub fn run(data: &[u8]) {
    let Ok(input) = Input::decode(data) else { return };
    let mut world = World::new(input.is_virtual);
    for step in input.steps.iter().take(STEPS_MAX) {
        world.step(step);
    }
    world.check();
}

impl World {
    fn new(is_virtual: bool) -> Self {
        let config = Config {
            seed: 1,
            search_attributes: vec![
                ("CustomKeyword".to_owned(), SearchAttributeType::Keyword),
                ("CustomInt".to_owned(), SearchAttributeType::Int),
            ],
            is_virtual,
            ..Config::default()
        };
        let now = Time::default().plus(Duration::from_secs(1_700_000_000));
        let mut engine = Engine::new(&config);
        engine.advance(now);
        Self {
            engine,
            now,
            task_tokens: Vec::new(),
            page_tokens: Vec::new(),
            run_ids: Vec::new(),
            workflow_ids: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        self.now = self.now.plus(Duration::from_millis(step.millis % STEP_MILLIS_MAX));
        let known = |bytes: &[u8]| {
            let [0, kind, digit] = bytes else { return None };
            let list = match kind {
                b'T' => &self.task_tokens,
                b'P' => &self.page_tokens,
                b'R' => &self.run_ids,
                b'W' => &self.workflow_ids,
                _ => return None,
            };
            list.iter().rev().nth(usize::from(digit.wrapping_sub(b'0'))).cloned()
        };
        let Some(body) = wire::substitute(&step.request, &known) else {
            return;
        };
        let Some(request) = request(step.method, &body) else {
            return;
        };
        let patience = (step.patience_millis > 0).then(|| Duration::from_millis(step.patience_millis));
        if let Some(waiter) = self.ask(request, patience)
            && step.gives_up
        {
            self.engine.cancel(self.now, waiter);
        }
        self.collect();
        // What is due is done when it is due, as drivers do it.
        if let Some(due) = self.engine.next_deadline()
            && due <= self.now
        {
            self.engine.advance(self.now);
            self.collect();
        }
    }

    fn ask(&mut self, request: Request, patience: Option<Duration>) -> Option<WaiterId> {
        show("asked at", &(self.now, &request));
        let call = Call {
            patience,
            ..Call::from(request)
        };
        match self.engine.handle(self.now, call) {
            Ok(Handled::Reply(reply)) => self.learn(&reply),
            Ok(Handled::Wait(waiter)) => return Some(waiter),
            Err(error) => {
                show("refused", &error);
                assert!(!error.message.is_empty(), "an error that says nothing: {error:?}");
            }
        }
        None
    }

    fn collect(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            if let Ok(reply) = &output.reply {
                self.learn(reply);
            }
        }
    }

    /// Keeps what later requests may refer to.
    fn learn(&mut self, reply: &Reply) {
        show("answered", reply);
        match reply {
            Reply::PollWorkflowTaskQueue(poll) => {
                self.task_tokens.push(poll.task_token.to_vec());
                self.page_tokens.push(poll.next_page_token.to_vec());
                if let Some(execution) = &poll.workflow_execution {
                    self.run_ids.push(execution.run_id.clone().into_bytes());
                    self.workflow_ids.push(execution.workflow_id.clone().into_bytes());
                }
            }
            Reply::PollActivityTaskQueue(poll) => self.task_tokens.push(poll.task_token.to_vec()),
            Reply::GetWorkflowExecutionHistory(page) => self.page_tokens.push(page.next_page_token.to_vec()),
            Reply::ListWorkflowExecutions(page) => self.page_tokens.push(page.next_page_token.to_vec()),
            Reply::StartWorkflowExecution(started) => self.run_ids.push(started.run_id.clone().into_bytes()),
            Reply::ResetWorkflowExecution(reset) => self.run_ids.push(reset.run_id.clone().into_bytes()),
            _ => {}
        }
    }

    /// All histories count from one without gaps, begin with a start, and end with an end if the run has ended.
    fn check(&mut self) {
        let list = w::ListWorkflowExecutionsRequest {
            namespace: "default".to_owned(),
            page_size: 1000,
            ..Default::default()
        };
        let request = Request::ListWorkflowExecutions(Box::new(list));
        let list = match self.engine.handle(self.now, request.into()) {
            Ok(Handled::Reply(Reply::ListWorkflowExecutions(list))) => list,
            // The namespace was deleted.
            Err(error) if error.code == Code::NotFound => return,
            other => panic!("the server does not list: {other:?}"),
        };
        for info in &list.executions {
            let is_open = [WorkflowExecutionStatus::Running, WorkflowExecutionStatus::Paused].contains(&info.status());
            self.check_history(info.execution.clone().unwrap_or_default(), is_open);
        }
    }

    fn check_history(&mut self, execution: WorkflowExecution, is_open: bool) {
        let mut token = Default::default();
        let (mut count, mut last) = (0, EventType::Unspecified);
        loop {
            let get = w::GetWorkflowExecutionHistoryRequest {
                namespace: "default".to_owned(),
                execution: Some(execution.clone()),
                next_page_token: token,
                ..Default::default()
            };
            let request = Request::GetWorkflowExecutionHistory(Box::new(get));
            let page = match self.engine.handle(self.now, request.into()) {
                Ok(Handled::Reply(Reply::GetWorkflowExecutionHistory(page))) => page,
                // Deleted between two looks.
                Err(_) if count == 0 => return,
                other => panic!("no history of {execution:?}: {other:?}"),
            };
            for event in page.history.unwrap_or_default().events {
                count += 1;
                assert_eq!(event.event_id, count, "of {execution:?}");
                last = event.event_type();
                let is_start = last == EventType::WorkflowExecutionStarted;
                assert_eq!(is_start, count == 1, "{event:?}");
                assert!(event.attributes.is_some(), "{event:?}");
            }
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let is_end = matches!(
            last,
            EventType::WorkflowExecutionCompleted
                | EventType::WorkflowExecutionFailed
                | EventType::WorkflowExecutionTimedOut
                | EventType::WorkflowExecutionCanceled
                | EventType::WorkflowExecutionTerminated
                | EventType::WorkflowExecutionContinuedAsNew
        );
        assert_eq!(is_end, !is_open, "{execution:?} ends with {last:?}");
    }
}
