//! What others may see of the memory of a process that holds keys, or what they have opened.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Keeps the system from writing this process's memory to a disk when it crashes, and, on Linux, other
/// processes of the same user from reading it. Called first in each program.
///
/// What the system refuses is left as it is: nothing works less for it.
pub fn keep_private() {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    }
}
