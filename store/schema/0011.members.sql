-- People: how they sign in, links that let somebody in once, links that show one deliverable, and what is said beside a text.

ALTER TABLE members
    ADD COLUMN password_hash text,
    ADD COLUMN client_id text,
    ADD COLUMN disabled_at timestamptz,
    ADD UNIQUE (workspace_id, id),
    ADD FOREIGN KEY (workspace_id, client_id) REFERENCES clients (workspace_id, id) ON DELETE CASCADE,
    ADD CHECK ((client_id IS NOT NULL) = (role = 'client'));
COMMENT ON COLUMN members.password_hash IS 'argon2id, with its parameters; null while no password was set';
COMMENT ON COLUMN members.client_id IS 'of the role client: whose portal it is';
-- sign-in names no workspace, so an address belongs to one of them
CREATE UNIQUE INDEX one_address ON members (lower(email));

CREATE TABLE sessions (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    member_id text NOT NULL,
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    csrf text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE sessions IS 'who is signed in: the cookie holds the secret, this its hash';
CREATE INDEX ON sessions (workspace_id, member_id);

CREATE TABLE sign_in_links (
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    member_id text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX ON sign_in_links (workspace_id, member_id);

CREATE TABLE share_links (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    deliverable_id text NOT NULL,
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    made_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    FOREIGN KEY (workspace_id, deliverable_id) REFERENCES deliverables (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE share_links IS 'who holds the link reads this one version, until it expires';
CREATE INDEX ON share_links (workspace_id, deliverable_id);

CREATE TABLE comments (
    id text PRIMARY KEY,
    workspace_id text NOT NULL DEFAULT groundwork_workspace() REFERENCES workspaces ON DELETE CASCADE,
    deliverable_id text NOT NULL,
    author text NOT NULL,
    quote text NOT NULL DEFAULT '',
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    FOREIGN KEY (workspace_id, deliverable_id) REFERENCES deliverables (workspace_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN comments.quote IS 'the words of the text that it is about; empty for the whole';
CREATE INDEX ON comments (workspace_id, deliverable_id, created_at);

DO $$
DECLARE
    tenant text;
BEGIN
    FOREACH tenant IN ARRAY ARRAY['sessions', 'sign_in_links', 'share_links', 'comments']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant);
        EXECUTE format('CREATE POLICY own_workspace ON %I USING (workspace_id = (SELECT groundwork_workspace()))
                        WITH CHECK (workspace_id = (SELECT groundwork_workspace()))', tenant);
    END LOOP;
END
$$;
CREATE POLICY look_up ON members TO CURRENT_USER USING (true);
CREATE POLICY look_up ON sessions TO CURRENT_USER USING (true);
CREATE POLICY look_up ON sign_in_links TO CURRENT_USER USING (true);
CREATE POLICY look_up ON share_links TO CURRENT_USER USING (true);

-- Each look-up runs before a workspace is known and gives one row to who knows the address or the secret, and nothing to anybody else.
CREATE FUNCTION groundwork_find_member(wanted_email text)
RETURNS TABLE (id text, workspace_id text, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT m.id, m.workspace_id, m.password_hash FROM members AS m
     WHERE lower(m.email) = lower(wanted_email) AND m.disabled_at IS NULL AND m.password_hash IS NOT NULL
$$;

CREATE FUNCTION groundwork_find_session(wanted_hash bytea)
RETURNS TABLE (id text, workspace_id text, member_id text, csrf text, expires_at timestamptz, email text, name text, role text, client_id text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT s.id, s.workspace_id, m.id, s.csrf, s.expires_at, m.email, m.name, m.role, m.client_id
      FROM sessions AS s JOIN members AS m ON m.id = s.member_id
     WHERE s.hash = wanted_hash AND s.expires_at > clock_timestamp() AND m.disabled_at IS NULL
$$;

-- `use` spends the link; without it the link is only looked at.
CREATE FUNCTION groundwork_sign_in_link(wanted_hash bytea, use boolean)
RETURNS TABLE (member_id text, workspace_id text, email text, name text, has_password boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF use THEN
        UPDATE sign_in_links AS l SET used_at = clock_timestamp()
         WHERE l.hash = wanted_hash AND l.used_at IS NULL AND l.expires_at > clock_timestamp();
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    RETURN QUERY
    SELECT m.id, m.workspace_id, m.email, m.name, m.password_hash IS NOT NULL
      FROM sign_in_links AS l JOIN members AS m ON m.id = l.member_id
     WHERE l.hash = wanted_hash AND m.disabled_at IS NULL AND (use OR (l.used_at IS NULL AND l.expires_at > clock_timestamp()));
END
$$;

CREATE FUNCTION groundwork_find_share(wanted_hash bytea)
RETURNS TABLE (id text, workspace_id text, deliverable_id text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT l.id, l.workspace_id, l.deliverable_id, l.expires_at FROM share_links AS l
     WHERE l.hash = wanted_hash AND l.revoked_at IS NULL AND l.expires_at > clock_timestamp()
$$;
