//! All readings of a run, as they are kept.

use std::{
    fs::{self, File},
    path::Path,
};

use anyhow::{Context, Result};
use harness::{Engine, Metric, Reading};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// What was measured, and where.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) cases: Vec<Taken>,
}

/// A measurement that was taken.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) engine: Engine,
    pub(crate) baseline: String,
    pub(crate) series: Vec<Series>,
}

/// The readings of one contender, one a round.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) label: String,
    pub(crate) readings: Vec<Reading>,
    /// Why there is no reading, or not one for each round.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) failure: Option<String>,
}

impl Results {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        serde_json::from_reader(file).with_context(|| format!("reading {}", path.display()))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Adds what was measured before and was not measured again.
    pub(crate) fn keep(&mut self, before: Self) {
        let taken = std::mem::take(&mut self.cases);
        let is_old =
            |case: &Taken| !taken.iter().any(|new| new.engine == case.engine && new.name == case.name);
        self.machine.keep(before.machine);
        self.cases.extend(before.cases.into_iter().filter(is_old));
        self.cases.extend(taken);
    }

    /// In how many rounds each measurement was taken, at least.
    pub(crate) fn rounds(&self) -> usize {
        let series = self.cases.iter().flat_map(|case| &case.series);
        series
            .filter(|series| series.failure.is_none())
            .map(|series| series.readings.len())
            .min()
            .unwrap_or(0)
    }

    pub(crate) fn case(&self, engine: Engine, name: &str) -> Option<&Taken> {
        self.cases.iter().find(|case| case.engine == engine && case.name == name)
    }
}

impl Taken {
    pub(crate) fn series(&self, label: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.label == label)
    }

    /// The quantities that were read, each once.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let readings = self.series.iter().flat_map(|series| &series.readings);
        let mut metrics: Vec<_> = readings.flat_map(|reading| reading.0.keys().copied()).collect();
        metrics.sort_unstable();
        metrics.dedup();
        metrics
    }
}

impl Series {
    /// The median of a quantity.
    pub(crate) fn median(&self, metric: Metric) -> Option<f64> {
        median(self.readings.iter().filter_map(|reading| reading.0.get(&metric).copied()))
    }

    /// The median of its ratios to another series, taken round by round.
    pub(crate) fn ratio(&self, other: &Self, metric: Metric) -> Option<f64> {
        let pairs = self.readings.iter().zip(&other.readings);
        median(pairs.filter_map(|(ours, theirs)| Some(ours.0.get(&metric)? / theirs.0.get(&metric)?)))
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 { Some(upper) } else { Some((values.get(middle - 1)? + upper) / 2.0) }
}

#[cfg(test)]
mod tests {
    use super::{Results, Series, median};
    use harness::{Metric, Reading};
    use serde_json::json;

    fn run(engine: &str, date: &str, postgres: Option<&str>) -> Results {
        let machine = json!({
            "cpu": "EPYC", "cores": 2, "memory_gb": 24, "system": "Linux", "date": date, "postgres": postgres
        });
        let case =
            json!({ "name": "drain", "title": date, "engine": engine, "baseline": "raw", "series": [] });
        serde_json::from_value(json!({ "machine": machine, "cases": [case] })).unwrap()
    }

    #[test]
    fn what_was_not_measured_again_is_kept() {
        let mut results = run("memory", "2026-02-02", None);
        results.keep(run("memory", "2026-01-02", None));
        results.keep(run("postgres", "2026-01-01", Some("15")));
        let titles: Vec<_> = results.cases.iter().map(|case| case.title.as_str()).collect();
        assert_eq!(titles, ["2026-01-01", "2026-02-02"]);
        let machine = results.machine.to_string();
        assert!(machine.starts_with("2026-02-02") && machine.contains("PostgreSQL 15"), "{machine}");
    }

    fn series(rates: &[f64]) -> Series {
        let reading = |rate: &f64| Reading::default().with(Metric::JobsPerSecond, *rate);
        Series { label: String::new(), readings: rates.iter().map(reading).collect(), failure: None }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median([].into_iter()), None);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The machine slows down by half from round to round, which changes no ratio.
        let ours = series(&[80.0, 40.0, 20.0]);
        assert_eq!(ours.ratio(&series(&[100.0, 50.0, 25.0]), Metric::JobsPerSecond), Some(0.8));
        assert_eq!(ours.ratio(&series(&[]), Metric::JobsPerSecond), None);
    }
}
