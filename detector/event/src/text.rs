//! Bytes written down as texts, where they are: what programs name is seldom anything else, and a person reads it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

/// Writes bytes as a text where they are UTF-8, and as numbers where they aren't.
pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes.as_ref()) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) => serializer.collect_seq(bytes.as_ref()),
    }
}

/// Reads them back.
pub fn deserialize<'de, D: Deserializer<'de>, T: From<Vec<u8>>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Bytes(PhantomData))
}

struct Bytes<T>(PhantomData<T>);

impl<'de, T: From<Vec<u8>>> Visitor<'de> for Bytes<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a text, or bytes as numbers")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(text.as_bytes().to_vec().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<T, A::Error> {
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}
