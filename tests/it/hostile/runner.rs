//! Sends the rows of one threat to one real process, and looks after each one whether anybody else noticed: the answer is
//! the one that stands in the row, memory stays within its bound, another sender's series are the same to the byte, the
//! scrape reads, and what was refused is counted. Knows no threat.

use super::{
    body::{self, Message},
    checker,
    row::{Outcome, Row, Way},
    watch::{self, Memory},
};
use crate::{
    grpc::{self, Called},
    support::{DEADLINE, Pointsman, Reply, parse},
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message as _;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};
use tonic::Code;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// What a row may cost of a processor, three ways of sending it and the scrapes between them included, without optimisation.
const WORK_MAX: Duration = Duration::from_secs(3);
/// Bytes of an answer to anybody: texts are cut, so that nobody's input comes back at length.
const ANSWER_BYTES_MAX: usize = 2 << 10;

/// What came back, whatever the way.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    outcome: Result<Outcome, String>,
    text: String,
}

/// Runs every row; panics with all faults at the end.
pub(super) fn run(server: &Pointsman, rows: &[Row]) {
    watch::victims(server);
    let memory = Memory::of(server.pid());
    let before = Seen::of(server);
    let mut counted = before.own.clone();
    let mut faults = Vec::new();
    for row in rows {
        let message = body::message(&row.body, &row.id);
        memory.begin();
        let mut refused = 0;
        for (way, wanted) in &row.ways {
            match one(server, *way, &message) {
                Ok(answer) => {
                    refused += if let Ok(Outcome::Taken(n)) = answer.outcome { n } else { 0 };
                    faults.extend(judge(row, *wanted, &answer).map(|fault| format!("{} ({way:?}): {fault}", row.id)));
                }
                Err(fault) => faults.push(format!("{} ({way:?}): {fault}", row.id)),
            }
        }
        let grown = memory.grown_kib();
        if grown > row.growth_kib {
            faults.push(format!("{}: memory grew by {grown} KiB, {} are allowed", row.id, row.growth_kib));
        }
        let worked = memory.worked();
        if worked > WORK_MAX {
            faults.push(format!("{}: it took {worked:?} of a processor, {WORK_MAX:?} are allowed", row.id));
        }
        let after = Seen::of(server);
        faults.extend(before.faults(&after).into_iter().map(|fault| format!("{}: {fault}", row.id)));
        faults.extend(uncounted(row, refused, &counted, &after.own).into_iter().map(|fault| format!("{}: {fault}", row.id)));
        counted = after.own;
    }
    // The judges that are not ours see what all rows left behind.
    drop(server.scrape());
    drop(server.get_with("/metrics", &[("accept", "application/openmetrics-text; version=1.0.0")]));
    assert!(faults.is_empty(), "{} faults in {} rows:\n{}", faults.len(), rows.len(), faults.join("\n"));
}

/// What others see.
struct Seen {
    /// The victims' lines in both text formats.
    victims: [String; 2],
    /// What the checker says of both.
    problems: Vec<String>,
    /// Our own counts.
    own: BTreeMap<String, u64>,
}

impl Seen {
    fn of(server: &Pointsman) -> Self {
        let accepts = ["text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0"];
        let bodies = accepts.map(|accept| watch::scrape(server.read, accept));
        let problems = bodies.iter().flat_map(|body| checker::check_text(body)).collect();
        Self { victims: bodies.map(|body| watch::victims_of(&body)), problems, own: watch::counts(server) }
    }

    fn faults(&self, after: &Self) -> Vec<String> {
        let mut faults = after.problems.clone();
        if self.victims != after.victims {
            faults.push(format!("other senders' series changed from\n{:?}\nto\n{:?}", self.victims, after.victims));
        }
        faults
    }
}

