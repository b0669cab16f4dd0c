//! What the client accepts as a server, what it says of servers that are none, and how tables are cut.

use super::{
    UNREACHABLE, ask,
    client::{Access, Client, ClientError},
    table,
};
use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    thread,
};

fn client(server: &str) -> Client {
    Client::new(&Access { server, token_file: None, ca_file: None }).expect("it is an address")
}

fn refusal(server: &str, token_file: Option<&Path>, ca_file: Option<&Path>) -> String {
    let error = Client::new(&Access { server, token_file, ca_file }).err().expect("it is refused");
    assert!(error.is_usage(), "{error}");
    error.to_string()
}

/// Answers one request with these bytes; the request as it came.
fn scripted(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = format!("http://{}", listener.local_addr().expect("it is bound"));
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the client comes");
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("it sends") > 0 {
            head.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).expect("it listens");
        String::from_utf8(head).expect("text")
    });
    (server, serving)
}

async fn answer(answer: &'static str) -> Result<String, ClientError> {
    let (server, serving) = scripted(answer);
    let got = client(&server).get("/views").await;
    serving.join().expect("it was asked");
    got.map(|body| String::from_utf8(body.to_vec()).expect("text"))
}

/// Scenario: addresses that are none, files that are missing or empty, a token for another host in plain text.
/// Guarantees: each is refused before anything is sent, in words; neither password nor token is repeated.
#[test]
fn bad_addresses_and_files_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (token, empty) = (folder.path().join("token"), folder.path().join("empty"));
    fs::write(&token, "s3cret\n").expect("the folder is ours");
    fs::write(&empty, "").expect("the folder is ours");
    for (server, want) in [
        ("127.0.0.1:9464", "neither with http:// nor https://"),
        ("ftp://host", "neither with http:// nor https://"),
        ("http://", "no URL"),
        ("http://user:hunter2@host", "holds a user or password"),
    ] {
        let refused = refusal(server, None, None);
        assert!(refused.contains(want) && !refused.contains("hunter2"), "{refused}");
    }
    let refused = refusal("http://example.com:9464", Some(&token), None);
    assert!(refused.contains("example.com in plain text") && !refused.contains("s3cret"), "{refused}");
    assert!(refusal("http://127.0.0.1:1", Some(&empty), None).starts_with("read "));
    assert!(refusal("https://127.0.0.1:1", None, Some(&folder.path().join("none"))).starts_with("read "));
    assert!(refusal("https://127.0.0.1:1", None, Some(&empty)).starts_with("read "));
    assert!(Client::new(&Access { server: "http://[::1]:1", token_file: Some(&token), ca_file: None }).is_ok());
}

/// Scenario: a server that answers, one behind a path, and a token. Guarantees: the path, the host and the token are sent; the
/// body comes as it is.
#[tokio::test]
async fn a_request_says_who_and_what() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = folder.path().join("token");
    fs::write(&token, "s3cret\n").expect("the folder is ours");
    let (server, serving) = scripted("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let access = Access { server: &format!("{server}/proxy/"), token_file: Some(&token), ca_file: None };
    let body = Client::new(&access).expect("an address").get("/views?after=1").await.expect("an answer");
    let head = serving.join().expect("it was asked");
    assert_eq!(&*body, b"{}");
    assert!(head.starts_with("GET /proxy/api/v1/views?after=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer s3cret\r\n") && head.contains("host: 127.0.0.1:"), "{head}");
}

/// Scenario: a redirect, a refusal with and without our fault, a torn answer, nobody. Guarantees: an error that names the server and
/// the reason; only a missing thing is told apart.
#[tokio::test]
async fn other_answers_are_errors() {
    let said = async |text| answer(text).await.err().map(|error| (error.is_missing(), error.to_string())).unwrap_or_default();
    let (missing, text) = said("HTTP/1.1 302 Found\r\nlocation: http://evil/\r\ncontent-length: 0\r\n\r\n").await;
    assert!(!missing && text.contains("it redirects (302 Found)"), "{text}");
    let (missing, text) = said("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    assert!(!missing && text.contains("--token-file"), "{text}");
    let body = "{\"fault\":{\"code\":\"PM0501\",\"message\":\"unknown view `x`\"}}";
    let text: &'static str = format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{body}", body.len()).leak();
    let (missing, text) = said(text).await;
    assert!(missing && text.contains("unknown view `x` (PM0501)"), "{text}");
    let (missing, text) = said("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{}").await;
    assert!(!missing && text.contains("cannot reach"), "{text}");
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let error = client(&format!("http://{nobody}")).get("/views").await.expect_err("nobody is there");
    assert!(error.to_string().contains("port-forward"), "{error}");
}

/// Scenario: answers of other forms and versions. Guarantees: they are told as such, exit 3.
#[tokio::test]
async fn answers_of_others_are_not_read() {
    for (body, want) in
        [("{}", "missing field"), ("<html>", "expected value"), (r#"{"version":2,"at":"","truncated":false}"#, "version 2")]
    {
        let text: &'static str = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).leak();
        let (server, serving) = scripted(text);
        let error = ask::page::<u64>(&client(&server), "/views").await.expect_err("it is not read");
        serving.join().expect("it was asked");
        assert!(error.to_string().contains(want), "{error}");
        assert_eq!(error.exit_code(), UNREACHABLE);
    }
}

/// Scenario: text of a user in an address, and rows too wide for the terminal. Guarantees: every byte but plain ones is escaped; no
/// line is wider than 120 columns, and control characters are shown.
#[test]
fn text_is_escaped_and_cut() {
    assert_eq!(ask::encoded("span:GET /é?"), "span%3AGET%20%2F%C3%A9%3F");
    let mut out = Vec::new();
    let rows = [vec!["a\u{1b}[31m".to_owned(), "x".repeat(300), "end".to_owned()]];
    table::print(&mut out, &["NAME", "LONG", "LAST"], &rows, 2).expect("a Vec takes everything");
    let text = String::from_utf8(out).expect("text");
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    assert!(text.contains(r"a\u{1b}[31m") && text.contains("x…  end"), "{text}");
}
