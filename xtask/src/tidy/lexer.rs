//! Rust and SQL with their comments and strings blanked out, so that rules judge code and not words about code.
//! Line breaks stay, thus line numbers hold.

/// The code of a Rust file.
pub(super) fn rust_code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            quoted(rest, '"', true)
        } else if let Some(length) = raw_string(rest).filter(|_| !after_word) {
            length
        } else if let Some(length) = character(rest) {
            length
        } else {
            code.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        blank(&mut code, &mut rest, length);
    }
    code
}

/// The statements of an SQL file.
pub(super) fn sql_code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '\'' || first == '"' {
            quoted(rest, first, false)
        } else if let Some(length) = dollar_quoted(rest) {
            length
        } else {
            code.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        blank(&mut code, &mut rest, length);
    }
    code
}

/// Moves over `length` bytes, of which only line breaks and a mark remain: a string is still something.
fn blank(code: &mut String, rest: &mut &str, length: usize) {
    let (blanked, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
    if !blanked.starts_with(['/', '-']) {
        code.push('_');
    }
    code.extend(blanked.chars().filter(|character| *character == '\n'));
    *rest = after;
}

/// Block comments nest, in Rust as in SQL.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut position = 0;
    while let Some(rest) = text.get(position..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            position += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn quoted(text: &str, quote: char, has_escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((position, character)) = characters.next() {
        if character == quote {
            return position + quote.len_utf8();
        }
        if has_escapes && character == '\\' {
            characters.next();
        }
    }
    text.len()
}

/// `r"…"`, `br#"…"#` and the like.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let hashes: String =
        text.get(prefix.len()..)?.chars().take_while(|character| *character == '#').collect();
    let start = prefix.len() + hashes.len();
    let body = text.get(start..)?.strip_prefix('"')?;
    let end = format!("\"{hashes}");
    Some(body.find(&end).map_or(text.len(), |position| start + 1 + position + end.len()))
}

/// `'a'` or `'\n'`, but not the lifetime `'a`.
fn character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('\'')?;
    if body.starts_with('\\') {
        return Some(quoted(text, '\'', true));
    }
    let length = body.chars().next()?.len_utf8();
    body.get(length..)?.starts_with('\'').then_some(length + 2)
}

/// `$$…$$` or `$name$…$name$`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let end = text.strip_prefix('$')?.find('$')? + 2;
    let tag = text.get(..end)?;
    let name = tag.trim_matches('$');
    let is_name = name.chars().all(|character| character.is_alphanumeric() || character == '_');
    if !is_name || name.starts_with(|first: char| first.is_numeric()) {
        return None;
    }
    Some(text.get(end..)?.find(tag).map_or(text.len(), |position| end + position + tag.len()))
}

#[cfg(test)]
mod tests {
    use super::{rust_code, sql_code};

    #[test]
    fn blanks_what_is_no_rust() {
        for (text, code) in [
            ("a // b\nc", "a \nc"),
            ("a /* b /* c */ d\n */ e", "a \n e"),
            (r#"a("b \" c", d)"#, "a(_, d)"),
            ("a(r#\"b \" c\"#, d)", "a(_, d)"),
            ("a('\"', '\\'', 'x): &'a str", "a(_, _, 'x): &'a str"),
            ("for\"x\"", "for_"),
            ("a(\"b\nc\")", "a(_\n)"),
            ("\"ä\" + 'ö'", "_ + _"),
        ] {
            assert_eq!(rust_code(text), code);
        }
    }

    #[test]
    fn blanks_what_is_no_sql() {
        for (text, code) in [
            ("-- a;\nselect 1", "\nselect 1"),
            ("select ';''x', \";\"", "select __, _"),
            ("do $$ a; b; $$", "do _"),
            ("do $x$ a; $$; $x$;", "do _;"),
            ("select $1, $2", "select $1, $2"),
        ] {
            assert_eq!(sql_code(text), code);
        }
    }
}
