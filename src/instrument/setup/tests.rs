use super::Setup;
use crate::{
    identity::Identity,
    opamp::{Endpoint, Settings},
    semconv::{mco, pointsman::LimitHits},
    transport::{Protocol, Signal, Target},
};
use expect_test::{Expect, expect};

fn read(text: &str) -> Result<Setup, super::Mistakes> {
    let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
    Setup::read(Identity::new("operator").instance("pod-0"), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn told(signal: Signal, target: &Target) -> String {
    let Target { protocol, server_name, ca_file, identity, token_file, headers, gzip, timeout, .. } = target;
    let (host, port) = target.address();
    let path = if *protocol == Protocol::Http { target.path(signal) } else { String::new() };
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    format!(
        "{protocol:?} {}{host} {port} {path} name {server_name:?} ca {ca_file:?} identity {identity:?} token {token_file:?} \
         headers {names:?} gzip {gzip} timeout {timeout:?}",
        if target.is_tls() { "TLS " } else { "" }
    )
}

fn plans(Settings { endpoint, plan_file, plan_cache }: &Settings) -> String {
    let controller = endpoint.as_ref().map_or("nobody".to_owned(), |endpoint @ Endpoint { target, socket }| {
        let Target { server_name, ca_file, identity, token_file, headers, .. } = target;
        let (host, port) = target.address();
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let (tls, way) = (if target.is_tls() { "TLS " } else { "" }, if *socket { "socket" } else { "polled" });
        format!(
            "{way} {tls}{host} {port} {} name {server_name:?} ca {ca_file:?} identity {identity:?} token {token_file:?} \
             headers {names:?}",
            endpoint.path()
        )
    });
    format!("plans from {controller}, file {plan_file:?}, cache {plan_cache:?}\n")
}

/// One variable a line in, what is made of them out.
fn check(text: &str, want: &Expect) {
    want.assert_eq(&match read(text) {
        Err(mistakes) => mistakes.to_string(),
        Ok(Setup { identity, every, off, metrics, traces, sync, sync_off }) => {
            let who: Vec<_> = identity.attributes.iter().map(|a| format!("{}={}", a.key, a.value)).collect();
            let line = |signal, target: &Option<Target>| target.as_ref().map_or("nowhere".to_owned(), |t| told(signal, t));
            let (metrics_line, traces_line) = (line(Signal::Metrics, &metrics), line(Signal::Traces, &traces));
            let same = if metrics == traces { " (one connection)" } else { "" };
            let who = who.join(" ");
            let plans = match (sync, sync_off) {
                (None, false) => String::new(),
                (None, true) => "plans off\n".to_owned(),
                (Some(settings), _) => plans(&settings),
            };
            format!("{who}\nevery {every:?}, off {off}\nmetrics {metrics_line}\ntraces  {traces_line}{same}\n{plans}")
        }
    });
}

/// Scenario: environments as operators have them. Guarantees: the variables of OpenTelemetry mean what its specification
/// says, for one signal before for all, and an address and a name may be apart.
#[test]
fn environments_become_targets() {
    check(
        "",
        &expect![[r#"
        service.name=operator service.instance.id=pod-0
        every 60s, off false
        metrics Http localhost 4318 /v1/metrics name None ca None identity None token None headers [] gzip true timeout 10s
        traces  Http localhost 4318 /v1/traces name None ca None identity None token None headers [] gzip true timeout 10s (one connection)
    "#]],
    );
    check(
        "OTEL_SERVICE_NAME=shop\nOTEL_RESOURCE_ATTRIBUTES=service.name=lost,k8s.node.name=a%2Cb, team = x\n\
         OTEL_EXPORTER_OTLP_ENDPOINT=https://collector:4318/base/\nOTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://jaeger/v1/traces\n\
         OTEL_EXPORTER_OTLP_HEADERS=Authorization=Basic%20c2VjcmV0,x-tenant=a\nOTEL_EXPORTER_OTLP_TIMEOUT=2500\n\
         OTEL_EXPORTER_OTLP_COMPRESSION=none\nOTEL_EXPORTER_OTLP_TRACES_COMPRESSION=gzip\nOTEL_METRIC_EXPORT_INTERVAL=15000\n\
         OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.crt\nOTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/tls.crt\n\
         OTEL_EXPORTER_OTLP_CLIENT_KEY=/tls.key",
        &expect![[r#"
            service.name=shop service.instance.id=pod-0 k8s.node.name=a,b team=x
            every 15s, off false
            metrics Http TLS collector 4318 /base/v1/metrics name None ca Some("/ca.crt") identity Some(("/tls.crt", "/tls.key")) token None headers ["authorization", "x-tenant"] gzip false timeout 2.5s
            traces  Http jaeger 80 /v1/traces name None ca Some("/ca.crt") identity Some(("/tls.crt", "/tls.key")) token None headers ["authorization", "x-tenant"] gzip true timeout 2.5s
        "#]],
    );
    check(
        "OTEL_SDK_DISABLED=TRUE\nOTEL_EXPORTER_OTLP_TIMEOUT=soon",
        &expect![[r#"
        service.name=operator service.instance.id=pod-0
        every 60s, off true
        metrics Http localhost 4318 /v1/metrics name None ca None identity None token None headers [] gzip true timeout 10s
        traces  Http localhost 4318 /v1/traces name None ca None identity None token None headers [] gzip true timeout 10s (one connection)
    "#]],
    );
    check(
        "OTEL_METRICS_EXPORTER=none\nOTEL_EXPORTER_OTLP_PROTOCOL=grpc\nOTEL_EXPORTER_OTLP_ENDPOINT=",
        &expect![[r#"
        service.name=operator service.instance.id=pod-0
        every 60s, off false
        metrics nowhere
        traces  Grpc localhost 4317  name None ca None identity None token None headers [] gzip true timeout 10s
    "#]],
    );
}

/// Scenario: a pod in the network of its host, where no name of the cluster resolves. Guarantees: the Service's variables
/// give the address, ours give the name in the certificate and the token.
#[test]
fn no_name_need_resolve() {
    let service = "POINTSMAN_OTLP_SERVICE=pointsman\nPOINTSMAN_SERVICE_HOST=172.30.0.7\nPOINTSMAN_SERVICE_PORT=9464\n\
                   POINTSMAN_SERVICE_PORT_OTLP_GRPC=4317\n";
    check(
        &format!("{service}OTEL_EXPORTER_OTLP_PROTOCOL=grpc"),
        &expect![[r#"
        service.name=operator service.instance.id=pod-0
        every 60s, off false
        metrics Grpc 172.30.0.7 4317  name None ca None identity None token None headers [] gzip true timeout 10s
        traces  Grpc 172.30.0.7 4317  name None ca None identity None token None headers [] gzip true timeout 10s (one connection)
    "#]],
    );
    let tls = "POINTSMAN_OTLP_SERVER_NAME=pointsman.pointsman.svc\nPOINTSMAN_OTLP_TOKEN_FILE=/token\n\
               OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.crt\nOTEL_EXPORTER_OTLP_PROTOCOL=grpc";
    check(
        &format!("{service}{tls}"),
        &expect![[r#"
        service.name=operator service.instance.id=pod-0
        every 60s, off false
        metrics Grpc TLS 172.30.0.7 4317  name Some("pointsman.pointsman.svc") ca Some("/ca.crt") identity None token Some("/token") headers [] gzip true timeout 10s
        traces  Grpc TLS 172.30.0.7 4317  name Some("pointsman.pointsman.svc") ca Some("/ca.crt") identity None token Some("/token") headers [] gzip true timeout 10s (one connection)
    "#]],
    );
    let v6 = service.replace("172.30.0.7", "fd00::7");
    check(
        &format!("{v6}{tls}"),
        &expect![[r#"
        service.name=operator service.instance.id=pod-0
        every 60s, off false
        metrics Grpc TLS fd00::7 4317  name Some("pointsman.pointsman.svc") ca Some("/ca.crt") identity None token Some("/token") headers [] gzip true timeout 10s
        traces  Grpc TLS fd00::7 4317  name Some("pointsman.pointsman.svc") ca Some("/ca.crt") identity None token Some("/token") headers [] gzip true timeout 10s (one connection)
    "#]],
    );
}

/// Scenario: everything is wrong. Guarantees: every mistake is told at once, each once, with what would be right and
/// without the values, which may be secret.
#[test]
fn every_mistake_is_told_at_once() {
    check(
        "OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317\nOTEL_EXPORTER_OTLP_PROTOCOL=http/json\nOTEL_METRIC_EXPORT_INTERVAL=15s\n\
         OTEL_RESOURCE_ATTRIBUTES=shop\nOTEL_TRACES_EXPORTER=jaeger",
        &expect![[r#"
            set up telemetry from the environment
              OTEL_RESOURCE_ATTRIBUTES: write key=value,key=value, with commas and other signs percent-encoded
              OTEL_METRIC_EXPORT_INTERVAL: write a whole number of milliseconds above 0
              OTEL_EXPORTER_OTLP_PROTOCOL: write grpc or http/protobuf
              OTEL_EXPORTER_OTLP_ENDPOINT: write http://host:port or https://host:port
              OTEL_TRACES_EXPORTER: write otlp or none"#]],
    );
    check(
        "OTEL_EXPORTER_OTLP_COMPRESSION=zstd\nOTEL_EXPORTER_OTLP_HEADERS=a b=secret\nOTEL_EXPORTER_OTLP_TIMEOUT=0\n\
         OTEL_EXPORTER_OTLP_CLIENT_KEY=/tls.key\nPOINTSMAN_OTLP_SERVER_NAME=a b\nPOINTSMAN_OTLP_TOKEN_FILE=/token",
        &expect![[r#"
            set up telemetry from the environment
              OTEL_EXPORTER_OTLP_CLIENT_KEY: name the certificate too, in the variable that ends in CLIENT_CERTIFICATE
              POINTSMAN_OTLP_SERVER_NAME: write the name in the receiver's certificate, such as pointsman.pointsman.svc
              OTEL_EXPORTER_OTLP_COMPRESSION: write gzip or none
              OTEL_EXPORTER_OTLP_HEADERS: write names and values that a header can have
              POINTSMAN_OTLP_TOKEN_FILE: a token is sent to an https address only
              OTEL_EXPORTER_OTLP_TIMEOUT: write a whole number of milliseconds above 0"#]],
    );
    check(
        "POINTSMAN_OTLP_SERVICE=pointsman\nPOINTSMAN_SERVICE_HOST=172.30.0.7\nPOINTSMAN_SERVICE_PORT=9464\n\
         POINTSMAN_SERVICE_PORT_METRICS=9464",
        &expect![[r#"
            set up telemetry from the environment
              POINTSMAN_OTLP_SERVICE: the Service has no port of the name otlp-http"#]],
    );
    check(
        "POINTSMAN_OTLP_SERVICE=pointsman-otlp\nOTEL_EXPORTER_OTLP_HEADERS=a=%zz",
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_OTLP_SERVICE: there is no POINTSMAN_OTLP_SERVICE_HOST: the Service must be in the pod's namespace and older than the pod
          OTEL_EXPORTER_OTLP_HEADERS: write key=value,key=value, with commas and other signs percent-encoded"#]],
    );
}

/// Scenario: a setup with secrets is printed. Guarantees: they are not shown.
#[test]
fn secrets_are_not_shown() {
    let setup = read("OTEL_EXPORTER_OTLP_HEADERS=authorization=hush").expect("no mistake");
    let shown = format!("{setup:?}");
    assert!(shown.contains("authorization") && !shown.contains("hush"), "{shown}");
}

/// Scenario: plans come from a controller over each of the four schemes, from a file, from both, from the Service that
/// exports go to, or are turned off with nonsense beside it. Guarantees: a session is spoken as exports of all signals are,
/// not as those of one; its path has a default; what is off needs nothing else to be right.
#[test]
fn plans_come_from_where_it_is_said() {
    let plans = |text: &str, want: &Expect| {
        let setup = read(text).expect("no mistake");
        want.assert_eq(&format!("off {} {}", setup.sync_off, setup.sync.as_ref().map(plans).unwrap_or_default()));
    };
    plans("", &expect!["off false "]);
    plans(
        "POINTSMAN_OPAMP_ENDPOINT=ws://controller:4318",
        &expect![[r#"
        off false plans from socket controller 4318 /v1/opamp name None ca None identity None token None headers [], file None, cache None
    "#]],
    );
    plans(
        "POINTSMAN_OPAMP_ENDPOINT=wss://controller/",
        &expect![[r#"
        off false plans from socket TLS controller 443 /v1/opamp name None ca None identity None token None headers [], file None, cache None
    "#]],
    );
    plans(
        "POINTSMAN_OPAMP_ENDPOINT=http://[fd00::7]:1/other/path",
        &expect![[r#"
        off false plans from polled fd00::7 1 /other/path name None ca None identity None token None headers [], file None, cache None
    "#]],
    );
    plans(
        "POINTSMAN_OPAMP_ENDPOINT=https://controller:4318\nPOINTSMAN_OPAMP_HEADERS=x-tenant=a\n\
         OTEL_EXPORTER_OTLP_METRICS_HEADERS=x-other=a\nOTEL_EXPORTER_OTLP_CERTIFICATE=/ca.crt\n\
         OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/tls.crt\nOTEL_EXPORTER_OTLP_CLIENT_KEY=/tls.key\n\
         OTEL_EXPORTER_OTLP_ENDPOINT=https://collector\nPOINTSMAN_OTLP_TOKEN_FILE=/token\n\
         POINTSMAN_OTLP_SERVER_NAME=pointsman.svc",
        &expect![[r#"
            off false plans from polled TLS controller 4318 /v1/opamp name Some("pointsman.svc") ca Some("/ca.crt") identity Some(("/tls.crt", "/tls.key")) token Some("/token") headers ["x-tenant"], file None, cache None
        "#]],
    );
    plans(
        "POINTSMAN_PLAN_FILE=/etc/plan/plan.json\nPOINTSMAN_PLAN_CACHE=/var/plan",
        &expect![[r#"
        off false plans from nobody, file Some("/etc/plan/plan.json"), cache Some("/var/plan")
    "#]],
    );
    let service = "POINTSMAN_OPAMP_ENDPOINT=service\nPOINTSMAN_OTLP_SERVICE=pointsman\nPOINTSMAN_SERVICE_HOST=172.30.0.7\n\
                   POINTSMAN_SERVICE_PORT_OTLP_GRPC=4317\nPOINTSMAN_SERVICE_PORT_OTLP_HTTP=4318\n\
                   OTEL_EXPORTER_OTLP_PROTOCOL=grpc\n";
    plans(
        service,
        &expect![[r#"
        off false plans from socket 172.30.0.7 4318 /v1/opamp name None ca None identity None token None headers [], file None, cache None
    "#]],
    );
    plans(
        &format!("{service}OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.crt"),
        &expect![[r#"
        off false plans from socket TLS 172.30.0.7 4318 /v1/opamp name None ca Some("/ca.crt") identity None token None headers [], file None, cache None
    "#]],
    );
    plans("POINTSMAN_SYNC=off\nPOINTSMAN_OPAMP_ENDPOINT=nonsense\nPOINTSMAN_PLAN_FILE=/plan", &expect!["off true "]);
}

/// Scenario: exports carry a key, and the controller is on the same host or on another one, with TLS or without. Guarantees: the
/// key goes to who receives exports, as safe as they do, and to nobody else; headers of its own always go to the controller.
#[test]
fn a_key_goes_to_the_receiver_only() {
    let headers = |receiver: &str, controller: &str| {
        let setup = read(&format!(
            "{receiver}\nPOINTSMAN_OPAMP_ENDPOINT={controller}\nOTEL_EXPORTER_OTLP_HEADERS=api-key=hush\n\
             POINTSMAN_OPAMP_HEADERS=x-tenant=a"
        ));
        let endpoint = setup.expect("no mistake").sync.and_then(|sync| sync.endpoint).expect("a controller");
        endpoint.target.headers.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>().join(" ")
    };
    let safe = "OTEL_EXPORTER_OTLP_ENDPOINT=https://vendor:4318/base";
    let service = "POINTSMAN_OTLP_SERVICE=pointsman\nPOINTSMAN_SERVICE_HOST=172.30.0.7\nPOINTSMAN_SERVICE_PORT=4318";
    for (receiver, controller, want) in [
        (safe, "wss://vendor", "api-key x-tenant"),
        (safe, "https://Vendor:4318", "api-key x-tenant"),
        (safe, "ws://vendor", "x-tenant"),
        (safe, "wss://vendor.other", "x-tenant"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT=http://vendor", "wss://vendor", "x-tenant"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=https://vendor", "wss://vendor", "x-tenant"),
        ("", "ws://controller", "x-tenant"),
        ("", "ws://localhost:4318", "api-key x-tenant"),
        (service, "service", "api-key x-tenant"),
        (service, "ws://172.30.0.8:4318", "x-tenant"),
    ] {
        assert_eq!(headers(receiver, controller), want, "{receiver} {controller}");
    }
}

/// Scenario: everything that is said of plans is wrong. Guarantees: every mistake is told, with what would be right.
#[test]
fn mistakes_about_plans_are_told() {
    check(
        "POINTSMAN_SYNC=no\nPOINTSMAN_OPAMP_ENDPOINT=controller:4318\nPOINTSMAN_PLAN_CACHE=/plan",
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_SYNC: write off, or leave it out
          POINTSMAN_OPAMP_ENDPOINT: write ws://host:port, wss://, http:// or https://, or service"#]],
    );
    check(
        "POINTSMAN_PLAN_CACHE=/plan",
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_PLAN_CACHE: say where plans come from: in POINTSMAN_OPAMP_ENDPOINT or POINTSMAN_PLAN_FILE"#]],
    );
    check(
        "POINTSMAN_OPAMP_ENDPOINT=service\nPOINTSMAN_PLAN_FILE=/plan",
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_OPAMP_ENDPOINT: name the Service, in POINTSMAN_OTLP_SERVICE"#]],
    );
    check(
        "POINTSMAN_OPAMP_ENDPOINT=ws://controller\nPOINTSMAN_OPAMP_HEADERS=a b=secret",
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_OPAMP_HEADERS: write names and values that a header can have"#]],
    );
    check(
        "POINTSMAN_OPAMP_ENDPOINT=ftp://controller\nPOINTSMAN_PLAN_FILE=/plan",
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_OPAMP_ENDPOINT: write ws://host:port, wss://, http:// or https://, or service"#]],
    );
    let service = "POINTSMAN_OPAMP_ENDPOINT=service\nPOINTSMAN_OTLP_SERVICE=pointsman\nPOINTSMAN_SERVICE_HOST=172.30.0.7\n\
                   POINTSMAN_SERVICE_PORT_OTLP_GRPC=4317\nOTEL_EXPORTER_OTLP_PROTOCOL=grpc";
    check(
        service,
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_OTLP_SERVICE: the Service has no port of the name otlp-http"#]],
    );
    let plain = "POINTSMAN_OPAMP_ENDPOINT=ws://controller\nOTEL_EXPORTER_OTLP_ENDPOINT=https://collector\n\
                 POINTSMAN_OTLP_TOKEN_FILE=/token";
    check(
        plain,
        &expect![[r#"
        set up telemetry from the environment
          POINTSMAN_OTLP_TOKEN_FILE: a token is sent to an https address only"#]],
    );
}

/// Scenario: nothing is said of plans; they are turned off; a file is named that is not there. Guarantees: everything stays
/// on; the declared levels decide, and nobody is to be run; the declared levels decide until there is a plan.
#[test]
fn never_everything_where_plans_were_asked_for() {
    let start = |text: &str| {
        let started = read(text).expect("no mistake").start(|| std::time::SystemTime::UNIX_EPOCH);
        let (standard, detailed) =
            (started.telemetry.counter::<LimitHits>(), started.telemetry.histogram::<mco::ControllerQueueLatency>());
        (standard.on().is_some(), detailed.on().is_some(), started.sync.is_some())
    };
    assert_eq!(start(""), (true, true, false));
    assert_eq!(start("POINTSMAN_SYNC=off\nPOINTSMAN_PLAN_FILE=/missing"), (true, false, false));
    assert_eq!(start("POINTSMAN_PLAN_FILE=/missing"), (true, false, true));
    assert_eq!(start("POINTSMAN_OPAMP_ENDPOINT=ws://controller"), (true, false, true));
    assert_eq!(start("OTEL_SDK_DISABLED=true\nPOINTSMAN_PLAN_FILE=/missing"), (false, false, false));
}
