#!/bin/sh
# NAME_FILE=/run/secrets/x becomes NAME=<what the file says>, so that no secret stands in an image or in compose.yaml.
set -eu
for variable in $(env | sed -n 's/^\([A-Z_]*\)_FILE=.*/\1/p'); do
  eval "file=\$${variable}_FILE"
  [ -r "$file" ] || { echo "The secret $file cannot be read." >&2; exit 1; }
  export "$variable=$(cat "$file")"
  unset "${variable}_FILE"
done
exec "$@"
