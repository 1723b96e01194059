//! What a node and its clients say to each other: JSON over HTTP, described by OpenAPI.
//!
//! Every route stands once, in [`route`]; every body is a type of this crate. The statements
//! themselves travel as their signed bytes: a node cannot change what it passes on unnoticed.

pub mod answer;
pub mod authority;
pub mod charter;
pub mod review;
pub mod route;
pub mod sealed;
pub mod submit;
pub mod words;

pub use answer::{
    CaseList, Contributor, CosignedStatus, EntryList, EntryView, Event, LogStatus, MemberView,
    PeerStatus, Status, WitnessStatus,
};
pub use authority::{AuthorityView, KeyState, KeyView, MarkedRange, StepView};
pub use charter::{Offer, Proposals};
pub use review::{Review, ReviewList, ReviewRequest, ReviewSigner, ReviewState, Reviewed};
pub use sealed::{
    Access, AccessKind, AccessList, FileView, Opened, Pieces, SealedList, SealedNamed, SealedState,
    SealedView,
};
pub use submit::{Outcome, Problem, Submission, SubmissionResult};
