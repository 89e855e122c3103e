//! TLS by the system's OpenSSL, which the process links in any case.
use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslMethod, SslVerifyMode};
use openssl::x509::X509VerifyResult;
use scylla::client::session::OpenSsl010Config;

// X509_V_ERR_IP_ADDRESS_MISMATCH: the driver knows nodes by address, and holds the certificate against that.
const WRONG_ADDRESS: i32 = 64;

/// `ca_file` replaces the system's authorities. Without `verify_host`, a certificate must come from such an authority,
/// but may be of another address.
pub fn context(ca_file: Option<&str>, verify_host: bool) -> Result<OpenSsl010Config, String> {
    build(ca_file, verify_host).map(OpenSsl010Config::new).map_err(|error| match ca_file {
        Some(file) => format!("{file}: not a file of certificates in PEM form: {error}"),
        None => format!("TLS cannot be set up: {error}"),
    })
}

fn build(ca_file: Option<&str>, verify_host: bool) -> Result<SslConnectorBuilder, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    if let Some(file) = ca_file {
        builder.set_cert_store(openssl::x509::store::X509StoreBuilder::new()?.build());
        builder.set_ca_file(file)?;
    }
    if !verify_host {
        builder.set_verify_callback(SslVerifyMode::PEER, |good, context| {
            good || context.error().as_raw() == WRONG_ADDRESS && {
                context.set_error(X509VerifyResult::OK);
                true
            }
        });
    }
    Ok(builder)
}
