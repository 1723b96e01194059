//! Takes connections: a bounded number of them, and none that does nothing for long.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How many connections are open at once; more wait to be taken. A request may keep a thread that
/// reads the disk, of which there are 512: peers are served by the same.
const CONNECTIONS: usize = 256;
/// How long a connection may take for the head of a request, and be idle between two. Clients drop
/// idle ones earlier.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client may take nothing of an answer that waits for it.
const STALLED_MS: u32 = 60_000;
/// What is read ahead of one connection, and the largest head of a request.
const BUFFER_BYTES: usize = 64 << 10;
/// How long to wait when the system has no more connections to give.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until `stop` changes and the requests under way are answered.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = open.join_next() => {}
            accepted = listener.accept(), if open.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    drop(open.spawn(greet(stream, router.clone(), tls.clone(), stop.clone())));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a client's connection");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            // An error says that the sender is gone: stop as well.
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

async fn greet(
    stream: TcpStream,
    router: Router,
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
) {
    // Without these it would be slower, or held longer by a client that is gone.
    let _ = stream.set_nodelay(true);
    let _ = set_tcp_user_timeout(&stream, STALLED_MS);
    let Some(tls) = tls else { return talk(stream, router, stop).await };
    match timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
        Ok(Ok(stream)) => talk(stream, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a client's handshake failed"),
        Err(_) => tracing::debug!("a client's handshake took too long"),
    }
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER_BYTES);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a client's connection ended");
    }
}
