//! TLS for clients on other machines: a certificate and its key, from files in PEM.

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// What takes TLS connections under this certificate.
///
/// # Errors
/// When a file is none, or the key is not the certificate's.
pub fn acceptor(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| anyhow::anyhow!("{}: {why}", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|why| anyhow::anyhow!("{}: {why}", key.display()))?;
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("{} cannot be used", certificate.display()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
