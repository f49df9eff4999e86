use super::{
    error_kind::{Tag, ViaApplication, ViaDisplay, ViaSdk, ViaStd},
    *,
};
use crate::convert::Converter;
use std::{error::Error, fmt, time::Duration};
use steadfast_proto::failure::{
    ActivityFailureInfo, ApplicationFailureInfo, CanceledFailureInfo, TimeoutFailureInfo, failure::FailureInfo,
};

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, crate::ApplicationError)]
enum PaymentError {
    #[error("card malformed", non_retryable)]
    InvalidCard,
    #[error("gateway busy after {attempts}", next_retry_delay = "3s")]
    Busy { attempts: u32 },
}

/// A wrapper that shows another error as itself, as thiserror's `transparent` ones do.
#[derive(Debug)]
struct Transparent(PaymentError);

impl fmt::Display for Transparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Transparent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// A wrapper with words of its own.
#[derive(Debug)]
struct Wrapped<E>(E);

impl<E> fmt::Display for Wrapped<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("while paying")
    }
}

impl<E: Error + 'static> Error for Wrapped<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn application(failure: &Failure) -> &ApplicationFailureInfo {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info,
        other => panic!("{other:?} is not an application failure"),
    }
}

/// What the server makes of an activity's failure.
fn activity_failure(cause: Failure) -> ActivityFailure {
    ActivityFailure::from_failure(Failure {
        message: "Activity task failed".to_owned(),
        cause: Some(Box::new(cause)),
        failure_info: Some(FailureInfo::ActivityFailureInfo(ActivityFailureInfo {
            activity_type: Some("charge".to_owned()).map(|name| steadfast_proto::common::ActivityType { name }),
            activity_id: "1".to_owned(),
            retry_state: RetryState::MaximumAttemptsReached.into(),
            ..ActivityFailureInfo::default()
        })),
        ..Failure::default()
    })
}

