/// What a producer knows of jobs that wait.
#[derive(Debug)]
pub(super) struct Appetite {
    /// Nothing has said since the last hint that there are none.
    hungry: bool,
    /// The last fetch brought all it asked for: there may be many more.
    backlog: bool,
    hints: Hints,
}

/// How many hints had been heard at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hints(u64);

/// From this limit on, half of it is a batch large enough to be worth a call of its own.
const TWO_CALLS_FROM: usize = 100;

impl Appetite {
    pub(super) fn new() -> Self {
        Self { hungry: true, backlog: false, hints: Hints(0) }
    }

    /// Something says that there is work.
    pub(super) fn hinted(&mut self) {
        self.hungry = true;
        self.hints.0 += 1;
    }

    /// A fetch that began at `hints` was answered. After a full batch there may be more; after a short one only a newer
    /// hint can tell.
    pub(super) fn fed(&mut self, hints: Hints, is_full: bool) {
        self.backlog = is_full;
        self.hungry = is_full || hints != self.hints;
    }

    pub(super) fn hints(&self) -> Hints {
        self.hints
    }

    pub(super) fn is_hungry(&self) -> bool {
        self.hungry
    }

    /// How many calls a queue may have under way. With two, the jobs of one batch run while the store works on the other.
    pub(super) fn most_calls(&self, limit: usize) -> usize {
        if self.backlog && limit >= TWO_CALLS_FROM { 2 } else { 1 }
    }
}
