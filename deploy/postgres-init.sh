#!/bin/sh
# Run once by the Postgres image, as its superuser: the owner of the schema, its database and the extension.
# The owner is no superuser; `groundwork migrate` makes the application's role, which owns nothing.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$GROUNDWORK_OWNER_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE groundwork_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOREPLICATION CREATEROLE PASSWORD :'password';
CREATE DATABASE groundwork OWNER groundwork_owner;
SQL
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname groundwork --command 'CREATE EXTENSION IF NOT EXISTS vector'
