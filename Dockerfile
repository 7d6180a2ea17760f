# The locks and nothing else: each package is checked by its hash, and builds take their tools from build.lock.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
# Without pip of its own, which would stay in it.
RUN python -m venv --without-pip /opt/bcc-gateway
COPY build.lock requirements.lock ./
RUN python -m pip --python /opt/bcc-gateway/bin/python install --require-hashes -r build.lock \
    && python -m pip --python /opt/bcc-gateway/bin/python install --require-hashes --no-build-isolation -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY storage storage
COPY config config
RUN python -m pip --python /opt/bcc-gateway/bin/python install --no-deps --no-build-isolation . \
    && python -m pip --python /opt/bcc-gateway/bin/python uninstall --yes -r build.lock

FROM python:3.11-slim
LABEL org.opencontainers.image.title="bcc-gateway" \
      org.opencontainers.image.description="A self-hosted SMTP gateway that logs copied mail as CRM activities, and can say why." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# What installs packages is of no use here but to somebody who has broken in.
RUN python -m pip uninstall --yes pip setuptools wheel \
    && useradd --system --uid 10001 --home-dir /var/lib/bcc-gateway --shell /usr/sbin/nologin gateway \
    && install -d -o gateway -g gateway -m 0700 /var/lib/bcc-gateway
COPY --from=build /opt/bcc-gateway /opt/bcc-gateway
# PYTHONSAFEPATH: a file in the working folder must not pass for one of our packages.
ENV PATH=/opt/bcc-gateway/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GATEWAY_SMTP__LISTEN=0.0.0.0:2525 \
    GATEWAY_STORE__PATH=/var/lib/bcc-gateway/gateway.db \
    GATEWAY_STORE__KEY_FILE=/var/lib/bcc-gateway/installation.key
USER 10001
WORKDIR /var/lib/bcc-gateway
VOLUME /var/lib/bcc-gateway
# SMTP, and the console where console.listen says so.
EXPOSE 2525 8025
STOPSIGNAL SIGTERM
# It asks the health listener (health.listen), which is on the container's loopback.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["bcc-gateway", "healthcheck"]
ENTRYPOINT ["bcc-gateway"]
CMD ["serve"]
