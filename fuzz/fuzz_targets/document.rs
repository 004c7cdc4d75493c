//! Any bytes as the document of an audit event, of which every field is read.
#![no_main]

use lanner_event::fields::Fields;
use lanner_event::sample::Sample;
use lanner_event::{Arg, ArgRule, Ctx, Document, EventSource, FieldRef, Kind};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::parse(bytes) else { return };
    let (mut batch, host) = Sample::new(Kind::Pluginevent).build();
    batch.events[0].document = Some(batch.push_document(document));
    for field in Fields::ALL.of(EventSource::K8sAudit).rows() {
        let arg = match field.arg {
            ArgRule::KeyRequired => Arg::Key("/requestObject/spec".into()),
            _ => Arg::None,
        };
        let scratch = bumpalo::Bump::new();
        let field = FieldRef { field, arg };
        Ctx::new(batch.get(0), &host, &scratch).get(&field);
    }
});
