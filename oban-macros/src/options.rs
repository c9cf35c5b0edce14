//! What a `#[job(..)]` says, read from its tokens.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, LitStr, Meta, Path};

use crate::entry::entries;
use crate::key::Key;
use crate::meta::{Json, meta};
use crate::mistakes::Mistakes;
use crate::replace::{Replace, replace};
use crate::unique::{Unique, unique};
use crate::value::{aliases, facade, max_attempts, name, priority, tags, text};

/// The keys that were given; a key with a mistake counts as absent, so that the rest can go on.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Where `oban` is, if not at `::oban`.
    pub(crate) facade: Option<Path>,
    /// The stored name, if not the type's.
    pub(crate) worker: Option<String>,
    /// Other stored names.
    pub(crate) aliases: Option<Vec<LitStr>>,
    /// What makes a job a duplicate.
    pub(crate) unique: Option<Unique>,
    queue: Option<String>,
    max_attempts: Option<u32>,
    priority: Option<u32>,
    tags: Option<Vec<String>>,
    meta: Option<Json>,
    cron: Option<LitStr>,
    timezone: Option<LitStr>,
    catch_up: Option<LitStr>,
    replace: Option<Replace>,
    seen: Vec<(Key, Span)>,
}

impl Options {
    /// Adds the keys of one attribute.
    pub(crate) fn read(&mut self, tokens: TokenStream, mistakes: &mut Mistakes) {
        for entry in entries(tokens) {
            let Some(entry) = mistakes.sift(entry) else { continue };
            let Some(key) = mistakes.sift(Key::read(&entry.key)) else { continue };
            let span = entry.key.span();
            if self.given(key).is_some() {
                mistakes.add(Error::new(span, format!("`{}` is given twice: keep one", key.name())));
                continue;
            }
            self.seen.push((key, span));
            match key {
                Key::Queue => self.queue = mistakes.sift(name(key, span, entry.value)),
                Key::MaxAttempts => self.max_attempts = mistakes.sift(max_attempts(span, entry.value)),
                Key::Priority => self.priority = mistakes.sift(priority(span, entry.value)),
                Key::Tags => self.tags = mistakes.sift(tags(span, entry.value)),
                Key::Meta => self.meta = mistakes.sift(meta(span, entry.value)),
                Key::Cron => self.cron = mistakes.sift(text(key, span, entry.value)),
                Key::Timezone => self.timezone = mistakes.sift(text(key, span, entry.value)),
                Key::CatchUp => self.catch_up = mistakes.sift(text(key, span, entry.value)),
                Key::Unique => self.unique = unique(span, entry.value, mistakes),
                Key::Replace => self.replace = mistakes.sift(replace(span, entry.value)),
                Key::Worker => self.worker = mistakes.sift(name(key, span, entry.value)),
                Key::Aliases => self.aliases = mistakes.sift(aliases(span, entry.value)),
                Key::Crate => self.facade = mistakes.sift(facade(span, entry.value)),
            }
        }
    }

    /// Takes the `#[job(..)]` attributes off an item and adds their keys.
    pub(crate) fn take(&mut self, attributes: &mut Vec<Attribute>, mistakes: &mut Mistakes) {
        for attribute in attributes.extract_if(.., |attribute| attribute.path().is_ident("job")) {
            match attribute.meta {
                Meta::Path(_) => {}
                Meta::List(list) => self.read(list.tokens, mistakes),
                Meta::NameValue(pair) => {
                    let message = format!("keys stand in parentheses: `#[job({})]`", Key::Queue.example());
                    mistakes.add(Error::new_spanned(pair, message));
                }
            }
        }
    }

    /// Refuses what says something of an entry that is not there.
    pub(crate) fn check_cron(&self, mistakes: &mut Mistakes) {
        if self.given(Key::Cron).is_some() {
            return;
        }
        for (key, value) in [(Key::Timezone, &self.timezone), (Key::CatchUp, &self.catch_up)] {
            if let Some(value) = value {
                let message = format!("`{}` needs `cron`: add `{}`", key.name(), Key::Cron.example());
                mistakes.add(Error::new(value.span(), message));
            }
        }
    }

