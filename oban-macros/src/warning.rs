//! Warnings, which a macro on stable Rust has none of.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error};

/// Has the compiler warn where a remark stands, as of the use of a deprecated constant of this name. `#[allow(deprecated)]`
/// on the struct counts for it too.
pub(crate) fn warning(name: &str, remark: &Error, input: &DeriveInput) -> TokenStream {
    let allowed = input.attrs.iter().filter(|attribute| attribute.path().is_ident("allow"));
    let definition = Ident::new(name, Span::call_site());
    let used = Ident::new(name, remark.span());
    let note = format!("{remark}; `#[allow(deprecated)]` on the struct says that it is meant");
    let usage = quote_spanned!(remark.span()=> #used);
    quote! {
        #(#allowed)*
        const _: () = {
            #[deprecated(note = #note)]
            const #definition: () = ();
            #usage
        };
    }
}
