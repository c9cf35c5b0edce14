//! `performance.md`: what people wrote, with what was measured put in.

use std::{fmt::Write, fs, path::Path};

use anyhow::{Context, Result};

use crate::{chart, results::Results, tables, verdicts};

/// Written by hand, but for the words in braces. Generating again loses nothing of it.
const TEMPLATE: &str = include_str!("../performance.md");
const CHART: &str = "performance.svg";

/// Writes the page and its chart into a folder.
pub(crate) fn write(results: &Results, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let has_chart = chart::draw(results, &folder.join(CHART))?;
    let page = TEMPLATE
        .replace("{machine}", &results.machine.to_string())
        .replace("{rounds}", &results.rounds().to_string())
        .replace(
            "{chart}",
            if has_chart { "![Jobs run per second, by queue limit](performance.svg)" } else { "" },
        )
        .replace("{targets}", &tables::verdicts(&verdicts::of(results)).to_string())
        .replace("{readings}", &readings(results)?);
    let path = folder.join("performance.md");
    fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn readings(results: &Results) -> Result<String> {
    let mut text = String::new();
    for case in &results.cases {
        writeln!(text, "**{}**\n\n{}\n", case.title, tables::readings(case))?;
    }
    Ok(text.trim_end().to_owned())
}
