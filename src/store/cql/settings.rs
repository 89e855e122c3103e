//! The client's settings, and the session that they make.
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::{ExecutionProfile, ExecutionProfileHandle};
use scylla::client::session_builder::SessionBuilder;
use scylla::client::{PoolSize, SelfIdentity};
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::statement::Consistency;

use crate::abi::{self, KckCqlSettings};
use crate::retry::CountingRetryPolicy;
use crate::tls;

// How soon a node that is there and says nothing is given up: its connections are asked after so much silence, and
// closed when the answer stays out for longer than any pause of a node that is well.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
const SCHEMA_AGREEMENT_TIMEOUT: Duration = Duration::from_secs(30);

pub struct Settings {
    pub contact_points: String,
    pub local_datacenter: Option<String>,
    pub connect_timeout: Duration,
    login: Option<(String, String)>,
    tls: bool,
    ca_file: Option<String>,
    verify_host: bool,
    connections_per_host: NonZeroUsize,
    pub retry_policy: Arc<CountingRetryPolicy>,
    plain: ExecutionProfileHandle,
    /// For idempotent reads, where a second node is asked after a while.
    pub speculative: Option<ExecutionProfileHandle>,
}

impl Settings {
    /// # Safety
    /// The texts of `raw` are null or end with a zero byte.
    pub unsafe fn of(raw: &KckCqlSettings) -> Self {
        let text = |pointer| unsafe { abi::text(pointer) };
        let retry_policy = Arc::new(CountingRetryPolicy::default());
        let profile = ExecutionProfile::builder()
            .request_timeout(Some(Duration::from_millis(raw.request_timeout_ms.into())))
            .consistency(consistency(raw.consistency).unwrap_or_default())
            .retry_policy(Arc::clone(&retry_policy) as _)
            .build();
        let speculative = (raw.speculative_delay_ms > 0).then(|| {
            let policy = SimpleSpeculativeExecutionPolicy {
                max_retry_count: 1,
                retry_interval: Duration::from_millis(raw.speculative_delay_ms.into()),
            };
            profile.to_builder().speculative_execution_policy(Some(Arc::new(policy))).build().into_handle()
        });
        Settings {
            contact_points: text(raw.contact_points).unwrap_or_default(),
            local_datacenter: text(raw.local_datacenter),
            connect_timeout: Duration::from_millis(raw.connect_timeout_ms.into()),
            login: text(raw.user).map(|user| (user, text(raw.password).unwrap_or_default())),
            tls: raw.tls != 0,
            ca_file: text(raw.ca_file),
            verify_host: raw.verify_host != 0,
            connections_per_host: NonZeroUsize::new(raw.connections_per_host as usize).unwrap_or(NonZeroUsize::MIN),
            retry_policy,
            plain: profile.into_handle(),
            speculative,
        }
    }

    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.contact_points.split(',').filter(|node| !node.is_empty())
    }

    /// A message where a file of certificates cannot be read.
    pub fn builder(&self) -> Result<SessionBuilder, String> {
        let mut builder = SessionBuilder::new()
            .known_nodes(self.nodes())
            .pool_size(PoolSize::PerHost(self.connections_per_host))
            .default_execution_profile_handle(self.plain.clone())
            .connection_timeout(self.connect_timeout)
            .hostname_resolution_timeout(Some(self.connect_timeout))
            .metadata_request_clientside_timeout(self.connect_timeout)
            .keepalive_interval(KEEPALIVE_INTERVAL)
            .keepalive_timeout(KEEPALIVE_TIMEOUT)
            .schema_agreement_timeout(SCHEMA_AGREEMENT_TIMEOUT)
            // Only what says where a key's replicas are.
            .fetch_full_schema_metadata(false)
            .driver_config_reporting(false)
            .custom_identity(SelfIdentity::new().with_application_name("kck"));
        if let Some((user, password)) = &self.login {
            builder = builder.user(user, password);
        }
        if let Some(name) = &self.local_datacenter {
            builder = builder.prefer_datacenter(name.clone());
        }
        if self.tls {
            builder = builder.tls_context(Some(tls::context(self.ca_file.as_deref(), self.verify_host)?));
        }
        Ok(builder)
    }
}

/// A consistency by its number in the protocol; none for any other number.
pub fn consistency(number: u16) -> Option<Consistency> {
    Consistency::try_from(number).ok()
}
