//! `stormdb trust`: what can be typed.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// List the trusted authors and their keys, and which of these are revoked.
    List {
        #[arg(long, value_name = "FILE")]
        trust_store: Option<PathBuf>,
        /// The trust policy, in place of `trust-policy.toml` beside the trust store.
        #[arg(long, value_name = "FILE")]
        trust_policy: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Trust a key for an author's plugins.
    Add {
        /// Name of the author, as in the manifests.
        author: String,
        /// File of the public key, or the key itself.
        key: String,
        #[arg(long, value_name = "FILE")]
        trust_store: Option<PathBuf>,
        /// The first second at which it is valid: `2030-01-01`, `2030-01-01T12:00:00Z` or `20300101Z`.
        #[arg(long, value_name = "TIME")]
        valid_after: Option<String>,
        /// The last second at which it is valid.
        #[arg(long, value_name = "TIME")]
        valid_before: Option<String>,
        /// What it may sign, in place of plugins alone, such as `stormdb-plugin-v1,git`.
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        namespaces: Vec<String>,
    },
    /// Trust an author's keys no more, or one of them. What they signed is refused from now on.
    Remove {
        author: String,
        /// Its fingerprint, its file, or the key itself; none = all of this author.
        key: Option<String>,
        #[arg(long, value_name = "FILE")]
        trust_store: Option<PathBuf>,
    },
    /// Write into the trust policy that a key, versions of a plugin, or a content are not to be used any more.
    Revoke {
        /// A key (fingerprint, file or the key itself), `NAME@VERSION`, `NAME@"<1.2.3"`, or the SHA-256 of a library or a
        /// manifest.
        what: String,
        /// Shown with the refusal.
        #[arg(long, default_value = "")]
        reason: String,
        #[arg(long, value_name = "FILE")]
        trust_store: Option<PathBuf>,
        /// The trust policy, in place of `trust-policy.toml` beside the trust store.
        #[arg(long, value_name = "FILE")]
        trust_policy: Option<PathBuf>,
    },
    /// Forget which versions of a plugin were accepted, so that an older one may be; mends a lost rollback state.
    Reset {
        /// Name of a plugin.
        plugin: String,
        #[arg(long, value_name = "FILE")]
        trust_store: Option<PathBuf>,
        /// The lock file, in place of `stormdb.lock` beside the trust store.
        #[arg(long, value_name = "FILE")]
        lock: Option<PathBuf>,
    },
}
