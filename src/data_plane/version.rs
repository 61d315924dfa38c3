//! Which Envoy is modelled, where its releases differ in what they do to traffic.

/// A minor release of Envoy 1; the newest that was compared with the binary by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnvoyVersion {
    minor: u16,
}

// === impl EnvoyVersion ===

impl EnvoyVersion {
    /// Envoy 1.40.
    pub const NEWEST: Self = Self { minor: 40 };

    /// Builds Envoy 1.`minor`; releases above the newest known one behave like that one.
    #[must_use]
    pub const fn minor(minor: u16) -> Self {
        Self { minor }
    }

    /// Returns the streams that an HTTP/2 connection carries at a time, unless a setting says so.
    #[must_use]
    pub const fn http2_streams(self) -> u32 {
        if self.minor >= 36 { 1024 } else { (1 << 31) - 1 }
    }

    /// Tells whether the largest share of ejected hosts holds for the first ejection too (E-134).
    #[must_use]
    pub const fn caps_first_ejection(self) -> bool {
        self.minor >= 28
    }

    /// Tells whether weighted turns start anywhere in their cycle (E-77).
    #[must_use]
    pub const fn starts_anywhere_in_cycle(self) -> bool {
        self.minor >= 30
    }
}

impl Default for EnvoyVersion {
    fn default() -> Self {
        Self::NEWEST
    }
}
