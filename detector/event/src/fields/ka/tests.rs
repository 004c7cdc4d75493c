//! What each field says of documents, our own and Falco's.

use crate::Kind;
use crate::fields::{Fields, ka};
use crate::sample::Sample;

fn sample(document: &str) -> Sample {
    let mut sample = Sample::new(Kind::Pluginevent);
    sample.set_document(document).unwrap_or_else(|error| panic!("{document}: {error}"));
    sample
}

/// Each field of a pod that has everything; a field's argument may be told.
const EVERYTHING: &[(&str, &str)] = &[
    ("ka.auditid", "1"),
    ("ka.stage", "ResponseComplete"),
    ("ka.auth.decision", "allow"),
    ("ka.auth.reason", ""),
    ("ka.auth.openshift.decision", "allow"),
    ("ka.auth.openshift.username", "carol"),
    ("ka.validations.admission.policy.failure", "replicas"),
    ("ka.security.pod.violations", "privileged"),
    ("ka.user.name", "alice"),
    ("ka.user.groups", "(admins,staff)"),
    ("ka.impuser.name", "bob"),
    ("ka.verb", "create"),
    ("ka.uri", "/api/v1/namespaces/web/pods?0=a%20b&dry=All"),
    ("ka.uri.param[0]", "a b"),
    ("ka.uri.param[dry]", "All"),
    ("ka.uri.param[none]", "<NA>"),
    ("ka.target.name", "shop"),
    ("ka.target.namespace", "web"),
    ("ka.target.resource", "pods"),
    ("ka.target.subresource", ""),
    ("ka.target.pod.name", "shop-1"),
    ("ka.req.configmap.name", "shop"),
    ("ka.req.configmap.obj", r#"{"password":"x"}"#),
    ("ka.req.service.type", "NodePort"),
    ("ka.req.service.ports", r#"([{"port":80},{"port":443}])"#),
    ("ka.req.service.ports[1]", r#"({"port":443})"#),
    ("ka.resp.name", "shop-1"),
    ("ka.response.code", "201"),
    ("ka.response.reason", "Created"),
    ("ka.useragent", "kubectl/1.33"),
    ("ka.sourceips", "(10.0.0.1,::1)"),
    ("ka.sourceips[0]", "(10.0.0.1)"),
    ("ka.sourceips[2]", "<NA>"),
    ("ka.cluster.name", "east"),
    (
        "ka.req.binding.subjects",
        concat!(
            r#"({"kind":"User","name":"alice"},{"kind":"Group","name":"staff"},"#,
            r#"{"kind":"ServiceAccount","name":"robot","namespace":"web"})"#
        ),
    ),
    ("ka.req.binding.role", "admin"),
    ("ka.req.binding.subjects.user_names", "(alice)"),
    ("ka.req.binding.subjects.group_names", "(staff)"),
    ("ka.req.binding.subjects.serviceaccount_names", "(robot)"),
    ("ka.req.binding.subjects.serviceaccount_ns_names", "(web:robot)"),
    ("ka.req.binding.subject.has_name[x]", "true"),
    (
        "ka.req.role.rules",
        concat!(
            r#"({"apiGroups":[""],"resources":["pods","secrets"],"verbs":["get"]},"#,
            r#"{"nonResourceURLs":["/healthz"],"verbs":["*"]})"#
        ),
    ),
    ("ka.req.role.rules.apiGroups", "()"),
    ("ka.req.role.rules.resources", "(pods,secrets)"),
    ("ka.req.role.rules.nonResourceURLs", "(/healthz)"),
    ("ka.req.role.rules.verbs", "(get,*)"),
    ("ka.req.role.rules.verbs[1]", "(*)"),
    ("ka.req.role.rules.resources[1]", "<NA>"),
    ("ka.req.pod.host_ipc", "false"),
    ("ka.req.pod.host_network", "true"),
    ("ka.req.container.host_network", "true"),
    ("ka.req.pod.host_pid", "false"),
    ("ka.req.pod.run_as_user", "7"),
    ("ka.req.pod.run_as_group", "8"),
    ("ka.req.pod.fs_group", "9"),
    ("ka.req.pod.supplemental_groups", "(10,11)"),
    ("ka.req.pod.volumes.hostpath", "(/var/run/docker.sock)"),
    ("ka.req.pod.volumes.hostpath[0]", "<NA>"),
    ("ka.req.pod.volumes.hostpath[1]", "(/var/run/docker.sock)"),
    ("ka.req.volume.hostpath[/var/run/docker.sock]", "true"),
    ("ka.req.volume.hostpath[/var*]", "true"),
    ("ka.req.volume.hostpath[/var]", "false"),
    ("ka.req.volume.hostpath[*]", "true"),
    ("ka.req.pod.volumes.flexvolume_driver", "(acme/cifs)"),
    ("ka.req.pod.volumes.volume_type", "(emptyDir,hostPath,flexVolume)"),
    ("ka.req.pod.volumes.volume_type[1]", "(hostPath)"),
    ("ka.req.pod.containers.name", "(front,side)"),
    ("ka.req.pod.containers.image", "(registry:5000/shop/front:1.2@sha256:00,nginx)"),
    ("ka.req.pod.containers.image[1]", "(nginx)"),
    ("ka.req.pod.containers.image[2]", "<NA>"),
    ("ka.req.pod.containers.image.repository", "(registry:5000/shop/front,nginx)"),
    ("ka.req.pod.containers.command", "(sh -c)"),
    ("ka.req.pod.containers.args", r#"(exec "$0" x)"#),
    ("ka.req.pod.containers.host_port", "(8080,81)"),
    ("ka.req.pod.containers.privileged", "(true)"),
    ("ka.req.pod.containers.privileged[1]", "<NA>"),
    ("ka.req.pod.containers.allow_privilege_escalation", "(false)"),
    ("ka.req.pod.containers.read_only_fs", "(true)"),
    ("ka.req.pod.containers.run_as_user", "(1)"),
    ("ka.req.pod.containers.eff_run_as_user", "(1,7)"),
    ("ka.req.pod.containers.run_as_group", "(2)"),
    ("ka.req.pod.containers.eff_run_as_group", "(2,8)"),
    ("ka.req.pod.containers.proc_mount", "(Default)"),
    ("ka.req.pod.containers.add_capabilities", "(NET_ADMIN,SYS_TIME)"),
    ("ka.req.container.image", "registry:5000/shop/front:1.2@sha256:00"),
    ("ka.req.container.image.repository", "registry:5000/shop/front"),
    ("ka.req.container.privileged", "true"),
    ("ka.req.pod.initContainers.name", "(init)"),
    ("ka.req.pod.initContainers.image", "(busybox:1)"),
    ("ka.req.pod.initContainers.image.repository", "(busybox)"),
    ("ka.req.pod.initContainers.command", "(true)"),
    ("ka.req.pod.initContainers.args", "()"),
    ("ka.req.pod.initContainers.host_port", "(1)"),
    ("ka.req.pod.initContainers.privileged", "(false)"),
    ("ka.req.pod.initContainers.allow_privilege_escalation", "(true)"),
    ("ka.req.pod.initContainers.read_only_fs", "(false)"),
    ("ka.req.pod.initContainers.run_as_user", "(3)"),
    ("ka.req.pod.initContainers.eff_run_as_user", "(3)"),
    ("ka.req.pod.initContainers.run_as_group", "(4)"),
    ("ka.req.pod.initContainers.eff_run_as_group", "(4)"),
    ("ka.req.pod.initContainers.proc_mount", "(Unmasked)"),
    ("ka.req.pod.initContainers.add_capabilities", "(ALL)"),
    ("ka.req.pod.ephemeralContainers.name", "(debug)"),
    ("ka.req.pod.ephemeralContainers.image", "(alpine)"),
    ("ka.req.pod.ephemeralContainers.image.repository", "(alpine)"),
    ("ka.req.pod.ephemeralContainers.command", "(ash)"),
    ("ka.req.pod.ephemeralContainers.args", "(-l)"),
    ("ka.req.pod.ephemeralContainers.privileged", "(true)"),
    ("ka.req.pod.ephemeralContainers.allow_privilege_escalation", "(true)"),
    ("ka.req.pod.ephemeralContainers.read_only_fs", "(false)"),
    ("ka.req.pod.ephemeralContainers.run_as_user", "(5)"),
    ("ka.req.pod.ephemeralContainers.eff_run_as_user", "(5)"),
    ("ka.req.pod.ephemeralContainers.run_as_group", "(6)"),
    ("ka.req.pod.ephemeralContainers.eff_run_as_group", "(6)"),
    ("ka.req.pod.ephemeralContainers.proc_mount", "(Default)"),
    ("ka.req.pod.ephemeralContainers.add_capabilities", "(SYS_PTRACE)"),
    ("jevt.rawtime", "1767323045678901000"),
    ("json.rawtime", "1767323045678901000"),
    ("jevt.value[/objectRef/name]", "shop"),
    ("json.value[objectRef/name]", "shop"),
    ("jevt.value[/user/groups/1]", "staff"),
    ("jevt.value[/user/groups/2]", "<NA>"),
    ("jevt.value[/user/groups/x]", "<NA>"),
    ("jevt.value[/annotations/authorization.k8s.io~1decision]", "allow"),
    ("jevt.value[/requestObject/spec/hostNetwork]", "true"),
    ("jevt.value[/requestObject/spec/volumes/0]", r#"{"name":"data","emptyDir":{}}"#),
];

#[test]
fn each_field_says_what_the_document_does() {
    let sample = sample(include_str!("everything.json"));
    for (field, value) in EVERYTHING {
        assert_eq!(sample.text(field), *value, "{field}");
    }
    for row in ka::FIELDS {
        let tested = |(field, _): &(&str, &str)| field.split('[').next() == Some(row.name);
        assert!(EVERYTHING.iter().any(tested), "{} is not tested", row.name);
    }
}

/// Documents in which something is missing, or isn't what it should be.
const ODD: &[(&str, &str, &str)] = &[
    // Without an `auditID` it is no audit event.
    (r#"{"verb":"get"}"#, "ka.verb", "<NA>"),
    (r#"{"verb":"get"}"#, "jevt.value[/verb]", "get"),
    (r#"[{"verb":"get"}]"#, "jevt.value[/0/verb]", "get"),
    (r#"{"auditID":null,"verb":"get"}"#, "ka.verb", "get"),
    (r#"{"auditID":1,"verb":null}"#, "ka.verb", "null"),
    (r#"{"auditID":1,"verb":{"a":[1, 2.50,"x"]}}"#, "ka.verb", r#"{"a":[1,2.50,"x"]}"#),
    // The first of two members of one name counts.
    (r#"{"auditID":1,"verb":"get","verb":"list"}"#, "ka.verb", "get"),
    (r#"{"auditID":1,"user":[{"username":"a"}]}"#, "ka.user.name", "<NA>"),
    (r#"{"auditID":1,"user":{"groups":"a"}}"#, "ka.user.groups", "<NA>"),
    (r#"{"auditID":1,"user":{"groups":[]}}"#, "ka.user.groups", "<NA>"),
    (r#"{"auditID":1,"user":{"groups":["a",1,null,["b"]]}}"#, "ka.user.groups", r#"(a,1,null,["b"])"#),
    (r#"{"auditID":1,"requestURI":"/a?x=1&x=2"}"#, "ka.uri.param[x]", "1"),
    (r#"{"auditID":1,"requestURI":"/a?x"}"#, "ka.uri.param[x]", ""),
    (r#"{"auditID":1,"requestURI":"/a?b=%zz&x=a+b%2Fc"}"#, "ka.uri.param[x]", "a b/c"),
    (r#"{"auditID":1,"requestURI":"/a?x=1;y=2"}"#, "ka.uri.param[x]", "<NA>"),
    (r#"{"auditID":1,"requestURI":"/a?%78=1"}"#, "ka.uri.param[x]", "1"),
    (r#"{"auditID":1,"requestURI":"/x=1"}"#, "ka.uri.param[x]", "<NA>"),
    // The name of a pod is asked for of whole pods only.
    (
        r#"{"auditID":1,"objectRef":{"resource":"pods","subresource":"exec"},"responseObject":{"metadata":{"name":"a"}}}"#,
        "ka.target.pod.name",
        "<NA>",
    ),
    // One container without an image, and nothing is said of images.
    (
        r#"{"auditID":1,"requestObject":{"spec":{"containers":[{"image":"a"},{"name":"b"}]}}}"#,
        "ka.req.pod.containers.image",
        "<NA>",
    ),
    (
        r#"{"auditID":1,"requestObject":{"spec":{"containers":[{"image":"a"},{"name":"b"}]}}}"#,
        "ka.req.pod.containers.image[0]",
        "(a)",
    ),
    (
        r#"{"auditID":1,"requestObject":{"spec":{"containers":[{"image":"a"},{"name":"b"}]}}}"#,
        "ka.req.container.image",
        "a",
    ),
    (
        r#"{"auditID":1,"requestObject":{"spec":{"containers":[{},{"securityContext":{"privileged":true}}]}}}"#,
        "ka.req.pod.containers.privileged",
        "(true)",
    ),
    (r#"{"auditID":1,"requestObject":{"spec":{"containers":[{}]}}}"#, "ka.req.container.privileged", "false"),
    (r#"{"auditID":1,"requestObject":{"spec":{}}}"#, "ka.req.container.privileged", "<NA>"),
    (
        r#"{"auditID":1,"requestObject":{"spec":{"containers":[{},{}]}}}"#,
        "ka.req.pod.containers.eff_run_as_user",
        "(0,0)",
    ),
    (
        r#"{"auditID":1,"requestObject":{"spec":{"containers":[{"command":["a",1]}]}}}"#,
        "ka.req.pod.containers.command",
        "<NA>",
    ),
    (
        r#"{"auditID":1,"requestObject":{"spec":{"containers":[{"ports":1}]}}}"#,
        "ka.req.pod.containers.host_port",
        "<NA>",
    ),
    (r#"{"auditID":1,"requestObject":{"spec":{"volumes":[]}}}"#, "ka.req.volume.hostpath[/a]", "false"),
    (r#"{"auditID":1,"requestObject":{"spec":{}}}"#, "ka.req.volume.hostpath[/a]", "<NA>"),
    (r#"{"auditID":1}"#, "ka.req.pod.containers.image", "<NA>"),
    (
        r#"{"auditID":1,"requestObject":{"subjects":[{"kind":"User"},{"name":"a"}]}}"#,
        "ka.req.binding.subjects.user_names",
        "<NA>",
    ),
];

#[test]
fn what_is_odd_is_read_as_falco_reads_it() {
    for (document, field, value) in ODD {
        assert_eq!(sample(document).text(field), *value, "{field} of {document}");
    }
}

/// What a test author gives a field is what it says.
#[test]
fn what_has_a_place_is_read_from_there() {
    for row in ka::FIELDS.iter().filter(|row| ka::place(row.name).is_some()) {
        let mut sample = sample(r#"{"auditID":"1"}"#);
        let is_list = row.flags.contains(crate::FieldFlags::LIST);
        sample.set(row.name, if is_list { "7,true" } else { "true" }).unwrap();
        let expected = if is_list { "(7,true)" } else { "true" };
        assert_eq!(sample.text(row.name), expected, "{}", row.name);
    }
}

/// A list is given with commas, or as JSON.
#[test]
fn lists_are_given_as_json_too() {
    let mut sample = sample(r#"{"auditID":"1"}"#);
    sample
        .set("ka.req.binding.subjects", r#"[{"kind":"User","name":"a"},{"kind":"Group","name":"b"}]"#)
        .unwrap();
    sample.set("ka.req.role.rules", r#"[{"verbs":["get","list"]}]"#).unwrap();
    assert_eq!(sample.text("ka.req.binding.subjects.group_names"), "(b)");
    assert_eq!(sample.text("ka.req.role.rules.verbs"), "(get,list)");
}

/// What Falco's own audit events say.
const REAL: &[(&str, &str, &str)] = &[
    ("exec_pod", "ka.uri.param[command]", "bash"),
    ("exec_pod", "ka.uri.param[container]", "nginx1"),
    ("exec_pod", "ka.resp.name", "<NA>"),
    ("exec_pod", "jevt.rawtime", "1540561114902914000"),
    ("attach_pod", "ka.target.subresource", "attach"),
    ("create_cluster_role_wildcard_resources", "ka.req.role.rules.resources", "(*)"),
    ("create_cluster_role_write_privileges", "ka.req.role.rules.verbs", "(get,delete)"),
    ("create_cluster_role_write_privileges", "ka.req.role.rules.verbs[1]", "(delete)"),
    ("create_clusterrolebinding", "ka.req.binding.role", "system:basic-user"),
    (
        "create_clusterrolebinding",
        "ka.req.binding.subjects",
        r#"({"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"minikube"})"#,
    ),
    (
        "create_configmap_no_sensitive_values",
        "ka.req.configmap.obj",
        r#"{"ui.properties":"color.good=purple\ncolor.bad=yellow\nallow.textmode=true\n"}"#,
    ),
    ("create_nginx_pod_hostnetwork", "ka.req.pod.host_network", "true"),
    ("create_nginx_pod_nohostnetwork", "ka.req.pod.host_network", "<NA>"),
    ("create_nginx_pod_hostnetwork", "ka.resp.name", "nginx-deployment-754c877bcd-zh5qx"),
    ("create_nginx_pod_hostnetwork", "ka.target.pod.name", "nginx-deployment-754c877bcd-zh5qx"),
    (
        "create_nginx_pod_hostnetwork",
        "ka.auth.reason",
        concat!(
            r#"RBAC: allowed by ClusterRoleBinding "system:controller:replicaset-controller" of ClusterRole "#,
            r#""system:controller:replicaset-controller" to ServiceAccount "replicaset-controller/kube-system""#
        ),
    ),
    ("create_nginx_pod_privileged_2nd_container", "ka.req.pod.containers.privileged", "(false,true)"),
    ("create_nginx_pod_privileged_2nd_container", "ka.req.pod.containers.image.repository", "(nginx,mysql)"),
    ("create_nginx_pod_privileged_2nd_container", "ka.req.container.privileged", "true"),
    ("create_nginx_pod_sensitive_mount_2nd_container", "ka.req.pod.volumes.hostpath", "(/etc)"),
    (
        "create_nginx_pod_sensitive_mount_2nd_container",
        "jevt.value[/requestObject/spec/volumes]",
        r#"[{"hostPath":{"path":"/etc","type":""},"name":"etc"}]"#,
    ),
    ("create_service", "ka.req.service.type", "ClusterIP"),
    ("create_service", "ka.req.service.ports", r#"([{"port":80,"protocol":"TCP","targetPort":80}])"#),
    ("create_service", "ka.sourceips", "(192.168.99.1)"),
];

#[test]
fn real_events_are_read() {
    let folder = crate::fields::tests::shared().join("upstream/k8s_audit");
    if !folder.is_dir() {
        eprintln!("skipped: {} isn't there", folder.display());
        return;
    }
    for (file, field, value) in REAL {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        assert_eq!(sample(text.trim()).text(field), *value, "{field} of {file}");
    }
    // No field of any of them can't be read, and what is indented means the same.
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let sample = sample(text.trim());
        for row in Fields::ALL.rows().filter(|row| row.arg == crate::ArgRule::None) {
            sample.text(row.name);
        }
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(json(&sample.text("jevt.obj")), json(&text));
    }
}
