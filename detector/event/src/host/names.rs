//! Names of hosts with their addresses, resolved before they're needed: nothing is asked while an event is judged.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// How many addresses are kept, over all names.
pub const ADDRESSES_MAX: usize = 4096;

/// The names that rules name, by the addresses they had when they were last resolved. Whoever loads rules resolves
/// their names and keeps this up to date; what `fd.sip.name` and its kin read is here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names {
    by_address: BTreeMap<IpAddr, Vec<Box<str>>>,
}

impl Names {
    /// Notes the addresses of a name, in place of those it had. Says how many had no room any more.
    pub fn set(&mut self, name: &str, addresses: &[IpAddr]) -> usize {
        self.by_address.retain(|_, names| {
            names.retain(|known| **known != *name);
            !names.is_empty()
        });
        let mut room = ADDRESSES_MAX - self.by_address.values().map(Vec::len).sum::<usize>();
        let mut without_room = 0;
        for address in addresses {
            let known = self.by_address.get(&address.to_canonical());
            if known.is_some_and(|names| names.iter().any(|known| **known == *name)) {
                continue;
            }
            if room == 0 {
                without_room += 1;
                continue;
            }
            room -= 1;
            self.by_address.entry(address.to_canonical()).or_default().push(name.into());
        }
        without_room
    }

    /// The names that have an address, in the order in which they were noted.
    pub fn of(&self, address: IpAddr) -> &[Box<str>] {
        self.by_address.get(&address).map_or(&[], Vec::as_slice)
    }

    /// What is known of these addresses alone.
    pub fn only(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Names {
        let known = |address| Some((address, self.by_address.get(&address)?.clone()));
        Names { by_address: addresses.into_iter().filter_map(known).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_names_until_they_are_resolved_again() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut names = Names::default();
        assert_eq!(names.set("a.example", &[ip("10.0.0.1"), ip("::ffff:10.0.0.1"), ip("fd00::1")]), 0);
        names.set("b.example", &[ip("10.0.0.1")]);
        let of = |names: &Names, address| -> Vec<String> {
            names.of(ip(address)).iter().map(|name| name.to_string()).collect()
        };
        assert_eq!(of(&names, "10.0.0.1"), ["a.example", "b.example"]);
        assert_eq!(of(&names, "10.0.0.2"), [""; 0]);
        assert_eq!(of(&names.only([ip("fd00::1"), ip("fd00::1")]), "fd00::1"), ["a.example"]);
        names.set("a.example", &[ip("10.0.0.2")]);
        assert_eq!((of(&names, "10.0.0.1"), of(&names, "fd00::1")), (vec!["b.example".to_owned()], vec![]));
        assert_eq!(of(&names, "10.0.0.2"), ["a.example"]);
    }

    #[test]
    fn there_is_an_end_to_them() {
        let mut names = Names::default();
        let many: Vec<IpAddr> =
            (0..ADDRESSES_MAX as u32 + 3).map(|at| IpAddr::V4(at.to_be_bytes().into())).collect();
        assert_eq!(names.set("a", &many), 3);
        assert_eq!(names.set("", &many[..1]), 1);
        assert_eq!(names.set("a", &[]), 0);
        assert_eq!(names, Names::default());
    }
}
