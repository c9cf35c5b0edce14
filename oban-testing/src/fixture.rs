use std::{any::Any, fmt, sync::Arc};

use oban_core::Engine;

/// One empty store, as the conformance suite wants it: seen by two nodes.
pub struct Fixture {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) other: Arc<dyn Engine>,
    pub(crate) guard: Option<Box<dyn Any + Send>>,
}

impl Fixture {
    /// Two engines on one and the same store, as two nodes have them: two pools, two opened
    /// files, two clones. Both have to work by the clock that was given.
    pub fn new(engine: impl Engine, other: impl Engine) -> Self {
        Self { engine: Arc::new(engine), other: Arc::new(other), guard: None }
    }

    /// Keeps something that cleans up when it is dropped: after the engines, outside of the runtime.
    #[must_use]
    pub fn guard(mut self, guard: impl Any + Send) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fixture").field("engine", &self.engine).finish_non_exhaustive()
    }
}
