-- Runs, their events, the evidence they gathered and the deliverables they wrote.

CREATE TABLE runs (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    kind text NOT NULL,
    brief text NOT NULL,
    as_of date NOT NULL,
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'running', 'waiting', 'succeeded', 'needs_person', 'failed', 'cancelled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    error text,
    deliverable_id text,
    usage jsonb NOT NULL DEFAULT '{}',
    model jsonb NOT NULL DEFAULT '{}',
    cancel_requested boolean NOT NULL DEFAULT false,
    last_event integer NOT NULL DEFAULT 0,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX ON runs (workspace_id, created_at DESC, id);
CREATE INDEX ON runs (workspace_id, client_id, created_at DESC);

CREATE TABLE run_events (
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    run_id text NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    key text,
    PRIMARY KEY (run_id, number),
    UNIQUE (run_id, key),
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE
);

CREATE TABLE evidence (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    run_id text,
    number integer NOT NULL GENERATED ALWAYS AS IDENTITY,
    tool text NOT NULL,
    record jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN evidence.record IS 'grounding.evidence.Evidence as JSON';
CREATE INDEX ON evidence (run_id, number);
CREATE INDEX ON evidence (workspace_id, client_id, number);

CREATE TABLE deliverables (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    run_id text NOT NULL,
    client_id text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    status text NOT NULL CHECK (status IN ('draft', 'needs_person', 'awaiting_approval', 'published', 'rejected')),
    content jsonb NOT NULL,
    markdown text NOT NULL,
    verdict jsonb NOT NULL,
    evidence_aliases jsonb NOT NULL DEFAULT '{}',
    model jsonb NOT NULL DEFAULT '{}',
    prompt jsonb NOT NULL DEFAULT '{}',
    content_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (run_id, version),
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX ON deliverables (workspace_id, client_id, created_at DESC);

CREATE TABLE threads (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text,
    owner text NOT NULL,
    title text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE threads IS 'who owns a conversation: a checkpoint knows only its thread id';
CREATE INDEX ON threads (workspace_id, created_at DESC);
