use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::notifier::Signal;

/// The commands of this node to all that it has obeyed and not heard yet.
///
/// Every node hears all commands in one order, and the last one counts: that makes them agree. This node's own commands
/// take effect here before they are heard. What is heard until then came before them, and must not undo them.
#[derive(Debug, Default)]
pub(super) struct Echoes(Vec<Echo>);

#[derive(Debug)]
struct Echo {
    payload: Value,
    signal: Signal,
    until: Instant,
}

/// A command not heard after so long was lost.
const PATIENCE: Duration = Duration::from_secs(5);

impl Echoes {
    /// This node is about to obey a command, and to send it.
    pub(super) fn expect(&mut self, payload: &Value, signal: &Signal) {
        let until = Instant::now() + PATIENCE;
        self.0.push(Echo { payload: payload.clone(), signal: signal.clone(), until });
    }

    /// Whether what was heard is to be obeyed.
    pub(super) fn admits(&mut self, payload: &Value, signal: &Signal) -> bool {
        let now = Instant::now();
        self.0.retain(|echo| echo.until > now);
        if let Some(at) = self.0.iter().position(|echo| echo.payload == *payload) {
            self.0.remove(at);
        }
        !self.0.iter().any(|echo| echo.signal.overlaps(signal))
    }

    /// Some may never be heard.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Echoes, PATIENCE};
    use crate::notifier::Signal;

    fn pause(queue: &str) -> Signal {
        Signal::Pause { queue: queue.to_owned() }
    }

    fn resume(queue: &str) -> Signal {
        Signal::Resume { queue: queue.to_owned() }
    }

    fn admits(echoes: &mut Echoes, signal: &Signal) -> bool {
        echoes.admits(&signal.payload("any", None), signal)
    }

    fn expect(echoes: &mut Echoes, signal: &Signal) {
        echoes.expect(&signal.payload("any", None), signal);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_before_an_own_command_does_not_undo_it() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, &pause("a"));
        expect(&mut echoes, &resume("a"));
        assert!(!admits(&mut echoes, &pause("a")), "its own first command, which its second has undone");
        assert!(!admits(&mut echoes, &pause("*")), "another's, which comes before its second too");
        assert!(admits(&mut echoes, &pause("b")), "another queue");
        assert!(admits(&mut echoes, &Signal::Stop { queue: "a".to_owned() }), "another setting");
        assert!(admits(&mut echoes, &resume("a")), "its own last command");
        assert!(admits(&mut echoes, &pause("a")), "another's, afterwards");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_echo_is_not_waited_for_long() {
        let mut echoes = Echoes::default();
        expect(&mut echoes, &resume("a"));
        tokio::time::advance(PATIENCE).await;
        assert!(admits(&mut echoes, &pause("a")));
        expect(&mut echoes, &resume("a"));
        echoes.forget();
        assert!(admits(&mut echoes, &pause("a")));
    }
}
