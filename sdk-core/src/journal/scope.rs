//! Groups of operations that are cancelled together.

use super::Journal;
use crate::host::ScopeId;
use std::{panic::Location, task::Waker};
use steadfast_proto::SmallMap;

/// One group. It ends with the code that opened it; what it leaves behind then belongs to the run alone.
#[derive(Debug)]
pub(crate) struct Scope {
    parent: Option<ScopeId>,
    /// Cancellation from outside stops here.
    shielded: bool,
    /// A cancellation found nothing pending and waits for the next operation.
    cancel_due: bool,
}

impl Journal {
    /// Opens a scope inside the current one.
    pub(crate) fn open_scope(&mut self, shielded: bool) -> ScopeId {
        self.scopes_opened = self.scopes_opened.saturating_add(1);
        let id = ScopeId(self.scopes_opened);
        let parent = self.scope;
        self.scopes.insert(
            id,
            Scope {
                parent,
                shielded,
                cancel_due: false,
            },
        );
        id
    }

    /// The scope's code has ended.
    pub(crate) fn close_scope(&mut self, id: ScopeId) {
        self.scopes.remove(&id);
    }

    /// Cancels what is pending in a scope and in those inside it, else the next operation asked for there.
    pub(crate) fn cancel_scope(&mut self, id: ScopeId, location: &'static Location<'static>, wakers: &mut Vec<Waker>) {
        if !self.may_change("a scope was cancelled", location) {
            return;
        }
        let reached = self.reached_from(Some(id));
        if let Some(scope) = self.scopes.get_mut(&id) {
            scope.cancel_due = reached.is_empty();
        }
        for slot in reached {
            self.cancel_slot(slot, wakers);
        }
    }

    /// Slots of what code waits for and a cancellation of this scope (`None`: of the run) reaches, in the order in which
    /// it was asked.
    pub(super) fn reached_from(&mut self, source: Option<ScopeId>) -> Vec<u32> {
        let mut slots = self.operations.pending();
        slots.retain(|slot| {
            self.operations
                .at(*slot)
                .is_some_and(|operation| operation.can_be_cancelled() && reaches(&self.scopes, source, operation.scope))
        });
        slots
    }

    /// Whether an operation that was just asked for is what a cancellation waits for.
    pub(super) fn take_due_cancellation(&mut self) -> bool {
        let mut inner = self.scope;
        while let Some(scope) = inner.and_then(|id| self.scopes.get_mut(&id)) {
            if std::mem::take(&mut scope.cancel_due) {
                return true;
            }
            if scope.shielded {
                return false;
            }
            inner = scope.parent;
        }
        std::mem::take(&mut self.cancel_due)
    }
}

fn reaches(scopes: &SmallMap<ScopeId, Scope>, source: Option<ScopeId>, target: Option<ScopeId>) -> bool {
    let mut inner = target;
    while inner != source {
        let Some(scope) = inner.and_then(|id| scopes.get(&id)) else {
            return source.is_none();
        };
        if scope.shielded {
            return false;
        }
        inner = scope.parent;
    }
    true
}
