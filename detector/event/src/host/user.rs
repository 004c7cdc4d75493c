//! Users and groups by number.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// A user, as in passwd(5).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct User {
    /// The login name.
    pub name: Box<[u8]>,
    /// The home directory.
    pub home: Box<[u8]>,
    /// The login shell.
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
