//! Ports on loopback that nobody uses.

use std::net::{TcpListener, UdpSocket};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that the system gives to outgoing connections, so that none of those can take
/// the port of a node while it restarts.
const RANGE: Range<u32> = 12_000..32_000;

/// The first of `count` free ports in a row. None of them is given out twice in one process.
#[must_use]
pub fn free_ports(count: u16) -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(count);
    // Two test processes at once begin at different places.
    let begin = std::process::id().wrapping_mul(97);
    loop {
        let at = begin.wrapping_add(NEXT.fetch_add(count, Ordering::Relaxed));
        let first = RANGE.start + at % (RANGE.end - RANGE.start - count);
        let free = |port: u32| {
            let address = ("127.0.0.1", u16::try_from(port).expect("a port"));
            TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
        };
        if (first..first + count).all(free) {
            return u16::try_from(first).expect("a port");
        }
    }
}
