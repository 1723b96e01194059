//! `cairn watch`: each new entry of every log, as it arrives at the node, until Ctrl-C.
//!
//! The node's events only say that something has grown. What is new is read from the log, from
//! where this listener last was: nothing is missed while the connection is away.

use super::Context;
use super::interrupt::on_interrupt;
use super::log;
use crate::client::Client;
use crate::failure::{Answer, Failure, Outcome};
use crate::print;
use cairn_api::{Event, ReviewState, Status};
use cairn_ledger::MemberCode;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::time::Duration;

/// Longer than any event that a node sends.
const LINE_BYTES_MAX: u64 = 64 << 10;
/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn run(context: &Context) -> Outcome {
    on_interrupt(Answer::Yes, "");
    let client = context.client()?;
    let mut listener = Listener { client, json: context.json, sizes: None };
    let mut is_away = false;
    listener.catch_up()?;
    if !context.json {
        print::remark(format!("watching {}; Ctrl-C ends it", listener.client.address()));
    }
    loop {
        let told = listener.listen(&mut is_away);
        if let Err(failure) = told
            && !is_away
        {
            print::remark(format!("{failure}; trying again until it answers"));
            is_away = true;
        }
        std::thread::sleep(PAUSE);
    }
}

struct Listener {
    client: Client,
    json: bool,
    /// How far each log was shown; nothing before the first look.
    sizes: Option<BTreeMap<MemberCode, u64>>,
}

impl Listener {
    /// Listens until the connection ends.
    fn listen(&mut self, is_away: &mut bool) -> Result<(), Failure> {
        let mut events = BufReader::new(self.client.events()?);
        if *is_away {
            print::remark("the node answers again");
            *is_away = false;
        }
        self.catch_up()?;
        let mut line = Vec::new();
        loop {
            line.clear();
            match events.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
                // a silent or ended connection: look again from where we are
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            if let Some(data) = text.strip_prefix("data:")
                && let Ok(event) = serde_json::from_str(data.trim())
            {
                self.on_event(&event)?;
            }
        }
    }

    fn on_event(&mut self, event: &Event) -> Result<(), Failure> {
        if self.json && !matches!(event, Event::Grew { .. } | Event::Missed { .. }) {
            print::json_line(event);
            return Ok(());
        }
        match event {
            Event::Grew { member, to, .. } => self.show_up_to(member, *to),
            Event::Missed { .. } => self.catch_up(),
            Event::Connected { member } => {
                print::line(format!("-- node of {member} connected"));
                Ok(())
            }
            Event::Disconnected { member } => {
                print::line(format!("-- node of {member} disconnected"));
                Ok(())
            }
            Event::Confirmed { member, size } => {
                print::line(format!("-- {size} entries of {member} confirmed"));
                Ok(())
            }
            Event::Review { statement, state } => {
                let what = match state {
                    ReviewState::Waits => "waits for a second person",
                    ReviewState::Approved => "was approved by a second person",
                    ReviewState::Refused => "was refused by a second person",
                };
                print::line(format!("-- statement {statement} {what}"));
                Ok(())
            }
            Event::Alarm { text } => {
                print::banner(format!("ALARM: {text}"));
                Ok(())
            }
        }
    }

    /// Shows what has grown since the last look; at the first look takes note of the sizes only.
    fn catch_up(&mut self) -> Result<(), Failure> {
        let Status { logs, .. } = self.client.status()?;
        if self.sizes.is_none() {
            self.sizes = Some(logs.into_iter().map(|log| (log.member, log.size)).collect());
            return Ok(());
        }
        logs.iter().try_for_each(|log| self.show_up_to(&log.member, log.size))
    }

    fn show_up_to(&mut self, member: &MemberCode, size: u64) -> Result<(), Failure> {
        let shown = self.sizes.get_or_insert_default().entry(member.clone()).or_default();
        let new = size.saturating_sub(*shown);
        if new == 0 {
            return Ok(());
        }
        let json = self.json;
        log::range(&self.client, member, *shown, new, |_, entry| {
            *shown = entry.position.saturating_add(1);
            if json {
                print::json_line(&entry);
            } else {
                log::show(&entry, None);
            }
        })
    }
}
