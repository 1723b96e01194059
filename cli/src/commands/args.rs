//! How facts are typed: one set of options per kind of statement.

use crate::failure::Failure;
use cairn_casebook::fact::{
    Acknowledged, Authority, ByState, CaseOpened, Casualties, Charged, Closed, InvestigationOpened,
    Judgment, JudgmentResult, NoChange, Note, Notified, Reopened, Says, SuspectsIdentified,
    TrialOpened,
};
use cairn_casebook::vocabulary::{
    Basis, Channel, ClosingReason, IncidentType, Level, Nature, OffenceCategory, PersonnelCategory,
    Presence, Sentence, Verification,
};
use cairn_casebook::{Accused, Date, Fact, MissionCode, Moment, Proceeding, StateCode, reference};
use cairn_ledger::{MemberCode, Text};
use clap::{Args, Subcommand};

use crate::{print, signing};

/// Makes the parser of a vocabulary, which lists its words in help and completion.
macro_rules! word {
    ($name:ty) => {{
        use clap::builder::{PossibleValuesParser, TypedValueParser as _};
        PossibleValuesParser::new(<$name>::ALL.iter().map(|word| word.as_str()))
            .try_map(|word| word.parse::<$name>())
    }};
}
pub(super) use word;

/// The parser of an id in hexadecimal digits.
pub(super) fn id<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("{error}, expected 64 hexadecimal digits"))
}

/// On what basis, how well verified, as of when.
#[derive(Debug, Clone, Args)]
pub(super) struct SaysArgs {
    /// What you base it on
    #[arg(long, value_name = "WORD", default_value = "own_act", value_parser = word!(Basis), global = true)]
    basis: Basis,
    /// How far it has been verified
    #[arg(long, value_name = "WORD", default_value = "unverified", value_parser = word!(Verification), global = true)]
    verification: Verification,
    /// The date as of which it holds: YYYY-MM-DD; today, in UTC, when nothing is said
    #[arg(long, value_name = "DATE", global = true)]
    as_of: Option<Date>,
}

impl SaysArgs {
    pub(super) fn says(&self) -> Says {
        let as_of = self.as_of.unwrap_or_else(|| Date::of(signing::now()));
        Says { basis: self.basis, verification: self.verification, as_of }
    }
}

/// What a case is about.
#[derive(Debug, Clone, Args)]
pub(super) struct OpenedArgs {
    /// Short and neutral, without names of persons
    #[arg(long)]
    title: Text<200>,
    /// The mission concerned: MONUSCO
    #[arg(long, value_name = "CODE")]
    mission: MissionCode,
    /// A State that hosts or hosted it at that place and date; may be repeated
    #[arg(long = "host-state", value_name = "STATE", value_delimiter = ',')]
    host_states: Vec<StateCode>,
    /// When it took place or began: YYYY, YYYY-MM or YYYY-MM-DD
    #[arg(long)]
    date: Date,
    /// Where, as far as it may be public
    #[arg(long)]
    place: Option<Text<120>>,
    /// How peacekeepers were attacked; may be repeated
    #[arg(long = "type", value_name = "WORD", value_delimiter = ',', value_parser = word!(IncidentType))]
    incident_types: Vec<IncidentType>,
    /// What was done to them; may be repeated
    #[arg(long = "offence", value_name = "WORD", value_delimiter = ',', value_parser = word!(OffenceCategory))]
    offence_categories: Vec<OffenceCategory>,
    /// Where you have it from
    #[arg(long, default_value = "")]
    source: Text<300>,
    /// Not a real case: it is marked as a demonstration wherever it shows
    #[arg(long)]
    demonstration: bool,
}

impl OpenedArgs {
    pub(super) fn mission(&self) -> &MissionCode {
        &self.mission
    }

