//! The routes, and the transaction.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use oban::{Oban, postgres::InsertTx};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::welcome::{App, SendWelcome};

/// Makes the application's own table.
pub(crate) async fn create_users(pool: &PgPool) -> sqlx::Result<()> {
    let statement = "CREATE TABLE IF NOT EXISTS users (
        id bigserial PRIMARY KEY,
        email text NOT NULL UNIQUE,
        welcomed boolean NOT NULL DEFAULT false
    )";
    sqlx::query(statement).execute(pool).await?;
    Ok(())
}

pub(crate) fn router(app: App, oban: Oban) -> Router {
    Router::new()
        .route("/signup", post(sign_up))
        .route("/users", get(list_users))
        .with_state(Web { app, oban })
}

#[derive(Clone)]
struct Web {
    app: App,
    oban: Oban,
}

#[derive(Deserialize)]
struct SignUp {
    email: String,
}

#[derive(Deserialize)]
struct Options {
    /// Fails after the job was inserted, to show that it is gone with the transaction.
    #[serde(default)]
    fail: u8,
}

#[derive(Serialize)]
struct User {
    id: i64,
    email: String,
    welcomed: bool,
}

/// Writes the user and inserts the job: both or neither.
async fn sign_up(
    State(web): State<Web>,
    Query(options): Query<Options>,
    Json(form): Json<SignUp>,
) -> Result<(StatusCode, Json<User>), Failure> {
    let mut tx = web.app.pool.begin().await?;
    let id: i64 = sqlx::query_scalar("INSERT INTO users (email) VALUES ($1) RETURNING id")
        .bind(&form.email)
        .fetch_one(&mut *tx)
        .await?;
    web.oban.insert_tx(&mut tx, SendWelcome { user_id: id }).await?;
    if options.fail > 0 {
        // Without a commit the transaction is rolled back.
        return Err(Failure(StatusCode::INTERNAL_SERVER_ERROR, "failed on purpose".to_owned()));
    }
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(User { id, email: form.email, welcomed: false })))
}

async fn list_users(State(web): State<Web>) -> Result<Json<Vec<User>>, Failure> {
    let rows: Vec<(i64, String, bool)> =
        sqlx::query_as("SELECT id, email, welcomed FROM users ORDER BY id").fetch_all(&web.app.pool).await?;
    Ok(Json(rows.into_iter().map(|(id, email, welcomed)| User { id, email, welcomed }).collect()))
}

/// An answer that is none of the above.
struct Failure(StatusCode, String);

impl axum::response::IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        (self.0, self.1).into_response()
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let is_taken = error.as_database_error().is_some_and(|error| error.is_unique_violation());
        if is_taken {
            return Self(StatusCode::CONFLICT, "this address has signed up already".to_owned());
        }
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<oban::Error> for Failure {
    fn from(error: oban::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}
