//! The public Go client of OpAMP as a process: `tests/tools/opampclient`, told by lines what to do, and telling by lines what
//! happens. Knows nothing of what the server should say.

use super::super::peers::tool;
use crate::support::now;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// A client backs off for some seconds before it tries again.
const DEADLINE: Duration = Duration::from_secs(30);

/// A running client; dropped, it is killed.
pub(crate) struct GoClient {
    child: Child,
    orders: ChildStdin,
    events: Arc<Mutex<Vec<Value>>>,
    /// Events up to here were looked at.
    looked: usize,
}

impl GoClient {
    /// One that connects to this URL as this instance of a service of the namespace `it`.
    pub(crate) fn start(url: &str, service: &str, instance: &str, args: &[&str]) -> Self {
        let mut command = Command::new(tool("opampclient"));
        command.args(["-server", url]).args(args);
        for (key, value) in [("k8s.namespace.name", "it"), ("service.name", service), ("service.instance.id", instance)] {
            command.args(["-attribute", &format!("{key}={value}")]);
        }
        // Loopback is reached without a proxy, whatever the registries need.
        command.env("NO_PROXY", "127.0.0.1,localhost").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the client starts");
        let events = Arc::new(Mutex::new(Vec::new()));
        let (told, pipe) = (Arc::clone(&events), child.stdout.take().expect("it is piped"));
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                told.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            }
        });
        let orders = child.stdin.take().expect("it is piped");
        Self { child, orders, events, looked: 0 }
    }

    /// Tells it to do something.
    pub(crate) fn order(&mut self, line: &str) {
        writeln!(self.orders, "{line}").and_then(|()| self.orders.flush()).expect("the client reads");
    }

    /// Everything that happened.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often this happened.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.events().iter().filter(|told| told["event"] == event).count()
    }

    /// The next event of this kind of which that can be said, behind the last that was asked for.
    pub(crate) fn next(&mut self, event: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = now() + DEADLINE;
        loop {
            let events = self.events();
            let found = events.iter().enumerate().skip(self.looked).find(|(_, told)| told["event"] == event && is_it(told));
            if let Some((at, told)) = found {
                self.looked = at + 1;
                return told.clone();
            }
            let ended = self.child.try_wait().expect("the process can be asked");
            assert!(ended.is_none() && now() < deadline, "no {event} in time ({ended:?}): {events:#?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn quit(mut self) {
        self.order("quit");
        let deadline = now() + DEADLINE;
        while self.child.try_wait().expect("the process can be asked").is_none() {
            assert!(now() < deadline, "it does not end: {:#?}", self.events());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for GoClient {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
