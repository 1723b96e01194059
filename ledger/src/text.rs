//! Text that may stand in signed bytes: bounded, normalised, and without characters that act.

use alloc::string::{String, ToString};
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Why text may not stand in signed bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Empty where something has to be said.
    #[error("text is empty")]
    Empty,
    /// Longer than the field allows.
    #[error("text has {found} bytes, the limit is {limit}")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A control, bidirectional-override or zero-width character.
    #[error("text contains the character U+{0:04X}, which is not allowed")]
    Forbidden(u32),
    /// Not in Unicode normalisation form C.
    #[error("text is not in normalisation form C")]
    NotNormalised,
}

/// True for characters that move, hide or reorder what stands around them: controls,
/// bidirectional overrides and isolates, zero-width space and byte-order mark, line separators.
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Text of at most `MAX` bytes of UTF-8, in normalisation form C, that [`acts`] on nothing.
/// It may be empty; fields that may not be empty say so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Checks `text`, without changing it.
    ///
    /// # Errors
    /// When it is too long, not normalised, or contains a forbidden character.
    pub fn new(text: &str) -> Result<Self, TextError> {
        if text.len() > MAX {
            return Err(TextError::TooLong { found: text.len(), limit: MAX });
        }
        if let Some(c) = text.chars().find(|c| acts(*c)) {
            return Err(TextError::Forbidden(c.into()));
        }
        if !text.is_ascii() && !unicode_normalization::is_nfc(text) {
            return Err(TextError::NotNormalised);
        }
        Ok(Self(text.to_string()))
    }

    /// Normalises what a person typed (form C, line breaks and tabs to spaces), then checks it.
    ///
    /// # Errors
    /// When it is too long or contains a forbidden character.
    pub fn typed(text: &str) -> Result<Self, TextError> {
        use unicode_normalization::UnicodeNormalization as _;
        let spaced = text.trim().chars().map(|c| if c.is_whitespace() { ' ' } else { c });
        Self::new(&spaced.nfc().collect::<String>())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<const MAX: usize> core::str::FromStr for Text<MAX> {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::typed(text)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Makes a short ASCII label type with its own alphabet and length.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident, $range:expr, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Checks that `text` is ", $rule, ".")]
            ///
            /// # Errors
            /// When it is anything else.
            pub fn new(text: &str) -> Result<Self, LabelError> {
                if $range.contains(&text.len()) && text.bytes().all($allowed) {
                    Ok(Self(text.to_string()))
                } else {
                    let found = text.chars().take(80).flat_map(char::escape_default).collect();
                    Err(LabelError { what: stringify!($name), rule: $rule, found })
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl core::str::FromStr for $name {
            type Err = LabelError;
            fn from_str(text: &str) -> Result<Self, LabelError> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

/// A label outside its alphabet or length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is \"{found}\", expected {rule}")]
pub struct LabelError {
    what: &'static str,
    rule: &'static str,
    found: String,
}

label!(
    /// A member's short code: `COD`, `UNSEC`, `MONUSCO`.
    MemberCode, (2..=16), |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-',
    "2 to 16 of A-Z, 0-9 and -"
);
label!(
    /// What a statement is about, as a path: `case/C-7K3QX2MB`, `mission/MONUSCO`. Authority can be
    /// limited to topics; what they mean is for the domain to say.
    Topic, (1..=64), |b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'),
    "1 to 64 of A-Z, a-z, 0-9, /, ., _ and -"
);
label!(
    /// The name of a network, the first part of the origin of its logs: `ledger.example.org/cases`.
    NetworkName, (3..=64), |b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'/' | b'.' | b'-'),
    "3 to 64 of a-z, 0-9, /, . and -"
);
