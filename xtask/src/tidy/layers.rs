//! Rule: a crate names only crates of lower layers, the core knows no store, and the lockfile holds one SQLite.

use super::Violation;
use super::tree::{Package, Tree};

struct Layer {
    package: &'static str,
    /// The crates of ours it may link.
    allowed: &'static [&'static str],
    /// The crates of ours its tests may link besides.
    allowed_in_tests: &'static [&'static str],
}

const LAYERS: [Layer; 8] = [
    Layer { package: "oban-core", allowed: &[], allowed_in_tests: &[] },
    // Its documentation and its tests show the facade.
    Layer { package: "oban-macros", allowed: &[], allowed_in_tests: &["oban"] },
    Layer { package: "oban-postgres", allowed: &["oban-core"], allowed_in_tests: &["oban-testing"] },
    Layer { package: "oban-sqlite", allowed: &["oban-core"], allowed_in_tests: &["oban-testing"] },
    Layer { package: "oban-testing", allowed: &["oban-core"], allowed_in_tests: &[] },
    Layer {
        package: "oban",
        allowed: &["oban-core", "oban-macros", "oban-postgres", "oban-sqlite", "oban-testing"],
        allowed_in_tests: &[],
    },
    Layer { package: "examples", allowed: &["oban"], allowed_in_tests: &[] },
    Layer { package: "xtask", allowed: &[], allowed_in_tests: &[] },
];

/// Crates that speak SQL. The core must not name them.
const DATABASE_CRATES: [&str; 2] = ["sqlx", "rusqlite"];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations: Vec<Violation> =
        tree.packages.iter().flat_map(|package| check_package(tree, package)).collect();
    violations.extend(check_core(tree));
    violations.extend(check_lockfile(tree));
    violations
}

fn check_package(tree: &Tree, package: &Package) -> Vec<Violation> {
    let manifest = format!("{}/Cargo.toml", package.name);
    let Some(layer) = LAYERS.iter().find(|layer| layer.package == package.name) else {
        let what = "this crate has no layer; give it one in LAYERS of xtask/src/tidy/layers.rs";
        return vec![Violation::new(&manifest, 1, what)];
    };
    let is_ours = |name: &&String| tree.packages.iter().any(|package| package.name == **name);
    let is_allowed = |name: &str| layer.allowed.contains(&name);
    let linked = package.dependencies.iter().filter(is_ours).filter(|name| !is_allowed(name));
    let tested = package.dev_dependencies.iter().filter(is_ours);
    let tested = tested.filter(|name| !is_allowed(name) && !layer.allowed_in_tests.contains(&name.as_str()));
    let violation = |kind: &str, name: &str| {
        let what = format!("{} must not have {name} as {kind}; name only lower layers", package.name);
        Violation::new(&manifest, line_of(tree, &manifest, name), what)
    };
    let mut violations: Vec<Violation> = linked.map(|name| violation("dependency", name)).collect();
    violations.extend(tested.map(|name| violation("dev-dependency", name)));
    violations
}

fn check_core(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with("oban-core/")) {
        if file.has_extension("sql") {
            violations.push(Violation::new(
                &file.path,
                1,
                "oban-core holds no SQL; move this file to a driver",
            ));
        }
        if file.path == "oban-core/Cargo.toml" {
            for name in DATABASE_CRATES {
                for (line, _) in file.lines().filter(|(_, text)| text.contains(name)) {
                    let what = format!("oban-core knows no driver; use {name} in a driver's crate");
                    violations.push(Violation::new(&file.path, line, what));
                }
            }
        }
    }
    violations
}

fn check_lockfile(tree: &Tree) -> Vec<Violation> {
    let Some(lockfile) = tree.file("Cargo.lock") else { return Vec::new() };
    let package = lockfile.lines().find(|(_, text)| *text == "name = \"sqlx-sqlite\"");
    let what = "sqlx-sqlite clashes with rusqlite; turn `json`, `chrono` and the like on at `sqlx-postgres`, not `sqlx`";
    package.map(|(line, _)| Violation::new("Cargo.lock", line, what)).into_iter().collect()
}

