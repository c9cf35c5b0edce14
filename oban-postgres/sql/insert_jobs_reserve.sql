-- Takes the ids and the time of jobs that are to be copied in this transaction, and announces their queues when it
-- commits. No ids where COPY would be refused, under row-level security, or where the ids are no sequence of the table's.
-- Index: none is searched.
-- Other writers take ids between ours, so all of them are named. The sequence is a subquery to be looked up once.
WITH announced AS (
  SELECT pg_notify($2::text, payload) FROM unnest($3::text[]) AS payload
)
SELECT array_agg(nextval((SELECT pg_get_serial_sequence('{prefix}.oban_jobs', 'id')::regclass))) AS ids,
       coalesce($1::timestamp, timezone('UTC', now())) AS inserted_at,
       (SELECT count(*) FROM announced) AS announced
FROM generate_series(1, $4::bigint)
WHERE NOT row_security_active('{prefix}.oban_jobs')
  AND pg_get_serial_sequence('{prefix}.oban_jobs', 'id') IS NOT NULL
