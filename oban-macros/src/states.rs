//! Job states by name, and which lists of them leave a gap.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::Error;

use crate::entry::Value;
use crate::mistakes::Mistakes;
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

/// The states a job passes on its way to its end, and what it does in each.
const PASSED: [(&str, &str); 4] = [
    ("scheduled", "waits for its time"),
    ("available", "waits for a free slot"),
    ("executing", "runs"),
    ("retryable", "waits for its next attempt"),
];

/// The states of a list, or a group of them.
#[derive(Debug)]
pub(crate) enum States {
    Group(&'static str),
    List(Vec<Word>),
}

impl States {
    /// A group or a list of states; every mistake in it is reported.
    pub(crate) fn read(subject: Subject, span: Span, value: Value) -> syn::Result<Self> {
        let mut mistakes = Mistakes::default();
        let words = subject.words(span, value, &mut mistakes);
        let group = |word: &Word| GROUPS.into_iter().find(|(name, _)| *name == word.name);
        if let [word] = words.as_slice()
            && let Some((_, group)) = group(word)
        {
            return mistakes.or(Self::Group(group));
        }
        let groups = if words.len() == 1 { GROUPS.as_slice() } else { &[] };
        let allowed = [STATES.as_slice(), groups].concat();
        for word in &words {
            if group(word).is_some() {
                let message =
                    format!("`{}` is a group of states: name it alone, or list single states", word.name);
                mistakes.add(Error::new(word.span, message));
            } else {
                mistakes.sift(subject.choice(word, &allowed));
            }
        }
        mistakes.or(Self::List(words))
    }

    /// An expression of type `oban::UniqueStates`.
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

    /// Why duplicates get in although these states seem to keep them out, if they do: a job is in a state before the last
    /// one of the list that is not in it, or fails and runs again, unseen in between. Waiting jobs alone are no gap.
    pub(crate) fn gap(&self) -> Option<Error> {
        let Self::List(words) = self else { return None };
        let has = |state: &str| words.iter().any(|word| word.name == state);
        let until = STATES.iter().rposition(|(state, _)| has(state))?;
        let before = |state: &str| STATES[..until].iter().any(|(earlier, _)| *earlier == state);
        let runs_again = |state: &str| state == "retryable" && has("executing");
        let (names, unseen): (Vec<_>, Vec<_>) = PASSED
            .into_iter()
            .filter(|(state, _)| !has(state) && (before(state) || runs_again(state)))
            .map(|(state, does)| (format!("`{state}`"), format!("while it {does}")))
            .unzip();
        let span = words.first().filter(|_| !names.is_empty())?.span;
        let message = format!(
            "a job passes {}, which these states lack: its duplicates are let in {}. Add what is missing",
            names.join(" and "),
            unseen.join(" and "),
        );
        Some(Error::new(span, message))
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
    use crate::entry::Value;
    use crate::words::Subject;
    use proc_macro2::{Span, TokenStream};

    fn gap(list: &str) -> Option<String> {
        let list: TokenStream = list.parse().unwrap();
        let subject = Subject { name: "states", example: "" };
        let states = States::read(subject, Span::call_site(), Value::Listed(list)).unwrap();
        states.gap().map(|remark| remark.to_string())
    }

    #[test]
    fn groups_and_lists_that_see_a_job_all_the_way_have_no_gap() {
        for list in [
            "all",
            "incomplete",
            "successful",
            "scheduled",
            "suspended",
            "available, scheduled",
            "scheduled, available, executing, retryable",
            "scheduled, available, executing, retryable, completed",
            "cancelled, retryable, executing, available, scheduled",
        ] {
            assert_eq!(gap(list), None, "{list}");
        }
    }

    #[test]
    fn gaps_are_where_a_job_is_unseen_on_its_way() {
        for (list, missing) in [
            ("available", "`scheduled`,"),
            ("executing", "`scheduled` and `available` and `retryable`,"),
            ("scheduled, available, executing", "`retryable`,"),
            ("available, executing, retryable", "`scheduled`,"),
            ("scheduled, available, retryable", "`executing`,"),
            ("completed", "`scheduled` and `available` and `executing` and `retryable`,"),
            ("scheduled, available, executing, discarded", "`retryable`,"),
        ] {
            let gap = gap(list).unwrap();
            assert!(gap.starts_with(&format!("a job passes {missing} which")), "{list}: {gap}");
        }
        let gap = gap("available, scheduled, completed").unwrap();
        assert!(gap.contains("let in while it runs and while it waits for its next attempt."), "{gap}");
    }
}
