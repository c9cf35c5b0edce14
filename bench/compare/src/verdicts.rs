//! Targets met and missed.

use std::fmt;

use crate::{
    results::Results,
    targets::{self, CHECKED, Target},
};

/// A target, and what was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) target: Target,
    pub(crate) measured: f64,
}

/// The verdicts on all targets of which enough was measured.
pub(crate) fn of(results: &Results) -> Vec<Verdict> {
    let verdict = |target: Target| Some(Verdict { target, measured: measured(results, &target)? });
    targets::all().into_iter().filter_map(verdict).collect()
}

/// One after the other.
pub(crate) fn list(verdicts: &[Verdict]) -> String {
    verdicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn measured(results: &Results, target: &Target) -> Option<f64> {
    let case = results.case(target.engine, target.case)?;
    let series = case.series(target.contender)?;
    match target.of {
        Some(other) => series.ratio(case.series(other)?, target.metric),
        None => series.median(target.metric),
    }
}

impl Verdict {
    pub(crate) fn is_met(&self) -> bool {
        self.reaches(self.target.bound)
    }

    /// Whether a check fails: what was measured against the bare database is far from the target.
    pub(crate) fn has_fallen(&self) -> bool {
        let Target { metric, bound, .. } = self.target;
        let slack = if metric.is_gain() { bound * CHECKED } else { bound / CHECKED };
        self.target.is_checked() && !self.reaches(slack)
    }

    fn reaches(&self, bound: f64) -> bool {
        if self.target.metric.is_gain() { self.measured >= bound } else { self.measured <= bound }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { engine, case, metric, of, bound, .. } = self.target;
        let of = of.map_or_else(String::new, |of| format!(" of {of}"));
        write!(formatter, "{engine} {case}: {} is {:.2}{of}, target {bound}", metric.label(), self.measured)
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, Verdict, targets};
    use harness::Metric;

    fn verdict(metric: Metric, measured: f64) -> Verdict {
        let is_wanted = |target: &Target| target.metric == metric && target.of == Some("raw");
        Verdict { target: targets::all().into_iter().find(is_wanted).unwrap(), measured }
    }

    #[test]
    fn a_gain_is_to_be_high_and_a_cost_low() {
        // Targets: at least 0.8 of the jobs per second, at most 1.2 of the latency.
        for (measured, met, fallen) in [(0.81, true, false), (0.79, false, false), (0.47, false, true)] {
            let verdict = verdict(Metric::JobsPerSecond, measured);
            assert_eq!((verdict.is_met(), verdict.has_fallen()), (met, fallen), "{measured}");
        }
        for (measured, met, fallen) in [(1.19, true, false), (1.99, false, false), (2.01, false, true)] {
            let verdict = verdict(Metric::P50Ms, measured);
            assert_eq!((verdict.is_met(), verdict.has_fallen()), (met, fallen), "{measured}");
        }
    }
}
