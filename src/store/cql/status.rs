//! The driver's many errors as the few that kck_cql.h knows.
use std::fmt::Display;

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError, MetadataError,
    NewSessionError, PrepareError, RequestAttemptError, SchemaAgreementError,
};

#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok = 0,
    Timeout = 1,
    Unavailable = 2,
    Overloaded = 3,
    BadRequest = 4,
    Auth = 5,
    Aborted = 6,
    Other = 7,
}

/// The error's words, without the keys that Cassandra names where a write is too large: messages hold no keys.
pub fn words(error: &impl Display) -> String {
    let mut words = error.to_string();
    if let Some(keys) = words.find(" Top keys are:") {
        words.truncate(keys);
    }
    words
}

pub fn of_execution(error: &ExecutionError) -> Status {
    match error {
        ExecutionError::RequestTimeout(_) => Status::Timeout,
        ExecutionError::EmptyPlan => Status::Unavailable,
        ExecutionError::ConnectionPoolError(error) => of_pool(error),
        ExecutionError::BadQuery(_) => Status::BadRequest,
        ExecutionError::LastAttemptError(error) => of_attempt(error),
        ExecutionError::PrepareError(error) => of_prepare(error),
        ExecutionError::SchemaAgreementError(error) => of_agreement(error),
        _ => Status::Other,
    }
}

pub fn of_prepare(error: &PrepareError) -> Status {
    match error {
        PrepareError::ConnectionPoolError(error) => of_pool(error),
        PrepareError::AllAttemptsFailed { first_attempt } => of_attempt(first_attempt),
        _ => Status::Other,
    }
}

pub fn of_agreement(error: &SchemaAgreementError) -> Status {
    match error {
        SchemaAgreementError::Timeout(_) => Status::Timeout,
        SchemaAgreementError::ConnectionPoolError(error) => of_pool(error),
        SchemaAgreementError::PrepareError(error) => of_prepare(error),
        SchemaAgreementError::RequestError(error) => of_attempt(error),
        _ => Status::Other,
    }
}

fn of_attempt(error: &RequestAttemptError) -> Status {
    match error {
        RequestAttemptError::DbError(error, _) => of_database(error),
        RequestAttemptError::UnableToAllocStreamId => Status::Overloaded,
        RequestAttemptError::BrokenConnectionError(_) => Status::Unavailable,
        RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => {
            Status::BadRequest
        }
        _ => Status::Other,
    }
}

fn of_database(error: &DbError) -> Status {
    match error {
        DbError::Unavailable { .. } | DbError::IsBootstrapping => Status::Unavailable,
        DbError::ReadTimeout { .. } | DbError::WriteTimeout { .. } => Status::Timeout,
        DbError::Overloaded | DbError::RateLimitReached { .. } => Status::Overloaded,
        DbError::SyntaxError | DbError::Invalid | DbError::AlreadyExists { .. } | DbError::ConfigError => {
            Status::BadRequest
        }
        DbError::AuthenticationError | DbError::Unauthorized => Status::Auth,
        _ => Status::Other,
    }
}

fn of_pool(error: &ConnectionPoolError) -> Status {
    match error {
        ConnectionPoolError::Broken { last_connection_error } => of_connection(last_connection_error),
        _ => Status::Unavailable,
    }
}

fn of_connection(error: &ConnectionError) -> Status {
    match error {
        ConnectionError::ConnectTimeout => Status::Timeout,
        ConnectionError::ConnectionSetupRequestError(error) => match error.get_error() {
            ConnectionSetupRequestErrorKind::DbError(error, _) => of_database(error),
            ConnectionSetupRequestErrorKind::MissingAuthentication => Status::Auth,
            ConnectionSetupRequestErrorKind::BrokenConnection(_) => Status::Unavailable,
            _ => Status::Other,
        },
        _ => Status::Unavailable,
    }
}

/// Why there is no session: status, the place, and the cure.
pub fn of_connect(error: &NewSessionError, contact_points: &str) -> (Status, String) {
    match error {
        NewSessionError::FailedToResolveAnyHostname(hosts) => (
            Status::Unavailable,
            format!("no address is known for {}: check the contact points and the name service", hosts.join(", ")),
        ),
        NewSessionError::EmptyKnownNodesList => {
            (Status::BadRequest, "no contact point is given: name at least one node as host:port".into())
        }
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(pool)) => {
            let status = of_pool(pool);
            let cure = match status {
                Status::Auth => "check user and password",
                _ => "check that a node listens there, with TLS on both sides or on none",
            };
            (status, format!("no connection to {contact_points}: {}: {cure}", innermost(pool)))
        }
        _ => (Status::Other, format!("{contact_points} answers, but its cluster cannot be read: {error}")),
    }
}

fn innermost(error: &ConnectionPoolError) -> String {
    match error {
        ConnectionPoolError::Broken { last_connection_error } => match last_connection_error {
            ConnectionError::ConnectionSetupRequestError(error) => error.get_error().to_string(),
            error => error.to_string(),
        },
        error => error.to_string(),
    }
}
