//! Payloads open for their audience alone, and only as what was committed to.

use super::*;
use cairn_ledger::SecretKey;
use cairn_ledger::card::{CARD_FORMAT, Card, MemberKeys, MemberKind};
use cairn_ledger::text::Text;
use proptest::prelude::*;

fn code(code: &str) -> MemberCode {
    MemberCode::new(code).unwrap()
}

fn place() -> Place {
    let (network, reference) = (NetworkId([1; 32]), Reference([2; 16]));
    Place { network, member: code("COD"), reference, part: 1 }
}

fn secret(number: u8) -> SealingSecret {
    SealingSecret::of(&SecretKey::from_seed([number; 32]))
}

fn card(member: &str, sealing: Vec<cairn_ledger::card::SealingKey>) -> Card {
    let key = SecretKey::from_seed([9; 32]).public();
    let keys = MemberKeys { root: key, log: key, cosign: key, transport: key };
    let (name, kind) = (Text::new("A State").unwrap(), MemberKind::State);
    Card { format: CARD_FORMAT, code: code(member), name, kind, keys, sealing }
}

fn recipient(member: &str, number: u8) -> Recipient {
    Recipient::of(&card(member, vec![secret(number).public()])).unwrap()
}

fn sealed(content: &[u8]) -> Sealed {
    seal(place(), &[recipient("TUR", 2), recipient("COD", 1)], content).unwrap()
}

fn open(sealed: &Sealed, me: &str, number: u8) -> Result<Opening, OpenError> {
    let payload = Payload::decode(&sealed.payload)?;
    let key = payload.key(&code(me), &[secret(77), secret(number)])?;
    payload.open(&key, sealed.size_class, &sealed.commitment)
}

#[test]
fn its_audience_reads_it_and_nobody_else() {
    let sealed = sealed(b"what happened on the road");
    for (me, number) in [("COD", 1), ("TUR", 2)] {
        let opening = open(&sealed, me, number).unwrap();
        assert_eq!(opening.content(), b"what happened on the road");
        assert_eq!(opening.commitment(), sealed.commitment);
        let shown = Opening::decode(&opening.encode()).unwrap();
        assert_eq!((shown.commitment(), shown.place()), (sealed.commitment, &place()));
    }
    for (me, number) in [("COD", 2), ("TUR", 1), ("RWA", 1), ("RWA", 3)] {
        assert_eq!(open(&sealed, me, number).unwrap_err(), OpenError::NotForUs, "{me} {number}");
    }
    assert!(!sealed.payload.windows(8).any(|bytes| bytes == b"happened"));
}

#[test]
fn the_same_content_looks_different_each_time_and_sizes_are_classes() {
    let (a, b) = (sealed(b"RWA"), sealed(b"RWA"));
    assert_ne!(a.commitment, b.commitment);
    assert_eq!((a.size_class, a.payload.len()), (8, b.payload.len()));
    let bodies = [0, 220, 221, 476, 477, CONTENT_BYTES_MAX];
    let classes = bodies.map(|length| sealed(&vec![7; length]).size_class);
    assert_eq!(classes, [8, 8, 9, 9, 10, 18]);
    let too_long = seal(place(), &[recipient("COD", 1)], &vec![7; CONTENT_BYTES_MAX + 1]);
    assert!(matches!(too_long, Err(SealError::TooLong { .. })));
}

#[test]
fn who_can_be_sealed_for_is_checked() {
    assert_eq!(seal(place(), &[], b"x").unwrap_err(), SealError::Audience(0));
    let twice = [recipient("COD", 1), recipient("COD", 2)];
    assert_eq!(seal(place(), &twice, b"x").unwrap_err(), SealError::Audience(2));
    let none = Recipient::of(&card("RWA", vec![])).unwrap_err();
    assert_eq!(none, SealError::NoKey(code("RWA")));
    let mut bad = secret(1).public();
    bad.key.0.pop();
    let bad = Recipient::of(&card("RWA", vec![bad])).unwrap_err();
    assert_eq!(bad, SealError::BadKey(code("RWA")));
}

