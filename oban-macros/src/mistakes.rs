//! What is wrong with one use of a macro, gathered so that all of it is reported at once.

use proc_macro2::TokenStream;

/// Every mistake found so far, each at its own span.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Option<syn::Error>);

impl Mistakes {
    /// Adds a mistake, or several that were combined.
    pub(crate) fn add(&mut self, mistake: syn::Error) {
        match &mut self.0 {
            Some(earlier) => earlier.combine(mistake),
            None => self.0 = Some(mistake),
        }
    }

    /// Hands on what is right, and remembers what is wrong.
    pub(crate) fn sift<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|mistake| self.add(mistake)).ok()
    }

    /// One `compile_error!` a mistake; nothing if there is none.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.map(syn::Error::into_compile_error).unwrap_or_default()
    }

    /// What is right, unless something was wrong.
    pub(crate) fn or<T>(self, right: T) -> syn::Result<T> {
        self.0.map_or(Ok(right), Err)
    }
}

#[cfg(test)]
pub(crate) fn messages<T>(result: syn::Result<T>) -> Vec<String> {
    result.err().into_iter().flatten().map(|mistake| mistake.to_string()).collect()
}
