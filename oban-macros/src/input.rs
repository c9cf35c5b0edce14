//! What may be a job: a struct whose JSON is an object.

use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Item, Path, Token, parse_quote};

/// Says why a type cannot be a job. A mistake in its attributes is reported beside this.
pub(crate) fn check(input: &DeriveInput) -> syn::Result<()> {
    let name = &input.ident;
    let generics = &input.generics;
    if generics.type_params().next().is_some() || generics.const_params().next().is_some() {
        let message = format!(
            "`{name}` is generic, but a job is stored under one name and read back as one type: \
             name the types"
        );
        return Err(Error::new_spanned(generics, message));
    }
    if generics.lifetimes().next().is_some() {
        let message = format!(
            "`{name}` borrows, but a job outlives its caller: own the data, as `String` does for `&str`"
        );
        return Err(Error::new_spanned(generics, message));
    }
    let message = match &input.data {
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

/// Takes serde derives of the user's own off an item, which would conflict with those of `#[job]`.
pub(crate) fn take_serde_derives(attributes: &mut [Attribute]) -> Vec<Path> {
    let mut taken = Vec::new();
    for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
        let (serde, others): (Vec<_>, Vec<_>) = paths.into_iter().flatten().partition(is_serde);
        if !serde.is_empty() {
            *attribute = parse_quote!(#[derive(#(#others),*)]);
            taken.extend(serde);
        }
    }
    taken
}

/// Other crates have derives of these names too, so a qualified one has to be serde's.
fn is_serde(path: &Path) -> bool {
    let qualified = path.segments.len() > 1;
    path.segments.last().is_some_and(|last| last.ident == "Serialize" || last.ident == "Deserialize")
        && (!qualified || path.segments.first().is_some_and(|first| first.ident == "serde"))
}

/// Says what to do instead when `#[job]` stands on something that is no type at all.
pub(crate) fn not_a_type(item: &TokenStream) -> Error {
    let example = "`#[job] struct SendWelcome { user_id: i64 }`";
    let (span, what, cure) = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(function)) => (
            function.sig.ident.span(),
            "a function",
            format!("hold its arguments in {example}, its body in `impl Worker for SendWelcome`"),
        ),
        Ok(Item::Impl(block)) => {
            (block.self_ty.span(), "an impl", "move it to the struct that holds the args".to_owned())
        }
        Ok(Item::Trait(definition)) => (definition.ident.span(), "a trait", format!("write {example}")),
        Ok(Item::Type(alias)) => (alias.ident.span(), "an alias", "move it to the struct itself".to_owned()),
        Ok(Item::Mod(module)) => (module.ident.span(), "a module", "put it on each struct in it".to_owned()),
        _ => {
            let message = format!("`#[job]` belongs on a struct, as in {example}");
            return Error::new_spanned(item, message);
        }
    };
    Error::new(span, format!("`#[job]` belongs on a struct, not on {what}: {cure}"))
}

#[cfg(test)]
mod tests {
    use super::{check, misplaced, not_a_type, take_serde_derives};
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
        let generic = refusal(&parse_quote! { struct Send<T> { inner: T } });
        let borrowing = refusal(&parse_quote! { struct Send<'a> { name: &'a str } });
        let tuple = refusal(&parse_quote! { struct Send(i64); });
        let variants = refusal(&parse_quote! { enum Send { One { id: i64 } } });
        let union = refusal(&parse_quote! { union Send { id: i64 } });

        assert!(generic[0].starts_with("`Send` is generic"), "{generic:?}");
        assert!(borrowing[0].starts_with("`Send` borrows"), "{borrowing:?}");
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
    fn only_derives_of_serde_are_taken() {
        let mut input: DeriveInput = parse_quote! {
            #[derive(Clone, serde::Serialize, rkyv::Deserialize)]
            #[derive(Deserialize)]
            struct Send {}
        };
        let taken = take_serde_derives(&mut input.attrs);

        assert_eq!(taken, [parse_quote!(serde::Serialize), parse_quote!(Deserialize)]);
        assert_eq!(
            input.attrs,
            [parse_quote!(#[derive(Clone, rkyv::Deserialize)]), parse_quote!(#[derive()])]
        );
    }

    #[test]
    fn items_that_are_no_types_are_told_what_to_do() {
        for (item, what) in [
            (
                quote!(
                    fn send() {}
                ),
                "not on a function: hold its arguments in `#[job] struct",
            ),
            (quote!(impl Worker for Send {}), "not on an impl: move it to the struct"),
            (
                quote!(
                    trait Send {}
                ),
                "not on a trait: write `#[job] struct",
            ),
            (
                quote!(
                    type Send = Other;
                ),
                "not on an alias: move it to the struct itself",
            ),
            (
                quote!(
                    mod send {}
                ),
                "not on a module: put it on each struct in it",
            ),
            (
                quote!(
                    static SEND: u8 = 1;
                ),
                "belongs on a struct, as in",
            ),
        ] {
            let message = not_a_type(&item).to_string();
            assert!(message.contains(what), "{message}");
        }
    }
}
