//! Makes the small types of the domain: vocabularies, labels, and values that people read as text.

use alloc::string::String;

/// A word that is not in a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{found}\" is not a known {what}, expected one of: {}", known.join(", "))]
pub struct UnknownWord {
    /// The vocabulary.
    pub what: &'static str,
    /// The word found, cut short and escaped.
    pub found: String,
    /// Every word of the vocabulary.
    pub known: &'static [&'static str],
}

/// A label outside its alphabet, length or form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is \"{found}\", expected {rule}")]
pub struct LabelError {
    pub(crate) what: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) found: String,
}

impl LabelError {
    pub(crate) fn new(what: &'static str, rule: &'static str, found: &str) -> Self {
        Self { what, rule, found: cut(found) }
    }
}

/// What somebody typed, short enough and harmless enough for a message.
pub(crate) fn cut(found: &str) -> String {
    found.chars().take(80).flat_map(char::escape_default).collect()
}

/// Makes an enum of words. Their order is their number in signed bytes: new words go at the end.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $(
                #[doc = concat!("`", $word, "`.")]
                #[serde(rename = $word)]
                $variant,
            )+
        }

        impl $name {
            /// Every value, in the order of its number in signed bytes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word, as in JSON and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = crate::words::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    crate::words::UnknownWord {
                        what: $what,
                        found: crate::words::cut(word),
                        known: &[$($word,)+],
                    }
                })
            }
        }
    };
}
pub(crate) use vocabulary;

/// Makes a short ASCII label type from a function that says whether text may be one.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident, $allowed:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(alloc::string::String);

        impl $name {
            #[doc = concat!("Checks that `text` is ", $rule, ".")]
            ///
            /// # Errors
            /// When it is anything else.
            pub fn new(text: &str) -> Result<Self, crate::words::LabelError> {
                let allowed: fn(&str) -> bool = $allowed;
                if allowed(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(crate::words::LabelError::new(stringify!($name), $rule, text))
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = alloc::string::String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use label;

/// Makes a value text where people read and `$wire` in signed bytes.
macro_rules! text_or_binary {
    ($name:ident, $wire:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    <$wire>::from(*self).serialize(serializer)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::Error as _;
                if deserializer.is_human_readable() {
                    let text = alloc::string::String::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    let wire = <$wire>::deserialize(deserializer)?;
                    Self::try_from(wire).map_err(D::Error::custom)
                }
            }
        }
    };
}
pub(crate) use text_or_binary;
