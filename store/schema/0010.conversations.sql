-- Conversations: their messages, which runs are their turns, and what a client asked to be remembered.

ALTER TABLE threads
    ADD COLUMN summary text NOT NULL DEFAULT '',
    ADD COLUMN summarised integer NOT NULL DEFAULT 0,
    ADD COLUMN last_message integer NOT NULL DEFAULT 0,
    ADD COLUMN touched_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN turn text,
    ADD COLUMN door_id text,
    ADD UNIQUE (workspace_id, id);
COMMENT ON COLUMN threads.summary IS 'of the messages up to the number in summarised: what a turn reads in their place';
COMMENT ON COLUMN threads.turn IS 'the run that takes up what is said now; null when the next message begins one';
COMMENT ON COLUMN threads.door_id IS 'the name that a caller of its own protocol gave the conversation';
CREATE UNIQUE INDEX ON threads (workspace_id, owner, door_id) WHERE door_id IS NOT NULL;
CREATE INDEX ON threads (workspace_id, owner, touched_at DESC);

ALTER TABLE runs
    ADD COLUMN conversation text,
    ADD FOREIGN KEY (workspace_id, conversation) REFERENCES threads (workspace_id, id) ON DELETE CASCADE;
COMMENT ON COLUMN runs.conversation IS 'the thread that this run is a turn of; only its owner sees the run';
CREATE INDEX ON runs (workspace_id, conversation) WHERE conversation IS NOT NULL;

CREATE TABLE messages (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    thread_id text NOT NULL,
    number integer NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    text text NOT NULL,
    aliases jsonb NOT NULL DEFAULT '{}',
    run_id text,
    taken boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (thread_id, number),
    FOREIGN KEY (workspace_id, thread_id) REFERENCES threads (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id) ON DELETE SET NULL (run_id)
);
COMMENT ON COLUMN messages.aliases IS 'of an answer: alias of each evidence record that it may name (E1, E2 …) to its id';
COMMENT ON COLUMN messages.taken IS 'of a question: whether a turn has read it';

CREATE TABLE preferences (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    client_id text NOT NULL,
    text text NOT NULL,
    said_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX ON preferences (workspace_id, client_id, created_at);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['messages', 'preferences']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT groundwork_workspace()))
                        WITH CHECK (workspace_id = (SELECT groundwork_workspace()))', tenant);
    END LOOP;
END
$$;