    /// `JobArgs::cron`, or nothing if there is no entry.
    ///
    /// The grammar is known to the crate behind the facade, which this one does not depend on. So the compiler is
    /// asked to run its parser in a constant, and its message appears where the text stands.
    pub(crate) fn cron(&self, private: &TokenStream) -> TokenStream {
        let Some(cron) = &self.cron else { return TokenStream::new() };
        let expression = checked(cron, &quote!(#private::CronExpression), &quote!(as_str));
        let period =
            self.catch_up.iter().map(|period| checked(period, &quote!(#private::Period), &quote!(reason)));
        let timezone = self.timezone.iter().map(|timezone| quote!(.timezone(#timezone)));
        let catch_up = self.catch_up.iter().map(|period| quote!(.catch_up(#period)));
        quote! {
            fn cron() -> ::core::option::Option<#private::CronEntry> {
                #expression
                #(#period)*
                ::core::option::Option::Some(
                    #private::CronEntry::of::<Self>(#cron) #(#timezone)* #(#catch_up)*
                )
            }
        }
    }

    /// Where a key was given, with or without a mistake.
    fn given(&self, key: Key) -> Option<Span> {
        self.seen.iter().find(|(seen, _)| *seen == key).map(|(_, span)| *span)
    }

    /// Refuses what says something of duplicates where there are none.
    pub(crate) fn check_replace(&self, mistakes: &mut Mistakes) {
        if let (Some(span), None) = (self.given(Key::Replace), self.given(Key::Unique)) {
            let message = "`replace` says what a stored job takes from its duplicate, which only a job that is \
                           `unique` has: add `unique`";
            mistakes.add(Error::new(span, message));
        }
    }

    /// `JobArgs::configure`, or nothing if no default was given.
    pub(crate) fn configure(&self, private: &TokenStream) -> TokenStream {
        let queue = self.queue.iter().map(|queue| quote!(.queue(#queue)));
        let max_attempts = self.max_attempts.map(Literal::u32_unsuffixed).into_iter();
        let max_attempts = max_attempts.map(|attempts| quote!(.max_attempts(#attempts)));
        let priority = self.priority.map(Literal::u32_unsuffixed).into_iter();
        let priority = priority.map(|priority| quote!(.priority(#priority)));
        let tags = self.tags.iter().flatten().map(|tag| quote!(.tag(#tag)));
        let serde_json = quote!(#private::serde_json);
        let meta = self.meta.iter().map(|meta| meta.expression(&serde_json)).map(|meta| quote!(.meta(#meta)));
        let unique = self.unique.iter().map(|unique| unique.expression(private));
        let replace = self.replace.iter().map(|replace| replace.expression(private));

        let defaults = queue.chain(max_attempts).chain(priority).chain(tags).chain(meta);
        let defaults: TokenStream = defaults.chain(unique).chain(replace).collect();
        let check = self.unique.iter().filter_map(|unique| unique.check_period(private));
        if defaults.is_empty() {
            return defaults;
        }
        quote! {
            fn configure(job: #private::NewJob) -> #private::NewJob {
                #(#check)*
                job #defaults
            }
        }
    }
}

/// A constant that holds if the type can be parsed from the text.
fn checked(text: &LitStr, kind: &TokenStream, message: &TokenStream) -> TokenStream {
    quote_spanned! {text.span()=>
        const _: () = match #kind::parse(#text) {
            ::core::result::Result::Ok(_) => {}
            ::core::result::Result::Err(error) => ::core::panic!("{}", error.#message()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::mistakes::{Mistakes, messages};
    use proc_macro2::TokenStream;
    use quote::quote;

    fn read(tokens: TokenStream) -> syn::Result<Options> {
        let (mut options, mut mistakes) = (Options::default(), Mistakes::default());
        options.read(tokens, &mut mistakes);
        mistakes.or(options)
    }

    fn configure(tokens: TokenStream) -> String {
        read(tokens).unwrap().configure(&quote!(private)).to_string()
    }

    #[test]
    fn only_given_keys_are_configured() {
        let expected = quote! {
            fn configure(job: private::NewJob) -> private::NewJob {
                job.queue("mailers").max_attempts(3).priority(1).tag("a").tag("b")
            }
        };

        assert_eq!(configure(quote! {}), "");
        assert_eq!(configure(quote! { worker = "MyApp.Mailer", crate = "my::oban" }), "");
        assert_eq!(
            configure(quote! { tags("a", "b"), queue = "mailers", priority = 1, max_attempts = 3 }),
            expected.to_string()
        );
    }

    #[test]
    fn what_belongs_to_an_entry_needs_one() {
        for (tokens, message) in [
            (quote!(timezone = "Asia/Tokyo"), "`timezone` needs `cron`: add `cron = \"0 9 * * MON-FRI\"`"),
            (quote!(catch_up = "1h"), "`catch_up` needs `cron`: add `cron = \"0 9 * * MON-FRI\"`"),
        ] {
            let mut mistakes = Mistakes::default();
            read(tokens).unwrap().check_cron(&mut mistakes);
            assert_eq!(messages(mistakes.or(())), [message]);
        }
        let entry =
            read(quote!(catch_up = "1h", cron = "@daily")).unwrap().cron(&quote!(private)).to_string();
        for part in ["private :: CronExpression :: parse (\"@daily\")", "private :: Period :: parse (\"1h\")"]
        {
            assert!(entry.contains(part), "{entry}");
        }
        assert_eq!(read(quote!()).unwrap().cron(&quote!(private)).to_string(), "");
    }

    #[test]
    fn all_mistakes_are_reported_in_order() {
        assert_eq!(
            messages(read(quote! { queue = "", priority = 12, queue = "mailers", max_attempts = 0, worker })),
            [
                "`queue` is blank: give it 1 to 127 characters, as in `queue = \"mailers\"`",
                "`priority` goes from 0 (first) to 9 (last), not 12",
                "`queue` is given twice: keep one",
                "`max_attempts` goes from 1 to 2147483647, not 0",
                "`worker` has no value: write `worker = \"MyApp.Mailer\"`",
            ]
        );
    }

    #[test]
    fn keys_may_be_spread_over_attributes() {
        let mut input: syn::DeriveInput = syn::parse_quote! {
            #[job(queue = "mailers")]
            #[derive(Debug)]
            #[job(priority = 1)]
            struct SendWelcome {}
        };
        let (mut options, mut mistakes) = (Options::default(), Mistakes::default());
        options.take(&mut input.attrs, &mut mistakes);

        assert_eq!(messages(mistakes.or(())), [""; 0]);
        assert_eq!(input.attrs.len(), 1);
        assert_eq!((options.queue.as_deref(), options.priority), (Some("mailers"), Some(1)));
    }
}
