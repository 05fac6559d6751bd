# Centrifugo, built from the module that pins it. Built from the repository's root.
ARG BASE=docker.io/library/debian:12
ARG GO=docker.io/library/golang:1.26
FROM ${GO} AS build
WORKDIR /src
COPY packages/testing/centrifugo .
RUN CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w -X github.com/centrifugal/centrifugo/v6/internal/build.Version=6.9.1" -o /centrifugo github.com/centrifugal/centrifugo/v6

FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 --no-create-home neo
COPY --from=build /centrifugo /usr/local/bin/centrifugo
COPY deploy/docker/entrypoint.sh /usr/local/bin/entrypoint
USER neo
EXPOSE 8000
ENTRYPOINT ["sh", "/usr/local/bin/entrypoint", "centrifugo"]
CMD ["-c", "/etc/neo/config.json"]
