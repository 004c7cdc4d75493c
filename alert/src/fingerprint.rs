//! What things that are the same have in common, in a few bytes.

use std::fmt::{self, Write};
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::Value;

/// A hash of a name and of values: the same on every host and in every version, so that it can be compared across
/// restarts and machines. The values are chosen by attackers, who must not be able to find two that look the same: it
/// is the first half of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fingerprint(pub u128);

impl Fingerprint {
    /// That of a name and values.
    pub fn of<'a>(name: &str, values: impl IntoIterator<Item = &'a Value>) -> Fingerprint {
        let mut hash = Hashed(Sha256::new());
        hash.0.update(name.as_bytes());
        for value in values {
            // No text holds this byte.
            hash.0.update([0xff]);
            // Writing to a hash can't fail.
            let _ = write!(hash, "{value}");
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.0.finalize()[..16]);
        Fingerprint(u128::from_be_bytes(half))
    }
}

struct Hashed(Sha256);

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

impl fmt::Display for Fingerprint {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Fingerprint, Self::Err> {
        u128::from_str_radix(text, 16).map(Fingerprint)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_stable_and_keep_values_apart() {
        let of = |name: &str, values: &[&str]| {
            Fingerprint::of(name, &values.iter().map(|text| Value::from(*text)).collect::<Vec<_>>())
        };
        assert_eq!(of("", &[]).to_string(), "e3b0c44298fc1c149afbf4c8996fb924");
        assert_ne!(of("r", &["a", "b"]), of("r", &["ab", ""]));
        assert_ne!(of("r", &["a"]), of("ra", &[]));
        assert_eq!(of("r", &["a", "b"]), of("r", &["a", "b"]));
        let json = serde_json::to_string(&of("", &[])).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), of("", &[]));
    }
}
