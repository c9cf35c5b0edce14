//! Rule: files are short, and folders at most two deep below `src`.

use super::Violation;
use super::tree::{File, Tree};

const LINES_AT_MOST: usize = 400;
const FOLDERS_AT_MOST: usize = 2;

/// Files that may be longer, each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let sources = tree.files.iter().filter(|file| file.has_extension("rs"));
    sources.flat_map(|file| check_length(file).into_iter().chain(check_depth(file))).collect()
}

fn check_length(file: &File) -> Option<Violation> {
    let lines = file.lines().count();
    if lines <= LINES_AT_MOST || LONG_FILES.iter().any(|(path, _reason)| *path == file.path) {
        return None;
    }
    let what = format!("{lines} lines, {LINES_AT_MOST} are the most; give each concept a file of its own");
    Some(Violation::new(&file.path, LINES_AT_MOST + 1, what))
}

fn check_depth(file: &File) -> Option<Violation> {
    let (_, below) = file.path.split_once("/src/")?;
    let folders = below.matches('/').count();
    let what = format!("{folders} folders below src, {FOLDERS_AT_MOST} are the most; move the file up");
    (folders > FOLDERS_AT_MOST).then(|| Violation::new(&file.path, 1, what))
}

#[cfg(test)]
mod tests {
    use super::{Tree, check};

    #[test]
    fn long_files_are_told_whichever_folder_they_are_in() {
        for path in ["oban-core/src/job.rs", "oban-core/tests/story.rs", "examples/quickstart/main.rs"] {
            assert_eq!(check(&Tree::of(path, "\n".repeat(400))), []);
            let found = check(&Tree::of(path, "\n".repeat(401)));
            assert_eq!(found.first().map(|violation| violation.line), Some(401), "{path}");
        }
    }

    #[test]
    fn length_is_a_matter_of_rust_alone() {
        assert_eq!(check(&Tree::of("docs/guide.md", "\n".repeat(500))), []);
    }

    #[test]
    fn deep_folders_are_told() {
        assert_eq!(check(&Tree::of("oban-core/src/queue/limit/local.rs", "")), []);
        let found = check(&Tree::of("oban-core/src/queue/limit/local/rate.rs", ""));
        assert_eq!(found.len(), 1);
    }
}
