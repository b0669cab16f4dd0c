//! How many connections there may be, in all and of one address. Who is let in and who goes is tested beside the accept loop;
//! here it is the whole process.

use super::{connect, hits};
use crate::support::{DEADLINE, Pointsman, runtime, wait};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const GET: &[u8] = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";

/// Whether a request on this connection is answered; else it was closed.
async fn is_served(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 1_024];
    let asked = async {
        stream.write_all(GET).await.ok()?;
        stream.read(&mut answer).await.ok().filter(|n| *n > 0)
    };
    timeout(DEADLINE, asked).await.expect("served or closed").is_some()
}

/// So many connections from the hostile address, each asked once.
async fn come(to: SocketAddr, many: usize) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..many {
        let mut stream = connect(to).await.expect("the port answers");
        assert!(is_served(&mut stream).await, "a newcomer is let in, in place of another");
        all.push(stream);
    }
    all
}

/// Scenario: one address opens four times as many connections as it may; so does the whole of a process that may open few
/// files. Guarantees: every newcomer is served; the oldest idle are closed for them and as many as may be stay; another
/// address is not concerned by the first; both are counted.
#[test]
fn the_oldest_idle_make_room() {
    let server = Pointsman::start(&["--connections-per-address", "10"]);
    runtime().block_on(async {
        let mut good = TcpStream::connect(server.read).await.expect("the port answers");
        assert!(is_served(&mut good).await);
        let mut all = come(server.read, 40).await;
        let mut served = Vec::new();
        for stream in &mut all {
            served.push(is_served(stream).await);
        }
        assert_eq!(served, [vec![false; 30], vec![true; 10]].concat());
        assert!(is_served(&mut good).await, "it is of another address");
    });
    assert_eq!((hits(&server, "connections_per_address"), hits(&server, "connections")), (30, 0));

    let server = Pointsman::start_within("ulimit -n 128", &[]);
    let most = 128 / 4 * 3;
    runtime().block_on(async {
        let mut all = come(server.read, 4 * most).await;
        let mut served = Vec::new();
        for stream in all.iter_mut().rev().take(most / 2) {
            served.push(is_served(stream).await);
        }
        assert!(served.iter().all(|is| *is), "the latest stay: {served:?}");
        assert!(!is_served(&mut all[0]).await, "the first does not");
    });
    assert!(hits(&server, "connections") >= u64::try_from(3 * most).expect("few"));
}

/// Scenario: every connection that one address may have waits for its body; another comes, from there and from elsewhere.
/// Guarantees: nobody busy is closed: the newcomer of that address is, at once, the other is served.
#[test]
fn without_idle_ones_the_newcomer_is_refused() {
    let server = Pointsman::start(&["--connections-per-address", "5"]);
    runtime().block_on(async {
        let mut busy = Vec::new();
        for _ in 0..5 {
            let mut stream = connect(server.http).await.expect("the port answers");
            let head = b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{";
            stream.write_all(head).await.expect("sent");
            busy.push(stream);
        }
        wait("all of them to be at work", || {
            (server.get("/api/v1/health").json()["item"]["flightBytes"].as_u64() == Some(5)).then_some(())
        });
        for _ in 0..3 {
            let mut stream = connect(server.http).await.expect("the backlog takes it");
            let read = timeout(DEADLINE, stream.read(&mut [0])).await.expect("closed at once");
            assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
        }
        assert_eq!(server.get("/livez").status, 200, "somebody of elsewhere is served");
        for mut stream in busy {
            let mut answer = [0; 12];
            stream.write_all(b"}").await.expect("sent");
            stream.read_exact(&mut answer).await.expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
    });
    assert_eq!(hits(&server, "connections_per_address"), 3);
}
