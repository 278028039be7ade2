//! The small listener for machines: `/metrics`, `/livez`, `/readyz`, and pages that a command adds.
//!
//! Decides how requests are bounded and answered. It has a thread and a runtime of its own, so that
//! it answers while everything else is busy. Must not know what the metrics mean.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method as HttpMethod, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tracing::{debug, warn};

use crate::config::sections::Http;
use crate::telemetry::Telemetry;
use crate::telemetry::labels::{Method, Route};

mod health;

pub use health::Health;

/// A listener that answers until it is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Where it listens; the port is the one it got where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the listener is logged by its own thread; there is nothing to add here.
            let _ = thread.join();
        }
    }
}

/// Starts to answer. `pages` are further routes; they get the same limits and are counted as
/// `page`. `Router::new()` adds none.
///
/// # Errors
/// The address is taken or not ours, or a thread cannot be started.
pub fn listen(
    settings: &Http,
    telemetry: Telemetry,
    health: Health,
    pages: Router,
) -> anyhow::Result<Listener> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let address = settings.listen;
    let socket = runtime
        .block_on(TcpListener::bind(address))
        .with_context(|| format!("cannot listen on {address} (http.listen)"))?;
    let address = socket.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let router = router(settings, telemetry, health, pages);
    let settings = settings.clone();
    let thread = std::thread::Builder::new()
        .name("http".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(socket, router, &settings) => {}
                    _ = stopped => {}
                }
            });
        })?;
    Ok(Listener {
        address,
        stop: Some(stop),
        thread: Some(thread),
    })
}

struct Answers {
    telemetry: Telemetry,
    health: Health,
    body_bytes_max: u64,
    timeout: Duration,
}

fn router(settings: &Http, telemetry: Telemetry, health: Health, pages: Router) -> Router {
    let answers = Arc::new(Answers {
        telemetry,
        health,
        body_bytes_max: settings.body_bytes_max.into(),
        timeout: Duration::from_millis(settings.request_timeout_ms.into()),
    });
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(Arc::clone(&answers))
        .merge(pages)
        .layer(middleware::from_fn_with_state(answers, bound_and_count))
}

async fn metrics(State(answers): State<Arc<Answers>>) -> Response {
    const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let ready = answers.health.reasons_not_ready().is_empty();
    answers.telemetry.set_ready(ready);
    (
        [(header::CONTENT_TYPE, TEXT_FORMAT)],
        answers.telemetry.render(),
    )
        .into_response()
}

async fn livez(State(answers): State<Arc<Answers>>) -> Response {
    verdict("alive", &answers.health.reasons_not_alive())
}

async fn readyz(State(answers): State<Arc<Answers>>) -> Response {
    verdict("ready", &answers.health.reasons_not_ready())
}

fn verdict(word: &str, reasons: &[String]) -> Response {
    if reasons.is_empty() {
        return format!("{word}\n").into_response();
    }
    let reasons = reasons.join("\n");
    (
        StatusCode::SERVICE_UNAVAILABLE,
        format!("not {word}\n{reasons}\n"),
    )
        .into_response()
}

/// What holds for every route: only small requests, an answer in time, no sniffing or caching, and
/// a count.
async fn bound_and_count(
    State(answers): State<Arc<Answers>>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let method = match *request.method() {
        HttpMethod::GET | HttpMethod::HEAD => Method::Read,
        _ => Method::Other,
    };
    let route = route_of(request.uri().path());
    let mut response = if announced_body_bytes(&request) > answers.body_bytes_max {
        StatusCode::PAYLOAD_TOO_LARGE.into_response()
    } else {
        match tokio::time::timeout(answers.timeout, next.run(request)).await {
            Ok(response) => response,
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    let status = response.status().as_u16();
    let route = if status == 404 { Route::Other } else { route };
    answers
        .telemetry
        .observe_http(route, method, status, started.elapsed().as_secs_f64());
    response
}

fn route_of(path: &str) -> Route {
    match path {
        "/metrics" => Route::Metrics,
        "/livez" => Route::Livez,
        "/readyz" => Route::Readyz,
        _ => Route::Page,
    }
}

/// Bodies without an announced length are refused as too large: nobody needs them here.
fn announced_body_bytes(request: &Request) -> u64 {
    let headers = request.headers();
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return u64::MAX;
    }
    let length = headers.get(header::CONTENT_LENGTH);
    length.map_or(0, |length| {
        length
            .to_str()
            .ok()
            .and_then(|l| l.parse().ok())
            .unwrap_or(u64::MAX)
    })
}

async fn serve(socket: TcpListener, router: Router, settings: &Http) {
    let slots = Arc::new(Semaphore::new(settings.connections_max as usize));
    loop {
        let slot = Arc::clone(&slots)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let connection = match socket.accept().await {
            Ok((connection, _)) => connection,
            Err(error) => {
                // Out of file descriptors, as a rule: others must close theirs first.
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let answering = answer(connection, router.clone(), settings.clone());
        tokio::spawn(async move {
            answering.await;
            drop(slot);
        });
    }
}

async fn answer(connection: TcpStream, router: Router, settings: Http) {
    let timeout = Duration::from_millis(settings.request_timeout_ms.into());
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .max_buf_size(settings.header_bytes_max as usize)
        .serve_connection(TokioIo::new(connection), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
