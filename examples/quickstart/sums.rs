//! The digests in the format of `sha256sum`.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{files, files::Directory, report::Report};

/// Writes the digests, unless some are missing: for `sha256sum -c` from the folder this was started in.
pub(crate) fn write(out: &Path, directory: &Directory, report: &Report<'_>) -> anyhow::Result<()> {
    if report.missing() > 0 {
        eprintln!("{} was not written: {} files were not hashed", out.display(), report.missing());
        return Ok(());
    }
    let mut lines: Vec<(PathBuf, &str)> = Vec::new();
    for (file, hashed) in report.hashed() {
        let below = Path::new(&file.path).strip_prefix(&directory.root)?;
        lines.push((directory.given.join(below), &hashed.sha256));
    }
    lines.sort_unstable_by(|(one, _), (other, _)| one.as_os_str().cmp(other.as_os_str()));
    replace(out, &lines).with_context(|| format!("cannot write {}", out.display()))
}

/// Readers see the former file or the whole new one.
fn replace(out: &Path, lines: &[(PathBuf, &str)]) -> std::io::Result<()> {
    let unfinished = files::unfinished(out);
    let mut file = BufWriter::new(File::create(&unfinished)?);
    for (path, digest) in lines {
        let path = path.as_os_str().as_encoded_bytes();
        let escaped = escape(path);
        if escaped != path {
            file.write_all(b"\\")?;
        }
        file.write_all(digest.as_bytes())?;
        file.write_all(b"  ")?;
        file.write_all(&escaped)?;
        file.write_all(b"\n")?;
    }
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(unfinished, out)
}

/// A name on one line. `sha256sum` knows that a name is escaped by a backslash before the digest.
fn escape(path: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(path.len());
    for byte in path {
        match byte {
            b'\\' => escaped.extend(br"\\"),
            b'\n' => escaped.extend(br"\n"),
            b'\r' => escaped.extend(br"\r"),
            _ => escaped.push(*byte),
        }
    }
    escaped
}
