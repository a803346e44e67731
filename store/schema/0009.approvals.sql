-- People approve: what needs whose approval, what was asked, who said what, which edits they made; and portal keys see one client.

CREATE TABLE approval_policies (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    kind text NOT NULL,
    requirement jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, client_id, kind),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE approval_policies IS 'kind is one of the roster, or * for all that have no row of their own';
COMMENT ON COLUMN approval_policies.requirement IS 'store.policies.Requirement as JSON';

-- before this, a client's profile could list kinds; a list there would now hold nothing, so it moves here
ALTER TABLE clients NO FORCE ROW LEVEL SECURITY;
INSERT INTO approval_policies (workspace_id, client_id, kind, requirement, changed_by)
SELECT c.workspace_id, c.id, k.kind,
       '{"roles": ["owner", "approver"], "approvers": 1, "four_eyes": false, "expires_hours": 168}', 'system'
  FROM clients AS c, LATERAL (SELECT DISTINCT jsonb_array_elements_text(c.profile -> 'approval') AS kind) AS k
 WHERE jsonb_typeof(c.profile -> 'approval') = 'array';
UPDATE clients SET profile = profile - 'approval' WHERE profile ? 'approval';
ALTER TABLE clients FORCE ROW LEVEL SECURITY;

ALTER TABLE runs ADD COLUMN asked_by text;
ALTER TABLE runs DROP CONSTRAINT runs_status_check;
ALTER TABLE runs ADD CONSTRAINT runs_status_check
    CHECK (status IN ('queued', 'running', 'waiting', 'succeeded', 'needs_person', 'rejected', 'failed', 'cancelled'));
ALTER TABLE deliverables ADD UNIQUE (workspace_id, id);

CREATE TABLE approvals (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    run_id text NOT NULL,
    deliverable_id text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected', 'expired', 'void')),
    hash text NOT NULL,
    audience jsonb NOT NULL,
    cost jsonb NOT NULL,
    passages jsonb NOT NULL,
    requirement jsonb NOT NULL,
    reason text,
    asked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    settled_at timestamptz,
    UNIQUE (workspace_id, id),
    UNIQUE (run_id, number),
    CHECK ((state = 'waiting') = (settled_at IS NULL)),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, deliverable_id) REFERENCES deliverables (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN approvals.hash IS 'sha256 of content, audience and cost as canonical JSON (store/approvals.py)';
COMMENT ON COLUMN approvals.passages IS 'what the text may cite: an edit is verified against them';
CREATE UNIQUE INDEX one_waits ON approvals (run_id) WHERE state = 'waiting';
CREATE INDEX ON approvals (workspace_id, asked_at DESC, id);
CREATE INDEX ON approvals (expires_at) WHERE state = 'waiting';

CREATE TABLE approval_acts (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    approval_id text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    actor text NOT NULL,
    role text NOT NULL,
    act text NOT NULL CHECK (act IN ('approve', 'reject', 'edit', 'delegate')),
    target text,
    through integer,
    reason text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (approval_id, number),
    FOREIGN KEY (workspace_id, approval_id) REFERENCES approvals (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN approval_acts.target IS 'of a delegation: key:<id> or role:<role>; of an edit: the approval that took this one''s place';
COMMENT ON COLUMN approval_acts.through IS 'the number of the delegation that this act rests on';
CREATE UNIQUE INDEX one_voice ON approval_acts (approval_id, actor) WHERE act = 'approve';
CREATE UNIQUE INDEX one_use ON approval_acts (approval_id, through) WHERE act = 'approve';

CREATE TABLE edits (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    before_id text NOT NULL,
    after_id text NOT NULL,
    client_id text NOT NULL,
    run_id text NOT NULL,
    kind text NOT NULL,
    editor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (before_id, after_id),
    FOREIGN KEY (workspace_id, before_id) REFERENCES deliverables (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, after_id) REFERENCES deliverables (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE edits IS 'what a person changed before approving: two versions of a deliverable, an example for evals';
CREATE INDEX ON edits (workspace_id, client_id, at);
CREATE INDEX ON edits (run_id);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['approval_policies', 'approvals', 'approval_acts', 'edits']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT groundwork_workspace()))
                        WITH CHECK (workspace_id = (SELECT groundwork_workspace()))', tenant);
    END LOOP;
END
$$;

-- For the expiry job: which workspaces have a request that ran out. Ids only, worth nothing without a signature.
CREATE FUNCTION groundwork_overdue()
RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT DISTINCT a.workspace_id FROM approvals AS a WHERE a.state = 'waiting' AND a.expires_at <= now()
$$;

-- A key of the portal is one client's: it sees that client's published deliverables.
ALTER TABLE api_keys ADD COLUMN client_id text;
ALTER TABLE api_keys ADD FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE;
ALTER TABLE api_keys ADD CHECK (client_id IS NULL OR role = 'client');

DROP FUNCTION groundwork_find_key(text, bytea);
CREATE FUNCTION groundwork_find_key(wanted_prefix text, wanted_hash bytea)
RETURNS TABLE (id text, workspace_id text, name text, prefix text, role text, scopes text[], client_id text,
               expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz, created_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    found api_keys;
BEGIN
    SELECT * INTO found FROM api_keys AS k
     WHERE k.prefix = wanted_prefix AND k.hash = wanted_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp());
    IF found.id IS NULL THEN
        RETURN;
    END IF;
    -- once a minute is enough to see which keys are in use, and keeps look-ups from writing
    IF found.last_used_at IS NULL OR found.last_used_at < now() - interval '1 minute' THEN
        UPDATE api_keys AS k SET last_used_at = now() WHERE k.id = found.id;
    END IF;
    RETURN QUERY SELECT found.id, found.workspace_id, found.name, found.prefix, found.role, found.scopes, found.client_id,
                        found.expires_at, found.revoked_at, found.last_used_at, found.created_at;
END
$$;
