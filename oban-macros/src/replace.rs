//! `replace(scheduled(priority), tags)`: what a stored job takes from its duplicate.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Error;

use crate::entry::{Entry, Value, entries};
use crate::key::Key;
use crate::mistakes::Mistakes;
use crate::states::{STATES, variant};
use crate::words::{Subject, Word, unknown};

const FIELDS: [(&str, &str); 8] = [
    ("args", "Args"),
    ("max_attempts", "MaxAttempts"),
    ("meta", "Meta"),
    ("priority", "Priority"),
    ("queue", "Queue"),
    ("scheduled_at", "ScheduledAt"),
    ("tags", "Tags"),
    ("worker", "Worker"),
];

const REPLACE: Subject = Subject { name: "replace", example: "replace(scheduled(priority))" };

/// Fields by the state in which they are replaced; `None` for any.
#[derive(Debug)]
pub(crate) struct Replace(Vec<(Option<String>, Vec<Word>)>);

/// The value of the key `replace`; every mistake in it is reported.
pub(crate) fn replace(span: Span, value: Value) -> syn::Result<Replace> {
    let list = match value {
        Value::Listed(list) if !list.is_empty() => list,
        Value::Missing | Value::Listed(_) => return Err(REPLACE.missing(span)),
        Value::Assigned(tokens) => {
            let message = format!("`replace` takes fields in parentheses: `{}`", Key::Replace.example());
            return Err(Error::new_spanned(tokens, message));
        }
    };
    let mut mistakes = Mistakes::default();
    let mut rules = Vec::new();
    for entry in entries(list) {
        let Some(Entry { key, value }) = mistakes.sift(entry) else { continue };
        let word = Word { name: key.to_string(), span: key.span() };
        rules.extend(mistakes.sift(rule(word, value)));
    }
    mistakes.or(Replace(rules))
}

fn rule(word: Word, value: Value) -> syn::Result<(Option<String>, Vec<Word>)> {
    let is_state = STATES.iter().any(|(name, _)| *name == word.name);
    if let Value::Missing = value {
        if is_state {
            let message =
                format!("`{0}` is a state: say what is replaced in it, as in `{0}(priority)`", word.name);
            return Err(Error::new(word.span, message));
        }
        REPLACE.choice(&word, &FIELDS)?;
        return Ok((None, vec![word]));
    }
    if !is_state {
        let what = format!("`replace` knows no state `{}`", word.name);
        return Err(unknown(&word, &what, STATES.iter().map(|(name, _)| *name)));
    }
    let words = REPLACE.words(word.span, value)?;
    let mut mistakes = Mistakes::default();
    for word in &words {
        mistakes.sift(REPLACE.choice(word, &FIELDS));
    }
    Ok((Some(word.name), mistakes.or(words)?))
}

impl Replace {
    /// A call of `NewJob::replace`.
    pub(crate) fn expression(&self, private: &TokenStream) -> TokenStream {
        let fields = |words: &[Word]| -> Vec<TokenStream> {
            let names = words.iter().map(|word| variant(&FIELDS, &word.name));
            names.map(|name| quote!(#private::ReplaceField::#name)).collect()
        };
        let always = self.0.iter().filter(|(state, _)| state.is_none()).flat_map(|(_, words)| fields(words));
        let by_state = self.0.iter().filter_map(|(state, words)| {
            let (state, fields) = (variant(&STATES, state.as_deref()?), fields(words));
            Some(quote!(.in_state(#private::JobState::#state, [#(#fields),*])))
        });
        quote!(.replace(#private::Replace::always([#(#always),*]) #(#by_state)*))
    }
}
