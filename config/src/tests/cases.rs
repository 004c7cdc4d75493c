//! Short configurations and what is said about them.

use super::memory::{lines, load};

#[track_caller]
fn check(yaml: &str, expected: &str) {
    assert_eq!(lines(&load(yaml, &[], &[])), expected, "\n{yaml}");
}

#[test]
fn yaml_as_it_comes() {
    check("", "");
    check("# nothing\n", "");
    check("---\n...\n", "");
    check("\"json_output\": 'true'\n", "");
    check("json_output: &a true\ntime_format_iso_8601: *a\n", "");
    check("stdout_output: &a { enabled: true }\nsyslog_output: *a\n", "");
    check("json_output: true\r\nhttp_output:\r\n  enabled: no\r\n", "");
    check("\u{feff}json_output: true\n", "");
    check(
        "\u{feff}json: true\n# é\né: 1\n",
        "warning f.yaml:1:2: unknown key `json`\nwarning f.yaml:3:1: unknown key `é`",
    );
    check("json_output: !!bool true\npriority: \"err\\x6fr\"\n", "");
    check("http_output: &h\n  enabled: false\nfile_output:\n  <<: *h\n", "");
    check("json_output:\nstdout_output:\nrules_files:\n", "");
    check("- a\n", "error f.yaml:1:1: a configuration should be a mapping, not a list");
    check(
        "json_output: true\njson_output: false\n",
        "error f.yaml:2:1: the key `json_output` is there twice",
    );
    check("json_output: [\n", "error f.yaml:1:15: unclosed bracket '['");
    check("token: [hunter22\n", "error f.yaml:1:17: unclosed bracket '['");
    check(
        "json_output: true\n---\njson_output: false\n",
        "warning f.yaml:3:1: only the first document of a configuration is read",
    );
    check(
        "1: 2\ntrue: 3\n~: 4\n",
        "warning f.yaml:1:1: unknown key `1`\nwarning f.yaml:2:1: unknown key `true`\nwarning f.yaml:3:1: unknown key `~`",
    );
    check("? [a]\n: b\n", "warning f.yaml:1:3: unknown key `[a]`");
}

#[test]
fn wrong_keys_of_falco() {
    check("jsonoutput: true\n", "warning f.yaml:1:1: unknown key `jsonoutput` (did you mean `json_output`?)");
    check("zebra: true\n", "warning f.yaml:1:1: unknown key `zebra`");
    check(
        "http_output: { enabled: false, uri: x }\n",
        "warning f.yaml:1:32: unknown key `uri` in `http_output` (did you mean `url`?)",
    );
    check(
        "listen_port: 1\n",
        "warning f.yaml:1:1: unknown key `listen_port` (did you mean `webserver.listen_port`?)",
    );
    check(
        "json_output: maybe\ntime_format_iso_8601: [true]\n",
        "warning f.yaml:1:14: this should be true or false, not `maybe`\n\
         warning f.yaml:2:23: this should be true or false, not a list",
    );
    check("stdout_output: true\n", "warning f.yaml:1:16: this should be a mapping, not a boolean");
    check(
        "rules_files: /etc/x.yaml\n",
        "warning f.yaml:1:14: this should be a list, not a string\n\
         note f.yaml:1:14: /etc/x.yaml doesn't exist: skipped",
    );
    check(
        "file_output:\n  enabled: true\n  filenam: x\n  filename: /x\n",
        "warning f.yaml:3:3: unknown key `filenam` in `file_output` (did you mean `filename`?)",
    );
    check(
        "webserver: { listen_port: 99999 }\n",
        "note f.yaml:1:14: `webserver.listen_port` has no effect yet: it comes with the web server\n\
         warning f.yaml:1:27: this should be a whole number from 0 to 65535, not `99999`",
    );
    check(
        "append_output:\n  - suggested_output: true\n  - suggested_output: false\n    extra_fields: [a: b, c]\nstatic_fields: {a: b}\n",
        "",
    );
    check(
        "plugins: [{name: x, init_config: {a: {b: c}}}]\n",
        "note f.yaml:1:12: `plugins[].name` has no effect yet: it comes with the sources and fields of the known plugins, built in\n\
         note f.yaml:1:21: `plugins[].init_config` has no effect yet: it comes with the sources and fields of the known plugins, built in",
    );
    check(
        "plugins: [{name: container, init_config: {engines: {dokcer: {enabled: true}, cri: {socket: x}}}}]\n",
        "warning f.yaml:1:53: unknown key `dokcer` in `plugins[container].init_config.engines` (did you mean `docker`?)\n\
         warning f.yaml:1:84: unknown key `socket` in `plugins[container].init_config.engines.cri` (did you mean `sockets`?)",
    );
    check(
        "plugins: [{name: container, init_config: {engines: {lxc: {enabled: false}}}}]\n",
        "note f.yaml:1:59: `plugins[container].init_config.engines.lxc.enabled` has no effect: such containers are known by their cgroups, which costs nothing",
    );
    check(
        "json_output: ${B}\n",
        "warning f.yaml:1:14: this should be true or false, not an empty text (`B` is not set in the environment)",
    );
    check(
        "priority: ${KEY}\n",
        "error f.yaml:1:11: `${KEY}` is not a priority (known are emergency, alert, critical, error, warning, notice, informational, debug)",
    );
    check(
        "log_level: ${KEY}\n",
        "warning f.yaml:1:12: this should be `emergency`, `alert`, `critical`, `error`, `warning`, `notice`, `info`, `informational`, `debug`, `trace` or `fatal`, not `${KEY}`",
    );
    check(
        "outputs: { rate: 1, max_burst: 1000 }\n",
        "warning f.yaml:1:1: `outputs` with `rate` and `max_burst` has no effect, as in Falco since 0.37 (a limit for all of `outputs:` is `router.rate_limit`)",
    );
}

