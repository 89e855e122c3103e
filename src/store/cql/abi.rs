//! What crosses the boundary, as kck_cql.h declares it. A change here is a change there.
use std::ffi::{CStr, c_char, c_void};

use crate::statement::Statement;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct KckCqlCell {
    pub data: *const u8,
    pub size: i64, // -1: null
}

impl KckCqlCell {
    pub const NULL: KckCqlCell = KckCqlCell { data: std::ptr::null(), size: -1 };

    pub fn of(bytes: &[u8]) -> Self {
        KckCqlCell { data: bytes.as_ptr(), size: bytes.len() as i64 }
    }

    /// The bytes; none for null.
    ///
    /// # Safety
    /// `data` points to `size` bytes that outlive `'a`.
    pub unsafe fn bytes<'a>(self) -> Option<&'a [u8]> {
        (self.size >= 0).then(|| unsafe { slice(self.data, self.size as usize) })
    }
}

#[repr(C)]
pub struct KckCqlResult {
    pub status: i32,
    pub rows: u32,
    pub columns: u32,
    pub cells: *const KckCqlCell,
    pub message: *const u8,
    pub message_size: usize,
    pub paging_state: *const u8,
    pub paging_state_size: usize,
    pub statement: *mut Statement,
}

pub type KckCqlDone = unsafe extern "C" fn(user: *mut c_void, result: *mut KckCqlResult);

#[repr(C)]
pub struct KckCqlSettings {
    pub contact_points: *const c_char,
    pub user: *const c_char,
    pub password: *const c_char,
    pub ca_file: *const c_char,
    pub local_datacenter: *const c_char,
    pub threads: u32,
    pub connections_per_host: u32,
    pub connect_timeout_ms: u32,
    pub request_timeout_ms: u32,
    pub speculative_delay_ms: u32,
    pub consistency: u16,
    pub tls: u8,
    pub verify_host: u8,
}

#[repr(C)]
pub struct KckCqlOptions {
    pub timestamp_us: i64,
    pub paging_state: *const u8,
    pub paging_state_size: usize,
    pub timeout_ms: u32,
    pub page_size: u32,
    pub consistency: u16,
    pub serial_consistency: u16,
    pub idempotent: u8,
}

#[repr(C)]
pub struct KckCqlBatchItem {
    pub statement: *const Statement,
    pub cells: *const KckCqlCell,
    pub cells_size: usize,
}

#[repr(C)]
pub struct KckCqlCounts {
    pub retries: u64,
    pub nodes_known: u32,
    pub nodes_up: u32,
}

/// A slice of C++: an empty one may have no address.
///
/// # Safety
/// Unless empty, `data` points to `size` values that outlive `'a`.
pub unsafe fn slice<'a, T>(data: *const T, size: usize) -> &'a [T] {
    if size == 0 { &[] } else { unsafe { std::slice::from_raw_parts(data, size) } }
}

/// A copy of a C string; none where the pointer is null.
///
/// # Safety
/// `text` is null or ends with a zero byte.
pub unsafe fn text(text: *const c_char) -> Option<String> {
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
