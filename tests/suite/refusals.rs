//! Bad input over the API: refused with a reason, nothing is lost, the node lives on.

use cairn_api::{Outcome, Problem, SubmissionResult, route};
use cairn_ledger::authority::{AUTHORISE, Authorisation, Scope};
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::Text;
use cairn_ledger::{Kind, NetworkId, SecretKey, SignedStatement};
use cairn_tests::nodes::{Contributor, Founded, Node, SOON, post, submit};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends an HTTP request as these bytes, and returns status and body.
fn raw(node: &Node, request: &[u8]) -> (u16, String) {
    let mut socket = TcpStream::connect(("127.0.0.1", node.http)).expect("a node");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
    // It may refuse before it has read everything.
    socket.write_all(request).ok();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).ok();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, body.to_string())
}

fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

const JSON: &str = "host: localhost\r\ncontent-type: application/json\r\n";

fn posted(node: &Node, body: &str) -> (u16, String) {
    raw(node, &request("POST", route::STATEMENTS, JSON, body))
}

/// One node with a contributor who has stated one thing.
fn node() -> (Founded, Contributor) {
    let mut founded = Founded::of(&["UNSEC", "COD"]);
    founded.node_mut("UNSEC").start();
    let speaker = founded.contributor("UNSEC");
    still_takes(&founded, &speaker, 0);
    (founded, speaker)
}

/// The node still answers, and takes a good statement.
fn still_takes(founded: &Founded, speaker: &Contributor, number: u64) {
    let node = founded.node("UNSEC");
    let result = submit(&node.url(), &[speaker.note(number)]).expect("an answer");
    let accepted = matches!(result.outcomes[..], [Outcome::Accepted { .. }]);
    assert!(accepted, "{result:?}\n{}", node.diagnostics());
    assert_eq!(node.log("UNSEC").size, 2 + number);
}