#[test]
fn a_typed_error_is_matched_again_on_the_other_side() {
    fn charge() -> Result<(), ActivityError> {
        Err(PaymentError::Busy { attempts: 3 })?
    }
    let failure = charge().unwrap_err().into_failure();
    let info = application(&failure);
    assert_eq!((info.r#type.as_str(), info.non_retryable), ("PaymentError", false));
    assert_eq!(
        info.next_retry_delay,
        Some(steadfast_proto::duration(Duration::from_secs(3)))
    );
    assert_eq!(
        (failure.message.as_str(), failure.source.as_str()),
        ("gateway busy after 3", "SteadfastRust")
    );

    let seen = activity_failure(failure);
    assert_eq!(seen.application(), Some(PaymentError::Busy { attempts: 3 }));
    assert_eq!(seen.to_string(), "activity `charge`: gateway busy after 3");
    assert_eq!((seen.activity_type(), seen.activity_id()), ("charge", "1"));
    assert_eq!(seen.retry_state(), RetryState::MaximumAttemptsReached);
    assert_eq!(seen.message(), "gateway busy after 3");
    assert_eq!(
        seen.cause().map(|cause| cause.message.as_str()),
        Some("gateway busy after 3")
    );
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, crate::ApplicationError)]
enum Lookup {
    #[error("not there", benign)]
    Missing,
    #[error("unreachable")]
    Unreachable,
}

#[test]
fn a_benign_error_says_so() {
    use steadfast_proto::enums::ApplicationErrorCategory::{Benign, Unspecified};
    let category = |error: Lookup| application(&ActivityError::from(error).into_failure()).category();
    assert_eq!(
        (category(Lookup::Missing), category(Lookup::Unreachable)),
        (Benign, Unspecified)
    );
}

#[test]
fn an_error_that_nobody_made_a_failure_of_is_untyped() {
    let untyped = |error: WorkflowError| matches!(error.into_ending(), Ending::Untyped(_));
    assert!(untyped("x".parse::<u32>().unwrap_err().into()));
    assert!(untyped(Wrapped("x".parse::<u32>().unwrap_err()).into()));
    assert!(!untyped(Wrapped(PaymentError::InvalidCard).into()));
    assert!(!untyped(PaymentError::InvalidCard.into()));
    assert!(!untyped(Cancelled.into()));
    assert!(!untyped(WorkflowError::new("x")));
}

#[test]
fn a_typed_error_gets_through_wrappers() {
    let transparent = ActivityError::from(Transparent(PaymentError::InvalidCard)).into_failure();
    assert!(application(&transparent).non_retryable);
    assert_eq!(application(&transparent).r#type, "PaymentError");

    let wrapped = ActivityError::from(Wrapped(PaymentError::InvalidCard)).into_failure();
    assert_eq!(application(&wrapped).r#type, "Wrapped");
    assert_eq!(wrapped.message, "while paying");
    assert_eq!(application(wrapped.cause.as_deref().unwrap()).r#type, "PaymentError");
    assert_eq!(activity_failure(wrapped).application(), Some(PaymentError::InvalidCard));

    let boxed: Box<dyn Error + Send + Sync> = Box::new(PaymentError::InvalidCard);
    assert_eq!(
        application(&ActivityError::from_boxed(boxed).into_failure()).r#type,
        "PaymentError"
    );
}

#[test]
fn another_error_is_a_failure_named_after_its_type_with_its_sources_as_causes() {
    let number = "x".parse::<u32>().unwrap_err();
    let failure = ActivityError::from(Wrapped(number)).into_failure();
    assert_eq!(failure.to_string(), "while paying: invalid digit found in string");
    assert_eq!(application(&failure).r#type, "Wrapped");
    let plain = ActivityError::from("x".parse::<u32>().unwrap_err()).into_failure();
    assert_eq!(application(&plain).r#type, "ParseIntError");
    assert!(!application(&plain).non_retryable);
}

#[test]
fn an_error_source_that_is_asked_for_outside_a_conversion_offers_nothing() {
    assert!(PaymentError::InvalidCard.source().is_none());
    let failure = ActivityError::from("x".parse::<u32>().unwrap_err()).into_failure();
    assert_eq!(application(&failure).r#type, "ParseIntError");
}

#[test]
fn an_error_of_ones_own_words_says_how_to_go_on() {
    let failure = ActivityError::new("full")
        .type_name("Full")
        .non_retryable()
        .benign()
        .next_retry_delay(Duration::from_secs(1))
        .details(&7_u32)
        .into_failure();
    let info = application(&failure);
    assert_eq!((info.r#type.as_str(), info.non_retryable), ("Full", true));
    assert_eq!(
        info.category(),
        steadfast_proto::enums::ApplicationErrorCategory::Benign
    );
    let seen = activity_failure(failure);
    assert_eq!(seen.type_name(), Some("Full"));
    assert_eq!(seen.details::<u32>(), Ok(Some(7)));
    assert!(seen.details::<String>().is_err());
    assert_eq!(seen.application::<PaymentError>(), None);
}

#[test]
fn a_cancellation_stays_one() {
    fn stop() -> Result<(), ActivityError> {
        Err(Cancelled)?
    }
    let failure = stop().unwrap_err().into_failure();
    assert!(matches!(
        failure.failure_info,
        Some(FailureInfo::CanceledFailureInfo(_))
    ));
    let seen = activity_failure(failure);
    assert!(seen.is_cancelled() && !seen.is_timeout());
    let error = WorkflowError::from(seen.clone());
    assert_eq!(error.failure(), Some(seen.failure()));
}

#[test]
fn a_timeout_tells_its_type_and_the_last_heartbeat() {
    let details = Converter::default().encode_result(&"half".to_owned()).unwrap();
    let seen = activity_failure(Failure {
        failure_info: Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: TimeoutType::Heartbeat.into(),
            last_heartbeat_details: Some(details),
        })),
        ..Failure::default()
    });
    assert_eq!(seen.timeout_type(), Some(TimeoutType::Heartbeat));
    assert_eq!(seen.last_heartbeat_details(), Ok(Some("half".to_owned())));
    assert!(!seen.is_cancelled());
}

#[test]
fn a_failure_of_an_activity_goes_through_a_workflow_unchanged() {
    fn run(failure: &ActivityFailure) -> WorkflowResult<()> {
        Err(failure.clone())?
    }
    let failure = activity_failure(application::application_failure(&PaymentError::InvalidCard));
    let error = run(&failure).unwrap_err();
    assert_eq!(error.failure(), Some(failure.failure()));
}

#[test]
#[allow(clippy::needless_borrow)] // as generated code has it, which does not know the type
fn whatever_an_activity_returns_as_its_error_becomes_a_failure() {
    let converter = &Converter::default();
    let typed = (&&&Tag(PaymentError::InvalidCard)).failure(converter);
    assert_eq!(application(&typed).r#type, "PaymentError");
    let ours = (&&&Tag(ActivityError::new("x").type_name("Mine"))).failure(converter);
    assert_eq!(application(&ours).r#type, "Mine");
    let std = (&&&Tag(Wrapped(PaymentError::InvalidCard))).failure(converter);
    assert_eq!(
        (application(&std).r#type.as_str(), std.cause.is_some()),
        ("Wrapped", true)
    );
    let text = (&&&Tag("just words".to_owned())).failure(converter);
    assert_eq!(
        (application(&text).r#type.as_str(), text.message.as_str()),
        ("String", "just words")
    );
    let boxed: Box<dyn Error + Send + Sync> = Box::new(PaymentError::InvalidCard);
    assert_eq!(application(&(&&&Tag(boxed)).failure(converter)).r#type, "PaymentError");
    let cancelled = (&&&Tag(Cancelled)).failure(converter);
    assert!(matches!(
        cancelled.failure_info,
        Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo { .. }))
    ));
    let rejected = (&&&Tag(Rejection::from("no"))).failure(converter);
    assert_eq!(application(&rejected).r#type, "Rejection");
    let workflow = (&&&Tag(WorkflowError::new("no"))).failure(converter);
    assert_eq!(workflow.message, "no");
}

#[test]
fn only_complete_async_is_complete_async() {
    assert!(is_complete_async(&ActivityError::complete_async().into_failure()));
    assert!(!is_complete_async(&ActivityError::new("x").into_failure()));
}

#[test]
fn a_workflow_error_knows_how_the_run_ends() {
    let next = WorkflowError::continue_as_new(Default::default());
    assert!(next.is_continue_as_new() && next.failure().is_none());
    let from_update = UpdateError::from(next);
    assert!(
        from_update.to_string().contains("set a flag in the state"),
        "{from_update}"
    );
    assert!(matches!(WorkflowError::fail_task("bug").into_ending(), Ending::Task(text) if text == "bug"));
    assert!(matches!(WorkflowError::new("x").into_ending(), Ending::Failed(_)));
    assert_eq!(WorkflowError::from(ActivityError::new("a")).to_string(), "a");
    assert_eq!(WorkflowError::from(UpdateError::new("u")).to_string(), "u");
    assert_eq!(WorkflowError::from(Rejection::from("r")).to_string(), "r");
}

#[test]
fn a_rejection_may_be_typed() {
    let failure = UpdateFailure::from_failure(Rejection::application(&PaymentError::InvalidCard).into_failure());
    assert_eq!(failure.application(), Some(PaymentError::InvalidCard));
}

#[test]
fn errors_are_one_pointer_wide() {
    fn check<T>() {
        assert_eq!(size_of::<T>(), size_of::<usize>());
    }
    check::<ActivityError>();
    check::<WorkflowError>();
    check::<UpdateError>();
    check::<Rejection>();
    check::<ActivityFailure>();
    check::<ChildFailure>();
    check::<WorkflowFailure>();
}

fn child_failure(run_id: &str, cause: FailureInfo) -> ChildFailure {
    let execution = steadfast_proto::common::WorkflowExecution {
        workflow_id: "child".to_owned(),
        run_id: run_id.to_owned(),
    };
    ChildFailure::from_failure(Failure {
        cause: Some(Box::new(Failure {
            failure_info: Some(cause),
            ..Failure::default()
        })),
        failure_info: Some(FailureInfo::ChildWorkflowExecutionFailureInfo(
            steadfast_proto::failure::ChildWorkflowExecutionFailureInfo {
                workflow_execution: Some(execution),
                ..Default::default()
            },
        )),
        ..Failure::default()
    })
}

#[test]
fn why_a_child_never_ran_and_that_it_was_terminated_can_be_told_apart() {
    let of_type = |name: &str| {
        FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: name.to_owned(),
            ..ApplicationFailureInfo::default()
        })
    };
    let nowhere = child_failure("", of_type("NamespaceNotFound"));
    assert!(nowhere.is_namespace_not_found() && !nowhere.is_already_exists());
    let taken = child_failure("", of_type("WorkflowAlreadyExists"));
    assert!(taken.is_already_exists() && !taken.is_namespace_not_found());
    let own = child_failure("run", of_type("NamespaceNotFound"));
    assert!(!own.is_namespace_not_found(), "it ran, and failed with that");
    let ended = child_failure("run", FailureInfo::TerminatedFailureInfo(Default::default()));
    assert!(ended.is_terminated() && !own.is_terminated());
}

#[test]
fn a_failure_made_for_a_test_is_read_as_its_error() {
    let failure = ActivityFailure::of_application(&PaymentError::Busy { attempts: 3 });
    assert_eq!(failure.application(), Some(PaymentError::Busy { attempts: 3 }));
}
