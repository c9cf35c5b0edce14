use async_trait::async_trait;

use crate::Result;

/// Versions of a store's schema. Implemented by engines that have one.
///
/// Every step can be run again without harm: a restored dump may have lost its version.
#[async_trait]
pub trait Migrate {
    /// The newest version this engine knows.
    fn latest_version(&self) -> u32;

    /// The version the store is at; 0 when it holds no schema of ours.
    async fn version(&self) -> Result<u32>;

    /// Brings the store up to `version`. Does nothing when it is there or beyond.
    ///
    /// # Errors
    /// `Invalid` for a version this engine does not know.
    async fn migrate_up(&self, version: u32) -> Result<()>;

    /// Takes the store down to `version`; 0 removes everything, jobs included.
    ///
    /// # Errors
    /// `Invalid` for a version this engine does not know.
    async fn migrate_down(&self, version: u32) -> Result<()>;
}
