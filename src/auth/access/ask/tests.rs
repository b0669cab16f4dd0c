//! The answers of an API server: for how long they hold, who waits for whom, and what a flood of questions may cost.
//! The server is a few lines here, its clock the paused one of the runtime.

mod flood;
mod model;

use super::{
    Ask, Asked, Attributes, BoxFuture, Cap, Counts, Failure, Oracle, Outage, Outcome, Patience, Question, Target, Token, Turns,
    Unavailable, User, World, open,
};
use crate::{app::tasks::Tasks, auth::access::Resource};
use futures_util::future::{join_all, pending};
use parking_lot::Mutex;
use pointsman_core::model::clock::Mono;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, advance, sleep};

/// How the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Yes,
    No,
    /// Yes, after so many milliseconds.
    Slow(u64),
    Fails,
    /// Asks for patience, for so many seconds.
    Busy(u64),
    Forbids,
    Silent,
}

/// The server, and how often it was asked.
#[derive(Clone)]
struct Api(Arc<Mutex<(Mood, usize)>>);

impl Api {
    fn is(&self, mood: Mood) {
        self.0.lock().0 = mood;
    }

    fn calls(&self) -> usize {
        self.0.lock().1
    }

    fn says<V: Send + 'static>(&self, yes: V, no: V) -> BoxFuture<'static, Result<V, Failure>> {
        let this = self.clone();
        Box::pin(async move {
            let mood = {
                let mut state = this.0.lock();
                state.1 += 1;
                state.0
            };
            match mood {
                Mood::Yes => Ok(yes),
                Mood::No => Ok(no),
                Mood::Slow(ms) => {
                    sleep(Duration::from_millis(ms)).await;
                    Ok(yes)
                }
                Mood::Fails => Err(Failure::Away("HTTP 503".to_owned())),
                Mood::Busy(secs) => Err(Failure::Busy(Some(Duration::from_secs(secs)))),
                Mood::Forbids => Err(Failure::Forbidden("you may not".to_owned())),
                Mood::Silent => pending().await,
            }
        })
    }
}

impl Ask for Api {
    fn user(&self, token: Token) -> BoxFuture<'static, Result<Option<User>, Failure>> {
        self.says(Some(user(token.reveal())), None)
    }

    fn may(&self, _: &User, _: &Attributes) -> BoxFuture<'static, Result<bool, Failure>> {
        self.says(true, false)
    }
}

struct Stage {
    asked: Arc<Asked>,
    api: Api,
    counts: Arc<Counts>,
    _tasks: Tasks,
}

fn stage(outage: Outage, per_second: u32, burst: u32) -> Stage {
    let (api, counts, tasks, began) =
        (Api(Arc::new(Mutex::new((Mood::Yes, 0)))), Arc::default(), Tasks::default(), Instant::now());
    let runs = tasks.clone();
    let world = World {
        now: Arc::new(move || Mono(u64::try_from(began.elapsed().as_nanos()).unwrap())),
        spawn: Arc::new(move |task| runs.spawn(task)),
        secret: [7; 32],
    };
    let asked = open(Box::new(api.clone()), outage, Turns::new(per_second, burst), Arc::clone(&counts), world);
    Stage { asked, api, counts, _tasks: tasks }
}

/// A server that may be asked as often as one likes.
fn free() -> Stage {
    stage(Outage::StandIn, 1_000_000, 1_000_000)
}

fn user(name: &str) -> User {
    User { name: name.to_owned(), ..User::default() }
}

fn get(path: &str) -> Attributes {
    Attributes { verb: "get".to_owned(), target: Target::Path(path.to_owned()) }
}

impl Stage {
    async fn user(&self, token: &str) -> Result<Option<User>, Unavailable> {
        self.asked.user(&Token::new(token.to_owned()), &Patience::default()).await
    }

    async fn may(&self, path: &str) -> Result<bool, Unavailable> {
        self.asked.may(&user("ann"), &get(path), &Patience::default()).await
    }

