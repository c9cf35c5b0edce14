//! `replace(scheduled(priority), any(tags))`: what a stored job takes from its duplicate.

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

/// Stands for every state; so does a field alone.
const ANY: &str = "any";

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
    let mut seen = Vec::new();
    let mut rules = Vec::new();
    for entry in entries(list) {
        let Some(Entry { key, value }) = mistakes.sift(entry) else { continue };
        let word = Word { name: key.to_string(), span: key.span() };
        if seen.contains(&word.name) {
            mistakes.add(REPLACE.twice(&word));
            continue;
        }
        seen.push(word.name.clone());
        rules.extend(rule(word, value, &mut mistakes));
    }
    mistakes.or(Replace(rules))
}

fn rule(word: Word, value: Value, mistakes: &mut Mistakes) -> Option<(Option<String>, Vec<Word>)> {
    let name = word.name.as_str();
    let is_field = FIELDS.iter().any(|(field, _)| *field == name);
    let is_state = name == ANY || STATES.iter().any(|(state, _)| *state == name);
    match value {
        Value::Missing if is_field => return Some((None, vec![word])),
        Value::Missing if is_state => {
            let message =
                format!("`{name}` is no field: say what is replaced then, as in `{name}(priority)`");
            mistakes.add(Error::new(word.span, message));
        }
        Value::Missing => _ = mistakes.sift(REPLACE.choice(&word, &FIELDS)),
        value if is_state => {
            let fields = REPLACE.choices(word.span, value, &FIELDS, mistakes)?;
            return Some(((name != ANY).then(|| name.to_owned()), fields));
        }
        _ if is_field => {
            let message =
                format!("`{name}` is a field: write it alone, or in a state, as in `scheduled({name})`");
            mistakes.add(Error::new(word.span, message));
        }
        _ => {
            let states = STATES.iter().map(|(state, _)| *state).chain([ANY]);
            mistakes.add(unknown(&word, &format!("`replace` knows no state `{name}`"), states));
        }
    }
    None
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
