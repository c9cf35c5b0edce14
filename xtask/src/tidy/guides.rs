//! Rule: the examples of every guide are tests of the facade.

use super::Violation;
use super::tree::{File, Tree};

/// Where guides are listed.
const LIST: &str = "oban/src/guides.rs";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let list = tree.file(LIST).map_or("", |list| list.text.as_str());
    let listed = |name: &str| {
        list.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == name)
    };
    let guides = tree.files.iter().filter_map(|file| Some((file, name(file)?)));
    guides
        .filter(|(_, name)| !listed(name))
        .filter_map(|(file, name)| {
            let what = format!("its examples are no tests; add `{name}` to {LIST}");
            Some(Violation::new(&file.path, first_example(file)?, what))
        })
        .collect()
}

fn name(file: &File) -> Option<&str> {
    file.path.strip_prefix("docs/")?.strip_suffix(".md")
}

/// The line of the first block that the documentation tool takes for Rust.
fn first_example(file: &File) -> Option<usize> {
    let fences = file.lines().filter(|(_, text)| text.trim_start().starts_with("```")).step_by(2);
    let is_rust = |text: &str| {
        let marks = text.trim_start().trim_start_matches('`');
        marks.is_empty() || marks.split(',').any(|mark| mark == "rust")
    };
    fences.filter(|(_, text)| is_rust(text)).map(|(line, _)| line).next()
}

#[cfg(test)]
mod tests {
    use super::{File, LIST, Tree, check};

    fn found(guide: &str) -> Vec<usize> {
        let files =
            vec![File::new("docs/unique_jobs.md", guide), File::new(LIST, "guides! { queues, scaling }")];
        check(&Tree { files, packages: Vec::new() }).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn examples_that_are_not_run_are_told() {
        assert_eq!(found("# Unique jobs\n\n```rust,no_run\nlet a = 1;\n```\n"), [3]);
        assert_eq!(found("```sql\nselect 1;\n```\n```\nlet a = 1;\n```\n"), [4]);
    }

    #[test]
    fn other_languages_are_fine() {
        assert_eq!(found("```elixir\nOban.insert(job)\n```\nAnd `that` is all.\n"), Vec::<usize>::new());
    }

    #[test]
    fn guides_that_are_listed_are_fine() {
        let files =
            vec![File::new("docs/queues.md", "```rust\n```\n"), File::new(LIST, "guides! { queues }")];
        assert_eq!(check(&Tree { files, packages: Vec::new() }), []);
    }
}
