//! Tables for people.

use comfy_table::{Table, presets};
use harness::Metric;

use crate::{
    results::{Series, Taken},
    verdicts::Verdict,
};

/// The medians of a measurement, with ratios to its baseline. Markdown, which reads well in a terminal too.
pub(crate) fn readings(taken: &Taken) -> Table {
    let metrics = taken.metrics();
    let baseline = taken.series(&taken.baseline);
    let mut header = vec!["system".to_owned()];
    header.extend(metrics.iter().map(|metric| metric.label().to_owned()));
    let mut table = table(header);
    for series in &taken.series {
        let mut row = vec![series.label.clone()];
        if series.failure.is_some() && series.readings.is_empty() {
            row.push("failed".to_owned());
        } else {
            row.extend(metrics.iter().map(|metric| cell(series, baseline, *metric)));
        }
        table.add_row(row);
    }
    table
}

/// The targets, and whether they are met.
pub(crate) fn verdicts(verdicts: &[Verdict]) -> Table {
    let header = ["measurement", "quantity", "target", "measured", ""];
    let mut table = table(header.map(str::to_owned).to_vec());
    for verdict in verdicts {
        let target = &verdict.target;
        let sign = if target.metric.is_gain() { "≥" } else { "≤" };
        let of = target.of.map_or_else(String::new, |of| format!(" of {of}"));
        table.add_row([
            match target.contender {
                "oban" => format!("{} {}", target.engine, target.case),
                contender => format!("{} {}, {contender}", target.engine, target.case),
            },
            target.metric.label().to_owned(),
            format!("{sign} {}{of}", number(target.bound)),
            number(verdict.measured),
            if verdict.is_met() { "met" } else { "**missed**" }.to_owned(),
        ]);
    }
    table
}

fn table(header: Vec<String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    table
}

fn cell(series: &Series, baseline: Option<&Series>, metric: Metric) -> String {
    let Some(median) = series.median(metric) else { return "–".to_owned() };
    let others = baseline.filter(|baseline| baseline.label != series.label);
    match others.and_then(|baseline| series.ratio(baseline, metric)) {
        Some(ratio) => format!("{} ({ratio:.2} ×)", number(median)),
        None => number(median),
    }
}

/// Three digits or more, thousands apart.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        1000.0.. => 0,
        100.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.find('.').map_or((text.as_str(), ""), |dot| text.split_at(dot));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 && digit.is_ascii_digit() && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let rest = rest.trim_end_matches('0').trim_end_matches('.');
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short() {
        let texts = [0.8, 1.0, 0.0205, 12.3456, 999.96, 1234567.8, 500_000.0].map(number);
        assert_eq!(texts, ["0.8", "1", "0.021", "12.35", "1,000", "1,234,568", "500,000"]);
    }
}
