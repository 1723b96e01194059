//! What a reader does with the input of a vector: the steps of the specification, in their order.

use cairn_casebook::{Fact, Reading};
use cairn_ledger::bundle::Slices;
use cairn_ledger::card::Card;
use cairn_ledger::charter::PendingCharter;
use cairn_ledger::entry::Verifier;
use cairn_ledger::export::Header;
use cairn_ledger::fork::RawFork;
use cairn_ledger::hash::{Bytes, Commitment};
use cairn_ledger::note::RawNote;
use cairn_ledger::proof::{TreeHead, check_consistency, check_inclusion};
use cairn_ledger::{
    Charter, Checkpoint, Cosigned, Cosigner, DecodeError, Entry, Kind, Log, MemberCode, NetworkId,
    RawAddCheckpoint, RawEntry, RawReceipt, RawStatement, Receipt, SecretKey, TreeHash, WitnessKey,
};
use cairn_replica::{Request, Response};
use cairn_sealing::{Manifest, OpenError, Opening, Payload, Place, SealingSecret};
use serde_json::{Value, json};

/// What a reader knows after accepting the input, or why it refuses it.
pub(crate) fn check(area: &str, input: &Value) -> Result<Value, String> {
    match area {
        "statement" => statement(input),
        "entry" => entry(input),
        "log" => log(input),
        "marks" => marks(input),
        "checkpoint" => checkpoint(input),
        "card" => card(input),
        "amendment" => amendment(input),
        "charter" => charter(input),
        "inclusion" => inclusion(input),
        "consistency" => consistency(input),
        "export" => export(input),
        "request" => request(input),
        "range" => range(input),
        "cosigned" => cosigned(input),
        "receipt" => receipt(input),
        "fork" => fork(input),
        "add-checkpoint" => add_checkpoint(input),
        "witness" => witness(input),
        "fact" => fact(input),
        "sealed" => sealed(input),
        "piece" => piece(input),
        other => panic!("no such area: {other}"),
    }
}

fn sealed(input: &Value) -> Result<Value, String> {
    let commitment: Commitment = text(input, "commitment").parse().expect("a commitment");
    if !input["opening"].is_null() {
        let opening = Opening::decode(&bytes(input, "opening")).map_err(say)?;
        if opening.commitment() != commitment {
            return Err(say(OpenError::OtherContent));
        }
        return Ok(json!({ "content": hex::encode(opening.content()) }));
    }
    let part = input["part"].as_u64().and_then(|part| u16::try_from(part).ok()).expect("a part");
    let reference = text(input, "reference").parse().expect("a reference");
    let place = Place { network: network(input), member: code(input), reference, part };
    let audience = input["audience"].as_array().expect("an audience");
    let code = |code: &Value| MemberCode::new(code.as_str().expect("a code")).expect("a code");
    let audience: Vec<_> = audience.iter().map(code).collect();
    let class = input["size_class"].as_u64().and_then(|class| u8::try_from(class).ok());
    let seed = bytes(input, "key").try_into().expect("32 bytes");
    let secret = SealingSecret::of(&SecretKey::from_seed(seed));
    let payload = Payload::decode(&bytes(input, "payload")).map_err(say)?;
    payload.check(&place, &audience).map_err(say)?;
    let key = payload.key(&code(&input["reader"]), &[secret]).map_err(say)?;
    let opening = payload.open(&key, class.expect("a class"), &commitment).map_err(say)?;
    Ok(json!({ "content": hex::encode(opening.content()) }))
}

fn piece(input: &Value) -> Result<Value, String> {
    let manifest = Manifest::decode(&bytes(input, "manifest")).map_err(say)?;
    let number = input["number"].as_u64().and_then(|n| u32::try_from(n).ok()).expect("a number");
    let mut piece = bytes(input, "piece");
    let (id, length) = (manifest.pieces[number as usize], manifest.bytes_in(number));
    manifest.key.open(number, &id, length, &mut piece).map_err(say)?;
    Ok(json!({ "content": hex::encode(piece) }))
}

fn text<'a>(input: &'a Value, field: &str) -> &'a str {
    input[field].as_str().unwrap_or_else(|| panic!("no {field}"))
}

fn bytes(input: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(input, field)).expect("hexadecimal")
}

fn network(input: &Value) -> NetworkId {
    text(input, "network").parse().expect("a network's id")
}

