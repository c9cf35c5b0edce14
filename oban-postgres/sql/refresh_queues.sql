-- Beats the heart of producers, and registers again those whose registration is gone.
-- Index: oban_producers_pkey.
-- Sorted, so that two nodes which by mistake share a producer cannot wait for each other in a circle.
INSERT INTO {prefix}.oban_producers (uuid, name, node, queue, meta, started_at, updated_at)
SELECT uuid, name, node, queue, meta, started_at, coalesce($1::timestamp, timezone('UTC', now()))
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::timestamp[])
     AS producer(uuid, name, node, queue, meta, started_at)
ORDER BY uuid
ON CONFLICT (uuid) DO UPDATE SET updated_at = excluded.updated_at
