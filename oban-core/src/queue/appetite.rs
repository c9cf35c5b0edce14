use std::time::Duration;

use tokio::time::Instant;

use crate::Position;

/// What a producer knows of jobs that wait.
#[derive(Debug)]
pub(super) struct Appetite {
    /// Nothing has said since the last hint that there are none.
    hungry: bool,
    /// The last fetch brought all it asked for: there may be many more.
    backlog: bool,
    hints: Hints,
    passed: Option<Passed>,
    /// How long the last search took.
    took: Duration,
}

/// A look for jobs, as it began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// Where in the queue it began; `None` is the start.
    pub(super) after: Option<Position>,
    hints: Hints,
    began: Instant,
}

/// How many hints had been heard at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hints(u64);

/// How far a backlog has been worked off, for as long as searches may begin there.
///
/// While some old transaction is open, a database can clear nothing away, and a search from the start passes the
/// traces of all jobs taken since. What comes to stand before this position meanwhile, such as a staged job, is found
/// by the next search from the start.
#[derive(Clone, Copy, Debug)]
struct Passed {
    position: Position,
    until: Instant,
}

/// From this limit on, half of it is a batch large enough to be worth a call of its own.
const TWO_CALLS_FROM: usize = 50;

/// A search of hundreds of jobs takes some ten milliseconds where no other is in its way.
const SLOW: Duration = Duration::from_millis(20);

/// After a search from the start the next one waits for so many times what it took, so that they cost a tenth of the
/// time at most. Where nothing is in the way of a search that is a few milliseconds.
const PAUSE_FACTOR: u32 = 10;
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Appetite {
    pub(super) fn new() -> Self {
        Self { hungry: true, backlog: false, hints: Hints(0), passed: None, took: Duration::ZERO }
    }

    /// Something says that there is work.
    pub(super) fn hinted(&mut self) {
        self.hungry = true;
        self.hints.0 += 1;
    }

    /// Begins to look.
    pub(super) fn search(&self) -> Search {
        let began = Instant::now();
        let passed = self.passed.filter(|passed| passed.until > began);
        Search { after: passed.map(|passed| passed.position), hints: self.hints, began }
    }

    /// A search was answered. After a full batch there may be more, behind `last`; after a short one only a newer hint
    /// can tell, once the search has begun at the start.
    pub(super) fn fed(&mut self, search: Search, is_full: bool, last: Option<Position>) {
        self.backlog = is_full;
        self.took = search.began.elapsed();
        self.hungry = is_full || search.after.is_some() || search.hints != self.hints;
        self.passed = match last.filter(|_| is_full) {
            Some(last) if search.after.is_none() => {
                let pause = (self.took * PAUSE_FACTOR).min(LONGEST_PAUSE);
                Some(Passed { position: self.furthest(last), until: Instant::now() + pause })
            }
            Some(last) => self.passed.map(|passed| Passed { position: self.furthest(last), ..passed }),
            None => None,
        };
    }

    pub(super) fn is_hungry(&self) -> bool {
        self.hungry
    }

    /// Whether the last fetch brought all it asked for.
    pub(super) fn has_backlog(&self) -> bool {
        self.backlog
    }

    /// Whether the store took long to answer the last search, as it does when many nodes ask.
    pub(super) fn is_store_slow(&self) -> bool {
        self.took > SLOW
    }

    /// Jobs went back to the store, before what has been passed.
    pub(super) fn returned(&mut self) {
        self.hinted();
        self.passed = None;
    }

    /// How many calls a queue may have under way. With two, the jobs of one batch run while the store works on the other.
    pub(super) fn most_calls(&self, limit: usize) -> usize {
        if self.backlog && limit >= TWO_CALLS_FROM { 2 } else { 1 }
    }

    /// Two searches may have been under way.
    fn furthest(&self, last: Position) -> Position {
        self.passed.map_or(last, |passed| passed.position.max(last))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::{Appetite, LONGEST_PAUSE, SLOW};
    use crate::{JobId, Position};

    fn at(id: i64) -> Option<Position> {
        Some(Position { id: JobId(id), ..Position::START })
    }

    async fn searched(took: Duration, last: i64) -> Appetite {
        let mut appetite = Appetite::new();
        let search = appetite.search();
        advance(took).await;
        appetite.fed(search, true, at(last));
        appetite
    }

    #[tokio::test(start_paused = true)]
    async fn goes_on_where_it_was_and_looks_back_now_and_then() {
        let mut appetite = searched(Duration::from_millis(20), 7).await;
        let search = appetite.search();
        assert_eq!(search.after, at(7));
        appetite.fed(search, true, at(9));
        advance(Duration::from_millis(199)).await;
        assert_eq!(appetite.search().after, at(9));
        advance(Duration::from_millis(1)).await;
        assert_eq!(appetite.search().after, None, "ten times what it took");
    }

    #[tokio::test(start_paused = true)]
    async fn finds_the_store_slow_by_the_last_search() {
        assert!(!Appetite::new().is_store_slow(), "before it knows");
        let mut appetite = searched(SLOW + Duration::from_millis(1), 7).await;
        assert!(appetite.is_store_slow());
        let search = appetite.search();
        advance(SLOW).await;
        appetite.fed(search, true, at(9));
        assert!(!appetite.is_store_slow());
    }

    #[tokio::test(start_paused = true)]
    async fn looks_back_at_last_however_long_it_takes() {
        let appetite = searched(Duration::from_mins(1), 7).await;
        advance(LONGEST_PAUSE).await;
        assert_eq!(appetite.search().after, None);
    }

    #[tokio::test(start_paused = true)]
    async fn looks_back_at_once_for_what_was_given_back() {
        let mut appetite = searched(Duration::from_millis(20), 7).await;
        appetite.returned();
        assert_eq!((appetite.is_hungry(), appetite.search().after), (true, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_batch_is_the_end_only_from_the_start() {
        let mut appetite = searched(Duration::from_millis(20), 7).await;
        let search = appetite.search();
        appetite.fed(search, false, at(8));
        assert!(appetite.is_hungry(), "something may have come to stand before");
        let search = appetite.search();
        assert_eq!(search.after, None);
        appetite.fed(search, false, None);
        assert!(!appetite.is_hungry());
    }

    #[tokio::test(start_paused = true)]
    async fn takes_the_furthest_of_two_searches() {
        let mut appetite = searched(Duration::from_millis(20), 7).await;
        let (one, other) = (appetite.search(), appetite.search());
        appetite.fed(other, true, at(30));
        appetite.fed(one, true, at(20));
        assert_eq!(appetite.search().after, at(30));
    }
}
