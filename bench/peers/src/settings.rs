//! How a peer is set up.

#[derive(Clone, Copy, Debug)]
pub(crate) enum Settings {
    /// As its quick start does.
    Defaults,
    /// By what its documentation says about speed.
    Tuned,
}
