//! Whom a watcher obeys while it speaks. A session is the speaker's: of two replicas only the one that leads has one, under the
//! name that both share; the other has none. Each time that it leads its telemetry is new, and what it obeyed goes over from one
//! to the next, so that nothing flashes up in between. Wiring only: obeying is `pointsman_instrument`'s.

use crate::{
    app::drain::Stop,
    config::watch::{Controller, Otlp, Plans as Config},
};
use pointsman_core::fault::{Fault, Place, code::Code};
use pointsman_instrument::{
    Identity, Telemetry,
    opamp::{Carried, Client, Endpoint, Event, Settings},
};
use std::sync::Arc;
use tracing::{debug, info, warn};

/// Where plans come from, and what of them outlives one telemetry.
#[derive(Debug, Default)]
pub(super) struct Plans {
    settings: Settings,
    /// The kill switch: declared levels decide.
    killed: bool,
    carried: Carried,
}

impl Plans {
    /// As it is configured.
    pub(super) fn new(config: &Config, otlp: &Otlp) -> Result<Self, Fault> {
        let Config { controller, file, cache, killed } = config;
        // Whom we guessed may be a Collector, that tells no plans, ever: as long as nobody has answered nothing is turned off. Whom
        // a user named is there, or will be: what is declared holds until then, or a controller that is away would cost traffic.
        let (url, carried) = match controller {
            Controller::Nobody => (None, Carried::default()),
            Controller::Assumed(url) => (Some(url), Carried::until_answered()),
            Controller::Named(url) => (Some(url), Carried::default()),
        };
        let endpoint = url.map(|url| endpoint(url, otlp)).transpose()?;
        let settings = Settings { endpoint, plan_file: file.clone(), plan_cache: cache.clone() };
        Ok(Self { settings, killed: *killed, carried })
    }

    /// Lets a new telemetry obey from its first point on; answers who keeps it to that. Nobody does where nobody tells plans, and
    /// then everything is sent.
    pub(super) fn obey(&self, telemetry: &Arc<Telemetry>, identity: &Identity) -> Option<Client> {
        if self.killed {
            telemetry.obey_defaults();
            return None;
        }
        let Settings { endpoint, plan_file, plan_cache: _ } = &self.settings;
        let is_told = endpoint.is_some() || plan_file.is_some();
        is_told.then(|| Client::resume(Arc::clone(telemetry), identity, self.settings.clone(), &self.carried))
    }
}

/// Reached as the receiver is.
fn endpoint(url: &http::Uri, otlp: &Otlp) -> Result<Endpoint, Fault> {
    let endpoint = Endpoint::new(&url.to_string()).map_err(|error| {
        let why = format!("{:#}", anyhow::Error::new(error));
        Fault::new(Code::BadSetting, Place::Setting("--opamp".into()), &["opamp", "where plans come from", &why])
    })?;
    Ok(if matches!(url.scheme_str(), Some("wss" | "https")) { endpoint.with(|target| otlp.secure(target)) } else { endpoint })
}

/// Keeps a telemetry to its plan until it is asked to stop, and takes leave then.
pub(super) async fn keep(client: Option<Client>, stop: &Stop) {
    let Some(client) = client else { return };
    // Whom nobody answers is asked again and again: once is enough for a log.
    let mut is_known_lost = false;
    client.run(stop.asked(), |event| tell(event, &mut is_known_lost)).await;
}

fn tell(event: &Event, is_known_lost: &mut bool) {
    let was_lost = *is_known_lost;
    match event {
        Event::Joined => *is_known_lost = false,
        Event::Lost(_) => *is_known_lost = true,
        _ => {}
    }
    match event {
        Event::Lost(_) if was_lost => debug!("{event}"),
        _ if event.is_fault() => warn!("{event}"),
        _ => info!("{event}"),
    }
}
