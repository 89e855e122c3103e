//! The client: a runtime with its threads, and a session once there is a cluster.
use std::ffi::c_void;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use scylla::client::session::Session;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::abi::{KckCqlCounts, KckCqlDone, KckCqlSettings};
use crate::done::Done;
use crate::result::Outcome;
use crate::settings::Settings;
use crate::status::{self, Status};

// How long a close waits for the driver's threads, which end at their next step.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Client {
    pub settings: Arc<Settings>,
    session: Arc<OnceLock<Arc<Session>>>,
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

impl Client {
    /// Runs `work` on a thread of the driver. What holds a `Done` in it is dropped, and so called back, where it panics or
    /// the client is closed.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(work));
    }

    /// The session, with the duty to call back; without a session that duty is done here.
    pub fn connected(&self, done: Done) -> Option<(Arc<Session>, Done)> {
        match self.session.get() {
            Some(session) => Some((Arc::clone(session), done)),
            None => {
                let message = format!("Cassandra at {} has not been reached yet", self.settings.contact_points);
                self.spawn(async move { done.finish(Outcome::failed(Status::Unavailable, message)) });
                None
            }
        }
    }
}

async fn connect(settings: &Settings, slot: &OnceLock<Arc<Session>>) -> Outcome {
    if slot.get().is_some() {
        return Outcome::ok();
    }
    let builder = match settings.builder() {
        Ok(builder) => builder,
        Err(message) => return Outcome::failed(Status::BadRequest, message),
    };
    // Nodes are asked one after the other, and what was found is read then.
    let limit = settings.connect_timeout * (settings.nodes().count() as u32 + 1);
    let session = match tokio::time::timeout(limit, builder.build()).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => {
            let (status, message) = status::of_connect(&error, &settings.contact_points);
            return Outcome::failed(status, message);
        }
        Err(_) => {
            let message = format!("no connection to {} within {} ms", settings.contact_points, limit.as_millis());
            return Outcome::failed(Status::Timeout, message);
        }
    };
    if let Some(message) = wrong_datacenter(settings, &session) {
        return Outcome::failed(Status::BadRequest, message);
    }
    let _ = slot.set(Arc::new(session)); // of two that connect at once, the first one's session stays
    Outcome::ok()
}

/// The driver would find no node for any request, and would not say why.
fn wrong_datacenter(settings: &Settings, session: &Session) -> Option<String> {
    let wanted = settings.local_datacenter.as_deref()?;
    let state = session.get_cluster_state();
    let mut names: Vec<&str> = state.get_nodes_info().iter().filter_map(|node| node.datacenter.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    (!names.contains(&wanted))
        .then(|| format!("no node is in data centre {wanted}: the cluster has {}", names.join(", ")))
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_open(settings: *const KckCqlSettings) -> *mut Client {
    let raw = unsafe { &*settings };
    let runtime = Builder::new_multi_thread()
        .worker_threads(raw.threads.max(1) as usize)
        .thread_name("kck-cql")
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return std::ptr::null_mut();
    };
    Box::into_raw(Box::new(Client {
        settings: Arc::new(unsafe { Settings::of(raw) }),
        session: Arc::default(),
        handle: runtime.handle().clone(),
        runtime: Mutex::new(Some(runtime)),
    }))
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_connect(client: *const Client, call: KckCqlDone, user: *mut c_void) {
    let client = unsafe { &*client };
    let done = Done::new(call, user);
    let (settings, slot) = (Arc::clone(&client.settings), Arc::clone(&client.session));
    client.spawn(async move { done.finish(connect(&settings, &slot).await) });
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_counts(client: *const Client, counts: *mut KckCqlCounts) {
    let client = unsafe { &*client };
    let counts = unsafe { &mut *counts };
    *counts = KckCqlCounts { retries: client.settings.retry_policy.retries(), nodes_known: 0, nodes_up: 0 };
    if let Some(session) = client.session.get() {
        let state = session.get_cluster_state();
        let nodes = state.get_nodes_info();
        counts.nodes_known = nodes.len() as u32;
        counts.nodes_up = nodes.iter().filter(|node| node.is_connected()).count() as u32;
    }
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_close(client: *const Client) {
    let client = unsafe { &*client };
    let runtime = client.runtime.lock().ok().and_then(|mut slot| slot.take());
    if let Some(runtime) = runtime {
        runtime.shutdown_timeout(CLOSE_TIMEOUT);
    }
}

/// # Safety
/// As kck_cql.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kck_cql_free(client: *mut Client) {
    if !client.is_null() {
        unsafe { kck_cql_close(client) };
        drop(unsafe { Box::from_raw(client) });
    }
}