/// What was refused and is missing in the counts, or is counted and was not refused; a limit that the row does not name is
/// not to be hit.
fn uncounted(row: &Row, refused: u64, before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<String> {
    let rise = |name: &str| after.get(name).copied().unwrap_or(0) - before.get(name).copied().unwrap_or(0);
    let mut faults = Vec::new();
    let dropped: u64 = ["drop.limit", "drop.invalid", "drop.queue_full"].map(rise).iter().sum();
    if dropped != refused {
        faults.push(format!("{refused} were refused, {dropped} are counted"));
    }
    let wanted = |limit: &str| row.limits.iter().find(|(name, _)| name == limit).map(|(_, n)| *n);
    let known = after.keys().filter_map(|name| name.strip_prefix("limit."));
    let named = row.limits.iter().map(|(name, _)| name.as_str()).filter(|name| !after.contains_key(&format!("limit.{name}")));
    for limit in known.chain(named) {
        // The rows are of 2023: only those of time say how often that shows.
        let n = wanted(limit).or((limit != "time_skew").then_some(0));
        let rose = rise(&format!("limit.{limit}"));
        if n.is_some_and(|n| n != rose) {
            faults.push(format!("limit {limit} was hit {rose} times, not {n:?}"));
        }
    }
    faults
}

fn judge(row: &Row, wanted: Outcome, answer: &Answer) -> Option<String> {
    match &answer.outcome {
        Err(fault) => return Some(format!("{fault}: {}", answer.text)),
        Ok(found) if *found != wanted => return Some(format!("{found:?}, not {wanted:?}: {}", answer.text)),
        Ok(_) => {}
    }
    if matches!(wanted, Outcome::Bad | Outcome::Large | Outcome::Taken(1..)) && answer.text.is_empty() {
        return Some("refused without a word".into());
    }
    let says = row.says.as_ref().filter(|says| !answer.text.contains(says.as_str()));
    says.map(|says| format!("says {:?}, not {says:?}", answer.text))
}

fn one(server: &Pointsman, way: Way, message: &Message) -> Result<Answer, String> {
    let body = match way {
        Way::Json => &message.json,
        _ => message.protobuf.as_ref().ok_or("the row cannot be written in protobuf")?,
    };
    match way {
        Way::Json => over_http(server.http, message, body, "application/json"),
        Way::Protobuf => over_http(server.http, message, body, "application/x-protobuf"),
        Way::Grpc => Ok(over_grpc(server.grpc, message, body)),
    }
}

fn over_grpc(addr: SocketAddr, message: &Message, body: &[u8]) -> Answer {
    let path = message.path.as_deref().unwrap_or(if message.is_trace { TRACES } else { grpc::EXPORT });
    let content_type = message.content_type.as_deref().unwrap_or("application/grpc");
    let mut headers = vec![("content-type", content_type)];
    headers.extend(message.encoding.as_deref().map(|encoding| ("grpc-encoding", encoding)));
    headers.extend(message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let flag = u8::from(message.encoding.is_some());
    let (flag, length) = message.frame.unwrap_or((flag, u32::try_from(body.len()).expect("a short body")));
    let framed = [&[flag][..], &length.to_be_bytes(), body].concat();
    let Called { code, message: text, has_retry_info, answer } = grpc::call(addr, path, &headers, framed);
    let outcome = match code {
        Code::Ok => return taken(&answer),
        _ if has_retry_info => Err(format!("{code:?} with a time to come back")),
        Code::InvalidArgument => Ok(Outcome::Bad),
        Code::ResourceExhausted => Ok(Outcome::Large),
        Code::Unimplemented => Ok(Outcome::Encoding),
        Code::Internal => Ok(Outcome::Framing),
        code => Err(format!("{code:?}")),
    };
    Answer { outcome: outcome.and_then(|outcome| short(text.len()).map(|()| outcome)), text }
}

fn over_http(addr: SocketAddr, message: &Message, body: &[u8], own_type: &str) -> Result<Answer, String> {
    let method = message.method.as_deref().unwrap_or("POST");
    let path = message.path.as_deref().unwrap_or(if message.is_trace { "/v1/traces" } else { "/v1/metrics" });
    let content_type = message.content_type.as_deref().unwrap_or(own_type);
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n");
    let mut line = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    if content_type != "none" {
        line("content-type", content_type);
    }
    match (&message.length, message.chunked) {
        (_, true) => line("transfer-encoding", "chunked"),
        (Some(length), false) => line("content-length", length),
        (None, false) => line("content-length", &body.len().to_string()),
    }
    message.encoding.iter().for_each(|encoding| line("content-encoding", encoding));
    message.headers.iter().for_each(|(name, value)| line(name, value));
    let mut bytes = [head.as_bytes(), b"\r\n", body].concat();
    let reply = exchange(addr, &mut bytes)?;
    Ok(http_answer(&reply, content_type))
}

/// Sends all and no more, then reads to the end.
fn exchange(addr: SocketAddr, bytes: &mut [u8]) -> Result<Reply, String> {
    let mut stream = TcpStream::connect(addr).map_err(|error| format!("connect: {error}"))?;
    stream.set_read_timeout(Some(DEADLINE)).map_err(|error| format!("set a time-out: {error}"))?;
    // A server may refuse before it has read everything: then the answer counts, not the write.
    stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write)).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(|error| format!("read the answer: {error}"))?;
    if answer.is_empty() { Err("closed without an answer".into()) } else { Ok(parse(&answer)) }
}

