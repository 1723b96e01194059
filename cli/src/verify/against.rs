//! What a file is judged against: the network's id, and a charter that was believed before.

use super::outcome::Reason;
use cairn_ledger::{Charter, NetworkId};
use std::sync::Arc;

/// What whoever verifies brings along.
#[derive(Debug, Clone)]
pub struct Against {
    network: NetworkId,
    known: Option<(Vec<u8>, Arc<Charter>)>,
}

impl Against {
    /// Nothing but the network's id.
    #[must_use]
    pub fn network(network: NetworkId) -> Self {
        Self { network, known: None }
    }

    /// A charter that was verified: files that carry the same one share it, and it costs nothing
    /// to meet it again.
    #[must_use]
    pub fn charter(charter: Arc<Charter>) -> Self {
        Self { network: charter.network(), known: Some((charter.encode(), charter)) }
    }

    /// The network that is asked for.
    #[must_use]
    pub fn id(&self) -> NetworkId {
        self.network
    }

    pub(super) fn judge(&self, charter: &[u8]) -> Result<Arc<Charter>, Reason> {
        match &self.known {
            Some((bytes, known)) if bytes == charter => Ok(known.clone()),
            _ => Ok(Arc::new(Charter::verify(charter, Some(self.network))?)),
        }
    }
}
