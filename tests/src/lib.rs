//! What the suite is built from: a network of invented members, a simulator of many replicas,
//! and real nodes as processes on this machine.

pub mod nodes;
pub mod people;
pub mod shown;
pub mod sim;
