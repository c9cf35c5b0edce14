//! Rule: every test that the table of parity names exists.

use super::Violation;
use super::tree::Tree;

const TABLE: &str = "docs/parity.md";

/// The cell of a row that names tests. What stands before the first bar is the one numbered 0.
const TESTS: usize = 3;

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(table) = tree.file(TABLE) else { return Vec::new() };
    let mut violations = Vec::new();
    for (line, row) in table.lines().filter(|(_, text)| text.starts_with('|')) {
        let row = row.replace("\\|", "");
        let cell = row.split('|').nth(TESTS).unwrap_or_default();
        for test in cell.split('`').skip(1).step_by(2).filter(|test| !exists(tree, test)) {
            let what =
                format!("there is no test `{test}`; write it as `file::test` and name one that is there");
            violations.push(Violation::new(TABLE, line, what));
        }
    }
    violations
}

/// Whether a file of that name, or a folder's, holds a function of that name.
fn exists(tree: &Tree, test: &str) -> bool {
    let Some((module, name)) = test.split_once("::") else { return false };
    let (file, function) = (format!("/{module}.rs"), format!("fn {name}("));
    tree.files.iter().any(|candidate| candidate.path.ends_with(&file) && candidate.text.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::{TABLE, Tree, check};
    use crate::tidy::tree::File;

    fn found(row: &str) -> usize {
        let files = vec![
            File::new(TABLE, format!("| what | here | tests |\n|---|---|---|\n{row}\n")),
            File::new("oban-testing/src/suite/insert.rs", "pub async fn keeps_names(h: Harness) {}"),
        ];
        check(&Tree { files, packages: Vec::new() }).len()
    }

    #[test]
    fn a_test_that_is_there_is_fine() {
        assert_eq!(found("| names | `NewJob::queue` | `insert::keeps_names` |"), 0);
        assert_eq!(found("| names | `NewJob::queue` | |"), 0);
    }

    #[test]
    fn a_test_that_is_not_there_is_told() {
        for test in ["insert::keeps_name", "inserts::keeps_names", "keeps_names"] {
            assert_eq!(found(&format!("| names | | `{test}`, `insert::keeps_names` |")), 1, "{test}");
        }
    }
}