#[test]
fn what_falco_does_not_start_with() {
    check(
        "engine: { kind: ebpf }\n",
        "error f.yaml:1:17: this should be `modern_ebpf`, `kmod`, `replay` or `nodriver`, not `ebpf`",
    );
    check(
        "engine: { kind: kmod }\n",
        "note f.yaml:1:17: Lanner has no kernel module: events come from eBPF, as with `modern_ebpf`",
    );
    check("engine: { kind: replay }\n", "error f.yaml:1:17: there is no source of the kind `replay` yet");
    check("priority: worning\n", "error f.yaml:1:11: `worning` is not a priority (did you mean `warning`?)");
    check("rule_matching: last\n", "error f.yaml:1:16: this should be `first` or `all`, not `last`");
    check(
        "syscall_event_drops: { threshold: 2, actions: [log, shout] }\n",
        "error f.yaml:1:35: this should be a number from 0 to 1, not `2`\n\
         error f.yaml:1:53: this should be `ignore`, `log`, `alert` or `exit`, not `shout`",
    );
    check(
        "syscall_event_timeouts: { max_consecutives: 0 }\n",
        "note f.yaml:1:27: `syscall_event_timeouts.max_consecutives` has no effect yet: it comes with the watchdog over the source\n\
         error f.yaml:1:45: this should be a whole number from 1, not `0`",
    );
    check(
        "webserver: { listen_address: localhost }\n",
        "note f.yaml:1:14: `webserver.listen_address` has no effect yet: it comes with the web server\n\
         error f.yaml:1:30: this should be an IP address, not `localhost`",
    );
    check(
        "file_output: { enabled: true }\nhttp_output: { enabled: true, url: '' }\n",
        "error f.yaml:1:14: `file_output.filename` is missing\n\
         error f.yaml:2:36: `http_output.url` is missing",
    );
    check(
        "program_output: { enabled: true }\n",
        "note f.yaml:1:19: `program_output.enabled` has no effect yet: it comes with the output to a program\n\
         warning f.yaml:1:28: `program_output` is enabled, but nothing is sent to it: Lanner doesn't have it yet\n\
         error f.yaml:1:28: `program_output.program` is missing",
    );
    check(
        "load_plugins: [k8saudit]\nplugins: [{ name: json }]\n",
        "note f.yaml:1:16: `load_plugins` has no effect yet: it comes with the sources and fields of the known plugins, built in\n\
         error f.yaml:1:16: `plugins` has no plugin `k8saudit`\n\
         note f.yaml:2:13: `plugins[].name` has no effect yet: it comes with the sources and fields of the known plugins, built in",
    );
    check(
        "rules_file: a\nrules_files: [b]\n",
        "error f.yaml:1:13: there is `rules_files` too, of which this is the old name\n\
         warning f.yaml:1:13: `rules_file` is the old name of `rules_files`\n\
         note f.yaml:1:13: a doesn't exist: skipped\n\
         note f.yaml:2:15: b doesn't exist: skipped",
    );
}

