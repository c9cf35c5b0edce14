//! What may be a job: a struct whose JSON is an object.

use proc_macro2::{Span, TokenStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Item, Path, Token};

/// Says why a type cannot be a job. A mistake in its attributes is reported beside this.
pub(crate) fn check(input: &DeriveInput) -> syn::Result<()> {
    let name = &input.ident;
    let message = match &input.data {
        _ if !input.generics.params.is_empty() => {
            let message = format!(
                "`{name}` is generic, but a job is stored under one name and read back as one type: \
                 name the types"
            );
            return Err(Error::new_spanned(&input.generics, message));
        }
        Data::Enum(_) => format!(
            "a job is a struct: its args are the same JSON keys each time. \
             Make each variant of `{name}` a job, or hold the enum in a field"
        ),
        Data::Union(_) => format!("a job is a struct, and a union has no JSON: make `{name}` a struct"),
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) => {
                let message = format!(
                    "args are stored as a JSON object, so fields need names: `struct {name} {{ id: .. }}`"
                );
                return Err(Error::new_spanned(fields, message));
            }
            Fields::Named(_) | Fields::Unit => return Ok(()),
        },
    };
    Err(Error::new_spanned(name, message))
}

/// Whether the type could still implement `JobArgs`, so that one mistake does not bring forth others.
pub(crate) fn implementable(input: &DeriveInput) -> bool {
    input.generics.params.is_empty() && !matches!(input.data, Data::Union(_))
}

pub(crate) fn is_unit(input: &DeriveInput) -> bool {
    matches!(&input.data, Data::Struct(data) if matches!(data.fields, Fields::Unit))
}

/// Finds `#[job(..)]` on fields and variants, where it would be ignored.
pub(crate) fn misplaced(input: &DeriveInput) -> impl Iterator<Item = Error> {
    let (fields, variants): (Vec<_>, Vec<_>) = match &input.data {
        Data::Struct(data) => (data.fields.iter().collect(), Vec::new()),
        Data::Enum(data) => (
            data.variants.iter().flat_map(|variant| &variant.fields).collect(),
            data.variants.iter().collect(),
        ),
        Data::Union(data) => (data.fields.named.iter().collect(), Vec::new()),
    };
    let attributes = fields.into_iter().flat_map(|field| &field.attrs);
    let attributes = attributes.chain(variants.into_iter().flat_map(|variant| &variant.attrs));
    attributes
        .filter(|attribute| attribute.path().is_ident("job"))
        .map(|attribute| Error::new_spanned(attribute, "`#[job(..)]` belongs on the struct"))
}

/// Finds derives that `#[job]` adds itself, which the compiler would call conflicting implementations.
pub(crate) fn repeated_derives(attributes: &[Attribute]) -> Vec<Error> {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let paths = derives
        .filter_map(|derive| derive.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok())
        .flatten();
    paths
        .filter_map(|path| {
            let name = path.segments.last()?.ident.to_string();
            let cure = match name.as_str() {
                "Serialize" | "Deserialize" => "remove it, or use `#[derive(Job)]` to keep your own",
                "Job" => "keep one of the two",
                _ => return None,
            };
            Some(Error::new_spanned(path, format!("`#[job]` already derives `{name}`: {cure}")))
        })
        .collect()
}

/// Says what to do instead when `#[job]` stands on something that is no type at all.
pub(crate) fn not_a_type(item: &TokenStream) -> Error {
    let struct_example = "`#[job] struct SendWelcome { user_id: i64 }`";
    let (span, what, cure) = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(item)) => (
            item.sig.ident.span(),
            "a function",
            format!(
                "put its arguments in a struct, {struct_example}, \
                 and its body in `impl Worker for SendWelcome`"
            ),
        ),
        Ok(Item::Impl(item)) => {
            (item.self_ty.span(), "an impl", "put it on the struct that holds the job's args".to_owned())
        }
        Ok(Item::Trait(item)) => (item.ident.span(), "a trait", format!("write a struct: {struct_example}")),
        Ok(Item::Type(item)) => (item.ident.span(), "a type alias", "put it on the struct itself".to_owned()),
        Ok(Item::Mod(item)) => (item.ident.span(), "a module", "put it on each struct in it".to_owned()),
        _ => (Span::call_site(), "this", format!("write a struct: {struct_example}")),
    };
    Error::new(span, format!("`#[job]` describes a struct, not {what}: {cure}"))
}

#[cfg(test)]
mod tests {
    use super::{check, misplaced, not_a_type, repeated_derives};
    use crate::mistakes::messages;
    use quote::quote;
    use syn::{DeriveInput, parse_quote};

    fn refusal(input: &DeriveInput) -> Vec<String> {
        messages(check(input))
    }

    #[test]
    fn structs_with_named_fields_or_none_are_jobs() {
        assert_eq!(refusal(&parse_quote! { struct Send { id: i64 } }), [""; 0]);
        assert_eq!(refusal(&parse_quote! { struct Send {} }), [""; 0]);
        assert_eq!(refusal(&parse_quote! { struct Send; }), [""; 0]);
    }

    #[test]
    fn other_types_are_refused_with_a_cure() {
        let generic = refusal(&parse_quote! { struct Send<'a> { name: &'a str } });
        let tuple = refusal(&parse_quote! { struct Send(i64); });
        let variants = refusal(&parse_quote! { enum Send { One { id: i64 } } });
        let union = refusal(&parse_quote! { union Send { id: i64 } });

        assert!(generic[0].starts_with("`Send` is generic"), "{generic:?}");
        assert!(tuple[0].contains("fields need names"), "{tuple:?}");
        assert!(variants[0].contains("Make each variant of `Send` a job"), "{variants:?}");
        assert!(union[0].contains("make `Send` a struct"), "{union:?}");
    }

    #[test]
    fn keys_on_fields_are_misplaced() {
        let input = parse_quote! { struct Send { #[job(queue = "a")] id: i64, #[serde(default)] at: i64 } };

        assert_eq!(
            misplaced(&input).map(|mistake| mistake.to_string()).collect::<Vec<_>>(),
            ["`#[job(..)]` belongs on the struct"]
        );
    }

    #[test]
    fn derives_of_our_own_are_named() {
        let input: DeriveInput = parse_quote! { #[derive(Clone, serde::Serialize, Job)] struct Send {} };

        assert_eq!(
            repeated_derives(&input.attrs).iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "`#[job]` already derives `Serialize`: remove it, or use `#[derive(Job)]` to keep your own",
                "`#[job]` already derives `Job`: keep one of the two",
            ]
        );
    }

    #[test]
    fn items_that_are_no_types_are_told_what_to_do() {
        for (item, what) in [
            (
                quote!(
                    fn send() {}
                ),
                "not a function: put its arguments in a struct",
            ),
            (quote!(impl Worker for Send {}), "not an impl: put it on the struct"),
            (
                quote!(
                    trait Send {}
                ),
                "not a trait: write a struct",
            ),
            (
                quote!(
                    type Send = Other;
                ),
                "not a type alias: put it on the struct itself",
            ),
            (
                quote!(
                    mod send {}
                ),
                "not a module: put it on each struct in it",
            ),
            (
                quote!(
                    static SEND: u8 = 1;
                ),
                "not this: write a struct",
            ),
        ] {
            let message = not_a_type(&item).to_string();
            assert!(message.contains(what), "{message}");
        }
    }
}