fn code(input: &Value) -> MemberCode {
    MemberCode::new(text(input, "member")).expect("a code")
}

fn hash(value: &Value) -> TreeHash {
    value.as_str().expect("a hash").parse().expect("a hash")
}

fn say(why: impl std::fmt::Display) -> String {
    why.to_string()
}

fn statement(input: &Value) -> Result<Value, String> {
    let raw = RawStatement::decode(&bytes(input, "bytes")).map_err(say)?;
    let signed = raw.verify(&mut Verifier::new(network(input))).map_err(say)?;
    let said = signed.statement();
    assert_eq!(hex::encode(signed.encode()), text(input, "bytes"), "encoded again");
    Ok(
        json!({ "id": signed.id().to_string(), "member": said.member.as_str(), "kind": said.kind.0 }),
    )
}

fn read_entry(bytes: &[u8], verifier: &mut Verifier) -> Result<Entry, String> {
    RawEntry::decode(bytes).map_err(say)?.verify(verifier).map_err(say)
}

fn entry(input: &Value) -> Result<Value, String> {
    let entry = read_entry(&bytes(input, "bytes"), &mut Verifier::new(network(input)))?;
    let (hash, leaf) = (entry.hash().to_string(), entry.leaf().to_string());
    Ok(json!({ "hash": hash, "leaf": leaf, "position": entry.position() }))
}

fn log(input: &Value) -> Result<Value, String> {
    let charter = Charter::verify(&bytes(input, "charter"), None).expect("a charter");
    let mut log = Log::new(&charter, &code(input)).expect("a member");
    let mut verifier = Verifier::new(charter.network());
    let (mut held, mut read) = (Vec::new(), |value: &Value| {
        read_entry(&hex::decode(value.as_str().unwrap()).unwrap(), &mut verifier)
    });
    for value in input["before"].as_array().expect("entries") {
        let entry = read(value).expect("an entry before");
        log.admit(&entry, |_| None).expect("an entry before");
        held.push(entry.hash());
    }
    let entry = read(&input["entry"]).expect("a true entry");
    log.admit(&entry, |at| held.get(at as usize).copied()).map_err(say)?;
    let (last, root) = (log.last().to_string(), log.head().root.to_string());
    Ok(json!({ "size": log.size(), "last": last, "root": root }))
}

fn marks(input: &Value) -> Result<Value, String> {
    let charter = Charter::verify(&bytes(input, "charter"), None).expect("a charter");
    let mut log = Log::new(&charter, &code(input)).expect("a member");
    let mut verifier = Verifier::new(charter.network());
    let mut entries = Vec::new();
    for value in input["entries"].as_array().expect("entries") {
        let bytes = hex::decode(value.as_str().unwrap()).unwrap();
        let entry = read_entry(&bytes, &mut verifier).expect("a true entry");
        log.admit(&entry, |_| None).map_err(say)?;
        entries.push(entry);
    }
    let marked = |entry: &Entry| {
        let by = log.authority().mark_of(entry)?;
        Some(json!({ "position": entry.position(), "by": by }))
    };
    Ok(entries.iter().filter_map(marked).collect())
}

fn amendment(input: &Value) -> Result<Value, String> {
    let charter = Charter::verify(&bytes(input, "charter"), None).expect("a charter");
    let amendment = PendingCharter::decode_amendment(&bytes(input, "bytes"), &charter);
    let after = charter.with(amendment.map_err(say)?).map_err(say)?;
    let members: Vec<_> = after.members().iter().map(|card| card.code.as_str()).collect();
    Ok(json!({ "version": after.version(), "id": after.id().to_string(), "members": members }))
}

fn checkpoint(input: &Value) -> Result<Value, String> {
    let key = text(input, "key").parse().expect("a key");
    let note = match input.get("bytes") {
        Some(_) => bytes(input, "bytes"),
        None => text(input, "note").as_bytes().to_vec(),
    };
    let checkpoint = Checkpoint::verify(&note, text(input, "origin"), &[key]).map_err(say)?;
    let root = checkpoint.head().root.to_string();
    Ok(json!({ "size": checkpoint.size(), "root": root, "kept": checkpoint.note() }))
}

fn add_checkpoint(input: &Value) -> Result<Value, String> {
    let body = text(input, "body");
    let request = RawAddCheckpoint::decode(body.as_bytes()).map_err(say)?;
    assert_eq!(request.encode(), body, "encoded again");
    let hashes = request.proof.len();
    Ok(json!({ "old": request.old, "hashes": hashes, "origin": request.origin() }))
}

