//! TLS to the server with rustls: which roots are trusted and what is verified.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as RustlsError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    TargetError,
    endpoint::{Tls, TlsMode},
};

/// The mode for the driver, which knows only whether to encrypt.
pub(crate) fn driver_mode(mode: TlsMode) -> SslMode {
    match mode {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    }
}

/// Builds the connector for `tls`; reads the system's roots when it has to.
pub(crate) fn connector(tls: &Tls) -> Result<MakeRustlsConnect, TargetError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(tls, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TargetError::TlsSetup)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Reads trusted roots from PEM text; each root is returned in DER.
///
/// # Errors
/// `target-tls-roots` when the text is not PEM or holds no certificate.
pub fn roots_from_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, TargetError> {
    let roots = CertificateDer::pem_slice_iter(pem)
        .map(|root| root.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TargetError::TlsRoots { reason: format!("not PEM: {error}") })?;
    if roots.is_empty() {
        return Err(TargetError::TlsRoots { reason: "no certificate in the root file".to_owned() });
    }
    Ok(roots)
}

/// Reads the trusted roots of the system, in DER.
///
/// # Errors
/// `target-tls-roots` when the system has none.
pub fn system_roots() -> Result<Vec<Vec<u8>>, TargetError> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let reason = found.errors.first().map_or_else(
            || "the system has no trusted root certificates; give a root file".to_owned(),
            ToString::to_string,
        );
        return Err(TargetError::TlsRoots { reason });
    }
    Ok(found.certs.iter().map(|der| der.to_vec()).collect())
}

fn verifier(
    tls: &Tls,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TargetError> {
    let name = match (tls.mode, &tls.roots) {
        (TlsMode::Disable | TlsMode::Prefer, _) | (TlsMode::Require, None) => {
            return Ok(Arc::new(AnyCertificate { provider: Arc::clone(provider) }));
        }
        (TlsMode::Require, Some(_)) | (TlsMode::VerifyCa, _) => NameCheck::Skip,
        (TlsMode::VerifyFull, _) => NameCheck::Required,
    };
    let roots = match &tls.roots {
        Some(roots) => roots.clone(),
        None => system_roots()?,
    };
    let roots: Vec<_> = roots.into_iter().map(CertificateDer::from).collect();
    let mut store = RootCertStore::empty();
    for root in &roots {
        // A self-signed server certificate of X.509 version 1 is no trust anchor; it still counts
        // below, by equality.
        let _unusable_as_anchor = store.add(root.clone());
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|error| TargetError::TlsRoots { reason: error.to_string() })?;
    Ok(Arc::new(TrustedChain { chain, roots, name }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameCheck {
    Required,
    Skip,
}

/// Encrypts against listeners and trusts whoever answers: `prefer` and `require` of libpq.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, RustlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Verifies the chain, and the name on request: `verify-ca` and `verify-full` of libpq.
#[derive(Debug)]
struct TrustedChain {
    chain: Arc<WebPkiServerVerifier>,
    roots: Vec<CertificateDer<'static>>,
    name: NameCheck,
}

impl TrustedChain {
    /// A self-signed certificate that is its own root: webpki refuses it as an authority in the
    /// place of a server, libpq takes it. Its dates were checked before that refusal.
    fn is_its_own_root(&self, end_entity: &CertificateDer<'_>, error: &CertificateError) -> bool {
        matches!(error, CertificateError::Other(_))
            && self.roots.iter().any(|root| root.as_ref() == end_entity.as_ref())
    }
}

impl ServerCertVerifier for TrustedChain {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, RustlsError> {
        let verdict = self.chain.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verdict {
            Err(RustlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.name == NameCheck::Skip => Ok(ServerCertVerified::assertion()),
            Err(RustlsError::InvalidCertificate(error))
                if self.is_its_own_root(end_entity, &error) =>
            {
                if self.name == NameCheck::Required {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
