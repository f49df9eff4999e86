use super::{
    shard::{completion, give, handle, options, poll},
    *,
};
use crate::{
    Handled, Input, Shard,
    testing::{activity, wait_until},
};
use steadfast_proto::workflowservice::RespondWorkflowTaskCompletedResponse;

#[test]
fn what_a_task_recorded_that_was_thrown_away_is_recorded_again() {
    let script = Script::<()>::new(|host, state| async move {
        activity(&host, "step").await;
        wait_until(&host, &state, |()| false).await;
        Ok(None)
    })
    .update("no", |_, _, _| Handled::Done(Ok(None)))
    .validator("no", |_, _, _| Err(Failure::application("No", "no")));
    let mut shard = Shard::new(options(10), Box::new(script.alone()));
    // A run of a worker that recorded no flags, which is taken over at a task for an update alone.
    let history = HistoryBuilder::new("script")
        .flags(&[])
        .task()
        .activity_scheduled("1", "step");
    let mut speculative = poll("r", &history.clone().open_task(), 0);
    speculative.messages = vec![update::request("u", "no", 6)];
    let (key, request) = completion(give(&mut shard, speculative));
    let recorded = |sdk: Option<Box<steadfast_proto::sdk::WorkflowTaskCompletedMetadata>>| {
        let sdk = sdk.unwrap_or_default();
        (sdk.core_used_flags, sdk.sdk_name)
    };
    let all = (vec![1, 2, 3], "steadfast".to_owned());
    assert_eq!(recorded(request.sdk_metadata), all);
    let thrown_away = RespondWorkflowTaskCompletedResponse {
        reset_history_event_id: 3,
        ..Default::default()
    };
    handle(&mut shard, Input::Completed(key, Ok(Box::new(thrown_away))));
    let history = history.activity_completed("1", 1).open_task();
    let (_, request) = completion(give(&mut shard, poll("r", &history, 5)));
    assert_eq!(recorded(request.sdk_metadata), all);
}