/// The last line that names the crate as a key: dev-dependencies come after dependencies.
fn line_of(tree: &Tree, manifest: &str, name: &str) -> usize {
    let Some(file) = tree.file(manifest) else { return 1 };
    let names = |text: &str| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    file.lines().filter(|(_, text)| names(text)).map(|(line, _)| line).last().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::{Package, Tree, check};
    use crate::tidy::tree::File;

    fn package(name: &str, dependencies: &[&str], dev_dependencies: &[&str]) -> Package {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Package {
            name: name.to_owned(),
            dependencies: owned(dependencies),
            dev_dependencies: owned(dev_dependencies),
        }
    }

    fn problems(packages: Vec<Package>) -> Vec<String> {
        let tree = Tree { packages, files: Vec::new() };
        check(&tree).into_iter().map(|violation| violation.what).collect()
    }

    #[test]
    fn lower_layers_and_foreign_crates_are_allowed() {
        let packages = vec![
            package("oban-core", &["serde"], &["tokio"]),
            package("oban-testing", &["oban-core"], &[]),
            package("oban-postgres", &["oban-core", "sqlx"], &["oban-testing"]),
            package("oban", &["oban-core", "oban-postgres"], &["anyhow"]),
            package("examples", &["oban"], &[]),
        ];
        assert_eq!(problems(packages), Vec::<String>::new());
    }

    #[test]
    fn each_forbidden_edge_is_named() {
        for (from, to) in [
            ("oban-core", "oban-macros"),
            ("oban-macros", "oban-core"),
            ("oban-postgres", "oban-sqlite"),
            ("oban-sqlite", "oban-testing"),
            ("oban-testing", "oban"),
            ("oban", "examples"),
            ("examples", "oban-core"),
            ("xtask", "oban"),
        ] {
            let found = problems(vec![package(from, &[to], &[]), package(to, &[], &[])]);
            let wanted = format!("{from} must not have {to} as dependency; name only lower layers");
            assert_eq!(found, [wanted]);
        }
    }

    #[test]
    fn tests_of_the_core_link_no_crate_of_ours() {
        let packages = vec![package("oban-core", &[], &["oban-testing"]), package("oban-testing", &[], &[])];
        let wanted = "oban-core must not have oban-testing as dev-dependency; name only lower layers";
        assert_eq!(problems(packages), [wanted]);
    }

    #[test]
    fn a_new_crate_needs_a_layer() {
        let found = problems(vec![package("oban-telegraph", &[], &[])]);
        assert_eq!(found, ["this crate has no layer; give it one in LAYERS of xtask/src/tidy/layers.rs"]);
    }

    #[test]
    fn the_line_of_the_edge_is_told() {
        let manifest = "[package]\nname = \"oban-core\"\n\n[dependencies]\noban-macros.workspace = true\n";
        let tree = Tree {
            files: vec![File::new("oban-core/Cargo.toml", manifest)],
            packages: vec![package("oban-core", &["oban-macros"], &[]), package("oban-macros", &[], &[])],
        };
        assert_eq!(check(&tree).first().map(|violation| violation.line), Some(5));
    }

    #[test]
    fn the_core_knows_no_database() {
        let files = vec![
            File::new("oban-core/sql/fetch.sql", "-- Fetches.\nselect 1\n"),
            File::new("oban-core/Cargo.toml", "[dependencies]\nsqlx.workspace = true\nrusqlite = \"0.40\"\n"),
        ];
        let found = check(&Tree { files, packages: Vec::new() });
        let lines: Vec<_> = found.iter().map(|violation| (violation.path.as_str(), violation.line)).collect();
        assert_eq!(
            lines,
            [("oban-core/sql/fetch.sql", 1), ("oban-core/Cargo.toml", 2), ("oban-core/Cargo.toml", 3)]
        );
    }

    #[test]
    fn the_lockfile_holds_one_sqlite() {
        let tree = Tree::of("Cargo.lock", "[[package]]\nname = \"sqlx-sqlite\"\n");
        assert_eq!(check(&tree).first().map(|violation| violation.line), Some(2));
    }
}
