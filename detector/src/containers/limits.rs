//! How much is kept of what an engine says of a container: its labels, its mounts and its names are chosen by whoever
//! makes it.

use std::collections::BTreeMap;

use lanner_event::{Container, Mount, Probe};

/// How long a text may be, in bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// How long the texts of one kind may be together, such as labels or mounts, in bytes.
const LIST_BYTES_MAX: usize = 64 << 10;

/// Cuts what is too long; says whether anything was.
pub fn cut(container: &mut Container) -> bool {
    // All fields by name, so that none is forgotten.
    let Container {
        full_id,
        name,
        engine,
        image,
        image_id,
        image_repository,
        image_tag,
        image_digest,
        privileged: _,
        mounts,
        labels,
        environment,
        created: _,
        ip,
        host_pid: _,
        host_network: _,
        host_ipc: _,
        healthcheck,
        liveness_probe,
        readiness_probe,
        pod_sandbox_id,
        pod_labels,
        pod_cni,
        source: _,
    } = container;
    let texts = [
        full_id,
        name,
        engine,
        image,
        image_id,
        image_repository,
        image_tag,
        image_digest,
        ip,
        pod_sandbox_id,
        pod_cni,
    ];
    let mut was_cut = false;
    texts.into_iter().for_each(|text| was_cut |= cut_text(text));
    [labels, environment, pod_labels].into_iter().for_each(|map| was_cut |= cut_map(map));
    [healthcheck, liveness_probe, readiness_probe].into_iter().for_each(|probe| was_cut |= cut_probe(probe));
    was_cut | cut_mounts(mounts)
}

fn cut_text(text: &mut Box<str>) -> bool {
    if text.len() <= TEXT_BYTES_MAX {
        return false;
    }
    let end = (0..=TEXT_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    *text = text[..end].into();
    true
}

/// What is left for a list.
struct Room(usize);

impl Room {
    /// Whether there is room for that much more.
    fn takes(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// A label without its whole name would be another, so that it is left out; a value may be cut.
fn cut_map(map: &mut BTreeMap<Box<str>, Box<str>>) -> bool {
    let (before, mut room, mut was_cut) = (map.len(), Room(LIST_BYTES_MAX), false);
    map.retain(|name, value| {
        was_cut |= cut_text(value);
        name.len() <= TEXT_BYTES_MAX && room.takes(name.len() + value.len())
    });
    was_cut || map.len() < before
}

/// A command without its end would be another, so that it is left out.
fn cut_probe(probe: &mut Option<Probe>) -> bool {
    let bytes = |probe: &Probe| probe.iter().map(|word| word.len() + 1).sum::<usize>();
    let is_long = probe.as_ref().is_some_and(|probe| bytes(probe) > TEXT_BYTES_MAX);
    if is_long {
        *probe = None;
    }
    is_long
}

/// A mount that isn't whole would be another, so that it is left out.
fn cut_mounts(mounts: &mut Vec<Mount>) -> bool {
    let (before, mut room) = (mounts.len(), Room(LIST_BYTES_MAX));
    mounts.retain(|Mount { source, dest, mode, rw: _, propagation }| {
        let texts = [source, dest, mode, propagation];
        texts.iter().all(|text| text.len() <= TEXT_BYTES_MAX)
            && room.takes(texts.iter().map(|text| text.len()).sum::<usize>() + size_of::<Mount>())
    });
    mounts.len() < before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_cut_or_left_out() {
        let long = || "é".repeat(TEXT_BYTES_MAX);
        let mut known = Container { name: long().into(), ..Container::default() };
        let word = |number: usize| Box::<str>::from(format!("{number:04}").repeat(250));
        known.labels = (0..200).map(|number| (word(number), long().into())).collect();
        known.liveness_probe = Some(vec!["sh".into(), long().into()]);
        known.readiness_probe = Some(vec!["sh".into()]);
        let mount = |source: Box<str>| Mount { source, dest: "/a".into(), ..Mount::default() };
        known.mounts = [mount("/b".into()), mount(long().into())].into();
        known.mounts.extend((0..1000).map(|number| mount(word(number))));
        assert!(cut(&mut known));
        assert_eq!((known.name.len(), known.mounts.len() < 100), (TEXT_BYTES_MAX, true));
        assert_eq!((&*known.mounts[0].source, known.mounts[1].source.len()), ("/b", 1000));
        assert_eq!((known.labels.len(), known.labels[&word(0)].len()), (12, TEXT_BYTES_MAX));
        assert_eq!(
            (known.liveness_probe.as_ref(), known.readiness_probe.as_ref().map(Vec::len)),
            (None, Some(1))
        );
        assert!(!cut(&mut known), "once is enough");
        assert!(!cut(&mut Container::default()));
    }
}
