//! `unique(period = "60s", keys("user_id"))`: what makes a job of this kind a duplicate.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitStr};

use crate::entry::{Entry, Value, entries};
use crate::key::Key;
use crate::mistakes::Mistakes;
use crate::states::{States, variant};
use crate::words::{Subject, Word, unknown};

const PERIOD: Subject = Subject { name: "period", example: "period = \"60s\"" };
const FIELDS: Subject = Subject { name: "fields", example: "fields(args, queue)" };
const KEYS: Subject = Subject { name: "keys", example: "keys(\"user_id\")" };
const STATES: Subject = Subject { name: "states", example: "states = \"incomplete\"" };
const TIMESTAMP: Subject = Subject { name: "timestamp", example: "timestamp = \"scheduled_at\"" };
const OPTIONS: [Subject; 5] = [PERIOD, FIELDS, KEYS, STATES, TIMESTAMP];

const FIELD_NAMES: [(&str, &str); 4] =
    [("args", "Args"), ("meta", "Meta"), ("queue", "Queue"), ("worker", "Worker")];
const TIMESTAMPS: [(&str, &str); 2] = [("inserted_at", "InsertedAt"), ("scheduled_at", "ScheduledAt")];

/// What was said of uniqueness. What was not has the defaults of `oban::Unique`.
#[derive(Debug, Default)]
pub(crate) struct Unique {
    period: Option<LitStr>,
    fields: Option<Vec<Word>>,
    keys: Vec<Word>,
    states: Option<States>,
    timestamp: Option<&'static str>,
}

/// The value of the key `unique`; every mistake in it is reported.
pub(crate) fn unique(span: Span, value: Value) -> syn::Result<Unique> {
    let list = match value {
        Value::Missing => return Ok(Unique::default()),
        Value::Listed(list) if list.is_empty() => {
            let message = format!("`unique` is empty: write it alone, or `{}`", Key::Unique.example());
            return Err(Error::new(span, message));
        }
        Value::Listed(list) => list,
        Value::Assigned(tokens) => {
            let message = format!("`unique` stands alone, or takes options: `{}`", Key::Unique.example());
            return Err(Error::new_spanned(tokens, message));
        }
    };
    let mut mistakes = Mistakes::default();
    let mut unique = Unique::default();
    let mut seen: Vec<&str> = Vec::new();
    for entry in entries(list) {
        let Some(Entry { key, value }) = mistakes.sift(entry) else { continue };
        let (span, name) = (key.span(), key.to_string());
        let Some(option) = OPTIONS.iter().find(|option| option.name == name) else {
            let word = Word { name, span };
            let what = format!("`unique` has no option `{}`", word.name);
            mistakes.add(unknown(&word, &what, OPTIONS.iter().map(|option| option.name)));
            continue;
        };
        if seen.contains(&option.name) {
            mistakes.add(Error::new(span, format!("`{name}` is given twice in `unique`: keep one")));
            continue;
        }
        seen.push(option.name);
        mistakes.sift(unique.set(*option, span, value));
    }
    mistakes.sift(unique.check());
    mistakes.or(unique)
}

impl Unique {
    fn set(&mut self, option: Subject, span: Span, value: Value) -> syn::Result<()> {
        match option.name {
            "period" => self.period = Some(period(span, value)?),
            "fields" => {
                let words = option.words(span, value)?;
                let mut mistakes = Mistakes::default();
                for word in &words {
                    mistakes.sift(option.choice(word, &FIELD_NAMES));
                }
                self.fields = Some(mistakes.or(words)?);
            }
            "keys" => {
                self.keys = option.words(span, value)?;
                if let Some(blank) = self.keys.iter().find(|key| key.name.trim().is_empty()) {
                    return Err(Error::new(blank.span, "a key is blank: remove it, or name it"));
                }
            }
            "states" => self.states = Some(States::read(option, option.words(span, value)?)?),
            _ => self.timestamp = Some(option.choice(&option.only(span, value)?, &TIMESTAMPS)?),
        }
        Ok(())
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

    /// Reports keys that the struct has no field for. Where serde may rename a field, or keys may be those of meta,
    /// there is no telling.
    pub(crate) fn check_keys(&self, input: &DeriveInput, mistakes: &mut Mistakes) {
        let is_serde = |attribute: &Attribute| attribute.path().is_ident("serde");
        let Data::Struct(data) = &input.data else { return };
        let Fields::Named(fields) = &data.fields else { return };
        let attributes = fields.named.iter().flat_map(|field| &field.attrs).chain(&input.attrs);
        if self.has("meta") || attributes.into_iter().any(is_serde) {
            return;
        }
        let names = fields.named.iter().filter_map(|field| field.ident.as_ref());
        let names: Vec<String> = names.map(|name| name.unraw().to_string()).collect();
        for key in self.keys.iter().filter(|key| !names.contains(&key.name)) {
            let what = format!("`{}` has no field `{}`", input.ident, key.name);
            mistakes.add(unknown(key, &what, names.iter().map(String::as_str)));
        }
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

    /// What makes the compiler warn of states with a gap. A macro has no warnings of its own on stable Rust, so a
    /// deprecated constant is used where the states stand. `#[allow(deprecated)]` on the struct counts for it too.
    pub(crate) fn warning(&self, input: &DeriveInput) -> TokenStream {
        let Some((span, note)) = self.states.as_ref().and_then(States::gap) else {
            return TokenStream::new();
        };
        let allowed = input.attrs.iter().filter(|attribute| attribute.path().is_ident("allow"));
        let name = quote_spanned!(span => UNIQUE_STATES_WITH_A_GAP);
        quote! {
            #(#allowed)*
            const _: () = {
                #[deprecated(note = #note)]
                const UNIQUE_STATES_WITH_A_GAP: () = ();
                #name
            };
        }
    }
}

fn is_forever(period: &LitStr) -> bool {
    period.value() == "infinity"
}

/// A text; whether it is a period, the compiler finds out.
fn period(span: Span, value: Value) -> syn::Result<LitStr> {
    let Value::Assigned(tokens) = value else { return Err(PERIOD.missing(span)) };
    syn::parse2(tokens.clone())
        .map_err(|_| Error::new_spanned(tokens, format!("`period` takes a string: `{}`", PERIOD.example)))
}
