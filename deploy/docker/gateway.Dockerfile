# nginx. Built from the repository's root.
ARG BASE=docker.io/library/debian:12
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends curl nginx-light && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 --no-create-home neo
USER neo
EXPOSE 8080
ENTRYPOINT ["nginx", "-c", "/etc/neo/nginx.conf"]
