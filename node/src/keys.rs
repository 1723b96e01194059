//! A member's keys on the disk: one file each, readable by their owner and nobody else.

use anyhow::{Context, bail, ensure};
use cairn_ledger::SecretKey;
use cairn_ledger::card::MemberSecrets;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// More than any key file of ours has.
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// A new key from the operating system's randomness.
///
/// # Errors
/// When the system has none.
pub fn generate() -> anyhow::Result<SecretKey> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no randomness")?;
    Ok(SecretKey::from_seed(seed))
}

/// Writes a key file; refuses to replace one.
///
/// # Errors
/// When it exists or cannot be written.
pub fn write(path: &Path, what: &str, key: &SecretKey) -> anyhow::Result<()> {
    let text = Zeroizing::new(format!(
        "# {what}. Whoever has this file has the key.\n{}\n",
        *Zeroizing::new(hex::encode(*key.seed()))
    ));
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = open.with_context(|| format!("cannot make the key file {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}

/// Reads a key file; refuses one that others can read.
///
/// # Errors
/// When it is missing, open to others, or not a key file.
pub fn read(path: &Path) -> anyhow::Result<SecretKey> {
    let metadata =
        fs::metadata(path).with_context(|| format!("cannot read the key {}", path.display()))?;
    let mode = metadata.permissions().mode() & 0o777;
    ensure!(
        mode & 0o077 == 0,
        "{} can be used by others (mode {mode:03o}); if nobody has copied it: chmod 600",
        path.display()
    );
    ensure!(metadata.len() <= KEY_FILE_BYTES_MAX, "{} is not a key file", path.display());
    let text = Zeroizing::new(fs::read_to_string(path)?);
    let line = text.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    let mut seed = Zeroizing::new([0; 32]);
    if hex::decode_to_slice(line.trim(), &mut *seed).is_err() {
        bail!("{} is not a key file: expected 64 hexadecimal digits", path.display());
    }
    Ok(SecretKey::from_seed(*seed))
}

/// Makes all keys of a member in `folder`.
///
/// # Errors
/// When there are some already or the folder cannot be written.
pub fn make_all(folder: &Path) -> anyhow::Result<MemberSecrets> {
    let make = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    make.with_context(|| format!("cannot make {}", folder.display()))?;
    let new = |name: &str, what: &str| -> anyhow::Result<SecretKey> {
        let key = generate()?;
        write(&folder.join(name), what, &key)?;
        Ok(key)
    };
    Ok(MemberSecrets {
        root: new("root.key", "The root key of a Cairn member: keep it offline")?,
        log: new("log.key", "The log key of a Cairn member: signs checkpoints")?,
        cosign: new("cosign.key", "The cosigning key of a Cairn member")?,
        transport: new("transport.key", "The transport key of a Cairn node")?,
    })
}
