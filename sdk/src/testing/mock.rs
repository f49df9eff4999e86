//! What a test learns of its mocks.

use crate::{activity::is_endless, convert::DecodeError, worker::RawActivity};
use bytes::Bytes;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use steadfast_proto::common::Payloads;

/// The calls of mocks, and who is told of those that never complete.
pub(crate) struct Mocks {
    calls: Mutex<BTreeMap<(Mocked, String), Vec<Call>>>,
    leave_unattended: Box<dyn Fn(&Bytes) + Send + Sync>,
}

/// What a mock stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mocked {
    Activity,
    Workflow,
}

struct Call {
    /// A run that is replayed is no second call.
    run_id: Option<String>,
    arguments: Option<Payloads>,
}

impl fmt::Debug for Mocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mocks").finish_non_exhaustive()
    }
}

impl Mocks {
    #[cfg_attr(not(feature = "server"), allow(dead_code))]
    pub(crate) fn new(leave_unattended: impl Fn(&Bytes) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            calls: Mutex::default(),
            leave_unattended: Box::new(leave_unattended),
        })
    }

    /// A mock whose calls are noted.
    pub(crate) fn watch(self: &Arc<Self>, name: &'static str, mock: RawActivity) -> RawActivity {
        let mocks = Arc::clone(self);
        Arc::new(move |context, arguments| {
            mocks.note(Mocked::Activity, name, None, arguments);
            let task_token = context.info().task_token.clone();
            let running = mock(context, arguments);
            if is_endless() {
                (mocks.leave_unattended)(&task_token);
            }
            running
        })
    }

    pub(crate) fn note(&self, kind: Mocked, name: &str, run_id: Option<&str>, arguments: Option<&Payloads>) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.entry((kind, name.to_owned())).or_default();
        let is_known = run_id.is_some() && calls.iter().any(|call| call.run_id.as_deref() == run_id);
        if !is_known {
            calls.push(Call {
                run_id: run_id.map(str::to_owned),
                arguments: arguments.cloned(),
            });
        }
    }

    /// The calls so far, in order. Those that the mock itself could not read are no calls.
    #[cfg_attr(not(feature = "server"), allow(dead_code))]
    pub(super) fn calls<T>(
        &self,
        kind: Mocked,
        name: &str,
        decode: impl Fn(Option<&Payloads>) -> Result<T, DecodeError>,
    ) -> Vec<T> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = calls.get(&(kind, name.to_owned())).into_iter().flatten();
        calls.filter_map(|call| decode(call.arguments.as_ref()).ok()).collect()
    }
}
