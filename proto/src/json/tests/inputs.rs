//! Texts to read.

/// JSON and what is nearly JSON.
pub(super) const JSON_TEXTS: &[&str] = &[
    r#"{"a": [1, 2.5, -0, 1e5, 1E-5, -1.5e+3], "b": {"c": null, "d": true, "e": false}, "": ""}"#,
    r#"[[], {}, [[]], [{}], {"a": {}}, "", 0]"#,
    r#""plain""#,
    r#""\"\\\/\b\f\n\r\t\u0041\u00e4\u20AC\ud83d\ude00 ä😀""#,
    r#""\ud83d""#,
    r#""\ude00""#,
    r#""\ud83d\u0041""#,
    r#""\ud83dx""#,
    r#""\ud83d\n""#,
    r#""\x""#,
    r#""\u12g4""#,
    r#""\u+123""#,
    "\"\u{7f}\u{2028}\"",
    "\"\n\"",
    "\"\0\"",
    " \t\r\n1 ",
    "\u{a0}1",
    "01",
    "-",
    "-01",
    "1.",
    ".5",
    "1e",
    "1e+",
    "+1",
    "0x1",
    "1e400",
    "-0",
    "0.0",
    "00",
    "NaN",
    "Infinity",
    "",
    " ",
    "nul",
    "nulll",
    "null x",
    "true",
    "tru",
    "True",
    "null",
    "'a'",
    "a",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1",
    "]",
    "[",
    "[}",
    "{]",
    "[1}}",
    "{\"a\":1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{,}",
    "{a:1}",
    "{1:1}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1,\"a\":2}",
    "{",
    "}",
    "1 2",
    "[] []",
    "// comment",
    "1 // comment",
    "/* */ 1",
    "\"",
    "\"a",
    "\"\\",
    "\"\\u",
    "\"\\u00",
];

/// Shorthand of a payload, the encoding it stands for, the data.
pub(super) const SHORTHANDS: &[(&str, &str, &str)] = &[
    ("null", "binary/null", ""),
    ("\"text\"", "json/plain", "\"text\""),
    ("12345678901234567890123", "json/plain", "12345678901234567890123"),
    ("1.0", "json/plain", "1.0"),
    ("true", "json/plain", "true"),
    ("[null, {}]", "json/plain", "[null, {}]"),
    (r#"{"z": 1, "a": 2}"#, "json/plain", r#"{"z": 1, "a": 2}"#),
    (r#"{"data": 5}"#, "json/plain", r#"{"data": 5}"#),
    (r#"{"data": "not base64"}"#, "json/plain", r#"{"data": "not base64"}"#),
    (r#"{"metadata": {"a": 1}}"#, "json/plain", r#"{"metadata": {"a": 1}}"#),
    (
        r#"{"metadata": {"encoding": 1}}"#,
        "json/plain",
        r#"{"metadata": {"encoding": 1}}"#,
    ),
    (
        r#"{"_protoMessageType": 1}"#,
        "json/plain",
        r#"{"_protoMessageType": 1}"#,
    ),
    (
        r#"{"_protoMessageType": ""}"#,
        "json/plain",
        r#"{"_protoMessageType": ""}"#,
    ),
    (
        r#"{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}"#,
        "json/plain",
        "1",
    ),
    (
        r#"{"data": "MQ", "metadata": {"encoding": "YmluYXJ5L3BsYWlu"}}"#,
        "binary/plain",
        "1",
    ),
];

pub(super) const SMALL_HISTORY: &str = r#"{"events": [
  {"eventId": "1", "eventTime": "2026-11-22T08:32:38.174Z", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
   "workflowExecutionStartedEventAttributes": {
     "workflowType": {"name": "Greet"},
     "input": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "Ij8/PiI="}]},
     "workflowTaskTimeout": "10s", "firstWorkflowTaskBackoff": "0.500s", "attempt": 1,
     "retryPolicy": {"backoffCoefficient": 2, "nonRetryableErrorTypes": ["A"]},
     "memo": {"fields": {"k": {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "MQ=="}}}}},
  {"eventId": "2", "eventType": "EVENT_TYPE_WORKFLOW_TASK_FAILED", "workerMayIgnore": true,
   "workflowTaskFailedEventAttributes": {"cause": "WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR",
     "failure": {"message": "no \"way\"", "timeoutFailureInfo": {"timeoutType": "TIMEOUT_TYPE_START_TO_CLOSE"}}}}
]}"#;

