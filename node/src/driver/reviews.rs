//! Statements that wait for a second person: taken in, signed once more, refused, let go.
//!
//! Whoever may not state a thing may not have it wait either: everything here is judged by what the
//! member's log says now, so that only keys that speak for the member can fill the list.

use super::Driver;
use crate::store::{Kept, StoreError};
use cairn_api::{Event, Problem, Review, ReviewSigner, ReviewState, Reviewed, words};
use cairn_casebook::{Fact, Reading};
use cairn_ledger::authority::NotAuthorised;
use cairn_ledger::hash::{Bytes, Reference};
use cairn_ledger::{Authority, PublicKey, Refusal, SignedStatement, StatementId};
use cairn_replica::{AppendError, Held};
use std::collections::BTreeMap;
use std::time::SystemTime;
use tokio::sync::oneshot;

/// How many statements wait at once. They are few: two people read every one of them.
const WAITING_MAX: usize = 256;
/// How many of them one contributor has signed: one key cannot take all the room.
const WAITING_PER_KEY_MAX: usize = 64;
/// How many bytes they have together.
const WAITING_BYTES_MAX: usize = 8 << 20;
/// How many refused ones are kept, so that whoever wrote them can read why.
const REFUSED_MAX: usize = 64;
/// For so long a statement waits, and a refusal is kept: 90 days.
const KEPT_SECONDS: u64 = 90 * 86_400;

/// What became of a request, or why it was refused.
pub type Decided<T> = Result<T, Problem>;

/// What waits, as it is on the disk.
#[derive(Default)]
pub(super) struct Reviews {
    kept: BTreeMap<StatementId, Kept>,
}

impl Driver {
    /// Reads what waits from the disk, but for what stands in the log already.
    pub(super) fn load_reviews(&mut self) -> Result<(), StoreError> {
        for kept in self.store.reviews()? {
            self.reviews.kept.insert(kept.statement.id(), kept);
        }
        self.let_go()
    }

    /// Lets go of what is too old, and of what stands in the log: the node may have stopped between
    /// an acceptance and this.
    fn let_go(&mut self) -> Result<(), StoreError> {
        let now = now();
        let mut gone: Vec<_> = self.reviews.kept.iter().collect();
        gone.retain(|(_, kept)| {
            let old = kept.since.saturating_add(KEPT_SECONDS) <= now;
            old || self.known(&kept.statement.statement().reference).is_some()
        });
        let mut gone: Vec<_> = gone.into_iter().map(|(id, _)| *id).collect();
        let mut refused: Vec<_> = self.reviews.kept.iter().collect();
        refused.retain(|(_, kept)| kept.refusal.is_some());
        refused.sort_by_key(|(_, kept)| kept.since);
        let many = refused.len().saturating_sub(REFUSED_MAX);
        gone.extend(refused.iter().take(many).map(|(id, _)| **id));
        gone.iter().try_for_each(|id| self.forget(id))
    }

    fn forget(&mut self, id: &StatementId) -> Result<(), StoreError> {
        self.reviews.kept.remove(id);
        self.store.forget_review(id)
    }

    fn keep(&mut self, kept: Kept) -> Result<(), StoreError> {
        self.store.keep_review(&kept)?;
        self.reviews.kept.insert(kept.statement.id(), kept);
        Ok(())
    }

    fn authority(&self) -> Option<&Authority> {
        self.replica.logs().get(self.replica.me()).map(Held::stored).map(|log| log.authority())
    }

    fn judge(&self, signed: &SignedStatement) -> Result<(), NotAuthorised> {
        let signers = signed.signatures().iter().map(|signature| signature.key);
        if let Some(authority) = self.authority() {
            authority.judge(signed.statement(), signers)?;
        }
        self.judge_amended(signed)
    }

    /// What two people have signed is corrected or taken back by two: otherwise one could undo what needed
    /// both. The casebook counts no other (`06:71`).
    pub(super) fn judge_amended(&self, signed: &SignedStatement) -> Result<(), NotAuthorised> {
        let statement = signed.statement();
        let target = match Reading::of(statement.kind, &statement.body) {
            Reading::Fact(Fact::Correction(said)) => said.target,
            Reading::Fact(Fact::Retraction(said)) => said.target,
            Reading::Fact(_) | Reading::Unknown(_) | Reading::Unreadable { .. } => return Ok(()),
        };
        let own = target.member == statement.member && signed.signatures().len() < 2;
        let entry = own.then(|| self.store.entry(&target.member, target.position).ok()).flatten();
        match entry.filter(|entry| entry.signed().signatures().len() >= 2) {
            Some(_) => Err(NotAuthorised::NeedsTwo(statement.kind)),
            None => Ok(()),
        }
    }

