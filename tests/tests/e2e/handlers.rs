//! Handlers that are added while the workflow runs, handlers of any name, and what tools are told of all of them.

use serde_json::json;
use steadfast::{client::QueryError, convert::RawArgs, prelude::*, workflow::Untyped};
use tests::{Environment, Outcome, RunningWorker};

/// Learns its messages as it goes.
#[derive(Default)]
struct Apprentice {
    log: Vec<String>,
    done: bool,
}

#[workflow]
impl Apprentice {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<String> {
        ctx.handlers()
            .query("count", |s, ()| s.log.len())
            .validator("learn", |_, (what,): &(String,)| {
                if what.is_empty() {
                    return Err("nothing to be learnt".into());
                }
                Ok(())
            })
            .update("learn", |s, (what,): (String,)| {
                s.log.push(what);
                Ok(s.log.len())
            });
        ctx.wait_condition(|s| !s.log.is_empty()).await?;
        ctx.handlers()
            .signal("note", |s, (what, times): (String, usize)| {
                s.log.push(what.repeat(times))
            })
            .update_async("later", |ctx: WorkflowContext<Self>, (what,): (String,)| async move {
                ctx.sleep(tests::millis(1)).await?;
                ctx.state_mut(|s| s.log.push(what.clone()));
                Ok(format!("{what}, later"))
            })
            .signal_async("finish", |ctx: WorkflowContext<Self>, ()| async move {
                ctx.wait_condition(|s| s.log.len() > 3).await?;
                ctx.state_mut(|s| s.done = true);
                Ok(())
            });
        ctx.wait_condition(|s| s.done).await?;
        Ok(ctx.state(|s| s.log.join(" ")))
    }
}

#[tokio::test]
async fn handlers_added_at_run_time_get_what_came_before_them() -> Outcome {
    let environment = Environment::connect().await?;
    let apprentice = environment.start::<Apprentice>(()).await?;
    let untyped = environment.client().workflow::<Untyped>(apprentice.id());
    // Before there is a worker, let alone a handler.
    untyped.signal_untyped("finish", ()).await?;
    untyped.signal_untyped("note", ("a", 2)).await?;
    untyped.signal_untyped("note", ("b", 1)).await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Apprentice>());

    let refused = untyped.update_untyped::<_, usize>("learn", ("",)).await;
    assert!(format!("{refused:?}").contains("nothing to be learnt"), "{refused:?}");
    assert_eq!(
        untyped.query_untyped::<_, usize>("count", ()).await?,
        0,
        "the signals wait"
    );
    assert_eq!(untyped.update_untyped::<_, usize>("learn", ("first",)).await?, 1);
    let later: String = untyped.update_untyped("later", ("last",)).await?;
    assert_eq!(later, "last, later");
    assert_eq!(apprentice.result().await?, "first aa b last");
    Ok(())
}

/// Takes whatever comes.
#[derive(Default)]
struct Bag {
    items: Vec<String>,
}

#[workflow]
impl Bag {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        ctx.set_current_details("filling the **bag**");
        ctx.wait_condition(|s| s.items.contains(&"close".to_owned())).await?;
        Ok(ctx.state(|s| s.items.clone()))
    }

    /// Puts an item in.
    ///
    /// Any item.
    #[update]
    fn put(&mut self, item: String) -> usize {
        self.items.push(item);
        self.items.len()
    }

    #[signal(dynamic, description = "Puts its own name in.")]
    fn any_signal(&mut self, name: &str, _args: RawArgs) {
        self.items.push(name.to_owned());
    }

    #[update(dynamic)]
    fn any_update(&mut self, name: &str, args: RawArgs) -> Result<String, UpdateError> {
        let times: usize = args.get(0)?;
        self.items.push(name.repeat(times));
        Ok(format!("{times} {name}"))
    }

    #[query(dynamic)]
    fn any_query(&self, name: &str, args: RawArgs) -> Result<usize, Rejection> {
        match name {
            "count" => Ok(self
                .items
                .iter()
                .filter(|item| args.get::<String>(0).ok().as_ref() == Some(*item))
                .count()),
            _ => Err(format!("nobody knows {name}").into()),
        }
    }
}

#[tokio::test]
async fn dynamic_handlers_get_what_no_other_one_is_named_after() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Bag>());
    let bag = environment.start::<Bag>(()).await?;
    let untyped = environment.client().workflow::<Untyped>(bag.id());
    let apples: usize = untyped.query_untyped("count", ("apple",)).await?;
    assert_eq!(apples, 0, "the first task is done");
    assert_eq!(bag.put("apple".to_owned()).await?, 1);
    assert_eq!(untyped.update_untyped::<_, String>("ha", (2,)).await?, "2 ha");
    assert_eq!(untyped.query_untyped::<_, usize>("count", ("apple",)).await?, 1);
    let unknown = untyped.query_untyped::<_, usize>("colour", ()).await;
    assert!(
        matches!(&unknown, Err(QueryError::Failed(_))) && format!("{unknown:?}").contains("nobody knows colour"),
        "{unknown:?}"
    );
    untyped.signal_untyped("close", ()).await?;
    assert_eq!(bag.result().await?, ["apple", "haha", "close"]);
    environment.check_history("handlers_dynamic", &bag).await
}

