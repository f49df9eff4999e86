//! The events of a workflow's run.

use super::{Client, RequestError, RpcError, ToClient, execution, list::Pages};
use steadfast_proto::{
    enums::HistoryEventFilterType,
    history::{History, HistoryEvent},
    workflowservice::GetWorkflowExecutionHistoryRequest,
};

/// The events of a workflow's run, fetched page by page. Of the run that the handle started or is bound to, or else of
/// the latest; later ones are not gone over to.
///
/// ```no_run
/// # use steadfast::{client::{RequestError, WorkflowHandle}, workflow::Untyped};
/// # async fn example(handle: WorkflowHandle<Untyped>) -> Result<(), RequestError> {
/// let mut events = handle.events().page_size(100);
/// while let Some(event) = events.next().await? {
///     println!("{} {:?}", event.event_id, event.event_type());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked until `.next()`"]
pub struct WorkflowEvents {
    client: Client,
    pub(super) request: Box<GetWorkflowExecutionHistoryRequest>,
    pages: Pages<HistoryEvent>,
}

impl WorkflowEvents {
    pub(super) fn new(target: &ToClient) -> Self {
        Self::of_run(target.client().clone(), target.id(), target.run_id())
    }

    pub(super) fn of_run(client: Client, id: &str, run_id: Option<&str>) -> Self {
        let request = Box::new(GetWorkflowExecutionHistoryRequest {
            namespace: client.namespace().to_owned(),
            execution: Some(execution(id, run_id)),
            ..GetWorkflowExecutionHistoryRequest::default()
        });
        Self {
            client,
            request,
            pages: Pages::default(),
        }
    }

    /// Whether `next` waits for events to come, until the run is closed. Otherwise those that there are now are all.
    ///
    /// With [`close_event`](Self::close_event) it waits for the end of the run, and gives that event alone.
    pub fn wait_new(mut self, waits: bool) -> Self {
        self.request.wait_new_event = waits;
        self
    }

    /// Only the last event: of a closed run the one that closes it.
    pub fn close_event(mut self) -> Self {
        self.request.history_event_filter_type = HistoryEventFilterType::CloseEvent.into();
        self
    }

    /// How many are fetched at once, at most; the server decides unless it is set.
    pub fn page_size(mut self, events: u32) -> Self {
        self.request.maximum_page_size = i32::try_from(events).unwrap_or(i32::MAX);
        self
    }

    /// Whether an archive is not looked into when the server has the run no more. It is, unless this is set to `true`.
    pub fn skip_archival(mut self, skips: bool) -> Self {
        self.request.skip_archival = skips;
        self
    }

    /// The next event; `None` after the last.
    ///
    /// # Errors
    /// There is no such workflow, or the call fails.
    pub async fn next(&mut self) -> Result<Option<HistoryEvent>, RequestError> {
        Ok(self.next_event().await?)
    }

    /// All of them.
    ///
    /// # Errors
    /// There is no such workflow, or a call fails.
    pub async fn all(mut self) -> Result<History, RequestError> {
        Ok(self.history().await?)
    }

    pub(super) async fn history(&mut self) -> Result<History, RpcError> {
        let mut events = Vec::new();
        while let Some(event) = self.next_event().await? {
            events.push(event);
        }
        Ok(History { events })
    }

    pub(super) async fn next_event(&mut self) -> Result<Option<HistoryEvent>, RpcError> {
        if !self.request.wait_new_event {
            return self.fetch_event().await;
        }
        let connection = self.client.connection().clone();
        connection.wait("an event of the workflow", self.fetch_event()).await
    }

    async fn fetch_event(&mut self) -> Result<Option<HistoryEvent>, RpcError> {
        while let Some(next_page_token) = self.pages.wanted() {
            let request = GetWorkflowExecutionHistoryRequest {
                next_page_token,
                ..(*self.request).clone()
            };
            let connection = self.client.connection();
            let page = if request.wait_new_event {
                connection.wait_workflow_execution_history(request).await?
            } else {
                connection.get_workflow_execution_history(request).await?
            };
            self.pages
                .add(page.history.unwrap_or_default().events, page.next_page_token);
        }
        Ok(self.pages.pop())
    }
}
