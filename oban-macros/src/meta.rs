//! `meta(team = "growth", limits(daily = 3))` as a JSON object.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Error, Lit, LitStr};

use crate::entry::{Entry, Value, entries, items};
use crate::key::Key;
use crate::mistakes::Mistakes;
use crate::value::{array, check_text, missing, only};

/// A JSON value as written in an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Text(String),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The object behind the key `meta`; every mistake in it is reported.
pub(crate) fn meta(span: Span, value: Value) -> syn::Result<Json> {
    match value {
        Value::Missing => Err(missing(Key::Meta, span)),
        Value::Listed(list) if list.is_empty() => {
            Err(Error::new(span, format!("`meta` is empty: remove it, or write `{}`", Key::Meta.example())))
        }
        Value::Listed(list) => object(list),
        Value::Assigned(tokens) => {
            let message = format!("`meta` takes keys and values in parentheses: `{}`", Key::Meta.example());
            Err(Error::new_spanned(tokens, message))
        }
    }
}

impl Json {
    /// An expression of type `serde_json::Value`.
    ///
    /// `json!` would do, but it recurses once a token and meets the recursion limit on a long object.
    pub(crate) fn expression(&self, serde_json: &TokenStream) -> TokenStream {
        match self {
            Self::Text(text) => quote!(#serde_json::Value::from(#text)),
            Self::Signed(number) => quote!(#serde_json::Value::from(#number)),
            Self::Unsigned(number) => quote!(#serde_json::Value::from(#number)),
            Self::Float(number) => quote!(#serde_json::Value::from(#number)),
            Self::Bool(truth) => quote!(#serde_json::Value::from(#truth)),
            Self::Array(items) => {
                let items = items.iter().map(|item| item.expression(serde_json));
                quote!(#serde_json::Value::Array(::std::vec::Vec::from([#(#items),*])))
            }
            Self::Object(pairs) => {
                let keys = pairs.iter().map(|(key, _)| key);
                let values = pairs.iter().map(|(_, value)| value.expression(serde_json));
                quote! {
                    #serde_json::Value::Object(::core::iter::FromIterator::from_iter([
                        #((::std::string::String::from(#keys), #values)),*
                    ]))
                }
            }
        }
    }
}

fn object(list: TokenStream) -> syn::Result<Json> {
    let mut mistakes = Mistakes::default();
    let mut seen = HashSet::new();
    let mut pairs = Vec::new();
    for entry in entries(list) {
        let Some(Entry { key, value }) = mistakes.sift(entry) else { continue };
        let Some(name) = mistakes.sift(key_name(&key)) else { continue };
        if !seen.insert(name.clone()) {
            mistakes.add(Error::new(key.span(), format!("`{name}` is given twice in `meta`: keep one")));
        }
        let value = match value {
            Value::Missing => {
                Err(Error::new(key.span(), format!("`{name}` has no value: write `{name} = ..`")))
            }
            Value::Listed(list) => object(list),
            Value::Assigned(tokens) => json(&tokens),
        };
        pairs.extend(mistakes.sift(value).map(|value| (name, value)));
    }
    mistakes.or(Json::Object(pairs))
}

/// `team`, `r#type` or `"trace-id"`.
fn key_name(key: &TokenTree) -> syn::Result<String> {
    if let TokenTree::Ident(ident) = key {
        return Ok(ident.unraw().to_string());
    }
    let literal: LitStr = syn::parse2(key.clone().into())
        .map_err(|_| Error::new(key.span(), format!("a key of `meta` is a word or a string, not `{key}`")))?;
    check_text(Key::Meta, &literal.value(), literal.span())?;
    Ok(literal.value())
}

fn json(tokens: &TokenStream) -> syn::Result<Json> {
    let wrong = || {
        let kinds = "a string, a number, `true`, `false`, `[..]`, or an object written `key(..)`";
        Error::new_spanned(tokens, format!("a value in `meta` is {kinds}"))
    };
    if let Some(list) = array(tokens) {
        let mut mistakes = Mistakes::default();
        let mut values = Vec::new();
        for item in items(list) {
            values.extend(mistakes.sift(json(&item)));
        }
        return mistakes.or(Json::Array(values));
    }
    match only(tokens, wrong)? {
        Lit::Str(text) => {
            check_text(Key::Meta, &text.value(), text.span())?;
            Ok(Json::Text(text.value()))
        }
        Lit::Bool(truth) => Ok(Json::Bool(truth.value)),
        Lit::Float(number) => match number.base10_parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Json::Float(value)),
            _ => Err(Error::new(number.span(), format!("{number} does not fit 64 bits"))),
        },
        Lit::Int(number) => number
            .base10_parse()
            .map(Json::Signed)
            .or_else(|_| number.base10_parse().map(Json::Unsigned))
            .map_err(|_| Error::new(number.span(), format!("{number} does not fit 64 bits"))),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, meta};
    use crate::entry::Value;
    use crate::mistakes::messages;
    use proc_macro2::{Span, TokenStream};
    use quote::quote;

    fn listed(tokens: TokenStream) -> syn::Result<Json> {
        meta(Span::call_site(), Value::Listed(tokens))
    }

    #[test]
    fn keys_and_values_become_an_object() {
        let object = listed(quote! {
            team = "growth", r#type = true, "trace-id" = -1, most = 18446744073709551615,
            ratio = 0.5, hours = [9, "noon", []], limits(daily = 3),
        });

        let text = |text: &str| Json::Text(text.to_owned());
        assert_eq!(
            object.unwrap(),
            Json::Object(vec![
                ("team".to_owned(), text("growth")),
                ("type".to_owned(), Json::Bool(true)),
                ("trace-id".to_owned(), Json::Signed(-1)),
                ("most".to_owned(), Json::Unsigned(u64::MAX)),
                ("ratio".to_owned(), Json::Float(0.5)),
                ("hours".to_owned(), Json::Array(vec![Json::Signed(9), text("noon"), Json::Array(vec![])])),
                ("limits".to_owned(), Json::Object(vec![("daily".to_owned(), Json::Signed(3))])),
            ])
        );
    }

    #[test]
    fn every_mistake_is_reported_however_deep() {
        let nul = "`meta` holds a NUL character, which databases cannot store: remove it";
        let kinds = "a value in `meta` is a string, a number, `true`, `false`, `[..]`, \
                     or an object written `key(..)`";

        assert_eq!(
            messages(listed(quote! {
                team, team = "x", 3 = 1, owner = nobody, limits(daily = [1, 'c']),
                big = 18446744073709551616, wide = 1e400,
                "\0" = 1, note = "\0"
            })),
            [
                "`team` has no value: write `team = ..`",
                "`team` is given twice in `meta`: keep one",
                "a key of `meta` is a word or a string, not `3`",
                kinds,
                kinds,
                "18446744073709551616 does not fit 64 bits",
                "1e400 does not fit 64 bits",
                nul,
                nul,
            ]
        );
    }

    #[test]
    fn meta_is_an_object_with_something_in_it() {
        let span = Span::call_site();

        assert_eq!(
            messages(listed(quote!())),
            ["`meta` is empty: remove it, or write `meta(team = \"growth\")`"]
        );
        assert_eq!(
            messages(meta(span, Value::Assigned(quote!("{}")))),
            ["`meta` takes keys and values in parentheses: `meta(team = \"growth\")`"]
        );
        assert_eq!(
            messages(meta(span, Value::Missing)),
            ["`meta` has no value: write `meta(team = \"growth\")`"]
        );
    }
}
