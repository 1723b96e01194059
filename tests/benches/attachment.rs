//! A file of 4 GiB, sealed for another member: how fast its pieces cross, and what both nodes weigh.

use crate::network::{Member, Network, Node};
use crate::table::Table;
use anyhow::{Context, ensure};
use cairn_api::{Pieces, SealedList, SealedState};
use cairn_casebook::fact::{Document, MAIN_PART, Says};
use cairn_casebook::vocabulary::{Basis, DocumentClass, DocumentUse, Verification};
use cairn_casebook::{CaseId, Fact, topics};
use cairn_ledger::hash::Reference;
use cairn_ledger::statement::{Audience, STATEMENT_FORMAT, SealedPart, Statement, Timestamp};
use cairn_ledger::text::Text;
use cairn_node::commands::submit;
use cairn_node::users::{Role, Users};
use cairn_sealing::piece::{PIECE_BYTES, PieceKey};
use cairn_sealing::{MANIFEST_FORMAT, Manifest, Place, Recipient, Sealed, seal};
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// 4 GiB.
const PIECES: u32 = 4096;
const SIZE: u64 = PIECES as u64 * PIECE_BYTES as u64;
const PATIENCE: Duration = Duration::from_secs(900);

pub(crate) fn run(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let alone = encrypted_copy()?;
    let network = Network::found(&folder.join("attachment"), 2)?;
    let (from, to) = (&network.members[0], &network.members[1]);
    let (author, reader) = (from.start()?, to.start()?);
    author.wait_for_peers(1)?;
    let signed = hand_in(&network, from, &author)?;
    let outcomes = submit(&format!("http://{}", from.http), &[signed])?;
    let began = Instant::now();
    ensure!(format!("{outcomes:?}").contains("Accepted"), "{outcomes:?}");
    let token = token(to)?;
    loop {
        let list: SealedList = serde_json::from_slice(&get(to, &token, "/v1/sealed")?)?;
        if list.parts.iter().any(|part| part.state == SealedState::Held) {
            break;
        }
        ensure!(began.elapsed() < PATIENCE, "the file does not arrive: {list:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
    let rate = SIZE as f64 / began.elapsed().as_secs_f64();
    let (sent, taken) = (author.memory()?.1, reader.memory()?.1);
    author.stop()?;
    reader.stop()?;
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    table.row(
        "4 GiB sealed file from node to node",
        format!("{:.0} MiB/s", mib(rate)),
        format!("{:.2} of an encrypted copy over TCP ({:.0} MiB/s)", rate / alone, mib(alone)),
        "0.5",
    );
    table.row(
        "memory for it at most",
        format!("{sent:.0} MiB who sends, {taken:.0} MiB who takes"),
        "-".into(),
        "200 MiB",
    );
    Ok(())
}

/// The same bytes over loopback, encrypted on one side and decrypted on the other: bytes a second.
fn encrypted_copy() -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let cipher = || ChaCha20Poly1305::new((&[7; 32]).into());
    let nonce = |number: u32| {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&number.to_le_bytes());
        Nonce::from(nonce)
    };
    let began = Instant::now();
    let sender = std::thread::spawn(move || -> anyhow::Result<()> {
        let (mut stream, cipher) = (TcpStream::connect(address)?, cipher());
        for number in 0..PIECES {
            let mut piece = vec![0; PIECE_BYTES];
            let sealed = cipher.encrypt_in_place(&nonce(number), b"", &mut piece);
            sealed.ok().context("it encrypts")?;
            stream.write_all(&piece)?;
        }
        Ok(())
    });
    let (mut stream, _) = listener.accept()?;
    for number in 0..PIECES {
        let mut piece = vec![0; PIECE_BYTES + 16];
        stream.read_exact(&mut piece)?;
        let opened = cipher().decrypt_in_place(&nonce(number), b"", &mut piece);
        opened.ok().context("it decrypts")?;
    }
    let rate = SIZE as f64 / began.elapsed().as_secs_f64();
    sender.join().ok().context("a sender")??;
    Ok(rate)
}

