-- Row-level security on every table above. FORCE makes it bind the owner too; the policies of the owner are the few that
-- its SECURITY DEFINER functions and the operator's commands need.

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['clients', 'api_keys', 'members', 'audit_log', 'runs', 'run_events', 'evidence', 'deliverables', 'threads',
                                  'documents', 'chunks', 'idempotency_keys', 'imports', 'import_mappings', 'erasures']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT groundwork_workspace()))
                        WITH CHECK (workspace_id = (SELECT groundwork_workspace()))', tenant);
    END LOOP;
END
$$;

ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE workspaces FORCE ROW LEVEL SECURITY;
CREATE POLICY own_workspace ON workspaces USING (id = (SELECT groundwork_workspace()));
-- making a workspace shows nothing of another one
CREATE POLICY new_workspace ON workspaces FOR INSERT WITH CHECK (true);
CREATE POLICY operator ON workspaces FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY key_look_up ON api_keys TO CURRENT_USER USING (true);
