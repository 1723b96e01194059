//! Asking for a line on the terminal that does not show what is typed.

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use zeroize::Zeroizing;

/// Where it is asked, whatever the standard streams are.
pub(crate) const TERMINAL: &str = "/dev/tty";
/// A terminal's line has no more.
const LINE_BYTES_MAX: usize = 4096;
const CTRL_C: u8 = 3;

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Hidden<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Hidden<'a> {
    /// What was typed before is thrown away: it was not meant as an answer.
    fn on(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        hidden.local_modes.insert(LocalModes::ICANON);
        // Ctrl-C ends the line, not the process: it would leave the terminal hidden.
        hidden.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        tcsetattr(self.terminal, OptionalActions::Now, &self.before).ok();
    }
}

/// One line, without its end.
pub(crate) fn ask(prompt: &str) -> io::Result<Zeroizing<String>> {
    let terminal = File::options().read(true).write(true).open(TERMINAL)?;
    let mut line = Zeroizing::new([0; LINE_BYTES_MAX]);
    let count = {
        let _hidden = Hidden::on(&terminal)?;
        (&terminal).write_all(prompt.as_bytes())?;
        (&terminal).read(&mut *line)?
    };
    (&terminal).write_all(b"\n")?;
    let line = match line.get(..count).unwrap_or_default() {
        [] => return Err(io::ErrorKind::UnexpectedEof.into()),
        [.., CTRL_C] => return Err(io::Error::other("interrupted")),
        [line @ .., b'\n'] | line => line,
    };
    let text = std::str::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Zeroizing::new(text.into()))
}
