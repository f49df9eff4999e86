//! Telling the server that an activity is alive, and hearing from it that it is to stop.

use super::{CancelReason, Cancellation};
use crate::worker::Stop;
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use steadfast_proto::common::Payloads;
use tokio::{runtime::Handle, task::AbortHandle, time::Instant};

/// The longest time between two heartbeats.
const INTERVAL_MAX: Duration = Duration::from_secs(60);
/// The time between two heartbeats of an activity without a heartbeat timeout.
const INTERVAL_DEFAULT: Duration = Duration::from_secs(30);

/// Sends one heartbeat.
pub(crate) type Send = Box<dyn Fn(Option<Payloads>) -> Sending + std::marker::Send + Sync>;
/// A heartbeat on its way.
pub(crate) type Sending = Pin<Box<dyn Future<Output = Answer> + std::marker::Send>>;

/// What came of a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Go on.
    Noted,
    /// Stop.
    Stop(CancelReason),
    /// It didn't get through.
    Lost,
}

/// The heartbeats of one activity: the first is sent at once, then the newest after each interval.
pub(crate) struct Heartbeats {
    /// Without a way to the server they are kept.
    way: Option<Way>,
    cancellation: Cancellation,
    stop: OnceLock<Stop>,
    state: Mutex<State>,
}

struct Way {
    send: Send,
    interval: Duration,
    runtime: Handle,
}

#[derive(Default)]
struct State {
    /// Reported and not sent.
    newest: Option<Option<Payloads>>,
    /// Sent, with no answer yet.
    sending: Option<Option<Payloads>>,
    sender: Option<AbortHandle>,
    /// When the activity last said that it is alive.
    reported: Option<Instant>,
    is_closed: bool,
    /// All of them, where they are kept.
    kept: Vec<Option<Payloads>>,
}

impl Heartbeats {
    /// Must be called on a runtime, which then does the sending.
    pub(crate) fn new(heartbeat_timeout: Option<Duration>, send: Send) -> Arc<Self> {
        Self::going(Some(Way {
            send,
            interval: interval(heartbeat_timeout),
            runtime: Handle::current(),
        }))
    }

    /// Those of an activity that no server knows: they are kept.
    pub(crate) fn kept() -> Arc<Self> {
        Self::going(None)
    }

    fn going(way: Option<Way>) -> Arc<Self> {
        Arc::new(Self {
            way,
            cancellation: Cancellation::default(),
            stop: OnceLock::new(),
            state: Mutex::default(),
        })
    }

    /// Those of a local activity: nothing is sent.
    pub(crate) fn silent() -> Arc<Self> {
        let heartbeats = Self::kept();
        heartbeats.close();
        heartbeats
    }

    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// The worker that the activity runs on, as far as its end is concerned.
    pub(crate) fn run_on(&self, stop: Stop) {
        let _ = self.stop.set(stop);
    }

    pub(super) fn stop(&self) -> Option<&Stop> {
        self.stop.get()
    }

