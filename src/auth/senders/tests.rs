use super::{Denied, Senders, file};
use crate::auth::access::{Attributes, Oracle, Patience, Token, Unavailable, User};
use futures_util::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use pointsman_core::{
    fault::render,
    model::speaker::{Claims, Names},
};
use std::sync::Arc;

/// Knows one token, of a pod; another one makes it fail.
struct One;

impl Oracle for One {
    fn user<'a>(&'a self, token: &'a Token, _: &'a Patience) -> BoxFuture<'a, Result<Option<User>, Unavailable>> {
        let extra = |key: &str, value: &str| (format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
        let user = match token.reveal() {
            "good" => Ok(Some(User {
                name: "system:serviceaccount:shop:cart".to_owned(),
                extra: [extra("pod-name", "cart-1"), extra("pod-uid", "u-1")].into(),
                ..User::default()
            })),
            "away" => Err(Unavailable { retry_secs: 7 }),
            _ => Ok(None),
        };
        Box::pin(async { user })
    }

    fn may<'a>(&'a self, _: &'a User, _: &'a Attributes, _: &'a Patience) -> BoxFuture<'a, Result<bool, Unavailable>> {
        Box::pin(async { Ok(false) })
    }
}

const FILE: &str = "senders:
- {user: gateway, namespace: otel, namespaces: ['*'], services: [cart]}
- {user: 'system:serviceaccount:shop:cart', namespaces: [bank]}
";

fn senders(text: &str) -> Senders {
    let grants = if text.is_empty() { Ok(Default::default()) } else { file::read("senders.yaml", text) };
    Senders { grants: grants.expect("no mistake"), claims: Claims::Refuse, oracle: Some(Arc::new(One)) }
}

fn headers(token: &str) -> HeaderMap {
    [(http::header::AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"))].into_iter().collect()
}

/// Scenario: nobody; tokens of somebody, of nobody, and while nobody can say; certificates of an account, of somebody who lives
/// nowhere, and of nobody; with and without a file of senders.
/// Guarantees: t01, t02: nobody is heard without a proof; a proof says namespace and pod; the certificate is looked at before the
/// token; who lives nowhere is heard only if the file says where it lives; an outage is no verdict.
#[test]
fn t02_who_sends_is_proven() {
    let (plain, granted) = (senders(""), senders(FILE));
    let who = |senders: &Senders, shown: Option<&str>, token: &str| {
        let shown = shown.map(|name| User { name: name.to_owned(), ..User::default() });
        let headers = if token.is_empty() { HeaderMap::new() } else { headers(token) };
        senders.who(shown, &headers).now_or_never().expect("no wait")
    };
    assert_eq!(who(&plain, None, ""), Err(Denied::Unknown));
    assert_eq!(who(&plain, None, "bad"), Err(Denied::Unknown));
    assert_eq!(who(&plain, None, "away"), Err(Denied::Unavailable { retry_secs: 7 }));
    let cart = who(&plain, None, "good").expect("it is known");
    assert_eq!((&*cart.home, cart.pod.as_ref().map(|pod| &*pod.uid)), ("shop", Some("u-1")));
    assert_eq!((cart.namespaces, cart.services), (Names::none(), Names::All));
    let shown = who(&plain, Some("system:serviceaccount:bank:till"), "good").expect("it is known");
    assert_eq!((&*shown.name, &*shown.home, shown.pod), ("system:serviceaccount:bank:till", "bank", None));
    assert_eq!(who(&plain, Some("gateway"), "good"), Err(Denied::Homeless));
    assert_eq!(who(&plain, Some("system:serviceaccount::till"), ""), Err(Denied::Homeless));
    assert_eq!(who(&plain, Some(""), ""), Err(Denied::Unknown));
    let gateway = who(&granted, Some("gateway"), "").expect("the file says where it lives");
    assert_eq!((&*gateway.home, gateway.namespaces), ("otel", Names::All));
    assert_eq!(who(&granted, None, "good").expect("it is known").namespaces, Names::Only(["bank".into()].into()));
    let blind = Senders { oracle: None, ..senders("") };
    assert_eq!(who(&blind, None, "good"), Err(Denied::Unknown), "tokens are not looked at");
}

/// Scenario: files of senders with one mistake each, and one with several.
/// Guarantees: each is told with its place and what would be right; all at once; nothing of such a file counts.
#[test]
fn mistakes_in_a_file_of_senders_are_told() {
    let rows = [
        ("", "write it like"),
        ("sender: []", "did you mean `senders`"),
        ("senders: 5", "it is not a list"),
        ("senders: [{namespace: a}]", "user"),
        ("senders: [{user: gateway}]", "say in `namespace` where it lives"),
        ("senders: [{user: 'system:serviceaccount:a:b', namespace: a}]", "leave out `namespace`"),
        ("senders: [{user: a, namespace: b}, {user: a, namespace: c}]", "`a` stands there twice"),
        ("senders: [{user: a, namespace: b, namespaces: shop}]", "it is not a list"),
    ];
    let told = |text: &str| {
        let faults = file::read("senders.yaml", text).expect_err(text);
        faults.iter().map(render::terminal).collect::<Vec<_>>()
    };
    for (text, want) in rows {
        let all = told(text);
        assert!(all.len() == 1 && all[0].contains(want) && all[0].contains("senders.yaml"), "{text}: {all:?}");
    }
    assert_eq!(told("senders: [{namespace: a, usr: b}, {user: c, services: 1}]").len(), 4);
}
