//! Falco's outputs.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const PROGRAM: &str = "the output to a program";

pub(super) const FAMILY: Family = Family {
    title: "Falco's outputs",
    owner: Owner::Falco,
    keys: &[
        Key::new(
            "stdout_output.enabled",
            Kind::Bool,
            "false",
            "Whether alerts go to standard output; the output's name is `stdout`.",
        ),
        Key::new(
            "syslog_output.enabled",
            Kind::Bool,
            "false",
            "Whether alerts go to the local syslog; the output's name is `syslog`.",
        ),
        Key::new(
            "file_output.enabled",
            Kind::Bool,
            "false",
            "Whether alerts are appended to a file; the output's name is `file`.",
        ),
        Key::new(
            "file_output.keep_alive",
            Kind::Bool,
            "false",
            "Whether the file stays open between alerts, until SIGUSR1.",
        ),
        Key::new("file_output.filename", Kind::Text, "", "The path of the file."),
        Key::new(
            "http_output.enabled",
            Kind::Bool,
            "false",
            "Whether alerts are POSTed; the output's name is `http`.",
        ),
        Key::new("http_output.url", Kind::Text, "", "Where alerts are POSTed to."),
        Key::new(
            "http_output.user_agent",
            Kind::Text,
            "falcosecurity/falco",
            "The `User-Agent` of requests.",
        ),
        Key::new("http_output.insecure", Kind::Bool, "false", "Whether to accept any certificate."),
        Key::new("http_output.ca_cert", Kind::Text, "", "A file with the only certificates (PEM) to trust."),
        Key::new("http_output.ca_bundle", Kind::Text, "", "The same, where `ca_cert` isn't set."),
        Key::new("http_output.ca_path", Kind::Text, "", "A folder of certificates to trust."),
        Key::new("http_output.mtls", Kind::Bool, "false", "Whether to show a certificate of one's own."),
        Key::new(
            "http_output.client_cert",
            Kind::Text,
            "/etc/ssl/certs/client.crt",
            "A file with that certificate (PEM).",
        ),
        Key::new(
            "http_output.client_key",
            Kind::Text,
            "/etc/ssl/certs/client.key",
            "A file with its key (PEM).",
        ),
        Key::new("http_output.echo", Kind::Bool, "false", "Whether to log what the receiver answers."),
        Key::new(
            "http_output.compress_uploads",
            Kind::Bool,
            "false",
            "Whether to compress what is sent (gzip).",
        ),
        Key::new(
            "http_output.keep_alive",
            Kind::Bool,
            "false",
            "Whether to keep idle connections alive (TCP keep-alive).",
        ),
        Key::new(
            "http_output.max_consecutive_timeouts",
            Kind::Whole(0, 255),
            "5",
            "After how many timeouts Falco loses an alert.",
        )
        .never("an alert that couldn't be sent is tried on until it is too old"),
        Key::new(
            "program_output.enabled",
            Kind::Bool,
            "false",
            "Whether alerts are written to a program's standard input.",
        )
        .not_yet(PROGRAM),
        Key::new(
            "program_output.keep_alive",
            Kind::Bool,
            "false",
            "Whether the program stays running between alerts.",
        )
        .not_yet(PROGRAM),
        Key::new("program_output.program", Kind::Text, "", "What a shell is given to run.").not_yet(PROGRAM),
        Key::new(
            "buffered_outputs",
            Kind::Bool,
            "false",
            "Whether outputs may collect several lines before they write.",
        )
        .never("each alert is written before it counts as sent"),
        Key::new(
            "outputs_queue.capacity",
            Kind::Whole(0, i64::MAX),
            "0",
            "How many alerts may wait before new ones are dropped.",
        )
        .never("alerts wait in the journal, which `journal.max_size` bounds"),
        Key::new(
            "output_timeout",
            Kind::Whole(0, i64::MAX),
            "2000",
            "After how many ms of waiting for an output the log says so.",
        )
        .not_yet("the watchdog over outputs"),
    ],
};
