//! Users and groups by number.

use std::sync::{Arc, LazyLock};

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

/// Users and groups: the host's, or a container's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Users {
    /// Users by number.
    pub users: HashMap<u32, User>,
    /// The names of groups by number.
    pub groups: HashMap<u32, Box<[u8]>>,
}

/// What user and group 0 are where no file says otherwise, as in an image without any; so does Falco.
static ROOT: LazyLock<User> =
    LazyLock::new(|| User { name: (*b"root").into(), home: (*b"/root").into(), shell: Box::default() });

impl Users {
    /// A user by number. Number 0 is `root` where nothing else is known of it.
    pub fn user(&self, uid: u32) -> Option<&User> {
        self.users.get(&uid).or_else(|| (uid == 0).then(|| &*ROOT))
    }

    /// The name of a group by number. Number 0 is `root` where nothing else is known of it.
    pub fn group(&self, gid: u32) -> Option<&[u8]> {
        self.groups.get(&gid).map(|name| &**name).or_else(|| (gid == 0).then(|| &*ROOT.name))
    }

    /// Those of some numbers alone.
    pub fn only(&self, uids: impl Iterator<Item = u32>, gids: impl Iterator<Item = u32>) -> Users {
        Users {
            users: uids.filter_map(|uid| Some((uid, self.users.get(&uid)?.clone()))).collect(),
            groups: gids.filter_map(|gid| Some((gid, self.groups.get(&gid)?.clone()))).collect(),
        }
    }
}

/// How much is known of the users and groups of a container, which has files of its own that say so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum UsersState {
    /// They are being read.
    Pending,
    /// They were read.
    Known(Arc<Users>),
    /// They could not be read.
    #[default]
    Unavailable,
}
