//! Requests that leave the process: to handlers behind an address. The engine says what is to be sent; whoever runs it sends
//! that, and answers as a worker would.

use super::super::{Engine, run::Run, world::World};
use std::collections::VecDeque;
use steadfast_proto::{nexus::request::Variant, workflowservice::PollNexusTaskQueueResponse};

/// A request to a handler elsewhere, to be sent over HTTP and answered with `respond_nexus_task_completed` or
/// `respond_nexus_task_failed`.
#[derive(Debug)]
pub struct Outbound {
    /// The address under which the handler's services are.
    pub url: String,
    /// The namespace whose run asks.
    pub namespace: String,
    /// The request and the token for its answer, as a worker would get them.
    pub task: PollNexusTaskQueueResponse,
}

/// What is to be sent, and what whoever sends it can do.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Outbound>,
    can_call: bool,
    can_encrypt: bool,
    /// Where operations that go on are completed from elsewhere.
    callback_url: Option<String>,
}

impl Outbox {
    pub(crate) fn new(can_call: bool, can_encrypt: bool) -> Self {
        Self {
            can_call,
            can_encrypt,
            ..Self::default()
        }
    }

    /// Whether somebody sends what is put here.
    pub(crate) fn can_call(&self) -> bool {
        self.can_call
    }

    /// Whether it may go over TLS.
    pub(crate) fn can_encrypt(&self) -> bool {
        self.can_encrypt
    }
}

impl Engine {
    /// The next request that is to leave the process.
    pub fn poll_outbound(&mut self) -> Option<Outbound> {
        self.world.outbound.waiting.pop_front()
    }

    /// Where handlers elsewhere complete their operations from now on; `None` if nowhere.
    pub fn accept_callbacks(&mut self, url: Option<String>) {
        self.world.outbound.callback_url = url;
    }
}

impl Run {
    /// Has a request sent to the address of its handler.
    pub(super) fn send_out(&mut self, world: &mut World, event_id: i64, stamp: u64, url: String) {
        let Some(mut task) = self.hand_request(world, event_id, stamp) else {
            return;
        };
        if let Some(request) = &mut task.request {
            match &mut request.variant {
                Some(Variant::StartOperation(start)) => {
                    start.callback = world.outbound.callback_url.clone().unwrap_or_default();
                }
                // Over HTTP the caller's header comes with the wish to stop, too.
                Some(Variant::CancelOperation(_)) => {
                    let given = self
                        .operation_event(event_id)
                        .map(|scheduled| scheduled.nexus_header.clone());
                    request.header.extend(given.unwrap_or_default());
                }
                None => {}
            }
        }
        let namespace = world.namespaces.get(self.is.namespace);
        let namespace = namespace
            .map(|namespace| namespace.name.to_string())
            .unwrap_or_default();
        world.outbound.waiting.push_back(Outbound { url, namespace, task });
    }
}
