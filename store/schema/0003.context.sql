-- Context: documents in chunks, each with an embedding of some model and a search vector.

CREATE TABLE documents (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    dated date,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX ON documents (workspace_id, client_id, created_at DESC);

CREATE TABLE chunks (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    document_id text NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    model text NOT NULL,
    embedding vector NOT NULL,
    search tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', title || ' ' || text)) STORED,
    PRIMARY KEY (document_id, number),
    FOREIGN KEY (workspace_id, document_id) REFERENCES documents (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN chunks.embedding IS 'untyped, so that the embedding model can change; store/migrate.py makes one partial HNSW index per model';
CREATE INDEX ON chunks (workspace_id, client_id);
CREATE INDEX ON chunks USING gin (search);
