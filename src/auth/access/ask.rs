//! What an API server said about tokens and rights, for how long that holds, and how often it may be asked.
//! Every moment is handed in; knows no connections.

pub mod cache;
pub mod rate;
pub mod review;

use super::{Attributes, Token, User};
use crate::kubernetes::failure::Failure;
use futures_util::future::BoxFuture;

/// The two questions, each asked once. A failure is never a no.
pub trait Ask: Send + Sync {
    /// Whose token it is; `None` = nobody's, or not for us.
    fn user(&self, token: Token) -> BoxFuture<'static, Result<Option<User>, Failure>>;

    /// Whether the user may do that.
    fn may(&self, user: &User, what: &Attributes) -> BoxFuture<'static, Result<bool, Failure>>;
}
