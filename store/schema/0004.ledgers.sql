-- What makes requests safe to repeat, and what was imported and erased.

CREATE TABLE idempotency_keys (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    key text NOT NULL CHECK (length(key) <= 255),
    body_hash bytea NOT NULL,
    status integer,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key)
);
CREATE INDEX ON idempotency_keys (expires_at);

CREATE TABLE imports (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    table_name text NOT NULL,
    file_name text NOT NULL,
    file_hash text NOT NULL,
    mapping jsonb NOT NULL,
    rows_read bigint NOT NULL,
    rows_kept bigint NOT NULL,
    rows_rejected bigint NOT NULL,
    duplicates bigint NOT NULL,
    version bigint,
    reject_file text,
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX ON imports (workspace_id, client_id, created_at DESC);

CREATE TABLE import_mappings (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    headers_hash text NOT NULL,
    table_name text NOT NULL,
    mapping jsonb NOT NULL,
    confirmed_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, client_id, headers_hash),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN import_mappings.headers_hash IS 'of the header row that the mapping was confirmed for';

CREATE TABLE erasures (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    person_hash text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN erasures.person_hash IS 'a keyed hash, so that the log of erasures does not name the erased';
