//! What a receiver answers: the rows of a case's `reply.yaml`, each a request to a process and everything that must come
//! back. Knows how requests are spelled over HTTP and gRPC; what is right stands in the rows.

use super::case::{Case, contains};
use crate::{
    grpc::{self, EXPORT, GRPC, framed},
    support::{Pointsman, Reply, http},
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use pointsman_core::decode::json;
use prost::Message;
use serde::Deserialize;
use std::{collections::BTreeMap, io::Write};

/// A request and its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Row {
    what: String,
    /// Over gRPC, where `path` is the method and `status` a code's number.
    #[serde(default)]
    grpc: bool,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Body,
    status: u16,
    /// Headers of the answer; `null` = not there.
    #[serde(default)]
    with: BTreeMap<String, Option<String>>,
    /// The answer's body, whole.
    answer: Option<String>,
    /// The code of the `google.rpc.Status` that the answer is.
    code: Option<i64>,
    /// Points refused by an answer that is a success.
    rejected: Option<u64>,
    /// Text in the message of the status, or of the partial success.
    message: Option<String>,
    /// gRPC: whether it names a time to come again.
    #[serde(default)]
    retry_info: bool,
}

/// What a request carries, made in the order of the fields.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    /// A file of OTLP/JSON.
    json: Option<String>,
    /// The same, as protobuf.
    protobuf: Option<String>,
    /// As it stands.
    text: Option<String>,
    /// So many zeros.
    #[serde(default)]
    zeros: usize,
    /// An array in an array, so deep, as the resources of a request.
    #[serde(default)]
    depth: usize,
    /// Bytes in hexadecimal, behind the others.
    #[serde(default)]
    hex: String,
    /// Of these: `gzip`, `zstd`, `twice` (two members), `cut` (without its end), `tail` (a byte behind its end).
    #[serde(default)]
    packed: Vec<String>,
    /// gRPC: the flag of the frame.
    #[serde(default)]
    flag: u8,
    /// gRPC: no frame at all.
    #[serde(default)]
    bare: bool,
}

impl Body {
    fn bytes(&self, case: &Case) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        if let Some(file) = &self.json {
            bytes = case.read(file)?.into_bytes();
        }
        if let Some(file) = &self.protobuf {
            bytes = json::metrics_to_protobuf(case.read(file)?.as_bytes()).map_err(|error| format!("{file}: {error}"))?;
        }
        bytes.extend(self.text.iter().flat_map(|text| text.bytes()));
        bytes.resize(bytes.len() + self.zeros, 0);
        if self.depth > 0 {
            bytes = format!("{{\"resourceMetrics\":{}{}}}", "[".repeat(self.depth), "]".repeat(self.depth)).into_bytes();
        }
        let digits = self.hex.as_bytes().as_chunks::<2>().0.iter();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).map_err(|error| error.to_string());
        bytes.extend(digits.map(byte).collect::<Result<Vec<_>, _>>()?);
        self.packed.iter().try_fold(bytes, |bytes, how| pack(how, bytes))
    }
}

fn pack(how: &str, mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    match how {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&bytes).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
        }
        "zstd" => zstd::encode_all(&bytes[..], 3).map_err(|error| error.to_string()),
        "twice" => Ok(bytes.repeat(2)),
        "cut" => {
            bytes.truncate(bytes.len().saturating_sub(4));
            Ok(bytes)
        }
        "tail" => {
            bytes.push(1);
            Ok(bytes)
        }
        other => Err(format!("no way to pack: {other}")),
    }
}

