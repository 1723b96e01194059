//! A witness outside of the network, made for the tests: it follows c2sp.org/tlog-witness, or does not.

use cairn_ledger::note::{Algorithm, RawNote, SignatureLine, key_id};
use cairn_ledger::proof::{TreeHead, check_consistency};
use cairn_ledger::tree::empty_root;
use cairn_ledger::{Checkpoint, PublicKey, RawAddCheckpoint, SecretKey, WitnessKey};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// The date on all of its cosignatures.
pub const WITNESSED_AT: u64 = 1_800_000_000;

/// How it answers.
#[derive(Debug, Clone)]
pub enum Manner {
    /// As the specification says.
    Honest,
    /// Always this: status, headers and body.
    Says(u16, &'static str, Vec<u8>),
    /// It signs with another key than its own.
    Forges,
    /// It takes the request and is silent.
    Silent,
}

#[derive(Debug)]
struct Inner {
    manner: Manner,
    /// What it has cosigned last.
    last: TreeHead,
    /// The status of every answer.
    answered: Vec<u16>,
}

/// A witness on loopback that knows one log. Its thread ends with the test process.
#[derive(Debug, Clone)]
pub struct Outside {
    key: SecretKey,
    name: String,
    port: u16,
    inner: Arc<Mutex<Inner>>,
}

impl Outside {
    /// A witness of the log with this origin and key.
    ///
    /// # Panics
    /// When loopback gives no port.
    #[must_use]
    pub fn of(name: &str, seed: u8, origin: &str, log: PublicKey) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let last = TreeHead { size: 0, root: empty_root() };
        let inner = Inner { manner: Manner::Honest, last, answered: Vec::new() };
        let (key, inner) = (SecretKey::from_seed([seed; 32]), Arc::new(Mutex::new(inner)));
        let witness = Self { key, name: name.into(), port, inner };
        let (serving, origin) = (witness.clone(), origin.to_string());
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (serving, origin) = (serving.clone(), origin.clone());
                thread::spawn(move || serving.serve(socket, &origin, log));
            }
        });
        witness
    }

    /// Its key.
    ///
    /// # Panics
    /// When the name is none.
    #[must_use]
    pub fn key(&self) -> WitnessKey {
        WitnessKey::new(&self.name, self.key.public()).expect("a name")
    }

    /// What an operator writes into `node.toml`.
    #[must_use]
    pub fn setting(&self) -> String {
        let (name, key, port) = (&self.name, self.key(), self.port);
        format!(
            "[[witness]]\nname = \"{name}\"\nvkey = \"{key}\"\nurl = \"http://127.0.0.1:{port}/w/\"\n"
        )
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no thread has panicked")
    }

    /// Changes how it answers.
    pub fn set(&self, manner: Manner) {
        self.inner().manner = manner;
    }

    /// Has it remember something else than it has cosigned.
    pub fn remember(&self, last: TreeHead) {
        self.inner().last = last;
    }

    /// What it has cosigned last.
    #[must_use]
    pub fn last(&self) -> TreeHead {
        self.inner().last
    }

    /// The status of every answer so far.
    #[must_use]
    pub fn answered(&self) -> Vec<u16> {
        self.inner().answered.clone()
    }

    fn serve(&self, mut socket: TcpStream, origin: &str, log: PublicKey) {
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
        let Some((path, body)) = read(&mut socket) else { return };
        assert_eq!(path, "/w/add-checkpoint");
        let manner = self.inner().manner.clone();
        let (status, headers, body) = match manner {
            Manner::Honest => self.judge(&body, origin, log, &self.key),
            Manner::Forges => self.judge(&body, origin, log, &SecretKey::from_seed([0xee; 32])),
            Manner::Says(status, headers, body) => (status, headers, body),
            Manner::Silent => {
                // Until the other side goes away.
                socket.read_exact(&mut [0]).ok();
                return;
            }
        };
        self.inner().answered.push(status);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        // A node that has read enough may be gone.
        socket.write_all(&[head.as_bytes(), &body].concat()).ok();
    }

    /// The table of the specification, in its order.
    fn judge(
        &self,
        body: &[u8],
        origin: &str,
        log: PublicKey,
        sign_with: &SecretKey,
    ) -> (u16, &'static str, Vec<u8>) {
        let refuse = |status| (status, "", Vec::new());
        let Ok(request) = RawAddCheckpoint::decode(body) else { return refuse(400) };
        if request.origin() != origin {
            return refuse(404);
        }
        let Ok(checkpoint) = Checkpoint::verify(request.note.as_bytes(), origin, &[log]) else {
            return refuse(403);
        };
        let (new, mut inner) = (checkpoint.head(), self.inner());
        if request.old > new.size {
            return refuse(400);
        }
        if request.old != inner.last.size {
            let size = format!("{}\n", inner.last.size).into_bytes();
            return (409, "content-type: text/x.tlog.size\r\n", size);
        }
        if check_consistency(inner.last, new, &request.proof).is_err() {
            return refuse(422);
        }
        inner.last = new;
        drop(inner);
        let text = RawNote::decode(request.note.as_bytes()).expect("a note").text().to_string();
        let stranger = self.line("stranger.example/x", &self.key, &text);
        (200, "", [stranger, self.line(&self.name, sign_with, &text)].concat().into_bytes())
    }

    fn line(&self, name: &str, key: &SecretKey, text: &str) -> String {
        let message = format!("cosignature/v1\ntime {WITNESSED_AT}\n{text}");
        let signature = key.sign_bytes(message.as_bytes());
        let signature = [&WITNESSED_AT.to_be_bytes()[..], &signature.0].concat();
        let key_id = key_id(name, Algorithm::Cosignature, &self.key.public());
        SignatureLine { name: name.into(), key_id, signature }.encode()
    }
}

/// A request's path and body.
fn read(socket: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = socket.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").trim().parse().expect("a number");
        let path = head.split(' ').nth(1).expect("a path").to_string();
        if bytes.len() >= end + 4 + length {
            return Some((path, bytes[end + 4..end + 4 + length].to_vec()));
        }
    }
}