fn witness(input: &Value) -> Result<Value, String> {
    let key: WitnessKey = text(input, "vkey").parse().map_err(say)?;
    let note = RawNote::decode(text(input, "note").as_bytes()).map_err(say)?;
    let found = key.cosignature(&note).map_err(say)?;
    Ok(json!({ "name": key.name(), "time": found.map(|found| found.time) }))
}

fn card(input: &Value) -> Result<Value, String> {
    let card = Card::verify(&bytes(input, "bytes")).map_err(say)?;
    Ok(json!({ "code": card.code.as_str(), "root": card.keys.root.to_string() }))
}

fn charter(input: &Value) -> Result<Value, String> {
    let expected = input.get("network").map(|_| network(input));
    let charter = Charter::verify(&bytes(input, "bytes"), expected).map_err(say)?;
    let codes: Vec<_> = charter.members().iter().map(|card| card.code.as_str()).collect();
    Ok(json!({ "network": charter.network().to_string(), "members": codes }))
}

fn proof(input: &Value) -> Vec<TreeHash> {
    input["proof"].as_array().expect("a proof").iter().map(hash).collect()
}

fn inclusion(input: &Value) -> Result<Value, String> {
    let (index, size) = (input["index"].as_u64().unwrap(), input["size"].as_u64().unwrap());
    let (leaf, root) = (hash(&input["leaf"]), hash(&input["root"]));
    check_inclusion(leaf, index, size, root, &proof(input)).map_err(say)?;
    Ok(json!(true))
}

fn consistency(input: &Value) -> Result<Value, String> {
    let head = |name: &str| TreeHead {
        size: input[name]["size"].as_u64().unwrap(),
        root: hash(&input[name]["root"]),
    };
    check_consistency(head("old"), head("new"), &proof(input)).map_err(say)?;
    Ok(json!(true))
}

fn export(input: &Value) -> Result<Value, String> {
    let all = bytes(input, "bytes");
    let mut rest = all.as_slice();
    let header = Header::read(|buffer: &mut [u8]| {
        let found = rest.split_at_checked(buffer.len());
        let ended = || DecodeError::Malformed { what: "a log export", why: "it ends early".into() };
        let (head, tail) = found.ok_or_else(ended)?;
        buffer.copy_from_slice(head);
        rest = tail;
        Ok::<_, DecodeError>(())
    });
    let header = header.map_err(say)?;
    let charter = Charter::verify(&header.charter, Some(network(input))).map_err(say)?;
    let note = RawNote::decode(&header.checkpoint).map_err(say)?;
    let origin = note.text().lines().next().unwrap_or_default();
    let card = charter.logs().into_iter().find(|card| charter.origin(&card.code) == origin);
    let card = card.ok_or_else(|| format!("no member has the log {origin}"))?;
    let promise = Checkpoint::verify(&header.checkpoint, origin, &charter.log_keys(&card.code));
    let promise = promise.map_err(say)?;
    let mut log = Log::new(&charter, &card.code).expect("a member");
    let mut verifier = Verifier::new(charter.network());
    for slice in Slices::new(rest) {
        let entry = read_entry(slice.map_err(say)?, &mut verifier)?;
        log.admit(&entry, |_| None).map_err(say)?;
    }
    let log = log.extended(&[], &promise, &[]).map_err(say)?;
    Ok(json!({ "member": card.code.as_str(), "size": log.size() }))
}

fn request(input: &Value) -> Result<Value, String> {
    let request = Request::decode(&bytes(input, "bytes")).map_err(say)?;
    assert_eq!(hex::encode(request.encode()), text(input, "bytes"), "encoded again");
    Ok(match request {
        Request::Opened(wanted) => json!({ "opened": wanted.position, "part": wanted.part }),
        Request::Sealed(wanted) => json!({
            "sealed": wanted.log.as_str(),
            "position": wanted.position,
            "part": wanted.part,
            "piece": wanted.piece,
        }),
        Request::Heads(heads) => json!({ "heads": heads.len() }),
        Request::Fetch { log, start, entries_max } => {
            json!({ "log": log.as_str(), "start": start, "entries_max": entries_max })
        }
        Request::Cosigned(notes) => json!({ "cosigned": notes.len() }),
        Request::Grown { range, .. } => {
            json!({ "log": range.log.as_str(), "start": range.start, "bytes": range.bundle.0.len() })
        }
        Request::Prove { log, size } => json!({ "log": log.as_str(), "size": size }),
        Request::Forked(fork) => json!({ "log": fork.log.as_str(), "size": fork.size }),
        Request::Addresses(addresses) => json!({ "addresses": addresses.len() }),
        Request::Charters(known) => {
            json!({ "charters": known.names.len(), "current": known.current.to_string() })
        }
    })
}

