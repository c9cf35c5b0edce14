-- Stores a producer's settings. Registers it again if it was forgotten; is no heartbeat otherwise.
-- Index: PRIMARY KEY
INSERT INTO oban_producers (uuid, name, node, queue, meta, started_at, updated_at)
VALUES (:uuid, :name, :node, :queue, :meta, :started_at, :now)
ON CONFLICT (uuid) DO UPDATE SET meta = excluded.meta
