# event-service and stack-deployer: one image, two commands. Built from the repository's root.
ARG BASE=docker.io/library/debian:12
FROM ${BASE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN npm ci --omit=dev && npm run build

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
