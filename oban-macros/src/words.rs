//! Lists of names in an option, such as `fields(args, queue)`, and which names there are.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::{Error, Ident, LitStr};

use crate::entry::{Value, items};
use crate::key::nearest;
use crate::mistakes::Mistakes;
use crate::value::array;

/// A name, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) name: String,
    pub(crate) span: Span,
}

/// An option of a key, and how it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) example: &'static str,
}

impl Subject {
    /// Names in parentheses, in brackets, or one alone; each a word or a string, and given once. Every bad one is
    /// reported, and the others are handed on.
    pub(crate) fn words(self, span: Span, value: Value, mistakes: &mut Mistakes) -> Vec<Word> {
        let list = match value {
            Value::Missing => TokenStream::new(),
            Value::Listed(list) => list,
            Value::Assigned(tokens) => array(&tokens).unwrap_or(tokens),
        };
        let items = items(list);
        if items.is_empty() {
            mistakes.add(self.missing(span));
        }
        let mut words: Vec<Word> = Vec::new();
        for item in items {
            let Some(word) = mistakes.sift(self.word(&item)) else { continue };
            if words.iter().any(|earlier| earlier.name == word.name) {
                mistakes.add(self.twice(&word));
            } else {
                words.push(word);
            }
        }
        words
    }

    /// Names among those that are allowed; `None` if there was a mistake.
    pub(crate) fn choices<T: Copy>(
        self,
        span: Span,
        value: Value,
        allowed: &[(&str, T)],
        mistakes: &mut Mistakes,
    ) -> Option<Vec<Word>> {
        let mut own = Mistakes::default();
        let words = self.words(span, value, &mut own);
        for word in &words {
            own.sift(self.choice(word, allowed));
        }
        mistakes.sift(own.or(words))
    }

    /// One name.
    pub(crate) fn only(self, span: Span, value: Value) -> syn::Result<Word> {
        let Value::Assigned(tokens) = value else { return Err(self.missing(span)) };
        self.word(&tokens)
    }

    /// The value of a name among those that are allowed.
    pub(crate) fn choice<T: Copy>(self, word: &Word, allowed: &[(&str, T)]) -> syn::Result<T> {
        let found = allowed.iter().find(|(name, _)| *name == word.name);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let what = format!("`{}` knows no `{}`", self.name, word.name);
            unknown(word, &what, allowed.iter().map(|(name, _)| *name))
        })
    }

    fn word(self, tokens: &TokenStream) -> syn::Result<Word> {
        let ident = |input: syn::parse::ParseStream<'_>| Ident::parse_any(input);
        if let Ok(ident) = syn::parse::Parser::parse2(ident, tokens.clone()) {
            return Ok(Word { name: ident.unraw().to_string(), span: ident.span() });
        }
        let literal: LitStr = syn::parse2(tokens.clone()).map_err(|_| {
            Error::new_spanned(tokens, format!("`{}` takes names: `{}`", self.name, self.example))
        })?;
        Ok(Word { name: literal.value(), span: literal.span() })
    }

    pub(crate) fn missing(self, span: Span) -> Error {
        Error::new(span, format!("`{}` has no value: write `{}`", self.name, self.example))
    }

    pub(crate) fn twice(self, word: &Word) -> Error {
        Error::new(word.span, format!("`{}` is given twice in `{}`: keep one", word.name, self.name))
    }
}

/// Says which names there are, and which was probably meant.
pub(crate) fn unknown<'a>(word: &Word, what: &str, allowed: impl Iterator<Item = &'a str>) -> Error {
    let allowed: Vec<&str> = allowed.collect();
    let hint = nearest(&word.name, &allowed).map(|name| format!(" Did you mean `{name}`?"));
    let names: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("{what}.{} allowed: {}", hint.unwrap_or_default(), names.join(", "));
    Error::new(word.span, message)
}
