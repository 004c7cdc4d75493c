//! Containers that engines told of lately, in case they say nothing when they are asked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;
use lanner_event::ContainerId;

use super::Described;

/// How many are kept; the oldest goes first.
const RECENT_MAX: usize = 1024;

/// Those that are kept.
#[derive(Debug, Default)]
pub struct Recent {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: HashMap<ContainerId, Described>,
    order: VecDeque<ContainerId>,
}

impl Recent {
    /// Keeps one.
    pub fn put(&self, id: ContainerId, described: Described) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.by_id.insert(id.clone(), described).is_none() {
            kept.order.push_back(id);
        }
        if kept.order.len() > RECENT_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_id.remove(&oldest);
        }
    }

    /// One of those that are kept.
    pub fn get(&self, id: &str) -> Option<Described> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first() {
        let recent = Recent::default();
        for number in 0..=RECENT_MAX {
            for _ in 0..2 {
                let described = Described { engine: "docker", container: Default::default(), cut: false };
                recent.put(number.to_string().into(), described);
            }
        }
        assert!(recent.get("0").is_none() && recent.get("1").is_some());
        assert_eq!(recent.kept.lock().unwrap().by_id.len(), RECENT_MAX);
    }
}
