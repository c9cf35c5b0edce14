-- Makes one rescued job available.
-- Index: INTEGER PRIMARY KEY
UPDATE oban_jobs
SET state = 'available',
    meta = json_set(
      meta,
      '$.rescued',
      1 + iif(json_type(meta, '$.rescued') IN ('integer', 'real'), CAST(meta ->> '$.rescued' AS INTEGER), 0)
    )
WHERE id = :id