/// Every row against one process; what is wrong, in words.
pub(super) fn run(case: &Case, rows: &[Row]) -> Vec<String> {
    let flags = case.flags();
    let server = Pointsman::start(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    let one = |row: &Row| {
        let body = row.body.bytes(case)?;
        if row.grpc { row.call(&server, &body) } else { row.ask(&server, &body) }
    };
    let told = |row: &Row| one(row).err().map(|fault| format!("{}: {}: {fault}", case.name, row.what));
    let mut faults: Vec<String> = rows.iter().filter_map(told).collect();
    let alive = server.push_json("/v1/metrics", "{}");
    if alive.text() != "{}" {
        faults.push(format!("{}: the server no longer answers: {}", case.name, alive.text()));
    }
    faults
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Result<(), String> {
    if got == want { Ok(()) } else { Err(format!("{what} is {got:?}, not {want:?}")) }
}

impl Row {
    /// The files that it sends.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        [self.body.json.as_deref(), self.body.protobuf.as_deref()].into_iter().flatten()
    }

    fn ask(&self, server: &Pointsman, body: &[u8]) -> Result<(), String> {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (method, path) = (self.method.as_deref().unwrap_or("POST"), self.path.as_deref().unwrap_or("/v1/metrics"));
        let reply = http(server.http, method, path, &headers, body);
        equal("the status", &reply.status, &self.status).map_err(|fault| format!("{fault}: {}", reply.text()))?;
        for (name, value) in &self.with {
            equal(name, &reply.header(name), &value.as_deref())?;
        }
        if let Some(answer) = &self.answer {
            equal("the body", &reply.text(), answer)?;
        }
        if let Some(code) = self.code {
            let (got, message) = status(&reply)?;
            equal("the code", &got, &code)?;
            contains(&message, self.message.as_deref())?;
        }
        if let Some(rejected) = self.rejected {
            let (got, message) = partial(&reply)?;
            equal("points refused", &got, &rejected)?;
            contains(&message, self.message.as_deref())?;
        }
        Ok(())
    }

    fn call(&self, server: &Pointsman, body: &[u8]) -> Result<(), String> {
        let given = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<(&str, &str)> = std::iter::once(GRPC).chain(given).collect();
        let frame = if self.body.bare { body.to_vec() } else { framed(self.body.flag, body) };
        let called = grpc::call(server.grpc, self.path.as_deref().unwrap_or(EXPORT), &headers, frame);
        equal("the code", &i32::from(called.code), &i32::from(self.status))
            .map_err(|fault| format!("{fault}: {}", called.message))?;
        equal("RetryInfo", &called.has_retry_info, &self.retry_info)?;
        if self.status != 0 || self.path.is_some() {
            return contains(&called.message, self.message.as_deref());
        }
        let (rejected, message) = success(&called.answer)?;
        equal("points refused", &rejected, &self.rejected.unwrap_or(0))?;
        equal("whether something is said", &message.is_empty(), &self.message.is_none())?;
        contains(&message, self.message.as_deref())
    }
}

/// Code and message of a `google.rpc.Status`, in the encoding that the answer says.
fn status(reply: &Reply) -> Result<(i64, String), String> {
    if reply.header("content-type") == Some("application/json") {
        let status: serde_json::Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
        let message = status["message"].as_str().unwrap_or_default().to_owned();
        return Ok((status["code"].as_i64().ok_or("a status without a code")?, message));
    }
    equal("the type", &reply.header("content-type"), &Some("application/x-protobuf"))?;
    match reply.body[..] {
        [8, code, 0x12, ..] => Ok((code.into(), reply.text())), // field 1, a varint, then the message
        _ => Err(format!("no status: {:?}", reply.body)),
    }
}

fn partial(reply: &Reply) -> Result<(u64, String), String> {
    if reply.header("content-type") != Some("application/json") {
        return success(&reply.body);
    }
    let body: serde_json::Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let partial = &body["partialSuccess"];
    let rejected = partial["rejectedDataPoints"].as_str().and_then(|text| text.parse().ok());
    Ok((
        rejected.ok_or("the number of refused points is no string")?,
        partial["errorMessage"].as_str().unwrap_or_default().into(),
    ))
}

fn success(body: &[u8]) -> Result<(u64, String), String> {
    let partial = ExportMetricsServiceResponse::decode(body).map_err(|error| error.to_string())?.partial_success;
    let partial = partial.unwrap_or_default();
    Ok((u64::try_from(partial.rejected_data_points).map_err(|error| error.to_string())?, partial.error_message))
}
