//! `unique(period = "60s", keys("user_id"))`: what makes a job of this kind a duplicate.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, LitStr};

use crate::args;
use crate::entry::{Entry, Value, entries};
use crate::key::{Key, nearest};
use crate::mistakes::Mistakes;
use crate::states::{States, variant};
use crate::words::{Subject, Word, unknown};

const PERIOD: Subject = Subject { name: "period", example: "period = \"60s\"" };
const FIELDS: Subject = Subject { name: "fields", example: "fields(args, queue)" };
const KEYS: Subject = Subject { name: "keys", example: "keys(\"user_id\")" };
const STATES: Subject = Subject { name: "states", example: "states = \"incomplete\"" };
const TIMESTAMP: Subject = Subject { name: "timestamp", example: "timestamp = \"scheduled_at\"" };
const UNIQUE: Subject = Subject { name: "unique", example: "unique(period = \"60s\")" };
const OPTIONS: [Subject; 5] = [PERIOD, FIELDS, KEYS, STATES, TIMESTAMP];

const FIELD_NAMES: [(&str, &str); 4] =
    [("args", "Args"), ("meta", "Meta"), ("queue", "Queue"), ("worker", "Worker")];
const TIMESTAMPS: [(&str, &str); 2] = [("inserted_at", "InsertedAt"), ("scheduled_at", "ScheduledAt")];

/// A period without an end.
const FOREVER: &str = "infinity";

/// What was said of uniqueness. What was not has the defaults of `oban::Unique`.
#[derive(Debug, Default)]
pub(crate) struct Unique {
    period: Option<LitStr>,
    fields: Option<Vec<Word>>,
    keys: Vec<Word>,
    states: Option<States>,
    timestamp: Option<&'static str>,
}

/// The value of the key `unique`; every mistake in it is reported, and what is right is handed on, to be held to the struct.
pub(crate) fn unique(span: Span, value: Value, mistakes: &mut Mistakes) -> Option<Unique> {
    let list = match value {
        Value::Missing => return Some(Unique::default()),
        Value::Listed(list) if list.is_empty() => {
            let message = format!("`unique` is empty: write it alone, or `{}`", Key::Unique.example());
            mistakes.add(Error::new(span, message));
            return None;
        }
        Value::Listed(list) => list,
        Value::Assigned(tokens) => {
            let message = format!("`unique` stands alone, or takes options: `{}`", Key::Unique.example());
            mistakes.add(Error::new_spanned(tokens, message));
            return None;
        }
    };
    let mut unique = Unique::default();
    let mut seen: Vec<&str> = Vec::new();
    for entry in entries(list) {
        let Some(Entry { key, value }) = mistakes.sift(entry) else { continue };
        let word = Word { name: key.to_string(), span: key.span() };
        let Some(option) = OPTIONS.into_iter().find(|option| option.name == word.name) else {
            let what = format!("`unique` has no option `{}`", word.name);
            mistakes.add(unknown(&word, &what, OPTIONS.iter().map(|option| option.name)));
            continue;
        };
        if seen.contains(&option.name) {
            mistakes.add(UNIQUE.twice(&word));
            continue;
        }
        seen.push(option.name);
        unique.set(option, word.span, value, mistakes);
    }
    // With fields that are wrong, nobody knows what the keys are of.
    if seen.contains(&FIELDS.name) && unique.fields.is_none() {
        unique.keys.clear();
    }
    mistakes.sift(unique.check());
    Some(unique)
}

impl Unique {
    fn set(&mut self, option: Subject, span: Span, value: Value, mistakes: &mut Mistakes) {
        match option.name {
            "period" => self.period = mistakes.sift(period(span, value)),
            "fields" => self.fields = option.choices(span, value, &FIELD_NAMES, mistakes),
            "keys" => {
                for key in option.words(span, value, mistakes) {
                    if key.name.trim().is_empty() {
                        mistakes.add(Error::new(key.span, "a key is blank: remove it, or name it"));
                    } else {
                        self.keys.push(key);
                    }
                }
            }
            "states" => self.states = mistakes.sift(States::read(option, span, value)),
            _ => {
                let word = option.only(span, value).and_then(|word| option.choice(&word, &TIMESTAMPS));
                self.timestamp = mistakes.sift(word);
            }
        }
    }

