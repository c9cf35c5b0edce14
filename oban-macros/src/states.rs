//! Job states by name, and which lists of them leave a gap.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Error;

use crate::words::{Subject, Word};

/// The states as they are stored, and their names in code, in the order of a job's life.
pub(crate) const STATES: [(&str, &str); 8] = [
    ("suspended", "Suspended"),
    ("scheduled", "Scheduled"),
    ("available", "Available"),
    ("executing", "Executing"),
    ("retryable", "Retryable"),
    ("completed", "Completed"),
    ("discarded", "Discarded"),
    ("cancelled", "Cancelled"),
];

/// Groups of states, and their names in code. `scheduled` is one as well, and means the same as the state.
const GROUPS: [(&str, &str); 3] =
    [("all", "All"), ("incomplete", "Incomplete"), ("successful", "Successful")];

/// The states of a list, or a group of them.
#[derive(Debug)]
pub(crate) enum States {
    Group(&'static str),
    List(Vec<Word>),
}

impl States {
    pub(crate) fn read(subject: Subject, words: Vec<Word>) -> syn::Result<Self> {
        if let [word] = words.as_slice()
            && let Some((_, group)) = GROUPS.iter().find(|(name, _)| *name == word.name)
        {
            return Ok(Self::Group(group));
        }
        let mut allowed = STATES.to_vec();
        if words.len() == 1 {
            allowed.extend(GROUPS);
        }
        let mut mistakes = crate::mistakes::Mistakes::default();
        for word in &words {
            if words.len() > 1 && GROUPS.iter().any(|(name, _)| *name == word.name) {
                let message =
                    format!("`{}` is a group of states: name it alone, or list single states", word.name);
                mistakes.add(Error::new(word.span, message));
                continue;
            }
            mistakes.sift(subject.choice(word, &allowed));
        }
        mistakes.or(Self::List(words))
    }

    /// An expression that lists the states.
    pub(crate) fn expression(&self, private: &TokenStream) -> TokenStream {
        match self {
            Self::Group(group) => {
                let group = Ident::new(group, Span::call_site());
                quote!(#private::UniqueStates::#group)
            }
            Self::List(words) => {
                let states = words.iter().map(|word| variant(&STATES, &word.name));
                quote!(#private::UniqueStates::List(::std::vec![#(#private::JobState::#states),*]))
            }
        }
    }

    /// Why duplicates get in although these states seem to keep them out, if they do.
    pub(crate) fn gap(&self) -> Option<(Span, String)> {
        let Self::List(words) = self else { return None };
        let has = |name: &str| words.iter().any(|word| word.name == name);
        let span = words.first()?.span;
        if !["suspended", "scheduled", "available"].into_iter().any(has) {
            let note = "a job is available or scheduled when it is inserted, and neither is among these states: \
                        its duplicates are let in until it runs";
            return Some((span, note.to_owned()));
        }
        let is_for_finished = ["completed", "discarded", "cancelled"].into_iter().any(has);
        let missing =
            ["scheduled", "available", "executing", "retryable"].into_iter().filter(|name| !has(name));
        let missing: Vec<&str> = missing.collect();
        if !is_for_finished || missing.is_empty() {
            return None;
        }
        let note = format!(
            "these states go on to finished jobs, but lack {}: duplicates are let in while a job is in between",
            missing.join(" and ")
        );
        Some((span, note))
    }
}

/// The name in code for a stored name.
pub(crate) fn variant(names: &[(&str, &str)], stored: &str) -> Option<Ident> {
    let (_, name) = names.iter().find(|(name, _)| *name == stored)?;
    Some(Ident::new(name, Span::call_site()))
}

#[cfg(test)]
mod tests {
    use super::States;
    use crate::words::{Subject, Word};
    use proc_macro2::Span;

    fn gap(names: &[&str]) -> Option<String> {
        let subject = Subject { name: "states", example: "" };
        let word = |name: &&str| Word { name: (*name).to_owned(), span: Span::call_site() };
        States::read(subject, names.iter().map(word).collect()).unwrap().gap().map(|(_, note)| note)
    }

    #[test]
    fn gaps_are_where_a_job_begins_and_between_its_states() {
        for names in [
            &["all"][..],
            &["incomplete"],
            &["successful"],
            &["scheduled"],
            &["available", "scheduled", "retryable"],
            &["suspended"],
            &["scheduled", "available", "executing", "retryable", "completed"],
        ] {
            assert_eq!(gap(names), None, "{names:?}");
        }
        for names in [&["executing"][..], &["completed"], &["retryable", "executing"]] {
            assert!(gap(names).unwrap().contains("when it is inserted"), "{names:?}");
        }
        let note = gap(&["available", "scheduled", "completed"]).unwrap();
        assert!(note.contains("lack executing and retryable"), "{note}");
    }
}
