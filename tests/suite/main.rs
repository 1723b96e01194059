//! The one test program of the project.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod agent;
mod amendments;
mod audit;
mod contributors;
mod cosigning;
mod crash;
mod disk;
mod drills;
mod fork;
mod forks;
mod founding;
mod hostile_peers;
mod keys;
mod liars;
mod middle;
mod middle_nodes;
mod other_language;
mod other_tlog;
mod outside_witnesses;
mod properties;
mod receipts;
mod refusals;
mod replays;
mod restart;
mod review_commands;
mod reviews;
mod standings;
mod story_demo;
mod tidy;
mod tiles;
mod vectors;
mod village;
mod witness_http;
mod witnessing;
mod wrong_proofs;
