use super::Tasks;
use std::{future::pending, time::Duration};

/// Scenario: one task ends, one panics, one never ends.
/// Guarantees: the panic is counted, the wait has a deadline, and the last task is gone afterwards.
#[tokio::test]
async fn every_task_is_awaited_or_cut_off() {
    struct Gone(tokio::sync::mpsc::Sender<()>);
    let (tx, mut rx) = tokio::sync::mpsc::channel(1);
    let tasks = Tasks::default();
    tasks.spawn(async {});
    tasks.spawn(async { panic!("as planned") });
    let gone = Gone(tx);
    tasks.spawn(async move {
        let _held = &gone.0;
        pending::<()>().await;
    });
    assert!(!tasks.finish(Duration::from_millis(50)).await, "one task never ends by itself");
    assert_eq!(tasks.panics(), 1);
    assert!(rx.recv().await.is_none(), "the task that never ended was dropped");
    assert!(tasks.finish(Duration::from_secs(5)).await, "nothing is left");
}

/// Scenario: a task that the process needs panics.
/// Guarantees: whoever watches hears its name.
#[tokio::test]
async fn a_vital_panic_is_heard() {
    let tasks = Tasks::default();
    tasks.vital("ticker", async { panic!("as planned") });
    assert_eq!(tasks.failed().await, "ticker");
}