#[test]
fn wrong_keys_of_lanner() {
    check("journl: { path: /x }\n", "error f.yaml:1:1: unknown key `journl` (did you mean `journal`?)");
    check(
        "journal: { pth: /x, max_size: 10, max_age: 7, sync: always }\n",
        "error f.yaml:1:12: unknown key `pth` in `journal` (did you mean `path`?)\n\
         error f.yaml:1:31: this should be a size of at least 1MiB, not `10`\n\
         error f.yaml:1:44: a duration needs a unit: `7s`?\n\
         error f.yaml:1:53: this should be `normal` or `full`, not `always`",
    );
    check("journal: /x\n", "error f.yaml:1:10: this should be a mapping, not a string");
    check(
        "detector: { poll_interval: 2s }\n",
        "error f.yaml:1:28: this should be a duration from 1ms to 1s, not `2s`",
    );
    check(
        "outputs: [{ name: a, type: x }, { name: b, type: x, dedup: { by: rule, window: 0s } }]\nrouter: { dedup: { by: [rul] } }\n",
        "error f.yaml:1:80: this should be a duration from 1s to 1w, not `0s`\n\
         error f.yaml:2:25: an alert has no `rul` (did you mean `rule`?)",
    );
    check(
        "router: { rate_limit: { per: rul, burst: 0 } }\n",
        "error f.yaml:1:23: `router.rate_limit.rate` is missing\n\
         error f.yaml:1:30: an alert has no `rul` (did you mean `rule`?)\n\
         error f.yaml:1:42: this should be a whole number from 1 to 1000000, not `0`",
    );
    check(
        "router: { rate_limit: { rate: 10 } }\n",
        "error f.yaml:1:31: a rate is a whole number, a slash and a time, such as `10/m`, `1/s` or `5/30s`",
    );
    check(
        "outputs: [{ name: a, type: http, url: '${B}' }]\n",
        "error f.yaml:1:39: the environment variable `B` is not set",
    );
    check(
        "outputs: [{ type: http }, { name: '', type: slack }, { name: a b, type: x }, 7]\n",
        "error f.yaml:1:11: the `name` of this output is missing\n\
         error f.yaml:1:35: the `name` of this output is missing\n\
         error f.yaml:1:62: a name has up to 64 letters, digits, and `-`, `_` or `.`\n\
         error f.yaml:1:78: this should be a mapping, not a number",
    );
    check(
        "outputs: [{ name: stdout, type: stdout }, { name: stdout, type: file }]\nstdout_output: {enabled: on}\n",
        "error f.yaml:1:19: there is another output with the name `stdout`\n\
         error f.yaml:1:51: there is another output with the name `stdout`",
    );
    check(
        "outputs: [{ name: a, type: x, min_priority: hi, batch: 0, format: ecs, dedup: 5m, audit: much }]\n",
        "error f.yaml:1:45: `hi` is not a priority (known are emergency, alert, critical, error, warning, notice, informational, debug)\n\
         error f.yaml:1:56: this should be a whole number from 1 to 10000, not `0`\n\
         error f.yaml:1:67: this should be `falco`, not `ecs`\n\
         error f.yaml:1:79: this should be `on` or `off`, not `5m`\n\
         error f.yaml:1:90: this should be true or false, not `much`",
    );
    check(
        "outputs: [{ name: soc, type: x }]\nheartbeat: { outputs: [sock] }\n",
        "error f.yaml:2:12: `heartbeat.every` is missing\n\
         error f.yaml:2:24: there is no output with the name `sock` (did you mean `soc`?)",
    );
    check("outputs: { a: { type: slack } }\n", "error f.yaml:1:10: this should be a list, not a mapping");
}

