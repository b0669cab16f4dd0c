//! The two requests against an API server in process: what it is asked, and what its words mean.

use super::{Ask, Attributes, Client, Reviewer, Target, Token, User};
use crate::auth::access::Resource;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes};
use kube::client::Body;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{convert::Infallible, sync::Arc};

type Heard = Arc<Mutex<Vec<(String, Value)>>>;

/// A reviewer whose server always says this, and what that server was asked.
fn asks(audiences: &[&str], code: u16, says: Value) -> (Reviewer, Heard) {
    let heard = Heard::default();
    let log = Arc::clone(&heard);
    let service = tower::service_fn(move |req: Request<Body>| {
        let (log, says) = (Arc::clone(&log), says.clone());
        async move {
            let path = req.uri().path().to_owned();
            let body = req.into_body().collect().await.unwrap().to_bytes();
            log.lock().push((path, serde_json::from_slice(&body).unwrap()));
            let mut answer = Response::new(Full::new(Bytes::from(says.to_string())));
            *answer.status_mut() = code.try_into().unwrap();
            Ok::<_, Infallible>(answer)
        }
    });
    let audiences = audiences.iter().map(|audience| (*audience).to_owned()).collect();
    (Reviewer::new(Client::new(service, "default"), audiences), heard)
}

fn knows(audiences: &[&str]) -> Value {
    json!({"spec": {}, "status": {"authenticated": true, "audiences": audiences, "user": {"username": "ann", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]}}}})
}

fn token() -> Token {
    Token::new("s3cret".to_owned())
}

fn ann() -> User {
    User {
        name: "ann".to_owned(),
        uid: "7".to_owned(),
        groups: vec!["g".to_owned()],
        extra: [("k".to_owned(), vec!["v".to_owned()])].into(),
    }
}

/// Scenario: tokens for our audience, for another one, and a server that tells no audiences though asked.
/// Guarantees: only the first is somebody's; the server is asked once, with our audiences.
#[tokio::test]
async fn krp_30_31_the_audiences_that_come_back_are_checked() {
    for (told, expected) in [(&["ours", "x"][..], Some(ann())), (&["x"], None), (&[], None)] {
        let (reviewer, heard) = asks(&["other", "ours"], 201, knows(told));
        assert_eq!(reviewer.user(token()).await.unwrap(), expected, "{told:?}");
        let heard = heard.lock();
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].0, "/apis/authentication.k8s.io/v1/tokenreviews");
        assert_eq!(heard[0].1["spec"], json!({"token": "s3cret", "audiences": ["other", "ours"]}));
    }
    let (reviewer, heard) = asks(&[], 201, knows(&[]));
    assert_eq!(reviewer.user(token()).await.unwrap(), Some(ann()));
    assert_eq!(heard.lock()[0].1["spec"], json!({"token": "s3cret"}));
}

/// Scenario: a server that does not know the token, one that knows it and names nobody.
/// Guarantees: it is nobody's.
#[tokio::test]
async fn krp_18_who_is_not_named_is_nobody() {
    for status in
        [json!({"authenticated": false, "error": "invalid"}), json!({}), json!({"authenticated": true, "user": {"username": ""}})]
    {
        let (reviewer, _) = asks(&[], 201, json!({"spec": {}, "status": status}));
        assert_eq!(reviewer.user(token()).await.unwrap(), None, "{status}");
    }
}

/// Scenario: a server that answers 500, 503, 429 or 403, or without a status.
/// Guarantees: nobody can say: never a no, for neither question; the words that say why do not hold the token.
#[tokio::test]
async fn krp_18_a_server_in_trouble_is_never_a_no() {
    for code in [500, 503, 429, 403, 201] {
        let says = if code == 201 {
            json!({"spec": {}})
        } else {
            json!({"kind": "Status", "status": "Failure", "message": "no", "code": code})
        };
        let (reviewer, _) = asks(&[], code, says);
        let failure = reviewer.user(token()).await.unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("s3cret"), "{code}");
        let what = Attributes { verb: "get".to_owned(), target: Target::Path("/metrics".to_owned()) };
        assert!(reviewer.may(&ann(), &what).await.is_err(), "{code}");
    }
}

/// Scenario: a path and a resource, of a user with everything a token tells.
/// Guarantees: the server is asked for just that; only a yes without a denial is one.
#[tokio::test]
async fn krp_20_a_right_is_asked_for_as_it_is() {
    let who = json!({"user": "ann", "uid": "7", "groups": ["g"], "extra": {"k": ["v"]}});
    let path = Target::Path("/metrics".to_owned());
    let of = Resource {
        namespace: "shop".to_owned(),
        resource: "namespaces".to_owned(),
        subresource: "metrics".to_owned(),
        ..Resource::default()
    };
    let cases = [
        (path, "nonResourceAttributes", json!({"path": "/metrics", "verb": "get"})),
        (
            Target::Resource(of),
            "resourceAttributes",
            json!({"namespace": "shop", "resource": "namespaces", "subresource": "metrics", "verb": "get"}),
        ),
    ];
    for (target, field, asked) in cases {
        let what = Attributes { verb: "get".to_owned(), target };
        for (status, expected) in [
            (json!({"allowed": true}), true),
            (json!({"allowed": false}), false),
            (json!({"allowed": true, "denied": true}), false),
        ] {
            let (reviewer, heard) = asks(&[], 201, json!({"spec": {}, "status": status}));
            assert_eq!(reviewer.may(&ann(), &what).await.unwrap(), expected);
            let mut spec = who.clone();
            spec[field] = asked.clone();
            let (path, body) = heard.lock()[0].clone();
            assert_eq!((path, body["spec"].clone()), ("/apis/authorization.k8s.io/v1/subjectaccessreviews".to_owned(), spec));
        }
    }
}

/// Scenario: answers that hold the token and cannot be read, or refuse it by its text, or are longer than any answer.
/// Guarantees: nobody can say, and no error says the token.
#[tokio::test]
async fn t24_no_error_says_the_token() {
    let long = "s3cret".repeat(pointsman_core::limits::ACCESS_ANSWER_BYTES_MAX / 6 + 1);
    for (code, says) in [
        (201, json!({"spec": {"token": "s3cret"}, "status": {"authenticated": "s3cret"}})),
        (201, json!("s3cret")),
        (400, json!({"kind": "Status", "status": "Failure", "message": "bad token s3cret", "code": 400})),
        (500, json!("s3cret")),
        (201, json!({"spec": {"token": long}})),
    ] {
        let (reviewer, _) = asks(&[], code, says);
        let failure = reviewer.user(token()).await.unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("s3cret"), "{code}: {failure}");
    }
}
