//! Puts batches on the disk, in order: many entries, one flush.
//!
//! Several threads, so that they wait for the disk side by side: entries, guards, cosignatures, second
//! copy. Every channel is bounded and pushes back: what is not on the disk is not acknowledged.

use super::{Store, StoreError};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Cosigned, Entry};
use cairn_replica::Ticket;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Batches that wait for the disk: the replica has few under way at once.
const JOBS_WAITING: usize = 16;
/// How many batches one flush covers at most.
const JOBS_AT_ONCE: usize = 64;
/// How long written copies of others' logs may lie unflushed, and new entries out of the second
/// copy. The first can be fetched again; the second is filled from the first copy at a start.
const LAZY: Duration = Duration::from_millis(300);
/// How many threads flush cosignatures: two flushes each, of other files for each log, and a disk
/// carries out several at once in about the time of one.
const COSIGNED_THREADS: usize = 4;
/// Cosignatures that wait for one of them: the replica makes one at a time of each log.
const COSIGNED_WAITING: usize = 2 * cairn_ledger::charter::MEMBERS_MAX;
/// Batches that wait for the second copy.
const SECOND_WAITING: usize = 4;
/// How many bytes of one log wait for the second copy until they are written to it in one go.
const SECOND_BYTES: usize = 1 << 20;

/// What the disk is to do.
pub enum Job {
    /// Append these entries; flush before answering when they are our own.
    Persist {
        /// Named in the answer.
        ticket: Ticket,
        /// Which log.
        log: MemberCode,
        /// The entries.
        entries: Vec<Entry>,
        /// The checkpoint that covers the log with them.
        checkpoint: Option<Checkpoint>,
        /// Whether the log is our own.
        own: bool,
    },
    /// Replace our own checkpoint and flush it.
    Guard(MemberCode, Checkpoint),
    /// Flush what is held of a log, and then the note that we have cosigned.
    Cosigned(MemberCode, Cosigned),
    /// Keep the checkpoint of a log behind which enough members stand.
    Confirmed(MemberCode, Cosigned),
}

/// What the disk has done.
#[derive(Debug)]
pub enum Done {
    /// A batch is written, and flushed where it was our own.
    Persisted(Ticket),
    /// Our checkpoint is flushed.
    Guarded,
    /// Our cosignature of a log is flushed.
    Cosigned(MemberCode, Cosigned),
    /// Nothing is known about the disk any more: stop.
    Failed(StoreError),
}

/// The threads that write.
pub struct Writer {
    jobs: Option<SyncSender<Job>>,
    guards: Option<SyncSender<(MemberCode, Checkpoint)>>,
    cosigned: Vec<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Writer {
    /// Starts writing to `store`; `on_done` is called from the writing threads.
    pub fn start(store: Arc<Store>, on_done: impl Fn(Done) + Clone + Send + 'static) -> Self {
        let (jobs, job_queue) = sync_channel(JOBS_WAITING);
        // One at a time: the replica signs no second checkpoint before the first is on the disk.
        let (guards, guard_queue) = sync_channel::<(MemberCode, Checkpoint)>(1);
        let (second, second_queue) = sync_channel(SECOND_WAITING);
        let entries_thread = {
            let (store, on_done) = (store.clone(), on_done.clone());
            thread::spawn(move || write_entries(&store, &job_queue, &second, on_done))
        };
        let guard_thread = {
            let (store, on_done) = (store.clone(), on_done.clone());
            thread::spawn(move || {
                for (member, checkpoint) in guard_queue {
                    let log = store.log(&member).ok_or_else(|| StoreError::no_log(&member));
                    match log.and_then(|log| log.guard(checkpoint.note(), true)) {
                        Ok(()) => on_done(Done::Guarded),
                        Err(error) => on_done(Done::Failed(error)),
                    }
                }
            })
        };
        let mut threads = vec![entries_thread, guard_thread];
        let mut cosigned = Vec::new();
        for _ in 0..COSIGNED_THREADS {
            let (store, on_done) = (store.clone(), on_done.clone());
            let (jobs, job_queue) = sync_channel(COSIGNED_WAITING);
            threads.push(thread::spawn(move || write_cosigned(&store, &job_queue, on_done)));
            cosigned.push(jobs);
        }
        let second_thread = thread::spawn(move || {
            if let Err(error) = write_second(&store, &second_queue) {
                on_done(Done::Failed(error));
            }
        });
        threads.push(second_thread);
        Self { jobs: Some(jobs), guards: Some(guards), cosigned, threads }
    }

    /// Hands a job over; waits when too many are waiting. False when the threads have ended.
    pub fn send(&self, job: Job) -> bool {
        match job {
            Job::Guard(member, checkpoint) => {
                self.guards.as_ref().is_some_and(|guards| guards.send((member, checkpoint)).is_ok())
            }
            Job::Cosigned(ref member, _) | Job::Confirmed(ref member, _) => {
                // All of one log to the same thread: they stay in order.
                let place = member.as_str().bytes().map(usize::from).sum::<usize>();
                let cosigned = self.cosigned.get(place % COSIGNED_THREADS);
                cosigned.is_some_and(|cosigned| cosigned.send(job).is_ok())
            }
            job @ Job::Persist { .. } => {
                self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
            }
        }
    }
}

impl Drop for Writer {
    /// Ends when everything that was handed over is on the disk.
    fn drop(&mut self) {
        (self.jobs, self.guards) = (None, None);
        self.cosigned.clear();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a writing thread has panicked");
            }
        }
    }
}

