//! Rule: a link from one document to another leads to a file, and to a heading if it names one.

use super::Violation;
use super::tree::{File, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let documents = tree.files.iter().filter(|file| file.has_extension("md"));
    documents.flat_map(|file| check_file(tree, file)).collect()
}

fn check_file(tree: &Tree, file: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, text) in prose(file) {
        for target in targets(text) {
            if let Some(what) = problem(tree, file, target) {
                violations.push(Violation::new(&file.path, line, what));
            }
        }
    }
    violations
}

/// The lines outside of fenced code.
fn prose(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    file.lines().filter(move |(_, text)| {
        let fence = text.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// What the links of a line lead to, those in code left out.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let outside_of_code = text.split('`').step_by(2);
    outside_of_code.flat_map(|part| part.split("](").skip(1).filter_map(|rest| rest.split(')').next()))
}

fn problem(tree: &Tree, from: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { from.path.clone() } else { resolve(&from.path, path) };
    let folder = format!("{}/", path.trim_end_matches('/'));
    match tree.file(&path) {
        None if tree.files.iter().any(|file| file.path.starts_with(&folder)) => None,
        None => {
            Some(format!("the link leads to {path}, which is no file; correct it, or write that file first"))
        }
        Some(to) if !anchor.is_empty() && !headings(to).any(|heading| heading == anchor) => {
            Some(format!("{path} has no heading #{anchor}; name one that it has"))
        }
        Some(_) => None,
    }
}

/// The path from the root of the repository, of a path from a file.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchors of a document, as the usual renderers make them of its headings.
fn headings(file: &File) -> impl Iterator<Item = String> {
    prose(file).filter(|(_, text)| text.starts_with('#')).map(|(_, text)| {
        let heading = text.trim_start_matches('#').trim().to_lowercase();
        let kept =
            heading.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{File, Tree, check};

    fn found(text: &str) -> Vec<usize> {
        let files = vec![
            File::new("docs/guide.md", text),
            File::new("docs/queues.md", "# Queues\n\n## How many, and `why`?\n\n```sh\n# no heading\n```\n"),
            File::new("README.md", "# Read me\n"),
            File::new("examples/quickstart/main.rs", ""),
        ];
        check(&Tree { files, packages: Vec::new() }).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        for text in [
            "See [Queues](queues.md) and [the README](../README.md).",
            "See [how many](queues.md#how-many-and-why).",
            "See [below](#below).\n\n## Below\n",
            "See [examples](../examples/) and [elsewhere](https://example.com/nowhere.md).",
        ] {
            assert_eq!(found(text), Vec::<usize>::new(), "{text}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_told() {
        for text in [
            "One.\nSee [Queues](queue.md).",
            "One.\nSee [Queues](queues.md) and [more](queues.md#no-heading).",
            "One.\nSee [below](#below).",
        ] {
            assert_eq!(found(text), [2], "{text}");
        }
    }

    #[test]
    fn code_is_no_link() {
        assert_eq!(found("An `[a](b.md)`.\n```rust\nlet a = [b](c);\n```\n"), Vec::<usize>::new());
    }
}
