//! Hashes the files of a directory, one job each.
fn main() {}