/// The same history in other words.
pub(super) const SMALL_HISTORY_SPELLINGS: &[&str] = &[
    // A bare array, short names, numbers bare, base64 for URLs without padding, nulls, another zone.
    "\u{feff}[\n  {\"eventId\": 1, \"eventTime\": \"2026-11-22T09:32:38.174000000+01:00\", \"eventType\": \"WorkflowExecutionStarted\",
   \"version\": null, \"links\": null, \"workflowTaskFailedEventAttributes\": null,
   \"workflowExecutionStartedEventAttributes\": {
     \"workflowType\": {\"name\": \"Greet\"}, \"identity\": null,
     \"input\": {\"payloads\": [{\"metadata\": {\"encoding\": \"anNvbi9wbGFpbg\"}, \"data\": \"Ij8_PiI\"}]},
     \"workflowTaskTimeout\": \"10.000s\", \"firstWorkflowTaskBackoff\": \"0.5s\", \"attempt\": \"1\",
     \"retryPolicy\": {\"backoffCoefficient\": \"2.0\", \"nonRetryableErrorTypes\": [\"A\"]},
     \"memo\": {\"fields\": {\"k\": {\"metadata\": {\"encoding\": \"anNvbi9wbGFpbg\"}, \"data\": \"MQ\"}}}}},
  {\"eventId\": 2.0, \"eventType\": \"WorkflowTaskFailed\", \"workerMayIgnore\": true,
   \"workflowTaskFailedEventAttributes\": {\"cause\": \"NonDeterministicError\",
     \"failure\": {\"message\": \"no \\u0022way\\u0022\", \"timeoutFailureInfo\": {\"timeoutType\": \"StartToClose\"}}}}
]",
    // The names of the .proto text, numbers for enums, members in another order.
    r#"{"events": [
  {"workflow_execution_started_event_attributes": {
     "attempt": 1e0, "workflow_type": {"name": "Greet"},
     "memo": {"fields": {"k": {"data": "MQ==", "metadata": {"encoding": "anNvbi9wbGFpbg=="}}}},
     "input": {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "Ij8/PiI="}]},
     "workflow_task_timeout": "10s", "first_workflow_task_backoff": "0.5s",
     "retry_policy": {"backoff_coefficient": 2.0, "non_retryable_error_types": ["A"]}},
   "event_id": "1", "event_time": "2026-11-22T08:32:38.174Z", "event_type": 1},
  {"event_id": "2", "event_type": 9, "worker_may_ignore": true,
   "workflow_task_failed_event_attributes": {"cause": "NON_DETERMINISTIC_ERROR",
     "failure": {"message": "no \"way\"", "timeout_failure_info": {"timeout_type": 1}}}}
]}"#,
    // As the HTTP API gives it: wrapped, with payloads in shorthand.
    r#"{"nextPageToken": "", "history": {"events": [
  {"eventId": "1", "eventTime": "2026-11-22T08:32:38.174Z", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
   "workflowExecutionStartedEventAttributes": {
     "workflowType": {"name": "Greet"}, "input": ["??>"],
     "workflowTaskTimeout": "10s", "firstWorkflowTaskBackoff": "0.500s", "attempt": 1,
     "retryPolicy": {"backoffCoefficient": 2, "nonRetryableErrorTypes": ["A"]},
     "memo": {"fields": {"k": 1}}}},
  {"eventId": "2", "eventType": "EVENT_TYPE_WORKFLOW_TASK_FAILED", "workerMayIgnore": true,
   "workflowTaskFailedEventAttributes": {"cause": "WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR",
     "failure": {"message": "no \"way\"", "timeoutFailureInfo": {"timeoutType": "TIMEOUT_TYPE_START_TO_CLOSE"}}}}
]}}"#,
];

