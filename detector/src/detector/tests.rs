use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use lanner_event::{ContainerState, Process};

use super::*;
use crate::containers::{EngineSet, EngineSettings, Settings};
use crate::source::Losses;

/// A source in which nothing happens.
struct Quiet;

impl Source for Quiet {
    fn fill(&mut self, _: &mut EventBatch, _: Duration) -> Result<Status, SourceError> {
        Ok(Status::More)
    }

    fn lost(&self) -> Losses {
        Losses::default()
    }
}

#[test]
fn an_engine_that_comes_back_is_asked_again() {
    let directory = tempfile::tempdir().unwrap();
    let docker_socket = directory.path().join("docker.sock");
    let wait = Duration::from_secs(20);
    let docker = EngineSettings {
        name: "docker".to_owned(),
        enabled: true,
        sockets: Some(vec![docker_socket.clone()]),
    };
    let engines = Engines::start(&Settings { engines: vec![docker], wait }).unwrap();
    let mut detector = Detector::new(State::new("host", false), Arc::default(), engines, wait);
    let id: ContainerId = "ab".into();
    let mut told = Vec::new();
    let mut tend = |detector: &mut Detector, until: ContainerState| {
        let deadline = Instant::now() + wait;
        while detector.state.host.containers.by_id.get(&id) != Some(&until) {
            assert!(Instant::now() < deadline, "{:?}", detector.state.host.containers.by_id);
            detector.tend(&Quiet, &mut |outcome| {
                told.extend(match outcome {
                    Outcome::Alert(alert) => Some(alert.rule.to_string()),
                    _ => None,
                });
                true
            });
            std::thread::yield_now();
        }
    };
    let containers = &mut detector.state.host.containers;
    containers.by_id.insert(id.clone(), ContainerState::Pending);
    containers.by_cgroup.insert(1, Some(id.clone()));
    detector.state.host.processes.insert(Process { pid: 1, cgroup: 1, ..Process::default() });
    let origin = Origin { engines: EngineSet::of(|spec| spec.name == "docker"), user: None };
    detector.engines.ask(&id, origin, Why::Entered);
    tend(&mut detector, ContainerState::Unavailable);
    assert_eq!(detector.report.containers_unanswered, [(("docker", Reason::Absent), 1)].into());

    let listener = UnixListener::bind(&docker_socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{\"Id\":\"ab\"}");
        }
    });
    detector.asked_again = Instant::now().checked_sub(ASK_AGAIN_INTERVAL).unwrap();
    let known = lanner_event::Container {
        full_id: "ab".into(),
        source: docker_socket.display().to_string().into(),
        engine: "docker".into(),
        ..Default::default()
    };
    tend(&mut detector, ContainerState::Known(Arc::new(known)));
    assert_eq!(detector.report.containers_known, [("docker".into(), 1)].into());
    let rules =
        ["Lanner internal: container engine fails", "Lanner internal: container engine answers again"];
    assert_eq!(told, rules);
}
