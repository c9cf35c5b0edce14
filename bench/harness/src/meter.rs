//! What is read before and after.

mod process;
mod server;

pub(crate) use process::Cpu;
pub(crate) use process::resident_mb;
pub use server::Server;
pub(crate) use server::Usage;
