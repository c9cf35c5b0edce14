//! Rule: a file of SQL says what it does, and holds one statement unless it is a migration.

use super::Violation;
use super::lexer::sql_code;
use super::tree::{File, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.files.iter().filter(|file| file.has_extension("sql")).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    if !file.text.starts_with("--") {
        let what =
            "no header; begin with `--` and what the statement does, which index it relies on, and why";
        violations.push(Violation::new(&file.path, 1, what));
    }
    let statements = statements(&file.text);
    if !file.path.split('/').any(|folder| folder == "migrations") && statements.len() != 1 {
        let what = format!("{} statements; a file holds one, give each its own", statements.len());
        let line = statements.get(1).copied().unwrap_or(1);
        violations.push(Violation::new(&file.path, line, what));
    }
    violations
}

/// The line on which each statement begins.
fn statements(text: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut line = 1;
    for statement in sql_code(text).split(';') {
        let blank = statement.len() - statement.trim_start().len();
        if !statement.trim().is_empty() {
            lines.push(line + statement.chars().take(blank).filter(|character| *character == '\n').count());
        }
        line += statement.matches('\n').count();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Tree, check};

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        check(&Tree::of(path, text)).into_iter().map(|violation| (violation.line, violation.what)).collect()
    }

    #[test]
    fn one_statement_with_a_header_is_fine() {
        for text in
            ["-- Picks; one.\nselect ';' -- a; b\n", "-- Picks.\nselect 1;\n", "-- Does.\ndo $$ a; b; $$\n"]
        {
            assert_eq!(found("oban-postgres/sql/pick.sql", text), []);
        }
    }

    #[test]
    fn a_header_is_wanted_of_migrations_too() {
        for path in ["oban-postgres/sql/pick.sql", "oban-postgres/sql/migrations/01.sql"] {
            let found = found(path, "select 1\n");
            assert!(
                found.first().is_some_and(|(line, what)| *line == 1 && what.starts_with("no header")),
                "{path}"
            );
        }
    }

    #[test]
    fn a_second_statement_is_told_outside_of_migrations() {
        let text = "-- Picks.\nselect 1;\n\nselect 2;\n";
        let what = "2 statements; a file holds one, give each its own".to_owned();
        assert_eq!(found("oban-postgres/sql/pick.sql", text), [(4, what)]);
        assert_eq!(found("oban-postgres/sql/migrations/01.sql", text), []);
    }

    #[test]
    fn no_statement_at_all_is_told() {
        let what = "0 statements; a file holds one, give each its own".to_owned();
        assert_eq!(found("oban-postgres/sql/pick.sql", "-- Nothing.\n"), [(1, what)]);
    }
}
