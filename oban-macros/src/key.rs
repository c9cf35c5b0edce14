//! The keys of `#[job(..)]`.

use proc_macro2::TokenTree;
use syn::Error;

/// What `#[job(..)]` can be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    Queue,
    MaxAttempts,
    Priority,
    Tags,
    Meta,
    Cron,
    Timezone,
    CatchUp,
    Unique,
    Replace,
    Worker,
    Aliases,
    Crate,
}

impl Key {
    const ALL: [Self; 13] = [
        Self::Queue,
        Self::MaxAttempts,
        Self::Priority,
        Self::Tags,
        Self::Meta,
        Self::Cron,
        Self::Timezone,
        Self::CatchUp,
        Self::Unique,
        Self::Replace,
        Self::Worker,
        Self::Aliases,
        Self::Crate,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::MaxAttempts => "max_attempts",
            Self::Priority => "priority",
            Self::Tags => "tags",
            Self::Meta => "meta",
            Self::Cron => "cron",
            Self::Timezone => "timezone",
            Self::CatchUp => "catch_up",
            Self::Unique => "unique",
            Self::Replace => "replace",
            Self::Worker => "worker",
            Self::Aliases => "aliases",
            Self::Crate => "crate",
        }
    }

    /// How the key is written, for messages.
    pub(crate) fn example(self) -> &'static str {
        match self {
            Self::Queue => r#"queue = "mailers""#,
            Self::MaxAttempts => "max_attempts = 3",
            Self::Priority => "priority = 1",
            Self::Tags => r#"tags("billing", "eu")"#,
            Self::Meta => r#"meta(team = "growth")"#,
            Self::Cron => r#"cron = "0 9 * * MON-FRI""#,
            Self::Timezone => r#"timezone = "Europe/Berlin""#,
            Self::CatchUp => r#"catch_up = "1h""#,
            Self::Unique => r#"unique(period = "60s")"#,
            Self::Replace => "replace(scheduled(priority))",
            Self::Worker => r#"worker = "MyApp.Mailer""#,
            Self::Aliases => r#"aliases("OldName")"#,
            Self::Crate => r#"crate = "my_app::oban""#,
        }
    }

    /// Reads a key, or says which there are and which was probably meant.
    pub(crate) fn read(token: &TokenTree) -> syn::Result<Self> {
        let TokenTree::Ident(ident) = token else {
            let message = format!("expected a key, not `{token}`; {}", allowed());
            return Err(Error::new(token.span(), message));
        };
        let written = ident.to_string();
        Self::ALL.into_iter().find(|key| key.name() == written).ok_or_else(|| {
            let hint = nearest(&written, &Self::ALL.map(Self::name));
            let hint = hint.map(|name| format!(" Did you mean `{name}`?"));
            let message = format!("unknown key `{written}`.{} {}", hint.unwrap_or_default(), allowed());
            Error::new(ident.span(), message)
        })
    }
}

fn allowed() -> String {
    let names: Vec<_> = Key::ALL.iter().map(|key| format!("`{}`", key.name())).collect();
    format!("allowed: {}", names.join(", "))
}

/// The name that differs in at most every third letter, or else the first that holds what was written, or is held by it.
pub(crate) fn nearest<'a>(written: &str, names: &[&'a str]) -> Option<&'a str> {
    let similar = names.iter().min_by_key(|name| distance(written, name));
    let similar = similar.filter(|name| distance(written, name) <= written.len().max(3) / 3);
    let holds = |name: &&&str| {
        written.len() > 2 && name.len() > 1 && (name.contains(written) || written.contains(**name))
    };
    similar.or_else(|| names.iter().find(holds)).copied()
}

/// Letters to add, drop or replace to get from one word to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, other) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Key, distance};
    use crate::mistakes::messages;
    use proc_macro2::{Ident, Span, TokenTree};

    fn nearest(written: &str) -> Option<Key> {
        let name = super::nearest(written, &Key::ALL.map(Key::name))?;
        Key::ALL.into_iter().find(|key| key.name() == name)
    }

    fn read(word: &str) -> syn::Result<Key> {
        Key::read(&TokenTree::Ident(Ident::new(word, Span::call_site())))
    }

    #[test]
    fn each_key_reads_back_and_shows_itself() {
        for key in Key::ALL {
            assert_eq!(read(key.name()).unwrap(), key);
            assert!(key.example().starts_with(key.name()));
        }
    }

    #[test]
    fn an_unknown_key_lists_the_allowed_ones() {
        assert_eq!(
            messages(read("queu")),
            ["unknown key `queu`. Did you mean `queue`? \
              allowed: `queue`, `max_attempts`, `priority`, `tags`, `meta`, `cron`, `timezone`, `catch_up`, \
              `unique`, `replace`, `worker`, `aliases`, `crate`"]
        );
        assert_eq!(
            messages(read("colour")),
            ["unknown key `colour`. \
              allowed: `queue`, `max_attempts`, `priority`, `tags`, `meta`, `cron`, `timezone`, `catch_up`, \
              `unique`, `replace`, `worker`, `aliases`, `crate`"]
        );
    }

    #[test]
    fn suggestions_are_near_or_absent() {
        assert_eq!(nearest("attempts"), Some(Key::MaxAttempts));
        assert_eq!(nearest("max_atempts"), Some(Key::MaxAttempts));
        assert_eq!(nearest("prio"), Some(Key::Priority));
        assert_eq!(nearest("tag"), Some(Key::Tags));
        assert_eq!(nearest("workers"), Some(Key::Worker));
        assert_eq!(nearest("metadata"), Some(Key::Meta));
        assert_eq!(nearest("alias"), Some(Key::Aliases));
        assert_eq!(nearest("crontab"), Some(Key::Cron));
        assert_eq!(nearest("time_zone"), Some(Key::Timezone));
        assert_eq!(nearest("uniq"), Some(Key::Unique));
        assert_eq!(nearest("x"), None);
        assert_eq!(super::nearest("usr_id", &["id", "user_id"]), Some("user_id"));
        assert_eq!(super::nearest("colour", &["c"]), None);
    }

    #[test]
    fn distance_counts_changed_letters() {
        assert_eq!(distance("queue", "queue"), 0);
        assert_eq!(distance("", "meta"), 4);
        assert_eq!(distance("quue", "queue"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
