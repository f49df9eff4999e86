//! The walk through messages, and codecs called with what it finds.

use super::super::{About, CodecFailure, CodecItem, Coding, HeaderCodec, PayloadCodec, PayloadContext};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use steadfast_proto::{
    command::{
        Command, RecordMarkerCommandAttributes, ScheduleActivityTaskCommandAttributes,
        StartChildWorkflowExecutionCommandAttributes, command::Attributes,
    },
    common::{ActivityType, Header, Memo, Payload, SearchAttributes},
    failure::Failure,
    history::{ActivityTaskCompletedEventAttributes, HistoryEvent, history_event},
    prost::{Message as _, Name},
    prost_types,
    protocol::Message,
    update,
    workflowservice::{
        RespondWorkflowTaskCompletedRequest, SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest,
    },
};

/// The text and the context of each item.
type Call = Vec<(String, PayloadContext)>;

/// Writes down what it is given, and adds its mark.
#[derive(Clone, Default)]
struct Marking {
    mark: &'static str,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Marking {
    fn new(mark: &'static str) -> Self {
        Self {
            mark,
            ..Self::default()
        }
    }

    fn note(&self, items: &[CodecItem<'_>]) {
        let call = items.iter().map(|item| (text(item.payload), item.context.clone()));
        self.calls.lock().unwrap().push(call.collect());
    }

    fn contexts(&self) -> Vec<PayloadContext> {
        let calls = self.calls.lock().unwrap();
        calls.iter().flatten().map(|(_, context)| context.clone()).collect()
    }
}

impl PayloadCodec for Marking {
    async fn encode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        self.note(items);
        for item in items {
            item.payload.data = format!("{}{}", text(item.payload), self.mark).into();
        }
        Ok(())
    }