    /// Whether nothing is missing but a second person. What the root key has to sign too waits only
    /// when it has: the log judges a contributor beside the root key, and none alone.
    fn lacks_second(&self, signed: &SignedStatement, why: &NotAuthorised) -> bool {
        let root = self.authority().map(Authority::root);
        matches!(why, NotAuthorised::NeedsTwo(_))
            || matches!(why, NotAuthorised::NeedsSecond(_))
                && root.is_some_and(|root| signed.is_signed_by(root))
    }

    /// What the log says now of everything that waits or was refused.
    pub(super) fn reviews(&mut self) -> Vec<Review> {
        if let Err(error) = self.let_go() {
            self.failed.get_or_insert(error);
        }
        let mut all: Vec<_> = self.reviews.kept.values().map(|kept| self.review(kept)).collect();
        all.sort_by_key(|review| review.since);
        all
    }

    fn review(&self, kept: &Kept) -> Review {
        let office = |key: PublicKey| {
            let authority = self.authority()?;
            if *authority.root() == key {
                return Some("the root key".into());
            }
            let (_, grant) = authority.grants().find(|(granted, _)| **granted == key)?;
            Some(grant.authorisation.office.to_string())
        };
        let signatures = kept.statement.signatures().iter();
        let signers = signatures.map(|one| ReviewSigner { key: one.key, office: office(one.key) });
        let trouble = match self.judge(&kept.statement) {
            Ok(()) => None,
            Err(why) if self.lacks_second(&kept.statement, &why) => None,
            Err(why) => Some(words::refusal(self.replica.me(), &why).error),
        };
        Review {
            id: kept.statement.id(),
            since: kept.since,
            until: kept.since.saturating_add(KEPT_SECONDS),
            statement: Bytes(kept.statement.encode()),
            signers: signers.collect(),
            trouble,
            refusal: kept.refusal.clone(),
        }
    }

    /// Takes in a statement that needs more people, or one more signature on one that waits.
    pub(super) async fn on_review(
        &mut self,
        signed: SignedStatement,
        answer: oneshot::Sender<Decided<Reviewed>>,
    ) {
        if let Some(known) = self.known(&signed.statement().reference) {
            answer.send(Ok(Reviewed::Became(known))).ok();
            return;
        }
        match self.take_in(signed) {
            Ok(Ok(Taken::Waits(waits))) => {
                answer.send(Ok(Reviewed::Waits { waits })).ok();
            }
            Ok(Ok(Taken::Enough(signed))) => {
                let (became_in, became) = oneshot::channel();
                self.on_append(*signed, became_in).await;
                // Answered when it is on the disk, which the driver does not wait for.
                tokio::spawn(async move {
                    if let Ok(outcome) = became.await {
                        answer.send(Ok(Reviewed::Became(outcome))).ok();
                    }
                });
            }
            Ok(Err(problem)) => {
                answer.send(Err(problem)).ok();
            }
            Err(error) => {
                self.failed.get_or_insert(error);
            }
        }
    }

    fn take_in(&mut self, mut signed: SignedStatement) -> Result<Decided<Taken>, StoreError> {
        self.let_go()?;
        let me = self.replica.me();
        if signed.statement().member != *me {
            let (found, expected) = (signed.statement().member.clone(), me.clone());
            let why = AppendError::WrongMember { found, expected };
            return Ok(Err(super::ask::problem(self.replica.me(), &why)));
        }
        let id = signed.id();
        let before = self.reviews.kept.get(&id);
        if let Some(refusal) = before.and_then(|kept| kept.refusal.as_ref()) {
            let error = format!("it was refused by key {}: {}", refusal.key, refusal.reason);
            return Ok(Err(problem(error, Some("state it anew, changed where it has to be"))));
        }
        if let Some(kept) = before
            && !signed.merge(&kept.statement)
        {
            return Ok(Err(problem("it would have more than 8 signatures".into(), None)));
        }
        let enough = match self.judge(&signed) {
            Ok(()) => true,
            Err(why) if self.lacks_second(&signed, &why) => false,
            Err(why) => return Ok(Err(words::refusal(self.replica.me(), &why))),
        };
        let is_new = before.is_none();
        if is_new && enough {
            return Ok(Ok(Taken::Enough(Box::new(signed))));
        }
        if is_new && let Some(error) = self.no_room(&signed) {
            let hint = "have some of them approved or refused first: `cairn review list`";
            return Ok(Err(problem(error, Some(hint))));
        }
        let since = before.map_or_else(now, |kept| kept.since);
        // Also when enough have signed: the log may not take it at once.
        if before.is_none_or(|kept| kept.statement != signed) {
            self.keep(Kept { statement: signed.clone(), since, refusal: None })?;
        }
        if is_new {
            self.tell(Event::Review { statement: id, state: ReviewState::Waits });
        }
        Ok(Ok(if enough { Taken::Enough(Box::new(signed)) } else { Taken::Waits(id) }))
    }

