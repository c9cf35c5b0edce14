//! Rule: Rust code names what it imports, and leaves nothing for later.

use super::Violation;
use super::lexer::rust_code;
use super::tree::{File, Tree};

/// Code that is not allowed, and the cure.
const FORBIDDEN: [(&str, &str); 4] = [
    ("#[ignore", "a test that does not run is no test; make it run or delete it"),
    ("todo!", "unfinished code; finish it or leave it out"),
    ("unimplemented!", "unfinished code; finish it or leave it out"),
    ("prelude", "no prelude; name each item by its own path"),
];

const GLOB: &str = "glob import; name each item";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.files.iter().filter(|file| file.has_extension("rs")).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let code = rust_code(&file.text);
    let mut violations = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        for (word, cure) in FORBIDDEN.iter().filter(|(word, _)| has_word(text, word)) {
            violations.push(Violation::new(&file.path, line, format!("`{word}`: {cure}")));
        }
    }
    violations.extend(globs(&code).map(|line| Violation::new(&file.path, line, GLOB)));
    violations.extend(globs_in_docs(file).map(|line| Violation::new(&file.path, line, GLOB)));
    violations
}

/// Whether the text holds the word and not a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(start + word.len()..).unwrap_or_default();
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// The lines of `*` within `use` declarations: there it can mean nothing else.
fn globs(code: &str) -> impl Iterator<Item = usize> {
    let mut inside = false;
    (1..).zip(code.lines()).filter_map(move |(line, text)| {
        let text = text.trim_start();
        inside |= text.starts_with("use ") || (text.starts_with("pub") && text.contains(" use "));
        let found = inside && text.contains('*');
        inside &= !text.contains(';');
        found.then_some(line)
    })
}

/// The same in examples of docs, which are comments.
fn globs_in_docs(file: &File) -> impl Iterator<Item = usize> {
    file.lines().filter_map(|(line, text)| {
        let comment = text.trim_start().strip_prefix("//")?;
        let code = comment.trim_start_matches(['/', '!', '#', ' ']);
        (code.starts_with("use ") && code.trim_end().ends_with("::*;")).then_some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::{Tree, check};

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of("oban/src/lib.rs", text)).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn globs_are_told_in_every_form() {
        for text in [
            "use a::*;",
            "    use super::*;",
            "pub use a::*;",
            "pub(crate) use a::b::*;",
            "use a::{self, *};",
            "/// use a::*;",
            "//! # use a::*;",
        ] {
            assert_eq!(lines(text), [1], "{text}");
        }
        assert_eq!(lines("use a::{\n    b,\n    c::*,\n};\n"), [3]);
    }

    #[test]
    fn unfinished_code_is_told() {
        for text in
            ["#[ignore]", "#[ignore = \"slow\"]", "todo!()", "unimplemented!(\"x\")", "use a::prelude::B;"]
        {
            assert_eq!(lines(text), [1], "{text}");
        }
    }

    #[test]
    fn products_and_words_about_code_are_fine() {
        for text in [
            "let a = b * c; let user = *d;",
            "// A todo! in a comment.",
            "let a = \"todo!()\";",
            "let interlude_or_prelude_like = 1;",
            "/// Reads `use x::*` in prose.",
            "use a::{b, c};\nlet d = *e;",
        ] {
            assert_eq!(lines(text), Vec::<usize>::new(), "{text}");
        }
    }
}