/// The reason for which a node refuses this as a statement.
fn refusal(node: &Node, bytes: Vec<u8>) -> String {
    let body = serde_json::json!({ "statements": [Bytes(bytes)] }).to_string();
    let (status, text) = posted(node, &body);
    assert_eq!(status, 422, "{text}");
    let result: SubmissionResult = serde_json::from_str(&text).expect("a result");
    match &result.outcomes[..] {
        [Outcome::Refused(problem)] => problem.error.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_statement_that_is_not_true_is_refused_with_its_reason() {
    let (founded, speaker) = node();
    let node = founded.node("UNSEC");
    let good = speaker.note(1).encode();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    let other = |change: &dyn Fn(&mut Contributor)| {
        let mut other = speaker.clone();
        change(&mut other);
        other.note(1).encode()
    };
    let stranger = SecretKey::from_seed([9; 32]);
    let cod = "COD".parse().expect("a code");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", Vec::new(), "no format version"),
        ("truncated", changed(&|bytes| bytes.truncate(bytes.len() - 1)), "not in the format"),
        ("half", changed(&|bytes| bytes.truncate(bytes.len() / 2)), "not in the format"),
        ("trailing", changed(&|bytes| bytes.push(0)), "1 bytes follow the end"),
        ("flipped text", changed(&|bytes| flip(bytes, 2, 3)), "does not match"),
        ("flipped signature", changed(&|bytes| flip(bytes, 1, 40)), "does not match"),
        ("version 2", changed(&|bytes| bytes[0] = 2), "has format version 2, this program knows 1"),
        ("oversized", changed(&|bytes| bytes.resize(70_000, 0)), "the limit is"),
        ("network", other(&|who| who.network = NetworkId([7; 32])), "belongs to network 0707"),
        ("key", other(&|who| who.key = stranger.clone()), "does not authorise"),
        ("member", other(&|who| who.member = std::clone::Clone::clone(&cod)), "is for member COD"),
        ("kind", speaker.statement(1, Kind(60_000), Bytes::default()).encode(), "does not know"),
        ("fields", speaker.statement(1, Kind(150), Bytes(vec![1])).encode(), "of kind 150"),
        ("root kind", authorising_itself(&speaker).encode(), "signed by the member's root key"),
    ];
    for (what, bytes, says) in cases {
        let reason = refusal(node, bytes);
        assert!(reason.contains(says), "{what}: {reason}");
    }
    assert_eq!(node.log("UNSEC").size, 2);
    still_takes(&founded, &speaker, 1);
}

/// Flips a bit so far from the beginning, or from the end where `part` is 1.
fn flip(bytes: &mut [u8], part: usize, back: usize) {
    let at = if part == 1 { bytes.len() - back } else { bytes.len() / part - back };
    bytes[at] ^= 1;
}

fn authorising_itself(speaker: &Contributor) -> SignedStatement {
    let office = Text::new("Usurper").expect("an office");
    let key = SecretKey::from_seed([9; 32]).public();
    let fields = Authorisation { key, office, scope: Scope::default() };
    speaker.statement(77, AUTHORISE, fields.encode())
}

#[test]
fn a_request_that_is_not_one_is_refused_with_its_reason() {
    let (founded, speaker) = node();
    let node = founded.node("UNSEC");
    let good = post(&[speaker.note(1)]);
    let many = post(&vec![speaker.note(1); route::SUBMISSION_STATEMENTS_MAX + 1]);
    let huge = format!("{{\"statements\":[\"{}\"]}}", "0".repeat(route::SUBMISSION_BYTES_MAX));
    let cases: Vec<(&str, &str, String)> = vec![
        ("empty", JSON, String::new()),
        ("truncated", JSON, good[..good.len() - 9].to_string()),
        ("not hexadecimal", JSON, good.replacen(":[\"", ":[\"xy", 1)),
        ("odd digits", JSON, good.replacen(":[\"", ":[\"a", 1)),
        ("a number", JSON, "7".to_string()),
        ("none", JSON, "{\"statements\":[]}".to_string()),
        ("too many", JSON, many),
        ("too large", JSON, huge),
        ("another type", "host: localhost\r\ncontent-type: text/plain\r\n", good.clone()),
        ("not text", JSON, "\u{0}\u{1}{}".to_string()),
    ];
    for (what, headers, body) in cases {
        let (status, text) = raw(node, &request("POST", route::STATEMENTS, headers, &body));
        assert!((400..500).contains(&status), "{what}: {status} {text}");
        let problem: Result<Problem, _> = serde_json::from_str(&text);
        assert!(problem.is_ok_and(|problem| !problem.error.is_empty()), "{what}: {text}");
    }
    assert_eq!(node.log("UNSEC").size, 2);
    still_takes(&founded, &speaker, 1);
}

#[test]
fn a_web_page_gets_nothing() {
    let (founded, speaker) = node();
    let node = founded.node("UNSEC");
    let good = post(&[speaker.note(1)]);
    let json = "content-type: application/json\r\n";
    for headers in [
        format!("host: evil.example\r\n{json}"),
        format!("host: localhost.evil.example:{}\r\n{json}", node.http),
        format!("host: localhost\r\norigin: https://evil.example\r\n{json}"),
        format!("host: 127.0.0.1:{}\r\norigin: null\r\n{json}", node.http),
        json.to_string(),
    ] {
        for (method, path) in [("POST", route::STATEMENTS), ("GET", route::STATUS)] {
            let (status, text) = raw(node, &request(method, path, &headers, &good));
            assert!((400..500).contains(&status), "{headers}: {status} {text}");
        }
    }
    let here = format!("host: 127.0.0.1:{}\r\n", node.http);
    assert_eq!(raw(node, &request("GET", route::STATUS, &here, "")).0, 200);
    assert_eq!(node.log("UNSEC").size, 2);
    still_takes(&founded, &speaker, 1);
}

#[test]
fn what_is_not_there_is_said_to_be_missing() {
    let (founded, speaker) = node();
    let node = founded.node("UNSEC");
    for (path, code, says) in [
        ("/v1/nothing", 404, "nothing at this address"),
        ("/v1/logs/ZZZ", 404, "no member"),
        ("/v1/logs/zz%2F..%2F..", 400, ""),
        ("/v1/logs/COD/checkpoint", 404, "no checkpoint"),
        ("/tlog/COD/checkpoint", 404, "no checkpoint"),
        ("/tlog/COD/tile/0/000", 404, "no checkpoint"),
        ("/v1/cases/C-7K3QX2MB", 404, "nobody has stated"),
        ("/v1/cases/..%2F..%2Fetc", 400, ""),
        ("/v1/cases/%ff", 400, "UTF-8"),
        ("/v1/logs/%ff/export", 400, "UTF-8"),
    ] {
        let (status, text) = raw(node, &request("GET", path, "host: localhost\r\n", ""));
        assert_eq!(status, code, "{path}: {text}");
        let problem: Problem = serde_json::from_str(&text).expect(path);
        assert!(problem.error.contains(says), "{path}: {text}");
    }
    for junk in [&b"\x16\x03\x01\x02\x00\x01"[..], &[0xff; 4096], b"GET / HTTP/9\r\n\r\n", b"\r\n"]
    {
        raw_ending(node, junk);
    }
    still_takes(&founded, &speaker, 1);
}

/// Sends bytes that are no request, and goes away.
fn raw_ending(node: &Node, bytes: &[u8]) {
    let mut socket = TcpStream::connect(("127.0.0.1", node.http)).expect("a node");
    socket.write_all(bytes).ok();
}

/// Connections that say nothing, or half a request, keep nobody out for long.
#[test]
fn whoever_dawdles_is_shown_out() {
    let mut founded = Founded::of(&["UNSEC"]);
    founded.node_mut("UNSEC").start();
    let node = founded.node("UNSEC");
    let connect = |bytes: &str| {
        let mut socket = TcpStream::connect(("127.0.0.1", node.http)).expect("a node");
        socket.set_read_timeout(Some(SOON)).expect("a socket");
        socket.write_all(bytes.as_bytes()).expect("a node");
        socket
    };
    let json = "host: localhost\r\ncontent-type: application/json\r\n";
    let mut half_a_body = connect(&format!(
        "POST /v1/statements HTTP/1.1\r\n{json}content-length: 99\r\n\r\n{{\"statements\":"
    ));
    let silent: Vec<_> = (1..256).map(|n| connect(["", "GET /v1/sta"][n % 2])).collect();
    let mut late = connect("GET /v1/status HTTP/1.1\r\nhost: localhost\r\n\r\n");
    late.set_read_timeout(Some(Duration::from_secs(1))).expect("a socket");
    late.read(&mut [0; 1]).expect_err("there are as many connections as there may be");
    late.set_read_timeout(Some(SOON)).expect("a socket");
    let mut begin = [0; 12];
    late.read_exact(&mut begin).expect("an answer, once others were shown out");
    assert_eq!(begin, *b"HTTP/1.1 200");
    for mut socket in silent {
        assert_eq!(socket.read(&mut [0; 1]).ok(), Some(0), "closed without a word");
    }
    let mut answer = String::new();
    half_a_body.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("the request was not finished in time"), "{answer}");
}
