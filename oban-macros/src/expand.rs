//! The code that `#[job]` and `#[derive(Job)]` write.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::{DeriveInput, Error, LitStr, Path, parse_quote};

use crate::input::{check, implementable, is_unit, misplaced, not_a_type, take_serde_derives};
use crate::key::Key;
use crate::mistakes::Mistakes;
use crate::options::Options;
use crate::unique::Unique;
use crate::value::check_name;
use crate::warning::warning;

/// `#[job(..)]`: the struct as written, its serde derives, and `JobArgs`.
pub(crate) fn attribute(keys: TokenStream, item: &TokenStream) -> TokenStream {
    let Ok(mut input) = syn::parse2::<DeriveInput>(item.clone()) else {
        let mistake = not_a_type(item).into_compile_error();
        return quote!(#item #mistake);
    };
    let mut mistakes = Mistakes::default();
    let mut options = Options::default();
    options.read(keys, &mut mistakes);
    options.take(&mut input.attrs, &mut mistakes);
    for path in take_serde_derives(&mut input.attrs) {
        let message = "`#[job]` derives this already: remove it, or keep your own with `#[derive(Job)]`";
        mistakes.add(Error::new_spanned(path, message));
    }
    let strange_keys = options.unique.iter().flat_map(|unique| unique.strange_keys(&input));
    strange_keys.for_each(|mistake| mistakes.add(mistake));
    let job_args = job_args(&input, &options, &mut mistakes);
    let facade = facade(&options);
    let serde_path = written(&parse_quote!(#facade::__private::serde));
    // Serde takes the path as text, and `$crate` means nothing there.
    if serde_path.starts_with('$') {
        let message = "serde cannot follow `$crate`: write the path out, or use `#[derive(Job)]`";
        mistakes.add(Error::new_spanned(&facade, message));
        let mistakes = mistakes.into_compile_errors();
        return quote!(#input #mistakes);
    }
    let serde_path = LitStr::new(&serde_path, input.ident.span());
    let mistakes = mistakes.into_compile_errors();
    if !implementable(&input) {
        return quote!(#input #mistakes);
    }
    if is_unit(&input) {
        let serde = unit_serde(&input, &facade, &serde_path);
        return quote!(#input #serde #job_args #mistakes);
    }
    quote! {
        #[derive(#facade::__private::serde::Serialize, #facade::__private::serde::Deserialize)]
        #[serde(crate = #serde_path)]
        #input
        #job_args
        #mistakes
    }
}

/// `#[derive(Job)]`: `JobArgs` alone.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(mistake) => return mistake.into_compile_error(),
    };
    let mut mistakes = Mistakes::default();
    let mut options = Options::default();
    options.take(&mut input.attrs, &mut mistakes);
    if is_unit(&input) {
        let message = format!(
            "serde makes `null` of a unit struct, but args are an object: write `struct {} {{}}`",
            input.ident
        );
        mistakes.add(Error::new_spanned(&input.ident, message));
    }
    let job_args = job_args(&input, &options, &mut mistakes);
    let mistakes = mistakes.into_compile_errors();
    // Serde may be written by hand, and give the args any keys.
    let strange_keys = options.unique.iter().flat_map(|unique| unique.strange_keys(&input));
    let strange_keys = strange_keys.map(|remark| warning("UNIQUE_KEY_WITHOUT_A_FIELD", &remark, &input));
    quote!(#job_args #mistakes #(#strange_keys)*)
}

/// `impl JobArgs`. Written even if there are mistakes, so that code using the job is not blamed for them.
fn job_args(input: &DeriveInput, options: &Options, mistakes: &mut Mistakes) -> TokenStream {
    mistakes.sift(check(input));
    misplaced(input).for_each(|mistake| mistakes.add(mistake));
    options.check_replace(mistakes);
    let name = &input.ident;
    let worker = options.worker.clone().unwrap_or_else(|| name.unraw().to_string());
    options.check_cron(mistakes);
    mistakes.sift(check_name(Key::Worker, &worker, name.span()));
    let aliases = aliases(options, &worker, mistakes);
    if !implementable(input) {
        return TokenStream::new();
    }
    let facade = facade(options);
    let private = quote!(#facade::__private);
    let configure = options.configure(&private);
    let cron = options.cron(&private);
    let gap = options.unique.iter().filter_map(Unique::gap);
    let gap = gap.map(|remark| warning("UNIQUE_STATES_WITH_A_GAP", &remark, input));
    quote! {
        #(#gap)*
        #[automatically_derived]
        impl #private::JobArgs for #name {
            const WORKER: &'static str = #worker;
            #aliases
            #configure
            #cron
        }
    }
}

/// `JobArgs::ALIASES`, or nothing if there are none.
fn aliases(options: &Options, worker: &str, mistakes: &mut Mistakes) -> Option<TokenStream> {
    let aliases = options.aliases.as_ref()?;
    for alias in aliases.iter().filter(|alias| alias.value() == worker) {
        mistakes.add(Error::new(alias.span(), "that is the worker's own name: remove it from `aliases`"));
    }
    Some(quote!(const ALIASES: &'static [&'static str] = &[#(#aliases),*];))
}

/// Serde for a unit struct: `{}`, not the `null` its derives would give, and any object back.
fn unit_serde(input: &DeriveInput, facade: &Path, serde_path: &LitStr) -> TokenStream {
    let name = &input.ident;
    let serde = quote!(#facade::__private::serde);
    quote! {
        const _: () = {
            #[derive(#serde::Serialize, #serde::Deserialize)]
            #[serde(crate = #serde_path)]
            struct __NoArgs {}

            #[automatically_derived]
            impl #serde::Serialize for #name {
                fn serialize<S>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error>
                where
                    S: #serde::Serializer,
                {
                    #serde::Serialize::serialize(&__NoArgs {}, serializer)
                }
            }

            #[automatically_derived]
            impl<'de> #serde::Deserialize<'de> for #name {
                fn deserialize<D>(deserializer: D) -> ::core::result::Result<Self, D::Error>
                where
                    D: #serde::Deserializer<'de>,
                {
                    <__NoArgs as #serde::Deserialize>::deserialize(deserializer).map(|__NoArgs {}| Self)
                }
            }
        };
    }
}

fn facade(options: &Options) -> Path {
    options.facade.clone().unwrap_or_else(|| parse_quote!(::oban))
}

/// A path as a person writes it, without the spaces between tokens.
fn written(path: &Path) -> String {
    path.to_token_stream().into_iter().map(|token| token.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::{attribute, derive};
    use quote::quote;

    #[test]
    fn the_attribute_adds_serde_and_job_args_and_keeps_the_rest() {
        let expanded = attribute(
            quote! { queue = "mailers" },
            &quote! {
                /// Greets.
                #[derive(Debug)]
                pub(crate) struct SendWelcome { #[serde(rename = "id")] pub user_id: i64 }
            },
        );
        let expected = quote! {
            #[derive(::oban::__private::serde::Serialize, ::oban::__private::serde::Deserialize)]
            #[serde(crate = "::oban::__private::serde")]
            /// Greets.
            #[derive(Debug)]
            pub(crate) struct SendWelcome { #[serde(rename = "id")] pub user_id: i64 }
            #[automatically_derived]
            impl ::oban::__private::JobArgs for SendWelcome {
                const WORKER: &'static str = "SendWelcome";
                fn configure(job: ::oban::__private::NewJob) -> ::oban::__private::NewJob {
                    job.queue("mailers")
                }
            }
        };
        assert_eq!(expanded.to_string(), expected.to_string());
    }

    #[test]
    fn the_derive_adds_job_args_alone() {
        let expanded = derive(quote! {
            #[job(worker = "MyApp.Mailer", aliases("Mailer"), crate = my::oban)]
            struct SendWelcome { user_id: i64 }
        });
        let expected = quote! {
            #[automatically_derived]
            impl my::oban::__private::JobArgs for SendWelcome {
                const WORKER: &'static str = "MyApp.Mailer";
                const ALIASES: &'static [&'static str] = &["Mailer"];
            }
        };
        assert_eq!(expanded.to_string(), expected.to_string());
    }

    #[test]
    fn mistakes_stand_beside_the_item_and_its_impl() {
        let expanded = attribute(quote! { priority = 10 }, &quote! { struct Send(i64); }).to_string();

        assert!(expanded.contains("struct Send (i64) ;"), "{expanded}");
        assert!(expanded.contains("JobArgs for Send"), "{expanded}");
        assert_eq!(expanded.matches("compile_error").count(), 2, "{expanded}");
    }

    #[test]
    fn a_raw_name_is_stored_without_its_mark() {
        assert!(derive(quote! { struct r#try {} }).to_string().contains("= \"try\""));
    }
}
