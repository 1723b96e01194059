//! What somebody sees who listens on this machine's loopback interface, and in a process's memory.

use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketType, recv, socket, sockopt};
use rustix::process::Pid;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::num::NonZeroU32;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// All protocols, in the order of the network's bytes.
const ETH_P_ALL: u16 = 0x0003;
/// Bytes of an Ethernet header, which the loopback interface has too.
const ETHERNET: usize = 14;
const TCP: u8 = 6;
/// Room for what comes while another thread has the processor.
const BUFFER_BYTES: usize = 256 << 20;
/// What is read of a memory at once.
const CHUNK_BYTES: usize = 8 << 20;

/// Capabilities by their numbers in `/proc/self/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// To see packets of others.
    NetRaw = 13,
    /// To see the memory of processes that do not want it.
    Ptrace = 19,
}

/// Whether this process has a capability: root mostly does. Says on the error output what is not looked
/// at when it has not.
///
/// # Panics
/// When the system does not say.
#[must_use]
pub fn has(capability: Capability) -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("capabilities");
    let bits = u64::from_str_radix(line.trim(), 16).expect("hexadecimal");
    let held = bits >> (capability as u32) & 1 == 1;
    if !held {
        eprintln!("not looked at, for this user may not: {capability:?}; root may");
    }
    held
}

/// Everything that goes over the loopback interface from or to some TCP ports.
#[derive(Debug)]
pub struct Capture {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Vec<u8>>>,
}

impl Capture {
    /// Begins to listen.
    ///
    /// # Panics
    /// When the system does not let us: ask [`has`] before.
    #[must_use]
    pub fn of(ports: &[u16]) -> Self {
        let protocol = NonZeroU32::new(u32::from(ETH_P_ALL.to_be())).map(Protocol::from_raw);
        let listening = socket(AddressFamily::PACKET, SocketType::RAW, protocol).expect("a socket");
        sockopt::set_socket_recv_buffer_size_force(&listening, BUFFER_BYTES).expect("room");
        let timeout = Some(Duration::from_millis(100));
        sockopt::set_socket_timeout(&listening, sockopt::Timeout::Recv, timeout).expect("a limit");
        let (stop, ports) = (Arc::new(AtomicBool::new(false)), ports.iter().copied().collect());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || listen(&listening, &ports, &stopped));
        Self { stop, thread }
    }

    /// Stops, and gives what each packet carried.
    ///
    /// # Panics
    /// When listening failed.
    #[must_use]
    pub fn stop(self) -> Vec<Vec<u8>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it listened")
    }
}

fn listen(socket: &OwnedFd, ports: &BTreeSet<u16>, stop: &AtomicBool) -> Vec<Vec<u8>> {
    let (mut seen, mut buffer) = (Vec::new(), vec![0; 1 << 17]);
    loop {
        match recv(socket, &mut buffer, RecvFlags::empty()) {
            Ok((read, _)) => seen.extend(carried(&buffer[..read], ports).map(<[u8]>::to_vec)),
            Err(_) if stop.load(Ordering::Relaxed) => return seen,
            Err(_) => {}
        }
    }
}

/// What a packet of TCP over IPv4 carries from or to one of these ports.
fn carried<'a>(frame: &'a [u8], ports: &BTreeSet<u16>) -> Option<&'a [u8]> {
    let packet = frame.get(ETHERNET..)?;
    let words = |byte: u8| usize::from(byte) * 4;
    let segment = packet.get(words(packet.first()? & 0x0f)..)?;
    let port = |at: usize| segment.get(at..at + 2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    let ours = packet.first()? >> 4 == 4
        && *packet.get(9)? == TCP
        && (ports.contains(&port(0)?) || ports.contains(&port(2)?));
    let data = segment.get(words(segment.get(12)? >> 4)..)?;
    (ours && !data.is_empty()).then_some(data)
}

/// Shows everything that a process has in its memory, in chunks that overlap by `overlap` bytes.
///
/// # Panics
/// When the system does not let us: ask [`has`] before.
pub fn memory(process: Pid, overlap: u64, mut show: impl FnMut(&[u8])) {
    let folder = format!("/proc/{}", process.as_raw_nonzero());
    let maps = fs::read_to_string(format!("{folder}/maps")).expect("its regions");
    let file = File::open(format!("{folder}/mem")).expect("its memory");
    let mut buffer = vec![0; CHUNK_BYTES];
    for (mut from, to) in maps.lines().filter_map(region) {
        // Some pages of the kernel's are in the list and cannot be read.
        while let Ok(read) =
            file.read_at(&mut buffer[..CHUNK_BYTES.min((to - from) as usize)], from)
        {
            show(&buffer[..read]);
            let read = read as u64;
            if read == 0 || from + read >= to {
                break;
            }
            from += read.saturating_sub(overlap).max(1);
        }
    }
}

/// A line such as `7f00-7f10 rw-p …`: the region, if it can be read.
fn region(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split(' ');
    let (from, to) = words.next()?.split_once('-')?;
    let readable = words.next()?.starts_with('r');
    let number = |hex: &str| u64::from_str_radix(hex, 16).ok();
    readable.then_some((number(from)?, number(to)?))
}
