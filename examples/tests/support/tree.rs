//! A directory to hash.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A folder that holds the directory to hash and, beside it, what the program writes.
pub(crate) struct Tree {
    folder: TempDir,
}

impl Tree {
    /// The directory, as it is named within its folder.
    pub(crate) const NAME: &str = "a tree";

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(Self::NAME)).unwrap();
        Self { folder }
    }

    pub(crate) fn with_odd_names() -> Self {
        let tree = Self::new();
        tree.write("empty", b"");
        tree.write("abc", b"abc");
        tree.write("with spaces  and 'quotes\"", b"1");
        tree.write("ünïcödé 漢字 🦀", b"2");
        tree.write("back\\slash", b"3");
        tree.write("new\nline", b"4");
        tree.write("carriage\rreturn", b"5");
        tree.write(" leading, * and $HOME", b"6");
        tree.write("-starts with a dash", b"7");
        fs::create_dir_all(tree.path("deep/er")).unwrap();
        tree.write("deep/er/large", &b"0123456789abcdef".repeat(200_000));
        std::os::unix::fs::symlink("abc", tree.path("link")).unwrap();
        // Not to be hashed: a folder that says of itself that it can be made again.
        fs::create_dir(tree.path("cache")).unwrap();
        tree.write("cache/CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55\n");
        tree
    }

    pub(crate) fn of_small_files(count: u32) -> Self {
        let tree = Self::new();
        for number in 0..count {
            tree.write(&format!("file {number}"), number.to_string().as_bytes());
        }
        tree
    }

    /// Each takes a while to hash, and no room on the disk.
    pub(crate) fn of_large_files(count: i64) -> Self {
        let tree = Self::new();
        for number in 0..count {
            let file = File::create(tree.path(&format!("file {number}"))).unwrap();
            file.set_len(u64::try_from(16_000_000 + number).unwrap()).unwrap();
        }
        tree
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn write_with_a_name_that_is_no_text(&self) {
        let name = OsStr::from_bytes(b"latin-1 \xfc");
        fs::write(self.folder().join(Self::NAME).join(name), b"x").unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(Self::NAME).join(name)
    }

    /// What the program wrote with `--out sums`: digests by escaped path.
    pub(crate) fn sums(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.folder().join("sums")).unwrap();
        let lines: Vec<(&str, &str)> = text.lines().map(|line| line.split_once("  ").unwrap()).collect();
        assert!(lines.is_sorted_by_key(|(_, path)| *path), "sorted by path");
        lines.into_iter().map(|(digest, path)| (path.to_owned(), digest.to_owned())).collect()
    }

    /// What it should have written.
    pub(crate) fn expected_sums(&self) -> BTreeMap<String, String> {
        let mut sums = BTreeMap::new();
        for folder in ["", "deep/er/"] {
            let Ok(entries) = fs::read_dir(self.path(folder)) else { continue };
            for entry in entries.map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_file()) {
                let name = entry.file_name().into_string().unwrap();
                let path = format!("{}/{folder}{name}", Self::NAME);
                let escaped = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
                let mark = if escaped == path { "" } else { "\\" };
                let digest = Sha256::digest(fs::read(entry.path()).unwrap());
                let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                sums.insert(escaped, format!("{mark}{digest}"));
            }
        }
        sums
    }

    /// The real tool agrees. Where there is none, the digests of the tests have to do.
    pub(crate) fn check_with_sha256sum(&self) {
        let empty = self.sums()[&format!("{}/empty", Self::NAME)].clone();
        assert_eq!(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let abc = self.sums()[&format!("{}/abc", Self::NAME)].clone();
        assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut check = Command::new("sha256sum");
        match check.args(["--check", "--strict", "sums"]).current_dir(self.folder()).output() {
            Ok(output) => assert!(output.status.success(), "{output:?}"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}"),
        }
    }
}
