//! Starting a standalone Nexus operation.

use super::{NexusOperationHandle, NexusOperationIdConflictPolicy, NexusOperationIdReusePolicy};
use crate::{
    client::{
        Client, Code, ErrorDetail, NexusOperationAlreadyStarted, StartNexusOperationError, standalone::fill_ids,
        start::encode_field,
    },
    convert::EncodeError,
    search_attribute::{self, SearchAttributeUpdate},
};
use std::{future::IntoFuture, time::Duration};
use steadfast_core::BoxFuture;
use steadfast_proto::{common::Payload, duration, workflowservice::StartNexusOperationExecutionRequest};

/// The start of a Nexus operation that no workflow calls, which happens when it is awaited. Without an id it gets a new one.
#[must_use = "nothing starts until awaited"]
pub struct StartNexusOperationCall {
    client: Client,
    request: Box<StartNexusOperationExecutionRequest>,
    error: Option<EncodeError>,
}

impl StartNexusOperationCall {
    pub(super) fn new(
        client: &Client,
        [endpoint, service, operation]: [String; 3],
        input: Result<Payload, EncodeError>,
    ) -> Self {
        let (input, error) = match input {
            Ok(input) => (Some(input), None),
            Err(error) => (None, Some(error)),
        };
        Self {
            client: client.clone(),
            request: Box::new(StartNexusOperationExecutionRequest {
                namespace: client.namespace().to_owned(),
                identity: client.identity().to_owned(),
                endpoint,
                service,
                operation,
                input,
                ..StartNexusOperationExecutionRequest::default()
            }),
            error,
        }
    }

    /// The operation's id: what it is about.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.request.operation_id = id.into();
        self
    }

    /// Whether the id of an operation that has ended may be used again. It may, unless this says otherwise.
    pub fn id_reuse_policy(mut self, policy: NexusOperationIdReusePolicy) -> Self {
        self.request.id_reuse_policy = policy.into();
        self
    }

    /// What happens if an operation of the id runs. It is an error, unless this says otherwise.
    pub fn id_conflict_policy(mut self, policy: NexusOperationIdConflictPolicy) -> Self {
        self.request.id_conflict_policy = policy.into();
        self
    }

    /// Starts of the same id count once: the second returns the first one's run.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request.request_id = id.into();
        self
    }

    /// How long the operation may take in all.
    pub fn schedule_to_close_timeout(mut self, timeout: Duration) -> Self {
        self.request.schedule_to_close_timeout = Some(duration(timeout));
        self
    }

    /// How long until it is done, or has said that it takes a while.
    pub fn schedule_to_start_timeout(mut self, timeout: Duration) -> Self {
        self.request.schedule_to_start_timeout = Some(duration(timeout));
        self
    }

    /// How long it may take once it has said that it takes a while.
    pub fn start_to_close_timeout(mut self, timeout: Duration) -> Self {
        self.request.start_to_close_timeout = Some(duration(timeout));
        self
    }

    /// A header that the operation's handler sees. Names are in lower case.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into().to_ascii_lowercase();
        self.request.nexus_header.insert(name, value.into());
        self
    }

    /// Values by which the operation is found. The server must know their names and types.
    pub fn search_attributes(mut self, attributes: impl IntoIterator<Item = SearchAttributeUpdate>) -> Self {
        self.request.search_attributes = Some(search_attribute::collect(attributes));
        self
    }

    /// One line about the operation, for people.
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        let summary = encode_field(&self.client, &text.into(), &mut self.error);
        self.request.user_metadata.get_or_insert_default().summary = summary;
        self
    }

    async fn send(mut self) -> Result<NexusOperationHandle, StartNexusOperationError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        let request = &mut self.request;
        fill_ids([&mut request.operation_id, &mut request.request_id]);
        let id = request.operation_id.clone();
        match self
            .client
            .connection()
            .start_nexus_operation_execution(self.request)
            .await
        {
            Ok(answer) => Ok(NexusOperationHandle::new(self.client, id, answer.run_id)),
            Err(error) if error.code() == Code::AlreadyExists => {
                let run_id = match error.detail() {
                    Some(ErrorDetail::NexusOperationAlreadyStarted(detail)) => detail.run_id.clone(),
                    _ => String::new(),
                };
                Err(StartNexusOperationError::AlreadyStarted(
                    NexusOperationAlreadyStarted::new(id, run_id),
                ))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl IntoFuture for StartNexusOperationCall {
    type Output = Result<NexusOperationHandle, StartNexusOperationError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