    /// Whether the next answers are these, and how long they took together.
    async fn told(&self, token: Result<bool, u64>, right: Result<bool, u64>) -> Duration {
        let began = Instant::now();
        let retry = |unavailable: Unavailable| unavailable.retry_secs;
        assert_eq!(self.user("good").await.map(|user| user.is_some()).map_err(retry), token, "the token");
        assert_eq!(self.may("/metrics").await.map_err(retry), right, "the right");
        began.elapsed()
    }
}

async fn after(secs: u64) {
    advance(Duration::from_secs(secs)).await;
}

/// Scenario: a server that fails, with a token and a right that were good a while ago, and with new ones.
/// Guarantees: the token serves until it is 2 minutes old, the right until it is 5; what nobody knows is unavailable at once.
#[tokio::test(start_paused = true)]
async fn krp_19_20_21_an_old_yes_stands_in_for_a_server_that_fails() {
    let stage = free();
    stage.told(Ok(true), Ok(true)).await;
    stage.api.is(Mood::Fails);
    assert_eq!(stage.user("new").await, Err(Unavailable { retry_secs: 5 }));
    assert_eq!(stage.may("/other").await, Err(Unavailable { retry_secs: 5 }));
    after(119).await;
    assert_eq!(stage.told(Ok(true), Ok(true)).await, Duration::ZERO);
    after(1).await;
    stage.told(Err(5), Ok(true)).await;
    after(179).await;
    stage.told(Err(5), Ok(true)).await;
    after(1).await;
    stage.told(Err(5), Err(5)).await;
    let of = |outcome| stage.counts.of(Question::Right, outcome);
    assert_eq!((of(Outcome::Miss), of(Outcome::Stale), of(Outcome::Error)), (1, 3, 2));
}

/// Scenario: the server fails, forbids us to ask, asks for patience; then it answers.
/// Guarantees: no trouble is remembered, none is a no, and its own delay is passed on, within a bound.
#[tokio::test(start_paused = true)]
async fn krp_18_trouble_is_never_remembered_nor_a_no() {
    let stage = free();
    for (mood, retry) in [(Mood::Fails, 5), (Mood::Forbids, 5), (Mood::Busy(9), 9), (Mood::Busy(9_999), 30), (Mood::Busy(0), 1)] {
        stage.api.is(mood);
        stage.told(Err(retry), Err(retry)).await;
    }
    stage.api.is(Mood::Yes);
    stage.told(Ok(true), Ok(true)).await;
    assert_eq!(stage.api.calls(), 12);
}

/// Scenario: a server that takes 4 s for an answer, one that takes 6 s, and one that says nothing.
/// Guarantees: who asks waits 3 s at most; the answer of the first is there for who asks next; the others leave none.
#[tokio::test(start_paused = true)]
async fn krp_22_who_asks_waits_3_s_and_the_answer_is_kept_all_the_same() {
    let stage = free();
    for (mood, then) in [(Mood::Slow(4_000), Ok(true)), (Mood::Slow(6_000), Err(5)), (Mood::Silent, Err(5))] {
        let (stage, began) = (free(), Instant::now());
        stage.api.is(mood);
        assert_eq!(stage.user("good").await, Err(Unavailable { retry_secs: 5 }));
        assert_eq!(began.elapsed(), Duration::from_secs(3), "{mood:?}");
        sleep(Duration::from_secs(5)).await;
        let calls = stage.api.calls();
        stage.api.is(Mood::Fails);
        let retry = |unavailable: Unavailable| unavailable.retry_secs;
        assert_eq!(stage.user("good").await.map(|user| user.is_some()).map_err(retry), then, "{mood:?}");
        assert_eq!(stage.api.calls() - calls, usize::from(then.is_err()));
    }
    stage.told(Ok(true), Ok(true)).await;
    after(60).await;
    stage.api.is(Mood::Silent);
    assert_eq!(stage.told(Ok(true), Ok(true)).await, Duration::from_secs(2), "a second each where an old yes stands in");
}

