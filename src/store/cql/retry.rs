//! What is tried again: what the driver's default policy would, if the statement is idempotent and no part of a
//! lightweight transaction. No policy here lowers a consistency.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scylla::policies::retry::{DefaultRetryPolicy, RequestInfo, RetryDecision, RetryPolicy, RetrySession};

#[derive(Debug, Default)]
pub struct CountingRetryPolicy {
    retries: Arc<AtomicU64>,
}

impl CountingRetryPolicy {
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }
}

impl RetryPolicy for CountingRetryPolicy {
    fn new_session(&self) -> Box<dyn RetrySession> {
        let inner = DefaultRetryPolicy::new().new_session();
        Box::new(CountingRetrySession { inner, retries: Arc::clone(&self.retries) })
    }
}

struct CountingRetrySession {
    inner: Box<dyn RetrySession>,
    retries: Arc<AtomicU64>,
}

impl RetrySession for CountingRetrySession {
    fn decide_should_retry(&mut self, info: RequestInfo) -> RetryDecision {
        if !info.is_idempotent || info.consistency.is_serial() {
            return RetryDecision::DontRetry;
        }
        let decision = self.inner.decide_should_retry(info);
        if decision != RetryDecision::DontRetry {
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
        decision
    }

    fn reset(&mut self) {
        self.inner.reset();
    }
}
