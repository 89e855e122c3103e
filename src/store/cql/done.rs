//! The duty to call back once.
use std::ffi::c_void;
use std::mem::ManuallyDrop;

use crate::abi::KckCqlDone;
use crate::result::Outcome;
use crate::status::Status;

/// Calls back when it is finished, or else when it is dropped: with its task when the client is closed or was closed
/// before, or when the task panics.
pub struct Done {
    call: KckCqlDone,
    user: *mut c_void,
}

// SAFETY: kck_cql.h lets the callback come from any thread.
unsafe impl Send for Done {}

impl Done {
    pub fn new(call: KckCqlDone, user: *mut c_void) -> Self {
        Done { call, user }
    }

    pub fn finish(self, outcome: Outcome) {
        let done = ManuallyDrop::new(self);
        // SAFETY: the caller of the C interface gave both, and hears of them once.
        unsafe { (done.call)(done.user, outcome.into_raw()) }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        let message = if std::thread::panicking() {
            "the driver failed inside (its words are on the error output); this is a fault of the program"
        } else {
            "the client was closed"
        };
        let outcome = Outcome::failed(Status::Aborted, message.into());
        // SAFETY: as in finish(), which did not run.
        unsafe { (self.call)(self.user, outcome.into_raw()) }
    }
}
