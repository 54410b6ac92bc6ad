# The node agent and the OCI runtime wrapper, and nothing else: no shell, no
# libraries. For another architecture name its platform (linux/arm64): the
# build machine's own Go compiles for it.

# Any image with Go and make; by digest, what it holds is certain.
ARG GO_IMAGE=docker.io/library/golang:1.26.8

FROM --platform=$BUILDPLATFORM $GO_IMAGE AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY Makefile ./
COPY cmd cmd
COPY internal internal
COPY plugin plugin
COPY policy policy
ARG TARGETARCH
ARG VERSION
RUN GOOS=linux GOARCH=$TARGETARCH make build VERSION=$VERSION

FROM scratch
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="specguard" \
      org.opencontainers.image.description="NRI plugin that judges and adjusts OCI specs on the node" \
      org.opencontainers.image.source="https://github.com/specguard/specguard" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /src/bin/ /usr/local/bin/
COPY LICENSE THIRD_PARTY_NOTICES /usr/share/doc/specguard/
ENTRYPOINT ["/usr/local/bin/specguard"]
CMD ["run"]
