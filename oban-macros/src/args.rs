//! Which keys serde gives the args of a job, as far as its attributes tell.

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Expr, Lit, Meta, Token};

/// What serde's attributes make of one field.
#[derive(Debug, Default)]
struct Serde {
    renamed: Option<String>,
    is_absent: bool,
}

/// The keys of the JSON object; `None` where there is no telling, as with `rename_all` or `flatten`.
pub(crate) fn keys(input: &DeriveInput) -> Option<Vec<String>> {
    let Data::Struct(data) = &input.data else { return None };
    serde(&input.attrs)?;
    let mut keys = Vec::new();
    for field in &data.fields {
        let Serde { renamed, is_absent } = serde(&field.attrs)?;
        let name = field.ident.as_ref()?.unraw().to_string();
        keys.extend((!is_absent).then_some(renamed.unwrap_or(name)));
    }
    Some(keys)
}

fn serde(attributes: &[Attribute]) -> Option<Serde> {
    let mut serde = Serde::default();
    for attribute in attributes {
        if attribute.path().is_ident("cfg_attr") && attribute.to_token_stream().to_string().contains("serde")
        {
            return None;
        }
        if !attribute.path().is_ident("serde") {
            continue;
        }
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()? {
            serde.read(&meta)?;
        }
    }
    Some(serde)
}

impl Serde {
    fn read(&mut self, meta: &Meta) -> Option<()> {
        match (meta.path().get_ident()?.to_string().as_str(), meta) {
            // On the struct itself, it renames what is no part of the JSON.
            ("rename", Meta::NameValue(pair)) => self.renamed = Some(text(&pair.value)?),
            ("skip" | "skip_serializing", _) => self.is_absent = true,
            (
                "alias"
                | "borrow"
                | "bound"
                | "crate"
                | "default"
                | "deny_unknown_fields"
                | "deserialize_with"
                | "expecting"
                | "serialize_with"
                | "skip_deserializing"
                | "skip_serializing_if"
                | "with",
                _,
            ) => {}
            _ => return None,
        }
        Some(())
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::keys;
    use syn::{DeriveInput, parse_quote};

    #[test]
    fn keys_are_named_as_serde_stores_them() {
        let input: DeriveInput = parse_quote! {
            #[serde(deny_unknown_fields, rename = "Renamed", crate = "my::serde")]
            struct Send {
                user_id: i64,
                r#type: String,
                #[serde(rename = "tenantId", default)]
                tenant: i64,
                #[serde(default = "locale", skip_serializing_if = "Option::is_none", alias = "lang")]
                locale: Option<String>,
                #[serde(skip)]
                cache: u8,
                #[doc = "serde"]
                #[cfg_attr(test, allow(dead_code))]
                text: String,
            }
        };
        assert_eq!(keys(&input).unwrap(), ["user_id", "type", "tenantId", "locale", "text"]);
        assert_eq!(
            keys(&parse_quote!(
                struct Tick;
            )),
            Some(vec![])
        );
    }

    #[test]
    fn there_is_no_telling_of_what_else_serde_is_told() {
        let unknown: [DeriveInput; 8] = [
            parse_quote! { #[serde(rename_all = "camelCase")] struct Send { user_id: i64 } },
            parse_quote! { #[serde(tag = "kind")] struct Send { user_id: i64 } },
            parse_quote! { #[serde(into = "Stored")] struct Send { user_id: i64 } },
            parse_quote! { struct Send { #[serde(flatten)] user: User } },
            parse_quote! { struct Send { #[serde(rename(serialize = "id"))] user_id: i64 } },
            parse_quote! { struct Send { #[serde(rename = 5)] user_id: i64 } },
            parse_quote! { struct Send { #[cfg_attr(feature = "short", serde(rename = "id"))] user_id: i64 } },
            parse_quote! { enum Send { One } },
        ];
        for input in unknown {
            assert_eq!(keys(&input), None, "{input:?}");
        }
    }
}
