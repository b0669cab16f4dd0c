//! Who spoke for others, for the log: the answer says it to the sender alone, and whoever runs pointsman has to know too.
//! Decides nothing.

use crate::auth::told::{self, cut};
use pointsman_core::model::speaker::Speaker;
use tracing::{debug, info};

/// What was told so far: users, and the attributes by which they claimed to be somebody else.
#[derive(Debug, Default)]
pub struct Told(told::Told<(String, &'static str)>);

impl Told {
    /// A sender claimed by this attribute to be somebody else, and was refused.
    pub fn tell(&self, by: &Speaker, attribute: &'static str) {
        let user = cut(&by.name);
        if self.0.is_new((user.clone(), attribute)) {
            info!(user, attribute, "a sender speaks for somebody else: what it sends under that name is refused");
        } else {
            debug!(user, attribute, "a sender speaks for somebody else");
        }
    }
}
