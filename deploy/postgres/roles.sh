#!/bin/sh
# Run once, when the database is made: the role that Centrifugo connects as. Its rights come with the migrations.
set -eu
psql -v ON_ERROR_STOP=1 -U neo -d neo -v "password=$(cat /run/secrets/centrifugo_database_password)" <<'SQL'
create role neo_centrifugo login password :'password';
SQL