/// Scenario: an account goes and its rights with it; later both are given back.
/// Guarantees: within 60 s both are gone, for all the server's trouble after that; a right comes back within 30 s.
#[tokio::test(start_paused = true)]
async fn t28_what_is_taken_away_ends_within_a_minute() {
    let stage = free();
    stage.told(Ok(true), Ok(true)).await;
    stage.api.is(Mood::No);
    after(59).await;
    stage.told(Ok(true), Ok(true)).await;
    after(1).await;
    stage.told(Ok(false), Ok(false)).await;
    stage.api.is(Mood::Fails);
    after(29).await;
    stage.told(Ok(false), Ok(false)).await;
    after(1).await;
    stage.told(Ok(false), Err(5)).await;
    after(30).await;
    stage.told(Err(5), Err(5)).await;
    stage.api.is(Mood::Yes);
    stage.told(Ok(true), Ok(true)).await;
}

/// Scenario: tokens of senders, while the server fails or may not be asked.
/// Guarantees: nobody is taken for a sender on an old word.
#[tokio::test(start_paused = true)]
async fn t28_senders_are_never_known_by_an_old_answer() {
    let stage = stage(Outage::Refuse, 1, 2);
    stage.told(Ok(true), Ok(true)).await;
    stage.api.is(Mood::Fails);
    after(60).await;
    stage.told(Err(5), Err(5)).await;
    stage.api.is(Mood::Silent);
    assert_eq!(stage.told(Err(5), Err(5)).await, Duration::from_secs(6));
}

/// Scenario: 1,000 requests with one token at once, and as many that want the same; some end before the answer.
/// Guarantees: the server is asked once for each, and all who wait get its answer.
#[tokio::test(start_paused = true)]
async fn t29_a_thousand_who_ask_the_same_ask_once() {
    let stage = free();
    stage.api.is(Mood::Slow(2_000));
    drop(futures_util::poll!(Box::pin(stage.user("good"))));
    assert!(join_all((0..1_000).map(|_| stage.user("good"))).await.iter().all(|said| said == &Ok(Some(user("good")))));
    assert!(join_all((0..1_000).map(|_| stage.may("/metrics"))).await.iter().all(|said| said == &Ok(true)));
    assert_eq!(stage.api.calls(), 2);
    assert_eq!(stage.counts.of(Question::Token, Outcome::Miss), 1_000);
    stage.told(Ok(true), Ok(true)).await;
    assert_eq!(stage.counts.of(Question::Token, Outcome::Hit), 1);
}

/// Scenario: a token of no bytes. Guarantees: it is nobody's, and no server is asked, in trouble or not.
#[tokio::test(start_paused = true)]
async fn krp_02_an_empty_token_is_nobodys() {
    let stage = free();
    stage.api.is(Mood::Fails);
    assert_eq!((stage.user("").await, stage.api.calls()), (Ok(None), 0));
}

/// Scenario: a question whose task is dropped before it was answered, as when the process ends.
/// Guarantees: who waits is told at once; nothing is left of it.
#[tokio::test(start_paused = true)]
async fn t29_a_question_that_is_dropped_leaves_nothing() {
    let counts = Arc::<Counts>::default();
    let api = Api(Arc::new(Mutex::new((Mood::Yes, 0))));
    let world = World { now: Arc::new(|| Mono(0)), spawn: Arc::new(drop), secret: [7; 32] };
    let asked = open(Box::new(api), Outage::StandIn, Turns::new(9, 9), counts, world);
    assert_eq!(asked.user(&Token::new("good".to_owned()), &Patience::default()).await, Err(Unavailable { retry_secs: 1 }));
    assert_eq!(asked.tokens.len(), (0, 0));
}

/// Scenario: paths of 9,996 and 9,997 bytes with their verb of 3, and a user as long.
/// Guarantees: from 10,000 bytes on an answer is given, and not kept; each is counted.
#[tokio::test(start_paused = true)]
async fn t29_what_is_too_long_is_not_kept() {
    let stage = free();
    for (bytes, calls) in [(9_996, 1), (9_997, 3)] {
        let path = "/".repeat(bytes);
        assert_eq!((stage.may(&path).await, stage.may(&path).await), (Ok(true), Ok(true)));
        assert_eq!(stage.api.calls(), calls, "{bytes}");
    }
    let token = "t".repeat(10_000);
    assert!(stage.user(&token).await.is_ok() && stage.user(&token).await.is_ok());
    assert_eq!((stage.api.calls(), stage.asked.tokens.len(), stage.asked.rights.len()), (5, (0, 0), (1, 0)));
    assert!(stage.counts.caps().any(|hits| hits == (Cap::Bytes.as_str(), 4)));
}

