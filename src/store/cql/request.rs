//! Requests: each is bound in the caller's thread and sent from the driver's.
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use scylla::errors::ExecutionError;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::bound::BoundStatement;
use scylla::statement::unprepared::Statement as Query;
use scylla::statement::{Consistency, SerialConsistency};

use crate::abi::{self, KckCqlBatchItem, KckCqlCell, KckCqlDone, KckCqlOptions};
use crate::cells::{BorrowedRow, OwnedRow};
use crate::client::Client;
use crate::done::Done;
use crate::result::Outcome;
use crate::settings::consistency;
use crate::statement::Statement;
use crate::status::{self, Status};

const NO_TIMESTAMP: i64 = i64::MIN;

// The driver's bound, batch and unprepared statements have the same setters, and no trait that says so.
macro_rules! set_options {
    ($target:expr, $options:expr, $idempotent:expr) => {
        if let Some(consistency) = consistency($options.consistency) {
            $target.set_consistency(consistency);
        }
        if let Some(serial) = serial_consistency($options.serial_consistency) {
            $target.set_serial_consistency(Some(serial));
        }
        if $options.timestamp_us != NO_TIMESTAMP {
            $target.set_timestamp(Some($options.timestamp_us));
        }
        if $options.timeout_ms > 0 {
            $target.set_request_timeout(Some(Duration::from_millis($options.timeout_ms.into())));
        }
        $target.set_is_idempotent($idempotent);
    };
}

fn serial_consistency(number: u16) -> Option<SerialConsistency> {
    match consistency(number)? {
        Consistency::Serial => Some(SerialConsistency::Serial),
        Consistency::LocalSerial => Some(SerialConsistency::LocalSerial),
        _ => None,
    }
}

fn outcome(result: Result<(QueryResult, PagingStateResponse), ExecutionError>) -> Outcome {
    match result {
        Ok((result, paging)) => Outcome::of(result, paging),
        Err(error) => Outcome::failed(status::of_execution(&error), status::words(&error)),
    }
}

fn whole(result: Result<QueryResult, ExecutionError>) -> Outcome {
    outcome(result.map(|result| (result, PagingStateResponse::NoMorePages)))
}

/// A panic ends here, and not in C++: what it held of `Done` has called back by then.
fn guarded(work: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(work));
}

fn bind(
    client: &Client,
    statement: &Statement,
    cells: &[KckCqlCell],
    options: &KckCqlOptions,
) -> Result<BoundStatement, String> {
    let mut bound = statement.prepared.clone().bind(&BorrowedRow(cells)).map_err(|error| error.to_string())?;
    let serial_read = consistency(options.consistency).is_some_and(|consistency| consistency.is_serial());
    let idempotent = options.idempotent != 0 && !statement.conditional;
    set_options!(bound, options, idempotent);
    if options.page_size > 0 {
        bound.set_page_size(options.page_size.min(i32::MAX as u32) as i32);
    }
    if statement.select && idempotent && !serial_read && client.settings.speculative.is_some() {
        bound.set_execution_profile_handle(client.settings.speculative.clone());
    }
    Ok(bound)
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_execute(
    client: *const Client,
    statement: *const Statement,
    cells: *const KckCqlCell,
    cells_size: usize,
    options: *const KckCqlOptions,
    call: KckCqlDone,
    user: *mut c_void,
) {
    let (client, statement, options) = unsafe { (&*client, &*statement, &*options) };
    let done = Done::new(call, user);
    guarded(move || {
        let Some((session, done)) = client.connected(done) else {
            return;
        };
        let bound = match bind(client, statement, unsafe { abi::slice(cells, cells_size) }, options) {
            Ok(bound) => bound,
            Err(message) => {
                return client.spawn(async move { done.finish(Outcome::failed(Status::BadRequest, message)) });
            }
        };
        if options.page_size == 0 {
            return client.spawn(async move { done.finish(whole(session.execute_bound_unpaged(&bound).await)) });
        }
        let state = match unsafe { abi::slice(options.paging_state, options.paging_state_size) } {
            [] => PagingState::start(),
            bytes => PagingState::new_from_raw_bytes(bytes),
        };
        client.spawn(async move { done.finish(outcome(session.execute_bound_single_page(&bound, state).await)) });
    });
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_batch(
    client: *const Client,
    items: *const KckCqlBatchItem,
    items_size: usize,
    options: *const KckCqlOptions,
    call: KckCqlDone,
    user: *mut c_void,
) {
    let (client, options) = unsafe { (&*client, &*options) };
    let done = Done::new(call, user);
    guarded(move || {
        let Some((session, done)) = client.connected(done) else {
            return;
        };
        let mut batch = Batch::new(BatchType::Unlogged);
        let mut rows = Vec::with_capacity(items_size);
        let mut idempotent = options.idempotent != 0;
        for item in unsafe { abi::slice(items, items_size) } {
            let statement = unsafe { &*item.statement };
            batch.append_statement(statement.prepared.clone());
            rows.push(unsafe { OwnedRow::copy(abi::slice(item.cells, item.cells_size)) });
            idempotent &= !statement.conditional;
        }
        set_options!(batch, options, idempotent);
        client.spawn(async move { done.finish(whole(session.batch(&batch, rows).await)) });
    });
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_query(
    client: *const Client,
    cql: *const c_char,
    options: *const KckCqlOptions,
    call: KckCqlDone,
    user: *mut c_void,
) {
    let (client, options) = unsafe { (&*client, &*options) };
    let Some((session, done)) = client.connected(Done::new(call, user)) else {
        return;
    };
    let mut query = Query::new(unsafe { abi::text(cql) }.unwrap_or_default());
    set_options!(query, options, options.idempotent != 0);
    client.spawn(async move { done.finish(whole(session.query_unpaged(query, ()).await)) });
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_await_schema_agreement(client: *const Client, call: KckCqlDone, user: *mut c_void) {
    let client = unsafe { &*client };
    let Some((session, done)) = client.connected(Done::new(call, user)) else {
        return;
    };
    client.spawn(async move {
        done.finish(match session.await_schema_agreement().await {
            Ok(_) => Outcome::ok(),
            Err(error) => Outcome::failed(status::of_agreement(&error), error.to_string()),
        });
    });
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_panic(client: *const Client, call: KckCqlDone, user: *mut c_void) {
    let client = unsafe { &*client };
    let done = Done::new(call, user);
    client.spawn(async move {
        let _done = done;
        panic!("asked for by a test");
    });
}
