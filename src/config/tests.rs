use super::{Config, Given};
use std::collections::BTreeMap;

#[test]
fn to_come() {
    assert!(Config::read(&Given { env: BTreeMap::new(), ..Given::default() }).is_ok());
}
