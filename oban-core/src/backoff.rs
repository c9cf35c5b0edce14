//! How long to wait before trying again.

use std::time::Duration;

use crate::Job;

/// Attempts beyond this are squeezed into the same ladder, whose last step takes 12 to 13 days.
const LADDER: u32 = 20;

/// Oban's default wait before a failed job's next attempt: `15 + 2^attempt` seconds plus up to
/// 10 % of jitter. The attempts of jobs that have more than 20 are spread over the same 20 steps.
pub fn job(job: &Job) -> Duration {
    let attempt = if job.max_attempts <= LADDER {
        job.attempt
    } else {
        let share = f64::from(job.attempt) / f64::from(job.max_attempts) * f64::from(LADDER);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 20")]
        let step = share.round() as u32;
        step
    };
    jitter(Duration::from_secs(15 + (1 << attempt.min(LADDER))))
}

/// The wait before the `attempt`-th retry of something of ours: doubling from `base` up to `ceiling`,
/// plus up to 10 % of jitter.
pub(crate) fn exponential(attempt: u32, base: Duration, ceiling: Duration) -> Duration {
    jitter(base.saturating_mul(1 << attempt.min(16)).min(ceiling))
}

/// `span` plus up to 10 %, so that many waiters do not return at one instant.
pub(crate) fn jitter(span: Duration) -> Duration {
    span.mul_f64(1.0 + fastrand::f64() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::{exponential, job};
    use crate::Job;
    use std::time::Duration;

    fn at(attempt: u32, max_attempts: u32) -> u64 {
        // The jitter only adds, so the floor of many draws is the bare figure.
        (0..200).map(|_| job(&Job { attempt, max_attempts, ..Job::default() }).as_secs()).min().unwrap()
    }

    #[test]
    fn follows_obans_ladder() {
        let ladder: Vec<u64> = [1, 2, 3, 5, 10].into_iter().map(|attempt| at(attempt, 20)).collect();
        assert_eq!(ladder[..3], [17, 19, 23]);
        assert!((47..52).contains(&ladder[3]) && (1039..1143).contains(&ladder[4]), "{ladder:?}");
        let squeezed = at(50, 50);
        assert!((1_048_591..1_153_451).contains(&squeezed), "{squeezed}");
        assert_eq!(at(1, 50), 16);
    }

    #[test]
    fn never_exceeds_its_ceiling_by_more_than_jitter() {
        let wait = exponential(40, Duration::from_millis(200), Duration::from_secs(5));
        assert!(wait >= Duration::from_secs(5) && wait <= Duration::from_millis(5_500));
    }
}
