//! Holds the examples of the README and of the guides in `docs/` to the API: they are tests of the documentation.

macro_rules! guides {
    ($($guide:ident),* $(,)?) => {
        $(
            #[doc = include_str!(concat!("../../docs/", stringify!($guide), ".md"))]
            mod $guide {}
        )*
    };
}

#[doc = include_str!("../../README.md")]
mod readme {}

guides! {
    clustering,
    coming_from_oban,
    coming_from_sidekiq_and_river,
    configuration,
    deploys,
    errors_and_retries,
    installation,
    instrumentation,
    maintenance,
    operating_queues,
    periodic_jobs,
    queues,
    scaling,
    scheduling_jobs,
    testing,
    troubleshooting,
    unique_jobs,
    workers,
    writing_an_engine,
}