    fn has(&self, field: &str) -> bool {
        match &self.fields {
            Some(fields) => fields.iter().any(|word| word.name == field),
            None => field != "meta",
        }
    }

    fn check(&self) -> syn::Result<()> {
        match self.keys.first() {
            Some(key) if !self.has("args") && !self.has("meta") => Err(Error::new(
                key.span,
                "`keys` are those of args or meta, and neither is among the `fields`: add one, or remove the keys",
            )),
            _ => Ok(()),
        }
    }

    /// Keys that serde does not give the args. Where they may be those of meta, or serde's attributes do not tell,
    /// there are none.
    pub(crate) fn strange_keys(&self, input: &DeriveInput) -> Vec<Error> {
        let names = args::keys(input).filter(|_| self.has("args") && !self.has("meta"));
        let Some(names) = names else { return Vec::new() };
        let strange = self.keys.iter().filter(|key| !names.contains(&key.name));
        let remark = |key: &Word| {
            if names.is_empty() {
                let message =
                    format!("`{}` has no args, and so no key `{}`: remove it", input.ident, key.name);
                return Error::new(key.span, message);
            }
            let what = format!("the args of `{}` have no key `{}`", input.ident, key.name);
            unknown(key, &what, names.iter().map(String::as_str))
        };
        strange.map(remark).collect()
    }

    /// States that let duplicates in.
    pub(crate) fn gap(&self) -> Option<Error> {
        self.states.as_ref()?.gap()
    }

    /// A call of `NewJob::unique`.
    pub(crate) fn expression(&self, private: &TokenStream) -> TokenStream {
        let fields = self.fields.iter().map(|words| {
            let fields = words.iter().map(|word| variant(&FIELD_NAMES, &word.name));
            quote!(.fields([#(#private::UniqueField::#fields),*]))
        });
        let keys = self.keys.iter().map(|key| &key.name).collect::<Vec<_>>();
        let keys = (!keys.is_empty()).then(|| quote!(.keys([#(#keys),*]))).into_iter();
        let states = self.states.iter().map(|states| states.expression(private));
        let states = states.map(|states| quote!(.states(#states)));
        let timestamp = self.timestamp.iter().map(|name| proc_macro2::Ident::new(name, Span::call_site()));
        let timestamp = timestamp.map(|name| quote!(.timestamp(#private::UniqueTimestamp::#name)));
        let options: TokenStream = fields.chain(keys).chain(states).chain(timestamp).collect();
        let unique = quote!(#private::Unique);
        let unique = match &self.period {
            None => quote!(<#unique as ::core::default::Default>::default()),
            Some(period) if is_forever(period) => quote!(#unique::forever()),
            Some(period) => quote!(#unique::within(#period)),
        };
        quote!(.unique(#unique #options))
    }

    /// A constant that holds if the period is one, as for `catch_up`.
    pub(crate) fn check_period(&self, private: &TokenStream) -> Option<TokenStream> {
        let period = self.period.as_ref().filter(|period| !is_forever(period))?;
        Some(quote_spanned! {period.span()=>
            const _: () = match #private::Period::parse(#period) {
                ::core::result::Result::Ok(period) if period.as_duration().is_zero() => {
                    ::core::panic!("a period of 0 finds nothing; use a longer one, or \"infinity\"")
                }
                ::core::result::Result::Ok(_) => {}
                ::core::result::Result::Err(error) => ::core::panic!("{}", error.reason()),
            };
        })
    }
}

fn is_forever(period: &LitStr) -> bool {
    period.value() == FOREVER
}

/// A text; whether it is a period, the compiler finds out.
fn period(span: Span, value: Value) -> syn::Result<LitStr> {
    let Value::Assigned(tokens) = value else { return Err(PERIOD.missing(span)) };
    let period: LitStr = syn::parse2(tokens.clone())
        .map_err(|_| Error::new_spanned(tokens, format!("`period` takes a string: `{}`", PERIOD.example)))?;
    if !is_forever(&period) && nearest(&period.value(), &[FOREVER]).is_some() {
        let message = format!("{:?} is no period. Did you mean {FOREVER:?}?", period.value());
        return Err(Error::new(period.span(), message));
    }
    Ok(period)
}
