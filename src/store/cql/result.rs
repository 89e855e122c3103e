//! A result as C++ holds it: the public head of kck_cql.h, and behind it what the head points into.
use std::ops::ControlFlow;
use std::sync::Arc;

use scylla::deserialize::row::ColumnIterator;
use scylla::errors::{DeserializationError, RowsError};
use scylla::response::PagingStateResponse;
use scylla::response::query_result::{QueryResult, QueryRowsResult};

use crate::abi::{KckCqlCell, KckCqlResult};
use crate::statement::Statement;
use crate::status::Status;

#[repr(C)] // the head comes first: its address is the whole's
struct Owned {
    head: KckCqlResult,
    message: String,
    cells: Vec<KckCqlCell>,
    paging_state: Option<Arc<[u8]>>,
    rows: Option<QueryRowsResult>, // holds the frame that the cells point into
}

pub struct Outcome(Box<Owned>);

impl Outcome {
    fn new(status: Status, message: String) -> Self {
        Outcome(Box::new(Owned {
            head: KckCqlResult {
                status: status as i32,
                rows: 0,
                columns: 0,
                cells: std::ptr::null(),
                message: std::ptr::null(),
                message_size: 0,
                paging_state: std::ptr::null(),
                paging_state_size: 0,
                statement: std::ptr::null_mut(),
            },
            message,
            cells: Vec::new(),
            paging_state: None,
            rows: None,
        }))
    }

    pub fn ok() -> Self {
        Self::new(Status::Ok, String::new())
    }

    pub fn failed(status: Status, message: String) -> Self {
        Self::new(status, message)
    }

    pub fn prepared(statement: Statement) -> Self {
        let mut outcome = Self::ok();
        outcome.0.head.statement = Box::into_raw(Box::new(statement));
        outcome
    }

    pub fn of(result: QueryResult, paging: PagingStateResponse) -> Self {
        let mut outcome = Self::ok();
        if let ControlFlow::Continue(state) = paging.into_paging_control_flow() {
            outcome.0.paging_state = state.as_bytes_slice().cloned();
        }
        if !result.is_rows() {
            return outcome;
        }
        let rows = match result.into_rows_result() {
            Ok(rows) => rows,
            Err(error) => return Self::failed(Status::Other, error.to_string()),
        };
        match cells_of(&rows) {
            Ok(cells) => outcome.0.cells = cells,
            Err(message) => return Self::failed(Status::Other, message),
        }
        outcome.0.head.rows = rows.rows_num() as u32;
        outcome.0.head.columns = rows.column_specs().len() as u32;
        outcome.0.rows = Some(rows);
        outcome
    }

    /// For C++, which gives it back to kck_cql_result_free().
    pub fn into_raw(self) -> *mut KckCqlResult {
        let mut owned = self.0;
        owned.head.message = owned.message.as_ptr();
        owned.head.message_size = owned.message.len();
        owned.head.cells = owned.cells.as_ptr();
        if let Some(state) = &owned.paging_state {
            owned.head.paging_state = state.as_ptr();
            owned.head.paging_state_size = state.len();
        }
        Box::into_raw(owned).cast()
    }
}

/// Where each cell lies in the frame, row by row. Nothing is copied.
fn cells_of(rows: &QueryRowsResult) -> Result<Vec<KckCqlCell>, String> {
    let mut cells = Vec::with_capacity(rows.rows_num() * rows.column_specs().len());
    for row in rows.rows::<ColumnIterator>().map_err(|error: RowsError| error.to_string())? {
        let row = row.map_err(|error: DeserializationError| error.to_string())?;
        for column in row {
            let column = column.map_err(|error| error.to_string())?;
            cells.push(column.slice.map_or(KckCqlCell::NULL, |slice| KckCqlCell::of(slice.as_slice())));
        }
    }
    Ok(cells)
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_result_free(result: *mut KckCqlResult) {
    if result.is_null() {
        return;
    }
    // SAFETY: into_raw() made it of a Box<Owned>, and a statement that was not taken is a Box as well.
    let owned = unsafe { Box::from_raw(result.cast::<Owned>()) };
    if !owned.head.statement.is_null() {
        drop(unsafe { Box::from_raw(owned.head.statement) });
    }
}
