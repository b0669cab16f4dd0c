use super::{Outgoing, Prepared};
use pointsman_core::{model::clock::Wall, view::sync::Offer};
use pointsman_instrument::opamp::{
    messages::{EXPIRY_ENTRY, JSON, PLAN_ENTRY},
    proto::ServerToAgent,
};
use prost::Message;

fn prepared(next: &[u64]) -> Prepared {
    Prepared::new(Offer {
        hash: [9; 16],
        body: vec![b'x'; 40_000].into(),
        next: next.iter().map(|secs| Wall::from_secs(*secs)).collect(),
        at_source: [].into(),
        at_controller: [].into(),
        left_out: 0,
    })
}

/// Scenario: a plan that ends in parts is sent, by a clock at the agents' pace and by one that is 60 times as fast. Guarantees: what
/// is written in pieces is the message that a library of protobuf reads: the plan, its hash, and beside it how far each step
/// is away, never less than nothing.
#[test]
fn an_offer_reads_as_protobuf() {
    let message = ServerToAgent { instance_uid: vec![1; 16], capabilities: 7, ..ServerToAgent::default() };
    for (speed, remaining) in [(1, "[0,60000,3600000]"), (60, "[0,1000,60000]")] {
        let out = Outgoing::offering(&message, &prepared(&[90, 160, 3_700]), Wall::from_secs(100), speed);
        let read = ServerToAgent::decode(out.to_vec().as_slice()).expect("it is a message");
        let config = read.remote_config.clone().expect("it has a plan");
        assert_eq!((config.config_hash, out.len()), (vec![9; 16], out.to_vec().len()));
        let files = config.config.expect("it has entries").config_map;
        assert_eq!(files[PLAN_ENTRY].body, vec![b'x'; 40_000]);
        assert_eq!(files[EXPIRY_ENTRY].body, format!(r#"{{"remainingMs":{remaining}}}"#).into_bytes());
        assert!(files.len() == 2 && files.values().all(|file| file.content_type == JSON));
        assert_eq!(ServerToAgent { remote_config: None, ..read }, message);
    }
    let out = Outgoing::offering(&message, &prepared(&[]), Wall::from_secs(100), 1);
    let read = ServerToAgent::decode(out.to_vec().as_slice()).expect("it is a message");
    let files = read.remote_config.and_then(|config| config.config).expect("it has entries").config_map;
    assert_eq!(files.keys().collect::<Vec<_>>(), [PLAN_ENTRY]);
    assert_eq!(Outgoing::plain(&message).to_vec(), message.encode_to_vec());
}