fn http_answer(reply: &Reply, content_type: &str) -> Answer {
    let is_protobuf = content_type.starts_with("application/x-protobuf");
    let form = if is_protobuf { "application/x-protobuf" } else { "application/json" };
    // What hyper refuses never reached us: it has no form.
    let is_ours = reply.header("content-type").is_some();
    let outcome = match reply.status {
        _ if is_ours && reply.header("content-type") != Some(form) => {
            Err(format!("answers in {:?}", reply.header("content-type")))
        }
        200 if is_protobuf => return taken(&reply.body),
        200 => return taken_json(reply),
        status if reply.header("retry-after").is_some() => Err(format!("{status} with a time to come back")),
        400 if is_ours => Ok(Outcome::Bad),
        413 => Ok(Outcome::Large),
        415 if reply.header("accept-encoding").is_some() => Ok(Outcome::Encoding),
        status => Ok(Outcome::Status(status)),
    };
    Answer { outcome: outcome.and_then(|outcome| short(reply.body.len()).map(|()| outcome)), text: reply.text() }
}

fn short(bytes: usize) -> Result<(), String> {
    if bytes > ANSWER_BYTES_MAX { Err(format!("an answer of {bytes} bytes")) } else { Ok(()) }
}

/// Both services answer with the same fields.
fn taken(answer: &[u8]) -> Answer {
    let Ok(response) = ExportMetricsServiceResponse::decode(answer) else {
        return Answer { outcome: Err("no answer of OTLP".into()), text: String::new() };
    };
    let partial = response.partial_success.unwrap_or_default();
    let outcome = u64::try_from(partial.rejected_data_points).map(Outcome::Taken).map_err(|error| error.to_string());
    Answer { outcome: outcome.and_then(|outcome| short(answer.len()).map(|()| outcome)), text: partial.error_message }
}

fn taken_json(reply: &Reply) -> Answer {
    let partial = &reply.json()["partialSuccess"];
    let n = ["rejectedDataPoints", "rejectedSpans"].iter().find_map(|name| partial[name].as_str()).map_or(Ok(0), str::parse);
    let text = partial["errorMessage"].as_str().unwrap_or_default().to_owned();
    let outcome = n.map(Outcome::Taken).map_err(|error| error.to_string());
    Answer { outcome: outcome.and_then(|outcome| short(reply.body.len()).map(|()| outcome)), text }
}