#[tokio::test]
async fn tools_are_told_of_messages_details_and_of_what_is_waited_for() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Bag>());
    let bag = environment.start::<Bag>(()).await?;
    let untyped = environment.client().workflow::<Untyped>(bag.id());
    let metadata: serde_json::Value = untyped.query_untyped("__temporal_workflow_metadata", ()).await?;
    assert_eq!(
        metadata,
        json!({
            "definition": {
                "type": "Bag",
                "queryDefinitions": [{}],
                "signalDefinitions": [{ "description": "Puts its own name in." }],
                "updateDefinitions": [{ "name": "put", "description": "Puts an item in." }, {}],
            },
            "currentDetails": "filling the **bag**",
        })
    );
    let stack: String = untyped.query_untyped("__stack_trace", ()).await?;
    assert!(
        stack.starts_with("condition at ") && stack.contains("handlers.rs:"),
        "{stack}"
    );
    let enhanced: serde_json::Value = untyped.query_untyped("__enhanced_stack_trace", ()).await?;
    assert_eq!(enhanced["sdk"]["name"], "steadfast");
    let location = &enhanced["stacks"][0]["locations"][0];
    assert_eq!(location["functionName"], "condition");
    assert!(
        location["filePath"]
            .as_str()
            .is_some_and(|path| path.ends_with("handlers.rs")),
        "{enhanced}"
    );
    assert!(location["line"].as_u64().is_some_and(|line| line > 0), "{enhanced}");
    bag.terminate("seen").await?;
    Ok(())
}

/// Takes whatever comes, until it is told not to.
#[derive(Default)]
struct Drawer {
    items: Vec<String>,
    is_shut: bool,
}

#[workflow]
impl Drawer {
    #[run]
    async fn run(ctx: WorkflowContext<Self>) -> WorkflowResult<Vec<String>> {
        ctx.handlers()
            .any_signal(|s, name, _| s.items.push(name.to_owned()))
            .any_query(|s, name, _| match name {
                "size" => Ok(s.items.len()),
                _ => Err(format!("nobody knows {name}").into()),
            })
            .any_update(|s, name, args| {
                s.items.push(name.repeat(args.get(0)?));
                Ok(s.items.len())
            })
            .signal("shut", |s, ()| s.is_shut = true)
            .query("items", |s, ()| s.items.clone())
            .update("empty", |s, ()| {
                s.items.clear();
                Ok(0)
            });
        ctx.wait_condition(|s| s.is_shut).await?;
        ctx.handlers()
            .remove_signal("shut")
            .remove_query("items")
            .remove_update("empty");
        ctx.wait_condition(|s| s.items.contains(&"shut".to_owned())).await?;
        Ok(ctx.state(|s| s.items.clone()))
    }
}

#[tokio::test]
async fn handlers_added_at_run_time_take_any_name_and_are_taken_away_again() -> Outcome {
    let environment = Environment::connect().await?;
    let _worker = RunningWorker::start(environment.worker().workflow::<Drawer>());
    let drawer = environment.start::<Drawer>(()).await?;
    let untyped = environment.client().workflow::<Untyped>(drawer.id());
    let items = async || untyped.query_untyped::<_, Vec<String>>("items", ()).await;
    assert!(items().await?.is_empty(), "the first task is done");
    untyped.signal_untyped("pen", ()).await?;
    assert_eq!(untyped.update_untyped::<_, usize>("ha", (2,)).await?, 2);
    assert_eq!(untyped.query_untyped::<_, usize>("size", ()).await?, 2);
    assert_eq!(items().await?, ["pen", "haha"]);
    assert_eq!(untyped.update_untyped::<_, usize>("empty", ()).await?, 0);
    untyped.signal_untyped("shut", ()).await?;
    // Now they are names like any other. The query comes first: it is answered after the code has seen the signal,
    // while an update that shares the signal's task is handled before the code goes on.
    let gone = items().await.unwrap_err();
    assert!(format!("{gone:?}").contains("nobody knows items"), "{gone:?}");
    assert_eq!(untyped.update_untyped::<_, usize>("empty", (1,)).await?, 1);
    untyped.signal_untyped("shut", ()).await?;
    assert_eq!(drawer.result().await?, ["empty", "shut"]);
    Ok(())
}
