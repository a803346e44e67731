-- Schedules: what is made for a client by itself and when, each time it was due, and what a person should be told of it.

CREATE TABLE schedules (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    kind text NOT NULL,
    brief text NOT NULL,
    cron text NOT NULL,
    zone text NOT NULL,
    recipients jsonb NOT NULL DEFAULT '[]',
    when_stale text NOT NULL CHECK (when_stale IN ('run', 'skip', 'run_and_say')),
    stale_after_days integer NOT NULL CHECK (stale_after_days BETWEEN 1 AND 365),
    when_late text NOT NULL CHECK (when_late IN ('wait', 'remind')),
    late_after_hours integer NOT NULL CHECK (late_after_hours BETWEEN 1 AND 2160),
    retries integer NOT NULL CHECK (retries IN (0, 1)),
    next_at timestamptz,
    paused_at timestamptz,
    made_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    CHECK (paused_at IS NULL OR next_at IS NULL),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN schedules.recipients IS 'whom it is for, by name or address; nothing is sent to them';
COMMENT ON COLUMN schedules.next_at IS 'null while paused';
CREATE INDEX ON schedules (workspace_id, client_id, created_at);
CREATE INDEX ON schedules (next_at);

CREATE TABLE schedule_fires (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    schedule_id text NOT NULL,
    fire_at timestamptz NOT NULL,
    asked_by text,
    state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'started', 'skipped', 'missed', 'refused')),
    reason text,
    run_id text,
    failed_run_id text,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    PRIMARY KEY (schedule_id, fire_at),
    CHECK ((state = 'started') = (run_id IS NOT NULL)),
    CHECK (state IN ('due', 'started') OR settled_at IS NOT NULL),
    FOREIGN KEY (workspace_id, schedule_id) REFERENCES schedules (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE schedule_fires IS 'one row for each time a schedule was due: its key is what keeps two workers from starting it twice';
COMMENT ON COLUMN schedule_fires.asked_by IS 'who asked for it by hand; null when its time had come';
COMMENT ON COLUMN schedule_fires.failed_run_id IS 'the run that failed before run_id, when it was tried again';
COMMENT ON COLUMN schedule_fires.settled_at IS 'null while the tick may have something to do: start, try again, remind';
CREATE INDEX ON schedule_fires (workspace_id) WHERE settled_at IS NULL;
CREATE INDEX ON schedule_fires (run_id);

CREATE TABLE schedule_alerts (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    schedule_id text NOT NULL,
    fire_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('stale', 'late', 'needs_person', 'failed')),
    text text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (schedule_id, fire_at, kind),
    FOREIGN KEY (workspace_id, schedule_id) REFERENCES schedules (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (schedule_id, fire_at) REFERENCES schedule_fires ON DELETE CASCADE
);
COMMENT ON COLUMN schedule_alerts.kind IS 'late: nobody has answered the request for approval; failed: there is no deliverable';
CREATE INDEX ON schedule_alerts (workspace_id, at DESC);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['schedules', 'schedule_fires', 'schedule_alerts']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT groundwork_workspace()))
                        WITH CHECK (workspace_id = (SELECT groundwork_workspace()))', tenant);
    END LOOP;
END
$$;

-- For the tick: which workspaces have a schedule that is due, or a fire that is not settled. Ids only, worth nothing without a signature.
CREATE FUNCTION groundwork_scheduled(due_by timestamptz)
RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT s.workspace_id FROM schedules AS s WHERE s.next_at <= due_by
     UNION
    SELECT f.workspace_id FROM schedule_fires AS f WHERE f.settled_at IS NULL
$$;