fn write_cosigned(store: &Store, jobs: &Receiver<Job>, on_done: impl Fn(Done)) {
    for job in jobs {
        let written = match job {
            Job::Cosigned(member, cosigned) => {
                let log = store.log(&member).ok_or_else(|| StoreError::no_log(&member));
                let note = cosigned.note(store.charter());
                log.and_then(|log| log.cosigned(&note))
                    .map(|()| on_done(Done::Cosigned(member, cosigned)))
            }
            Job::Confirmed(member, confirmed) => {
                store.second.keep_confirmed(&member, &confirmed.note(store.charter()))
            }
            Job::Persist { .. } | Job::Guard(..) => Ok(()),
        };
        if let Err(error) = written {
            on_done(Done::Failed(error));
            return;
        }
    }
}

type Batch = (MemberCode, Vec<Entry>);

fn write_entries(
    store: &Store,
    jobs: &Receiver<Job>,
    second: &SyncSender<Batch>,
    on_done: impl Fn(Done),
) {
    let mut unflushed = BTreeSet::new();
    loop {
        let first = match jobs.recv_timeout(LAZY) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let idle = first.is_none();
        let batch: Vec<_> =
            first.into_iter().chain(jobs.try_iter().take(JOBS_AT_ONCE - 1)).collect();
        let written = write_batch(store, batch, &mut unflushed, second, &on_done);
        let flushed = if idle { flush(store, &mut unflushed) } else { Ok(()) };
        if let Err(error) = written.and(flushed) {
            on_done(Done::Failed(error));
            return;
        }
    }
    if let Err(error) = flush(store, &mut unflushed) {
        on_done(Done::Failed(error));
    }
}

fn flush(store: &Store, unflushed: &mut BTreeSet<MemberCode>) -> Result<(), StoreError> {
    let logs = std::mem::take(unflushed);
    logs.iter().filter_map(|member| store.log(member)).try_for_each(super::LogFile::flush)
}

fn write_batch(
    store: &Store,
    batch: Vec<Job>,
    unflushed: &mut BTreeSet<MemberCode>,
    second: &SyncSender<Batch>,
    on_done: &impl Fn(Done),
) -> Result<(), StoreError> {
    let (mut own_log, mut done) = (None, Vec::new());
    for job in batch {
        let Job::Persist { ticket, log: member, entries, checkpoint, own } = job else { continue };
        let log = store.log(&member).ok_or_else(|| StoreError::no_log(&member))?;
        log.append(&entries, false)?;
        if let Some(checkpoint) = checkpoint.filter(|_| !own) {
            log.guard(checkpoint.note(), false)?;
        }
        if own {
            own_log = Some(member.clone());
        } else {
            unflushed.insert(member.clone());
        }
        done.push((ticket, member, entries));
    }
    if let Some(log) = own_log.and_then(|member| store.log(&member)) {
        log.flush()?;
    }
    let mut index = store.index.write().unwrap_or_else(PoisonError::into_inner);
    for (_, _, entries) in &done {
        entries.iter().for_each(|entry| index.add(entry));
    }
    drop(index);
    for (ticket, member, entries) in done {
        on_done(Done::Persisted(ticket));
        // The second copy's thread ends only after this one.
        second.send((member, entries)).ok();
    }
    Ok(())
}

fn write_second(store: &Store, batches: &Receiver<Batch>) -> Result<(), StoreError> {
    let mut waiting: BTreeMap<MemberCode, (usize, Vec<Entry>)> = BTreeMap::new();
    loop {
        let received = batches.recv_timeout(LAZY);
        let ended = matches!(received, Err(RecvTimeoutError::Disconnected));
        if let Ok((member, entries)) = received {
            let (bytes, held) = waiting.entry(member).or_default();
            *bytes += entries.iter().map(|entry| entry.bytes().len()).sum::<usize>();
            held.extend(entries);
            if *bytes < SECOND_BYTES {
                continue;
            }
        }
        for (member, (_, entries)) in std::mem::take(&mut waiting) {
            store.second.add(&member, &entries)?;
        }
        if ended {
            return store.second.flush();
        }
    }
}
