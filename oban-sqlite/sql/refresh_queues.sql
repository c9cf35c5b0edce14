-- Registers a producer, or beats its heart and stores its settings if it is registered.
-- Index: PRIMARY KEY
INSERT INTO oban_producers (uuid, name, node, queue, meta, started_at, updated_at)
VALUES (:uuid, :name, :node, :queue, :meta, :started_at, :now)
ON CONFLICT (uuid) DO UPDATE SET meta = excluded.meta, updated_at = excluded.updated_at
