//! Every file of SQL is accepted by the server, in any schema.

use std::{fs, path::Path};

use oban_postgres::Postgres;
use sqlx::Connection;

use crate::support::{Database, execute};

#[tokio::test]
async fn every_file_prepares_in_two_prefixes() {
    let database = Database::migrated().await;
    Postgres::new(database.pool()).prefix("it-is_Private").unwrap().migrate().await.unwrap();
    let mut conn = sqlx::PgConnection::connect_with(&database.options()).await.unwrap();
    let mut prepared = 0;
    for (name, text) in statements() {
        for prefix in ["public", "it-is_Private"] {
            let text = text.replace("{prefix}", &format!("\"{prefix}\""));
            execute(&mut conn, &format!("PREPARE \"{prefix}.{name}\" AS {text}")).await;
            prepared += 1;
        }
    }
    assert!(prepared > 40, "{prepared}");
}

#[tokio::test]
async fn the_queries_of_the_guide_to_troubles_run() {
    let database = Database::migrated().await;
    let mut conn = sqlx::PgConnection::connect_with(&database.options()).await.unwrap();
    let blocks = include_str!("../../../docs/troubleshooting.md").split("```sql\n").skip(1);
    let queries: Vec<&str> = blocks.filter_map(|block| block.split("```").next()).collect();
    assert!(queries.len() > 5, "{queries:?}");
    for query in queries {
        execute(&mut conn, query).await;
    }
}

/// The statements of the folder, by name; without COPY, which cannot be prepared.
pub(crate) fn statements() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut statements: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .filter(|(_, text)| !text.contains("FROM STDIN"))
        .collect();
    statements.sort();
    statements
}
