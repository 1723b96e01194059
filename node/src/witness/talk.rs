//! One request to a witness, and what its answer means. What answers is not trusted: its answer is
//! bounded in size and time, and redirections are not followed.

use cairn_ledger::RawAddCheckpoint;
use cairn_ledger::witness::decimal;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::http::header::CONTENT_TYPE;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// A witness that is there takes a connection at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// It verifies a proof and flushes its disk: everything together takes no longer than this.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// More than the signature lines of any witness have.
const ANSWER_BYTES_MAX: u64 = 16 << 10;
/// How much of a refusal's reason is told on.
const REASON_CHARS_MAX: usize = 160;

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Signature lines, it says.
    Cosigned(Vec<u8>),
    /// It has cosigned so many entries of ours.
    Conflict(u64),
    /// It says that the checkpoint does not continue what it has cosigned.
    Inconsistent(String),
    /// It does not know our log, or not its key.
    Unknown(String),
    /// Something else, or nothing.
    Failed(String),
}

/// Talks to witnesses. https runs over the TLS library that QUIC brings already.
pub(super) fn agent() -> Agent {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::WebPki)
        .unversioned_rustls_crypto_provider(crypto)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // an operator names witnesses in node.toml, and nothing else decides where this goes
        .proxy(None)
        .user_agent(concat!("cairn-node/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(ANSWER_TIMEOUT))
        .build();
    config.new_agent()
}

/// Shows a checkpoint to the witness at an address.
pub(super) fn show(agent: &Agent, url: &str, request: &RawAddCheckpoint) -> Answer {
    let url = format!("{url}/add-checkpoint");
    let sent = agent.post(&url).content_type("text/plain; charset=utf-8").send(request.encode());
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let status = response.status().as_u16();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_size = kind.is_some_and(|kind| kind == "text/x.tlog.size");
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
    match body {
        Ok(body) => answer(status, is_size, body),
        Err(error) => {
            Answer::Failed(format!("its answer with status {status} breaks off: {error}"))
        }
    }
}

fn answer(status: u16, is_size: bool, body: Vec<u8>) -> Answer {
    let reason = || match reason(&body) {
        text if text.is_empty() => format!("status {status}"),
        text => format!("status {status}, {text:?}"),
    };
    match status {
        200 => Answer::Cosigned(body),
        409 => match std::str::from_utf8(&body).ok().filter(|_| is_size).and_then(size) {
            Some(size) => Answer::Conflict(size),
            None => Answer::Failed(format!("it does not say what it has cosigned: {}", reason())),
        },
        422 => Answer::Inconsistent(reason()),
        403 | 404 => Answer::Unknown(reason()),
        _ => Answer::Failed(format!("it answers {}", reason())),
    }
}

fn size(body: &str) -> Option<u64> {
    decimal(body.strip_suffix('\n').unwrap_or(body))
}

/// The beginning of a reason that others wrote, on one line.
fn reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().next().unwrap_or_default().chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    #[test]
    fn https_is_tls_and_what_answers_something_else_is_not_believed() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut begin = [0; 3];
            socket.read_exact(&mut begin).unwrap();
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            begin
        });
        let request = RawAddCheckpoint { old: 0, proof: Vec::new(), note: "note".into() };
        let answer = show(&agent(), &format!("https://127.0.0.1:{port}"), &request);
        assert!(matches!(answer, Answer::Failed(_)), "{answer:?}");
        assert_eq!(server.join().unwrap(), [0x16, 3, 1], "a TLS handshake");
    }

    #[test]
    fn an_answer_means_what_its_status_says() {
        let told = |status, is_size, body: &str| answer(status, is_size, body.into());
        assert_eq!(told(200, false, "x"), Answer::Cosigned(b"x".to_vec()));
        assert_eq!(told(409, true, "17\n"), Answer::Conflict(17));
        for body in ["", "017\n", "17\n\n", "-1\n", "+1", "99999999999999999999\n"] {
            assert!(matches!(told(409, true, body), Answer::Failed(_)), "{body}");
        }
        assert!(matches!(told(409, false, "17\n"), Answer::Failed(_)));
        assert!(matches!(told(422, false, ""), Answer::Inconsistent(_)));
        assert!(matches!(told(404, false, ""), Answer::Unknown(_)));
        for status in [201, 301, 400, 429, 500, 503] {
            assert!(matches!(told(status, false, "17\n"), Answer::Failed(_)), "{status}");
        }
        let Answer::Failed(why) = told(500, false, &"\u{1b}[2J".repeat(99)) else { panic!() };
        assert!(!why.contains('\u{1b}') && why.len() < 2000, "{why}");
    }
}
