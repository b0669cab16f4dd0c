//! One case through the real binary, by one of three ways in. What the files say must come back byte for byte.
//! pointsman's own series would stand in every body, so a view of the platform turns them off: nothing is filtered here.

use super::{
    case::{Case, Step, contains},
    dump,
};
use crate::{
    grpc::{self, EXPORT, GRPC},
    real::prometheus::ACCEPTS,
    support::{Pointsman, Reply, http},
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};
use pointsman_core::decode::json;
use prost::Message;
use std::{fs, thread};
use tonic::Code;

/// Turns off what pointsman says of itself, and nothing else.
const ONLY_THE_CASE: &str = "apiVersion: pointsman.dev/v1alpha1
kind: ClusterTelemetryView
metadata: {name: only-the-case}
spec:
  namespaceSelector: {matchNames: [\"*\"]}
  overrides:
    targets: [{serviceName: pointsman}]
    baseline: None
";

/// How a request comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Json,
    HttpProtobuf,
    Grpc,
}

/// What a sender learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Points refused, and what was said of it.
    Taken(u64, String),
    /// Bad data, with a reason.
    Bad(String),
}

impl Way {
    pub(super) const ALL: [Self; 3] = [Self::Json, Self::HttpProtobuf, Self::Grpc];

    fn push(self, server: &Pointsman, text: &[u8]) -> Result<Option<Answer>, String> {
        if self == Self::Json {
            let reply = server.push_json("/v1/metrics", &String::from_utf8_lossy(text));
            return json_answer(&reply).map(Some);
        }
        // What is no request as JSON is none that protobuf could spell.
        let Ok(body) = json::metrics_to_protobuf(text) else { return Ok(None) };
        match self {
            Self::HttpProtobuf => protobuf_answer(&server.push_proto("/v1/metrics", &[], &body)),
            _ => {
                let called = grpc::call(server.grpc, EXPORT, &[GRPC], grpc::framed(0, &body));
                match called.code {
                    Code::Ok => taken(&called.answer),
                    Code::InvalidArgument => Ok(Answer::Bad(called.message)),
                    code => Err(format!("answered {code:?}: {}", called.message)),
                }
            }
        }
        .map(Some)
    }
}

fn json_answer(reply: &Reply) -> Result<Answer, String> {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).map_err(|error| format!("{error}: {}", reply.text()))?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    match reply.status {
        200 => {
            let partial = &body["partialSuccess"];
            let rejected = partial.get("rejectedDataPoints").map_or(Some(0), |n| n.as_str().and_then(|n| n.parse().ok()));
            let rejected = rejected.ok_or_else(|| format!("no number of rejected points: {body}"))?;
            Ok(Answer::Taken(rejected, text(&partial["errorMessage"])))
        }
        400 => Ok(Answer::Bad(text(&body["message"]))),
        status => Err(format!("answered {status}: {body}")),
    }
}

fn protobuf_answer(reply: &Reply) -> Result<Answer, String> {
    match reply.status {
        200 => taken(&reply.body),
        400 => Ok(Answer::Bad(reply.text())),
        status => Err(format!("answered {status}: {}", reply.text())),
    }
}

fn taken(body: &[u8]) -> Result<Answer, String> {
    let response = ExportMetricsServiceResponse::decode(body).map_err(|error| format!("read the answer: {error}"))?;
    let ExportMetricsPartialSuccess { rejected_data_points, error_message } = response.partial_success.unwrap_or_default();
    let rejected = u64::try_from(rejected_data_points).map_err(|error| format!("read the answer: {error}"))?;
    Ok(Answer::Taken(rejected, error_message))
}

/// Runs a case against a process of its own; gives every answer, so that ways can be held against each other.
pub(super) fn run(case: &Case, way: Way) -> Result<Vec<Answer>, String> {
    let views = tempfile::tempdir().map_err(|error| error.to_string())?;
    let write = |name: &str, text: &str| fs::write(views.path().join(name), text).map_err(|error| format!("{name}: {error}"));
    write("only-the-case.yaml", ONLY_THE_CASE)?;
    if let Some((name, text)) = case.view_file()? {
        write(name, &text)?;
    }
    let mut flags = case.flags();
    flags.extend(["--views".to_owned(), views.path().display().to_string()]);
    let server = Pointsman::start(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    let mut answers = Vec::new();
    for (at, step) in case.steps.iter().enumerate() {
        let fault = |fault: String| format!("step {}: {fault}", at + 1);
        if let Some(file) = &step.push {
            let answer = way.push(&server, case.read(file).map_err(fault)?.as_bytes()).map_err(fault)?;
            if let Some(answer) = answer {
                check(step, &answer).map_err(fault)?;
                answers.push(answer);
            }
        } else if let Some(file) = &step.scrape {
            let reply = scrape(&server, step);
            let body = if file.ends_with(".pb.txt") { dump::protobuf(&reply.body).map_err(fault)? } else { reply.text() };
            if step.content_type.as_deref().is_some_and(|wanted| reply.header("content-type") != Some(wanted)) {
                return Err(fault(format!("Content-Type is {:?}, not {:?}", reply.header("content-type"), step.content_type)));
            }
            let want = case.read(file).map_err(fault)?;
            if want != body {
                return Err(fault(format!("{file} differs\n--- expected\n{want}--- got\n{body}---")));
            }
        }
    }
    Ok(answers)
}

/// One scrape beside others in every format, all at once: none of them changes what another sees.
fn scrape(server: &Pointsman, step: &Step) -> Reply {
    thread::scope(|scope| {
        let others = ACCEPTS.map(|accept| scope.spawn(move || http(server.read, "GET", "/metrics", &[("accept", accept)], b"")));
        let reply = scrape_alone(server, step);
        for other in others {
            let other = other.join().expect("it is answered");
            assert_eq!((other.status, other.complete), (200, true), "{}", other.text());
        }
        reply
    })
}

fn scrape_alone(server: &Pointsman, step: &Step) -> Reply {
    let headers: Vec<(&str, &str)> = step.accept.lines().into_iter().map(|line| ("accept", line)).collect();
    let names: Vec<String> = step.names.iter().map(|name| format!("name[]={name}")).collect();
    let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
    server.get_with(&format!("/metrics{query}"), &headers)
}

fn check(step: &Step, answer: &Answer) -> Result<(), String> {
    match answer {
        Answer::Bad(text) if step.bad => contains(text, step.message.as_deref()),
        Answer::Taken(rejected, text) if !step.bad => {
            if *rejected != step.rejected {
                return Err(format!("refused {rejected} points, not {}: {text}", step.rejected));
            }
            if *rejected > 0 && text.is_empty() {
                return Err(format!("refused {rejected} points and said nothing"));
            }
            contains(text, step.message.as_deref())
        }
        other => Err(format!("bad data is {}, yet the answer was {other:?}", step.bad)),
    }
}
