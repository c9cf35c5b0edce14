-- Nodes of version 11 know four priorities and leave announcing to a trigger.
ALTER TABLE {prefix}.oban_jobs
  DROP CONSTRAINT IF EXISTS priority_range,
  DROP CONSTRAINT IF EXISTS non_negative_priority,
  ADD CONSTRAINT priority_range CHECK (priority BETWEEN 0 AND 3) NOT VALID;
CREATE OR REPLACE FUNCTION {prefix}.oban_jobs_notify() RETURNS trigger AS $$
BEGIN
  IF NEW.state = 'available' THEN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '.oban_insert', json_build_object('queue', NEW.queue)::text);
  END IF;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS oban_notify ON {prefix}.oban_jobs;
CREATE TRIGGER oban_notify AFTER INSERT ON {prefix}.oban_jobs
  FOR EACH ROW EXECUTE PROCEDURE {prefix}.oban_jobs_notify();
