-- What operating many runs needs: steps that are done once even when their worker dies, what models cost by month, what drafts came to.

CREATE TABLE step_results (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    run_id text PRIMARY KEY,
    number integer NOT NULL,
    goto text NOT NULL,
    change json NOT NULL,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE step_results IS 'the last committed step of a run under way: a worker killed before its checkpoint leaves the result here';
COMMENT ON COLUMN step_results.change IS 'json, not jsonb: the order of its keys counts';

CREATE TABLE model_calls (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    month date NOT NULL,
    model text NOT NULL,
    within_s double precision NOT NULL,
    calls bigint NOT NULL DEFAULT 0,
    attempts bigint NOT NULL DEFAULT 0,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    known_cost_micros bigint NOT NULL DEFAULT 0,
    unpriced_calls bigint NOT NULL DEFAULT 0,
    latency_ms double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, client_id, month, model, within_s),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE model_calls IS 'one row per client, month (UTC), model and bucket of latency; within_s is the bucket''s upper bound in seconds';

CREATE TABLE tallies (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    label text NOT NULL,
    n bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace_id, name, label)
);
COMMENT ON TABLE tallies IS 'counts that outlive the events they were counted from: numerals by verdict, drafts by outcome, tools by outcome';

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['step_results', 'model_calls', 'tallies']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT groundwork_workspace()))
                        WITH CHECK (workspace_id = (SELECT groundwork_workspace()))', tenant);
    END LOOP;
END
$$;

CREATE INDEX ON runs (status, kind);
CREATE INDEX ON runs (finished_at) WHERE finished_at IS NOT NULL;

-- For operators: counts over all workspaces, nothing that names or describes one. They read as the owner, whose policy is made by
-- store/migrate.py on every tenant table.
CREATE FUNCTION groundwork_counts()
RETURNS TABLE (name text, label text, detail text, n double precision)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT 'runs', r.kind, r.status, count(*)::double precision FROM runs AS r GROUP BY r.kind, r.status
     UNION ALL
    SELECT t.name, t.label, '', sum(t.n)::double precision FROM tallies AS t GROUP BY t.name, t.label
     UNION ALL
    SELECT 'calls within', m.model, m.within_s::text, sum(m.calls)::double precision FROM model_calls AS m GROUP BY m.model, m.within_s
     UNION ALL
    SELECT measure.name, m.model, '', sum(measure.n)::double precision
      FROM model_calls AS m,
           LATERAL (VALUES ('latency_ms', m.latency_ms), ('retries', (m.attempts - m.calls)::double precision),
                           ('input_tokens', m.input_tokens::double precision), ('output_tokens', m.output_tokens::double precision),
                           ('cost_micros', m.known_cost_micros::double precision), ('unpriced_calls', m.unpriced_calls::double precision)
                   ) AS measure (name, n)
     GROUP BY measure.name, m.model
$$;

-- For the retention job: which workspaces have something that is due. Ids only, worth nothing without a signature.
CREATE FUNCTION groundwork_due(ended_before timestamptz)
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT w.id FROM workspaces AS w
     WHERE EXISTS (SELECT 1 FROM idempotency_keys AS k WHERE k.workspace_id = w.id AND k.expires_at <= now())
        OR EXISTS (SELECT 1 FROM runs AS r
                    WHERE r.workspace_id = w.id AND r.finished_at < ended_before
                      AND (EXISTS (SELECT 1 FROM run_events AS e WHERE e.run_id = r.id)
                           OR EXISTS (SELECT 1 FROM checkpoints AS c WHERE c.thread_id = w.id || ':' || r.id)));
END
$$;
