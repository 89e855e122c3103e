//! What is tried again: what the driver's default policy would, if the statement is idempotent and no part of a
//! lightweight transaction. A read at a serial level, of which that policy tries nothing again, goes to another node
//! where the connection was lost. No policy here lowers a consistency.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scylla::errors::RequestAttemptError;
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
        if !info.is_idempotent {
            return RetryDecision::DontRetry;
        }
        let lost = matches!(info.error, RequestAttemptError::BrokenConnectionError(_));
        let decision = match info.consistency.is_serial() {
            true if lost => RetryDecision::RetryNextTarget(None),
            true => RetryDecision::DontRetry,
            false => self.inner.decide_should_retry(info),
        };
        if decision != RetryDecision::DontRetry {
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
        decision
    }

    fn reset(&mut self) {
        self.inner.reset();
    }
}
