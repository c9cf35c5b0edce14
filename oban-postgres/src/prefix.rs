use oban_core::{Channel, Error, Result};

/// `<prefix>.oban_<channel>` has to fit into an identifier of 63 bytes, also for Oban's `signal`.
const LONGEST: usize = 63 - ".oban_signal".len();

/// The schema that holds the tables; part of the names of channels too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// Checks a name. Dots would confuse Oban's listeners, which split channels at the first one.
    pub(crate) fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let problem = if name.is_empty() {
            "is empty".to_owned()
        } else if name.len() > LONGEST {
            format!("has {} bytes; at most {LONGEST} are allowed", name.len())
        } else if let Some(wrong) =
            name.chars().find(|letter| !letter.is_alphanumeric() && !matches!(letter, '_' | '-'))
        {
            format!("contains {wrong:?}; use letters, digits, underscores and dashes")
        } else {
            return Ok(Self(name));
        };
        Err(Error::invalid("prefix", format!("prefix {name:?} {problem}")))
    }

    /// The bare name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it stands in SQL.
    pub(crate) fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }

    /// The name of a channel on the wire.
    pub(crate) fn channel(&self, channel: Channel) -> String {
        format!("{}.oban_{channel}", self.0)
    }

    /// The channel of a name on the wire, if it is one of ours.
    pub(crate) fn parse_channel(&self, name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| self.channel(*channel) == name)
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("public".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Prefix;
    use oban_core::Channel;

    #[test]
    fn accepts_what_fits_into_an_identifier() {
        let prefix = Prefix::new("Müller-1_x").unwrap();
        assert_eq!(prefix.quoted(), "\"Müller-1_x\"");
        assert_eq!(prefix.channel(Channel::Insert), "Müller-1_x.oban_insert");
        assert_eq!(prefix.parse_channel("Müller-1_x.oban_leader"), Some(Channel::Leader));
        assert_eq!(prefix.parse_channel("public.oban_leader"), None);
        Prefix::new("p".repeat(51)).unwrap();
    }

    #[test]
    fn refuses_the_rest_by_name() {
        for (name, part) in [("", "empty"), ("a.b", "'.'"), ("a\"b", "'\"'"), ("a'b", "'\\''"), ("$", "'$'")]
        {
            let error = Prefix::new(name).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(Prefix::new("p".repeat(52)).unwrap_err().to_string().contains("51"));
    }
}
