//! Where things are, below the node's address. `{member}` and `{case}` stand for codes.

/// What the node holds, who it is connected to, and whether all is well. `GET`.
pub const STATUS: &str = "/v1/status";
/// The charter in force with all versions before it: the signed bytes. `GET`.
pub const CHARTER: &str = "/v1/charter";
/// Proposals to amend the charter: signed charters that lack signatures. `GET`, and `POST` for one more.
pub const PROPOSALS: &str = "/v1/charter/proposals";
/// The members with their keys, log sizes and contributors. `GET`.
pub const MEMBERS: &str = "/v1/members";
/// Who may say what for a member, and how that came about. `GET`.
pub const AUTHORITY: &str = "/v1/members/{member}/authority";
/// A range of a member's log, decoded (`start`, `limit`). `GET`.
pub const LOG: &str = "/v1/logs/{member}";
/// A member's last signed checkpoint: a signed note. `GET`.
pub const CHECKPOINT: &str = "/v1/logs/{member}/checkpoint";
/// A member's whole log as a file that can be verified offline. `GET`.
pub const EXPORT: &str = "/v1/logs/{member}/export";
/// The checkpoint of a log behind which most members are known to stand: a cosigned note. `GET`.
pub const COSIGNED: &str = "/v1/logs/{member}/cosigned";
/// The proof that a member's log is forked: a file that convicts offline. `GET`.
pub const FORK: &str = "/v1/logs/{member}/fork";
/// The receipt of one entry: a file that can be verified offline. `GET`.
pub const RECEIPT: &str = "/v1/logs/{member}/receipts/{position}";
/// Signed statements for the node's own log. `POST`.
pub const STATEMENTS: &str = "/v1/statements";
/// Statements that wait for a second person, and those that were refused. `GET`, and `POST` for one more.
pub const REVIEWS: &str = "/v1/reviews";
/// A refusal of a statement that waits, signed by a contributor. `POST`.
pub const REVIEW_REFUSAL: &str = "/v1/reviews/{id}/refusal";
/// The cases, in short (`mission`, `stage`, `state`, `after`, `limit`). `GET`.
pub const CASES: &str = "/v1/cases";
/// One case: all that every member has stated about it. `GET`.
pub const CASE: &str = "/v1/cases/{case}";
/// The sealed parts of a case (`case`) or of all, and what is here of them. `GET`, by a viewer.
pub const SEALED: &str = "/v1/sealed";
/// The payload of a sealed part for a statement to come (`commitment`, `class`, `audience`, `file`, `case`). `PUT`, by a
/// contributor, and `GET` for what is here.
pub const STAGED: &str = "/v1/staged/{reference}/{part}";
/// One encrypted piece of a file for a statement to come, by its number from 0. `PUT`, by a contributor.
pub const STAGED_PIECE: &str = "/v1/staged/{reference}/{part}/pieces/{piece}";
/// What a sealed part says. `GET`, by a viewer, and recorded.
pub const SEALED_PART: &str = "/v1/sealed/{member}/{position}/{part}";
/// A sealed part's content with the proof that it is what was committed to: a file. `GET`, by a viewer, and recorded.
pub const SEALED_OPENING: &str = "/v1/sealed/{member}/{position}/{part}/opening";
/// The key of a sealed part's content. `GET`, by a contributor of the member that sealed it, and recorded.
pub const SEALED_KEY: &str = "/v1/sealed/{member}/{position}/{part}/key";
/// A sealed file, decrypted. `GET`, by a viewer, and recorded.
pub const SEALED_FILE: &str = "/v1/sealed/{member}/{position}/{part}/file";
/// Who has opened a sealed part. `GET`, by a viewer.
pub const SEALED_ACCESS: &str = "/v1/sealed/{member}/{position}/{part}/access";
/// What happens, as it happens: server-sent events. `GET`.
pub const EVENTS: &str = "/v1/events";
/// A log's newest checkpoint with its cosignatures, for tools that know C2SP logs. `GET`.
pub const TLOG_CHECKPOINT: &str = "/tlog/{member}/checkpoint";
/// A log's static tiles: `LEVEL/INDEX` or `entries/INDEX`, and `.p/WIDTH`. `GET`.
pub const TLOG_TILE: &str = "/tlog/{member}/tile/{*tile}";
/// A checkpoint of a member's log, to be cosigned: the body of c2sp.org/tlog-witness. `POST`.
pub const ADD_CHECKPOINT: &str = "/tlog/add-checkpoint";
/// The checkpoint that the node has cosigned last of the log whose origin has this SHA-256. `GET`.
pub const WITNESSED: &str = "/tlog-witness/{origin}/checkpoint";
/// This interface, described. `GET`.
pub const OPENAPI: &str = "/openapi.json";

/// The most bytes of a file of charters that is handed in.
pub const CHARTERS_BYTES_MAX: usize = 8 << 20;
/// The most statements of one submission.
pub const SUBMISSION_STATEMENTS_MAX: usize = 256;
/// The most bytes of one submission's body.
pub const SUBMISSION_BYTES_MAX: usize = 4 << 20;
/// The most bytes of a payload or of a piece that is handed in.
pub const SEALED_BYTES_MAX: usize = (1 << 20) + 16;
/// The most entries or cases of one answer.
pub const LIMIT_MAX: usize = 1000;
