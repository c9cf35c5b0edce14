//! Round by round, each contender once.

use anyhow::{Context, Result};
use harness::{Engine, Reading};

use crate::{
    cases::{Case, Contender, Method, Program},
    cli::Cli,
    nodes,
    places::Place,
    results::{Series, Taken},
    runner,
};

/// Takes all readings of a measurement. A peer that fails is left alone from then on; that `oban` or `raw` fails is an
/// error.
pub(crate) async fn take(cli: &Cli, case: &Case, rounds: usize) -> Result<Taken> {
    let new = |contender: &Contender| Series {
        label: contender.label.clone(),
        readings: Vec::new(),
        failure: None,
    };
    let mut series: Vec<_> = case.contenders.iter().map(new).collect();
    for round in 0..rounds {
        eprintln!("{case}, round {} of {rounds}", round + 1);
        // Each time another one is first, so that none always finds the machine as its neighbour left it.
        for turn in 0..series.len() {
            let at = (round + turn) % series.len();
            let (contender, series) = (&case.contenders[at], &mut series[at]);
            if series.failure.is_some() {
                continue;
            }
            match read(cli, case.engine, contender).await {
                Ok(reading) => series.readings.push(reading),
                Err(error) if contender.program == Program::Peers => {
                    eprintln!("{} failed: {error:#}", contender.label);
                    series.failure = Some(format!("{error:#}"));
                }
                Err(error) => return Err(error).with_context(|| contender.label.clone()),
            }
        }
    }
    Ok(Taken {
        name: case.name.clone(),
        title: case.title.clone(),
        engine: case.engine,
        baseline: case.baseline.clone(),
        series,
    })
}

async fn read(cli: &Cli, engine: Engine, contender: &Contender) -> Result<Reading> {
    let place = Place::fresh(cli, engine, contender).await?;
    let url = place.url()?;
    let reading = match contender.method {
        Method::Runner => runner::read(cli, engine, contender, &url).await,
        Method::Nodes(count) => nodes::drain(cli, contender, &url, count).await,
        Method::Soak(count) => nodes::soak(cli, contender, &url, count).await,
    };
    place.remove().await?;
    reading
}