    pub(super) fn fact(&self, says: Says) -> Fact {
        if reference::mission(self.mission.as_str()).is_none() {
            print::remark(format!("note: {} is not in the table of missions", self.mission));
        }
        self.host_states.iter().for_each(check_state);
        let nature = if self.demonstration { Nature::Demonstration } else { Nature::Real };
        let Self { title, mission, host_states, date, place, .. } = self.clone();
        let Self { incident_types, offence_categories, source, .. } = self.clone();
        Fact::CaseOpened(CaseOpened {
            says,
            title,
            mission,
            host_states,
            date,
            place,
            incident_types,
            offence_categories,
            nature,
            source,
        })
    }
}

fn check_state(state: &StateCode) {
    if reference::state(state.as_str()).is_none() {
        print::remark(format!("note: {state} is not in the table of States"));
    }
}

/// How many were harmed.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct CasualtiesArgs {
    /// Dead; say nothing where you do not know, 0 only where you do
    #[arg(long, value_name = "N")]
    killed: Option<u32>,
    /// Injured
    #[arg(long, value_name = "N")]
    injured: Option<u32>,
    /// Detained, abducted or held hostage
    #[arg(long, value_name = "N")]
    detained: Option<u32>,
    /// Missing
    #[arg(long, value_name = "N")]
    missing: Option<u32>,
    /// A part of the killed: STATE:CATEGORY:N or STATE/NATIONALITY:CATEGORY:N; may be repeated
    #[arg(long = "by-state", value_name = "PART", value_delimiter = ',', value_parser = by_state)]
    by_state: Vec<ByState>,
}

impl CasualtiesArgs {
    /// The fact, when any number is given.
    pub(super) fn fact(&self, says: Says) -> Option<Fact> {
        let Self { killed, injured, detained, missing, by_state } = self.clone();
        by_state.iter().for_each(|part| check_state(&part.state));
        let nothing = [killed, injured, detained, missing].iter().all(Option::is_none);
        let casualties = Casualties { says, killed, injured, detained, missing, by_state };
        (!nothing || !casualties.by_state.is_empty()).then_some(Fact::Casualties(casualties))
    }
}

fn by_state(text: &str) -> Result<ByState, String> {
    let shape = || format!("\"{text}\" is not STATE:CATEGORY:N, as in IND:military_contingent:3");
    let mut parts = text.split(':');
    let (Some(state), Some(category), Some(killed), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(shape());
    };
    let (state, nationality) = match state.split_once('/') {
        Some((state, nationality)) => (state, Some(nationality)),
        None => (state, None),
    };
    let code = |text: &str| text.parse::<StateCode>().map_err(|error| error.to_string());
    Ok(ByState {
        state: code(state)?,
        nationality: nationality.map(code).transpose()?,
        category: category.parse::<PersonnelCategory>().map_err(|error| error.to_string())?,
        killed: killed.parse().map_err(|_| shape())?,
    })
}

/// One accused's result: `A-1:convicted:in_absentia:life`, the last two as far as they are known.
fn result(text: &str) -> Result<JudgmentResult, String> {
    let mut parts = text.split(':');
    let accused = parts.next().unwrap_or_default().parse::<Accused>();
    let accused = accused.map_err(|error| error.to_string())?;
    let outcome = parts.next().ok_or("say what was decided, as in A-1:convicted")?;
    let outcome = outcome
        .parse()
        .map_err(|error: cairn_casebook::vocabulary::UnknownWord| error.to_string())?;
    let (mut presence, mut sentence) = (Presence::NotStated, Sentence::NotStated);
    for word in parts {
        match (word.parse::<Presence>(), word.parse::<Sentence>()) {
            (Ok(known), _) if presence == Presence::NotStated => presence = known,
            (_, Ok(known)) if sentence == Sentence::NotStated => sentence = known,
            (_, Err(error)) => return Err(format!("neither present nor in_absentia, and {error}")),
            (_, Ok(_)) => return Err(format!("\"{word}\" is said twice")),
        }
    }
    Ok(JudgmentResult { accused, outcome, presence, sentence })
}

/// An authority, by its office.
#[derive(Debug, Clone, Args)]
pub(super) struct AuthorityArgs {
    /// The State whose authority it is
    #[arg(long, value_name = "STATE")]
    state: StateCode,
    /// The office, never a person
    #[arg(long, default_value = "")]
    office: Text<120>,
}