#[test]
fn wrong_ways_to_send_less() {
    check(
        "silences: [{ match: {} }, { match: [] }]\nrouter: { inhibit: [{ source: {}, target: { rule: A } }] }\n",
        "error f.yaml:1:21: without a condition this is every alert (`{priority: \">= debug\"}` says that it is meant so)\n\
         error f.yaml:1:36: without a condition this is every alert (`{priority: \">= debug\"}` says that it is meant so)\n\
         error f.yaml:2:31: without a condition this is every alert (`{priority: \">= debug\"}` says that it is meant so)",
    );
    check(
        "outputs: [{ name: a, type: x, digest: {}, rate_limit: { burst: 1 } }, { name: b, type: x, immediate_from: error }]\n",
        "error f.yaml:1:39: `digest.every` or `digest.at` is missing\n\
         error f.yaml:1:55: `rate_limit.rate` is missing\n\
         error f.yaml:1:107: without a `digest`, everything is sent at once",
    );
    check(
        "outputs: [{ name: a, type: x, digest: { every: soon }, rate_limit: { rate: x, burts: 1 } }]\n",
        "error f.yaml:1:48: a duration is numbers with units, the largest first, such as `5ms`, `10s` or `1h30m`\n\
         error f.yaml:1:76: a rate is a whole number, a slash and a time, such as `10/m`, `1/s` or `5/30s`\n\
         error f.yaml:1:79: unknown key `burts` in `outputs[].rate_limit` (did you mean `burst`?)",
    );
    check(
        "outputs:\n- { name: a, type: x, digest: { every: 1h, at: '08:00' } }\n- { name: b, type: x, digest: { at: [8, 25:00] } }\n\
         - { name: c, type: x, digest: { at: [], zone: Mars } }\n- { name: d, type: x, digest: { every: 1h, zone: UTC } }\n",
        "error f.yaml:2:48: either `every` or `at`, not both\n\
         error f.yaml:3:38: `8` is no time of the day such as `08:00`\n\
         error f.yaml:3:41: `25:00` is no time of the day such as `08:00`\n\
         error f.yaml:4:37: at least one time of the day is needed\n\
         error f.yaml:4:47: there is no time zone `Mars` (a zone is named as in the IANA's database, such as `Europe/Berlin`)\n\
         error f.yaml:5:50: only times of the day (`at`) are in a time zone",
    );
    check(
        "outputs: [{ name: a, type: x }]\nrouter: { route: { group_by: [rul, proc.name], group_wait: soon, group_every: 1h, routes: [{ group_by: of }] } }\n",
        "error f.yaml:2:31: an alert has no `rul` (did you mean `rule`?)\n\
         error f.yaml:2:60: a duration is numbers with units, the largest first, such as `5ms`, `10s` or `1h30m`\n\
         error f.yaml:2:66: unknown key `group_every` in `router.route`\n\
         error f.yaml:2:104: an alert has no `of` (known are rule, priority, source, hostname, tags, and the fields of events, such as `proc.name`)",
    );
}

#[test]
fn redaction() {
    check(
        "outputs: [{ name: a, type: x, redact: { patterns: [x], kep: [y] } }, { name: b, type: x, redact: perhaps }, { name: c, type: x, redact: [x] }]\n",
        "error f.yaml:1:56: unknown key `kep` in `outputs[].redact` (did you mean `keep`?)\n\
         error f.yaml:1:98: this should be true or false, not `perhaps`\n\
         error f.yaml:1:137: this should be true or false, not a list",
    );
}

