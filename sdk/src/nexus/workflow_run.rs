//! A workflow that is an operation.

use super::StartedOperation;
use crate::{
    client::{StartCall, TaskQueueSet},
    convert::Data,
    error::NexusError,
};
use std::{future::IntoFuture, marker::PhantomData};
use steadfast_core::BoxFuture;

/// The call starts a workflow whose result, an `O`, is that of a Nexus operation.
pub struct OperationRun<O>(PhantomData<fn() -> O>);

impl<W: ?Sized + 'static, O: Data> IntoFuture for StartCall<W, TaskQueueSet, OperationRun<O>> {
    type Output = Result<StartedOperation<O>, NexusError>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (context, request) = self.into_operation()?;
            context.start_workflow(request).await
        })
    }
}
