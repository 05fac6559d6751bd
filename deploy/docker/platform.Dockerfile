# event-service and stack-deployer: one image, two commands. Built from the repository's root.
# Behind a proxy with a certificate authority of its own: --secret id=node_extra_ca_certs,src=<its certificates, PEM>. Another registry:
# --build-arg NPM_CONFIG_REGISTRY=<its address>.
ARG BASE=docker.io/library/debian:12
ARG NODE=docker.io/library/node:24
FROM ${NODE} AS build
ARG NPM_CONFIG_REGISTRY=
WORKDIR /app
COPY . .
RUN --mount=type=secret,id=node_extra_ca_certs \
  if [ -r /run/secrets/node_extra_ca_certs ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/node_extra_ca_certs; fi; \
  if [ -z "$NPM_CONFIG_REGISTRY" ]; then unset NPM_CONFIG_REGISTRY; fi; \
  npm ci --omit=dev && npm run platform -- build

FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --no-create-home neo && install -d -o neo -g neo /var/lib/neo
COPY --from=build /app /app
COPY deploy/docker/entrypoint.sh /usr/local/bin/entrypoint
WORKDIR /app
USER neo
EXPOSE 8080
ENTRYPOINT ["sh", "/usr/local/bin/entrypoint", "/app/node_modules/.bin/node"]
CMD ["services/platform/src/main.ts"]