#[test]
fn routes() {
    check(
        "outputs: [{ name: soc, type: x }]\nrouter: { route: { outputs: [sco], routes: [{ match: { priority: '> error', rul: x }, outputs: [soc], routes: [{ matchh: {} }] }] } }\n",
        "error f.yaml:2:30: there is no output with the name `sco` (did you mean `soc`?)\n\
         error f.yaml:2:66: `> error` is not a priority: known are emergency, alert, critical, error, warning, notice, informational (or info) and debug\n\
         error f.yaml:2:77: an alert has no `rul` (did you mean `rule`?)\n\
         error f.yaml:2:114: unknown key `matchh` in `router.route` (did you mean `match`?)",
    );
    check(
        "router: { route: { match: ['rule = A', 'rule', 'proc.name =~ (', 'x = y'] } }\n",
        "error f.yaml:1:40: `rule` is no condition: it is written `field = value`, with =, !=, =~, !~, in or >=\n\
         error f.yaml:1:48: `(` is no regular expression: unclosed group\n\
         error f.yaml:1:66: an alert has no `x` (known are rule, priority, source, hostname, tags, and the fields of events, such as `proc.name`)",
    );
    check(
        "router: { route: { match: { priority: [error, worning] }, routes: [{ match: { priority: '>= worning' } }] } }\n",
        "error f.yaml:1:47: `worning` is not a priority (did you mean `warning`?)\n\
         error f.yaml:1:89: `worning` is not a priority (did you mean `warning`?)",
    );
}

#[test]
fn inhibition() {
    check(
        "router:\n  inhibit:\n    - { source: { rule: A }, target: { rul: B }, equal: [container.name, x] }\n    - { target: { rule: B } }\n",
        "error f.yaml:3:40: an alert has no `rul` (did you mean `rule`?)\n\
         error f.yaml:3:74: an alert has no `x` (known are rule, priority, source, hostname, tags, and the fields of events, such as `proc.name`)\n\
         error f.yaml:4:7: the `source` of this rule is missing",
    );
}

#[test]
fn times_of_routes() {
    check(
        "router: { route: { min_priority: hig, mute: { times: 8-17 }, active: [{ time: 8-17, weekdays: [mon-fry], days: 1..15 }], routes: [{ min_priority: error, mute: [{ months: smarch, zone: Mars }] }] } }\n",
        "error f.yaml:1:34: `hig` is not a priority (known are emergency, alert, critical, error, warning, notice, informational, debug)\n\
         error f.yaml:1:45: this should be a list, not a mapping\n\
         error f.yaml:1:73: unknown key `time` in `router.route.active[]` (did you mean `times`?)\n\
         error f.yaml:1:96: `mon-fry` is no weekday: it is written `sat` or `monday-friday`\n\
         error f.yaml:1:171: `smarch` is no month: it is written `december` or `jun-aug`\n\
         error f.yaml:1:185: there is no time zone `Mars` (a zone is named as in the IANA's database, such as `Europe/Berlin`)",
    );
}

#[test]
fn silences() {
    check(
        "silences:\n  - { match: { rule: A }, from: 2026-11-24T08:00:00Z, until: 2026-11-24T09:00:00+01:00 }\n  - { match: { rul: A }, until: tomorrow }\n  - { match: [rule = A], when: { times: [8-17], weekdays: [mon-fry], days: 1..15, months: jun-aug, zone: Mars } }\n  - { comment: x }\n",
        "error f.yaml:2:62: this silence ends before it begins\n\
         error f.yaml:3:16: an alert has no `rul` (did you mean `rule`?)\n\
         error f.yaml:3:33: this should be a moment such as `2026-11-24T08:00:00Z` (RFC 3339), not `tomorrow`\n\
         error f.yaml:4:42: `8-17` is no span of a day: it is written `22:00-06:00`\n\
         error f.yaml:4:60: `mon-fry` is no weekday: it is written `sat` or `monday-friday`\n\
         error f.yaml:4:106: there is no time zone `Mars` (a zone is named as in the IANA's database, such as `Europe/Berlin`)\n\
         error f.yaml:5:5: this silence says no `match`: it would keep everything from being sent",
    );
}
