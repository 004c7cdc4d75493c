//! Container engines in a configuration.

use std::fmt::Write;
use std::path::Path;

/// The part of a configuration that has these engines asked at these sockets, and no others.
pub fn asked(engines: &[(&str, &Path)]) -> String {
    let mut all = String::new();
    for name in ["docker", "podman", "cri", "containerd"] {
        let own = engines.iter().find(|(engine, _)| *engine == name);
        let settings = match own {
            Some((_, socket)) => format!("sockets: [{}]", socket.display()),
            None => "enabled: false".to_owned(),
        };
        // Writing to a string can't fail.
        let _ = write!(all, "{name}: {{{settings}}}, ");
    }
    format!("plugins: [{{name: container, init_config: {{engines: {{{all}}}}}}}]\n")
}
