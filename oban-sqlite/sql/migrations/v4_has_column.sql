-- Whether the first half of version 4 is there: SQLite cannot add a column "if not exists".
SELECT EXISTS (SELECT 1 FROM pragma_table_info('oban_jobs') WHERE name = 'unique_key')
