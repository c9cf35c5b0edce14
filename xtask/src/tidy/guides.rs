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
    let guides = || tree.files.iter().filter_map(|file| Some((file, name(file)?)));
    let unlisted = guides().filter(|(_, name)| !listed(name)).filter_map(|(file, name)| {
        let what = format!("its examples are no tests; add `{name}` to {LIST}");
        Some(Violation::new(&file.path, examples(file).next()?.0, what))
    });
    let ignored = guides().flat_map(|(file, _)| {
        let lines = examples(file).filter(|(_, marks)| marks.contains("ignore")).map(|(line, _)| line);
        lines
            .map(|line| Violation::new(&file.path, line, "nothing compiles this example; take `ignore` away"))
    });
    unlisted.chain(ignored).collect()
}

fn name(file: &File) -> Option<&str> {
    file.path.strip_prefix("docs/")?.strip_suffix(".md")
}

/// The lines of the blocks that the documentation tool takes for Rust, and what is said of each.
fn examples(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let fences = file.lines().filter(|(_, text)| text.trim_start().starts_with("```")).step_by(2);
    let marks = fences.map(|(line, text)| (line, text.trim_start().trim_start_matches('`')));
    marks.filter(|(_, marks)| marks.is_empty() || marks.split(',').any(|mark| mark == "rust"))
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
    fn an_example_that_is_ignored_is_told() {
        let guide = "```rust\n```\n```rust,ignore\n```\n";
        let files = vec![File::new("docs/queues.md", guide), File::new(LIST, "guides! { queues }")];
        let found = check(&Tree { files, packages: Vec::new() });
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn guides_that_are_listed_are_fine() {
        let files =
            vec![File::new("docs/queues.md", "```rust\n```\n"), File::new(LIST, "guides! { queues }")];
        assert_eq!(check(&Tree { files, packages: Vec::new() }), []);
    }
}
