//! Circuit breakers: a handler that can't be reached again and again is left alone for a while, whoever asks for it. Each
//! endpoint has two of them in a namespace, one for requests to start and one for requests to stop.

use super::super::{limits, namespace::NamespaceKey, time::Time};
use steadfast_proto::SmallMap;

/// Whose requests a breaker counts: the callers' namespace, the endpoint, and whether they are to stop something.
pub(crate) type BreakerKey = (NamespaceKey, String, bool);

/// The breakers of the endpoints that failed last time.
#[derive(Debug, Default)]
pub(crate) struct Breakers(SmallMap<BreakerKey, Breaker>);

#[derive(Debug)]
enum Breaker {
    /// Requests go through; so many failed since the last one that didn't.
    Closed { failures: u32 },
    /// None goes through until then, when one may try.
    Open { until: Time },
    /// One tries. If nothing is heard of it, another one may from then on.
    HalfOpen { until: Time },
}

impl Breakers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request may be sent. If not, when to ask again.
    pub(crate) fn admit(&mut self, key: &BreakerKey, now: Time) -> Result<(), Time> {
        let Some(breaker) = self.0.get_mut(key) else {
            return Ok(());
        };
        match breaker {
            Breaker::Closed { .. } => Ok(()),
            Breaker::Open { until } if now < *until => Err(*until),
            Breaker::HalfOpen { until } if now < *until => Err(now.plus(limits::BREAKER_LOOK_INTERVAL).min(*until)),
            Breaker::Open { .. } | Breaker::HalfOpen { .. } => {
                let until = now.plus(limits::NEXUS_REQUEST_TIMEOUT);
                *breaker = Breaker::HalfOpen { until };
                Ok(())
            }
        }
    }

    /// The handler was reached, whatever it said.
    pub(crate) fn succeed(&mut self, key: &BreakerKey) {
        // Requests of before the breaker opened say nothing new.
        if !matches!(self.0.get(key), Some(Breaker::Open { .. })) {
            self.0.remove(key);
        }
    }

    /// The handler was not reached, or says that another attempt may succeed.
    pub(crate) fn fail(&mut self, key: BreakerKey, now: Time) {
        let breaker = self.0.entry(key).or_insert(Breaker::Closed { failures: 0 });
        match breaker {
            Breaker::Closed { failures } if *failures < limits::BREAKER_FAILURES_MAX => {
                *failures = failures.saturating_add(1);
            }
            Breaker::Closed { .. } | Breaker::HalfOpen { .. } => {
                let until = now.plus(limits::BREAKER_OPEN);
                *breaker = Breaker::Open { until };
            }
            Breaker::Open { .. } => {}
        }
    }

    /// An endpoint is gone.
    pub(super) fn forget(&mut self, endpoint: &str) {
        self.0.retain(|(_, name, _), _| name != endpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn key() -> BreakerKey {
        (NamespaceKey::default(), "endpoint".to_owned(), false)
    }

    fn at(seconds: u64) -> Time {
        Time::default().plus(Duration::from_secs(seconds))
    }

    fn broken() -> Breakers {
        let mut breakers = Breakers::default();
        for _ in 0..6 {
            assert_eq!(breakers.admit(&key(), at(0)), Ok(()));
            breakers.fail(key(), at(0));
        }
        breakers
    }

    #[test]
    fn six_failures_in_a_row_open_a_breaker_for_a_minute() {
        let mut breakers = broken();
        assert_eq!(breakers.admit(&key(), at(59)), Err(at(60)));
        let (namespace, endpoint, _) = key();
        assert_eq!(breakers.admit(&(namespace, endpoint, true), at(59)), Ok(()));
    }

    #[test]
    fn an_answer_begins_the_count_anew() {
        let mut breakers = Breakers::default();
        for number in 0..20 {
            breakers.fail(key(), at(0));
            if number % 5 == 0 {
                breakers.succeed(&key());
            }
        }
        assert_eq!(breakers.admit(&key(), at(0)), Ok(()));
    }

    #[test]
    fn one_request_tries_and_decides_for_all() {
        let mut breakers = broken();
        assert_eq!(breakers.admit(&key(), at(60)), Ok(()));
        assert_eq!(breakers.admit(&key(), at(60)), Err(at(63)));
        breakers.fail(key(), at(61));
        assert_eq!(breakers.admit(&key(), at(120)), Err(at(121)));
        assert_eq!(breakers.admit(&key(), at(121)), Ok(()));
        breakers.succeed(&key());
        assert_eq!(breakers.admit(&key(), at(121)), Ok(()));
        assert!(breakers.is_empty());
    }

    #[test]
    fn one_that_is_never_heard_of_again_does_not_keep_others_out() {
        let mut breakers = broken();
        assert_eq!(breakers.admit(&key(), at(60)), Ok(()));
        assert_eq!(breakers.admit(&key(), at(68)), Err(at(69)));
        assert_eq!(breakers.admit(&key(), at(69)), Ok(()));
    }

    #[test]
    fn what_was_under_way_when_a_breaker_opened_changes_nothing() {
        let mut breakers = broken();
        breakers.fail(key(), at(30));
        breakers.succeed(&key());
        assert_eq!(breakers.admit(&key(), at(31)), Err(at(60)));
    }

    #[test]
    fn an_endpoint_that_is_gone_leaves_nothing() {
        let mut breakers = broken();
        breakers.forget("endpoint");
        assert!(breakers.is_empty());
    }
}
