//! The grammar shared by `#[job(..)]` and `meta(..)`: `key = value` and `key(..)`, parted by commas.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::Error;

/// One `key = value` or `key(..)`.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: TokenTree,
    pub(crate) value: Value,
}

/// What stands behind a key.
#[derive(Debug)]
pub(crate) enum Value {
    /// Nothing: `key`, or `key =`.
    Missing,
    /// `key = value`.
    Assigned(TokenStream),
    /// `key(..)`, without the parentheses.
    Listed(TokenStream),
}

/// Cuts at commas before anything is parsed, so a mistake in one entry leaves the others readable.
pub(crate) fn entries(tokens: TokenStream) -> Vec<syn::Result<Entry>> {
    items(tokens).into_iter().map(entry).collect()
}

/// The items of a list, each with at least one token; a trailing comma adds none.
pub(crate) fn items(tokens: TokenStream) -> Vec<TokenStream> {
    let mut items = vec![TokenStream::new()];
    for token in tokens {
        match (&token, items.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => items.push(TokenStream::new()),
            (_, Some(item)) => item.extend([token]),
            (_, None) => {}
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

fn entry(tokens: TokenStream) -> syn::Result<Entry> {
    let whole = tokens.clone();
    let mut tokens = tokens.into_iter();
    let key = tokens.next().ok_or_else(|| Error::new_spanned(&whole, "expected a key"))?;
    let value = match tokens.next() {
        None => Value::Missing,
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {
            let value: TokenStream = tokens.by_ref().collect();
            if value.is_empty() { Value::Missing } else { Value::Assigned(value) }
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            Value::Listed(group.stream())
        }
        Some(other) => {
            return Err(Error::new(
                other.span(),
                format!("expected `=` or `(` after `{key}`, not `{other}`"),
            ));
        }
    };
    match tokens.next() {
        Some(next) => Err(Error::new(next.span(), format!("expected `,` before `{next}`"))),
        None => Ok(Entry { key, value }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Value, entries, items};
    use crate::mistakes::messages;
    use quote::quote;

    #[test]
    fn a_key_is_assigned_or_lists() {
        let entries = entries(quote! { queue = "mailers", tags("a", "b"), });

        assert_eq!(entries.len(), 2);
        assert!(matches!(&entries[0], Ok(Entry { key, value: Value::Assigned(value) })
            if key.to_string() == "queue" && value.to_string() == "\"mailers\""));
        assert!(matches!(&entries[1], Ok(Entry { key, value: Value::Listed(list) })
            if key.to_string() == "tags" && items(list.clone()).len() == 2));
    }

    #[test]
    fn a_key_alone_has_no_value() {
        for tokens in [quote! { queue }, quote! { queue = }] {
            assert!(matches!(entries(tokens).as_slice(), [Ok(Entry { value: Value::Missing, .. })]));
        }
    }

    #[test]
    fn a_broken_entry_leaves_its_neighbours() {
        let mut entries = entries(quote! { queue: "mailers", priority = 1, tags("a") "b" }).into_iter();

        assert_eq!(messages(entries.next().unwrap()), ["expected `=` or `(` after `queue`, not `:`"]);
        assert!(entries.next().unwrap().is_ok());
        assert_eq!(messages(entries.next().unwrap()), ["expected `,` before `\"b\"`"]);
    }
}