/// Scenario: questions whose texts read alike when they are put one after the other.
/// Guarantees: each has a key of its own, and the same question always the same; another process has others.
#[tokio::test(start_paused = true)]
async fn t29_no_two_questions_have_one_key() {
    let stage = free();
    let group = |groups: &[&str]| User { groups: groups.iter().map(|group| (*group).to_owned()).collect(), ..user("ann") };
    let extra = |key: &str, value: &str| User { extra: [(key.to_owned(), vec![value.to_owned()])].into(), ..user("ann") };
    let of = |verb: &str, target| Attributes { verb: verb.to_owned(), target };
    let resource = |namespace: &str, name: &str| {
        Target::Resource(Resource { namespace: namespace.to_owned(), name: name.to_owned(), ..Resource::default() })
    };
    let users = [user("ann"), user("an"), group(&["a", "b"]), group(&["ab"]), group(&["a"]), extra("k", "v"), extra("kv", "")];
    let targets = [
        of("get", Target::Path("/a".to_owned())),
        of("ge", Target::Path("t/a".to_owned())),
        of("get", resource("a", "b")),
        of("get", resource("ab", "")),
        of("get", resource("", "ab")),
    ];
    for user in &users {
        for what in &targets {
            assert_eq!(stage.asked.may(user, what, &Patience::default()).await, Ok(true));
        }
    }
    assert_eq!(stage.api.calls(), users.len() * targets.len());
    assert_eq!(stage.asked.may(&users[2], &targets[3], &Patience::default()).await, Ok(true));
    assert_eq!(stage.api.calls(), users.len() * targets.len());
}

/// Scenario: a server that takes 2 s for each answer, and falls silent; one request asks for a token and rights, another for
/// sixteen rights that were good a minute ago.
/// Guarantees: krp 22: one request waits 3 s for all it asks; what was found out meanwhile serves the next one; what is known of
/// old is told at once when the patience is over.
#[tokio::test(start_paused = true)]
async fn krp_22_one_request_waits_once_however_much_it_asks() {
    let stage = free();
    stage.api.is(Mood::Slow(2_000));
    let (began, patience, token) = (Instant::now(), Patience::default(), Token::new("good".to_owned()));
    assert!(stage.asked.user(&token, &patience).await.is_ok_and(|user| user.is_some()));
    assert_eq!(stage.asked.may(&user("ann"), &get("/metrics"), &patience).await, Err(Unavailable { retry_secs: 5 }));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert!(stage.counts.caps().any(|hits| hits == (Cap::Wait.as_str(), 1)));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stage.told(Ok(true), Ok(true)).await, Duration::ZERO, "the answers came, and were kept");

    stage.api.is(Mood::Yes);
    let paths: Vec<String> = (0..16).map(|n| format!("/{n}")).collect();
    for path in &paths {
        assert_eq!(stage.may(path).await, Ok(true));
    }
    after(61).await;
    stage.api.is(Mood::Silent);
    let (began, patience) = (Instant::now(), Patience::default());
    for path in &paths {
        assert_eq!(stage.asked.may(&user("ann"), &get(path), &patience).await, Ok(true), "{path}");
    }
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

/// Scenario: at the usual rate one user asks for a hundred things that nobody has asked about, at once; then another user asks, and
/// the first one for what is known of it.
/// Guarantees: the first takes half of what may be asked at once and no more; the other is answered, and so is what was known.
#[tokio::test(start_paused = true)]
async fn t29_who_asks_for_ever_new_things_leaves_turns_to_others() {
    let stage = stage(Outage::StandIn, 5, 10);
    assert_eq!(stage.may("/metrics").await, Ok(true));
    let mut taken = 0;
    for n in 0..100 {
        taken += usize::from(stage.may(&format!("/{n}")).await.is_ok());
    }
    assert_eq!(taken, 4, "five at once, with the first");
    assert_eq!(stage.asked.may(&user("bob"), &get("/metrics"), &Patience::default()).await, Ok(true));
    assert_eq!(stage.may("/metrics").await, Ok(true));
    assert_eq!(stage.api.calls(), 6);
}
