//! The values of `#[job(..)]`, held to the rules that hold for every job at run time.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Lit, LitStr, Path};

use crate::entry::{Value, items};
use crate::key::Key;
use crate::mistakes::Mistakes;

/// Longest name of a queue or a worker, in characters; the tables check it too.
const MAX_NAME: usize = 127;

/// A queue's or worker's name: 1 to 127 characters.
pub(crate) fn name(key: Key, span: Span, value: Value) -> syn::Result<String> {
    let literal: LitStr = literal(key, &assigned(key, span, value)?)?;
    check_name(key, &literal.value(), literal.span())?;
    Ok(literal.value())
}

/// A string whose meaning is checked later.
pub(crate) fn text(key: Key, span: Span, value: Value) -> syn::Result<LitStr> {
    let literal: LitStr = literal(key, &assigned(key, span, value)?)?;
    check_text(key, &literal.value(), literal.span())?;
    Ok(literal)
}

/// Says what is wrong with a name, wherever it came from.
pub(crate) fn check_name(key: Key, name: &str, span: Span) -> syn::Result<()> {
    let length = name.chars().count();
    let problem = if name.trim().is_empty() {
        format!("`{}` is blank: give it 1 to {MAX_NAME} characters, as in `{}`", key.name(), key.example())
    } else if length > MAX_NAME {
        format!("`{}` has {length} characters: at most {MAX_NAME} are allowed", key.name())
    } else {
        return check_text(key, name, span);
    };
    Err(Error::new(span, problem))
}

/// Refuses the one character that databases cannot store.
pub(crate) fn check_text(key: Key, text: &str, span: Span) -> syn::Result<()> {
    if text.contains('\0') {
        let message =
            format!("`{}` holds a NUL character, which databases cannot store: remove it", key.name());
        return Err(Error::new(span, message));
    }
    Ok(())
}

/// At least 1, and no more than the column holds.
pub(crate) fn max_attempts(span: Span, value: Value) -> syn::Result<u32> {
    integer(
        Key::MaxAttempts,
        &assigned(Key::MaxAttempts, span, value)?,
        1..=i32::MAX.unsigned_abs(),
        "from 1 to 2147483647",
    )
}

/// 0 runs first, 9 last.
pub(crate) fn priority(span: Span, value: Value) -> syn::Result<u32> {
    integer(Key::Priority, &assigned(Key::Priority, span, value)?, 0..=9, "from 0 (first) to 9 (last)")
}

/// `tags("a", "b")` or `tags = ["a", "b"]`; every bad tag is reported.
pub(crate) fn tags(span: Span, value: Value) -> syn::Result<Vec<String>> {
    list(Key::Tags, "tag", span, value, tag)
}

/// `aliases("OldName")` or `aliases = ["OldName"]`: other stored names, each once; every bad one is reported.
pub(crate) fn aliases(span: Span, value: Value) -> syn::Result<Vec<LitStr>> {
    let mut seen = HashSet::new();
    list(Key::Aliases, "name", span, value, |tokens| {
        let alias: LitStr = literal(Key::Aliases, tokens)?;
        check_name(Key::Aliases, &alias.value(), alias.span())?;
        if !seen.insert(alias.value()) {
            return Err(Error::new(alias.span(), "the alias is given twice: keep one"));
        }
        Ok(alias)
    })
}

/// A list of at least one `item`, in parentheses or as an array.
fn list<T>(
    key: Key,
    item: &str,
    span: Span,
    value: Value,
    mut read: impl FnMut(&TokenStream) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    let list = match value {
        Value::Listed(list) => list,
        Value::Missing => return Err(missing(key, span)),
        Value::Assigned(tokens) => array(&tokens).ok_or_else(|| wrong(key, &tokens))?,
    };
    let mut mistakes = Mistakes::default();
    let mut values = Vec::new();
    for tokens in items(list) {
        values.extend(mistakes.sift(read(&tokens)));
    }
    let values = mistakes.or(values)?;
    if values.is_empty() {
        let message = format!("`{}` lists no {item}: remove it, or write `{}`", key.name(), key.example());
        return Err(Error::new(span, message));
    }
    Ok(values)
}

/// The facade's path, as a string or as a path.
pub(crate) fn facade(span: Span, value: Value) -> syn::Result<Path> {
    let tokens = assigned(Key::Crate, span, value)?;
    let path = match syn::parse2::<LitStr>(tokens.clone()) {
        Ok(literal) => literal.parse_with(Path::parse_mod_style),
        Err(_) => Path::parse_mod_style.parse2(tokens.clone()),
    };
    path.map_err(|_| wrong(Key::Crate, &tokens))
}

