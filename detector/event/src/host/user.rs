//! Users and groups by number.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// A user, as in passwd(5).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct User {
    /// The login name.
    #[serde(with = "crate::text")]
    pub name: Box<[u8]>,
    /// The home directory.
    #[serde(with = "crate::text")]
    pub home: Box<[u8]>,
    /// The login shell.
    #[serde(with = "crate::text")]
    pub shell: Box<[u8]>,
}

/// The host's users and groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Users {
    /// Users by number.
    pub users: HashMap<u32, User>,
    /// The names of groups by number.
    pub groups: HashMap<u32, Box<[u8]>>,
}
