use super::Setup;
use crate::{
    identity::Identity,
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

/// One variable a line in, what is made of them out.
fn check(text: &str, want: &Expect) {
    want.assert_eq(&match read(text) {
        Err(mistakes) => mistakes.to_string(),
        Ok(Setup { identity, every, off, metrics, traces }) => {
            let who: Vec<_> = identity.attributes.iter().map(|a| format!("{}={}", a.key, a.value)).collect();
            let line = |signal, target: &Option<Target>| target.as_ref().map_or("nowhere".to_owned(), |t| told(signal, t));
            let (metrics_line, traces_line) = (line(Signal::Metrics, &metrics), line(Signal::Traces, &traces));
            let same = if metrics == traces { " (one connection)" } else { "" };
            let who = who.join(" ");
            format!("{who}\nevery {every:?}, off {off}\nmetrics {metrics_line}\ntraces  {traces_line}{same}\n")
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