/// The inside of `[..]`, if that is all there is.
pub(crate) fn array(tokens: &TokenStream) -> Option<TokenStream> {
    let mut tokens = tokens.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Bracket => {
            Some(group.stream())
        }
        _ => None,
    }
}

/// One value and nothing behind it; a forgotten comma is named as such.
pub(crate) fn only<T: Parse>(tokens: &TokenStream, wrong: impl FnOnce() -> Error) -> syn::Result<T> {
    let one = |input: ParseStream<'_>| {
        let value: T = match input.parse() {
            Ok(value) => value,
            Err(_) => return Ok((None, input.parse()?)),
        };
        Ok((Some(value), input.parse::<TokenStream>()?))
    };
    match one.parse2(tokens.clone())? {
        (None, _) => Err(wrong()),
        (Some(value), rest) => match rest.into_iter().next() {
            None => Ok(value),
            Some(next) => Err(Error::new(next.span(), format!("expected `,` before `{next}`"))),
        },
    }
}

fn tag(tokens: &TokenStream) -> syn::Result<String> {
    let literal: LitStr = literal(Key::Tags, tokens)?;
    // Tags are trimmed when a job is inserted, so a blank one would vanish.
    if literal.value().trim().is_empty() {
        return Err(Error::new(literal.span(), "a tag is blank: remove it, or name it"));
    }
    check_text(Key::Tags, &literal.value(), literal.span())?;
    Ok(literal.value())
}

fn integer(
    key: Key,
    tokens: &TokenStream,
    allowed: std::ops::RangeInclusive<u32>,
    described: &str,
) -> syn::Result<u32> {
    let Lit::Int(literal) = literal(key, tokens)? else {
        return Err(wrong(key, tokens));
    };
    match literal.base10_parse() {
        Ok(value) if allowed.contains(&value) => Ok(value),
        _ => Err(Error::new(literal.span(), format!("`{}` goes {described}, not {literal}", key.name()))),
    }
}

fn literal<T: Parse>(key: Key, tokens: &TokenStream) -> syn::Result<T> {
    only(tokens, || wrong(key, tokens))
}

fn assigned(key: Key, span: Span, value: Value) -> syn::Result<TokenStream> {
    match value {
        Value::Assigned(tokens) => Ok(tokens),
        Value::Missing => Err(missing(key, span)),
        Value::Listed(_) => {
            Err(Error::new(span, format!("`{}` takes one value: `{}`", key.name(), key.example())))
        }
    }
}

pub(crate) fn missing(key: Key, span: Span) -> Error {
    Error::new(span, format!("`{}` has no value: write `{}`", key.name(), key.example()))
}

fn wrong(key: Key, tokens: &TokenStream) -> Error {
    let kind = match key {
        Key::MaxAttempts | Key::Priority => "a whole number",
        Key::Tags | Key::Aliases => "strings",
        Key::Crate => "a path",
        Key::Unique => "options",
        Key::Replace => "fields",
        Key::Queue | Key::Worker | Key::Meta | Key::Cron | Key::Timezone | Key::CatchUp => "a string",
    };
    Error::new_spanned(tokens, format!("`{}` takes {kind}, written out: `{}`", key.name(), key.example()))
}

#[cfg(test)]
mod tests {
    use super::{aliases, facade, max_attempts, name, priority, tags};
    use crate::entry::Value;
    use crate::key::Key;
    use crate::mistakes::messages;
    use proc_macro2::{Span, TokenStream};
    use quote::{ToTokens as _, quote};

    fn queue(tokens: TokenStream) -> syn::Result<String> {
        name(Key::Queue, Span::call_site(), Value::Assigned(tokens))
    }