    async fn decode(&self, items: &mut [CodecItem<'_>]) -> Result<(), CodecFailure> {
        self.note(items);
        for item in items {
            let text = text(item.payload);
            let rest = text
                .strip_suffix(self.mark)
                .ok_or_else(|| format!("{text} has no {}", self.mark))?;
            item.payload.data = rest.to_owned().into();
        }
        Ok(())
    }
}

fn text(payload: &Payload) -> String {
    String::from_utf8_lossy(&payload.data).into_owned()
}

fn payload(text: &str) -> Payload {
    Payload::encoded("json/plain", text.to_owned())
}

fn coding(codecs: &[&Marking]) -> Coding {
    let mut coding = Coding::default();
    for codec in codecs {
        coding.add((*codec).clone());
    }
    coding
}

fn about() -> About {
    About {
        context: PayloadContext::workflow("shop", "order-1"),
        workflow_type: "Order".to_owned(),
        ..About::default()
    }
}

#[tokio::test]
async fn the_first_codec_encodes_first_and_decodes_last() {
    let coding = coding(&[&Marking::new("-zip"), &Marking::new("-lock")]);
    let mut memo = Memo {
        fields: BTreeMap::from([("a".to_owned(), payload("x"))]),
    };
    coding.encode(about(), &mut memo).await.unwrap();
    assert_eq!(text(&memo.fields["a"]), "x-zip-lock");
    coding.decode(about(), &mut memo).await.unwrap();
    assert_eq!(text(&memo.fields["a"]), "x");
}

#[tokio::test]
async fn one_call_gets_all_payloads_of_a_request_and_what_each_is_about() {
    let codec = Marking::new("!");
    let mut request = SignalWithStartWorkflowExecutionRequest {
        namespace: "shop".to_owned(),
        workflow_id: "order-1".to_owned(),
        input: Some(vec![payload("input")].into()),
        signal_input: Some(vec![payload("signal"), payload("more")].into()),
        search_attributes: Some(SearchAttributes {
            indexed_fields: BTreeMap::from([("City".to_owned(), payload("Bern"))]),
        }),
        ..SignalWithStartWorkflowExecutionRequest::default()
    };
    let known = coding(&[&codec]).encode(About::default(), &mut request).await.unwrap();
    let context = PayloadContext::workflow("shop", "order-1");
    assert_eq!(known.context, context, "the answer is about the same");
    let [call] = &codec.calls.lock().unwrap()[..] else {
        panic!("one call")
    };
    let expected = ["input", "signal", "more"].map(|text| (text.to_owned(), context.clone()));
    assert_eq!(call, &expected);
    let attributes = request.search_attributes.unwrap().indexed_fields;
    assert_eq!(text(&attributes["City"]), "Bern", "the server reads them");
}

#[tokio::test]
async fn headers_are_encoded_only_where_that_was_said() {
    for (headers, is_workflow_task, expected) in [
        (HeaderCodec::None, true, "x"),
        (HeaderCodec::All, true, "x!"),
        (HeaderCodec::All, false, "x!"),
        (HeaderCodec::WorkflowsOnly, true, "x!"),
        (HeaderCodec::WorkflowsOnly, false, "x"),
    ] {
        let mut coding = coding(&[&Marking::new("!")]);
        coding.set_headers(headers);
        let mut request = StartWorkflowExecutionRequest {
            header: Some(Header {
                fields: BTreeMap::from([("trace".to_owned(), payload("x"))]),
            }),
            ..StartWorkflowExecutionRequest::default()
        };
        let about = About {
            is_workflow_task,
            ..about()
        };
        coding.encode(about, &mut request).await.unwrap();
        assert_eq!(text(&request.header.unwrap().fields["trace"]), expected, "{headers:?}");
    }
}

fn command(attributes: Attributes) -> Command {
    Command {
        attributes: Some(attributes),
        ..Command::default()
    }
}

#[tokio::test]
async fn what_goes_to_an_activity_is_about_it_and_what_comes_of_it_too() {
    let codec = Marking::new("!");
    let activity = ScheduleActivityTaskCommandAttributes {
        activity_id: "7".to_owned(),
        activity_type: Some(ActivityType { name: "pay".to_owned() }),
        input: Some(vec![payload("input")].into()),
        ..ScheduleActivityTaskCommandAttributes::default()
    };
    let mut request = RespondWorkflowTaskCompletedRequest {
        commands: vec![command(Attributes::ScheduleActivityTaskCommandAttributes(
            activity.into(),
        ))],
        namespace: "shop".to_owned(),
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    coding(&[&codec]).encode(about(), &mut request).await.unwrap();
    let mut event = HistoryEvent {
        attributes: Some(history_event::Attributes::ActivityTaskCompletedEventAttributes(
            ActivityTaskCompletedEventAttributes {
                result: Some(vec![payload("result!")].into()),
                scheduled_event_id: 5,
                ..ActivityTaskCompletedEventAttributes::default()
            }
            .into(),
        )),
        ..HistoryEvent::default()
    };
    let about = About {
        scheduled: BTreeMap::from([(5, ("7".to_owned(), "pay".to_owned()))]),
        ..about()
    };
    coding(&[&codec]).decode(about, &mut event).await.unwrap();
    let pay = PayloadContext::workflow("shop", "order-1").activity("Order", "7", "pay");
    assert_eq!(codec.contexts(), [pay.clone(), pay]);
}

#[tokio::test]
async fn of_a_local_activitys_marker_all_is_encoded_but_what_the_sdk_reads() {
    let codec = Marking::new("!");
    let data = r#"{"seq":1,"attempt":1,"activity_id":"3","activity_type":"look"}"#;
    let details =
        [("data", data), ("result", "found")].map(|(name, text)| (name.to_owned(), vec![payload(text)].into()));
    let marker = RecordMarkerCommandAttributes {
        marker_name: "core_local_activity".to_owned(),
        details: BTreeMap::from(details),
        ..RecordMarkerCommandAttributes::default()
    };
    let patch = RecordMarkerCommandAttributes {
        marker_name: "core_patch".to_owned(),
        details: BTreeMap::from([("patch-data".to_owned(), vec![payload("id")].into())]),
        ..RecordMarkerCommandAttributes::default()
    };
    let mut commands = [marker, patch]
        .map(|marker| command(Attributes::RecordMarkerCommandAttributes(marker.into())))
        .to_vec();
    coding(&[&codec]).encode(about(), &mut commands).await.unwrap();
    let texts: Vec<String> = commands
        .iter()
        .filter_map(|command| match &command.attributes {
            Some(Attributes::RecordMarkerCommandAttributes(marker)) => Some(&marker.details),
            _ => None,
        })
        .flat_map(|details| details.values().flat_map(|list| list.payloads.iter().map(text)))
        .collect();
    assert_eq!(texts, [data, "found!", "id"]);
    let look = PayloadContext::workflow("shop", "order-1")
        .activity("Order", "3", "look")
        .local();
    assert_eq!(codec.contexts(), [look]);
}

#[tokio::test]
async fn the_arguments_of_an_update_are_encoded_within_its_message() {
    let coding = coding(&[&Marking::new("!")]);
    let request = update::Request {
        input: Some(update::Input {
            args: Some(vec![payload("x")].into()),
            ..update::Input::default()
        }),
        ..update::Request::default()
    };
    let mut message = Message {
        body: Some(prost_types::Any {
            type_url: format!("type.googleapis.com/{}", update::Request::full_name()),
            value: request.encode_to_vec(),
        }),
        ..Message::default()
    };
    coding.encode(about(), &mut message).await.unwrap();
    let encoded = update::Request::decode(message.body.as_ref().unwrap().value.as_slice()).unwrap();
    assert_eq!(text(&encoded.input.unwrap().args.unwrap().payloads[0]), "x!");
    coding.decode(about(), &mut message).await.unwrap();
    assert_eq!(message.body.unwrap().value, request.encode_to_vec());
}

#[tokio::test]
async fn what_failures_say_is_moved_encoded_and_read_again_causes_included() {
    let mut coding = coding(&[&Marking::new("!")]);
    coding.encode_failures(true);
    let mut failure = Failure {
        stack_trace: "line 1".to_owned(),
        cause: Some(Box::new(Failure::application("Io", "disk full"))),
        ..Failure::cancelled("stopped")
    };
    let before = failure.clone();
    coding.encode(about(), &mut failure).await.unwrap();
    assert_eq!(
        (failure.message.as_str(), failure.stack_trace.as_str()),
        ("Encoded failure", "")
    );
    let json = r#"{"message":"stopped","stack_trace":"line 1"}!"#;
    assert_eq!(text(failure.encoded_attributes.as_ref().unwrap()), json);
    assert_eq!(failure.cause.as_ref().unwrap().message, "Encoded failure");
    coding.decode(about(), &mut failure).await.unwrap();
    assert_eq!(failure, before);
}

#[tokio::test]
async fn what_cannot_be_decoded_is_told_with_codec_and_encodings_or_stays_as_it_is() {
    let coding = coding(&[&Marking::new("!")]);
    let mut memo = Memo {
        fields: BTreeMap::from([("a".to_owned(), payload("x!")), ("b".to_owned(), payload("y?"))]),
    };
    let mut copy = memo.clone();
    let error = coding.decode(about(), &mut copy).await.unwrap_err();
    assert!(error.is_decoding() && error.codec().ends_with("Marking"));
    assert_eq!(error.encodings().collect::<Vec<_>>(), ["json/plain"]);
    assert!(
        error
            .to_string()
            .ends_with("cannot decode payloads of json/plain: y? has no !"),
        "{error}"
    );
    coding.decode_what_can_be(about(), &mut memo).await;
    assert_eq!(
        (text(&memo.fields["a"]), text(&memo.fields["b"])),
        ("x".to_owned(), "y?".to_owned())
    );
}

#[tokio::test]
async fn what_a_child_gets_is_about_the_child() {
    let codec = Marking::new("!");
    let child = StartChildWorkflowExecutionCommandAttributes {
        workflow_id: "bill-1".to_owned(),
        input: Some(vec![payload("x")].into()),
        ..StartChildWorkflowExecutionCommandAttributes::default()
    };
    let mut commands = vec![command(Attributes::StartChildWorkflowExecutionCommandAttributes(
        child.into(),
    ))];
    coding(&[&codec]).encode(about(), &mut commands).await.unwrap();
    assert_eq!(codec.contexts(), [PayloadContext::workflow("shop", "bill-1")]);
}

#[test]
fn without_codecs_there_is_nothing_to_do() {
    assert!(!Coding::default().is_needed());
    assert!(coding(&[&Marking::new("!")]).is_needed());
}
