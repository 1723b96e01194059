//! Ctrl-C: says what state it leaves behind, and ends with an exit code of our own.

use crate::failure::Answer;
use crate::print;

/// From now on Ctrl-C prints `farewell` and ends the process with `answer`. Nothing that this
/// program does needs more: files are replaced whole, and statements are recognised when resent.
pub(super) fn on_interrupt(answer: Answer, farewell: &'static str) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let waited = runtime.map(|runtime| runtime.block_on(tokio::signal::ctrl_c()));
        // Without a handler Ctrl-C still ends the process, only with the system's exit code.
        if matches!(waited, Ok(Ok(()))) {
            if !farewell.is_empty() {
                print::remark(farewell);
            }
            std::process::exit(answer.code().into());
        }
    });
}