    #[test]
    fn names_have_1_to_127_characters() {
        let (longest, longer) = ("é".repeat(127), "é".repeat(128));

        assert_eq!(queue(quote!("mailers")).unwrap(), "mailers");
        assert_eq!(queue(quote!(#longest)).unwrap(), longest);
        assert_eq!(messages(queue(quote!(#longer))), ["`queue` has 128 characters: at most 127 are allowed"]);
        for blank in ["", "  "] {
            assert_eq!(
                messages(queue(quote!(#blank))),
                ["`queue` is blank: give it 1 to 127 characters, as in `queue = \"mailers\"`"]
            );
        }
        assert_eq!(
            messages(queue(quote!("a\0"))),
            ["`queue` holds a NUL character, which databases cannot store: remove it"]
        );
    }

    #[test]
    fn a_name_is_a_string_alone() {
        let wrong = ["`queue` takes a string, written out: `queue = \"mailers\"`"];

        for tokens in [quote!(mailers), quote!(3), quote!(b"mailers"), quote!(crate::QUEUE)] {
            assert_eq!(messages(queue(tokens)), wrong);
        }
        assert_eq!(messages(queue(quote!("mailers" priority = 1))), ["expected `,` before `priority`"]);
        let span = Span::call_site();
        assert_eq!(
            messages(name(Key::Worker, span, Value::Missing)),
            ["`worker` has no value: write `worker = \"MyApp.Mailer\"`"]
        );
        assert_eq!(
            messages(name(Key::Queue, span, Value::Listed(quote!("mailers")))),
            ["`queue` takes one value: `queue = \"mailers\"`"]
        );
    }

    #[test]
    fn numbers_keep_to_their_range() {
        let span = Span::call_site();
        let attempts = |tokens| max_attempts(span, Value::Assigned(tokens));
        let priority = |tokens| priority(span, Value::Assigned(tokens));

        assert_eq!(attempts(quote!(1)).unwrap(), 1);
        assert_eq!(attempts(quote!(2_147_483_647)).unwrap(), 2_147_483_647);
        for (tokens, written) in [
            (quote!(0), "0"),
            (quote!(-1), "-1"),
            (quote!(2147483648), "2147483648"),
            (quote!(9999999999999999999999), "9999999999999999999999"),
        ] {
            assert_eq!(
                messages(attempts(tokens)),
                [format!("`max_attempts` goes from 1 to 2147483647, not {written}")]
            );
        }
        assert_eq!(priority(quote!(0)).unwrap(), 0);
        assert_eq!(priority(quote!(9)).unwrap(), 9);
        assert_eq!(messages(priority(quote!(10))), ["`priority` goes from 0 (first) to 9 (last), not 10"]);
        assert_eq!(
            messages(priority(quote!("1"))),
            ["`priority` takes a whole number, written out: `priority = 1`"]
        );
        assert_eq!(
            messages(priority(quote!(1.0))),
            ["`priority` takes a whole number, written out: `priority = 1`"]
        );
    }

    #[test]
    fn tags_are_listed_either_way_and_never_blank() {
        let span = Span::call_site();

        assert_eq!(tags(span, Value::Listed(quote!("a", "b",))).unwrap(), ["a", "b"]);
        assert_eq!(tags(span, Value::Assigned(quote!(["a", "b"]))).unwrap(), ["a", "b"]);
        assert_eq!(
            messages(tags(span, Value::Listed(quote!("", a, "ok", " ", "\0")))),
            [
                "a tag is blank: remove it, or name it",
                "`tags` takes strings, written out: `tags(\"billing\", \"eu\")`",
                "a tag is blank: remove it, or name it",
                "`tags` holds a NUL character, which databases cannot store: remove it",
            ]
        );
        assert_eq!(
            messages(tags(span, Value::Assigned(quote!("a")))),
            ["`tags` takes strings, written out: `tags(\"billing\", \"eu\")`"]
        );
        assert_eq!(
            messages(tags(span, Value::Listed(quote!()))),
            ["`tags` lists no tag: remove it, or write `tags(\"billing\", \"eu\")`"]
        );
    }

    #[test]
    fn aliases_are_names_each_given_once() {
        let aliases = |tokens| aliases(Span::call_site(), Value::Listed(tokens));
        let read: Vec<String> =
            aliases(quote!("Old", "MyApp.Old")).unwrap().iter().map(syn::LitStr::value).collect();

        assert_eq!(read, ["Old", "MyApp.Old"]);
        assert_eq!(
            messages(aliases(quote!("Old", " ", Older, "Old"))),
            [
                "`aliases` is blank: give it 1 to 127 characters, as in `aliases(\"OldName\")`",
                "`aliases` takes strings, written out: `aliases(\"OldName\")`",
                "the alias is given twice: keep one",
            ]
        );
        assert_eq!(
            messages(aliases(quote!())),
            ["`aliases` lists no name: remove it, or write `aliases(\"OldName\")`"]
        );
    }

    #[test]
    fn the_facade_is_a_string_or_a_path() {
        let facade = |tokens| facade(Span::call_site(), Value::Assigned(tokens));

        for tokens in [quote!("::my::oban"), quote!(::my::oban)] {
            assert_eq!(facade(tokens).unwrap().to_token_stream().to_string(), quote!(::my::oban).to_string());
        }
        assert_eq!(
            facade(quote!(crate::oban)).unwrap().to_token_stream().to_string(),
            quote!(crate::oban).to_string()
        );
        for tokens in [quote!(""), quote!("my oban"), quote!(3), quote!(Vec<u8>)] {
            assert_eq!(
                messages(facade(tokens)),
                ["`crate` takes a path, written out: `crate = \"my_app::oban\"`"]
            );
        }
    }
}
