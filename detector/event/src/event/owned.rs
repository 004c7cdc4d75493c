//! Events that stand by themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Details, Event, EventRef, Fd, Path, Slice};
use crate::{Document, Param};

/// An event that was taken out of its batch, to be kept or written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct OwnedEvent {
    event: Event,
    params: Vec<Param>,
    bytes: Vec<u8>,
    /// One at most, as of details.
    documents: Vec<Document>,
    details: Vec<Details>,
    fds: Vec<Fd>,
}

/// An event as it is written down: its parameters by name, so that another version understands it whose kinds have
/// others.
#[derive(Serialize, Deserialize)]
struct Written {
    event: Event,
    params: BTreeMap<String, Param>,
    #[serde(with = "crate::text")]
    bytes: Vec<u8>,
    /// One at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<Document>,
    /// One at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<Details>,
    /// The descriptors that they list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fds: Vec<Fd>,
}

impl From<OwnedEvent> for Written {
    fn from(owned: OwnedEvent) -> Written {
        let rows = owned.event.kind.row().params.iter().zip(owned.params.iter().copied());
        let params = rows.filter(|(_, param)| *param != Param::Missing);
        let params = params.map(|(row, param)| (row.name.to_owned(), param)).collect();
        let OwnedEvent { event, bytes, documents, details, fds, .. } = owned;
        Written { event, params, bytes, documents, details, fds }
    }
}

impl From<Written> for OwnedEvent {
    fn from(written: Written) -> OwnedEvent {
        let rows = written.event.kind.row().params.iter();
        let params: Vec<Param> =
            rows.map(|row| written.params.get(row.name).copied().unwrap_or_default()).collect();
        let slice = Slice { start: 0, len: params.len() as u32 };
        let event = Event { params: slice, ..written.event };
        let Written { bytes, documents, details, fds, .. } = written;
        OwnedEvent { event, params, bytes, documents, details, fds }
    }
}

impl OwnedEvent {
    /// The event.
    pub fn as_ref(&self) -> EventRef<'_> {
        EventRef {
            document: self.documents.first(),
            details: self.details.first(),
            fds: &self.fds,
            ..EventRef::new(&self.event, &self.params, &self.bytes)
        }
    }
}

impl EventRef<'_> {
    /// A copy that stands by itself.
    pub fn to_owned(&self) -> OwnedEvent {
        let mut owned = OwnedEvent {
            event: *self.event,
            params: self.params.to_vec(),
            bytes: Vec::new(),
            documents: self.document.cloned().into_iter().collect(),
            details: self.details.copied().into_iter().collect(),
            fds: Vec::new(),
        };
        owned.event.document = self.document.map(|_| 0);
        owned.event.details = self.details.map(|_| 0);
        for details in &mut owned.details {
            for list in [&mut details.polled, &mut details.standard] {
                let fds = self.fds(*list);
                *list = Slice { start: owned.fds.len() as u32, len: fds.len() as u32 };
                owned.fds.extend_from_slice(fds);
            }
        }
        let mut keep = |slice: &mut Slice| {
            let text = self.bytes(*slice);
            let start = owned.bytes.len() as u32;
            owned.bytes.extend_from_slice(text);
            *slice = Slice { start, len: text.len() as u32 };
        };
        let mut keep_path = |path: &mut Path| {
            keep(&mut path.raw);
            keep(&mut path.given);
            path.real.iter_mut().for_each(&mut keep);
        };
        for fd in owned.event.fd.iter_mut().chain(&mut owned.fds) {
            keep_path(&mut fd.path);
        }
        for param in &mut owned.params {
            if let Param::Path(path) = param {
                keep_path(path);
            }
        }
        for param in &mut owned.params {
            if let Param::Bytes(slice) = param {
                keep(slice);
            }
        }
        owned.details.iter_mut().for_each(|details| keep(&mut details.cgroups));
        owned.event.params = Slice { start: 0, len: owned.params.len() as u32 };
        owned
    }
}
