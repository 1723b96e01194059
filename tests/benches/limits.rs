//! What this machine can do at most: flushes, strict signature checks, round trips.

use cairn_ledger::SecretKey;
use cairn_ledger::key::Purpose;
use rayon::prelude::*;
use std::fmt;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

const EACH: Duration = Duration::from_secs(1);

/// Per second, and the round trip in seconds.
pub(crate) struct Limits {
    /// Appends of 512 bytes with an fdatasync each.
    pub(crate) flushes: f64,
    /// Strict Ed25519 checks on one core, and on all of them.
    pub(crate) checks_one_core: f64,
    /// See above.
    pub(crate) checks_all_cores: f64,
    /// One byte there and back over loopback TCP.
    pub(crate) round_trip: f64,
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "limits of this machine, in this run:")?;
        writeln!(f, "  {:.0} appends of 512 bytes with fdatasync a second", self.flushes)?;
        writeln!(f, "  {:.0} strict signature checks a second on one core", self.checks_one_core)?;
        writeln!(
            f,
            "  {:.0} strict signature checks a second on all cores",
            self.checks_all_cores
        )?;
        write!(f, "  {:.0} us for a TCP round trip on loopback", self.round_trip * 1e6)
    }
}

/// Measures all of them.
pub(crate) fn measure(folder: &Path) -> anyhow::Result<Limits> {
    let key = SecretKey::from_seed([1; 32]);
    let (hash, checked) = ([2; 32], key.public().check()?);
    let signature = key.sign(Purpose::Statement, &hash);
    let check = || checked.verify(Purpose::Statement, &hash, &signature).is_ok();
    let all = || {
        let good = (0..1024).into_par_iter().filter(|_| check()).count();
        assert_eq!(good, 1024);
    };
    Ok(Limits {
        flushes: flushes(folder)?,
        checks_one_core: rate(1, || assert!(check())),
        checks_all_cores: rate(1024, all),
        round_trip: round_trip()?,
    })
}

fn rate(each: u32, mut work: impl FnMut()) -> f64 {
    let (began, mut count) = (Instant::now(), 0.0);
    while began.elapsed() < EACH {
        work();
        count += f64::from(each);
    }
    count / began.elapsed().as_secs_f64()
}

/// Appends with a flush each, on the disk where the nodes are.
pub(crate) fn flushes(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join("flush");
    let mut file = std::fs::File::options().create(true).append(true).open(&path)?;
    let mut result = Ok(());
    let rate = rate(1, || {
        result = file.write_all(&[7; 512]).and_then(|()| file.sync_data());
    });
    std::fs::remove_file(path)?;
    result?;
    Ok(rate)
}

fn round_trip() -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let echo = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut byte = [0];
        while stream.read(&mut byte)? == 1 {
            stream.write_all(&byte)?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut result = Ok(());
    let rate = rate(1, || {
        let mut byte = [1];
        result = stream.write_all(&byte).and_then(|()| stream.read_exact(&mut byte));
    });
    drop(stream);
    echo.join().map_err(|_| anyhow::anyhow!("the echo thread panicked"))??;
    result?;
    Ok(1.0 / rate)
}
