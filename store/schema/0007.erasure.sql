-- The audit log only grows, and an erasure has to reach it. The application may take a person's marks out of it, whole and nothing
-- else, and the log says that it was done.

CREATE FUNCTION groundwork_erase_from_audit(words text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    pattern text;
    changed integer;
BEGIN
    IF EXISTS (SELECT 1 FROM unnest(words) AS word WHERE length(word) < 6) THEN
        RAISE EXCEPTION 'a word of fewer than 6 characters names nobody';
    END IF;
    SELECT '(?<![[:alnum:]])(?:' || string_agg(regexp_replace(word, '([^[:alnum:][:space:]])', '\\\1', 'g'), '|') || ')(?![[:alnum:]])'
      INTO pattern FROM unnest(words) AS word;
    IF pattern IS NULL THEN
        RETURN 0;
    END IF;
    UPDATE audit_log AS a
       SET actor = regexp_replace(a.actor, pattern, '[erased]', 'gi'),
           action = regexp_replace(a.action, pattern, '[erased]', 'gi'),
           subject = regexp_replace(a.subject, pattern, '[erased]', 'gi'),
           detail = regexp_replace(a.detail::text, pattern, '[erased]', 'gi')::jsonb
     WHERE a.workspace_id = groundwork_workspace()
       AND (a.actor ~* pattern OR a.action ~* pattern OR a.subject ~* pattern OR a.detail::text ~* pattern);
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 THEN
        INSERT INTO audit_log (actor, action, subject, detail)
        VALUES ('system', 'audit.erase', 'audit_log', jsonb_build_object('entries', changed));
    END IF;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION groundwork_erase_from_audit IS 'takes words of an erased person out of this workspace''s audit log, and notes how many entries';
