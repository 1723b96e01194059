//! A client that costs almost nothing, so that the node is what is measured.

use anyhow::{Context, ensure};
use cairn_ledger::SignedStatement;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection, kept alive.
pub(crate) struct Http(BufReader<TcpStream>);

impl Http {
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.0.get_mut().write_all(&request("GET", path, ""))?;
        self.answer()
    }

    /// Sends a request that was made before, and checks that it was accepted.
    pub(crate) fn submit(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.0.get_mut().write_all(request)?;
        let body = self.answer()?;
        let accepted = body.windows(10).any(|part| part == b"\"accepted\"");
        ensure!(accepted, "refused: {}", String::from_utf8_lossy(&body));
        Ok(())
    }

    /// Takes a log away as a file.
    pub(crate) fn export(mut self, log: &cairn_ledger::MemberCode) -> anyhow::Result<Vec<u8>> {
        let path = cairn_api::route::EXPORT.replace("{member}", log.as_str());
        let text = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        self.0.get_mut().write_all(text.as_bytes())?;
        while !self.line()?.is_empty() {}
        let mut file = Vec::new();
        self.0.read_to_end(&mut file)?;
        Ok(file)
    }

    /// Begins to listen to events; lines come from [`Self::line`].
    pub(crate) fn listen(&mut self) -> anyhow::Result<()> {
        self.0.get_mut().write_all(&request("GET", cairn_api::route::EVENTS, ""))?;
        while !self.line()?.is_empty() {}
        Ok(())
    }

    pub(crate) fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.0.read_line(&mut line)? > 0, "the node closed the connection");
        Ok(line.trim_end().to_string())
    }

    fn answer(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut length = 0;
        let status = self.line()?;
        ensure!(status.contains(" 200 "), "{status}");
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().context("content-length")?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }
}

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// The whole request that submits one statement.
pub(crate) fn submission(statement: &SignedStatement) -> Vec<u8> {
    let body = format!("{{\"statements\":[\"{}\"]}}", hex::encode(statement.encode()));
    request("POST", cairn_api::route::STATEMENTS, &body)
}
