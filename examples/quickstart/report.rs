//! What is seen at the end.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{self, Write},
    time::Duration,
};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{HumanBytes, HumanCount};
use oban::{Job, JobArgs, JobFilter, JobState, Oban, chrono::TimeDelta};

use crate::{
    files::Directory,
    hash::{HashFile, Hashed},
};

/// What became of a directory's files.
#[derive(Debug)]
pub(crate) struct Report<'d> {
    directory: &'d Directory,
    /// The job of each file and, once it is completed, its result.
    jobs: HashMap<HashFile, (Job, Option<Hashed>)>,
    run: Run,
}

/// What this process had to do with it.
#[derive(Debug)]
pub(crate) struct Run {
    /// The identity of its queue, which is in the rows of the jobs it ran.
    pub(crate) producer: String,
    pub(crate) took: Duration,
}

impl<'d> Report<'d> {
    pub(crate) async fn gather(oban: &Oban, directory: &'d Directory, run: Run) -> anyhow::Result<Self> {
        let files: HashSet<&HashFile> = directory.files.iter().collect();
        let mut jobs = HashMap::new();
        for job in oban.jobs(JobFilter::worker(HashFile::WORKER).tag(&directory.tag)).await? {
            let file: HashFile = job.args_as()?;
            // The others are of former versions of files.
            if files.contains(&file) {
                let hashed = job.recorded()?;
                jobs.insert(file, (job, hashed));
            }
        }
        Ok(Self { directory, jobs, run })
    }

    /// Each hashed file with its result.
    pub(crate) fn hashed(&self) -> impl Iterator<Item = (&HashFile, &Hashed)> {
        self.jobs.iter().filter_map(|(file, (_, hashed))| Some((file, hashed.as_ref()?)))
    }

    /// How many of the listed files have no digest.
    pub(crate) fn missing(&self) -> usize {
        self.directory.files.len() - self.hashed().count()
    }

    /// Whether nothing at all was left out.
    pub(crate) fn is_complete(&self) -> bool {
        self.directory.skipped.is_empty() && self.missing() == 0
    }

    /// Prints a table, and what could not be hashed.
    pub(crate) fn print(&self) -> io::Result<()> {
        writeln!(io::stdout(), "{}", self.table())?;
        let ended = self.jobs.values().filter(|(job, _)| job.state.is_final());
        let failed = ended.filter(|(_, hashed)| hashed.is_none());
        tell("not hashed", failed.filter_map(|(job, _)| Some(job.errors.last()?.error.as_str())).collect());
        tell("skipped", self.directory.skipped.iter().map(String::as_str).collect());
        Ok(())
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.add_row(["files".to_owned(), count(self.directory.files.len())]);
        let bytes = self.hashed().map(|(_, hashed)| hashed.bytes).sum();
        table.add_row(["hashed".to_owned(), HumanBytes(bytes).to_string()]);
        for (state, jobs) in self.states() {
            table.add_row([format!("jobs {state}"), count(jobs)]);
        }
        let failures: usize = self.jobs.values().map(|(job, _)| job.errors.len()).sum();
        table.add_row(["failed attempts".to_owned(), count(failures)]);
        table.add_row(["this run".to_owned(), self.describe_run()]);
        if let Some((file, took)) = self.slowest() {
            let (milliseconds, size) = (took.num_milliseconds(), HumanBytes(file.size));
            table.add_row(["slowest".to_owned(), format!("{}\n{size} in {milliseconds} ms", file.path)]);
        }
        table
    }

    fn states(&self) -> BTreeMap<JobState, usize> {
        let mut states = BTreeMap::new();
        for (job, _) in self.jobs.values() {
            *states.entry(job.state).or_default() += 1;
        }
        states
    }

    fn describe_run(&self) -> String {
        let is_ours = |job: &Job| job.state.is_final() && job.attempted_by.get(1) == Some(&self.run.producer);
        let jobs = self.jobs.values().filter(|(job, _)| is_ours(job)).count();
        let seconds = self.run.took.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "nobody has that many files")]
        let rate = jobs as f64 / seconds;
        format!("{} jobs in {seconds:.1} s: {rate:.0} jobs/s", count(jobs))
    }

    fn slowest(&self) -> Option<(&HashFile, TimeDelta)> {
        let took = |job: &Job| Some(job.completed_at? - job.attempted_at?);
        let times = self.jobs.iter().filter_map(|(file, (job, _))| Some((file, took(job)?)));
        times.max_by_key(|(_, took)| *took)
    }
}

fn count(number: usize) -> String {
    HumanCount(number as u64).to_string()
}

/// Names the first of them, and how many more there are.
fn tell(what: &str, mut reasons: Vec<&str>) {
    const SHOWN: usize = 20;
    reasons.sort_unstable();
    for reason in reasons.iter().take(SHOWN) {
        eprintln!("{what}: {reason}");
    }
    if reasons.len() > SHOWN {
        eprintln!("{what}: {} more", reasons.len() - SHOWN);
    }
}
