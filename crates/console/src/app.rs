//! What every request shares.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use promoguard_event::EventTime;
use promoguard_review::Store;
use promoguard_words::{Clock, Language, UnknownZone};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::fault::Fault;
use crate::routes;
use crate::throttle::Throttle;

/// The programme's time: that of the events, which in a simulation is not that of the wall.
pub type Now = Arc<dyn Fn() -> EventTime + Send + Sync>;

/// How the console is to behave.
#[derive(Clone)]
pub struct ConsoleSettings {
    /// Who gets in.
    pub access: Access,
    /// Time zone of everything shown, by its IANA name.
    pub zone: String,
    /// Language where neither the visitor nor the browser names one.
    pub language: Language,
    /// The programme's time.
    pub now: Now,
    /// Said at the top of every page, if anything.
    pub banner: Option<Banner>,
}

/// What a page has to say before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banner {
    /// Everything here is made up.
    Demo,
}

/// The console over one store. Cloning gives another handle on the same.
#[derive(Clone)]
pub struct Console(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) store: Arc<Store>,
    pub(crate) settings: ConsoleSettings,
    pub(crate) clock: Clock,
    pub(crate) throttle: Throttle,
    /// Hashing a password takes 19 MiB; more than two at once would let strangers fill the memory.
    pub(crate) hashing: Semaphore,
}

const HASHED_AT_ONCE: usize = 2;

impl Console {
    /// A console over a store.
    ///
    /// # Errors
    /// The time zone is not known.
    pub fn new(store: Arc<Store>, settings: ConsoleSettings) -> Result<Console, UnknownZone> {
        let clock = Clock::new(&settings.zone)?;
        Ok(Console(Arc::new(Parts {
            store,
            settings,
            clock,
            throttle: Throttle::default(),
            hashing: Semaphore::new(HASHED_AT_ONCE),
        })))
    }

    /// Every page, with the checks that hold for all of them.
    pub fn router(&self) -> Router {
        routes::router(self)
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// Works on the store away from the threads that answer.
    pub(crate) async fn run(
        self,
        work: impl FnOnce(&Parts) -> Result<Response, Fault> + Send + 'static,
    ) -> Result<Response, Fault> {
        let done = tokio::task::spawn_blocking(move || work(&self.0)).await;
        match done {
            Ok(result) => result,
            Err(_) => {
                tracing::error!("a page panicked");
                Ok(axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response())
            }
        }
    }
}

impl Parts {
    /// The programme's time.
    pub(crate) fn now(&self) -> EventTime {
        (self.settings.now)()
    }
}

/// Wall time, in milliseconds since 1970.
pub(crate) fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
