use std::{any::Any, fmt};

use crate::{Error, ErrorKind, Result};

/// A caller's own connection or transaction on its way through the object-safe [`Engine`](crate::Engine).
///
/// Users never see it: drivers offer a typed method, such as `insert_tx`, and wrap what it takes.
pub struct Conn<'a>(&'a mut (dyn Any + Send));

impl<'a> Conn<'a> {
    /// Wraps a driver's connection.
    pub fn new<C: Any + Send>(conn: &'a mut C) -> Self {
        Self(conn)
    }

    /// Unwraps the connection in the driver.
    ///
    /// # Errors
    /// `Unsupported` when it is another driver's.
    pub fn downcast<C: Any + Send>(self) -> Result<&'a mut C> {
        self.0.downcast_mut().ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                "insert_jobs",
                "the transaction belongs to another kind of database than the jobs; insert without it, \
                 or run this instance on that database",
            )
            .with_context("expected", std::any::type_name::<C>())
        })
    }
}

impl fmt::Debug for Conn<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Conn").finish_non_exhaustive()
    }
}