fn range(input: &Value) -> Result<Value, String> {
    let charter = Charter::verify(&bytes(input, "charter"), None).expect("a charter");
    let raw = match Response::decode(&bytes(input, "bytes")).map_err(say)? {
        Response::Range(raw) => raw,
        Response::Noted => return Ok(json!("noted")),
        Response::Nothing => return Ok(json!("nothing")),
        Response::Side(side) => return Ok(json!({ "side": side.root.to_string() })),
        Response::Charters(list) => return Ok(json!({ "charters": list.len() })),
        Response::Opened(list) => return Ok(json!({ "opened": list.len() })),
        Response::Sealed(bytes) => return Ok(json!({ "sealed": bytes.0.len() })),
    };
    let range = raw.verify(&charter, None).map_err(say)?;
    Ok(json!({ "log": range.log.as_str(), "start": range.start, "entries": range.entries.len() }))
}

fn founded(input: &Value) -> Charter {
    Charter::verify(&bytes(input, "charter"), None).expect("a charter")
}

fn cosigned(input: &Value) -> Result<Value, String> {
    let (charter, member) = (founded(input), code(input));
    let note = text(input, "note").as_bytes();
    let cosigned = Cosigned::verify(note, &charter, &member, None).map_err(say)?;
    let cosigners: Vec<_> = cosigned.cosignatures().keys().map(Cosigner::name).collect();
    let confirmed = cosigned.is_confirmed(&charter, &member);
    let members = cosigned.members(&member);
    Ok(json!({ "cosigners": cosigners, "members": members, "confirmed": confirmed }))
}

fn receipt(input: &Value) -> Result<Value, String> {
    let raw = RawReceipt::decode(text(input, "text").as_bytes()).map_err(say)?;
    let receipt = raw.verify(network(input)).map_err(say)?;
    assert_eq!(raw.encode(), text(input, "text"), "encoded again");
    Ok(receipt_values(&receipt))
}

/// What a reader knows after it has verified a receipt.
pub(crate) fn receipt_values(receipt: &Receipt) -> Value {
    let Receipt { charter, entry, cosigned } = receipt;
    let (signed, statement) = (entry.signed(), entry.statement());
    let cosignatures = cosigned.cosignatures().iter();
    let cosignatures =
        cosignatures.map(|(by, it)| json!({ "cosigner": by.name(), "time": it.time }));
    json!({
        "member": statement.member,
        "position": entry.position(),
        "entry": entry.hash(),
        "statement": signed.id(),
        "signers": signed.signatures().iter().map(|one| one.key).collect::<Vec<_>>(),
        "made_at": statement.made_at,
        "size": cosigned.checkpoint().size(),
        "cosignatures": cosignatures.collect::<Vec<_>>(),
        "members": cosigned.members(&statement.member),
        "needed": charter.rules().confirm,
        "confirmed": cosigned.is_confirmed(charter, &statement.member),
    })
}

fn fact(input: &Value) -> Result<Value, String> {
    let kind = Kind(input["kind"].as_u64().expect("a kind") as u16);
    let body = Bytes(bytes(input, "body"));
    match Fact::decode(kind, &body).map_err(say)? {
        Reading::Fact(fact) => {
            assert_eq!(fact.encode(), body, "encoded again");
            Ok(json!(fact))
        }
        Reading::Unknown(_) | Reading::Unreadable { .. } => Ok(json!("unknown")),
    }
}

fn fork(input: &Value) -> Result<Value, String> {
    let raw = RawFork::decode(&bytes(input, "bytes")).map_err(say)?;
    let fork = raw.verify(&founded(input)).map_err(say)?;
    assert_eq!(hex::encode(fork.encode()), text(input, "bytes"), "encoded again");
    let both: Vec<_> = fork.cosigners_of_both().iter().map(|one| one.name().to_string()).collect();
    Ok(json!({ "log": fork.log(), "position": fork.position(), "cosigners_of_both": both }))
}