/// Seals the file for the second member and hands all of it in. Gives the statement to come.
fn hand_in(
    network: &Network,
    from: &Member,
    author: &Node,
) -> anyhow::Result<cairn_ledger::SignedStatement> {
    let contributor = &from.contributor;
    submit(&format!("http://{}", author.http), &[contributor.authorisation()])?;
    let key = PieceKey::generate()?;
    let piece = |number: u32| {
        let mut piece = vec![0; PIECE_BYTES];
        let id = key.seal(number, &mut piece);
        (id, piece)
    };
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        name: Text::typed("zeros.bin")?,
        media_type: Text::default(),
        size: SIZE,
        sha256: [0; 32],
        acquired_at: Timestamp(0),
        acquired_by: Text::default(),
        source: Text::default(),
        key: key.clone(),
        pieces: (0..PIECES).map(|number| piece(number).0).collect(),
    };
    let recipients = network.charter.members().iter().map(Recipient::of);
    let recipients: Vec<_> = recipients.collect::<Result<_, _>>()?;
    let (reference, part) = (Reference([3; 16]), MAIN_PART);
    let (net, member) = (contributor.network, contributor.member.clone());
    let place = Place { network: net, member: member.clone(), reference, part };
    let Sealed { payload, commitment, size_class, .. } =
        seal(place, &recipients, &manifest.encode())?;
    let to = network.members[1].contributor.member.clone();
    let token = token(from)?;
    let query = format!("?commitment={commitment}&class={size_class}&audience={to}&file=true");
    let staged = format!("/v1/staged/{reference}/{part}");
    let pieces: Pieces =
        serde_json::from_slice(&put(from, &token, &format!("{staged}{query}"), &payload)?)?;
    ensure!(pieces.missing.len() == PIECES as usize, "{} pieces are missing", pieces.missing.len());
    for number in 0..PIECES {
        let path = format!("{staged}/pieces/{number}{query}");
        put(from, &token, &path, &piece(number).1)?;
    }
    let says = Says {
        basis: Basis::OwnAct,
        verification: Verification::Unverified,
        as_of: "2026-11-23".parse().ok().context("a date")?,
    };
    let (class, purpose) = (DocumentClass::Data, DocumentUse::Working);
    let fact = Fact::Document(Document { says, label: Text::default(), class, purpose });
    let audience = Audience::Members(vec![to]);
    let statement = Statement {
        format: STATEMENT_FORMAT,
        network: net,
        member,
        reference,
        made_at: Timestamp(1_795_000_000),
        kind: fact.kind(),
        topics: topics(&[CaseId::derived("a")], None),
        body: fact.encode(),
        sealed: vec![SealedPart { part, audience, size_class, commitment }],
    };
    Ok(statement.sign(&[&contributor.key]))
}

fn token(member: &Member) -> anyhow::Result<String> {
    let mut users = Users::read(&member.folder.0)?;
    let name = format!("bench-{}", users.all().len());
    let token = users.add(&name, Role::Contributor, 0, None, Vec::new())?;
    users.write(&member.folder.0)?;
    Ok(token.text().to_string())
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn put(member: &Member, token: &str, path: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let request = agent().put(format!("http://{}{path}", member.http));
    let request = request.header("authorization", format!("Bearer {token}"));
    let mut answer = request.content_type("application/octet-stream").send(body)?;
    let said = answer.body_mut().read_to_vec()?;
    ensure!(answer.status().is_success(), "{}", String::from_utf8_lossy(&said));
    Ok(said)
}

fn get(member: &Member, token: &str, path: &str) -> anyhow::Result<Vec<u8>> {
    let request = agent().get(format!("http://{}{path}", member.http));
    let mut answer = request.header("authorization", format!("Bearer {token}")).call()?;
    Ok(answer.body_mut().read_to_vec()?)
}
