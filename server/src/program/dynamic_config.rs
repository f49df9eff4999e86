//! Values of the original's dynamic configuration that mean something here.

use steadfast_server::Limits;

/// What is always so; the original has a switch for it.
const SETTLED: &[(&str, &str)] = &[
    ("frontend.activityAPIsEnabled", "true"),
    ("frontend.enableExecuteMultiOperation", "true"),
    ("frontend.enableServerVersionCheck", "false"),
    ("frontend.WorkflowTimeSkippingEnabled", "true"),
    ("frontend.enableUpdateWorkflowExecution", "true"),
    ("frontend.enableUpdateWorkflowExecutionAsyncAccepted", "true"),
    ("matching.enableFairness", "true"),
    ("nexusoperation.enableStandalone", "true"),
    ("system.enableActivityEagerExecution", "true"),
    ("system.enableEagerWorkflowStart", "true"),
    ("system.forceSearchAttributesCacheRefreshOnRead", "true"),
];

/// Applies `KEY=VALUE`; gives a warning if that has no effect.
pub(crate) fn apply(limits: &mut Limits, text: &str) -> Result<Option<String>, String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?}: expected KEY=VALUE"))?;
    let Some(limit) = limit(limits, key) else {
        let is_settled = SETTLED.contains(&(key, value));
        let warning = || format!("--dynamic-config-value {key} has no effect in this server");
        return Ok((!is_settled).then(warning));
    };
    let number = value
        .parse()
        .map_err(|_| format!("{key}={value}: expected a whole number"))?;
    *limit = number;
    Ok(None)
}

fn limit<'a>(limits: &'a mut Limits, key: &str) -> Option<&'a mut usize> {
    Some(match key {
        "limit.blobSize.error" => &mut limits.blob_bytes,
        "limit.historyCount.suggestContinueAsNew" => &mut limits.suggest_events,
        "limit.historyCount.error" => &mut limits.history_events,
        "limit.historySize.suggestContinueAsNew" => &mut limits.suggest_bytes,
        "limit.historySize.error" => &mut limits.history_bytes,
        "limit.numPendingActivities.error" => &mut limits.pending_activities,
        "limit.numPendingChildExecutions.error" => &mut limits.pending_children,
        "limit.numPendingSignals.error" | "limit.numPendingCancelRequests.error" => &mut limits.pending_externals,
        "history.maximumSignalsPerExecution" => &mut limits.signals,
        "history.maximumBufferedEventsBatch" => &mut limits.buffered_events,
        "history.maximumBufferedEventsSizeInBytes" => &mut limits.buffered_bytes,
        "history.maxInFlightUpdates" => &mut limits.updates_in_flight,
        "history.maxTotalUpdates" => &mut limits.updates,
        _ => return None,
    })
}
