//! The picture: how fast waiting jobs are run, by queue limit.

use std::path::Path;

use anyhow::{Result, anyhow};
use harness::{Engine, Metric};
use plotters::{
    backend::SVGBackend,
    chart::{ChartBuilder, SeriesLabelPosition},
    drawing::IntoDrawingArea,
    element::Rectangle,
    style::{Color, RGBColor, WHITE},
};

use crate::results::{Results, Taken};

const SIZE: (u32, u32) = (960, 440);
const CASES: [&str; 4] = ["drain-10", "drain-50", "drain-100", "drain-500"];

/// Told apart by people who see few colours too.
const COLORS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(153, 153, 153),
    RGBColor(230, 159, 0),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
    RGBColor(240, 228, 66),
];

/// Draws bars for each queue limit, one a system. Nothing if no drain was measured on Postgres.
pub(crate) fn draw(results: &Results, path: &Path) -> Result<bool> {
    let cases: Vec<_> = CASES.iter().filter_map(|name| results.case(Engine::Postgres, name)).collect();
    let Some(first) = cases.first() else { return Ok(false) };
    let labels: Vec<_> = first.series.iter().map(|series| series.label.as_str()).collect();
    draw_bars(&cases, &labels, path).map_err(|error| anyhow!("drawing {}: {error}", path.display()))?;
    Ok(true)
}

fn draw_bars(cases: &[&Taken], labels: &[&str], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let highest =
        cases.iter().flat_map(|case| labels.iter().map(|label| rate(case, label))).fold(0.0, f64::max);
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("jobs run per second, by queue limit (Postgres)", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(28)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..cases.len() as f64, 0.0..highest * 1.1)?;
    let name = |position: &f64| {
        let case = cases.get(position.floor() as usize);
        case.map_or_else(String::new, |case| case.name.trim_start_matches("drain-").to_owned())
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(cases.len() * 2)
        .x_label_formatter(&|position| if position.fract() > 0.4 { name(position) } else { String::new() })
        .y_label_formatter(&|rate| format!("{rate:.0}"))
        .draw()?;
    let width = 0.8 / labels.len() as f64;
    for (at, (label, color)) in labels.iter().zip(COLORS.iter().cycle()).enumerate() {
        let bars = cases.iter().enumerate().map(|(group, case)| {
            let left = group as f64 + 0.1 + at as f64 * width;
            Rectangle::new([(left, 0.0), (left + width * 0.9, rate(case, label))], color.filled())
        });
        chart
            .draw_series(bars)?
            .label(*label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 13))
        .draw()?;
    area.present()?;
    Ok(())
}

fn rate(case: &Taken, label: &str) -> f64 {
    case.series(label).and_then(|series| series.median(Metric::JobsPerSecond)).unwrap_or(0.0)
}
