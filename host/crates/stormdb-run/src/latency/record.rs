//! A latency histogram as a record keeps it: HDR V2 in base64, which other tools read, and beside
//! it the exact figures that an HDR histogram does not hold.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2Serializer},
};
use serde::{Deserialize, Serialize, de, ser};

use super::{LatencyHistogram, buckets};

/// An HDR histogram of three digits splits every power of two into 1024, so that each of its
/// buckets is within one of ours: nothing is lost on the way there and back.
const SIGNIFICANT_DIGITS: u8 = 3;

/// What is written.
#[derive(Serialize, Deserialize)]
struct Exact {
    hdr: String,
    min_ns: u64,
    max_ns: u64,
    /// Decimal: it may have more than 64 bits.
    sum_ns: String,
    /// Decimal, modulo 2^128.
    sum_of_squares_ns2: String,
}

/// What is read.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Exact(Exact),
    /// Up to format version 1: the HDR histogram alone. Its buckets stand for what was in them.
    Hdr(String),
}

impl Serialize for LatencyHistogram {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let exact = Exact {
            hdr: encode(self)?,
            min_ns: if self.n == 0 { 0 } else { self.min_ns },
            max_ns: self.max_ns,
            sum_ns: self.sum_ns.to_string(),
            sum_of_squares_ns2: self.squares_ns2.to_string(),
        };
        exact.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LatencyHistogram {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Hdr(hdr) => decode(&hdr),
            Written::Exact(exact) => with(decode(&exact.hdr)?, &exact),
        }
    }
}

fn encode<E: ser::Error>(latencies: &LatencyHistogram) -> Result<String, E> {
    // No larger than what is in it, and 2 is the least.
    let highest = latencies.max_ns.saturating_mul(2).max(2);
    let hdr = Histogram::<u64>::new_with_bounds(1, highest, SIGNIFICANT_DIGITS);
    let mut hdr = hdr.map_err(E::custom)?;
    for (bucket, count) in latencies.occupied() {
        hdr.saturating_record_n(buckets::middle(bucket), count);
    }
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(&hdr, &mut bytes).map_err(E::custom)?;
    Ok(STANDARD.encode(bytes))
}

/// The counts, and everything else as the middles of the HDR histogram's buckets have it.
fn decode<E: de::Error>(hdr: &str) -> Result<LatencyHistogram, E> {
    let bytes = STANDARD.decode(hdr).map_err(E::custom)?;
    let hdr: Histogram<u64> =
        Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(E::custom)?;
    let mut latencies = LatencyHistogram::default();
    for step in hdr.iter_recorded() {
        let (value, count) = (step.value_iterated_to(), step.count_at_value());
        if latencies.count().checked_add(count).is_none() {
            return Err(E::custom("a latency histogram has more than 2^64 counts"));
        }
        latencies.record_many(hdr.median_equivalent(value), count);
    }
    Ok(latencies)
}

/// Puts the exact figures in place of those of the buckets.
fn with<E: de::Error>(
    mut latencies: LatencyHistogram,
    exact: &Exact,
) -> Result<LatencyHistogram, E> {
    let disagrees = |name| {
        E::custom(format_args!("`{name}` of a latency histogram does not agree with its counts"))
    };
    let sum_ns = exact.sum_ns.parse().map_err(E::custom)?;
    let squares_ns2 = exact.sum_of_squares_ns2.parse().map_err(E::custom)?;
    if latencies.n == 0 {
        return Ok(latencies);
    }
    for (of_bucket, written, name) in [
        (&mut latencies.min_ns, exact.min_ns, "min_ns"),
        (&mut latencies.max_ns, exact.max_ns, "max_ns"),
    ] {
        // From another bucket, counts would be looked for where there are none.
        if written > buckets::LONGEST_NS || buckets::index(written) != buckets::index(*of_bucket) {
            return Err(disagrees(name));
        }
        *of_bucket = written;
    }
    let n = u128::from(latencies.n);
    let possible = n * u128::from(exact.min_ns)..=n * u128::from(exact.max_ns);
    if !possible.contains(&sum_ns) {
        return Err(disagrees("sum_ns"));
    }
    Ok(LatencyHistogram { sum_ns, squares_ns2, ..latencies })
}
