-- Experiments: what was fixed at their start, how they moved, who looked when, and how traffic is kept apart.

CREATE TABLE experiments (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'paused', 'completed', 'cancelled')),
    salt text NOT NULL,
    plan jsonb NOT NULL,
    requests jsonb,
    revision integer NOT NULL DEFAULT 0,
    registered jsonb,
    hash text,
    registered_at timestamptz,
    layer text,
    enrolment jsonb,
    invalidated_at timestamptz,
    outcome jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, client_id, name),
    UNIQUE (workspace_id, client_id, salt),
    CHECK ((registered IS NULL) = (registered_at IS NULL) AND (registered IS NULL) = (hash IS NULL) AND (registered IS NULL) = (enrolment IS NULL)),
    CHECK (status IN ('draft', 'cancelled') OR registered IS NOT NULL),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN experiments.plan IS 'as it stands; registered is as it stood at the start, and hash is of that';
COMMENT ON COLUMN experiments.requests IS 'what each tool is asked at a look, with every default written out';
COMMENT ON COLUMN experiments.revision IS '0 before the start, 1 from then on, one more with each amendment';
CREATE INDEX ON experiments (workspace_id, client_id, created_at DESC);

CREATE TABLE experiment_changes (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    experiment_id text NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('created', 'edited', 'started', 'paused', 'resumed', 'amended', 'invalidated', 'completed', 'cancelled')),
    actor text NOT NULL,
    reason text NOT NULL DEFAULT '',
    changes jsonb NOT NULL DEFAULT '[]',
    revision integer NOT NULL,
    looks integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (experiment_id, number),
    FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN experiment_changes.looks IS 'how often somebody had looked before';

CREATE TABLE experiment_looks (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    experiment_id text NOT NULL,
    number integer NOT NULL,
    tool text NOT NULL,
    evidence_id text NOT NULL,
    decision text NOT NULL,
    units bigint NOT NULL,
    revision integer NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (experiment_id, number),
    FOREIGN KEY (workspace_id, experiment_id) REFERENCES experiments (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE experiment_looks IS 'it only grows: a look that was taken cannot be taken back';

CREATE TABLE experiment_layers (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    name text NOT NULL,
    salt text NOT NULL,
    PRIMARY KEY (workspace_id, client_id, name),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE experiment_layers IS 'groups of experiments that exclude each other; the row is locked while slots are given out';

CREATE TABLE experiment_holdouts (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    slots integer NOT NULL CHECK (slots BETWEEN 0 AND 10000),
    salt text NOT NULL,
    PRIMARY KEY (workspace_id, client_id),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN experiment_holdouts.slots IS 'ten-thousandths of the units that enter no experiment';

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['experiments', 'experiment_changes', 'experiment_looks', 'experiment_layers', 'experiment_holdouts']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT groundwork_workspace()))
                        WITH CHECK (workspace_id = (SELECT groundwork_workspace()))', tenant);
    END LOOP;
END
$$;
