//! Containers that engines told of lately, in case they say nothing when they are asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use lanner_event::{Container, ContainerId};

/// How many are kept; the oldest goes first.
const RECENT_MAX: usize = 1024;

/// Those that are kept.
#[derive(Debug, Default)]
pub struct Recent {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: HashMap<ContainerId, Arc<Container>>,
    order: VecDeque<ContainerId>,
}

impl Recent {
    /// Keeps one.
    pub fn put(&self, id: ContainerId, container: Arc<Container>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.by_id.insert(id.clone(), container).is_none() {
            kept.order.push_back(id);
        }
        if kept.order.len() > RECENT_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_id.remove(&oldest);
        }
    }

    /// One of those that are kept.
    pub fn get(&self, id: &str) -> Option<Arc<Container>> {
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
                recent.put(number.to_string().into(), Arc::default());
            }
        }
        assert!(recent.get("0").is_none() && recent.get("1").is_some());
        assert_eq!(recent.kept.lock().unwrap().by_id.len(), RECENT_MAX);
    }
}
