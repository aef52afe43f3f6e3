//! The range in which an adaptive ladder looks for its bands.

use serde::{Deserialize, Serialize};
use stormdb_analysis::ladder::Axis;
pub use stormdb_analysis::placement::End as SearchEnd;

/// How far an adaptive ladder may go. Every bound is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    pub min_workers: u32,
    pub max_workers: u32,
    pub min_connections: u32,
    pub max_connections: u32,
    /// The most bands, the first ones included and repeats left out.
    pub bands_max: u32,
}

impl Search {
    /// The range of the workers.
    #[must_use]
    pub fn workers(&self) -> Axis {
        Axis { min: self.min_workers, max: self.max_workers }
    }

    /// The connections that belong to so many workers: on the geometric line between the two corners, which keeps
    /// their ratio where both corners have the same.
    #[must_use]
    pub fn connections_of(&self, workers: u32) -> u32 {
        let ends = (f64::from(self.min_workers), f64::from(self.max_workers));
        let (low, high) = (f64::from(self.min_connections), f64::from(self.max_connections));
        if self.min_workers == self.max_workers {
            return self.max_connections;
        }
        let place = (f64::from(workers) / ends.0).ln() / (ends.1 / ends.0).ln();
        let connections = low * (high / low).powf(place);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between the bounds, which are such numbers"
        )]
        let connections = connections.round().clamp(low, high) as u32;
        connections
    }
}

#[cfg(test)]
mod tests {
    use super::Search;

    fn search(workers: (u32, u32), connections: (u32, u32)) -> Search {
        Search {
            min_workers: workers.0,
            max_workers: workers.1,
            min_connections: connections.0,
            max_connections: connections.1,
            bands_max: 8,
        }
    }

    #[test]
    fn connections_keep_the_ratio_of_the_bounds() {
        let double = search((1, 64), (2, 128));
        assert_eq!([1, 7, 30, 64].map(|workers| double.connections_of(workers)), [2, 14, 60, 128]);
        let constant = search((1, 64), (8, 8));
        assert_eq!([1, 7, 64].map(|workers| constant.connections_of(workers)), [8, 8, 8]);
        let one_size = search((5, 5), (3, 9));
        assert_eq!(one_size.connections_of(5), 9);
    }
}
