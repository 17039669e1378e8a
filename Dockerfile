# The sidecar's image. BASE is any Debian with Python 3.13, venv and CA certificates;
# name it with its digest (`python:3.13-slim@sha256:...`) where two builds must be the same.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/run.txt requirements/image.txt ./
# Wheels only: a package that would need a compiler stops the build instead.
RUN python3 -m venv /build \
 && python3 -m venv --without-pip /opt/sidegate \
 && /build/bin/pip --python /opt/sidegate/bin/python install --no-cache-dir \
        --require-hashes --only-binary :all: --requirement run.txt
COPY pyproject.toml README.md LICENSE sidegate.py ./
COPY rules rules
COPY addons addons
COPY proxy proxy
# The build backend came with the requirements and does not go with the image.
RUN /build/bin/pip --python /opt/sidegate/bin/python install --no-cache-dir \
        --no-deps --no-build-isolation . \
 && /build/bin/pip --python /opt/sidegate/bin/python uninstall --yes \
        hatchling editables pathspec pluggy trove-classifiers \
 && /build/bin/pip --python /opt/sidegate/bin/python check
# What is in the image, for scanners: CycloneDX, with each package's version, licence and hash.
RUN /build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement image.txt \
 && /build/bin/cyclonedx-py environment --output-reproducible --gather-license-texts \
        --pyproject pyproject.toml --output-file /opt/sidegate/lib/sbom.cdx.json /opt/sidegate/bin/python
COPY tools/ready.py /opt/sidegate/lib/ready.py

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sidegate" \
      org.opencontainers.image.description="The gate in an agent's sidecar" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# What `sidegate capture` asks the kernel with; the sidecar itself never runs it.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends nftables \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

# 1337 is the user id that redirect rules leave alone, so the agent must run as another one.
# A named volume takes owner and mode from the folder that it is first mounted on.
RUN groupadd --gid 1337 sidegate \
 && useradd --uid 1337 --gid 1337 --no-create-home --home-dir /var/lib/sidegate \
        --shell /usr/sbin/nologin sidegate \
 && install -d -o 1337 -g 1337 -m 0700 /var/lib/sidegate \
 && install -d -o 1337 -g 1337 -m 0755 /srv/trust
COPY --from=build /opt/sidegate /opt/sidegate

ENV PATH=/opt/sidegate/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SIDEGATE_DATA_DIR=/var/lib/sidegate
WORKDIR /var/lib/sidegate
USER 1337:1337
VOLUME /var/lib/sidegate
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
    CMD ["/opt/sidegate/bin/python", "/opt/sidegate/lib/ready.py"]
ENTRYPOINT ["/opt/sidegate/bin/sidegate"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--console", "0.0.0.0:8081", \
     "--data-dir", "/var/lib/sidegate"]
