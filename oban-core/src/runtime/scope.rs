use crate::{Error, Result, job::validate};

/// The nodes that a command to queues is for.
///
/// This node obeys before the call returns; others are told, and obey within moments if they hear it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Every node on this store that runs the queue, whatever the name of its instance and its language.
    #[default]
    All,
    /// This node alone. Nobody else is told.
    Local,
    /// The nodes of this instance that have this name.
    Node(&'a str),
}

/// A queue, and on which nodes: `"mailers"` means on all, `("mailers", Scope::Local)` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    pub(super) queue: &'a str,
    pub(super) scope: Scope<'a>,
}

impl Scope<'_> {
    pub(super) fn includes(self, node: &str) -> bool {
        match self {
            Self::All | Self::Local => true,
            Self::Node(name) => name == node,
        }
    }

    pub(super) fn validate(self, operation: &'static str) -> Result<()> {
        let mut problems = Vec::new();
        if let Self::Node(name) = self {
            validate::name("node", name, &mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::invalid(operation, problems.join("; "))) }
    }
}

impl Target<'_> {
    pub(super) fn validate(self, operation: &'static str) -> Result<()> {
        let mut problems = Vec::new();
        validate::name("queue", self.queue, &mut problems);
        if self.queue == "*" {
            problems.push(
                "queue \"*\" means all queues to other nodes; use pause_all_queues or resume_all_queues"
                    .to_owned(),
            );
        }
        if !problems.is_empty() {
            return Err(Error::invalid(operation, problems.join("; ")));
        }
        self.scope.validate(operation)
    }
}

impl<'a> From<&'a str> for Target<'a> {
    fn from(queue: &'a str) -> Self {
        Self { queue, scope: Scope::All }
    }
}

impl<'a> From<&'a String> for Target<'a> {
    fn from(queue: &'a String) -> Self {
        Self { queue, scope: Scope::All }
    }
}

impl<'a> From<(&'a str, Scope<'a>)> for Target<'a> {
    fn from((queue, scope): (&'a str, Scope<'a>)) -> Self {
        Self { queue, scope }
    }
}
