//! What a payload is about.

/// What a payload is about, so that a codec can choose a key by tenant, say.
///
/// Who writes a payload and who reads it see the same namespace and workflow id, and the same activity id and type. The
/// workflow is the one that the payload is sent to or comes from: for a child's input that is the child. An activity that no
/// workflow calls has its id alone, and no type: that is what who waits for its result knows of it.
///
/// Two are left out: what a schedule starts is about the id that the schedule names, though the server adds the time to it;
/// and who completes an activity by its task token alone knows nothing of it, see
/// [`AsyncActivity::in_context`](crate::client::AsyncActivity::in_context).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PayloadContext {
    namespace: String,
    workflow_id: String,
    activity: Option<Activity>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Activity {
    id: String,
    kind: String,
    workflow_type: String,
    is_local: bool,
}

impl PayloadContext {
    /// What is sent to this workflow, or comes from it.
    #[must_use]
    pub fn workflow(namespace: impl Into<String>, workflow_id: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            workflow_id: workflow_id.into(),
            activity: None,
        }
    }

    /// What is sent to this activity, or comes from it.
    #[must_use]
    pub fn activity(
        self,
        workflow_type: impl Into<String>,
        activity_id: impl Into<String>,
        activity_type: impl Into<String>,
    ) -> Self {
        let is_standalone = self.workflow_id.is_empty();
        let activity = Activity {
            id: activity_id.into(),
            kind: if is_standalone {
                String::new()
            } else {
                activity_type.into()
            },
            workflow_type: workflow_type.into(),
            is_local: false,
        };
        Self {
            activity: Some(activity),
            ..self
        }
    }

    /// The activity is a local one.
    #[must_use]
    pub fn local(mut self) -> Self {
        if let Some(activity) = &mut self.activity {
            activity.is_local = true;
        }
        self
    }

    /// The namespace of the workflow.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The workflow's id; empty if there is no one workflow, as for a signal to many of them.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        &self.workflow_id
    }

    /// The workflow's type, if this is about an activity of it: who sends something to a workflow may know its id alone.
    #[must_use]
    pub fn workflow_type(&self) -> Option<&str> {
        let activity = self.activity.as_ref()?;
        Some(activity.workflow_type.as_str()).filter(|kind| !kind.is_empty())
    }

    /// The activity's id, if this is about an activity.
    #[must_use]
    pub fn activity_id(&self) -> Option<&str> {
        self.activity.as_ref().map(|activity| activity.id.as_str())
    }

    /// The activity's type, if this is about an activity of a workflow.
    #[must_use]
    pub fn activity_type(&self) -> Option<&str> {
        let activity = self.activity.as_ref()?;
        Some(activity.kind.as_str()).filter(|kind| !kind.is_empty())
    }

    /// Whether this is about a local activity.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.activity.as_ref().is_some_and(|activity| activity.is_local)
    }

    pub(super) fn set_namespace(&mut self, namespace: &str) {
        namespace.clone_into(&mut self.namespace);
    }

    pub(super) fn set_workflow_id(&mut self, workflow_id: &str) {
        workflow_id.clone_into(&mut self.workflow_id);
        self.activity = None;
    }
}
