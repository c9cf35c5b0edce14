-- Undoes version 1. Jobs are lost.
DROP TABLE IF EXISTS oban_jobs;
DROP TABLE IF EXISTS oban_producers;
DROP TABLE IF EXISTS oban_peers;
DROP TABLE IF EXISTS oban_notifications;
DROP TABLE IF EXISTS oban_schema;