impl AuthorityArgs {
    fn authority(&self) -> Authority {
        check_state(&self.state);
        Authority { state: self.state.clone(), office: self.office.clone() }
    }
}

/// The kinds that say something about a case, rather than about another statement.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum KindArgs {
    /// How many were harmed; replaces your member's earlier figures
    Casualties(CasualtiesArgs),
    /// National authorities were formally notified
    Notified {
        #[command(flatten)]
        authority: AuthorityArgs,
        /// When the notification was sent: YYYY-MM-DD or YYYY-MM-DDTHH:MMZ
        #[arg(long, value_name = "MOMENT")]
        sent: Moment,
        /// When the first report was received
        #[arg(long, value_name = "MOMENT")]
        received: Option<Moment>,
        /// How it was sent
        #[arg(long, value_name = "WORD", default_value = "note_verbale", value_parser = word!(Channel))]
        channel: Channel,
        /// The sender's reference
        #[arg(long, default_value = "")]
        reference: Text<80>,
    },
    /// National authorities confirm that the notification reached them
    Acknowledged {
        #[command(flatten)]
        authority: AuthorityArgs,
        /// When it was acknowledged; the as-of date when nothing is said
        #[arg(long)]
        date: Option<Date>,
        /// The reference of the notification or of the answer
        #[arg(long, default_value = "")]
        reference: Text<80>,
    },
    /// An investigation was opened
    Investigation {
        /// The file: a forum, / and a label with a number, as in COD/P-1
        #[arg(long, value_name = "FILE")]
        proceeding: Proceeding,
        /// When it was opened; the as-of date when nothing is said
        #[arg(long)]
        date: Option<Date>,
    },
    /// So many suspects have been identified; only the number is stated
    Suspects {
        /// The file
        #[arg(long, value_name = "FILE")]
        proceeding: Proceeding,
        /// How many in all
        #[arg(long, value_name = "N")]
        number: u32,
    },
    /// Accused were charged or referred to trial
    Charged {
        /// The file
        #[arg(long, value_name = "FILE")]
        proceeding: Proceeding,
        /// When; the as-of date when nothing is said
        #[arg(long)]
        date: Option<Date>,
        /// An accused by number, as in A-1; may be repeated
        #[arg(long, value_name = "A-N", value_delimiter = ',', required = true)]
        accused: Vec<Accused>,
        /// With what; may be repeated
        #[arg(long = "offence", value_name = "WORD", value_delimiter = ',', value_parser = word!(OffenceCategory))]
        offences: Vec<OffenceCategory>,
    },
    /// Hearings opened
    Trial {
        /// The file
        #[arg(long, value_name = "FILE")]
        proceeding: Proceeding,
        /// When; the as-of date when nothing is said
        #[arg(long)]
        date: Option<Date>,
        /// An accused by number, as in A-1; may be repeated
        #[arg(long, value_name = "A-N", value_delimiter = ',')]
        accused: Vec<Accused>,
    },
    /// A court judged
    Judgment {
        /// The file
        #[arg(long, value_name = "FILE")]
        proceeding: Proceeding,
        /// At what level
        #[arg(long, value_name = "WORD", default_value = "first_instance", value_parser = word!(Level))]
        level: Level,
        /// When; the as-of date when nothing is said
        #[arg(long)]
        date: Option<Date>,
        /// ACCUSED:OUTCOME[:PRESENCE][:SENTENCE], as in A-1:convicted:in_absentia:life; may be repeated
        #[arg(long = "result", value_name = "RESULT", value_delimiter = ',', value_parser = result)]
        results: Vec<JudgmentResult>,
    },
    /// Nothing has changed since a date: something else than silence
    NoChange {
        /// Since when
        #[arg(long)]
        since: Date,
    },
    /// The case is closed, and why; by the usual rules two people sign it
    Closed {
        /// Why
        #[arg(long, value_name = "WORD", value_parser = word!(ClosingReason))]
        reason: ClosingReason,
        /// When; the as-of date when nothing is said
        #[arg(long)]
        date: Option<Date>,
    },
    /// The case is taken up again
    Reopened {
        /// When; the as-of date when nothing is said
        #[arg(long)]
        date: Option<Date>,
    },
    /// A short text for which there is no kind, without names of persons
    Note {
        /// The text
        text: Text<2000>,
    },
}

