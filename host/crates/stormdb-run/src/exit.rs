//! Exit codes: decided once, here.

/// Why the program ends, in the order of precedence when several apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Stopped by this signal after a durable record.
    Signal(u8),
    /// Local or result storage failed.
    Storage,
    /// The target was unavailable past its budget.
    Target,
    /// A verified plugin misbehaved.
    PluginMisbehaved,
    /// A run is complete and missed a threshold.
    ThresholdMissed,
    /// A comparison found a regression.
    Regression,
    /// Usage or configuration.
    Usage,
    /// A plugin was refused; none of its code ran.
    PluginRefused,
    Success,
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Usage => 2,
            Self::PluginRefused => 3,
            Self::PluginMisbehaved => 4,
            Self::Target => 5,
            Self::Storage => 6,
            Self::ThresholdMissed => 8,
            Self::Regression => 9,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }

    /// The one that takes precedence: signal, 6, 5, 4, 8, 9, then the rest.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if self.rank() <= other.rank() { self } else { other }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Signal(_) => 0,
            Self::Storage => 1,
            Self::Target => 2,
            Self::PluginMisbehaved => 3,
            Self::ThresholdMissed => 4,
            Self::Regression => 5,
            Self::Usage => 6,
            Self::PluginRefused => 7,
            Self::Success => 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn precedence_is_signal_storage_target_plugin_threshold() {
        let order = [
            Exit::Signal(2),
            Exit::Storage,
            Exit::Target,
            Exit::PluginMisbehaved,
            Exit::ThresholdMissed,
            Exit::Regression,
            Exit::Success,
        ];
        for pair in order.windows(2) {
            assert_eq!(pair[0].worse(pair[1]), pair[0]);
            assert_eq!(pair[1].worse(pair[0]), pair[0]);
        }
        assert_eq!(order.map(Exit::code), [130, 6, 5, 4, 8, 9, 0]);
    }
}