/// A text and what is said of it.
pub(super) const BAD_HISTORIES: &[(&str, &str)] = &[
    ("", r#"not JSON: expected a value, found the end (line 1, column 1)"#),
    ("{", r#"not JSON: expected a string, found the end (line 1, column 2)"#),
    ("null", r#"expected an object, found null (line 1, column 1)"#),
    ("1", r#"expected an object, found 1 (line 1, column 1)"#),
    ("\"events\"", r#"expected an object, found "events" (line 1, column 1)"#),
    (
        "{\"events\": []} x",
        r#"not JSON: expected nothing more, found 'x' (line 1, column 16)"#,
    ),
    (
        "{\"events\": {}}",
        r#"events: expected an array, found an object (line 1, column 12)"#,
    ),
    (
        "{\"events\": [1]}",
        r#"events[0]: expected an object, found 1 (line 1, column 13)"#,
    ),
    ("[null]", r#"[0]: expected an object, found null (line 1, column 2)"#),
    (
        "[{\"eventId\": \"x\"}]",
        r#"[0].eventId: expected a 64-bit integer, found "x" (line 1, column 14)"#,
    ),
    (
        "[{\"eventId\": \"\"}]",
        r#"[0].eventId: expected a 64-bit integer, found "" (line 1, column 14)"#,
    ),
    (
        "[{\"eventId\": 1.5}]",
        r#"[0].eventId: expected a 64-bit integer, found 1.5 (line 1, column 14)"#,
    ),
    (
        "[{\"eventId\": \"9223372036854775808\"}]",
        r#"[0].eventId: expected a 64-bit integer, found "9223372036854775808" (line 1, column 14)"#,
    ),
    (
        "[{\"eventId\": true}]",
        r#"[0].eventId: expected a 64-bit integer, found true (line 1, column 14)"#,
    ),
    (
        "[{\"eventId\": 01}]",
        r#"[0].eventId: not JSON: expected a number without leading zeros, found '}' (line 1, column 16)"#,
    ),
    (
        "[{\"eventId\": \"1\", \"eventId\": \"1\"}]",
        r#"[0].eventId: expected the field eventId once, found it twice (line 1, column 19)"#,
    ),
    (
        "[{\"eventId\": \"1\", \"event_id\": \"1\"}]",
        r#"[0].eventId: expected the field eventId once, found it twice (line 1, column 19)"#,
    ),
    (
        "[{},\n {\"eventType\": \"EVENT_TYPE_OF_TOMORROW\"}]",
        r#"[1].eventType: expected a value of temporal.api.enums.v1.EventType by name or number, found "EVENT_TYPE_OF_TOMORROW"; if a newer server wrote it, use a newer version of this crate (line 2, column 16)"#,
    ),
    (
        "[{\"eventType\": 1e10}]",
        r#"[0].eventType: expected a value of EventType by name or number, found 1e10 (line 1, column 16)"#,
    ),
    (
        "[{\"eventType\": [1]}]",
        r#"[0].eventType: expected a value of EventType by name or number, found an array (line 1, column 16)"#,
    ),
    (
        "[{}, {}, {}, {\"workflowTaskFailedEventAttributes\": {\"cause\": \"Boredom\"}}]",
        r#"[3].workflowTaskFailedEventAttributes.cause: expected a value of temporal.api.enums.v1.WorkflowTaskFailedCause by name or number, found "Boredom"; if a newer server wrote it, use a newer version of this crate (line 1, column 62)"#,
    ),
    (
        "[{\"eventTime\": \"yesterday\"}]",
        r#"[0].eventTime: expected a time such as "2026-01-02T03:04:05.678Z", found "yesterday" (line 1, column 16)"#,
    ),
    (
        "[{\"eventTime\": \"2026-11-22\"}]",
        r#"[0].eventTime: expected a time such as "2026-01-02T03:04:05.678Z", found "2026-11-22" (line 1, column 16)"#,
    ),
    (
        "[{\"eventTime\": \"2026-11-22T08:32:38\"}]",
        r#"[0].eventTime: expected a time such as "2026-01-02T03:04:05.678Z", found "2026-11-22T08:32:38" (line 1, column 16)"#,
    ),
    (
        "[{\"eventTime\": \"2026-02-30T08:32:38Z\"}]",
        r#"[0].eventTime: expected a time such as "2026-01-02T03:04:05.678Z", found "2026-02-30T08:32:38Z" (line 1, column 16)"#,
    ),
    (
        "[{\"eventTime\": 1790000000}]",
        r#"[0].eventTime: expected a time such as "2026-01-02T03:04:05.678Z", found 1790000000 (line 1, column 16)"#,
    ),
    (
        "[{\"workerMayIgnore\": \"true\"}]",
        r#"[0].workerMayIgnore: expected true or false, found "true" (line 1, column 22)"#,
    ),
    (
        "[{\"workerMayIgnore\": tru}]",
        r#"[0].workerMayIgnore: not JSON: expected a value, found 't' (line 1, column 22)"#,
    ),
    (
        "[{\"timerStartedEventAttributes\": {}, \"timerFiredEventAttributes\": {}}]",
        r#"[0].timerFiredEventAttributes: expected one field of the oneof attributes, found timerFiredEventAttributes as the second (line 1, column 38)"#,
    ),
    (
        "[{\"timerStartedEventAttributes\": {\"startToFireTimeout\": \"1\"}}]",
        r#"[0].timerStartedEventAttributes.startToFireTimeout: expected a duration in seconds such as "1.5s", found "1" (line 1, column 57)"#,
    ),
    (
        "[{\"timerStartedEventAttributes\": {\"startToFireTimeout\": \"999999999999s\"}}]",
        r#"[0].timerStartedEventAttributes.startToFireTimeout: expected a duration in seconds such as "1.5s", found "999999999999s" (line 1, column 57)"#,
    ),
    (
        "[{\"timerStartedEventAttributes\": {\"timerId\": 5}}]",
        r#"[0].timerStartedEventAttributes.timerId: expected a string, found 5 (line 1, column 46)"#,
    ),
    (
        "[{\"timerStartedEventAttributes\": {\"timerId\": \"\\ud800\"}}]",
        r#"[0].timerStartedEventAttributes.timerId: not JSON: expected the second half of a surrogate pair, found '"' (line 1, column 53)"#,
    ),
    (
        "[{\"userMetadata\": {\"summary\": {\"metadata\": {\"encoding\": \"*\"}, \"data\": \"\"}}}]",
        r#"[0].userMetadata.summary.metadata["encoding"]: expected base64 in a string, found "*" (line 1, column 57)"#,
    ),
    (
        "[{\"userMetadata\": {\"summary\": {\"metadata\": {\"encoding\": \"anNvbi9wbGFpbg==\"}, \"data\": 1}}}]",
        r#"[0].userMetadata.summary.data: expected base64 in a string, found 1 (line 1, column 86)"#,
    ),
    (
        "[{\"upsertWorkflowSearchAttributesEventAttributes\": {\"searchAttributes\": {\"indexedFields\": []}}}]",
        r#"[0].upsertWorkflowSearchAttributesEventAttributes.searchAttributes.indexedFields: expected an object, found an array (line 1, column 91)"#,
    ),
    (
        "[{\"markerRecordedEventAttributes\": {\"details\": {\"a b\": 5}}}]",
        r#"[0].markerRecordedEventAttributes.details["a b"]: expected an object, found 5 (line 1, column 56)"#,
    ),
    (
        "[{\"workflowTaskCompletedEventAttributes\": {\"sdkMetadata\": {\"coreUsedFlags\": [1, -1]}}}]",
        r#"[0].workflowTaskCompletedEventAttributes.sdkMetadata.coreUsedFlags[1]: expected an unsigned 32-bit integer, found -1 (line 1, column 81)"#,
    ),
    (
        "[{\"workflowExecutionStartedEventAttributes\": {\"attempt\": 2147483648}}]",
        r#"[0].workflowExecutionStartedEventAttributes.attempt: expected a 32-bit integer, found 2147483648 (line 1, column 58)"#,
    ),
    (
        "[{\"workflowExecutionStartedEventAttributes\": {\"retryPolicy\": {\"backoffCoefficient\": \"1e999\"}}}]",
        r#"[0].workflowExecutionStartedEventAttributes.retryPolicy.backoffCoefficient: expected a number within the range of the field, found "1e999" (line 1, column 85)"#,
    ),
];
