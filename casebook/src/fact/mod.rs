//! What a statement says: one variant per kind, its fields, its bytes and its bounds.
//!
//! The table below is the registry: a new kind gets its number there, once.

mod amendment;
mod closing;
mod contact;
mod fields;
mod incident;
mod justice;
mod sealed;

pub use amendment::{Correction, EntryRef, Replacement, Retraction};
pub use closing::{Closed, Reopened};
pub use contact::{Acknowledged, Authority, NoChange, Note, Notified};
pub use fields::{FactError, Says};
pub use incident::{ByState, CaseOpened, Casualties};
pub use justice::{
    Charged, InvestigationOpened, Judgment, JudgmentResult, SuspectsIdentified, TrialOpened,
};

pub use sealed::{
    Admitted, Document, Erased, Granted, HandedOver, Identity, MAIN_PART, REMARK_PART,
};

use crate::date::{Date, Moment};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use cairn_ledger::Kind;
use cairn_ledger::codec::{self, DecodeError};
use cairn_ledger::hash::Bytes;
use fields::Fields as _;
use serde::{Deserialize, Serialize};

/// Makes the enum of facts and everything that goes by its variants.
macro_rules! facts {
    ($($number:literal $variant:ident $name:literal $title:literal,)+) => {
        /// What a statement says about a case.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Fact {
            $(
                #[doc = concat!($title, " (kind ", stringify!($number), ").")]
                #[serde(rename = $name)]
                $variant($variant),
            )+
        }

        impl Fact {
            /// Every kind that this program knows, in ascending order.
            pub const KINDS: &'static [KindRow] = &[
                $(KindRow { kind: Kind($number), name: $name, title: $title },)+
            ];

            /// The kind, as the envelope carries it.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind($number),)+ }
            }

            /// The kind's name in JSON.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// The kind's name for people.
            #[must_use]
            pub fn title(&self) -> &'static str {
                match self { $(Self::$variant(_) => $title,)+ }
            }

            /// On what basis, how well verified, and as of when.
            #[must_use]
            pub fn says(&self) -> &Says {
                match self { $(Self::$variant(fact) => &fact.says,)+ }
            }

            /// Refuses what [`Fact::decode`] would refuse: call it before anything is signed.
            ///
            /// # Errors
            /// Names the field that is too long, out of order, or at odds with another.
            pub fn check(&self) -> Result<(), FactError> {
                match self { $(Self::$variant(fact) => fact.check()?,)+ }
                let found = self.encode().0.len();
                if found > FACT_BYTES_MAX {
                    return Err(FactError::TooLong { found });
                }
                Ok(())
            }

            /// The same fact with its lists in the order that signed bytes need.
            #[must_use]
            pub fn in_order(mut self) -> Self {
                match &mut self { $(Self::$variant(fact) => fact.order(),)+ }
                self
            }

            /// The fields' bytes, for the statement's body.
            #[must_use]
            pub fn encode(&self) -> Bytes {
                match self { $(Self::$variant(fact) => Bytes(codec::encode(fact)),)+ }
            }

            /// Reads a statement's fields.
            ///
            /// # Errors
            /// When the kind is known and the bytes are not in its format or not within its bounds.
            pub fn decode(kind: Kind, body: &Bytes) -> Result<Reading, DecodeError> {
                let fact = match kind.0 {
                    $($number => Self::$variant(decode_fields(concat!("a statement of kind ", $name), body)?),)+
                    _ => return Ok(Reading::Unknown(kind)),
                };
                Ok(Reading::Fact(fact))
            }
        }
    };
}

facts! {
    100 CaseOpened "case_opened" "Case opened",
    101 Casualties "casualties" "Casualties",
    110 Notified "notified" "National authorities notified",
    111 Acknowledged "acknowledged" "Notification acknowledged",
    120 InvestigationOpened "investigation_opened" "Investigation opened",
    121 SuspectsIdentified "suspects_identified" "Suspects identified",
    130 Charged "charged" "Charges brought",
    131 TrialOpened "trial_opened" "Trial opened",
    132 Judgment "judgment" "Judgment",
    140 NoChange "no_change" "No change since",
    150 Note "note" "Note",
    160 Correction "correction" "Correction",
    161 Retraction "retraction" "Retraction",
    170 Closed "closed" "Case closed",
    171 Reopened "reopened" "Case reopened",
    180 Document "document" "Document",
    181 HandedOver "handed_over" "Document handed over",
    182 Granted "granted" "Access granted",
    183 Erased "erased" "Sealed part erased",
    184 Identity "identity" "Identity held",
    185 Admitted "admitted" "Member admitted",
}

