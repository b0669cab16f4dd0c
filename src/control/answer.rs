//! What the controller says to an agent, beside plans: who it is, what is asked of it, and why it was refused.
//! Knows no transport.

use super::agents::Uid;
use pointsman_core::model::clock::Wall;
use pointsman_instrument::opamp::{
    messages::CAPABILITY,
    proto::{
        AgentIdentification, CustomCapabilities, RetryInfo, ServerErrorResponse, ServerErrorResponseType, ServerToAgent,
        server_error_response::Details,
    },
};
use std::time::Duration;

/// AcceptsStatus, OffersRemoteConfig, AcceptsEffectiveConfig.
const CAPABILITIES: u64 = 0x1 | 0x2 | 0x4;
/// `ServerToAgentFlags.ReportFullState`
pub const REPORT_FULL_STATE: u64 = 0x1;
/// `AgentToServerFlags.RequestInstanceUid`
pub const REQUEST_INSTANCE_UID: u64 = 0x1;
/// `AgentCapabilities.AcceptsRemoteConfig`
pub const ACCEPTS_REMOTE_CONFIG: u64 = 0x2;
/// `AgentCapabilities.ReportsRemoteConfig`
pub const REPORTS_REMOTE_CONFIG: u64 = 0x1000;

/// A message was taken.
#[must_use]
pub fn taken(uid: &Uid, flags: u64) -> ServerToAgent {
    let capabilities = vec![CAPABILITY.to_owned()];
    ServerToAgent {
        instance_uid: uid.to_vec(),
        flags,
        capabilities: CAPABILITIES,
        custom_capabilities: Some(CustomCapabilities { capabilities }),
        ..ServerToAgent::default()
    }
}

/// The agent is called otherwise from now on, and says everything anew.
#[must_use]
pub fn renamed(uid: &[u8], new: &Uid) -> ServerToAgent {
    ServerToAgent {
        instance_uid: uid.to_vec(),
        flags: REPORT_FULL_STATE,
        capabilities: CAPABILITIES,
        agent_identification: Some(AgentIdentification { new_instance_uid: new.to_vec() }),
        ..ServerToAgent::default()
    }
}

/// The message was no good.
#[must_use]
pub fn bad(uid: &[u8], why: &str) -> ServerToAgent {
    error(uid, ServerErrorResponseType::BadRequest, why, None)
}

/// The message was good, and has to come again later.
#[must_use]
pub fn later(uid: &[u8], why: &str, delay: Duration) -> ServerToAgent {
    error(uid, ServerErrorResponseType::Unavailable, why, Some(delay))
}

fn error(uid: &[u8], sort: ServerErrorResponseType, why: &str, delay: Option<Duration>) -> ServerToAgent {
    let nanos = |delay: Duration| u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
    let details = delay.map(|delay| Details::RetryInfo(RetryInfo { retry_after_nanoseconds: nanos(delay) }));
    let error = ServerErrorResponse { r#type: sort.into(), error_message: why.to_owned(), details };
    ServerToAgent { instance_uid: uid.to_vec(), error_response: Some(error), ..ServerToAgent::default() }
}

/// A UUID of version 7: sorted by when it was made, the rest by chance.
#[must_use]
pub fn fresh_uid(now: Wall, random: &dyn Fn() -> u64) -> Uid {
    let ms = u128::from(now.0 / 1_000_000) << 80;
    let chance = (u128::from(random()) << 64 | u128::from(random())) & ((1 << 80) - 1);
    // version 7 in four bits, the variant in two
    let uid = ms | chance & !(0xF << 76) & !(0x3 << 62) | 0x7 << 76 | 0x2 << 62;
    uid.to_be_bytes()
}
