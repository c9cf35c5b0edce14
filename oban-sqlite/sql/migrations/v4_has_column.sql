-- Whether the column of version 4 is there: SQLite cannot add one "if not exists".
SELECT EXISTS (SELECT 1 FROM pragma_table_info('oban_jobs') WHERE name = 'unique_key')
