//! Rule: no file names a folder of somebody's machine, or the host of a package registry. The lockfile may: cargo
//! writes it.

use super::Violation;
use super::tree::{File, Tree};

/// Top folders that exist on one machine only, or mean another thing on each.
const FOLDERS: [&str; 2] = ["work", "tmp"];

/// Hosts of registries, in parts: written in one piece they would be found right here.
const HOSTS: [[&str; 2]; 5] =
    [["crates", "io"], ["pypi", "org"], ["npmjs", "org"], ["debian", "org"], ["proxy.golang", "org"]];

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.files
        .iter()
        .filter(|file| file.path.rsplit('/').next() != Some("Cargo.lock"))
        .flat_map(check_file)
        .collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (line, text) in file.lines() {
        for folder in FOLDERS.map(|folder| format!("/{folder}/")) {
            if names_folder(text, &folder) {
                let what = format!(
                    "`{folder}` is a path of one machine; ask for a temporary folder, or name no path"
                );
                violations.push(Violation::new(&file.path, line, what));
            }
        }
        for host in HOSTS.map(|parts| parts.join(".")) {
            if text.contains(&host) {
                let what =
                    format!("`{host}` is a registry; say what to install and leave from where to the tools");
                violations.push(Violation::new(&file.path, line, what));
            }
        }
    }
    violations
}

/// Whether the folder stands at the root, not below another one.
fn names_folder(text: &str, folder: &str) -> bool {
    let is_name = |character: char| character.is_alphanumeric() || ['_', '-', '.', '}'].contains(&character);
    text.match_indices(folder)
        .any(|(start, _)| !text.get(..start).is_some_and(|before| before.ends_with(is_name)))
}

#[cfg(test)]
mod tests {
    use super::{FOLDERS, HOSTS, Tree, check};

    #[test]
    fn paths_of_a_machine_are_told() {
        for folder in FOLDERS {
            let found = check(&Tree::of("docs/guide.md", format!("One.\nSee `/{folder}/notes`.\n")));
            assert_eq!(found.first().map(|violation| violation.line), Some(2), "{folder}");
        }
    }

    #[test]
    fn registries_are_told() {
        for host in HOSTS.map(|parts| parts.join(".")) {
            assert_eq!(check(&Tree::of("Dockerfile", format!("FROM https://{host}/x"))).len(), 1, "{host}");
            assert_eq!(check(&Tree::of("Cargo.lock", format!("source = \"https://{host}/x\""))), []);
        }
    }

    #[test]
    fn folders_below_others_are_fine() {
        for folder in FOLDERS {
            assert_eq!(check(&Tree::of("docs/guide.md", format!("src/{folder}/mod.rs"))), []);
        }
    }
}