#[test]
fn as_many_as_a_network_has_fit_in_a_payload() {
    let codes = (0..AUDIENCE_MAX).map(|number| recipient(&format!("M-{number:014}"), 1));
    let recipients: Vec<_> = codes.collect();
    let sealed = seal(place(), &recipients, &vec![1; CONTENT_BYTES_MAX]).unwrap();
    assert!(sealed.payload.len() <= PAYLOAD_BYTES_MAX, "{}", sealed.payload.len());
    assert_eq!(Payload::decode(&sealed.payload).unwrap().audience().len(), AUDIENCE_MAX);
}

#[test]
fn a_payload_of_another_part_or_for_others_is_refused() {
    let sealed = sealed(b"x");
    let payload = Payload::decode(&sealed.payload).unwrap();
    assert_eq!(payload.check(&place(), &[code("COD"), code("TUR")]), Ok(()));
    for other in [
        Place { network: NetworkId([3; 32]), ..place() },
        Place { member: code("RWA"), ..place() },
        Place { reference: Reference([3; 16]), ..place() },
        Place { part: 2, ..place() },
    ] {
        let refused = payload.check(&other, &[code("COD"), code("TUR")]).unwrap_err();
        assert!(matches!(refused, OpenError::OtherPlace { .. }));
    }
    let refused = payload.check(&place(), &[code("COD")]).unwrap_err();
    assert!(matches!(refused, OpenError::OtherAudience { .. }));
}

#[test]
fn whoever_has_the_content_key_cannot_make_another_payload_under_the_commitment() {
    let original = sealed(b"the truth");
    // Somebody of the audience changes what another member gets, or what it says.
    let mut payload = Payload::decode(&original.payload).unwrap();
    let key = payload.key(&code("COD"), &[secret(1)]).unwrap();
    payload.header.wraps.pop();
    let header = codec::encode(&payload.header);
    payload.hash = hash_of(&header);
    let forge = |content: &[u8]| {
        let mut plain = [vec![0; 32], 9_u32.to_le_bytes().to_vec(), content.to_vec()].concat();
        plain.resize(256, 0);
        let cipher = ChaCha20Poly1305::new((&*key.0).into());
        let associated = Associated { msg: &plain, aad: &payload.hash };
        cipher.encrypt(&Nonce::from(ONLY), associated).unwrap()
    };
    for content in [b"the truth", b"the lie..."[..9].try_into().unwrap()] {
        let forged = Payload { body: forge(content), ..payload.clone() };
        let refused = forged.open(&key, original.size_class, &original.commitment).unwrap_err();
        assert_eq!(refused, OpenError::OtherContent);
    }
    let refused = payload.open(&key, 9, &original.commitment).unwrap_err();
    assert!(matches!(refused, OpenError::OtherSize { .. }));
}

#[test]
fn every_changed_byte_is_noticed_by_everybody_it_is_sealed_for() {
    let original = sealed(b"x");
    for at in (0..original.payload.len()).step_by(13) {
        let mut changed = original.clone();
        changed.payload[at] ^= 1;
        for (me, number) in [("COD", 1), ("TUR", 2)] {
            let opened =
                Payload::decode(&changed.payload).map_err(OpenError::from).and_then(|payload| {
                    payload.check(&place(), &[code("COD"), code("TUR")])?;
                    open(&changed, me, number)
                });
            assert!(opened.is_err(), "byte {at}, {me}");
        }
    }
}

proptest! {
    #[test]
    fn bytes_of_strangers_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
        prop_assert!(Payload::decode(&bytes).is_err());
        prop_assert!(Opening::decode(&bytes).is_err());
        prop_assert!(crate::Manifest::decode(&bytes).is_err());
    }
}
