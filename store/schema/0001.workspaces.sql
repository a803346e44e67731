-- Workspaces, clients, keys, members and the audit log, and the signed setting that all policies rest on.

CREATE TABLE workspace_key (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    key bytea NOT NULL CHECK (octet_length(key) = 32)
);
COMMENT ON TABLE workspace_key IS 'owner only: the key that the application signs workspace ids with (store/signature.py)';

CREATE FUNCTION groundwork_workspace() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT given.workspace_id
      FROM (SELECT split_part(current_setting('groundwork.workspace', true), '.', 1) AS workspace_id,
                   split_part(current_setting('groundwork.workspace', true), '.', 2) AS signature) AS given,
           workspace_key AS k
     WHERE given.signature = encode(sha256(k.key || sha256(k.key || convert_to(given.workspace_id, 'UTF8'))), 'hex')
$$;
COMMENT ON FUNCTION groundwork_workspace IS 'the workspace of this transaction; null when none is set or its signature does not hold';

CREATE TABLE workspaces (
    id text PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE clients (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    name text NOT NULL,
    locale jsonb NOT NULL,
    profile jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, slug),
    UNIQUE (workspace_id, id)
);

CREATE TABLE api_keys (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL,
    prefix text NOT NULL UNIQUE,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    role text NOT NULL CHECK (role IN ('owner', 'strategist', 'writer', 'approver', 'client', 'auditor')),
    scopes text[] NOT NULL DEFAULT '{}',
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON api_keys (workspace_id);

CREATE TABLE members (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'strategist', 'writer', 'approver', 'client', 'auditor')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, email)
);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ON audit_log (workspace_id, id);

-- Key look-up runs before a workspace is known. It takes the hash of the whole secret, so no hash ever leaves the database.
CREATE FUNCTION groundwork_find_key(wanted_prefix text, wanted_hash bytea)
RETURNS TABLE (id text, workspace_id text, name text, prefix text, role text, scopes text[],
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
    RETURN QUERY SELECT found.id, found.workspace_id, found.name, found.prefix, found.role, found.scopes,
                        found.expires_at, found.revoked_at, found.last_used_at, found.created_at;
END
$$;