    /// Returns when the activity has said nothing for so long.
    pub(crate) async fn silent_for(&self, duration: Duration) {
        let mut since = Instant::now();
        loop {
            since = self.state().reported.map_or(since, |reported| reported.max(since));
            let Some(end) = since.checked_add(duration) else {
                return std::future::pending().await;
            };
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }

    /// Notes the newest details, and sees to it that they are sent.
    pub(super) fn report(self: &Arc<Self>, details: Option<Payloads>) {
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        let Some(way) = &self.way else {
            state.kept.push(details);
            return;
        };
        state.newest = Some(details);
        state.reported = Some(Instant::now());
        if state.sender.is_none() {
            let sender = way.runtime.spawn(Arc::clone(self).send_all());
            state.sender = Some(sender.abort_handle());
        }
    }

    /// The activity is over: nothing is sent any more. Returns details that the server may not have.
    pub(crate) fn close(&self) -> Option<Payloads> {
        let mut state = self.state();
        state.is_closed = true;
        if let Some(sender) = state.sender.take() {
            sender.abort();
        }
        let unsent = state.newest.take();
        unsent.or_else(|| state.sending.take()).flatten()
    }

    /// What was reported, where that is kept.
    pub(crate) fn reports(&self) -> Vec<Option<Payloads>> {
        self.state().kept.clone()
    }

    async fn send_all(self: Arc<Self>) {
        let Some(way) = &self.way else { return };
        while let Some(details) = self.next() {
            match (way.send)(details).await {
                Answer::Noted => self.state().sending = None,
                Answer::Stop(reason) => {
                    self.state().sending = None;
                    self.cancellation.cancel(reason);
                }
                Answer::Lost => {
                    let mut state = self.state();
                    let lost = state.sending.take();
                    state.newest = state.newest.take().or(lost);
                }
            }
            tokio::time::sleep(way.interval).await;
        }
    }

    /// What to send next; with nothing to send, the sender is gone.
    fn next(&self) -> Option<Option<Payloads>> {
        let mut state = self.state();
        let newest = state.newest.take();
        match &newest {
            Some(details) => state.sending = Some(details.clone()),
            None => state.sender = None,
        }
        newest
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interval(heartbeat_timeout: Option<Duration>) -> Duration {
    heartbeat_timeout
        .map_or(INTERVAL_DEFAULT, |timeout| timeout.mul_f64(0.8))
        .min(INTERVAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::Converter;
    use tokio::sync::mpsc;

    fn details(number: u32) -> Option<Payloads> {
        Converter::default().encode_result(&number).ok()
    }

    fn recording(answer: Answer) -> (Arc<Heartbeats>, mpsc::UnboundedReceiver<Option<Payloads>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let send: Send = Box::new(move |details| {
            sender.send(details).unwrap();
            Box::pin(std::future::ready(answer))
        });
        (Heartbeats::new(Some(Duration::from_secs(10)), send), receiver)
    }

    #[test]
    fn the_interval_is_most_of_the_timeout_and_at_most_a_minute() {
        assert_eq!(interval(Some(Duration::from_secs(10))), Duration::from_secs(8));
        assert_eq!(interval(Some(Duration::from_secs(3600))), INTERVAL_MAX);
        assert_eq!(interval(None), INTERVAL_DEFAULT);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_is_sent_at_once_and_later_ones_are_bundled_to_the_newest() {
        let (heartbeats, mut sent) = recording(Answer::Noted);
        let start = Instant::now();
        heartbeats.report(details(1));
        assert_eq!(
            (sent.recv().await.unwrap(), start.elapsed()),
            (details(1), Duration::ZERO)
        );
        heartbeats.report(details(2));
        heartbeats.report(details(3));
        assert_eq!(
            (sent.recv().await.unwrap(), start.elapsed()),
            (details(3), Duration::from_secs(8))
        );
        assert!(sent.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_the_next_one_is_sent_at_once_again() {
        let (heartbeats, mut sent) = recording(Answer::Noted);
        heartbeats.report(details(1));
        sent.recv().await.unwrap();
        tokio::time::advance(Duration::from_secs(9)).await;
        tokio::task::yield_now().await;
        let start = Instant::now();
        heartbeats.report(details(2));
        assert_eq!(
            (sent.recv().await.unwrap(), start.elapsed()),
            (details(2), Duration::ZERO)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn silence_lasts_from_the_last_report_on() {
        let (heartbeats, _sent) = recording(Answer::Noted);
        let start = Instant::now();
        let silence = tokio::spawn({
            let heartbeats = Arc::clone(&heartbeats);
            async move { heartbeats.silent_for(Duration::from_secs(10)).await }
        });
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(6)).await;
        heartbeats.report(None);
        silence.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_returns_what_was_not_sent() {
        let (heartbeats, mut sent) = recording(Answer::Noted);
        heartbeats.report(details(1));
        sent.recv().await.unwrap();
        heartbeats.report(details(2));
        assert_eq!(heartbeats.close(), details(2));
        heartbeats.report(details(3));
        assert_eq!(heartbeats.close(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_servers_answer_cancels_the_activity() {
        let (heartbeats, _sent) = recording(Answer::Stop(CancelReason::Paused));
        heartbeats.report(None);
        assert_eq!(heartbeats.cancellation().wait().await, CancelReason::Paused);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_heartbeat_is_sent_again_unless_there_is_a_newer_one() {
        let (heartbeats, mut sent) = recording(Answer::Lost);
        heartbeats.report(details(1));
        assert_eq!(sent.recv().await.unwrap(), details(1));
        assert_eq!(sent.recv().await.unwrap(), details(1));
        heartbeats.report(details(2));
        assert_eq!(sent.recv().await.unwrap(), details(2));
    }
}
