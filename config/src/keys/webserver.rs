//! Web server.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const WEB: &str = "the web server";

pub(super) const FAMILY: Family = Family {
    title: "Web server",
    owner: Owner::Falco,
    keys: &[
        Key::new("webserver.enabled", Kind::Bool, "false", "Whether to answer HTTP.").not_yet(WEB),
        Key::new(
            "webserver.threadiness",
            Kind::Whole(0, i64::MAX),
            "0",
            "With how many threads; 0 for as many as there are CPUs.",
        )
        .not_yet(WEB),
        Key::new("webserver.listen_port", Kind::Whole(0, 65_535), "8765", "On which port.").not_yet(WEB),
        Key::new("webserver.listen_address", Kind::Address, "0.0.0.0", "On which address.")
            .fatal()
            .not_yet(WEB),
        Key::new(
            "webserver.k8s_healthz_endpoint",
            Kind::Text,
            "/healthz",
            "The path that says whether Lanner lives.",
        )
        .not_yet(WEB),
        Key::new("webserver.prometheus_metrics_enabled", Kind::Bool, "false", "Whether there is `/metrics`.")
            .not_yet(WEB),
        Key::new("webserver.ssl_enabled", Kind::Bool, "false", "Whether to answer HTTPS only.").not_yet(WEB),
        Key::new(
            "webserver.ssl_certificate",
            Kind::Text,
            "/etc/falco/falco.pem",
            "A file with certificate and key (PEM).",
        )
        .not_yet(WEB),
    ],
};
