//! The names of hosts that rules name, resolved again and again on a thread of its own: a name server that doesn't
//! answer delays nothing.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

/// How many names are resolved.
pub const NAMES_MAX: usize = 512;
/// How long a name keeps its addresses before they are looked up again.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);
/// How many answers wait to be taken.
const ANSWERS_MAX: usize = 64;

/// Names being resolved. Without any there is no thread.
#[derive(Default)]
pub struct Names {
    answers: Option<Receiver<(String, Vec<IpAddr>)>>,
    /// Ends the thread when it is dropped.
    _alive: Option<Sender<()>>,
}

impl Names {
    /// Starts to resolve names; those past [`NAMES_MAX`] are never resolved, which is said.
    ///
    /// # Errors
    /// Where the thread can't be started.
    pub fn start(mut names: Vec<String>) -> io::Result<Names> {
        if names.len() > NAMES_MAX {
            let left = names.len() - NAMES_MAX;
            tracing::warn!("rules name {left} hosts more than the {NAMES_MAX} that are resolved");
            names.truncate(NAMES_MAX);
        }
        if names.is_empty() {
            return Ok(Names::default());
        }
        let (sender, answers) = sync_channel(ANSWERS_MAX);
        let (alive, ended) = channel();
        let thread = std::thread::Builder::new().name("lanner-names".to_owned());
        thread.spawn(move || resolve(&names, &sender, &ended))?;
        Ok(Names { answers: Some(answers), _alive: Some(alive) })
    }

    /// A name with the addresses it has now, if one was looked up since.
    pub fn answer(&self) -> Option<(String, Vec<IpAddr>)> {
        self.answers.as_ref()?.try_recv().ok()
    }
}

/// Looks all names up, again and again, until nobody wants them any more. A name that can't be resolved keeps what it
/// had.
fn resolve(names: &[String], answers: &SyncSender<(String, Vec<IpAddr>)>, ended: &Receiver<()>) {
    loop {
        for name in names {
            match (name.as_str(), 0).to_socket_addrs() {
                Ok(found) => {
                    let addresses = found.map(|address| address.ip()).collect();
                    if answers.send((name.clone(), addresses)).is_err() {
                        return;
                    }
                }
                Err(error) => tracing::debug!("{name} can't be resolved: {error}"),
            }
        }
        if ended.recv_timeout(REFRESH_INTERVAL) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved() {
        let names = Names::start(vec!["127.0.0.1".to_owned()]).expect("a thread");
        let answers = names.answers.as_ref().expect("there is a name");
        let (name, addresses) = answers.recv().expect("it is resolved");
        assert_eq!((name.as_str(), addresses), ("127.0.0.1", vec![IpAddr::from([127, 0, 0, 1])]));
        assert!(Names::start(Vec::new()).expect("no thread").answer().is_none());
    }
}