    /// Why one more statement may not wait, if so.
    fn no_room(&self, signed: &SignedStatement) -> Option<String> {
        let waiting: Vec<_> =
            self.reviews.kept.values().filter(|kept| kept.refusal.is_none()).collect();
        if waiting.len() >= WAITING_MAX {
            return Some(format!("{WAITING_MAX} statements wait for a second person already"));
        }
        for signature in signed.signatures() {
            let signed_by = |kept: &&&Kept| kept.statement.is_signed_by(&signature.key);
            if waiting.iter().filter(signed_by).count() >= WAITING_PER_KEY_MAX {
                let key = signature.key;
                return Some(format!(
                    "{WAITING_PER_KEY_MAX} statements of key {key} wait for a second person already"
                ));
            }
        }
        let held: usize = waiting.iter().map(|kept| kept.statement.bytes().len()).sum();
        let bytes = held.saturating_add(signed.bytes().len());
        (bytes > WAITING_BYTES_MAX).then(|| {
            format!("what waits for a second person would have {bytes} bytes, the limit is {WAITING_BYTES_MAX}")
        })
    }

    /// Takes note that a contributor refuses a statement that waits.
    pub(super) fn on_refusal(
        &mut self,
        id: &StatementId,
        refusal: Refusal,
    ) -> Option<Decided<Review>> {
        match self.refuse(id, refusal) {
            Ok(decided) => Some(decided),
            Err(error) => {
                self.failed.get_or_insert(error);
                None
            }
        }
    }

    fn refuse(
        &mut self,
        id: &StatementId,
        refusal: Refusal,
    ) -> Result<Decided<Review>, StoreError> {
        self.let_go()?;
        let Some(kept) = self.reviews.kept.get(id) else {
            let hint = "`cairn review list` shows what waits; it may stand in the log already";
            return Ok(Err(problem(format!("no statement {id} waits here"), Some(hint))));
        };
        if let Some(before) = &kept.refusal {
            let error = format!("it was refused by key {} already", before.key);
            return Ok(Err(problem(error, None)));
        }
        if let Err(why) = self.may_refuse(&refusal.key) {
            return Ok(Err(words::refusal(self.replica.me(), &why)));
        }
        let kept = Kept { refusal: Some(refusal), ..kept.clone() };
        let review = self.review(&kept);
        self.keep(kept)?;
        self.tell(Event::Review { statement: *id, state: ReviewState::Refused });
        Ok(Ok(review))
    }

    /// Any key that speaks for the member now may refuse, whatever it may state: a refusal states nothing.
    fn may_refuse(&self, key: &PublicKey) -> Result<(), NotAuthorised> {
        let authority = self.authority().ok_or(NotAuthorised::Unknown(*key))?;
        authority.in_force(key).map(|_| ())
    }

    /// A statement stands in the log: whatever waits under its reference waits no longer.
    pub(super) fn on_approved(&mut self, reference: &Reference) {
        let same = |kept: &&Kept| kept.statement.statement().reference == *reference;
        let ids: Vec<_> =
            self.reviews.kept.values().filter(same).map(|kept| kept.statement.id()).collect();
        for id in ids {
            match self.forget(&id) {
                Ok(()) => {
                    self.tell(Event::Review { statement: id, state: ReviewState::Approved });
                }
                Err(error) => {
                    self.failed.get_or_insert(error);
                }
            }
        }
    }
}

/// What becomes of a statement that is taken in.
enum Taken {
    /// It waits for somebody else.
    Waits(StatementId),
    /// Enough have signed: the log decides.
    Enough(Box<SignedStatement>),
}

fn problem(error: String, hint: Option<&str>) -> Problem {
    Problem::new(error, hint.map(Into::into))
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}
