//! Repeatable noise.

/// A linear congruential generator (Knuth's MMIX constants), of which the upper bits are used.
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    pub(crate) fn seeded(seed: u64) -> Self {
        let mut noise = Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) };
        // Neighbouring seeds begin alike.
        for _ in 0..8 {
            let _discarded = noise.uniform();
        }
        noise
    }

    /// Between 0 and 1.
    fn uniform(&mut self) -> f64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal, with mean 0 and variance 1 (Irwin and Hall).
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A first-order autoregressive series around `mean`, whose values have this coefficient of variation.
    pub(crate) fn series(&mut self, n: usize, mean: f64, variation: f64, phi: f64) -> Vec<f64> {
        let innovation = (1.0 - phi * phi).sqrt();
        let mut value = self.normal();
        (0..n)
            .map(|_| {
                value = phi * value + innovation * self.normal();
                mean * (1.0 + variation * value)
            })
            .collect()
    }
}
