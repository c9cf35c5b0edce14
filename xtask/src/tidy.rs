//! `cargo xtask tidy`: the rules of this house that a program can check. One rule a file below `tidy/`.

mod drivers;
mod guides;
mod layers;
mod lexer;
mod links;
mod machine;
mod parity;
mod shape;
mod source;
mod sql;
mod tree;

use std::fmt;

use anyhow::{Result, ensure};
use clap::Args;

use tree::Tree;

/// Checks the house rules: layers, sizes, SQL files, forbidden words.
#[derive(Debug, Args)]
pub(crate) struct Tidy {}

/// A broken rule, and the cure.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    what: String,
}

/// Every rule looks at the whole tree and tells all that is wrong.
const RULES: [fn(&Tree) -> Vec<Violation>; 9] = [
    layers::check,
    shape::check,
    source::check,
    sql::check,
    drivers::check,
    machine::check,
    links::check,
    guides::check,
    parity::check,
];

impl Tidy {
    #[expect(clippy::print_stdout, reason = "the list of violations is the output, for people and editors")]
    pub(crate) fn run(&self) -> Result<()> {
        let tree = Tree::read()?;
        let mut violations: Vec<Violation> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
        violations.sort();
        for violation in &violations {
            println!("{violation}");
        }
        ensure!(violations.is_empty(), "{} violations of the house rules", violations.len());
        Ok(())
    }
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}
