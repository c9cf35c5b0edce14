-- Makes one rescued job available.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs
SET state = 'available',
    meta = CASE
      WHEN NOT json_valid(meta) THEN '{"rescued":1}'
      ELSE json_set(meta, '$.rescued', 1 + iif(json_type(meta, '$.rescued') = 'integer', meta ->> 'rescued', 0))
    END
WHERE id = :id
