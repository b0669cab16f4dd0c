//! What a flood of tokens that nobody knows may cost, and that it costs nobody else their answer.

use super::{Cap, Duration, Instant, Mood, Outage, Outcome, Question, Unavailable, advance, after, free, sleep, stage};
use futures_util::FutureExt;
use pointsman_core::limits::{ACCESS_TOKENS_MAX, KUBE_API_BURST, KUBE_API_QPS};

/// Scenario: a million tokens that nobody knows within 100 s, while one scraper with a good one reads every second.
/// Guarantees: no more questions than the rate and the burst; no more kept than were asked; the scraper is always let in.
#[tokio::test(start_paused = true)]
async fn t29_a_million_tokens_cost_no_more_than_the_rate() {
    let stage = stage(Outage::StandIn, KUBE_API_QPS, KUBE_API_BURST);
    stage.told(Ok(true), Ok(true)).await;
    stage.api.is(Mood::Slow(50));
    let began = Instant::now();
    for n in 0..1_000_000_u32 {
        let said = stage.user(&format!("{n:x}")).now_or_never();
        assert!(matches!(said, None | Some(Err(Unavailable { retry_secs: 1 }))), "{said:?}");
        if n % 10_000 == 9_999 {
            advance(Duration::from_secs(1)).await;
            sleep(Duration::from_millis(1)).await;
            stage.told(Ok(true), Ok(true)).await;
        }
    }
    let secs = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    let most = KUBE_API_BURST as usize + KUBE_API_QPS as usize * secs;
    let calls = stage.api.calls();
    assert!((400..=most).contains(&calls), "{calls} of {most}");
    let (kept, under_way) = stage.asked.tokens.len();
    assert!(kept <= calls && under_way <= 20, "{kept}, {under_way}");
    let limited = stage.counts.of(Question::Token, Outcome::Limited);
    assert!(limited > 999_000 && stage.counts.caps().any(|hits| hits == (Cap::Rate.as_str(), limited)), "{limited}");
}

/// Scenario: more tokens than there is room for, on a server that may be asked at will.
/// Guarantees: the cache holds what it may and no more; each that goes is counted; the one in use stays.
#[tokio::test(start_paused = true)]
async fn t29_the_cache_of_tokens_is_bounded() {
    let stage = free();
    let more = 1_000;
    stage.user("good").await.unwrap();
    for n in 0..ACCESS_TOKENS_MAX + more {
        stage.user(&n.to_string()).await.unwrap();
        if n % 1_000 == 0 {
            stage.user("good").await.unwrap();
        }
    }
    assert_eq!(stage.asked.tokens.len(), (ACCESS_TOKENS_MAX, 0));
    assert_eq!(stage.api.calls(), ACCESS_TOKENS_MAX + more + 1);
    assert!(stage.counts.caps().any(|hits| hits == (Cap::Tokens.as_str(), more as u64 + 1)));
}

/// Scenario: a rate of one question a second, used up, with an old answer and without one.
/// Guarantees: a token that nobody knows is told to come again; an old answer stands in; after a second there is a turn again.
#[tokio::test(start_paused = true)]
async fn t29_without_a_turn_an_old_answer_stands_in() {
    let stage = stage(Outage::StandIn, 1, 2);
    stage.told(Ok(true), Ok(true)).await;
    after(60).await;
    stage.api.is(Mood::Silent);
    for n in 0..4 {
        // Two at once, and one that waits for its turn; the last would wait too long.
        let said = stage.user(&format!("unknown {n}")).now_or_never();
        assert_eq!(said, (n == 3).then_some(Err(Unavailable { retry_secs: 1 })), "{n}");
    }
    assert_eq!(stage.user("good").now_or_never(), None, "who was good before waits longer");
    assert_eq!(stage.may("/metrics").now_or_never(), Some(Ok(true)), "no turn is left, even for a right");
    assert!(stage.user("good").await.unwrap().is_some());
    let of = |question, outcome| stage.counts.of(question, outcome);
    assert_eq!((of(Question::Token, Outcome::Stale), of(Question::Right, Outcome::Stale)), (1, 1));
    stage.api.is(Mood::Yes);
    sleep(Duration::from_secs(10)).await;
    assert!(stage.user("later").await.unwrap().is_some());
}
