//! Rule: the drivers have the same file names, so that a reader of one knows the other.

use super::Violation;
use super::tree::Tree;

const DRIVERS: [&str; 2] = ["oban-postgres", "oban-sqlite"];

const NAMES: [&str; 10] =
    ["lib", "engine", "row", "sql", "tx", "notifier", "peer", "inspect", "migrate", "error"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    DRIVERS.iter().flat_map(|driver| check_driver(tree, driver)).collect()
}

fn check_driver(tree: &Tree, driver: &str) -> Vec<Violation> {
    let source = format!("{driver}/src/");
    let library = format!("{source}lib.rs");
    let files = || tree.files.iter().filter_map(|file| file.path.strip_prefix(&source));
    // A crate that has only just been laid out is not a driver yet.
    if files().all(|file| file == "lib.rs") {
        return Vec::new();
    }
    let is_missing = |name: &str| !files().any(|file| file.strip_suffix(".rs") == Some(name));
    let violation = |name: &str| {
        let what = format!(
            "{driver} lacks src/{name}.rs; drivers have the same files, so that one reads like the other"
        );
        Violation::new(&library, 1, what)
    };
    NAMES.into_iter().filter(|name| is_missing(name)).map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::{NAMES, Tree, check};
    use crate::tidy::tree::File;

    fn tree(names: &[&str]) -> Tree {
        let file = |name: &&str| File::new(&format!("oban-sqlite/src/{name}.rs"), "");
        Tree { files: names.iter().map(file).collect(), packages: Vec::new() }
    }

    #[test]
    fn a_missing_file_is_told() {
        let found = check(&tree(&NAMES[..9]));
        assert!(found.first().is_some_and(|violation| violation.what.contains("lacks src/error.rs")));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn further_files_are_welcome() {
        assert_eq!(check(&tree(&[NAMES.as_slice(), &["engine/fetch", "writer"]].concat())), []);
    }

    #[test]
    fn an_empty_driver_is_let_be() {
        assert_eq!(check(&tree(&["lib"])), []);
    }
}