impl Fact {
    /// Every date that it states, the one as of which it holds first.
    #[must_use]
    pub fn dates(&self) -> Vec<Date> {
        let mut dates = Vec::from([self.says().as_of]);
        match self {
            Self::CaseOpened(fact) => dates.push(fact.date),
            Self::Notified(fact) => {
                dates.push(fact.sent_at.date());
                dates.extend(fact.received_at.map(Moment::date));
            }
            Self::Acknowledged(fact) => dates.push(fact.date),
            Self::InvestigationOpened(fact) => dates.push(fact.date),
            Self::Charged(fact) => dates.push(fact.date),
            Self::TrialOpened(fact) => dates.push(fact.date),
            Self::Judgment(fact) => dates.push(fact.date),
            Self::NoChange(fact) => dates.push(fact.since),
            Self::Closed(fact) => dates.push(fact.date),
            Self::Reopened(fact) => dates.push(fact.date),
            Self::HandedOver(fact) => dates.push(fact.date),
            Self::Correction(fact) => {
                let replacement = fact.replacement.reading();
                dates.extend(replacement.fact().into_iter().flat_map(Self::dates));
            }
            Self::Casualties(_)
            | Self::SuspectsIdentified(_)
            | Self::Note(_)
            | Self::Retraction(_)
            | Self::Document(_)
            | Self::Granted(_)
            | Self::Erased(_)
            | Self::Identity(_)
            | Self::Admitted(_) => {}
        }
        dates
    }
}

/// The most bytes of an encoded fact; a statement around it fits into an entry.
pub const FACT_BYTES_MAX: usize = 32_768;

/// A row of the registry of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindRow {
    /// Its number in the envelope.
    pub kind: Kind,
    /// Its name in JSON.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

/// What this program makes of a statement's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A fact of a kind that it knows.
    Fact(Fact),
    /// A kind that it does not know: kept, forwarded, and shown as such.
    Unknown(Kind),
    /// A kind that it knows, with fields that it cannot read: kept and shown as such.
    Unreadable {
        /// The kind.
        kind: Kind,
        /// What is wrong.
        why: String,
    },
}

impl Reading {
    /// Reads a statement's fields, whatever they are.
    #[must_use]
    pub fn of(kind: Kind, body: &Bytes) -> Self {
        Fact::decode(kind, body)
            .unwrap_or_else(|error| Self::Unreadable { kind, why: error.to_string() })
    }

    /// The kind, known or not.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Fact(fact) => fact.kind(),
            Self::Unknown(kind) | Self::Unreadable { kind, .. } => *kind,
        }
    }

    /// The fact, when it could be read.
    #[must_use]
    pub fn fact(&self) -> Option<&Fact> {
        match self {
            Self::Fact(fact) => Some(fact),
            Self::Unknown(_) | Self::Unreadable { .. } => None,
        }
    }
}

/// The registry's row of a kind, when this program knows it.
#[must_use]
pub fn kind_row(kind: Kind) -> Option<&'static KindRow> {
    Fact::KINDS.iter().find(|row| row.kind == kind)
}

/// The registry's row of the kind with this name.
#[must_use]
pub fn kind_named(name: &str) -> Option<&'static KindRow> {
    Fact::KINDS.iter().find(|row| row.name == name)
}

fn decode_fields<T>(what: &'static str, body: &Bytes) -> Result<T, DecodeError>
where
    T: fields::Fields + Serialize + serde::de::DeserializeOwned,
{
    let fields: T = codec::decode(what, &body.0, FACT_BYTES_MAX)?;
    fields.check().map_err(|error| DecodeError::Malformed { what, why: error.to_string() })?;
    Ok(fields)
}

#[cfg(test)]
mod tests;