impl KindArgs {
    /// The fact that was typed.
    pub(super) fn fact(&self, says: Says) -> Result<Fact, Failure> {
        let or_as_of = |date: Option<Date>| date.unwrap_or(says.as_of);
        Ok(match self.clone() {
            Self::Casualties(args) => args.fact(says).ok_or_else(|| {
                Failure::unknown("no figure is given")
                    .hint("give at least one of --killed, --injured, --detained and --missing")
            })?,
            Self::Notified { authority, sent, received, channel, reference } => {
                let authority = authority.authority();
                let (received_at, sent_at) = (received, sent);
                Fact::Notified(Notified {
                    says,
                    received_at,
                    sent_at,
                    authority,
                    channel,
                    reference,
                })
            }
            Self::Acknowledged { authority, date, reference } => {
                let date = or_as_of(date);
                let authority = authority.authority();
                Fact::Acknowledged(Acknowledged { says, authority, date, reference })
            }
            Self::Investigation { proceeding, date } => {
                let date = or_as_of(date);
                Fact::InvestigationOpened(InvestigationOpened { says, proceeding, date })
            }
            Self::Suspects { proceeding, number } => {
                Fact::SuspectsIdentified(SuspectsIdentified { says, proceeding, number })
            }
            Self::Charged { proceeding, date, accused, offences } => {
                let date = or_as_of(date);
                Fact::Charged(Charged { says, proceeding, date, accused, offences })
            }
            Self::Trial { proceeding, date, accused } => {
                let date = or_as_of(date);
                Fact::TrialOpened(TrialOpened { says, proceeding, date, accused })
            }
            Self::Judgment { proceeding, level, date, results } => {
                let date = or_as_of(date);
                Fact::Judgment(Judgment { says, proceeding, level, date, results })
            }
            Self::Closed { reason, date } => {
                let date = or_as_of(date);
                Fact::Closed(Closed { says, date, reason })
            }
            Self::Reopened { date } => Fact::Reopened(Reopened { says, date: or_as_of(date) }),
            Self::NoChange { since } => Fact::NoChange(NoChange { says, since }),
            Self::Note { text } => Fact::Note(Note { says, text }),
        })
    }
}

/// An entry by its log and position.
pub(super) fn place(text: &str) -> Result<(MemberCode, u64), String> {
    let (member, position) =
        text.rsplit_once('/').ok_or("expected a member, / and a position, as in COD/17")?;
    let member = member.parse::<MemberCode>().map_err(|error| error.to_string())?;
    let position = position.parse().map_err(|_| format!("\"{position}\" is not a position"))?;
    Ok((member, position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cairn_casebook::vocabulary::Outcome;

    #[test]
    fn parts_of_the_killed_are_read_as_typed() {
        let part = by_state("esp/COL:military:3").unwrap();
        assert_eq!((part.state.as_str(), part.killed), ("ESP", 3));
        assert_eq!(part.nationality.unwrap().as_str(), "COL");
        for text in
            ["", "ESP", "ESP:military", "ESP:soldiers:3", "ESP:military:-1", "ESP:military:1:2"]
        {
            assert!(by_state(text).is_err(), "{text}");
        }
    }

    #[test]
    fn results_are_read_as_far_as_they_are_known() {
        let full = result("A-1:convicted:in_absentia:life").unwrap();
        assert_eq!((full.outcome, full.presence), (Outcome::Convicted, Presence::InAbsentia));
        assert_eq!(full.sentence, Sentence::Life);
        assert_eq!(result("A-2:acquitted").unwrap().sentence, Sentence::NotStated);
        assert_eq!(result("A-2:convicted:fine").unwrap().sentence, Sentence::Fine);
        for text in ["", "A-1", "A-1:guilty", "A-1:convicted:maybe", "A-1:convicted:life:life"] {
            assert!(result(text).is_err(), "{text}");
        }
    }
}
