//! Texts that must not be seen: passwords, tokens, URLs that hold one.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// A text that shows as `***` wherever it is printed, so that no log or error can hold it by accident.
#[derive(Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the receiver.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// That text with every occurrence of the secret replaced: for what a receiver or a library answered,
    /// which may quote what it was sent.
    pub fn hide(&self, text: &str) -> String {
        // A short "secret" is a word like `true` among Kafka's properties; hiding it would garble messages.
        match self.0.len() {
            0..4 => text.to_owned(),
            _ => text.replace(&self.0, "***"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn does_not_show() {
        let secret = Secret::from("hunter22");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.hide("wrong password hunter22!"), "wrong password ***!");
        assert_eq!(Secret::default().hide("text"), "text");
    }
}
