//! Prepared statements.
use std::ffi::{c_char, c_void};

use scylla::statement::prepared::PreparedStatement;

use crate::abi::{self, KckCqlDone};
use crate::client::Client;
use crate::cql_words;
use crate::done::Done;
use crate::result::Outcome;
use crate::status::{self, Status};

pub struct Statement {
    pub prepared: PreparedStatement,
    pub select: bool,
    pub conditional: bool, // a lightweight transaction
}

impl Statement {
    fn new(mut prepared: PreparedStatement, cql: &str) -> Self {
        let select = cql_words::is_select(cql);
        // The columns of a SELECT that names them stay what they are, so answers need not repeat them. A lightweight
        // transaction's answer has other columns when it is not applied.
        prepared.set_use_cached_result_metadata(select);
        Statement { prepared, select, conditional: cql_words::is_conditional(cql) }
    }
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_prepare(
    client: *const Client,
    cql: *const c_char,
    call: KckCqlDone,
    user: *mut c_void,
) {
    let client = unsafe { &*client };
    let cql = unsafe { abi::text(cql) }.unwrap_or_default();
    let Some((session, done)) = client.connected(Done::new(call, user)) else {
        return;
    };
    let limit = client.settings.connect_timeout;
    client.spawn(async move {
        let outcome = match tokio::time::timeout(limit, session.prepare(cql.as_str())).await {
            Ok(Ok(prepared)) => Outcome::prepared(Statement::new(prepared, &cql)),
            Ok(Err(error)) => Outcome::failed(status::of_prepare(&error), error.to_string()),
            Err(_) => Outcome::failed(
                Status::Timeout,
                format!("the statement was not prepared within {} ms", limit.as_millis()),
            ),
        };
        done.finish(outcome);
    });
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_statement_free(statement: *mut Statement) {
    if !statement.is_null() {
        drop(unsafe { Box::from_raw(statement) });
    }
}
